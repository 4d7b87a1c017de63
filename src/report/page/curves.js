// Figures over x: an indicator, or a paired difference, with its interval.

/** The value of a level on the x axis: itself if it is a number, else its place. */
const placeOf = (factor, level) => (factors[factor].numeric ? Number(factors[factor].levels[level]) : level);

/** Points of a line over numbers are crowded where bars with arms would run into each other. */
const CROWDED = 60;

/** Where the points of a line stand: beside each other over categories, which no line joins. */
function shift(lines, index) {
  const factor = state.x;
  if (factors[factor].numeric || lines.length < 2) return 0;
  return ((index + 0.5) / lines.length - 0.5) * 0.5;
}

/** The x axis of the chosen factor. */
function xScale() {
  const axis = factors[state.x];
  const name = axis.label;
  if (axis.numeric) {
    const values = axis.levels.map(Number);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const room = (most - least) * 0.03;
    return { name, min: least - room, max: most + room, label: { showMinLabel: false, showMaxLabel: false } };
  }
  const places = axis.levels.map((_, level) => level);
  return {
    name, min: -0.5, max: places.length - 0.5, axisTick: { customValues: places },
    label: {
      customValues: places, formatter: (place) => axis.labels[place] ?? "",
      width: 90, overflow: "truncate",
    },
  };
}

/** The level of x nearest to a place on the axis. */
function nearest(place) {
  const levels = factors[state.x].levels.map((_, level) => level);
  const far = (level) => Math.abs(placeOf(state.x, level) - place);
  return levels.reduce((best, level) => (far(level) < far(best) ? level : best), 0);
}

/**
 * A figure over x. `estimate(point)` is what is drawn: { value, lo, hi, method } or nothing;
 * `form` says its name, unit and scale, and what line is drawn across.
 */
function curves(colours, estimate, form) {
  const lines = seriesLines();
  const here = shown();
  // Between categories there is nothing that a line could pass through.
  const joined = factors[state.x].numeric && !axes.sampled;
  const known = (x) => x !== null && x !== undefined;
  const drawn = visible(lines).map((line) => {
    const own = here.filter((point) => line.of(point) && known(estimate(point)?.value));
    const at = (point) => placeOf(state.x, levelOf(point, state.x)) + shift(lines, line.index);
    const rows = own.map((point) => ({ point, x: at(point), ...estimate(point) })).sort((a, b) => a.x - b.x);
    return { line, rows };
  });
  if (!drawn.some(({ rows }) => rows.length)) return { empty: form.empty ?? "There is nothing to show for this choice.", title: form.title };
  const series = drawn.flatMap(({ line, rows }, i) => {
    const colour = colours.colours[line.index % 8];
    const ends = rows.filter((row) => known(row.lo) && known(row.hi)).map((row) => [row.x, form.scale * row.lo, form.scale * row.hi]);
    const name = line.label || form.label;
    return [
      {
        type: "line", name, z: 3, symbol: `path://${SHAPES[line.index % 8]}`, symbolSize: rows.length <= CROWDED ? 8 : joined ? 4 : 6, showAllSymbol: true,
        data: rows.map((row) => [row.x, form.scale * row.value]),
        lineStyle: { color: colour, width: joined ? 2.5 : 0, type: DASHES[line.index % 8] },
        itemStyle: { color: colour },
        markLine: i === 0 && form.across ? mark("yAxis", form.across.value, form.across.text, colours) : undefined,
      },
      ...(joined && ends.length > 1 ? [band(name, colour, ends)] : []),
      // A line through many points has its band, and no bars.
      ...(rows.length <= CROWDED || !joined ? [whiskers(name, colour, ends, rows.length > CROWDED)] : []),
    ];
  });
  const read = (place) => {
    const level = nearest(place);
    const entries = visible(lines).flatMap((line) => {
      const all = here.filter((found) => line.of(found) && levelOf(found, state.x) === level);
      // Points of a sample may share a level; more than a few would fill the screen.
      return all.slice(0, 4).map((point) => ({ label: line.label, value: phrase(estimate(point), form), index: line.index }));
    });
    const title = `${factors[state.x].label} ${labelOf(state.x, level)}`;
    return { title, lines: entries, text: spoken(title, entries) };
  };
  const order = factors[state.x].levels.map((_, level) => placeOf(state.x, level));
  return {
    option: {
      ...frame(colours, {
        x: xScale(), read,
        y: { name: `${form.short ?? form.label} (${form.unit})`, scale: !form.zero, min: form.min, max: form.max },
      }),
      series,
    },
    about: form.about, title: form.title, shapes: { dashes: joined, dots: true },
    alt: `${form.label} against ${factors[state.x].label}${axes.series === null ? "" : `, one line a ${factors[axes.series].label}`}, with ${confidence} intervals.`,
    xs: order, read,
    pixel: (chart, x) => [chart.convertToPixel({ xAxisIndex: 0 }, x), chart.getHeight() / 2],
    table: () => ({
      head: [...varying.map((factor) => factors[factor].label), `${form.label} (${form.unit})`, "lower", "upper", "method", "n"],
      rows: drawn.flatMap(({ rows }) => rows.map((row) => [
        ...varying.map((factor) => labelOf(factor, levelOf(row.point, factor))),
        ...[row.value, row.lo, row.hi].map((x) => (known(x) ? String(+(form.scale * x).toPrecision(10)) : "–")),
        row.method ?? "–", count(row.n ?? row.point.n),
      ])),
    }),
  };
}

/** The availability that the SLA is held to. */
const slaKey = report.agreement.held === "journey" ? "journey_availability" : "availability";

/** How an indicator is drawn. The target is drawn only across what the SLA is held to. */
function formOf(key) {
  const { label, unit, scale, decimals, about } = indicator(key);
  const form = { title: label, label, unit, scale, decimals, about, zero: false };
  const { held, target } = report.agreement;
  if (key === "sla_miss") {
    const answer = report.answers[state.tolerance];
    Object.assign(form, { zero: true, min: 0, max: 100, across: { value: 100 * answer.tolerance, text: `tolerance ${answer.label} %` } });
  } else if (key.includes("availability")) {
    form.max = 100;
    const own = held === "journey" ? key === slaKey : key.startsWith("availability");
    if (held === "mixed") form.about += " The SLA is held to the servers at some design points and to the journey at others, so no target is drawn.";
    else if (own && target) form.across = { value: Number(target), text: `target ${target} %` };
  } else {
    Object.assign(form, { zero: true, min: 0, empty: "No incident is known at the points of this choice." });
  }
  return form;
}

/** A figure over x whose indicator is chosen. */
function indicatorFigure(id, parent, first) {
  let chosen = first;
  const select = chooser("Show", report.indicators.map(({ key: name, label }) => [name, label]), first, (name) => {
    chosen = name;
    figure.render();
  });
  const figure = new Figure(id, parent, {
    title: indicator(first).label, controls: [select], legend: seriesLines,
    build: (colours) => curves(colours, (point) => point.estimates[chosen], formOf(chosen)),
  });
  return figure;
}

/** Estimates of the comparisons, in the order in which they are offered. */
const DIFFERENCES = ["sla_miss", ...new Set([slaKey, "availability", "journey_availability"]), "mttr_rounds"];

/** How a difference of an estimate is named and written. */
function differenceForm(estimate) {
  const { label, unit, scale } = indicator(estimate) ?? { label: estimate, unit: "", scale: 1 };
  const what = label.startsWith("SLA") ? label : label[0].toLowerCase() + label.slice(1);
  return { label: `Difference in ${what}`, what, unit: unit === "%" ? "percentage points" : unit, scale, decimals: 2 };
}

/** The figure of paired differences. */
function differenceFigure(id, parent) {
  const names = DIFFERENCES.filter((name) => report.comparisons.some((row) => row.estimate === name && row.difference !== null));
  let chosen = names[0];
  const find = (point) => {
    const row = report.comparisons.find((known) => known.point === point.key && known.estimate === chosen);
    return row && { value: row.difference, lo: row.lo, hi: row.hi, method: row.method, n: row.n };
  };
  const figure = new Figure(id, parent, {
    title: "Difference from the baseline",
    controls: [chooser("of", names.map((name) => [name, differenceForm(name).what]), chosen, (name) => {
      chosen = name;
      figure.render();
    })],
    // The baseline has no line of its own.
    legend: () => seriesLines().filter((line) => shown().some((point) => line.of(point) && find(point))),
    build: (colours) => curves(colours, find, {
      ...differenceForm(chosen), short: "Difference", zero: true, across: { value: 0, text: "no difference" },
      about: "Above the line the level has a larger value than the baseline, below it a smaller one. An interval without 0 shows a difference, each by itself; the p-values in the table allow for all of them.",
    }),
  });
  return figure;
}
