//! One HTML file that needs nothing else.

use anyhow::{Context, Result};

use super::data::Report;

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// Apache ECharts with only the parts that the page uses; see `page/README.md`.
const LIBRARY: &str = include_str!("page/echarts.min.js");
/// In the order in which they build on each other.
const SCRIPTS: [&str; 6] = [
    include_str!("page/core.js"),
    include_str!("page/figures.js"),
    include_str!("page/curves.js"),
    include_str!("page/details.js"),
    include_str!("page/tables.js"),
    include_str!("page/main.js"),
];

/// The page of a report: its bytes are a function of the data alone.
pub fn page(report: &Report) -> Result<String> {
    let data = serde_json::to_string(report).context("can't encode the report")?;
    let answer = report.answers.get(report.tolerance);
    let (headline, detail) = answer.map_or(("", ""), |a| (&a.headline, &a.detail));
    let scripts = SCRIPTS.concat();
    let criterion = criterion(report);
    let fields = [
        ("title", escape(&report.title)),
        ("setting", escape(&report.setting)),
        ("headline", escape(headline)),
        ("detail", escape(detail)),
        ("criterion", escape(&criterion)),
        ("style", STYLE.to_owned()),
        // Within a script nothing may look like its end.
        ("data", data.replace('<', "\\u003c")),
        ("library", LIBRARY.to_owned()),
        ("script", scripts),
    ];
    // In one pass, so that no value is read as a template.
    let mut pieces = TEMPLATE.split("{{");
    let mut page = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        let value = fields.iter().find(|(known, _)| *known == name);
        page.push_str(value.map_or("", |(_, value)| value));
        page.push_str(rest);
    }
    Ok(page)
}

fn criterion(report: &Report) -> String {
    format!(
        "Met: the whole interval of the share of replications that miss the SLA is at or below the \
         tolerance. Missed: the whole interval is above it. Undecided: the tolerance is within the \
         interval. {}.",
        report.setting
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
