//! What is legal and surely not meant: said by `check`, `plan`, `run` and the page, refused by none.

mod design;
mod durations;
mod file;
mod percent;
mod reach;
mod services;
mod target;
mod world;

use crate::diagnostics::{Place, Problem, Sources, Span};

pub use design::of_design;
pub use file::{Found, of_file};
pub use world::{of_parts, of_world};

/// One thing that is legal and surely not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice(Problem);

impl Advice {
    fn general(message: impl Into<String>) -> Self {
        Self(Problem::general(message))
    }

    fn at(span: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        // What came from a manifest or the command line stands in no file.
        if span.is_empty() {
            return Self::general(message);
        }
        Self(Problem::at(span, message, label))
    }

    fn help(self, text: impl Into<String>) -> Self {
        Self(self.0.help(text))
    }

    /// What it says and advises in one paragraph, without its place.
    pub fn text(&self) -> String {
        self.0.sentences()
    }

    /// Where it is, if it stands in one of the files that were read.
    pub fn place(&self, sources: &Sources) -> Option<Place> {
        self.0.place(sources)
    }

    /// The problem that it would be.
    pub fn problem(&self) -> &Problem {
        &self.0
    }

    /// As a warning, with its place where it comes from one of the files that were read.
    pub fn warning(&self, sources: &Sources) -> String {
        self.0.warning(sources)
    }
}

/// A number with three significant digits, and no zeros at its end.
fn short(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let digits = (2.0 - number.abs().log10().floor()).clamp(0.0, 12.0);
    let text = format!("{number:.*}", digits as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}
