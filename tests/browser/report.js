// The report in a real browser, held against the tables beside it.
// node report.js FOLDER...: results folders; exits with 1 and says what is wrong.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { barriers, rows, withBrowser } from "./browser.js";

const SCALES = { sla_miss: 100, availability: 100, journey_availability: 100, availability_p01: 100, availability_p05: 100, availability_p50: 100 };
const number = (cell) => (cell === "" || cell === undefined ? null : Number(cell));

/** Every value and interval that the page holds is the one of summary.csv, to the last digit. */
async function numbers(page, summary) {
  const report = await page.evaluate(() => window.sysworld.report);
  const found = new Map(report.points.map((point) => [point.key, point]));
  let compared = 0;
  for (const row of summary) {
    const point = found.get(row.point);
    if (!point) {
      assert.ok(report.omissions.length, `${row.point} is missing, and nothing says so`);
      continue;
    }
    assert.equal(point.n, Number(row.n));
    for (const { key } of report.indicators) {
      const { value = null, lo = null, hi = null } = point.estimates[key] ?? {};
      assert.deepEqual([value, lo, hi], [key, `${key}_lo`, `${key}_hi`].map((name) => number(row[name])), `${row.point} ${key}`);
      compared += 3;
    }
  }
  return compared;
}

/** What the first figure draws for each indicator is what the summary has. */
async function curves(page, summary) {
  const report = await page.evaluate(() => window.sysworld.report);
  if (report.axes.x === null) return assert.equal(await page.locator("#curve-1").count(), 0);
  for (const { key } of report.indicators) {
    await page.locator("#curve-1 select").selectOption(key);
    const { series, keys } = await page.evaluate(() => {
      const { chart } = window.sysworld.figures.find((figure) => figure.id === "curve-1");
      const { state, report: { points } } = window.sysworld;
      const here = points.filter((point) => [...state.panel].every(([factor, level]) => point.levels[factor] === level));
      const drawn = (chart?.getOption().series ?? []).map(({ type, data }) => ({ type, data }));
      return { series: drawn, keys: here.map((point) => point.key) };
    });
    const scale = SCALES[key] ?? 1;
    const shown = summary.filter((row) => keys.includes(row.point) && row[key] !== "");
    const sorted = (values) => [...values].sort((a, b) => a - b);
    const drawn = series.filter(({ type }) => type === "line").flatMap(({ data }) => data.map(([, y]) => y));
    assert.deepEqual(sorted(drawn), sorted(shown.map((row) => scale * Number(row[key]))), `the line of ${key}`);
    const bounded = shown.filter((row) => row[`${key}_lo`] !== "" && row[`${key}_hi`] !== "");
    const ends = series.filter(({ type, data }) => type === "custom" && data.length !== 1 || data[0]?.length === 3);
    const whiskers = ends.filter(({ type }) => type === "custom").flatMap(({ data }) => data.flatMap(([, lo, hi]) => [lo, hi]));
    const wanted = bounded.flatMap((row) => [scale * Number(row[`${key}_lo`]), scale * Number(row[`${key}_hi`])]);
    if (keys.length <= 60) assert.deepEqual(sorted(whiskers), sorted(wanted), `the intervals of ${key}`);
  }
  await page.locator("#curve-1 select").selectOption("sla_miss");
}

/** The paired differences are those of comparisons.csv. */
async function differences(page, folder) {
  const report = await page.evaluate(() => window.sysworld.report);
  if (!report.baseline) return assert.equal(await page.locator("#difference").count(), 0);
  const table = rows(readFileSync(`${folder}/comparisons.csv`, "utf8"));
  assert.equal(report.comparisons.length, table.length);
  report.comparisons.forEach((ours, i) => {
    const row = table[i];
    assert.deepEqual([ours.point, ours.estimate], [row.point, row.estimate]);
    for (const [name, column] of [["difference", "difference"], ["lo", "difference_lo"], ["hi", "difference_hi"], ["p_holm", "p_holm"], ["variance_reduction", "variance_reduction"]]) {
      assert.equal(ours[name], number(row[column]), `${row.point} ${column}`);
    }
  });
  const drawn = await page.evaluate(() => window.sysworld.figures.find(({ id }) => id === "difference").chart.getOption().series
    .filter(({ type }) => type === "line").flatMap(({ data }) => data.map(([, y]) => y)));
  const chosen = await page.locator("#difference select").inputValue();
  const wanted = table.filter((row) => row.estimate === chosen).map((row) => 100 * Number(row.difference));
  assert.equal(chosen, "sla_miss");
  assert.deepEqual(drawn.sort((a, b) => a - b), wanted.sort((a, b) => a - b));
}

/** Hovering says what is drawn there; the arrow keys read the same. */
async function hover(page) {
  const figure = page.locator("#curve-1");
  if (!(await figure.count())) return;
  const plot = figure.locator(".plot");
  await plot.scrollIntoViewIfNeeded();
  const spots = await page.evaluate(() => {
    const { chart, built } = window.sysworld.figures.find((known) => known.id === "curve-1");
    const box = chart.getDom().getBoundingClientRect();
    return built.xs.map((x) => ({ x: box.x + chart.convertToPixel({ xAxisIndex: 0 }, x), y: box.y + box.height / 2, said: built.read(x) }));
  });
  for (const { x, y, said } of [spots[0], spots.at(-1)]) {
    await page.mouse.move(x - 3, y);
    await page.mouse.move(x, y);
    const tip = page.locator("#curve-1 .tip");
    await tip.waitFor({ state: "visible" });
    const text = await tip.innerText();
    for (const { label, value } of said.lines) assert.ok(text.includes(value) && text.includes(label), `${text} lacks ${label} ${value}`);
    assert.ok(said.lines.length > 0 && text.includes(said.title));
  }
  await page.mouse.move(2, 2);
  await plot.focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await figure.locator(".reading").innerText(), spots[0].said.text);
}

/** A switched-off line is gone from every figure, and comes back. */
async function toggles(page) {
  const lines = () => page.evaluate(() => window.sysworld.figures.map(({ chart }) => chart?.getOption().series.length ?? 0));
  const button = page.locator("#curve-1 .legend button").first();
  if (!(await button.count())) return;
  const before = await lines();
  await button.focus();
  await page.keyboard.press("Enter");
  const first = page.locator("#curve-1 .legend button").first();
  assert.equal(await first.getAttribute("aria-pressed"), "false");
  assert.ok((await lines())[0] < before[0], "a line was switched off");
  assert.ok(await first.evaluate((element) => element === document.activeElement), "the focus stays");
  await first.click();
  assert.deepEqual(await lines(), before);
}

/** The closer look draws the tables: survival those of ttr.csv, availability with all replications. */
async function details(page, folder) {
  const ttr = rows(readFileSync(`${folder}/ttr.csv`, "utf8"));
  const { lines, drawn, spread } = await page.evaluate(() => {
    const of = (id) => window.sysworld.figures.find((figure) => figure.id === id);
    const data = (id) => (of(id).chart?.getOption().series ?? []).filter(({ type }) => type === "line").map((line) => line.data);
    const points = of("survival").legend().map(({ point }) => point).filter(Boolean);
    return { lines: points.map(({ key, ttr: steps, n }) => ({ key, count: steps.length, n })), drawn: data("survival"), spread: data("distribution") };
  });
  for (const curve of spread) assert.equal(curve.at(-1)[1], 100);
  assert.equal(spread.length, lines.length);
  // The bars of each line add up to what its availability lacks.
  const bars = await page.evaluate(() => (window.sysworld.figures.find(({ id }) => id === "causes").chart?.getOption().series ?? []).map(({ data }) => data));
  const table = rows(readFileSync(`${folder}/summary.csv`, "utf8"));
  bars.forEach((data, i) => {
    const lost = data.reduce((sum, value) => sum + value, 0);
    const availability = Number(table.find((row) => row.point === lines[i].key).availability);
    assert.ok(Math.abs(lost - 100 * (1 - availability)) < 1e-9, `${lost} % lost, ${availability} available`);
  });
  const withIncidents = lines.filter(({ count }) => count > 0);
  assert.equal(drawn.length, withIncidents.length);
  assert.ok(bars.length === lines.length || bars.length === 0);
  withIncidents.forEach(({ key, count }, i) => {
    const table = ttr.filter((row) => row.point === key);
    const known = new Map(table.map((row) => [Number(row.half_round) / 2, 100 * Number(row.survival)]));
    assert.equal(drawn[i].length, count + 1, "every step is drawn");
    if (count < 40) assert.equal(count, table.length, "no step is left out of a short curve");
    for (const [x, y] of drawn[i].slice(1)) assert.equal(y, known.get(x));
  });
}

/** Another tolerance gives another answer where the intervals say so; the table sorts. */
async function controls(page, summary) {
  const select = page.locator("#answer .controls select").first();
  await select.selectOption({ label: "50 %" });
  const verdicts = await page.evaluate(() => window.sysworld.report.answers.at(-1).verdicts);
  const shown = await page.evaluate(() => window.sysworld.report.points.map((point) => point.key));
  const byKey = new Map(summary.map((row) => [row.point, row]));
  shown.forEach((key, i) => {
    const { sla_miss_lo: lo, sla_miss_hi: hi } = byKey.get(key);
    const wanted = hi === "" ? "unknown" : Number(hi) <= 0.5 ? "met" : Number(lo) > 0.5 ? "missed" : "undecided";
    assert.equal(verdicts[i], wanted, key);
  });
  await select.selectOption({ label: "5 %" });
  const heading = page.locator("#all th button", { hasText: "SLA-miss" });
  const order = () => page.locator("#all tbody tr").evaluateAll((all) => all.map((row) => row.dataset.point));
  await heading.click();
  const up = (await order()).map((key) => Number(byKey.get(key).sla_miss));
  assert.deepEqual(up, [...up].sort((a, b) => a - b));
  await heading.click();
  const down = (await order()).map((key) => Number(byKey.get(key).sla_miss));
  assert.deepEqual(down, [...up].reverse());
  assert.equal(await page.locator('#all th[aria-sort="descending"]').count(), 1);
}

/** Nothing is wider than the page. */
async function fits(page, what) {
  const wide = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    const plots = [...document.querySelectorAll(".plot svg")].filter((svg) => svg.getBoundingClientRect().right > room + 1);
    return [document.documentElement.scrollWidth - room, plots.length];
  });
  assert.deepEqual(wide, [0, 0], `${what}: too wide`);
}

async function print(open, file) {
  const page = await open(file, { scheme: "dark", width: 720 });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.waitForFunction(() => window.sysworld.figures.every(({ chart }) => !chart || !chart.getDom().querySelector('text[fill="#adb4c0"]')));
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(ground, "rgb(255, 255, 255)", "paper is white");
  assert.equal(await page.locator(".copy:visible").count(), 0);
  await fits(page, "paper");
  const pdf = await page.pdf({ format: "A4" });
  assert.ok(pdf.length > 20_000);
  await page.close();
}

async function check(open, folder) {
  const file = `${folder}/report.html`;
  const summary = rows(readFileSync(`${folder}/summary.csv`, "utf8"));
  const page = await open(file);
  const compared = await numbers(page, summary);
  await curves(page, summary);
  await differences(page, folder);
  await hover(page);
  await toggles(page);
  await details(page, folder);
  await controls(page, summary);
  await fits(page, "desktop");
  assert.ok((await page.locator("#headline").innerText()).length > 20);
  // Every figure that is drawn has a text and a table behind it.
  for (const figure of await page.locator("figure").all()) {
    if (!(await figure.locator("svg").count())) continue;
    assert.ok((await figure.locator(".plot").getAttribute("aria-label")).length > 20);
    await figure.locator("summary").click();
    await figure.locator("details tbody tr").first().waitFor({ timeout: 2000 });
  }
  assert.deepEqual(await barriers(page), [], "axe, light");
  await page.close();
  const dark = await open(file, { scheme: "dark" });
  assert.deepEqual(await barriers(dark), [], "axe, dark");
  await dark.close();
  const phone = await open(file, { width: 375 });
  await fits(phone, "phone");
  assert.deepEqual(await barriers(phone), [], "axe, phone");
  await phone.close();
  await print(open, file);
  console.log(`${basename(folder)}: ${compared} numbers, ${statSync(file).size} bytes`);
}

const folders = process.argv.slice(2).map((folder) => resolve(folder));
assert.ok(folders.length, "node report.js FOLDER...");
let failed = 0;
const wrong = await withBrowser(async (open) => {
  for (const folder of folders) {
    try {
      await check(open, folder);
    } catch (error) {
      failed += 1;
      console.error(`${basename(folder)}: ${error.stack}`);
    }
  }
});
for (const line of wrong) console.error(line);
process.exit(failed || wrong.length ? 1 : 0);
