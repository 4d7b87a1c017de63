//! The differences of `[compare]` in the terminal.

use super::agreement::{Agreement, Held};
use super::axes::Axes;
use super::compare;
use super::grid::{Column, Grid};
use super::look::Look;
use super::numbers::{NOTHING, difference, fixed, grouped, p_value, percent};
use super::terminal::{MOST_ROWS, factors, lines, withheld};
use crate::design::Design;
use crate::summary::catalogue::{self, Estimator};
use crate::summary::{Comparison, Summary};

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
    let mut measures = measures(design);
    let mut wide = grid(design, axes, &rows, &measures, look);
    let dropped = wide.fit(look.width);
    let (tables, dropped) = if wide.width() > look.width {
        // One below the other there is room for all.
        let apart = measures.chunks(1);
        let apart = apart.map(|one| grid(design, axes, &rows, one, look).draw(look));
        (apart.collect(), Vec::new())
    } else {
        let before = measures.len();
        measures.retain(|measure| !dropped.iter().any(|name| name == measure.name));
        if measures.len() < before {
            // The p-values are of what is shown.
            wide = grid(design, axes, &rows, &measures, look);
            wide.fit(look.width);
        }
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
    let mut notes = format!(
        "p: the largest of the row, adjusted for all {} tests of comparisons.csv (Holm).",
        grouped(tests.count() as u64)
    );
    if !dropped.is_empty() {
        notes.push_str(&format!(" Left out to fit: {}.", dropped.join(", ")));
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

/// The factors, a column a measure, and the largest p-value of these.
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
    let mut columns = factors(design, axes, points.iter().copied(), look);
    columns.extend(measures.iter().map(|measure| Column {
        name: measure.name.to_owned(),
        cells: rows.iter().map(|row| cell(row, measure)).collect(),
        is_name: false,
        sacrifice: measure.sacrifice,
    }));
    columns.push(Column {
        name: "p".to_owned(),
        cells: rows.iter().map(|row| largest(row, measures)).collect(),
        is_name: false,
        sacrifice: 0,
    });
    Grid { columns }
}

fn find<'a>(row: &'a [Comparison], measure: &Measure) -> Option<&'a Comparison> {
    let mut row = row.iter();
    row.find(|comparison| comparison.estimate == measure.estimator.name)
}

fn cell(row: &[Comparison], measure: &Measure) -> String {
    let Some(found) = find(row, measure).and_then(|comparison| comparison.difference) else {
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

/// The largest adjusted p-value: no difference of the row has a larger one.
fn largest(row: &[Comparison], measures: &[Measure]) -> String {
    let found = measures.iter().filter_map(|measure| find(row, measure));
    let known = found.filter_map(|found| Some((found.p_holm?, found.p_is_known())));
    let largest = known.max_by(|a, b| a.0.total_cmp(&b.0));
    largest.map_or(NOTHING.to_owned(), |(p, known)| p_value(p, known))
}
