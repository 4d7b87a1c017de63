//! Tables and verdicts as JSON, piece by piece: a sweep of a million design points is printed in little memory.

use std::cell::RefCell;
use std::io::Write;

use anyhow::{Result, anyhow};
use polars_core::prelude::{AnyValue, DataFrame};
use serde::ser::{Error, Serialize, SerializeMap, SerializeSeq, Serializer as _};
use serde_json::{Map, Serializer, Value};

use super::gates::{GateRow, row};
use crate::design::Design;
use crate::gate::Decided;

/// Writes a table as an array of objects.
///
/// # Errors
///
/// Those of the table and of `out`.
pub fn json(out: impl Write, table: impl Iterator<Item = Result<DataFrame>>) -> Result<()> {
    Ok(Rows::of(table).serialize(&mut Serializer::pretty(out))?)
}

/// Writes what a sweep came to as an object: `summary` and `comparisons`, where they are given, are
/// arrays of objects with the columns of these tables, and `gates` has the verdicts, if there are
/// some.
///
/// # Errors
///
/// Those of the tables and of `out`.
pub fn document<T: Iterator<Item = Result<DataFrame>>>(
    out: impl Write,
    design: &Design,
    summary: Option<T>,
    comparisons: Option<T>,
    decided: &[Decided],
) -> Result<()> {
    let mut out = Serializer::pretty(out);
    let mut object = out.serialize_map(None)?;
    if let Some(summary) = summary {
        object.serialize_entry("summary", &Rows::of(summary))?;
    }
    if let Some(comparisons) = comparisons {
        object.serialize_entry("comparisons", &Rows::of(comparisons))?;
    }
    if !decided.is_empty() {
        let gates: Vec<GateRow> = decided.iter().map(|one| row(design, one)).collect();
        object.serialize_entry("gates", &gates)?;
    }
    Ok(SerializeMap::end(object)?)
}

/// The rows of a table, read while they are written, once.
struct Rows<T>(RefCell<T>);

impl<T: Iterator<Item = Result<DataFrame>>> Rows<T> {
    fn of(table: T) -> Self {
        Self(RefCell::new(table))
    }
}

impl<T: Iterator<Item = Result<DataFrame>>> Serialize for Rows<T> {
    fn serialize<S: serde::Serializer>(&self, out: S) -> std::result::Result<S::Ok, S::Error> {
        let mut rows = out.serialize_seq(None)?;
        for piece in &mut *self.0.borrow_mut() {
            let piece = piece.map_err(failed)?;
            for row in 0..piece.height() {
                rows.serialize_element(&object(&piece, row).map_err(failed)?)?;
            }
        }
        rows.end()
    }
}

fn failed<E: Error>(error: anyhow::Error) -> E {
    E::custom(format!("{error:#}"))
}

/// A row by the names of its columns.
fn object(table: &DataFrame, at: usize) -> Result<Map<String, Value>> {
    let columns = table.columns().iter();
    columns
        .map(|column| Ok((column.name().to_string(), to_json(&column.get(at)?)?)))
        .collect()
}

fn to_json(value: &AnyValue) -> Result<Value> {
    Ok(match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => Value::from(*value),
        AnyValue::Int32(value) => Value::from(*value),
        AnyValue::Int64(value) => Value::from(*value),
        AnyValue::Float64(value) => Value::from(*value),
        AnyValue::String(value) => Value::from(*value),
        AnyValue::StringOwned(value) => Value::from(value.as_str()),
        other => return Err(anyhow!("no JSON for a column of {}", other.dtype())),
    })
}
