//! What remains of a world without its wrong values, so that what is wrong between the others is said too.

use std::collections::BTreeSet;

use crate::diagnostics::{Problem, Span};
use crate::document::{Node, Table, Value};

/// Where problems are. There may be as many of them as values in a file.
struct Places(BTreeSet<(usize, usize)>);

impl Places {
    fn of(problems: &[Problem]) -> Self {
        let spans = problems.iter().filter_map(Problem::span);
        Self(spans.map(|span| (span.start, span.end)).collect())
    }

    /// Whether a problem is at a value itself, or at a key.
    fn at(&self, span: &Span) -> bool {
        self.0.contains(&(span.start, span.end))
    }

    /// Whether a problem is at a value or at anything in it. Where worlds extend each other, parts of a
    /// value stand in other files than the whole, so places within are looked at one by one.
    fn touch(&self, value: &Value) -> bool {
        self.at(&value.span)
            || match &value.node {
                Node::Array(values) => values.iter().any(|value| self.touch(value)),
                Node::Table(table) => {
                    let mut entries = table.entries.iter();
                    entries.any(|(key, value)| self.at(&key.span()) || self.touch(value))
                }
                _ => false,
            }
    }
}

/// A world without what is wrong in it.
pub(super) struct Remainder {
    /// What is left; where a single value was wrong, its default.
    pub tree: Table,
    /// Every text in what was left out: what is unknown since it is gone.
    lost: BTreeSet<String>,
    /// Something is gone that had no name: anything may be unknown.
    blind: bool,
}

impl Remainder {
    /// Leaves out the entries of lists and tables, and the single values, that problems are at.
    pub fn new(tree: &Table, defaults: &Table, problems: &[Problem]) -> Self {
        let places = Places::of(problems);
        let mut remainder = Self {
            tree: Table {
                span: tree.span.clone(),
                entries: Vec::new(),
            },
            lost: BTreeSet::new(),
            blind: false,
        };
        for (key, value) in &tree.entries {
            let wrong = places.at(&key.span()) || places.at(&value.span);
            let kept = match (&value.node, places.touch(value)) {
                (_, false) if !wrong => Some(value.clone()),
                (Node::Array(values), _) if !wrong && are_tables(values) => {
                    Some(remainder.without(values, value, &places))
                }
                (Node::Table(table), _) if !wrong => {
                    Some(remainder.without_entries(table, value, &places))
                }
                _ => {
                    let default = defaults.get(key.get_ref());
                    match default {
                        None => remainder.lose(value),
                        Some(_) => {
                            remainder.note(value);
                        }
                    }
                    default.cloned()
                }
            };
            if let Some(value) = kept {
                remainder.tree.entries.push((key.clone(), value));
            }
        }
        remainder
    }

    /// Whether a problem of what is left may be one only because something is gone.
    pub fn explains(&self, problem: &Problem) -> bool {
        let general = problem.span().is_none() && !self.lost.is_empty();
        self.blind || general || problem.quotes().any(|name| self.lost.contains(name))
    }

    fn without(&mut self, values: &[Value], list: &Value, places: &Places) -> Value {
        let (gone, kept) = values
            .iter()
            .partition::<Vec<&Value>, _>(|value| places.touch(value));
        gone.into_iter().for_each(|value| self.lose(value));
        Value {
            span: list.span.clone(),
            node: Node::Array(kept.into_iter().cloned().collect()),
        }
    }

    fn without_entries(&mut self, table: &Table, value: &Value, places: &Places) -> Value {
        let mut entries = Vec::new();
        for (key, value) in &table.entries {
            if places.at(&key.span()) || places.touch(value) {
                self.lost.insert(key.get_ref().clone());
                self.note(value);
            } else {
                entries.push((key.clone(), value.clone()));
            }
        }
        let span = table.span.clone();
        Value {
            span: value.span.clone(),
            node: Node::Table(Table { span, entries }),
        }
    }

    /// Keeps the texts of an entry that is gone, if it has any.
    fn lose(&mut self, value: &Value) {
        self.blind |= !self.note(value);
    }

    /// Keeps every text of a value that is gone; says whether it has any.
    fn note(&mut self, value: &Value) -> bool {
        match &value.node {
            Node::String(text) => {
                self.lost.insert(text.clone());
                true
            }
            Node::Array(values) => {
                (values.iter()).fold(false, |named, value| self.note(value) | named)
            }
            Node::Table(table) => {
                (table.entries.iter()).fold(false, |named, (_, value)| self.note(value) | named)
            }
            _ => false,
        }
    }
}

fn are_tables(values: &[Value]) -> bool {
    let table = |value: &Value| matches!(value.node, Node::Table(_));
    values.iter().any(table)
}
