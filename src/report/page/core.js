// The data, what is chosen, and the helpers that figures and tables share.

const report = JSON.parse(document.getElementById("data").textContent);
const { axes, points } = report;
const factors = axes.factors;

/** What the reader has chosen. */
const state = {
  tolerance: report.tolerance,
  /** Factor on the x axis; a reader can change it where the design is a sample. */
  x: axes.x,
  /** Level of each factor that is chosen from: those of a point that there is, with a difference if any has one. */
  panel: new Map(axes.panels.map((factor) => [factor, first()?.levels[factor] ?? 0])),
  /** What the closer look is at: a level of x, or a point of a sample. */
  at: 0,
  /** Lines that are switched off, as factor:level. */
  hidden: new Set(),
};

function first() {
  const compared = report.comparisons.find(({ difference }) => difference !== null);
  return points.find(({ key }) => key === compared?.point) ?? points[0];
}

/** Keeps the closer look where there is a point: at the level of x in the middle, or next to the chosen one. */
function settle(wanted = state.at) {
  if (axes.sampled || axes.x === null) return;
  const levels = [...new Set(shown().map((point) => levelOf(point, axes.x)))];
  if (levels.length) state.at = levels.reduce((best, level) => (Math.abs(level - wanted) < Math.abs(best - wanted) ? level : best));
}

/** Okabe and Ito's colours, told apart by the colour-blind; the pale ones last on white. */
const LIGHT = {
  colours: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A7F00"],
  text: "#1b1f27", soft: "#525a67", line: "#d4d8df", ground: "#ffffff",
};
const DARK = {
  colours: ["#56B4E9", "#E8743B", "#1FBF92", "#CC79A7", "#E69F00", "#6FA0FF", "#FFFFFF", "#F0E442"],
  text: "#e9ebef", soft: "#adb4c0", line: "#3a404b", ground: "#1e2229",
};
/** Shapes in a box of 10 × 10: circle, triangle, square, diamond, triangle down, plus, cross, hexagon. */
const SHAPES = [
  "M5 0A5 5 0 1 1 5 10A5 5 0 1 1 5 0Z", "M5 0L10 9H0Z", "M.7 .7H9.3V9.3H.7Z", "M5 0L10 5L5 10L0 5Z",
  "M0 1H10L5 10Z", "M3.3 0H6.7V3.3H10V6.7H6.7V10H3.3V6.7H0V3.3H3.3Z",
  "M2 0L5 3L8 0L10 2L7 5L10 8L8 10L5 7L2 10L0 8L3 5L0 2Z", "M2.5 .7H7.5L10 5L7.5 9.3H2.5L0 5Z",
];
const DASHES = ["solid", [7, 4], [2, 3], [10, 3, 2, 3], "solid", [7, 4], [2, 3], [10, 3, 2, 3]];
const narrow = matchMedia("(max-width: 30rem)");
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

/** Its share of what the SLA counts, in percent. */
const slaShare = (point, good) => (100 * good) / point.sla_checks;
/** Whose availability the SLA is held to at a point. */
const heldTo = (point) => (point.on_journey ? "journey" : "server");
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** Decimals that show a half-width with a digit that tells. */
function digits(halfWidth, fewest) {
  let count = fewest;
  while (halfWidth > 0 && count < 9 && halfWidth * 10 ** count < 2) count += 1;
  return count;
}

/** Estimate and interval as text, in the unit of the indicator. */
function texts(estimate, { scale, decimals = 2 }) {
  if (!estimate) return { value: "–", interval: "" };
  const { value, lo, hi } = estimate;
  const known = (x) => x !== null && x !== undefined;
  const ends = [lo, hi].filter(known);
  const half = known(value) && ends.length ? Math.max(...ends.map((end) => Math.abs(end - value))) * scale : 0;
  const places = digits(half, decimals);
  const text = (x) => (known(x) ? (scale * x).toFixed(places).replace(/^-(0\.?0*)$/, "$1") : "–");
  return {
    value: text(value),
    interval: ends.length ? `${text(lo)} to ${text(hi)}` : "",
  };
}

/** `27.2 % (26.3 to 28.0)`. */
function phrase(estimate, form) {
  const { value, interval } = texts(estimate, form);
  return `${value} ${form.unit}${interval ? ` (${interval})` : ""}`;
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

/** A box that scrolls sideways, and says so where it does. */
function scroller(label, attributes, ...children) {
  const box = element("div", { ...attributes, class: `scroll ${attributes.class ?? ""}`.trim(), role: "region", "aria-label": label, tabindex: "0" }, ...children);
  const hint = element("p", { class: "hint", "aria-hidden": "true" }, "Wider than the page: scroll sideways →");
  const outer = element("div", { class: "scroller" }, hint, box);
  const look = () => {
    const more = box.scrollWidth - box.clientWidth;
    hint.hidden = more <= 1;
    outer.classList.toggle("left", more > 1 && box.scrollLeft > 1);
    outer.classList.toggle("right", more > 1 && box.scrollLeft < more - 1);
  };
  box.addEventListener("scroll", look, { passive: true });
  const observer = new ResizeObserver(look);
  observer.observe(box);
  for (const child of box.children) observer.observe(child);
  return outer;
}

/** Shades a cell by a share from 0 to 1. */
function shade(cell, share) {
  if (!Number.isFinite(share)) return cell;
  cell.classList.add("shaded");
  cell.style.setProperty("--amount", `${Math.round(100 * Math.min(Math.max(share, 0), 1))}%`);
  return cell;
}

/** A table of texts; cells of numeric columns stand to the right. */
function plainTable(head, rows, caption) {
  const numeric = head.map((_, i) => rows.length > 0 && rows.every((row) => !(row[i] instanceof Element) && /^[–\-+\d.,]*$/.test(row[i])));
  const cell = (name, text, i) => element(name, { class: numeric[i] ? "number" : null, scope: name === "th" ? "col" : null }, text);
  return scroller(caption, {},
    element("table", {}, element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...head.map((text, i) => cell("th", text, i)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((text, i) => (text instanceof Element ? text : cell("td", String(text), i))))))));
}
