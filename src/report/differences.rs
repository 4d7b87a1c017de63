//! The differences of `[compare]` in the terminal.

use super::agreement::{Agreement, Held};
use super::axes::Axes;
use super::compare;
use super::grid::MOST_ROWS;
use super::grid::{Column, Grid};
use super::labels::factors;
use super::look::Look;
use super::numbers::lines;
use super::numbers::{NOTHING, difference, fixed, grouped, percent};
use super::words::withheld;
use crate::design::Design;
use crate::summary::catalogue::{self, Estimator};
use crate::summary::{Comparison, Summary};

/// Marks a difference that stands after the adjustment for all tests.
const STANDS: &str = "*";

/// A row a compared design point; empty where nothing is compared.
pub fn table(design: &Design, axes: &Axes, summary: &Summary, look: Look) -> String {
    let Some(baseline) = compare::baseline(design, axes) else {
        return String::new();
    };
    let all: Vec<&[Comparison]> = summary
        .comparisons
        .chunk_by(|a, b| a.point == b.point)
        .collect();
    // The axes know the points of the table above.
    let shown = |point: usize| {
        let known = summary.points.iter().take(MOST_ROWS);
        known.into_iter().any(|row| row.point == point)
    };
    let rows: Vec<&[Comparison]> = all
        .iter()
        .copied()
        .filter(|row| row.first().is_some_and(|first| shown(first.point)))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let measures = measures(design);
    let mut wide = grid(design, axes, &rows, &measures, look);
    let dropped = wide.fit(look.width);
    let (tables, dropped) = if wide.width() > look.width {
        // One below the other there is room for all.
        let pages = grid(design, axes, &rows, &measures, look).pages(look.width);
        let drawn = pages.iter().map(|page| page.draw(look));
        (drawn.collect(), Vec::new())
    } else {
        (vec![wide.draw(look)], dropped)
    };
    let title = format!(
        "Differences from {} {} (± or in brackets: {} % intervals)",
        baseline.factor,
        baseline.level,
        percent(design.experiment().confidence)
    );
    let mut text = format!("\n{}{}", lines(&title, look.width), tables.join("\n"));
    if rows.len() < all.len() {
        let more = grouped((all.len() - rows.len()) as u64);
        text.push_str(&format!("… {more} more compared points: comparisons.csv\n"));
    }
    let tests = summary
        .comparisons
        .iter()
        .filter(|row| row.p_holm.is_some());
    let confidence = design.experiment().confidence;
    let mut notes = format!(
        "{STANDS} differs from 0 also after Holm's adjustment for all {} tests of comparisons.csv \
         (p < {}).",
        grouped(tests.count() as u64),
        risk(confidence)
    );
    if !dropped.is_empty() {
        // Without the unit, whose comma would read as that of a list.
        let names = dropped.iter().filter_map(|name| name.split(',').next());
        let names: Vec<&str> = names.collect();
        notes.push_str(&format!(" Left out to fit: {}.", names.join(", ")));
    }
    text.push_str(&look.dim(&lines(&notes, look.width)));
    text
}

/// What is compared in a column.
struct Measure {
    name: &'static str,
    estimator: &'static Estimator,
    sacrifice: u8,
}

/// What the SLA is held to, its miss, and the time to resolve.
fn measures(design: &Design) -> Vec<Measure> {
    let held = Agreement::of(design).held;
    let columns = [
        ("journey, % points", "journey_availability", 0),
        ("available, % points", "availability", 0),
        ("SLA miss, % points", "sla_miss", 0),
        ("MTTR, rounds", "mttr_rounds", 3),
    ];
    let shown = columns.into_iter().filter(|(_, estimate, _)| match held {
        Held::Servers => *estimate != "journey_availability",
        Held::Journey => *estimate != "availability",
        Held::Mixed => true,
    });
    let measure = |(name, estimate, sacrifice)| {
        let estimator = catalogue::find(estimate)?;
        Some(Measure {
            name,
            estimator,
            sacrifice,
        })
    };
    shown.filter_map(measure).collect()
}

/// The factors, and a column a measure.
fn grid(
    design: &Design,
    axes: &Axes,
    rows: &[&[Comparison]],
    measures: &[Measure],
    look: Look,
) -> Grid {
    let points: Vec<usize> = rows
        .iter()
        .filter_map(|row| Some(row.first()?.point))
        .collect();
    let confidence = design.experiment().confidence;
    let mut columns = factors(design, axes, points.iter().copied(), look);
    columns.extend(measures.iter().map(|measure| {
        Column {
            name: measure.name.to_owned(),
            cells: rows
                .iter()
                .map(|row| cell(row, measure, confidence))
                .collect(),
            is_name: false,
            sacrifice: measure.sacrifice,
        }
    }));
    Grid { columns }
}

fn find<'a>(row: &'a [Comparison], measure: &Measure) -> Option<&'a Comparison> {
    let mut row = row.iter();
    row.find(|comparison| comparison.estimate == measure.estimator.name)
}

/// A difference with its interval, and whether it stands after the adjustment: each by itself, since
/// a row has differences that do and others that don't.
fn cell(row: &[Comparison], measure: &Measure, confidence: f64) -> String {
    let comparison = find(row, measure);
    let stands = comparison.and_then(|comparison| comparison.p_holm);
    let stands = stands.is_some_and(|p| p < risk(confidence));
    // So that numbers with and without the mark end in one column.
    let mark = if stands { STANDS } else { " " };
    format!("{} {mark}", text(comparison, measure))
}

fn text(comparison: Option<&Comparison>, measure: &Measure) -> String {
    let Some(found) = comparison.and_then(|comparison| comparison.difference) else {
        return NOTHING.to_owned();
    };
    let (scale, fewest) = (measure.estimator.unit().scale(), measure.estimator.decimals);
    match found.interval {
        Some(interval) => difference(found.value, interval, scale, fewest),
        None => {
            let value = fixed(scale * found.value, fewest);
            format!("{value} ({})", withheld(found.method))
        }
    }
}

/// The probability of a difference that there is not: 0.05 for a confidence of 0.95.
fn risk(confidence: f64) -> f64 {
    ((1.0 - confidence) * 1e9).round() / 1e9
}
