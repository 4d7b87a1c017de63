//! A design from a CSV file: a column a factor, a row a design point.

use std::path::Path;
use std::sync::Arc;

use serde_spanned::Spanned;

use super::factor::FactorKind;
use super::group::{Group, Values};
use crate::diagnostics::{Problem, Sources, Span, visible};
use crate::document::{Node, Result, Value};
use crate::files;

/// The most bytes of a design.
const MOST_BYTES: u64 = 1 << 25;

/// Reads the file; its errors show the line.
pub(super) fn read(file: &Spanned<String>, folder: &Path, sources: &mut Sources) -> Result<Group> {
    let path = folder.join(file.get_ref());
    let shown = path.display().to_string();
    let fail = |why: String| {
        let message = format!("can't read the design {shown}: {why}");
        vec![Problem::at(file.span(), message, "this file")]
    };
    let bytes = files::read_named(&path, MOST_BYTES).map_err(|e| fail(e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| fail("it is not UTF-8 text".to_owned()))?;
    // Of a file that is something else nothing is shown: it may be private.
    if !names_factors(&text) {
        return Err(fail("its first line names no factors".to_owned()));
    }
    let text: Arc<str> = text.into();
    let base = sources.add(&shown, Arc::clone(&text));
    let (columns, rows) = table(&shown, &text, base)?;
    if rows == 0 {
        let message = format!("the design {shown} has no points");
        return Err(vec![Problem::at(file.span(), message, "this file").help(
            "the first line names the factors, each further line is a design point",
        )]);
    }
    let listed = columns.into_iter().map(|(name, values)| {
        let at = name.span();
        (name, Values::Listed(values), at)
    });
    Ok(Group {
        columns: listed.collect(),
        rows,
        together: true,
    })
}

/// A factor, and its level in each row.
type Column = (Spanned<String>, Vec<Value>);

/// The columns of a table that begins at `base`, and how many rows it has.
fn table(shown: &str, text: &str, base: usize) -> Result<(Vec<Column>, u64)> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let wrong = |e: &csv::Error| {
        let at = e.position().map_or(0, |at| at.byte() as usize);
        let message = format!("{shown} is not a table: {}", csv_message(e));
        vec![Problem::at(line_at(text, base, at), message, "here")]
    };
    let header = reader.headers().map_err(|e| wrong(&e))?.clone();
    let mut columns: Vec<Column> = Vec::new();
    for name in header.iter().map(|name| name.trim_matches('"')) {
        let at = header.position().map_or(0, |p| p.byte() as usize);
        let span = line_at(text, base, at);
        if name.is_empty() {
            let message = "a column without a name";
            return Err(vec![
                Problem::at(span, message, "here")
                    .help("the first line names the factors, separated by commas"),
            ]);
        }
        columns.push((Spanned::new(span, name.to_owned()), Vec::new()));
    }
    let mut rows = 0_u64;
    for record in reader.records() {
        let record = record.map_err(|e| wrong(&e))?;
        rows += 1;
        let at = record
            .position()
            .map_or(0, |position| position.byte() as usize);
        let span = line_at(text, base, at);
        for ((name, values), field) in columns.iter_mut().zip(&record) {
            if field.is_empty() {
                let message = format!("`{}` has no level in row {rows}", name.get_ref());
                return Err(vec![
                    Problem::at(span, message, "empty")
                        .help("each row needs a level of each factor"),
                ]);
            }
            let node = node(field, &FactorKind::of(name.get_ref()));
            let span = span.clone();
            values.push(Value { span, node });
        }
    }
    Ok((columns, rows))
}

/// Whether the first line of a table has only what can be names of factors.
fn names_factors(text: &str) -> bool {
    let mut lines = text
        .lines()
        .map(|line| line.trim_start_matches('\u{feff}').trim());
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    let in_a_name = |c: char| c.is_alphanumeric() || "._-\" \t,".contains(c);
    first.is_none_or(|line| line.chars().all(in_a_name))
}

/// A field as TOML would have it; what names something is a text, whatever it looks like.
fn node(field: &str, kind: &FactorKind) -> Node {
    if kind.is_named() {
        return Node::String(visible(field).into_owned());
    }
    if let Ok(number) = field.parse() {
        return Node::Integer(number);
    }
    match (field, field.parse::<f64>()) {
        ("true" | "false", _) => Node::Boolean(field == "true"),
        (_, Ok(number)) if number.is_finite() => Node::Float(number, field.to_owned()),
        _ => Node::String(visible(field).into_owned()),
    }
}

/// The line that begins at or before a byte.
fn line_at(text: &str, base: usize, at: usize) -> Span {
    let bytes = text.as_bytes();
    let length = |from: usize| {
        let line = bytes[from..].iter();
        line.take_while(|b| **b != b'\n' && **b != b'\r').count()
    };
    let mut start = at.min(bytes.len());
    // The reader counts a row from the end of the one before it.
    loop {
        let skipped = bytes[start..].iter();
        start += skipped.take_while(|b| b.is_ascii_whitespace()).count();
        match bytes.get(start) {
            Some(b'#') => start += length(start),
            _ => return base + start..base + start + length(start),
        }
    }
}

fn csv_message(e: &csv::Error) -> String {
    match e.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("this row has {len} fields, the first line has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8 text".to_owned(),
        other => format!("{other:?}"),
    }
}
