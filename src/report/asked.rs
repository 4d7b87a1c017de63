//! A section of the page on responders that have to be asked: what they answered, and what that took.
//! The page of a sweep without them has none.

use super::axes::Axes;
use super::numbers::{fixed, grouped};
use super::page::escape;
use crate::counts::Answered;
use crate::design::Design;
use crate::summary::{Asked, PointSummary};

/// A design point and its answers.
#[derive(Debug, Clone)]
pub struct AskedPoint {
    levels: String,
    asked: Asked,
}

/// What was answered at each point that is shown.
pub fn of(
    design: &Design,
    axes: &Axes,
    kept: &[usize],
    points: &[PointSummary],
) -> Vec<AskedPoint> {
    let shown = points.iter().filter(|row| kept.contains(&row.point));
    let asked = shown.filter_map(|row| {
        Some(AskedPoint {
            asked: Asked::of(design, row)?,
            levels: axes.describe(&axes.levels(design, row.point)),
        })
    });
    asked.collect()
}

/// A column: its name, and what stands in it.
type Column = (&'static str, fn(&Asked) -> Option<String>);

const COLUMNS: [Column; 11] = [
    ("answers", |row| total(row, Answered::Answers)),
    ("of these invalid", |row| total(row, Answered::Invalid)),
    ("choices", |row| total(row, Answered::Choices)),
    ("of these declined", |row| Some(grouped(row.declined()))),
    ("as the runbook, %", |row| {
        row.agreement().map(|share| fixed(100.0 * share, 1))
    }),
    ("requests", |row| total(row, Answered::Requests)),
    ("prompt tokens", |row| row.tokens().map(|[n, _]| grouped(n))),
    ("completion tokens", |row| {
        row.tokens().map(|[_, n]| grouped(n))
    }),
    ("cost, $", |row| row.usd().map(|usd| fixed(usd, 2))),
    ("median, ms", |row| {
        row.latency_ms(500).map(|ms| grouped(ms.into()))
    }),
    ("95 %, ms", |row| {
        row.latency_ms(950).map(|ms| grouped(ms.into()))
    }),
];

fn total(row: &Asked, of: Answered) -> Option<String> {
    Some(grouped(row.total(of)))
}

/// The section; nothing where nobody has to be asked.
pub fn section(points: &[AskedPoint]) -> String {
    if points.is_empty() {
        return String::new();
    }
    // A column that says nothing of any point is left out: a program has no tokens.
    let cells = |(_, cell): &Column| points.iter().any(|point| cell(&point.asked).is_some());
    let columns: Vec<&Column> = COLUMNS.iter().filter(|column| cells(column)).collect();
    let heads: String = columns
        .iter()
        .map(|(name, _)| format!("<th scope=\"col\">{name}</th>"))
        .collect();
    let rows = points.iter().map(|point| {
        let cell = |(_, cell): &&Column| {
            let text = cell(&point.asked).unwrap_or_else(|| "–".to_owned());
            format!("<td>{text}</td>")
        };
        let cells: String = columns.iter().map(cell).collect();
        let levels = escape(&point.levels);
        format!("<tr><th scope=\"row\">{levels}</th>{cells}</tr>\n")
    });
    let rows: String = rows.collect();
    format!(
        "<section id=\"asked\" aria-labelledby=\"asked-title\">\n\
         <h2 id=\"asked-title\">Who was asked</h2>\n\
         <p>Responders that have to be asked answered from a recording. The intervals of this page cover chaos and \
         luck given these answers. They say nothing of how the same responder might have answered at another time, \
         even at temperature 0: for that, record further trials (the factor <code>trial</code>).</p>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"asked-title\">\n\
         <table>\n<thead><tr><th scope=\"col\">design point</th>{heads}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n\
         <p class=\"note\">Agreement with the runbook is a diagnostic, not a score: the runbook is not always best. \
         Latencies are those of the recording, with the waits between the attempts of a call that failed.</p>\n\
         </section>\n"
    )
}
