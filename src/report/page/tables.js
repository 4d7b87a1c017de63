// The answer, the worst replications, every estimate, and how it was made.

const SIGNS = { met: ["✓", "met"], missed: ["✗", "missed"], undecided: ["?", "undecided"], unknown: ["–", "no verdict"] };
const redraw = [];
const renderTables = () => redraw.forEach((draw) => draw());

/** Where the SLA is met: the sentence, a line a series, a grid of verdicts. */
function answer(section) {
  const lines = element("ul", { class: "answers" });
  const grid = element("div", {});
  const box = scroller("Verdicts", {}, grid);
  const choice = chooser("An SLA counts as met where at most", report.answers.map(({ label }, i) => [i, `${label} %`]), state.tolerance, (value) => {
    state.tolerance = Number(value);
    renderAll();
  });
  choice.append(element("span", {}, "of the replications miss it"));
  const criterion = document.getElementById("criterion");
  criterion.before(element("div", { class: "controls" }, choice));
  const across = axes.x === null ? "" : ` By ${[axes.x, axes.series].filter((factor) => factor !== null).map((factor) => factors[factor].label).join(" and ")}.`;
  const words = `Share of replications that miss the SLA, with its ${confidence} interval: ✓ met, ✗ missed, ? undecided; the darker a cell, the larger the share.${across} ${report.start}`;
  const caption = element("p", { class: "note", id: "start" }, words);
  section.append(lines, caption, box);
  redraw.push(() => {
    const now = report.answers[state.tolerance];
    document.getElementById("headline").textContent = now.headline;
    document.getElementById("detail").textContent = now.detail;
    lines.replaceChildren(...now.lines.map(({ name, text }) => element("li", {}, name ? element("b", {}, name) : null, text)));
    grid.replaceChildren(...[verdictGrid(now)].filter(Boolean));
    box.hidden = !grid.firstChild;
    // A long grid scrolls by itself, under its headings.
    box.querySelector(".scroll").classList.toggle("tall", grid.querySelectorAll("tr").length > 14);
    caption.textContent = box.hidden ? report.start : words;
  });
}

function verdictGrid(now) {
  if (axes.sampled) return null;
  const verdict = new Map(points.map((point, i) => [point, now.verdicts[i]]));
  const cell = (point) => {
    if (!point) return element("td", {}, "–");
    const word = verdict.get(point);
    const [sign, name] = SIGNS[word];
    const miss = point.estimates.sla_miss;
    const text = texts(miss, indicator("sla_miss"));
    return shade(element("td", { class: word }, element("b", {}, sign, element("span", { class: "word" }, ` ${name}`)), element("span", {}, `${text.value} %`, element("i", {}, " miss")),
      element("small", {}, text.interval ? `${text.interval} %` : "no interval")), miss?.value ?? NaN);
  };
  const here = shown();
  const columns = axes.x === null ? [""] : factors[axes.x].labels;
  const at = (line, level) => here.find((point) => line.of(point) && (axes.x === null || levelOf(point, axes.x) === level));
  const lines = seriesLines();
  // The longer side goes down the page, on a phone sooner.
  const upright = columns.length > Math.max(narrow.matches ? 2 : 6, lines.length);
  const heads = upright ? lines.map((line) => line.label) : columns;
  const row = (label, cells) => element("tr", {}, element("th", { scope: "row" }, label), ...cells);
  const rows = upright
    ? columns.map((label, level) => row(label, lines.map((line) => cell(at(line, level)))))
    : lines.map((line) => row(line.label, columns.map((_, level) => cell(at(line, level)))));
  // On a phone a few columns fill its width, and of three or more the signs alone have room.
  const width = `${heads.length <= 4 ? " few" : ""}${heads.length >= 3 ? " tight" : ""}`;
  return element("table", { class: `verdicts${upright ? " upright" : ""}${width}` },
    element("thead", {}, element("tr", {}, element("td", { class: "corner" }), ...heads.map((label) => element("th", { scope: "col" }, label)))),
    element("tbody", {}, ...rows));
}

/** The worst replication of each point by the SLA's indicator, each with the command that replays it. */
function worst(section) {
  const MOST = 20;
  const known = points.filter((point) => point.worst).sort((a, b) => a.worst[1] / a.sla_checks - b.worst[1] / b.sla_checks);
  const items = known.slice(0, MOST).map((point) => {
    const [replication, good] = point.worst;
    const command = `sysworld replay . --point ${point.key} --replication ${replication}`;
    const button = element("button", { type: "button", class: "copy", onclick: async () => {
      try {
        await navigator.clipboard.writeText(command);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
      }
    }, "aria-label": `Copy the command for ${nameOf(point) || "this replication"}` }, "Copy");
    const code = element("code", {}, command);
    const share = `${slaShare(point, good).toFixed(2)} %`;
    return element("li", { "data-point": point.key },
      element("p", {}, element("b", {}, nameOf(point) || "The only design point"), element("span", {}, `${heldTo(point)} availability ${share}, replication ${count(replication)}`)),
      element("div", { class: "command" }, code, button));
  });
  const held = { servers: "server availability", journey: "journey availability", mixed: "the availability that its SLA is held to" }[report.agreement.held];
  section.append(
    element("p", { class: "note" }, `The worst replication of each design point by ${held}${known.length > MOST ? `, the worst ${MOST} of ${count(known.length)}; runs/ has all` : ""}. Run the command in the folder of this page: it replays the replication round by round, with what struck where, which alerts rose and what was done.`),
    element("ol", { class: "worst" }, ...items));
}

/** A table of every estimate that sorts by any column. */
function estimates(section) {
  const columns = [
    ...factors.map((axis, factor) => ({
      label: axis.label, main: true, text: (point) => labelOf(factor, levelOf(point, factor)), order: (point) => levelOf(point, factor),
    })),
    { label: "replications", number: true, main: true, text: (point) => count(point.n), order: (point) => point.n },
    ...report.indicators.map(({ key: name, label, unit, main, ...form }) => ({
      label: `${label} (${unit})`, number: true, name, main,
      text: (point) => {
        const { value, interval } = texts(point.estimates[name], form);
        return [value, interval ? element("small", {}, ` ${interval}`) : ""];
      },
      order: (point) => point.estimates[name]?.value ?? null,
    })),
    { label: "incidents", number: true, text: (point) => count(point.incidents[0]), order: (point) => point.incidents[0] },
    { label: "of these open at the end", number: true, text: (point) => count(point.incidents[1]), order: (point) => point.incidents[1] },
  ];
  let sorted = { column: -1, down: false };
  const words = element("input", { type: "search", oninput: () => draw(), "aria-label": "Show only rows with this text" });
  const body = element("tbody");
  // By their magnitude, between the least and the most of a column.
  const ranges = columns.map(({ name, order }) => {
    const values = name ? points.map(order).filter((value) => value !== null) : [];
    return values.length > 1 ? [Math.min(...values), Math.max(...values)] : null;
  });
  const share = (i, point) => {
    const value = columns[i].order(point);
    if (!ranges[i] || value === null) return NaN;
    const [least, most] = ranges[i];
    return most > least ? (value - least) / (most - least) : 0;
  };
  const classes = ({ number, main }) => [number ? "number" : "", main ? "" : "extra"].filter(Boolean).join(" ") || null;
  const heads = columns.map(({ label, number, main }, i) => {
    const arrow = element("span", { "aria-hidden": "true" });
    const button = element("button", { type: "button", onclick: () => {
      sorted = { column: i, down: sorted.column === i && !sorted.down };
      draw();
    } }, label, " ", arrow);
    return { arrow, cell: element("th", { scope: "col", class: classes({ number, main }) }, button,
      // Chromium repeats a heading on the next sheet of paper, but not a button in it.
      element("span", { class: "printed" }, label)) };
  });
  const draw = () => {
    heads.forEach(({ cell, arrow }, i) => {
      const now = sorted.column === i;
      if (now) cell.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
      arrow.textContent = now ? (sorted.down ? "↓" : "↑") : "";
    });
    const wanted = words.value.trim().toLowerCase();
    const rows = points.filter((point) => nameOf(point).toLowerCase().includes(wanted));
    if (sorted.column >= 0) {
      const { order } = columns[sorted.column];
      // What is missing stands last, whichever way it is sorted.
      rows.sort((a, b) => {
        const [x, y] = [order(a), order(b)];
        if (x === null || y === null) return (x === null) - (y === null);
        return (x < y ? -1 : x > y ? 1 : 0) * (sorted.down ? -1 : 1);
      });
    }
    body.replaceChildren(...rows.map((point) => element("tr", { "data-point": point.key },
      ...columns.map(({ text, name, ...column }, i) => shade(element("td", { class: classes(column), "data-name": name ?? null }, ...[text(point)].flat()), share(i, point))))));
  };
  draw();
  section.append(
    element("p", { class: "note" }, `Estimates with ${confidence} intervals; a dash is a value that is not defined or an interval that is withheld. A heading sorts; the darker a cell, the higher it stands in its column. summary.csv and summary.parquet hold the same to the last digit, with methods and totals. ${[report.start, ...report.omissions].join(" ")}`),
    element("p", { class: "note paper" }, "On paper: the main columns only."),
    element("div", { class: "controls", id: "filter" }, element("label", {}, "Filter", words)),
    scroller("Every estimate", {},
      element("table", { class: "wide", id: "all" }, element("thead", {}, element("tr", {}, ...heads.map(({ cell }) => cell))), body)));
}

/** What the methods are called, and where they are from. */
const METHODS = [
  ["student_t", "mean availability: Student t, where at least 100 replications differ from the most common value"],
  ["student_t_hall", "mean availability: Student t corrected for skewness, where 30 to 99 replications differ from the most common value"],
  ["empirical_bernstein", "mean availability elsewhere: empirical Bernstein (Maurer and Pontil 2009), wide and honest where failures are rare"],
  ["wilson", "SLA-miss probability: Wilson's score interval"],
  ["order_statistics", "quantiles of availability: order statistics, free of assumptions"],
  ["jackknife_log", "mean time to resolve: area under Kaplan–Meier up to the end of a replication, jackknife over 100 groups of replications on the log scale"],
  ["ratio_jackknife_log", "mean time to resolve of closed incidents: ratio of sums, jackknife over 100 groups of replications on the log scale"],
  ["clopper_pearson", "SLA-miss probability: exact interval of Clopper and Pearson"],
  ["jeffreys", "SLA-miss probability: Jeffreys interval"],
  ["beta_binomial_sequence", "SLA-miss probability of a sweep that stops at a precision: a sequence that holds at every look"],
  ["betting_sequence", "means of a sweep that stops at a precision: a sequence that holds at every look (Waudby-Smith and Ramdas)"],
  ["paired_t_hall", "difference of means: Student t of the paired differences, each end as far as the correction for skewness asks"],
  ["paired_bernstein", "difference of means: empirical Bernstein of the paired differences"],
  ["tango", "difference of SLA-miss probabilities: Tango's score interval for paired proportions"],
  ["paired_jackknife_log", "difference of times to resolve: jackknife over the same groups of replications, an ellipse on the log scales of both"],
  ["kaplan_meier_band", "quantiles of the time to resolve: where the band of the Kaplan–Meier curve crosses (Brookmeyer and Crowley 1982)"],
  ["withheld_one_replication", "withheld: one replication shows no spread"],
  ["withheld_no_spread", "withheld: no spread in the sample, an interval would claim certainty"],
  ["withheld_few_events", "withheld: too few replications with incidents for an interval that covers as it says"],
];

function made(section) {
  const used = new Set(points.flatMap((point) => Object.values(point.estimates).map(({ method }) => method)));
  for (const row of report.comparisons) if (row.method) used.add(row.method);
  const described = new Set(METHODS.map(([name]) => name));
  const methods = [...METHODS.filter(([name]) => used.has(name)), ...[...used].filter((name) => !described.has(name)).sort().map((name) => [name, ""])];
  const item = (...children) => element("li", {}, ...children);
  section.classList.add("made");
  section.append(
    element("dl", {}, ...report.made.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
    element("h3", {}, "Methods of the intervals"),
    element("ul", {}, ...methods.map(([name, about]) => item(element("code", {}, name), about ? ` ${about}` : ""))),
    element("h3", {}, "Caveats"),
    element("ul", {},
      report.common_random_numbers
        ? item("Design points share random numbers, so their estimates move together: overlap of two intervals is no test of their difference. The paired comparison is.")
        : null,
      item(report.start),
      item(`The mean time to resolve is within ${report.within}: an incident that is still open counts up to there. The mean of closed incidents only, which most tools print, is biased down where many stay open.`),
      report.comparisons.length ? item("The variance reduction says how many times smaller pairing made the variance of a difference; that of the time to resolve is approximate.") : null,
      item("Intervals hold for this model of the world. They say nothing of how well it resembles yours."),
      ...report.omissions.map((text) => item(text))));
}
