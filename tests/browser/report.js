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
    for (const { key } of report.indicators.filter((known) => known.key !== "downtime")) {
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
  const held = { servers: ["availability", "availability_p01", "availability_p05", "availability_p50"], journey: ["journey_availability"], mixed: [] }[report.agreement.held];
  const categories = !report.axes.factors[report.axes.x].numeric;
  // The second figure opens with what the SLA is held to.
  assert.equal(await page.locator("#curve-2 select").inputValue(), report.agreement.held === "journey" ? "journey_availability" : "availability");
  for (const { key } of report.indicators.filter((known) => known.key !== "downtime")) {
    await page.locator("#curve-1 select").selectOption(key);
    const { series, keys } = await page.evaluate(() => {
      const { chart } = window.sysworld.figures.find((figure) => figure.id === "curve-1");
      const { state, report: { points } } = window.sysworld;
      const here = points.filter((point) => [...state.panel].every(([factor, level]) => point.levels[factor] === level));
      const drawn = (chart?.getOption().series ?? []).map(({ type, data, lineStyle, symbolSize, markLine }) => ({ type, data, width: lineStyle?.width, symbolSize, across: markLine?.data[0]?.yAxis }));
      return { series: drawn, keys: here.map((point) => point.key) };
    });
    const scale = SCALES[key] ?? 1;
    const shown = summary.filter((row) => keys.includes(row.point) && row[key] !== "");
    const sorted = (values) => [...values].sort((a, b) => a - b);
    const drawn = series.filter(({ type }) => type === "line").flatMap(({ data }) => data.map(([, y]) => y));
    assert.deepEqual(sorted(drawn), sorted(shown.map((row) => scale * Number(row[key]))), `the line of ${key}`);
    const lines = series.filter(({ type }) => type === "line");
    for (const { width, symbolSize } of lines) {
      assert.equal(width > 0, !categories && !report.axes.sampled, "a line joins numbers, and neither categories nor a sample");
      assert.ok(symbolSize >= (width > 0 ? 4 : 6), "points are to be seen");
    }
    const target = lines.map(({ across }) => across).find((across) => across !== undefined);
    if (key.includes("availability") && lines.length) {
      assert.equal(target, held.includes(key) ? Number(report.agreement.target) : undefined, `the target across ${key}`);
    }
    const bounded = shown.filter((row) => row[`${key}_lo`] !== "" && row[`${key}_hi`] !== "");
    const ends = series.filter(({ type, data }) => type === "custom" && data.length !== 1 || data[0]?.length === 3);
    const whiskers = ends.filter(({ type }) => type === "custom").flatMap(({ data }) => data.flatMap(([, lo, hi]) => [lo, hi]));
    const wanted = bounded.flatMap((row) => [scale * Number(row[`${key}_lo`]), scale * Number(row[`${key}_hi`])]);
    if (keys.length <= 60 || report.axes.sampled || categories) assert.deepEqual(sorted(whiskers), sorted(wanted), `the intervals of ${key}`);
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
  const here = await page.evaluate(() => {
    const { state, report: { points } } = window.sysworld;
    return points.filter((point) => [...state.panel].every(([factor, level]) => point.levels[factor] === level)).map(({ key }) => key);
  });
  const wanted = table.filter((row) => row.estimate === chosen && here.includes(row.point)).map((row) => 100 * Number(row.difference));
  assert.equal(chosen, "sla_miss");
  assert.ok(wanted.length > 0, "the figure opens with differences");
  const words = await page.locator("#differences td").allTextContents();
  table.forEach(({ estimate, variance_reduction: reduction }, i) => {
    const last = words[(i + 1) * (words.length / table.length) - 1];
    assert.equal(last.startsWith("about "), estimate === "mttr_rounds" && reduction !== "", `${estimate}: ${last}`);
  });
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
  // What the curve of single replications leaves to the left of the target is what misses the SLA.
  const missed = await page.evaluate(() => window.sysworld.figures.find(({ id }) => id === "distribution").legend().map(({ point }) => point).filter(Boolean)
    .map(({ key, target, spread: steps, sla_checks: checks, n }) => ({ key, share: (steps.filter(([good]) => (100 * good) / checks < Number(target)).at(-1)?.[1] ?? 0) / n })));
  for (const { key, share } of missed) {
    const row = rows(readFileSync(`${folder}/summary.csv`, "utf8")).find(({ point }) => point === key);
    assert.equal(share, Number(row.sla_miss), `${key}: the curve and the estimate`);
  }
  assert.equal(spread.length, lines.length);
  // The bars of each line add up to what its availability lacks.
  const bars = await page.evaluate(() => (window.sysworld.figures.find(({ id }) => id === "causes").chart?.getOption().series ?? []).map(({ data }) => data));
  const table = rows(readFileSync(`${folder}/summary.csv`, "utf8"));
  bars.forEach((data, i) => {
    const lost = data.reduce((sum, value) => sum + value, 0);
    const availability = Number(table.find((row) => row.point === lines[i].key).availability);
    assert.ok(Math.abs(lost - 100 * (1 - availability)) < 1e-9, `${lost} % lost, ${availability} available`);
  });
  // The parts of each line that has them add up to its mean time to resolve.
  const parts = await page.evaluate(() => (window.sysworld.figures.find(({ id }) => id === "parts")?.chart?.getOption().series ?? []).map(({ data }) => data));
  const split = lines.map(({ key }) => table.find((row) => row.point === key)).filter((row) => row.mttr_detect_rounds);
  assert.equal(parts.length, split.length);
  parts.forEach((data, i) => {
    const whole = data.reduce((sum, value) => sum + value, 0);
    assert.ok(Math.abs(whole - Number(split[i].mttr_rounds)) < 1e-9, `${data} add up to ${split[i].mttr_rounds}`);
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

/** Nothing that has something to show opens empty. */
async function opens(page) {
  const { empty, missing } = await page.evaluate(() => {
    const { figures, report } = window.sysworld;
    const nothing = report.points.every(({ incidents }) => incidents[0] === 0);
    return {
      empty: figures.filter(({ built }) => built.empty !== undefined).map(({ id }) => id),
      missing: nothing ? ["survival", "causes"] : [],
    };
  });
  const calm = await page.evaluate(() => window.sysworld.report.points.some(({ incidents }) => incidents[0] === 0));
  if (calm) assert.ok(empty.every((id) => ["survival", "causes"].includes(id)), `${empty}`);
  else assert.deepEqual(empty, missing);
  const { panels, compared } = await page.evaluate(() => window.sysworld.report.axes);
  assert.ok(!panels.includes(compared), "the compared factor is chosen from");
  const plain = await page.evaluate(() => window.sysworld.report.plain);
  assert.equal(await page.locator("#plain").innerText(), plain[0]);
  assert.ok((await page.locator("#start").innerText()).includes("starts with all servers healthy"));
}

/** The grid says what the terminal does, digit by digit. */
async function rounding(page, folder) {
  const table = readFileSync(`${folder}.txt`, "utf8");
  const cells = await page.locator("#answer .verdicts td").evaluateAll((all) => all.filter((cell) => cell.querySelector("small"))
    .map((cell) => [cell.querySelector(":scope > span").firstChild.textContent, cell.querySelector("small").textContent]));
  let compared = 0;
  for (const [value, interval] of cells) {
    if (!interval.includes(" to ")) continue;
    const wanted = `${value.replace(" %", "")} (${interval.replace(" to ", "–").replace(" %", "")})`;
    assert.ok(table.includes(wanted), `the terminal has no ${wanted}`);
    compared += 1;
  }
  return compared;
}

/** The darkest cell of a column is its most, the lightest its least. */
async function shades(page, summary) {
  if (summary.length < 2) return;
  const cells = await page.locator('#all td[data-name="availability"].shaded').evaluateAll((all) => all.map((cell) => [cell.closest("tr").dataset.point, cell.style.getPropertyValue("--amount")]));
  const of = new Map(summary.map((row) => [row.point, Number(row.availability)]));
  const sorted = cells.map(([key, amount]) => [of.get(key), parseInt(amount, 10)]).sort((a, b) => a[0] - b[0]);
  assert.equal(sorted.length, cells.length);
  assert.equal(sorted[0][1], 0);
  if (sorted[0][0] !== sorted.at(-1)[0]) assert.equal(sorted.at(-1)[1], 100);
  sorted.slice(1).forEach(([, amount], i) => assert.ok(amount >= sorted[i][1], "the shades rise with the numbers"));
}

/** What is wider than the page says so, and commands are whole. */
async function hints(page, what) {
  const wrong = await page.evaluate(() => [...document.querySelectorAll(".scroller")].filter((outer) => {
    const box = outer.querySelector(".scroll");
    const wide = box.scrollWidth > box.clientWidth + 1;
    const said = outer.querySelector(".hint").checkVisibility();
    return box.checkVisibility() && (wide !== said || wide !== outer.classList.contains("right"));
  }).length);
  assert.equal(wrong, 0, `${what}: a wide table without a hint`);
  const cut = await page.locator("#worst code").evaluateAll((all) => all.filter((code) => {
    const { left, right } = code.getBoundingClientRect();
    return left < 0 || right > document.documentElement.clientWidth;
  }).length);
  assert.equal(cut, 0, `${what}: a command is cut`);
  const grid = await page.locator("#answer .verdicts").evaluateAll((all) => all.map((table) => [table.rows[0].cells.length, table.getBoundingClientRect().right]));
  for (const [columns, right] of grid) {
    assert.ok(columns > 5 || right <= 375, `${what}: the grid of ${columns} columns ends at ${right}`);
  }
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
  const small = await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const { parentElement: parent, textContent: text } = walker.currentNode;
      if (!text.trim() || parent.closest("script, style, noscript, .skip") || !parent.checkVisibility()) continue;
      const { right } = parent.getBoundingClientRect();
      const points = parseFloat(getComputedStyle(parent).fontSize) * 0.75;
      if (points < 7.9 || right > document.documentElement.clientWidth + 1) found.push(`${text.trim().slice(0, 30)}: ${points} pt, to ${right}`);
    }
    return found;
  });
  assert.deepEqual(small.slice(0, 5), [], "small or cut on paper");
  const pdf = await page.pdf({ format: "A4" });
  assert.ok(pdf.length > 20_000);
  await page.close();
}

async function check(open, folder) {
  const file = `${folder}/report.html`;
  const summary = rows(readFileSync(`${folder}/summary.csv`, "utf8"));
  const page = await open(file);
  const compared = await numbers(page, summary);
  await opens(page);
  await shades(page, summary);
  const same = await rounding(page, folder);
  assert.ok(same > 0 || (await page.locator("#answer .verdicts").count()) === 0 || summary.every(({ n }) => n === "1"), "no rounding was compared");
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
  await hints(phone, "phone");
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
