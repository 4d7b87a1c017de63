//! TOML documents whose values know where they were written.
//!
//! World files are merged and changed as trees, and only the result is decoded into types, so
//! that one set of checks sees every number whatever way it came in: from the file itself, from
//! the world it extends, or from a factor of an experiment.

mod decode;
mod edit;
mod error;
mod json;
mod kind;
mod repair;

use std::path::Path;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostics::{Problem, Sources, Span, visible};
use crate::files::{self, Unfit};

pub use decode::{Fields, decode};
pub use edit::{get, get_mut, merge, remove, set};
pub use kind::{EXPERIMENT_KEYS, FileKind, WORLD_KEYS};

/// Everything that is wrong with a document.
pub type Result<T> = std::result::Result<T, Vec<Problem>>;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Its place in the offset space of [`Sources`].
    pub span: Span,
    /// What stands there.
    pub node: Node,
}

impl Value {
    /// The table that it must be; `what` names the key in the message where it is none.
    pub fn table(&self, what: &str, problems: &mut Vec<Problem>) -> Option<&Table> {
        match &self.node {
            Node::Table(table) => Some(table),
            other => {
                let message = format!("`{what}` must be a table, not {}", other.kind());
                problems.push(Problem::at(self.span.clone(), message, "wrong type"));
                None
            }
        }
    }

    /// The `name` of a table that has one.
    pub fn name(&self) -> Option<&str> {
        match &self.node {
            Node::Table(table) => match &table.get("name")?.node {
                Node::String(name) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction, and the text it was written as (underscores removed).
    Float(f64, String),
    /// `true` or `false`.
    Boolean(bool),
    /// Values in order.
    Array(Vec<Value>),
    /// Values by name.
    Table(Table),
    /// A date or time, which no file of ours has a use for.
    Datetime(String),
}

/// Keys and values in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Where the table stands as a whole.
    pub span: Span,
    /// The entries in order; keys are unique.
    pub entries: Vec<(Spanned<String>, Value)>,
}

impl Table {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries
            .iter()
            .find(|(k, _)| k.get_ref() == key)
            .map(|(_, value)| value)
    }

    /// The value of a key, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.entries
            .iter_mut()
            .find(|(k, _)| k.get_ref() == key)
            .map(|(_, value)| value)
    }

    /// Takes an entry out.
    pub fn take(&mut self, key: &str) -> Option<(Spanned<String>, Value)> {
        let at = self.entries.iter().position(|(k, _)| k.get_ref() == key)?;
        Some(self.entries.remove(at))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.get_ref().as_str())
    }
}

impl Node {
    /// The kind of the value, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(..) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
            Self::Datetime(_) => "a date",
        }
    }

    /// Whether the value is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Integer(_) | Self::Float(..))
    }
}

/// Whether a text is one of our files: a line of it begins with a key of one. Nothing of any other file
/// is shown: it may be private, and given by mistake.
fn is_ours(text: &str) -> bool {
    let known =
        |key: &str| key == "name" || EXPERIMENT_KEYS.contains(&key) || WORLD_KEYS.contains(&key);
    text.lines().any(|line| {
        let line = line.trim_start_matches(['\u{feff}', ' ', '\t', '[', '"']);
        let end = line.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let (key, rest) = line.split_at(end.unwrap_or(line.len()));
        let rest = rest.trim_start_matches(['"', ' ', '\t']);
        known(key) && rest.starts_with(['=', '.', ']'])
    })
}

fn refuse_other(file: &str, why: &str) -> Vec<Problem> {
    let message = format!("{file} is neither an experiment nor a world file: {why}");
    vec![
        Problem::general(message).help(
            "expected TOML with keys such as name, replications, factors; or servers, extends",
        ),
    ]
}

/// The most bytes of an experiment or world file.
const MOST_BYTES: u64 = 1 << 20;

/// Reads and parses a file, which messages call by `path` as given.
///
/// # Errors
///
/// The file can't be read, is not one of ours, or is not TOML.
pub fn read(path: &Path, sources: &mut Sources) -> Result<Table> {
    let name = path.display().to_string();
    let fail = |problem| Err(vec![problem]);
    let bytes = match files::read_named(path, MOST_BYTES) {
        Ok(bytes) => bytes,
        Err(e) => {
            let problem = Problem::general(format!("can't read the file {name}: {e}"));
            return fail(match files::unfit(&e) {
                Some(Unfit::Special) => problem.help("save what comes from a pipe as a file first"),
                _ => problem,
            });
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) if !is_ours(&text) && !text.trim().is_empty() => {
            Err(refuse_other(&name, "it has none of the keys of one"))
        }
        Ok(text) => parse(&name, text, sources),
        Err(e) if !is_ours(&String::from_utf8_lossy(e.as_bytes())) => {
            Err(refuse_other(&name, "it is not UTF-8 text"))
        }
        Err(e) => {
            let at = e.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(e.as_bytes());
            let at = sources.add(&name, text) + at;
            let problem = Problem::at(
                at..at + char::REPLACEMENT_CHARACTER.len_utf8(),
                format!("{name} is not UTF-8"),
                "these bytes are no character",
            );
            fail(problem.help("save the file as UTF-8 text"))
        }
    }
}

/// Parses a text, which messages call `name`.
///
/// # Errors
///
/// The text is not TOML.
pub fn parse(name: &str, text: String, sources: &mut Sources) -> Result<Table> {
    let (table, errors) = DeTable::parse_recoverable(&text);
    let base = sources.add(name, text.as_str());
    // One slip of the pen gives several errors; the first of them is where it happened.
    let place = |e: &toml::de::Error| e.span().unwrap_or(0..0);
    if let Some(e) = errors.iter().min_by_key(|e| place(e).start) {
        let message = format!("{name} is not valid TOML: {}", e.message());
        return Err(vec![Problem::at(shifted(&place(e), base), message, "here")]);
    }
    let mut problems = Vec::new();
    let whole = base..base + text.len();
    let table = convert_table(table.get_ref(), whole, base, &mut problems);
    if problems.is_empty() {
        Ok(table)
    } else {
        Err(problems)
    }
}

fn shifted(span: &Span, base: usize) -> Span {
    span.start + base..span.end + base
}

fn convert_table(table: &DeTable, span: Span, base: usize, problems: &mut Vec<Problem>) -> Table {
    let entries = table
        .iter()
        .map(|(key, value)| {
            let name = visible(key.get_ref()).into_owned();
            let key = Spanned::new(shifted(&key.span(), base), name);
            (key, convert_value(value, base, problems))
        })
        .collect();
    Table { span, entries }
}

fn convert_value(
    value: &toml::Spanned<DeValue>,
    base: usize,
    problems: &mut Vec<Problem>,
) -> Value {
    let span = shifted(&value.span(), base);
    let node = match value.get_ref() {
        // From here on no text can steer a terminal, wherever it is shown.
        DeValue::String(text) => Node::String(visible(text).into_owned()),
        DeValue::Boolean(value) => Node::Boolean(*value),
        DeValue::Datetime(value) => Node::Datetime(value.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Node::Integer(number),
            Err(_) => {
                let message = format!("the integer {number} is out of range");
                problems.push(
                    Problem::at(span.clone(), message, "too large").help(format!(
                        "allowed: {} to {}",
                        i64::MIN,
                        i64::MAX
                    )),
                );
                Node::Integer(0)
            }
        },
        DeValue::Float(number) => {
            let text = number.as_str().to_owned();
            Node::Float(text.parse().unwrap_or(f64::NAN), text)
        }
        DeValue::Array(values) => Node::Array(
            values
                .iter()
                .map(|value| convert_value(value, base, problems))
                .collect(),
        ),
        DeValue::Table(table) => Node::Table(convert_table(table, span.clone(), base, problems)),
    };
    Value { span, node }
}
