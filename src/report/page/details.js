// The closer look: distribution of availability, times to resolve, causes.

const present = () => visible(detailLines()).filter((line) => line.point);

/** Where the closer look is, at the beginning of an alternative text. */
function place() {
  const chosen = [...state.panel].map(([factor, level]) => `${factors[factor].label} ${labelOf(factor, level)}`);
  if (axes.sampled) chosen.push(nameOf(points[state.at]));
  else if (axes.x !== null && axes.series !== null) chosen.push(`${factors[axes.x].label} ${labelOf(axes.x, state.at)}`);
  return chosen.length ? ` at ${chosen.join(", ")}` : "";
}

/** Values of steps at x: the last step at or before it. */
const stepAt = (rows, x) => rows.reduce((found, row) => (row[0] <= x ? row : found), null);

/** A figure of step lines; `rowsOf(point)` gives [x, y, lo, hi] in the units of the axes. */
function steps(colours, rowsOf, form) {
  const drawn = present().map((line) => ({ line, rows: rowsOf(line.point) })).filter(({ rows }) => rows.length);
  if (!drawn.length) return { empty: form.empty };
  const name = (line) => line.label || form.label;
  const series = drawn.flatMap(({ line, rows }, i) => {
    const colour = colours.colours[line.index % 8];
    const ends = rows.filter((row) => typeof row[2] === "number" && typeof row[3] === "number");
    // A band in steps: each end holds until the next step.
    const corners = ends.flatMap((row, k) => (k === 0 ? [row] : [[row[0], 0, ends[k - 1][2], ends[k - 1][3]], row]));
    return [
      {
        type: "line", name: name(line), step: "end", z: 3, symbol: "none", data: rows.map(([x, y]) => [x, y]),
        lineStyle: { color: colour, width: 2.5, type: DASHES[line.index % 8] }, itemStyle: { color: colour },
        markLine: i === 0 && form.across ? mark("xAxis", form.across.value, form.across.text, colours) : undefined,
      },
      ...(corners.length ? [band(name(line), colour, corners.map((row) => [row[0], row[2], row[3]]))] : []),
      ...(form.ticks ? [ticks(name(line), colour, form.ticks(line.point))] : []),
    ];
  });
  const read = (x) => {
    const lines = drawn.map(({ line, rows }) => {
      const row = stepAt(rows, x);
      const interval = row && typeof row[2] === "number" ? ` (${row[2].toFixed(1)} to ${row[3].toFixed(1)})` : "";
      return { label: line.label, value: `${row ? row[1].toFixed(1) : form.before} %${interval}`, index: line.index };
    });
    const title = form.title(x);
    return { title, lines, text: spoken(title, lines) };
  };
  const xs = [...new Set(drawn.flatMap(({ rows }) => rows.map((row) => row[0])))].sort((a, b) => a - b);
  return {
    option: {
      ...frame(colours, { x: form.x, y: { name: form.y, min: 0, max: 100 }, read }),
      series,
    },
    about: form.about, title: form.name,
    alt: `${form.label}${place()}.`,
    xs, read,
    pixel: (chart, x) => [chart.convertToPixel({ xAxisIndex: 0 }, x), chart.getHeight() / 2],
    table: () => ({
      head: ["line", ...form.head],
      rows: drawn.flatMap(({ line, rows }) => rows.map((row) => [name(line), ...form.row(row)])),
    }),
  };
}

/** Small upright marks on a curve. */
function ticks(name, colour, marks) {
  return {
    type: "custom", name, silent: true, tooltip: { show: false }, z: 4, data: marks, encode: { x: 0, y: 1 },
    renderItem: (_, api) => {
      const [x, y] = api.coord([api.value(0), api.value(1)]);
      return { type: "line", shape: { x1: x, y1: y - 5, x2: x, y2: y + 5 }, style: { stroke: colour, lineWidth: 1.5 } };
    },
  };
}

/** Whose availability the curves of single replications show, where they differ. */
function whose() {
  const named = (journey) => present().filter(({ point }) => point.on_journey === journey).map(({ label, point }) => label || nameOf(point) || "this one");
  const [servers, journey] = [named(false), named(true)];
  if (!servers.length || !journey.length) return "";
  return ` Each curve is of what its SLA is held to: of the servers for ${servers.join(", ")}, of the journey for ${journey.join(", ")}.`;
}

/** Share of replications with at most some availability: of the servers, or of the journey, as the SLA has it. */
function distributionOption(colours) {
  const here = present().map((line) => line.point);
  const targets = new Set(here.map((point) => point.target));
  const held = new Set(here.map(heldTo));
  const of = held.size === 1 ? `${[...held][0]} availability` : "availability";
  const rowsOf = (point) => {
    const rows = point.spread.map(([good, sum]) => [slaShare(point, good), (100 * sum) / point.n]);
    return rows.length ? [[rows[0][0], 0], ...rows] : rows;
  };
  const least = Math.min(99, ...present().flatMap((line) => rowsOf(line.point).slice(0, 1).map((row) => row[0])));
  return steps(colours, rowsOf, {
    label: `Distribution of ${of} over replications`,
    name: `${capital(of)} of single replications`,
    empty: "No replication to show.", before: "0.0",
    across: targets.size === 1 ? { value: Number([...targets][0]), text: `target ${[...targets][0]} %` } : null,
    x: { name: `${of} of a replication (%)`, max: 100, min: Math.floor(least) },
    y: "replications at or below (%)",
    title: (x) => `Availability ${x.toFixed(2)} % or less`,
    about: `How many replications are at or below an availability: the further right a curve rises, the better. Replications to the left of the target miss the SLA.${whose()}`,
    head: ["availability %", "replications at or below %"],
    row: ([x, y]) => [x.toFixed(4), y.toFixed(3)],
  });
}

/** Kaplan–Meier curves. */
function survivalOption(colours) {
  const rowsOf = (point) => point.ttr.length
    ? [[0, 100, 100, 100], ...point.ttr.map(([half, s, lo, hi]) => [half / 2, 100 * s, lo === null ? null : 100 * lo, hi === null ? null : 100 * hi])]
    : [];
  return steps(colours, rowsOf, {
    label: "Incidents still open after some time (Kaplan–Meier)",
    empty: `No incident${place()}: nothing had to be resolved.`, before: "100.0",
    ticks: (point) => point.ttr.filter((row) => row[5] > 0).map(([half, s]) => [half / 2, 100 * s]),
    x: { name: "rounds since the incident opened", min: 0 },
    y: "incidents still open (%)",
    title: (x) => `After ${x.toFixed(1)} rounds`,
    about: `Upright marks: incidents that were open when their replication ended (censored). They count as open for as long as they were seen. A curve ends with its replication, after ${report.within}. Bands: pointwise ${confidence} intervals.`,
    head: ["rounds", "open %", "lower", "upper"],
    row: (row) => row.map((x) => (x === null ? "–" : String(+x.toPrecision(8)))),
  });
}

/** Lost checks by cause. */
function causesOption(colours) {
  const lines = present();
  const percent = (line, checks) => (100 * checks) / (line.point.n * line.point.checks);
  const share = (line, cause) => percent(line, line.point.causes.find((known) => known.cause === cause)?.down_checks ?? 0);
  const sums = new Map();
  for (const line of lines) for (const { cause } of line.point.causes) sums.set(cause, (sums.get(cause) ?? 0) + share(line, cause));
  const MOST = 10;
  const top = [...sums.keys()].filter((cause) => sums.get(cause) > 0).sort((a, b) => sums.get(b) - sums.get(a)).slice(0, MOST);
  if (!top.length) return { empty: `No check was lost${place()}.` };
  // All causes together less those that have a bar.
  const rest = (line) => {
    const named = line.point.causes.filter(({ cause }) => top.includes(cause));
    return percent(line, line.point.lost_checks - named.reduce((sum, { down_checks: lost }) => sum + lost, 0));
  };
  const names = top.map((cause) => (cause ?? "no active scenario").replaceAll("_", " ").replaceAll("+", " + "));
  const others = lines.some((line) => rest(line) > 0);
  if (others) names.push("all others");
  const values = (line) => [...top.map((cause) => share(line, cause)), ...(others ? [rest(line)] : [])];
  return bars(colours, lines, names, values, {
    x: "checks lost (% of all)", unit: "% of checks", decimals: 3, label: "checks lost", head: ["cause", "checks lost %"],
    alt: `Checks lost by cause${place()}.`,
    about: `Checks that found a server down, by the scenarios at work on it when its incident opened. Bars add up to 100 % minus server availability.${present().some(({ point }) => point.on_journey) ? " The SLA is held to the journey, which can work while a server is down." : ""}`,
  });
}

/** The parts of the mean time to resolve, where the response of a world takes time. */
const PARTS = [["mttr_detect_rounds", "until detected"], ["mttr_acknowledge_rounds", "from there until acknowledged"], ["mttr_repair_rounds", "from there until resolved"]];
const hasParts = () => points.some((point) => point.estimates[PARTS[0][0]]);

function partsOption(colours) {
  const lines = present().filter(({ point }) => point.estimates[PARTS[0][0]]);
  if (!lines.length) return { empty: `No incident, or a response that takes no time${place()}.` };
  const values = (line) => PARTS.map(([key]) => line.point.estimates[key]?.value ?? 0);
  return bars(colours, lines, PARTS.map(([, name]) => name), values, {
    x: "rounds", unit: "rounds", decimals: 2, label: "mean time", head: ["part", "rounds"],
    alt: `Parts of the mean time to resolve${place()}.`,
    about: `The mean time to resolve within ${report.within} in its parts, which add up to it. The last has waiting for a free hand, and repairs that fail. Intervals are in the table of every estimate.`,
  });
}

/** A figure of bars: a group for each name, a bar in it for each line; `values(line)` are by name. */
function bars(colours, lines, names, values, form) {
  const text = (value) => value.toFixed(form.decimals);
  const read = (position) => {
    const entries = lines.map((line) => ({ label: line.label, value: `${text(values(line)[position])} ${form.unit}`, index: line.index }));
    return { title: names[position], lines: entries, text: spoken(names[position], entries) };
  };
  const base = frame(colours, { x: { name: form.x }, y: {}, read, axis: "y" });
  base.yAxis = {
    type: "category", data: names, inverse: true, axisLine: base.yAxis.axisLine, axisTick: { show: false },
    axisLabel: { color: colours.text, fontSize: 12, lineHeight: 13, width: innerWidth < 500 ? 110 : 260, overflow: "break" },
  };
  base.tooltip.axisPointer = { type: "shadow" };
  base.tooltip.formatter = (found) => tip(read(found[0].dataIndex));
  return {
    option: {
      ...base,
      series: lines.map((line) => ({
        type: "bar", name: line.label || form.label, data: values(line), barMaxWidth: 16,
        itemStyle: { color: colours.colours[line.index % 8] },
      })),
    },
    alt: form.alt, about: form.about,
    xs: names.map((_, i) => i), read,
    pixel: (chart, i) => [chart.getWidth() * 0.7, chart.convertToPixel({ yAxisIndex: 0 }, i)],
    table: () => ({
      head: [form.head[0], ...lines.map((line) => line.label || form.head[1])],
      rows: names.map((name, i) => [name, ...lines.map((line) => values(line)[i].toFixed(4))]),
    }),
  };
}
