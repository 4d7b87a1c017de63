// Makes the chart library of the page from the packages pinned here; `--check` only compares.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../../src/report/page/echarts.min.js");
const require = createRequire(import.meta.url);
const folder = (name) => dirname(require.resolve(`${name}/package.json`));
const version = JSON.parse(readFileSync(join(folder("echarts"), "package.json"))).version;
const notice = readFileSync(join(folder("echarts"), "NOTICE"), "utf8").trim();
const zrender = readFileSync(join(folder("zrender"), "LICENSE"), "utf8").trim();
const banner = `/*!
Apache ECharts ${version}, a build of the parts that this page uses (tests/browser/echarts.js).

${notice}

Licensed under the Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0
It includes zrender, under this licence:

${zrender}
*/`;
const { outputFiles } = await build({
  entryPoints: [join(here, "echarts.js")],
  bundle: true, minify: true, format: "iife", globalName: "echarts", charset: "utf8",
  legalComments: "inline", write: false, banner: { js: banner },
});
const made = outputFiles[0].text;
if (process.argv.includes("--check")) {
  if (made !== readFileSync(target, "utf8")) {
    console.error("src/report/page/echarts.min.js is not what `npm run echarts` makes");
    process.exit(1);
  }
} else {
  writeFileSync(target, made);
}
console.log(`echarts.min.js: ECharts ${version}, ${made.length} characters`);
