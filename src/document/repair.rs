//! All errors of one value. serde stops at the first; here what that is about is repaired, and the value
//! is decoded again for the next.

use serde::de::DeserializeOwned;
use serde_spanned::Spanned;

use super::error::{Error, Fact};
use super::{Node, Table, Value};
use crate::diagnostics::{MOST_SHOWN, Span, nearest};

/// Where nothing of a user's stands: the place of what repairs put in.
const REPAIRED: Span = usize::MAX - 1..usize::MAX;
/// Values within a value that is decoded again and again.
const MOST_VALUES: usize = 1_000;

/// Decodes a value, or finds all that is wrong with it.
pub(super) fn decode_all<T: DeserializeOwned>(value: &Value) -> Result<T, Vec<Error>> {
    let mut error = match T::deserialize(value) {
        Ok(decoded) => return Ok(decoded),
        Err(error) => error,
    };
    let mut errors = Vec::new();
    let mut rest = value.clone();
    let repeatable = count(value) <= MOST_VALUES;
    while repeatable && errors.len() < MOST_SHOWN {
        let Some(next) = after::<T>(&mut rest, &error) else {
            break;
        };
        errors.push(error);
        error = next;
    }
    errors.push(error);
    Err(errors)
}

/// The next error, once this one is repaired; `None` if there is none, or this one can't be.
fn after<T: DeserializeOwned>(value: &mut Value, error: &Error) -> Option<Error> {
    let mut candidates = candidates();
    while let Some(candidate) = candidates.pop() {
        let mut repaired = value.clone();
        if !repair(&mut repaired, error, candidate) {
            return None;
        }
        let next = T::deserialize(&repaired).err()?;
        let at = next.span()?;
        if *at == REPAIRED
            || (matches!(next.fact, Fact::Message(_)) && holds_a_repair(&repaired, at, false))
        {
            // One of the names that are known there will do.
            if let Fact::Unknown { known, .. } = next.fact {
                let name = known.first().map(|name| Node::String((*name).to_owned()));
                candidates.extend(name);
            }
            continue;
        }
        let same = Some(at) == error.span() && next.to_string() == error.to_string();
        *value = repaired;
        return (!same).then_some(next);
    }
    None
}

/// What may stand in the place of a wrong value, the likeliest last.
fn candidates() -> Vec<Node> {
    let number = |number: f64| Node::Float(number, number.to_string());
    let placed = |node| Value {
        span: REPAIRED,
        node,
    };
    vec![
        Node::Boolean(true),
        Node::Table(Table {
            span: REPAIRED,
            entries: Vec::new(),
        }),
        Node::Array(vec![placed(number(0.25)), placed(number(0.5))]),
        Node::Array(Vec::new()),
        Node::String("x".to_owned()),
        number(50.0),
        number(0.5),
        Node::Integer(1),
    ]
}

/// Whether something that a repair put in stands within the value at a place (`inside`: around this
/// value): what is said of that may be wrong because of the repair.
fn holds_a_repair(value: &Value, at: &Span, inside: bool) -> bool {
    let inside = inside || value.span == *at;
    let repaired =
        |value: &Value| (inside && value.span == REPAIRED) || holds_a_repair(value, at, inside);
    match &value.node {
        Node::Array(values) => values.iter().any(repaired),
        Node::Table(table) => table.entries.iter().any(|(_, value)| repaired(value)),
        _ => false,
    }
}

/// Renames an unknown key or takes it away, adds a missing one, replaces a wrong value. Returns whether it was
/// found.
fn repair(value: &mut Value, error: &Error, candidate: Node) -> bool {
    let Some(at) = error.span() else {
        return false;
    };
    if let (
        Node::Table(table),
        Fact::Unknown {
            what: "key",
            name,
            known,
        },
    ) = (&mut value.node, &error.fact)
    {
        let key = table.entries.iter().position(|(key, _)| key.span() == *at);
        if let Some(key) = key {
            // A misspelled key is not missing, too.
            match nearest(name, known).filter(|near| table.get(near).is_none()) {
                Some(near) => table.entries[key].0 = Spanned::new(at.clone(), near.to_owned()),
                None => drop(table.entries.remove(key)),
            }
            return true;
        }
    }
    let placed = Value {
        span: REPAIRED,
        node: candidate.clone(),
    };
    match (&error.fact, &mut value.node) {
        (Fact::Missing(field), Node::Table(table)) if value.span == *at => {
            let key = Spanned::new(REPAIRED, (*field).to_owned());
            table.entries.push((key, placed));
            return true;
        }
        (Fact::Message(_) | Fact::Unknown { what: "name", .. }, _) if value.span == *at => {
            *value = placed;
            return true;
        }
        _ => {}
    }
    match &mut value.node {
        Node::Array(values) => {
            let mut values = values.iter_mut();
            values.any(|value| repair(value, error, candidate.clone()))
        }
        Node::Table(table) => {
            let mut entries = table.entries.iter_mut();
            entries.any(|(_, value)| repair(value, error, candidate.clone()))
        }
        _ => false,
    }
}

fn count(value: &Value) -> usize {
    let within = match &value.node {
        Node::Array(values) => values.iter().map(count).sum(),
        Node::Table(table) => table.entries.iter().map(|(_, value)| count(value)).sum(),
        _ => 0,
    };
    within + 1
}
