//! One HTML file that needs nothing else.

use anyhow::{Context, Result};

use super::asked;
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
///
/// # Errors
///
/// The report can't be encoded.
pub fn page(report: &Report) -> Result<String> {
    let data = serde_json::to_string(report).context("can't encode the report")?;
    let answer = report.answers.get(report.tolerance);
    let (headline, detail) = answer.map_or(("", ""), |a| (&a.headline, &a.detail));
    let scripts = SCRIPTS.concat();
    let criterion = criterion(report);
    let fields = [
        ("title", escape(&report.title)),
        ("setting", escape(&report.setting)),
        ("unfinished", unfinished(report)),
        ("plain", plain(report)),
        ("advice", advice(report)),
        ("asked", asked::section(&report.asked)),
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

/// That the sweep is not finished, above all that is said of it.
fn unfinished(report: &Report) -> String {
    let text = report.unfinished.as_deref();
    text.map_or(String::new(), |text| {
        format!("<p id=\"unfinished\" class=\"banner\">{}</p>\n", code(text))
    })
}

/// The answer in plain words: the sentence, and what stands beside it.
fn plain(report: &Report) -> String {
    let mut sentences = report.plain.iter();
    let first = sentences.next().map_or(String::new(), |text| {
        format!("<p id=\"plain\" class=\"plain\">{}</p>\n", escape(text))
    });
    let others = sentences.map(|text| format!("<p class=\"beside\">{}</p>\n", escape(text)));
    others.fold(first, |text, other| text + &other)
}

/// What is legal and surely not meant.
fn advice(report: &Report) -> String {
    if report.advice.is_empty() {
        return String::new();
    }
    let items: String = report
        .advice
        .iter()
        .map(|text| format!("<li>{}</li>\n", code(text)))
        .collect();
    format!(
        "<div id=\"advice\" class=\"banner\"><p>Before you use this answer:</p>\n<ul>\n{items}</ul></div>\n"
    )
}

/// Escaped, with what stands between backticks as code.
fn code(text: &str) -> String {
    let escaped = escape(text);
    let pieces: Vec<&str> = escaped.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return escaped;
    }
    let piece = |(at, piece): (usize, &&str)| match at % 2 {
        0 => (*piece).to_owned(),
        _ => format!("<code>{piece}</code>"),
    };
    pieces.iter().enumerate().map(piece).collect()
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
