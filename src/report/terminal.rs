//! The summary as a table in the terminal, and as JSON.

use anyhow::Result;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use polars::prelude::AnyValue;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::design::Design;
use crate::experiment::RandomNumbers;
use crate::results::Frame;
use crate::statistics::mean::MeanEstimate;
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
    [
        mean(row.availability),
        estimate(row.sla_miss, 4),
        estimate(row.mttr_rounds, 3),
        mean(row.journey_availability),
        row.n.to_string(),
    ]
}

/// A mean in percent: ± where the interval is even, else with both its ends.
fn mean(estimate: Option<MeanEstimate>) -> String {
    let Some(MeanEstimate { mean, interval, .. }) = estimate else {
        return NOTHING.to_owned();
    };
    let mean = 100.0 * mean;
    let Some(Interval { lo, hi }) = interval else {
        return format!("{mean:.3} (one replication)");
    };
    let (below, above) = (mean - 100.0 * lo, 100.0 * hi - mean);
    let digits = digits(below.max(above));
    if (above - below).abs() < 1e-9 {
        return format!("{mean:.digits$} ± {above:.digits$}");
    }
    format!(
        "{mean:.digits$} [{:.digits$}, {:.digits$}]",
        100.0 * lo,
        100.0 * hi
    )
}

/// An estimate with its interval, or with the reason why there is none.
fn estimate(estimate: Option<Estimate>, digits: usize) -> String {
    let Some(Estimate {
        value,
        interval,
        method,
    }) = estimate
    else {
        return NOTHING.to_owned();
    };
    match interval {
        Some(Interval { lo, hi }) => format!("{value:.digits$} [{lo:.digits$}, {hi:.digits$}]"),
        None => {
            let reason = method.trim_start_matches("withheld_").replace('_', " ");
            format!("{value:.digits$} ({reason})")
        }
    }
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
    let mut text = format!(
        "{} % intervals; {target}; {rounds}; seed {}. MTTR counts open incidents (restricted \
         mean).\n",
        Decimal::try_from(100.0 * experiment.confidence)
            .unwrap_or_default()
            .round_dp(8)
            .normalize(),
        experiment.seed
    );
    if design.len() > 1 && experiment.random_numbers == RandomNumbers::Common {
        text.push_str(
            "Design points share random numbers, so overlap of two intervals is no test of their \
             difference.\n",
        );
    }
    text
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
