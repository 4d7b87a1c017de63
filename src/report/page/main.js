// Puts the page together.

const section = (id) => document.getElementById(id);

/** Selects for the factors that are neither on x nor a colour. */
function panels() {
  const choices = axes.panels.map((factor) => chooser(factors[factor].label, factors[factor].labels.map((label, i) => [i, label]), 0, (value) => {
    state.panel.set(factor, Number(value));
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
  return chooser(`At ${factors[axes.x].label}`, factors[axes.x].labels.map((label, i) => [i, label]), state.at, (value) => {
    state.at = Number(value);
    renderAll();
  });
}

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
      element("p", { class: "note" }, `Bands and bars are ${confidence} intervals of each point by itself.${report.common_random_numbers
        ? ` Points share random numbers, so overlap of two bands is no test of a difference; ${report.comparisons.length ? "the paired differences below are" : "a paired comparison is, which an experiment asks for with [compare]"}.` : ""}`),
      pair);
    indicatorFigure("curve-1", pair, "sla_miss");
    indicatorFigure("curve-2", pair, "availability");
  }
  if (report.comparisons.length && axes.x !== null) {
    const { factor, level } = report.baseline ?? { factor: "level", level: "the baseline" };
    section("differences").append(element("p", { class: "note" },
      `Each ${factor} against ${level}, replication by replication under the same chance, with ${confidence} intervals.`));
    differenceFigure("difference", section("differences"));
    section("differences").append(differenceTable());
  } else {
    section("differences").append(element("p", { class: "note" },
      "This experiment asks for no paired comparison. With [compare] in the experiment file the report shows the differences from a baseline, with intervals."));
  }
  const at = position();
  if (at) section("details").append(element("div", { class: "controls" }, at));
  const pair = element("div", { class: "pair" });
  section("details").append(pair);
  new Figure("distribution", pair, { title: "Availability of single replications", legend: detailLines, build: distributionOption });
  new Figure("survival", pair, { title: "Time to resolve", legend: detailLines, build: survivalOption });
  new Figure("causes", pair, { title: "Downtime by cause", legend: detailLines, build: causesOption });
  worst(section("worst"));
  estimates(section("estimates"));
}
made(section("made"));

function differenceTable() {
  const named = new Map(points.map((point) => [point.key, point]));
  const rows = report.comparisons.map((row) => {
    const { label, scale, unit } = DIFFERENCES[row.estimate] ?? { label: row.estimate, scale: 1, unit: "" };
    const { value, interval } = texts({ value: row.difference, lo: row.lo, hi: row.hi }, scale, 2);
    const point = named.get(row.point);
    return [
      ...varying.map((factor) => labelOf(factor, levelOf(point, factor))), `${label.replace("Difference in ", "")} (${unit})`, value, interval || "–",
      row.p_text ?? "–",
      row.variance_reduction === null ? "–" : row.variance_reduction.toFixed(2),
    ];
  });
  const head = [...varying.map((factor) => factors[factor].label), "difference in", "estimate", "interval", "p (Holm)", "variance reduction"];
  return element("details", {}, element("summary", {}, "All paired differences"), plainTable(head, rows, "Paired differences from the baseline."));
}

renderAll();
dark.addEventListener("change", renderAll);
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
