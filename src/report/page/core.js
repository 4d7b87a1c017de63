// The data, what is chosen, and the helpers that figures and tables share.

const report = JSON.parse(document.getElementById("data").textContent);
const { axes, points } = report;
const factors = axes.factors;

/** What the reader has chosen. */
const state = {
  tolerance: report.tolerance,
  /** Factor on the x axis; a reader can change it where the design is a sample. */
  x: axes.x,
  /** Level of each factor that is chosen from. */
  panel: new Map(axes.panels.map((factor) => [factor, 0])),
  /** What the closer look is at: a level of x, or a point of a sample. */
  at: 0,
  /** Lines that are switched off, as factor:level. */
  hidden: new Set(),
};
if (!axes.sampled && axes.x !== null) state.at = (factors[axes.x].levels.length - 1) >> 1;

/** Okabe and Ito's colours, told apart by the colour-blind; the pale ones last on white. */
const LIGHT = {
  colours: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A7F00"],
  text: "#1b1f27", soft: "#525a67", line: "#d4d8df", ground: "#ffffff",
};
const DARK = {
  colours: ["#56B4E9", "#E8743B", "#1FBF92", "#CC79A7", "#E69F00", "#6FA0FF", "#FFFFFF", "#F0E442"],
  text: "#e9ebef", soft: "#adb4c0", line: "#3a404b", ground: "#1e2229",
};
const SYMBOLS = ["circle", "triangle", "rect", "diamond", "pin", "arrow", "roundRect", "circle"];
const DASHES = ["solid", [7, 4], [2, 3], [10, 3, 2, 3], "solid", [7, 4], [2, 3], [10, 3, 2, 3]];
const dark = matchMedia("(prefers-color-scheme: dark)");
const paper = matchMedia("print");
let printing = paper.matches;
const theme = () => (dark.matches && !printing ? DARK : LIGHT);

/** An element with attributes and children; texts are never read as HTML. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const levelOf = (point, factor) => point.levels[factor];
const labelOf = (factor, level) => factors[factor].labels[level];
const indicator = (key) => report.indicators.find((known) => known.key === key);

/** Factors that vary, for naming a point. */
const varying = factors.map((_, i) => i).filter((i) => factors[i].levels.length > 1);
const nameOf = (point) =>
  varying.map((factor) => `${factors[factor].label} ${labelOf(factor, levelOf(point, factor))}`).join(", ");

/** The points of the chosen panel. */
const shown = () =>
  points.filter((point) => [...state.panel].every(([factor, level]) => levelOf(point, factor) === level));

/** The lines of figures over x: one a level of the series factor, else one. */
function seriesLines() {
  if (axes.series === null) return [{ id: "all", label: "", index: 0, of: () => true }];
  return factors[axes.series].labels.map((label, level) => ({
    id: `${axes.series}:${level}`, label, index: level,
    of: (point) => levelOf(point, axes.series) === level,
  }));
}

/** The lines of the closer look: the series at the chosen x, else the levels of x, else the one point. */
function detailLines() {
  const here = shown();
  if (axes.sampled || axes.x === null) {
    const point = points[state.at];
    return [{ id: "all", label: "", index: 0, point }];
  }
  if (axes.series !== null) {
    return seriesLines().map((line) => ({
      ...line,
      point: here.find((point) => line.of(point) && levelOf(point, axes.x) === state.at),
    }));
  }
  const levels = factors[axes.x].labels.map((label, level) => ({ label, level }));
  const most = LIGHT.colours.length;
  const spread = levels.length <= most ? levels
    : Array.from({ length: most }, (_, i) => levels[Math.round((i * (levels.length - 1)) / (most - 1))]);
  return spread.map(({ label, level }, index) => ({
    id: `${axes.x}:${level}`, label, index,
    point: here.find((point) => levelOf(point, axes.x) === level),
  }));
}

const visible = (lines) => lines.filter((line) => !state.hidden.has(line.id));

/** Decimals that show a half-width with a digit that tells. */
function digits(halfWidth, fewest) {
  let count = fewest;
  while (halfWidth > 0 && count < 9 && halfWidth * 10 ** count < 2) count += 1;
  return count;
}

/** Estimate and interval as text, in the unit of the indicator. */
function texts(estimate, scale, fewest = scale === 100 ? 1 : 2) {
  if (!estimate) return { value: "–", interval: "" };
  const { value, lo, hi } = estimate;
  const known = (x) => x !== null && x !== undefined;
  const ends = [lo, hi].filter(known);
  const half = known(value) && ends.length ? Math.max(...ends.map((end) => Math.abs(end - value))) * scale : 0;
  const places = digits(half, fewest);
  const text = (x) => (known(x) ? (scale * x).toFixed(places) : "–");
  return {
    value: text(value),
    interval: ends.length ? `${text(lo)} to ${text(hi)}` : "",
  };
}

/** `27.2 % (26.3 to 28.0)`. */
function phrase(estimate, { scale, unit }) {
  const { value, interval } = texts(estimate, scale);
  return `${value} ${unit}${interval ? ` (${interval})` : ""}`;
}

const count = (number) => number.toLocaleString("en-US");
const confidence = `${+(100 * report.confidence).toPrecision(8)} %`;

/** A select whose choice is kept by `chosen`. */
function chooser(label, options, value, chosen) {
  const select = element("select", { onchange: () => chosen(select.value) },
    ...options.map(([key, text]) => element("option", { value: key }, text)));
  select.value = value;
  return element("label", {}, element("span", {}, label), select);
}

/** A table of texts; cells of numeric columns stand to the right. */
function plainTable(head, rows, caption) {
  const numeric = head.map((_, i) => rows.length > 0 && rows.every((row) => /^[–\-+\d.,]*$/.test(row[i])));
  const cell = (name, text, i) => element(name, { class: numeric[i] ? "number" : null, scope: name === "th" ? "col" : null }, text);
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element("table", {}, element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...head.map((text, i) => cell("th", text, i)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((text, i) => cell("td", String(text), i)))))));
}
