//! The summary as a table and a small plot in the terminal, and as JSON.

use std::io::Write;

use anyhow::Result;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use polars::prelude::{AnyValue, DataFrame};
use serde::ser::{SerializeSeq, Serializer as _};
use serde_json::{Map, Serializer, Value};

use super::axes::Axes;
use super::bars;
use super::numbers::{NOTHING, digits, grouped, percent, with_interval, wrap};
use crate::design::{Design, Variation};
use crate::experiment::RandomNumbers;
use crate::statistics::Estimate;
use crate::statistics::mean::MeanEstimate;
use crate::summary::{PointSummary, Summary};

/// The widest line.
pub const WIDTH: usize = 80;
/// Rows of the table; the summary files have all.
pub const MOST_ROWS: usize = 200;
/// Widest text of a level.
const MOST_LEVEL: usize = 18;

/// The summary as a table that fits 80 columns, with what its numbers mean and a plot.
pub fn table(design: &Design, summary: &Summary) -> String {
    let rows = &summary.points[..summary.points.len().min(MOST_ROWS)];
    let points: Vec<usize> = rows.iter().map(|row| row.point).collect();
    let axes = Axes::new(design, &points);
    let mut grid = Grid::new(design, &axes, rows);
    let dropped = grid.fit();
    let mut text = grid.draw();
    if rows.len() < summary.design_points.len() {
        let more = summary.design_points.len() - rows.len();
        text.push_str(&format!(
            "… {} more design points: summary.csv\n",
            grouped(more as u64)
        ));
    }
    if !dropped.is_empty() {
        text.push_str(&lines(&format!(
            "Left out to fit {WIDTH} columns, see summary.csv: {}.",
            dropped.join(", ")
        )));
    }
    text.push_str(&notes(design, rows));
    text.push_str(&bars::plot(design, &axes, rows));
    text
}

/// The cells of the table, column by column; the first of each is the header.
struct Grid {
    columns: Vec<Column>,
}

struct Column {
    name: String,
    cells: Vec<String>,
    is_factor: bool,
    /// What goes first where the table is too wide; 0 stays.
    sacrifice: u8,
}

impl Grid {
    fn new(design: &Design, axes: &Axes, rows: &[PointSummary]) -> Self {
        let factors = axes
            .factors
            .iter()
            .enumerate()
            .map(|(factor, axis)| Column {
                name: axis.name.clone(),
                cells: rows
                    .iter()
                    .map(|row| shorten(&axis.labels[axes.levels(design, row.point)[factor]]))
                    .collect(),
                is_factor: true,
                sacrifice: if axis.levels.len() > 1 { 0 } else { 5 },
            });
        let mut columns: Vec<Column> = factors.collect();
        let mut add = |name: &str, sacrifice, cell: fn(&PointSummary) -> String| {
            columns.push(Column {
                name: name.to_owned(),
                cells: rows.iter().map(cell).collect(),
                is_factor: false,
                sacrifice,
            });
        };
        add("available %", 0, |row| mean(row.availability));
        add("SLA miss %", 0, |row| estimate(row.sla_miss, 100.0, 1));
        add("MTTR rounds", 3, |row| estimate(row.mttr_rounds, 1.0, 2));
        add("journey %", 4, |row| mean(row.journey_availability));
        if rows.windows(2).any(|pair| pair[0].n != pair[1].n) {
            add("n", 0, |row| row.n.to_string());
        }
        Self { columns }
    }

    /// Takes columns away until the table fits; returns their names.
    fn fit(&mut self) -> Vec<String> {
        let mut dropped = Vec::new();
        while self.width() > WIDTH {
            let wanted = self.columns.iter().map(|column| column.sacrifice).max();
            let at = self
                .columns
                .iter()
                .position(|c| Some(c.sacrifice) == wanted);
            match (wanted, at) {
                (Some(1..), Some(at)) => dropped.push(self.columns.remove(at).name),
                // What is left names the point and its SLA: the terminal wraps it.
                _ => break,
            }
        }
        dropped
    }

    fn width(&self) -> usize {
        let widths = self.columns.iter().map(|column| {
            let lines = header(&column.name).into_iter().chain(column.cells.clone());
            lines.map(|text| text.chars().count()).max().unwrap_or(0)
        });
        widths.sum::<usize>() + 2 * self.columns.len().saturating_sub(1)
    }

    fn draw(&self) -> String {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(self.columns.iter().map(|c| header(&c.name).join("\n")));
        for row in 0..self.columns.first().map_or(0, |column| column.cells.len()) {
            table.add_row(self.columns.iter().map(|column| &column.cells[row]));
        }
        let last = self.columns.len() - 1;
        for (at, (column, ours)) in table.column_iter_mut().zip(&self.columns).enumerate() {
            column.set_padding((0, if at == last { 0 } else { 2 }));
            if !ours.is_factor {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let text = table.to_string();
        let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let heads = self.columns.iter().map(|c| header(&c.name).len()).max();
        let rule = "─".repeat(self.width());
        lines.insert(heads.unwrap_or(1), &rule);
        lines.join("\n") + "\n"
    }
}

/// A header in lines: names of factors are broken at underscores and dots.
fn header(name: &str) -> Vec<String> {
    let pieces = name.split_inclusive(['_', '.', ' ']);
    let mut lines: Vec<String> = Vec::new();
    const WIDEST: usize = 10;
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if line.len() + piece.trim_end().len() <= WIDEST => line.push_str(piece),
            _ => lines.push(piece.to_owned()),
        }
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// A text in lines that fit.
pub fn lines(text: &str) -> String {
    wrap(text, WIDTH).join("\n") + "\n"
}

/// A long level without its middle.
fn shorten(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= MOST_LEVEL {
        return text.to_owned();
    }
    let tail = MOST_LEVEL / 2;
    let head: String = chars[..MOST_LEVEL - tail - 1].iter().collect();
    let tail: String = chars[chars.len() - tail..].iter().collect();
    format!("{head}…{tail}")
}

/// A mean in percent: ± where the interval is even, else with both its ends.
fn mean(estimate: Option<MeanEstimate>) -> String {
    let Some(MeanEstimate { mean, interval, .. }) = estimate else {
        return NOTHING.to_owned();
    };
    let Some(interval) = interval else {
        return format!("{:.2} (one run)", 100.0 * mean);
    };
    let (below, above) = (mean - interval.lo, interval.hi - mean);
    if (above - below).abs() >= 1e-11 {
        return with_interval(mean, interval, 100.0, 2);
    }
    let digits = digits(100.0 * above, 2);
    format!("{:.digits$} ±{:.digits$}", 100.0 * mean, 100.0 * above)
}

/// An estimate with its interval, or with the reason why there is none.
fn estimate(estimate: Option<Estimate>, scale: f64, fewest: usize) -> String {
    let Some(Estimate {
        value,
        interval,
        method,
    }) = estimate
    else {
        return NOTHING.to_owned();
    };
    match interval {
        Some(interval) => with_interval(value, interval, scale, fewest),
        None => {
            let reason = method.trim_start_matches("withheld_").replace('_', " ");
            let reason = reason.replace("replication", "run");
            format!("{:.fewest$} ({reason})", scale * value)
        }
    }
}

fn notes(design: &Design, rows: &[PointSummary]) -> String {
    let experiment = design.experiment();
    let mut text = format!(
        "{} % intervals in brackets or ±; {}",
        percent(experiment.confidence),
        super::setting(design)
    );
    if let [first, rest @ ..] = rows
        && rest.iter().all(|row| row.n == first.n)
    {
        text.push_str(&format!("; {} replications a point", grouped(first.n)));
    }
    text.push_str(&format!(
        "; seed {}. MTTR counts open incidents (restricted mean).",
        experiment.seed
    ));
    if rows.len() > 1 && experiment.random_numbers == RandomNumbers::Common {
        text.push_str(
            " Design points share random numbers, so overlap of two intervals is no test of their \
             difference.",
        );
    }
    text.push_str(&budget(design, rows));
    lines(&text)
}

/// The error budget with its formula and window, where all points have one.
fn budget(design: &Design, rows: &[PointSummary]) -> String {
    let mut variations = rows.iter().map(|row| design.variation(row.point));
    let Some(first) = variations.next() else {
        return String::new();
    };
    let of = |v: &Variation| {
        let servers = if v.sla_on_journey { 1 } else { v.servers };
        (
            v.rounds,
            servers,
            v.round_minutes.to_bits(),
            v.sla_target.clone(),
        )
    };
    let (rounds, servers, _, target) = of(first);
    if variations.any(|other| of(other) != of(first)) {
        return String::new();
    }
    let checks = first.sla_checks();
    let whose = if first.sla_on_journey {
        "of the journey".to_owned()
    } else {
        format!("× {servers} servers")
    };
    format!(
        " Error budget of a replication: (1 − {target} %) × {checks} checks, {}; downtime in it: \
         (1 − availability) × {rounds} rounds × {} min {whose}; both, and nines, in summary.csv.",
        match first.sla_budget {
            0 => "less than 1: any failed check misses the SLA".to_owned(),
            1 => "1 may fail".to_owned(),
            budget => format!("{} may fail", grouped(budget)),
        },
        first.round_minutes,
    )
}

/// Writes a table as a JSON array of objects, piece by piece.
pub fn json(out: impl Write, table: impl Iterator<Item = Result<DataFrame>>) -> Result<()> {
    let mut out = Serializer::pretty(out);
    let mut rows = out.serialize_seq(None)?;
    for piece in table {
        let piece = piece?;
        for row in 0..piece.height() {
            let mut object = Map::new();
            for column in piece.columns() {
                let value = column.get(row)?;
                object.insert(column.name().to_string(), to_json(&value));
            }
            rows.serialize_element(&object)?;
        }
    }
    Ok(rows.end()?)
}

fn to_json(value: &AnyValue) -> Value {
    match value {
        AnyValue::Boolean(value) => Value::from(*value),
        AnyValue::UInt32(value) => Value::from(*value),
        AnyValue::UInt64(value) => Value::from(*value),
        AnyValue::Int64(value) => Value::from(*value),
        AnyValue::Float64(value) => Value::from(*value),
        AnyValue::String(value) => Value::from(*value),
        AnyValue::StringOwned(value) => Value::from(value.as_str()),
        _ => Value::Null,
    }
}
