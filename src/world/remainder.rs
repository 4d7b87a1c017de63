//! What remains of a world without its wrong values, so that what is wrong between the others is said too.

use crate::diagnostics::{Problem, Span};
use crate::document::{Node, Table, Value};

/// A world without what is wrong in it.
pub(super) struct Remainder {
    /// What is left; where a single value was wrong, its default.
    pub tree: Table,
    /// Every text in what was left out: what is unknown since it is gone.
    lost: Vec<String>,
    /// Something is gone that had no name: anything may be unknown.
    blind: bool,
}

impl Remainder {
    /// Leaves out the entries of lists and tables, and the single values, that problems are at.
    pub fn new(tree: &Table, defaults: &Table, problems: &[Problem]) -> Self {
        let spans: Vec<Span> = problems.iter().filter_map(Problem::span).collect();
        let mut remainder = Self {
            tree: Table {
                span: tree.span.clone(),
                entries: Vec::new(),
            },
            lost: Vec::new(),
            blind: false,
        };
        for (key, value) in &tree.entries {
            let wrong_key = spans.contains(&key.span());
            let kept = match (&value.node, touches(value, &spans)) {
                (_, false) if !wrong_key => Some(value.clone()),
                (Node::Array(values), _)
                    if !wrong_key && !spans.contains(&value.span) && are_tables(values) =>
                {
                    Some(remainder.without(values, value, &spans))
                }
                (Node::Table(table), _) if !wrong_key && !spans.contains(&value.span) => {
                    Some(remainder.without_entries(table, value, &spans))
                }
                _ => {
                    let default = defaults.get(key.get_ref());
                    match default {
                        None => remainder.lose(value),
                        Some(_) => remainder.note(value),
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
        let named = |text: &String| problem.says(&format!("`{text}`"));
        let general = problem.span().is_none() && !self.lost.is_empty();
        self.blind || general || self.lost.iter().any(named)
    }

    fn without(&mut self, values: &[Value], list: &Value, spans: &[Span]) -> Value {
        let (gone, kept) = values
            .iter()
            .partition::<Vec<&Value>, _>(|v| touches(v, spans));
        gone.into_iter().for_each(|value| self.lose(value));
        Value {
            span: list.span.clone(),
            node: Node::Array(kept.into_iter().cloned().collect()),
        }
    }

    fn without_entries(&mut self, table: &Table, value: &Value, spans: &[Span]) -> Value {
        let mut entries = Vec::new();
        for (key, value) in &table.entries {
            if spans.contains(&key.span()) || touches(value, spans) {
                self.lost.push(key.get_ref().clone());
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
        let before = self.lost.len();
        self.note(value);
        self.blind |= self.lost.len() == before;
    }

    /// Keeps every text of a value that is gone.
    fn note(&mut self, value: &Value) {
        match &value.node {
            Node::String(text) => self.lost.push(text.clone()),
            Node::Array(values) => values.iter().for_each(|value| self.note(value)),
            Node::Table(table) => table.entries.iter().for_each(|(_, value)| self.note(value)),
            _ => {}
        }
    }
}

fn are_tables(values: &[Value]) -> bool {
    let table = |value: &Value| matches!(value.node, Node::Table(_));
    values.iter().any(table)
}

/// Whether a problem is at a value or at anything in it. Where worlds extend each other, parts of a
/// value stand in other files than the whole, so places within are looked at one by one.
fn touches(value: &Value, spans: &[Span]) -> bool {
    spans.contains(&value.span)
        || match &value.node {
            Node::Array(values) => values.iter().any(|value| touches(value, spans)),
            Node::Table(table) => {
                let mut entries = table.entries.iter();
                entries.any(|(key, value)| spans.contains(&key.span()) || touches(value, spans))
            }
            _ => false,
        }
}
