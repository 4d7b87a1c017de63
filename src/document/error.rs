//! Decoding errors: serde's facts, kept apart until the place is known.

use std::fmt;

use serde::de::{self, Unexpected};

use crate::diagnostics::{Problem, Span};

/// A decoding error: serde's facts kept apart until the place is known.
#[derive(Debug)]
pub struct Error {
    span: Option<Span>,
    pub(super) fact: Fact,
}

#[derive(Debug)]
pub enum Fact {
    Message(String),
    Missing(&'static str),
    Unknown {
        what: &'static str,
        name: String,
        known: &'static [&'static str],
    },
}

impl Error {
    /// Gives an error its place, if it has none yet.
    pub(super) fn within(mut self, span: &Span) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    /// Its place, if that is known.
    pub(super) fn span(&self) -> Option<&Span> {
        self.span.as_ref()
    }

    /// The error as a problem; `around` is its place if it has none.
    pub(super) fn into_problem(self, around: &Span) -> Problem {
        let span = self.span.unwrap_or_else(|| around.clone());
        match self.fact {
            Fact::Message(message) => match message.rsplit_once("; allowed: ") {
                Some((what, allowed)) => {
                    let problem = Problem::at(span, what, "not allowed");
                    match allowed.split_once("; did you mean ") {
                        None => problem.help(format!("allowed: {allowed}")),
                        Some((allowed, meant)) => problem
                            .help(format!("did you mean {meant}"))
                            .help(format!("allowed: {allowed}")),
                    }
                }
                None => Problem::at(span, message, ""),
            },
            Fact::Missing(field) => Problem::at(
                span,
                format!("the required key `{field}` is missing"),
                format!("`{field}` belongs here"),
            ),
            Fact::Unknown { what, name, known } => {
                Problem::unknown(what, &name, span, known.iter().copied())
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.fact)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let fact = Fact::Message(message.to_string());
        Self { span: None, fact }
    }

    fn invalid_type(found: Unexpected, expected: &dyn de::Expected) -> Self {
        if let Unexpected::UnitVariant = found {
            return Self::custom("a kind of effect needs its table, as in { isolate = {} }");
        }
        let expected = match expected.to_string() {
            text if text.starts_with("struct ") => "a table".to_owned(),
            text if text == "a sequence" => "an array".to_owned(),
            text => text,
        };
        Self::custom(format!("expected {expected}, found {}", in_words(found)))
    }

    fn invalid_value(found: Unexpected, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(found: usize, expected: &dyn de::Expected) -> Self {
        let expected = match expected.to_string() {
            text if text == "a tuple of size 2" => "two values".to_owned(),
            text => text,
        };
        Self::custom(format!("expected {expected}, found {found}"))
    }

    fn missing_field(field: &'static str) -> Self {
        let fact = Fact::Missing(field);
        Self { span: None, fact }
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let (what, name) = ("key", name.to_owned());
        let fact = Fact::Unknown { what, name, known };
        Self { span: None, fact }
    }

    fn unknown_variant(name: &str, known: &'static [&'static str]) -> Self {
        let (what, name) = ("name", name.to_owned());
        let fact = Fact::Unknown { what, name, known };
        Self { span: None, fact }
    }
}

/// What was found, in the words of TOML.
fn in_words(found: Unexpected) -> String {
    match found {
        Unexpected::Bool(value) => format!("the boolean {value}"),
        Unexpected::Signed(number) => format!("the integer {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Str(text) => format!("the string {text:?}"),
        Unexpected::Seq => "an array".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}
