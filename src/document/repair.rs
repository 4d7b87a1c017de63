//! All errors of one value. serde stops at the first; here what that is about is repaired, and the value
//! is decoded again for the next.

use std::ops::ControlFlow;

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
    let mut at = error.span()?.clone();
    let mut fact = &error.fact;
    let replaced = Fact::Message(String::new());
    loop {
        match after_repair::<T>(value, error, &at, fact) {
            ControlFlow::Break(next) => return next,
            // Nothing that may stand there will do, so something else stands around it.
            // A table that a dotted key makes can have the place of what is in it.
            ControlFlow::Continue(()) => at = around(value, &at).filter(|wider| *wider != at)?,
        }
        fact = &replaced;
    }
}

/// The next error, once what is wrong at a place is repaired. Goes on where no repair of that place
/// will do.
fn after_repair<T: DeserializeOwned>(
    value: &mut Value,
    error: &Error,
    place: &Span,
    fact: &Fact,
) -> ControlFlow<Option<Error>> {
    let mut candidates = candidates();
    while let Some(candidate) = candidates.pop() {
        let mut repaired = value.clone();
        if !repair(&mut repaired, place, fact, candidate) {
            return ControlFlow::Break(None);
        }
        let Err(next) = T::deserialize(&repaired) else {
            return ControlFlow::Break(None);
        };
        let at = next.span().unwrap_or(&value.span);
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
        let same = next.span() == error.span() && next.to_string() == error.to_string();
        *value = repaired;
        return ControlFlow::Break((!same).then_some(next));
    }
    ControlFlow::Continue(())
}

/// The place of the value that directly holds what is at a place.
fn around(value: &Value, at: &Span) -> Option<Span> {
    let within = |inner: &Value| match inner.span == *at {
        true => Some(value.span.clone()),
        false => around(inner, at),
    };
    match &value.node {
        Node::Array(values) => values.iter().find_map(within),
        Node::Table(table) => {
            let is_key = |(key, _): &(Spanned<String>, Value)| key.span() == *at;
            if table.entries.iter().any(is_key) {
                return Some(value.span.clone());
            }
            table.entries.iter().find_map(|(_, value)| within(value))
        }
        _ => None,
    }
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
fn repair(value: &mut Value, at: &Span, fact: &Fact, candidate: Node) -> bool {
    if let (
        Node::Table(table),
        Fact::Unknown {
            what: "key",
            name,
            known,
        },
    ) = (&mut value.node, fact)
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
    match (fact, &mut value.node) {
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
            values.any(|value| repair(value, at, fact, candidate.clone()))
        }
        Node::Table(table) => {
            let mut entries = table.entries.iter_mut();
            entries.any(|(_, value)| repair(value, at, fact, candidate.clone()))
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
