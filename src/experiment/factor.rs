//! Factors and their levels.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::range::{Range, Sampled};
use crate::diagnostics::{Problem, Span};
use crate::document::{Node, Table, Value};

/// The greatest whole number up to which every one is a float too.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// A level in an error.
fn shown(level: &Level) -> String {
    match level {
        Level::Text(text) => format!("`{text}`"),
        other => other.to_string(),
    }
}

/// The greatest trial.
const MOST_TRIAL: f64 = 1_000_000.0;

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
    /// What else each level is called: a world goes by its name, and by its file in several forms.
    pub(super) also: Vec<Vec<String>>,
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
    /// Who responds, by name.
    Responder,
    /// Which of several answers to the same questions, by number.
    Trial,
    /// The world.
    World,
    /// A value of the world, by its dotted path.
    Path,
}

impl FactorKind {
    /// Names of the factors that are not paths.
    pub const NAMES: [&str; 6] = [
        "chaos_level",
        "chaos_multiplier",
        "skill",
        "responder",
        "trial",
        "world",
    ];

    pub(super) fn of(name: &str) -> Self {
        match name {
            "chaos_level" => Self::ChaosLevel,
            "chaos_multiplier" => Self::ChaosMultiplier,
            "skill" => Self::Skill,
            "responder" => Self::Responder,
            "trial" => Self::Trial,
            "world" => Self::World,
            _ => Self::Path,
        }
    }

    /// Whether its levels are names.
    pub(super) fn is_named(&self) -> bool {
        matches!(
            self,
            Self::ChaosLevel | Self::Skill | Self::Responder | Self::World
        )
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
    /// A number, however it was spelled: 3 and 3.0 are one level.
    Number(f64),
    /// A name.
    Text(String),
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

impl Level {
    pub(super) fn of(node: &Node) -> Option<Self> {
        match node {
            Node::String(text) => Some(Self::Text(text.clone())),
            Node::Integer(number) => Some(Self::Number(*number as f64)),
            Node::Float(number, _) => Some(Self::Number(*number)),
            Node::Boolean(value) => Some(Self::Flag(*value)),
            Node::Array(_) | Node::Table(_) | Node::Datetime(_) => None,
        }
    }

    pub(super) fn node(&self) -> Node {
        match self {
            Self::Flag(value) => Node::Boolean(*value),
            // What a world wants as a whole number it takes only as one; a number it takes as either.
            Self::Number(number) if number.fract() == 0.0 && number.abs() <= MOST_EXACT => {
                Node::Integer(*number as i64)
            }
            Self::Number(number) => Node::Float(*number, number.to_string()),
            Self::Text(text) => Node::String(text.clone()),
        }
    }

    /// The level as a number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
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
            Self::Number(number) => ((number + 0.0).to_bits(), "number"),
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
            also: Vec::new(),
        }
    }

    /// The index of the level that a text means: what tables call it, another spelling of the number,
    /// or another name of it that no other level has.
    pub fn find(&self, text: &str) -> Option<usize> {
        let called = |level: &Level| level.to_string() == text;
        let number = |level: &Level| level.number().is_some_and(|n| Ok(n) == text.parse());
        let mut levels = self.levels.iter();
        let found = levels.position(|level| called(level) || number(level));
        found.or_else(|| {
            let is_called = |names: &Vec<String>| names.iter().any(|name| name == text);
            let mut also = (0..self.also.len()).filter(|level| is_called(&self.also[*level]));
            also.next().filter(|_| also.next().is_none())
        })
    }

    /// Calls the levels of the factor `world` by the names of the worlds; two of the same name keep
    /// what was written.
    pub(super) fn name_worlds(&mut self, names: &[String]) {
        let written: Vec<String> = self.levels.iter().map(ToString::to_string).collect();
        if names.len() != written.len() {
            return;
        }
        for (level, name) in names.iter().enumerate() {
            let unique = names.iter().filter(|other| *other == name).count() == 1;
            // Nor may it be what another was written as.
            let unique = unique && !(0..written.len()).any(|i| i != level && written[i] == *name);
            if unique {
                self.levels[level] = Level::Text(name.clone());
            }
        }
        let forms = |(written, name): (&String, &String)| {
            let path = Path::new(written);
            let parts = [path.file_name(), path.file_stem()].into_iter().flatten();
            let parts = parts.filter_map(|part| part.to_str());
            let mut forms: Vec<String> = vec![written.clone(), name.clone()];
            forms.extend(parts.map(str::to_owned));
            forms.dedup();
            forms
        };
        self.also = written.iter().zip(names).map(forms).collect();
    }

    /// How `factor=level` is written on a command line.
    pub fn pair(&self, level: usize) -> String {
        let text = self.levels[level].to_string();
        let plain = !text.contains([',', '"', '=']) && text.trim() == text && !text.is_empty();
        let text = match plain {
            true => text,
            false => format!("\"{}\"", text.replace('"', "\"\"")),
        };
        format!("{}={text}", self.name.get_ref())
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
    ///
    /// # Errors
    ///
    /// The value is neither a list of levels nor a range.
    pub fn read(name: &Spanned<String>, value: &'a Value, sampling: bool) -> Result<Self, Problem> {
        match &value.node {
            Node::Array(values) if values.is_empty() => {
                let message = format!("the factor `{}` has no levels", name.get_ref());
                Err(Problem::at(value.span.clone(), message, "empty")
                    .help("give at least one level, or leave the factor out"))
            }
            Node::Array(values) => Ok(Self::List(values)),
            Node::Table(table) => match bare_path(name, table) {
                Some(problem) => Err(problem),
                None if sampling && table.get("step").is_none() => {
                    Sampled::read(table, &value.span).map(Self::Sampled)
                }
                None => Range::read(table, &value.span).map(Self::Range),
            },
            // One value is one level.
            Node::String(_) | Node::Integer(_) | Node::Float(..) | Node::Boolean(_) => {
                Ok(Self::List(std::slice::from_ref(value)))
            }
            Node::Datetime(_) => {
                let message = format!("expected levels of `{}`, found a date", name.get_ref());
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

/// Says that a path needs quotes, where it was written without, which TOML reads as tables.
pub(super) fn bare_path(name: &Spanned<String>, table: &Table) -> Option<Problem> {
    let path = format!("{}.{}", name.get_ref(), rest_of_path(table)?);
    let message = format!("the path `{path}` needs quotes");
    let help = format!("write \"{path}\" = …; without quotes, TOML makes tables of the dots");
    Some(Problem::at(name.span(), message, "a table, without quotes").help(help))
}

fn rest_of_path(table: &Table) -> Option<String> {
    if table.keys().any(|key| super::range::KEYS.contains(&key)) {
        return None;
    }
    let (key, value) = table.entries.first()?;
    let rest = match &value.node {
        Node::Table(inner) => rest_of_path(inner),
        _ => None,
    };
    Some(rest.map_or_else(
        || key.get_ref().clone(),
        |rest| format!("{}.{rest}", key.get_ref()),
    ))
}

/// A factor by itself, whose levels are all different.
pub(super) fn single(
    name: &Spanned<String>,
    values: Vec<Value>,
    at: &Span,
) -> Result<Factor, Problem> {
    let distinct = Distinct::new(name, &values, at)?;
    let again = (0..values.len()).find(|row| distinct.rows[*row] != *row);
    if let Some(row) = again {
        let level = &distinct.levels[distinct.rows[row]];
        let message = format!("the level {level} of `{}` stands twice", name.get_ref());
        return Err(Problem::at(values[row].span.clone(), message, "again"));
    }
    Ok(distinct.factor(name, values).0)
}

/// A factor that goes with others: its levels, each once, and which of them each row has.
pub(super) fn column(
    name: &Spanned<String>,
    values: Vec<Value>,
    at: &Span,
) -> Result<(Factor, Vec<usize>), Problem> {
    Ok(Distinct::new(name, &values, at)?.factor(name, values))
}

/// The levels of a column, each once. There may be a million, so none is copied.
struct Distinct {
    kind: FactorKind,
    levels: Vec<Level>,
    /// The level of each row.
    rows: Vec<usize>,
    /// The first row of each level.
    first: Vec<usize>,
}

impl Distinct {
    fn new(name: &Spanned<String>, values: &[Value], at: &Span) -> Result<Self, Problem> {
        let kind = FactorKind::of(name.get_ref());
        let levels = values.iter().map(|value| checked_level(&kind, value));
        let mut levels = one_type(levels.collect::<Result<_, _>>()?, name, at)?;
        let mut known: BTreeMap<(u64, &str), usize> = BTreeMap::new();
        let (mut rows, mut first) = (Vec::with_capacity(levels.len()), Vec::new());
        for (row, level) in levels.iter().enumerate() {
            let index = *known.entry(level.identity()).or_insert_with(|| {
                first.push(row);
                first.len() - 1
            });
            rows.push(index);
        }
        keep(&mut levels, &first);
        Ok(Self {
            kind,
            levels,
            rows,
            first,
        })
    }

    fn factor(self, name: &Spanned<String>, mut values: Vec<Value>) -> (Factor, Vec<usize>) {
        keep(&mut values, &self.first);
        let factor = Factor {
            name: name.clone(),
            kind: self.kind,
            levels: self.levels,
            values,
            also: Vec::new(),
        };
        (factor, self.rows)
    }
}

/// Keeps what is at these places, which ascend.
fn keep<T>(list: &mut Vec<T>, places: &[usize]) {
    let (mut at, mut places) = (0, places.iter().peekable());
    list.retain(|_| {
        let kept = places.next_if(|place| **place == at).is_some();
        at += 1;
        kept
    });
}

pub(super) fn checked_level(kind: &FactorKind, value: &Value) -> Result<Level, Problem> {
    let wrong = |wanted: &str| {
        let message = format!("expected {wanted}, found {}", value.node.kind());
        Problem::at(value.span.clone(), message, "wrong type")
    };
    let level = Level::of(&value.node).ok_or_else(|| wrong("one value a level"))?;
    match kind {
        FactorKind::ChaosLevel | FactorKind::Skill | FactorKind::Responder | FactorKind::World => {
            match level {
                Level::Text(_) => Ok(level),
                _ => Err(wrong("a name")),
            }
        }
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
        FactorKind::Trial => match level.number() {
            Some(number) if (0.0..=MOST_TRIAL).contains(&number) && number.fract() == 0.0 => {
                Ok(level)
            }
            _ => Err(Problem::at(
                value.span.clone(),
                format!("a trial is a whole number, not {}", shown(&level)),
                "not a trial",
            )
            .help(format!("allowed: whole numbers, 0 to {MOST_TRIAL}"))),
        },
        FactorKind::Path => match level.number() {
            Some(number) if !number.is_finite() => Err(wrong("a finite number")),
            _ => Ok(level),
        },
    }
}

/// A column of a table has one type.
fn one_type(levels: Vec<Level>, name: &Spanned<String>, at: &Span) -> Result<Vec<Level>, Problem> {
    let kind = std::mem::discriminant(&levels[0]);
    if levels.iter().any(|l| std::mem::discriminant(l) != kind) {
        let message = format!("the levels of `{}` are of several types", name.get_ref());
        return Err(Problem::at(at.clone(), message, "mixed"));
    }
    Ok(levels)
}
