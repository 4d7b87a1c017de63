//! Factors and their levels.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::{MOST_POINTS, range};
use crate::diagnostics::Problem;
use crate::document::{Node, Value};

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

    fn of(name: &str) -> Self {
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
    fn of(node: &Node) -> Option<Self> {
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

    fn same(&self, other: &Self) -> bool {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => a == b,
            _ => self == other,
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

/// Reads `[factors]`.
pub(super) fn read_all(value: &Value, problems: &mut Vec<Problem>) -> Vec<Factor> {
    let Node::Table(table) = &value.node else {
        let message = format!("`factors` must be a table, not {}", value.node.kind());
        problems.push(Problem::at(value.span.clone(), message, "wrong type"));
        return Vec::new();
    };
    let mut factors: Vec<Factor> = Vec::new();
    for (name, value) in &table.entries {
        match read(name, value) {
            Ok(factor) => factors.push(factor),
            Err(problem) => problems.push(problem),
        }
    }
    let find = |kind| factors.iter().find(|f| f.kind == kind);
    if let (Some(_), Some(multiplier)) = (
        find(FactorKind::ChaosLevel),
        find(FactorKind::ChaosMultiplier),
    ) {
        problems.push(Problem::at(
            multiplier.name.span(),
            "chaos_multiplier stands instead of chaos_level, not beside it",
            "one of the two",
        ));
    }
    let points = factors
        .iter()
        .map(|factor| factor.levels.len() as u64)
        .try_fold(1_u64, u64::checked_mul);
    if points.is_none_or(|points| points > MOST_POINTS) {
        let count = points.map_or("more than 10^19".to_owned(), |points| points.to_string());
        problems.push(
            Problem::at(
                value.span.clone(),
                format!("the design has {count} points"),
                "too many",
            )
            .help(format!("allowed: at most {MOST_POINTS}")),
        );
    }
    factors
}

fn read(name: &Spanned<String>, value: &Value) -> Result<Factor, Problem> {
    let kind = FactorKind::of(name.get_ref());
    let values = match &value.node {
        Node::Array(values) => values.clone(),
        Node::Table(range) => range::expand(range, &value.span)?,
        other => {
            let message = format!("the levels of `{}` are {}", name.get_ref(), other.kind());
            return Err(Problem::at(value.span.clone(), message, "not a list").help(
                "allowed: a list of levels, or a range { from = 0.5, to = 3.0, step = 0.25 }",
            ));
        }
    };
    if values.is_empty() {
        let message = format!("the factor `{}` has no levels", name.get_ref());
        return Err(Problem::at(value.span.clone(), message, "empty")
            .help("give at least one level, or leave the factor out"));
    }
    let mut levels: Vec<Level> = Vec::new();
    for value in &values {
        let level = checked_level(&kind, value)?;
        if levels.iter().any(|other| other.same(&level)) {
            let message = format!("the level {level} of `{}` stands twice", name.get_ref());
            return Err(Problem::at(value.span.clone(), message, "again"));
        }
        levels.push(level);
    }
    Ok(Factor {
        name: name.clone(),
        kind,
        levels: one_type(levels, name, value)?,
        values,
    })
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
fn one_type(
    levels: Vec<Level>,
    name: &Spanned<String>,
    value: &Value,
) -> Result<Vec<Level>, Problem> {
    let numbers = levels.iter().filter(|l| l.number().is_some()).count();
    let wholes = |level: &Level| matches!(level, Level::Integer(_));
    if numbers == levels.len() && !levels.iter().all(wholes) {
        let to_number = |level: Level| level.number().map_or(level, Level::Number);
        return Ok(levels.into_iter().map(to_number).collect());
    }
    let kind = std::mem::discriminant(&levels[0]);
    if levels.iter().any(|l| std::mem::discriminant(l) != kind) {
        let message = format!("the levels of `{}` are of several types", name.get_ref());
        return Err(Problem::at(value.span.clone(), message, "mixed"));
    }
    Ok(levels)
}
