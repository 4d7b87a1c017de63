// Chromium as the tests use it: no network, no profile, and a note of everything that goes wrong.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** Runs `use(open)` with a browser of its own; `open(file, options)` opens a page and watches it. */
export async function withBrowser(use) {
  const profile = mkdtempSync(join(tmpdir(), "sysworld-chromium-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: FLAGS,
  });
  const wrong = [];
  const open = async (file, { width = 1280, scheme = "light", media = "screen" } = {}) => {
    const page = await browser.newPage();
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme, media });
    page.on("console", (message) => message.type() !== "log" && wrong.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
    page.on("request", (request) => {
      const url = request.url();
      if (url !== `file://${file}` && !url.startsWith("data:")) wrong.push(`request: ${url}`);
    });
    await page.goto(`file://${file}`);
    await page.waitForFunction(() => window.sysworld !== undefined);
    return page;
  };
  try {
    await use(open);
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
  return wrong;
}

/** Serious and critical findings of axe, a line each. */
export async function barriers(page) {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html.slice(0, 160)} (${nodes.length} places)`);
}

/** Rows of a CSV file whose cells hold no commas. */
export function rows(text) {
  const [head, ...lines] = text.trimEnd().split("\n").map((line) => line.split(","));
  return lines.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i]])));
}
