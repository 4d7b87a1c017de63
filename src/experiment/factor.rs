//! Factors and their levels.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::range::{Range, Sampled};
use crate::diagnostics::{Problem, Span};
use crate::document::{Node, Table, Value};

/// Something that an experiment varies.
#[derive(Debug, Clone)]
pub struct Factor {
    /// Its name in the file and in the tables.
    pub name: Spanned<String>,
    /// What it varies.
    pub kind: FactorKind,
    /// Its levels, in order.
    pub levels: Vec<Level>,
    /// The levels as they were written.
    pub(crate) values: Vec<Value>,
}

/// What a factor varies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactorKind {
    /// The chaos level, by name.
    ChaosLevel,
    /// The multiplier of all scenarios' probabilities, instead of a chaos level.
    ChaosMultiplier,
    /// The skill, by name.
    Skill,
    /// The world.
    World,
    /// A value of the world, by its dotted path.
    Path,
}

impl FactorKind {
    /// Names of the factors that are not paths.
    pub const NAMES: [&str; 4] = ["chaos_level", "chaos_multiplier", "skill", "world"];

    pub(super) fn of(name: &str) -> Self {
        match name {
            "chaos_level" => Self::ChaosLevel,
            "chaos_multiplier" => Self::ChaosMultiplier,
            "skill" => Self::Skill,
            "world" => Self::World,
            _ => Self::Path,
        }
    }

    /// Whether the factor changes the world itself.
    pub fn changes_world(&self) -> bool {
        matches!(self, Self::World | Self::Path)
    }
}

/// One level of a factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Level {
    /// A truth value.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A name.
    Text(String),
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

impl Level {
    pub(super) fn of(node: &Node) -> Option<Self> {
        match node {
            Node::String(text) => Some(Self::Text(text.clone())),
            Node::Integer(number) => Some(Self::Integer(*number)),
            Node::Float(number, _) => Some(Self::Number(*number)),
            Node::Boolean(value) => Some(Self::Flag(*value)),
            Node::Array(_) | Node::Table(_) | Node::Datetime(_) => None,
        }
    }

    pub(super) fn node(&self) -> Node {
        match self {
            Self::Flag(value) => Node::Boolean(*value),
            Self::Integer(number) => Node::Integer(*number),
            Self::Number(number) => Node::Float(*number, number.to_string()),
            Self::Text(text) => Node::String(text.clone()),
        }
    }

    /// The level as a number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Number(number) => Some(*number),
            Self::Flag(_) | Self::Text(_) => None,
        }
    }

    /// What two levels that are the same have in common, as 1 and 1.0.
    pub(super) fn identity(&self) -> (u64, &str) {
        match self {
            Self::Text(text) => (2, text),
            Self::Flag(value) => (u64::from(*value), "flag"),
            // −0 and 0 are one number.
            Self::Integer(_) | Self::Number(_) => {
                (self.number().map_or(0, |n| (n + 0.0).to_bits()), "number")
            }
        }
    }
}

impl Factor {
    /// A factor from its name and levels, without a place in a file.
    pub(super) fn from_levels(name: String, levels: Vec<Level>) -> Self {
        let value = |level: &Level| Value {
            span: 0..0,
            node: level.node(),
        };
        Self {
            kind: FactorKind::of(&name),
            values: levels.iter().map(value).collect(),
            name: Spanned::new(0..0, name),
            levels,
        }
    }
}

/// Levels as they stand in the file.
pub(super) enum Written<'a> {
    List(&'a [Value]),
    Range(Range),
    /// A range without a step, of which a sample takes its values.
    Sampled(Sampled),
}

impl<'a> Written<'a> {
    /// `sampling` allows a range without a step.
    pub fn read(name: &Spanned<String>, value: &'a Value, sampling: bool) -> Result<Self, Problem> {
        match &value.node {
            Node::Array(values) if values.is_empty() => {
                let message = format!("the factor `{}` has no levels", name.get_ref());
                Err(Problem::at(value.span.clone(), message, "empty")
                    .help("give at least one level, or leave the factor out"))
            }
            Node::Array(values) => Ok(Self::List(values)),
            Node::Table(table) => match bare_path(table) {
                Some(rest) => {
                    let path = format!("{}.{rest}", name.get_ref());
                    let message = format!("the path `{path}` needs quotes");
                    Err(Problem::at(name.span(), message, "a table, without them")
                        .help(format!("write \"{path}\" = …")))
                }
                None if sampling && table.get("step").is_none() => {
                    Sampled::read(table, &value.span).map(Self::Sampled)
                }
                None => Range::read(table, &value.span).map(Self::Range),
            },
            other => {
                let message = format!("the levels of `{}` are {}", name.get_ref(), other.kind());
                Err(Problem::at(value.span.clone(), message, "not a list").help(
                    "allowed: a list of levels, or a range { from = 0.5, to = 3.0, step = 0.25 }",
                ))
            }
        }
    }

    /// How many levels it adds to a full factorial; `None` for a sample.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::List(values) => Some(values.len() as u64),
            Self::Range(range) => Some(range.count),
            Self::Sampled(_) => None,
        }
    }
}

/// The rest of a path that was written without quotes, which TOML reads as tables.
fn bare_path(table: &Table) -> Option<String> {
    let (key, value) = table.entries.first()?;
    match &value.node {
        Node::Array(_) => Some(key.get_ref().clone()),
        Node::Table(inner) => {
            let rest = bare_path(inner).or_else(|| inner.get("from").map(|_| String::new()))?;
            Some(
                format!("{}.{rest}", key.get_ref())
                    .trim_end_matches('.')
                    .to_owned(),
            )
        }
        _ => None,
    }
}

/// A factor by itself, whose levels are all different.
pub(super) fn single(
    name: &Spanned<String>,
    values: Vec<Value>,
    at: &Span,
) -> Result<Factor, Problem> {
    let (factor, rows) = column(name, values.clone(), at)?;
    let again = (0..rows.len()).find(|row| rows[*row] != *row);
    if let Some(row) = again {
        let level = &factor.levels[rows[row]];
        let message = format!("the level {level} of `{}` stands twice", name.get_ref());
        return Err(Problem::at(values[row].span.clone(), message, "again"));
    }
    Ok(factor)
}

/// A factor that goes with others: its levels, each once, and which of them each row has.
pub(super) fn column(
    name: &Spanned<String>,
    values: Vec<Value>,
    at: &Span,
) -> Result<(Factor, Vec<usize>), Problem> {
    let kind = FactorKind::of(name.get_ref());
    let levels = values.iter().map(|value| checked_level(&kind, value));
    let levels = one_type(levels.collect::<Result<_, _>>()?, name, at)?;
    let mut first: BTreeMap<(u64, &str), usize> = BTreeMap::new();
    let (mut rows, mut kept) = (Vec::new(), Vec::new());
    for (row, level) in levels.iter().enumerate() {
        let index = *first.entry(level.identity()).or_insert_with(|| {
            kept.push(row);
            kept.len() - 1
        });
        rows.push(index);
    }
    let factor = Factor {
        name: name.clone(),
        kind,
        levels: kept.iter().map(|row| levels[*row].clone()).collect(),
        values: kept.iter().map(|row| values[*row].clone()).collect(),
    };
    Ok((factor, rows))
}

fn checked_level(kind: &FactorKind, value: &Value) -> Result<Level, Problem> {
    let wrong = |wanted: &str| {
        let message = format!("expected {wanted}, found {}", value.node.kind());
        Problem::at(value.span.clone(), message, "wrong type")
    };
    let level = Level::of(&value.node).ok_or_else(|| wrong("one value a level"))?;
    match kind {
        FactorKind::ChaosLevel | FactorKind::Skill | FactorKind::World => match level {
            Level::Text(_) => Ok(level),
            _ => Err(wrong("a name")),
        },
        FactorKind::ChaosMultiplier => match level.number() {
            Some(number) if number.is_finite() && number >= 0.0 => Ok(level),
            Some(number) => Err(Problem::at(
                value.span.clone(),
                format!("a chaos multiplier of {number} is not possible"),
                "not allowed",
            )
            .help("allowed: 0 or more")),
            None => Err(wrong("a number")),
        },
        FactorKind::Path => match level.number() {
            Some(number) if !number.is_finite() => Err(wrong("a finite number")),
            _ => Ok(level),
        },
    }
}

/// A column of a table has one type: whole numbers beside fractions become numbers.
fn one_type(levels: Vec<Level>, name: &Spanned<String>, at: &Span) -> Result<Vec<Level>, Problem> {
    let numbers = levels.iter().filter(|l| l.number().is_some()).count();
    let wholes = |level: &Level| matches!(level, Level::Integer(_));
    if numbers == levels.len() && !levels.iter().all(wholes) {
        let to_number = |level: Level| level.number().map_or(level, Level::Number);
        return Ok(levels.into_iter().map(to_number).collect());
    }
    let kind = std::mem::discriminant(&levels[0]);
    if levels.iter().any(|l| std::mem::discriminant(l) != kind) {
        let message = format!("the levels of `{}` are of several types", name.get_ref());
        return Err(Problem::at(at.clone(), message, "mixed"));
    }
    Ok(levels)
}
