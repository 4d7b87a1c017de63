// Puts the page together.

const section = (id) => document.getElementById(id);

/** Selects for the factors that are neither on x nor a colour. */
function panels() {
  const choices = axes.panels.map((factor) => chooser(factors[factor].label, factors[factor].labels.map((label, i) => [i, label]), state.panel.get(factor), (value) => {
    state.panel.set(factor, Number(value));
    settle();
    renderAll();
  }));
  if (axes.sampled) {
    const candidates = varying.filter((factor) => factor !== axes.series);
    choices.push(chooser("Against", candidates.map((factor) => [factor, factors[factor].label]), state.x, (value) => {
      state.x = Number(value);
      renderAll();
    }));
  }
  return choices.length ? element("div", { class: "controls", id: "panels" }, ...choices) : null;
}

/** What the closer look is at. */
function position() {
  if (axes.sampled) {
    return chooser("At", points.map((point, i) => [i, nameOf(point)]), state.at, (value) => {
      state.at = Number(value);
      renderAll();
    });
  }
  if (axes.x === null || axes.series === null) return null;
  const choice = chooser(`At ${factors[axes.x].label}`, factors[axes.x].labels.map((label, i) => [i, label]), state.at, (value) => {
    state.at = Number(value);
    renderAll();
  });
  redraw.push(() => {
    choice.querySelector("select").value = state.at;
  });
  return choice;
}

/** The figure and the table of paired differences, or why there are none. */
function differences(section) {
  const note = (text) => section.append(element("p", { class: "note" }, text));
  if (!report.baseline) {
    return note("This experiment asks for no paired comparison. With [compare] in the experiment file the report shows the differences from a baseline, with intervals.");
  }
  const { factor, level } = report.baseline;
  if (!report.comparisons.some(({ difference }) => difference !== null)) {
    return note(`No difference from ${level} can be stated: a difference needs more replications than there are.`);
  }
  note(`Each ${factor} less ${level}, replication by replication under the same chance, with ${confidence} intervals.`);
  if (axes.x !== null) differenceFigure("difference", section);
  section.append(differenceTable());
}

settle(axes.x === null ? 0 : (factors[axes.x].levels.length - 1) >> 1);
if (points.length) {
  answer(section("answer"));
  const choices = panels();
  if (choices) section("criterion").after(choices);
  if (axes.x === null) section("curves").remove();
  else {
    const pair = element("div", { class: "pair" });
    // A factor that is not chaos has the title for itself.
    if (!factors[axes.x].name.startsWith("chaos_")) section("curves-title").textContent = `What ${factors[axes.x].label} does`;
    section("curves").append(
      element("p", { class: "note" }, `${factors[axes.x].numeric && !axes.sampled ? "Bands and bars" : "Bars"} are ${confidence} intervals of each point by itself.${report.common_random_numbers
        ? ` Points share random numbers, so overlap of two intervals is no test of a difference; ${report.comparisons.length ? "the paired differences below are" : "a paired comparison is, which an experiment asks for with [compare]"}.` : ""}`),
      pair);
    indicatorFigure("curve-1", pair, "sla_miss");
    indicatorFigure("curve-2", pair, slaKey);
  }
  differences(section("differences"));
  const at = position();
  if (at) section("details").append(element("div", { class: "controls" }, at));
  const pair = element("div", { class: "pair" });
  section("details").append(pair);
  new Figure("distribution", pair, { title: "Availability of single replications", legend: detailLines, build: distributionOption });
  new Figure("survival", pair, { title: "Time to resolve", legend: detailLines, build: survivalOption });
  if (hasParts()) new Figure("parts", pair, { title: "Detect, acknowledge, repair", legend: detailLines, build: partsOption });
  new Figure("causes", pair, { title: "Downtime by cause", legend: detailLines, build: causesOption });
  worst(section("worst"));
  estimates(section("estimates"));
}
made(section("made"));

function differenceTable() {
  const named = new Map(points.map((point) => [point.key, point]));
  const largest = new Map();
  for (const { estimate, difference } of report.comparisons) {
    largest.set(estimate, Math.max(largest.get(estimate) ?? 0, Math.abs(difference ?? 0)));
  }
  const rows = report.comparisons.map((row) => {
    const form = differenceForm(row.estimate);
    const { value, interval } = texts({ value: row.difference, lo: row.lo, hi: row.hi }, form);
    const point = named.get(row.point);
    const reduction = row.variance_reduction === null ? "–" : row.variance_reduction.toFixed(2);
    return [
      ...varying.map((factor) => labelOf(factor, levelOf(point, factor))), `${form.what} (${form.unit})`,
      shade(element("td", { class: "number" }, value), row.difference === null ? NaN : Math.abs(row.difference) / largest.get(row.estimate)), interval || "–",
      row.p_text ?? "–",
      // The jackknife's variance is itself an estimate.
      row.estimate === "mttr_rounds" && reduction !== "–" ? `about ${reduction}` : reduction,
    ];
  });
  const head = [...varying.map((factor) => factors[factor].label), "difference in", "estimate", "interval", "p (Holm)", "variance reduction"];
  return element("details", {}, element("summary", {}, "All paired differences"), plainTable(head, rows, "Paired differences from the baseline."));
}

renderAll();
dark.addEventListener("change", renderAll);
narrow.addEventListener("change", renderAll);
const forPrint = (on) => {
  if (printing === on) return;
  printing = on;
  renderAll();
  for (const { chart } of figures) chart?.resize();
};
addEventListener("beforeprint", () => forPrint(true));
addEventListener("afterprint", () => forPrint(false));
paper.addEventListener("change", (event) => forPrint(event.matches));
// What tests and curious readers hold on to.
window.sysworld = { report, state, figures };
