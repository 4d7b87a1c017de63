//! The summary as a table in the terminal, and as JSON.

use anyhow::Result;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use polars::prelude::AnyValue;
use serde_json::{Map, Value};

use crate::design::Design;
use crate::results::Frame;
use crate::statistics::{Estimate, Interval};
use crate::summary::{PointSummary, Summary};

const NOTHING: &str = "–";

/// The summary as a table, with what its numbers mean.
pub fn table(design: &Design, summary: &Summary) -> String {
    let experiment = design.experiment();
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Disabled);
    let factors = experiment.factors.iter().map(|f| f.name.get_ref().clone());
    let estimates = [
        "availability %",
        "P(SLA miss)",
        "MTTR rounds",
        "journey %",
        "n",
    ];
    table.set_header(factors.chain(estimates.map(str::to_owned)));
    for row in &summary.points {
        let levels =
            (0..experiment.factors.len()).map(|factor| design.level(row.point, factor).to_string());
        table.add_row(levels.chain(cells(row)));
    }
    for column in table.column_iter_mut().skip(experiment.factors.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = format!("{table}\n");
    text.push_str(&notes(design));
    text
}

fn cells(row: &PointSummary) -> [String; 5] {
    let with_half_width = |mean: f64, interval: Option<Interval>| match interval {
        Some(interval) => {
            let half_width = 100.0 * (interval.hi - mean).max(mean - interval.lo);
            let digits = digits(half_width);
            format!("{:.digits$} ± {half_width:.digits$}", 100.0 * mean)
        }
        None => format!("{:.3}", 100.0 * mean),
    };
    let estimate = |estimate: Option<Estimate>, digits: usize| match estimate {
        None => NOTHING.to_owned(),
        Some(estimate) => match estimate.interval {
            None => format!("{:.digits$}", estimate.value),
            Some(interval) => format!(
                "{:.digits$} [{:.digits$}, {:.digits$}]",
                estimate.value, interval.lo, interval.hi
            ),
        },
    };
    let mean = |mean: Option<crate::statistics::mean::MeanEstimate>| {
        mean.map_or(NOTHING.to_owned(), |m| with_half_width(m.mean, m.interval))
    };
    [
        mean(row.availability),
        estimate(row.sla_miss, 4),
        estimate(row.mttr_rounds, 3),
        mean(row.journey_availability),
        row.n.to_string(),
    ]
}

/// Decimals that show a half-width with at least two digits, so that none reads as zero.
fn digits(half_width: f64) -> usize {
    const FEWEST: usize = 3;
    const MOST: usize = 9;
    let enough = |digits: &usize| half_width * 10_f64.powi(*digits as i32) >= 10.0;
    if half_width == 0.0 {
        return FEWEST;
    }
    (FEWEST..MOST).find(enough).unwrap_or(MOST)
}

fn notes(design: &Design) -> String {
    let experiment = design.experiment();
    let first = design.variation(0);
    let all: Vec<usize> = (0..design.len()).collect();
    let same = |differs: &dyn Fn(usize) -> bool| !all.iter().any(|point| differs(*point));
    let target = if same(&|p| design.variation(p).sla_target != first.sla_target) {
        format!("SLA target {} %", first.sla_target)
    } else {
        "SLA target as the design says".to_owned()
    };
    let rounds = if same(&|p| design.variation(p).rounds != first.rounds) {
        format!(
            "{} rounds of {} min a replication",
            first.rounds, first.round_minutes
        )
    } else {
        "rounds as the design says".to_owned()
    };
    format!(
        "{:.4} % intervals; {target}; {rounds}; seed {}. MTTR counts open incidents \
         (restricted mean).\nDesign points share random numbers, so overlap of two intervals is \
         no test of their difference.\n",
        100.0 * experiment.confidence,
        experiment.seed
    )
    .replacen(".0000 %", " %", 1)
}

/// A table as a JSON array of objects.
pub fn json(table: &Frame) -> Result<String> {
    let data = table.data()?;
    let mut rows = Vec::with_capacity(data.height());
    for row in 0..data.height() {
        let mut object = Map::new();
        for column in data.columns() {
            let value = column.get(row)?;
            object.insert(column.name().to_string(), to_json(&value));
        }
        rows.push(Value::Object(object));
    }
    Ok(serde_json::to_string_pretty(&rows)?)
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
