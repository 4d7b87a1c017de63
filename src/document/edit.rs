//! Changes of a tree: merging by name, removing and setting by path.
//!
//! A path is dotted: `skills.mid.panic_threshold`, `chaos.cpu_spike.probability`. In an array it
//! names the entry with that `name`, or counts from 0 where entries have none.

use std::collections::BTreeMap;

use serde_spanned::Spanned;

use super::{Node, Table, Value};
use crate::diagnostics::{Problem, Span};

/// Lays `over` on `base`: tables by key, arrays of tables by the identity of their entries (see
/// [`identity`]); anything else replaces what was there, and so does another distribution of a duration.
pub fn merge(base: &mut Table, over: Table) {
    base.span = over.span;
    let keys = base.entries.iter().enumerate();
    let places: BTreeMap<String, usize> = keys
        .map(|(at, (key, _))| (key.get_ref().clone(), at))
        .collect();
    for (key, value) in over.entries {
        match places.get(key.get_ref()) {
            Some(at) => merge_value(&mut base.entries[*at].1, value),
            None => base.entries.push((key, value)),
        }
    }
}

fn merge_value(base: &mut Value, over: Value) {
    match (&mut base.node, over.node) {
        (Node::Table(base), Node::Table(over)) if !replaces(base, &over) => merge(base, over),
        (Node::Array(base), Node::Array(over))
            if !over.is_empty() && over.iter().all(|v| identity(v).is_some()) =>
        {
            // Only what was there before is merged with: a name given twice in one file stays twice,
            // and is refused later.
            let mut places: BTreeMap<Option<Identity>, usize> = BTreeMap::new();
            for (at, old) in base.iter().enumerate() {
                places.entry(identity(old)).or_insert(at);
            }
            for value in over {
                match places.get(&identity(&value)) {
                    Some(at) => merge_value(&mut base[*at], value),
                    None => base.push(value),
                }
            }
        }
        (node, over) => *node = over,
    }
    base.span = over.span;
}

/// Distributions of a duration: a table with the one does not become one with the other too.
const DISTRIBUTIONS: [&str; 4] = ["geometric", "lognormal", "weibull", "values"];

/// Whether a table is another kind of distribution.
fn replaces(base: &Table, over: &Table) -> bool {
    let kind = |table: &Table| {
        let mut keys = table.keys();
        let kind = keys.next().filter(|key| DISTRIBUTIONS.contains(key));
        kind.filter(|_| keys.next().is_none()).map(str::to_owned)
    };
    let (base, over) = (kind(base), kind(over));
    base.is_some() && over.is_some() && base != over
}

type Identity = Vec<Option<String>>;

/// What makes two entries of an array the same: their `name`, or for lines of the runbook what
/// they answer to.
fn identity(value: &Value) -> Option<Identity> {
    let Node::Table(table) = &value.node else {
        return None;
    };
    let text = |key| match table.get(key).map(|value| &value.node) {
        Some(Node::String(text)) => Some(text.clone()),
        _ => None,
    };
    if text("name").is_some() {
        return Some(vec![text("name")]);
    }
    text("alert")?;
    Some(vec![text("alert"), text("level"), text("server_type")])
}

/// The value at a path.
///
/// # Errors
///
/// Nothing stands at the path; names what is near.
pub fn get<'a>(table: &'a Table, path: &str, span: &Span) -> Result<&'a Value, Problem> {
    let mut segments = path.split('.');
    let first = segments.next().unwrap_or_default();
    let mut value = table
        .get(first)
        .ok_or_else(|| unknown(path, first, span, table.keys().collect()))?;
    for segment in segments {
        value = child(value, segment).ok_or_else(|| {
            let problem = unknown(path, segment, span, names(value));
            match &value.node {
                Node::Table(_) => problem.help(
                    "a path leads to what is written: a key that is left out can be changed once the \
                     world, or one that extends it, has it",
                ),
                _ => problem,
            }
        })?;
    }
    Ok(value)
}

/// Replaces the scalar at a path, which must be there and of the same kind.
///
/// # Errors
///
/// Nothing stands at the path, or something of another kind.
pub fn set(table: &mut Table, path: &Spanned<String>, new: &Value) -> Result<(), Problem> {
    let old = get(table, path.get_ref(), &path.span())?;
    let same = old.node.kind() == new.node.kind() || old.node.is_number() && new.node.is_number();
    if matches!(old.node, Node::Array(_) | Node::Table(_)) {
        return Err(Problem::at(
            path.span(),
            format!("`{}` is {}, not one value", path.get_ref(), old.node.kind()),
            "this can't be varied as a whole",
        )
        .help(format!(
            "go on to one of its entries: {}",
            names(old).join(", ")
        )));
    }
    if !same {
        let message = format!(
            "`{}` is {}, and can't become {}",
            path.get_ref(),
            old.node.kind(),
            new.node.kind()
        );
        return Err(Problem::at(new.span.clone(), message, "wrong type"));
    }
    if let Some(slot) = get_mut(table, path.get_ref()) {
        *slot = new.clone();
    }
    Ok(())
}

/// Takes out the entry at a path.
///
/// # Errors
///
/// Nothing stands at the path.
pub fn remove(table: &mut Table, path: &str, span: &Span) -> Result<(), Problem> {
    get(table, path, span)?;
    let Some((parent, last)) = path.rsplit_once('.') else {
        table.take(path);
        return Ok(());
    };
    match get_mut(table, parent).map(|value| &mut value.node) {
        Some(Node::Table(table)) => {
            table.take(last);
        }
        Some(Node::Array(values)) => {
            if let Some(at) = position(values, last) {
                values.remove(at);
            }
        }
        _ => {}
    }
    Ok(())
}

/// The value at a path, if it is there.
pub fn get_mut<'a>(table: &'a mut Table, path: &str) -> Option<&'a mut Value> {
    let mut segments = path.split('.');
    let mut value = table.get_mut(segments.next()?)?;
    for segment in segments {
        value = match &mut value.node {
            Node::Table(table) => table.get_mut(segment)?,
            Node::Array(values) => {
                let at = position(values, segment)?;
                &mut values[at]
            }
            _ => return None,
        };
    }
    Some(value)
}

fn child<'a>(value: &'a Value, segment: &str) -> Option<&'a Value> {
    match &value.node {
        Node::Table(table) => table.get(segment),
        Node::Array(values) => position(values, segment).map(|at| &values[at]),
        _ => None,
    }
}

fn position(values: &[Value], segment: &str) -> Option<usize> {
    values
        .iter()
        .position(|value| value.name() == Some(segment))
        .or_else(|| segment.parse().ok().filter(|at| *at < values.len()))
}

/// What a path can go on with from here.
fn names(value: &Value) -> Vec<String> {
    match &value.node {
        Node::Table(table) => table.keys().map(str::to_owned).collect(),
        Node::Array(values) => values
            .iter()
            .enumerate()
            .map(|(i, value)| value.name().map_or_else(|| i.to_string(), str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

fn unknown<S: AsRef<str>>(path: &str, segment: &str, span: &Span, known: Vec<S>) -> Problem {
    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    Problem::at(
        span.clone(),
        format!("`{path}` names nothing in the world: there is no `{segment}`"),
        "no such path",
    )
    .suggest(segment, &known)
}
