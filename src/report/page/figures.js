// A figure: caption, legend, plot, reading, data table. What it draws is an option of ECharts.

const figures = [];

class Figure {
  /** `build` gives { option, alt, xs, read, table } for the present state, or { empty: why }. */
  constructor(id, parent, { title, controls = [], legend, build }) {
    Object.assign(this, { id, build, legend });
    this.title = element("h3", {}, title);
    this.about = element("p", { class: "note" });
    this.keys = element("div", { class: "legend", role: "group", "aria-label": "Lines" });
    this.plot = element("div", { class: "plot", id: `plot-${id}`, tabindex: "0", role: "img" });
    this.reading = element("p", { class: "reading", "aria-live": "polite" });
    this.data = element("details", {}, element("summary", {}, "Data of this figure"));
    this.figure = element("figure", { id },
      element("figcaption", {}, this.title, ...controls, this.about),
      this.keys, this.plot, this.reading, this.data);
    parent.append(this.figure);
    this.plot.addEventListener("keydown", (event) => this.step(event));
    this.data.addEventListener("toggle", () => this.fillTable());
    new ResizeObserver(() => this.chart?.resize()).observe(this.plot);
    figures.push(this);
  }

  render() {
    const built = this.build(theme());
    this.built = built;
    this.at = -1;
    this.reading.textContent = "";
    this.about.textContent = built.about ?? "";
    if (built.title) this.title.textContent = built.title;
    this.drawLegend();
    const empty = built.empty !== undefined;
    this.plot.classList.toggle("empty", empty);
    this.data.hidden = empty;
    if (empty) {
      this.chart?.dispose();
      this.chart = undefined;
      this.plot.removeAttribute("tabindex");
      this.plot.removeAttribute("role");
      this.plot.removeAttribute("aria-label");
      this.plot.replaceChildren(element("p", { class: "note" }, built.empty));
      return;
    }
    if (!this.chart) {
      this.plot.replaceChildren();
      this.chart = echarts.init(this.plot, null, { renderer: "svg" });
    }
    this.plot.setAttribute("tabindex", "0");
    this.plot.setAttribute("role", "img");
    this.plot.setAttribute("aria-label", `${built.alt} Arrow keys read the values; they are also in the table below.`);
    this.chart.setOption({ animation: false, ...built.option }, true);
    this.fillTable();
  }

  /** One button a line: pressed where the line is shown. */
  drawLegend() {
    const lines = this.built.empty === undefined || state.hidden.size ? this.legend() : [];
    this.keys.hidden = lines.length < 2;
    this.keys.replaceChildren(...(lines.length < 2 ? [] : lines.map((line) => {
      const pressed = !state.hidden.has(line.id);
      const flip = () => {
        if (pressed) state.hidden.add(line.id); else state.hidden.delete(line.id);
        renderAll();
        this.keys.querySelector(`[data-line="${line.id}"]`)?.focus();
      };
      return element("button", { type: "button", "aria-pressed": String(pressed), "data-line": line.id, onclick: flip },
        key(line.index, this.built.shapes), line.label);
    })));
  }

  /** The table is made when it is opened. */
  fillTable() {
    const old = this.data.querySelector(".scroll");
    old?.remove();
    if (!this.data.open || !this.built?.table) return;
    const { head, rows } = this.built.table();
    this.data.append(plainTable(head, rows, this.built.alt));
  }

  /** Left and right move along x, and read what is there. */
  step(event) {
    const { xs, read } = this.built;
    const move = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Escape") this.chart?.dispatchAction({ type: "hideTip" });
    if (!move || !xs?.length || !this.chart) return;
    event.preventDefault();
    this.at = Math.min(Math.max(this.at + move, 0), xs.length - 1);
    this.reading.textContent = read(xs[this.at]).text;
    const [px, py] = this.built.pixel(this.chart, xs[this.at]);
    this.chart.dispatchAction({ type: "showTip", x: px, y: py });
  }
}

/** The sign of a line in a legend: its dashes and its shape, as far as it is drawn with them. */
function key(index, { dashes = true, dots = false } = {}) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("width", "26");
  svg.setAttribute("height", "10");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  const dash = DASHES[index % DASHES.length];
  const attributes = {
    x1: 1, x2: 25, y1: 5, y2: 5, "stroke-width": 3, stroke: theme().colours[index % 8],
    "stroke-dasharray": dash === "solid" ? "none" : dash.join(" "),
  };
  for (const [name, value] of Object.entries(attributes)) line.setAttribute(name, value);
  if (dashes) svg.append(line);
  if (dots) {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
    shape.setAttribute("d", SHAPES[index % 8]);
    shape.setAttribute("fill", theme().colours[index % 8]);
    shape.setAttribute("transform", "translate(8 0)");
    svg.append(shape);
  }
  return svg;
}

/** What hovering shows: a title, and a line of label and value for each. */
function tip({ title, lines }) {
  return element("div", { class: "tip" }, element("b", {}, title),
    element("table", {}, element("tbody", {}, ...lines.map(({ label, value, index }) => {
      const swatch = element("span", { class: "swatch" });
      swatch.style.background = theme().colours[index % 8];
      return element("tr", {}, element("th", { scope: "row" }, swatch, label), element("td", {}, value));
    }))));
}

/** Title and lines as one text, for ears. */
const spoken = (title, lines) => `${title}: ${lines.map(({ label, value }) => (label ? `${label} ${value}` : value)).join("; ")}`;

/** What all options have in common: grid, axes, hovering. */
function frame(colours, { x, y, read, trigger = "axis", axis = "x" }) {
  const text = { color: colours.soft, fontSize: 12 };
  const line = { lineStyle: { color: colours.line } };
  const common = (given) => ({
    type: "value", nameTextStyle: text, axisLabel: { ...text, hideOverlap: true, ...given.label },
    axisLine: { show: true, onZero: false, ...line }, splitLine: line, nameLocation: "middle", ...given,
  });
  return {
    grid: { left: 14, right: 18, top: 14, bottom: 10, outerBoundsMode: "same", outerBoundsContain: "all" },
    textStyle: { fontFamily: "system-ui, sans-serif" },
    xAxis: common({ nameGap: 30, splitLine: { show: false }, ...x }),
    yAxis: common({ nameGap: 46, ...y }),
    tooltip: {
      trigger, confine: true, backgroundColor: colours.ground, borderColor: colours.soft,
      textStyle: { color: colours.text, fontSize: 13 },
      axisPointer: { axis, type: "line", snap: false, lineStyle: { color: colours.soft, type: "dashed" } },
      formatter: (found) => {
        const value = Array.isArray(found) ? found[0].axisValue : found.value;
        return tip(read(value));
      },
    },
  };
}

/** A polygon between the lower and the upper ends. */
function band(name, colour, ends) {
  return {
    type: "custom", name, silent: true, tooltip: { show: false }, z: 1,
    data: [ends.flat()],
    encode: { x: [], y: [] },
    clip: true,
    renderItem: (_, api) => ({
      type: "polygon",
      shape: {
        points: [...ends.map(([x, lo]) => api.coord([x, lo])), ...ends.map(([x, , hi]) => api.coord([x, hi])).reverse()],
      },
      style: { fill: colour, opacity: 0.2 },
    }),
  };
}

/** Vertical bars from the lower to the upper end. */
function whiskers(name, colour, ends, crowded = false) {
  const arm = crowded ? 0 : 4;
  return {
    type: "custom", name, silent: true, tooltip: { show: false }, z: 2,
    data: ends, encode: { x: 0, y: [1, 2] },
    renderItem: (_, api) => {
      const [x, top] = api.coord([api.value(0), api.value(2)]);
      const bottom = api.coord([api.value(0), api.value(1)])[1];
      const stroke = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: colour, lineWidth: crowded ? 1 : 1.5, opacity: crowded ? 0.6 : 1 } });
      return { type: "group", children: [stroke(x, top, x, bottom), ...(arm ? [stroke(x - arm, top, x + arm, top), stroke(x - arm, bottom, x + arm, bottom)] : [])] };
    },
  };
}

/** A dashed line across the figure, with a word. */
function mark(axis, value, text, colours) {
  return {
    silent: true, symbol: "none", animation: false,
    lineStyle: { color: colours.soft, type: [4, 4], width: 1.5 },
    label: { formatter: text, color: colours.text, position: axis === "yAxis" ? "insideEndTop" : "end", align: axis === "yAxis" ? undefined : "right", fontSize: 12 },
    data: [{ [axis]: value }],
  };
}

function renderAll() {
  for (const figure of figures) figure.render();
  renderTables();
}
