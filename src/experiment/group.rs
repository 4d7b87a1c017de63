//! Factors as they were read, before they are combined.

use serde_spanned::Spanned;

use super::range::Range;
use crate::diagnostics::Span;
use crate::document::Value;

/// Factors that will share a dimension, row by row, or a factor by itself.
pub struct Group {
    /// Name, values and place of each factor.
    pub columns: Vec<(Spanned<String>, Values, Span)>,
    /// Number of rows.
    pub rows: u64,
    /// Whether a level may stand in several rows.
    pub together: bool,
}

/// The values of a factor: those of a range are only spelled out once they were counted.
pub enum Values {
    Listed(Vec<Value>),
    Range(Range),
}

impl Values {
    /// All of them, in order.
    pub fn spell_out(self, at: &Span) -> Vec<Value> {
        match self {
            Self::Listed(values) => values,
            Self::Range(range) => range.levels(at),
        }
    }

    /// The value of a row.
    pub fn get(&self, row: u64, at: &Span) -> Option<Value> {
        match self {
            Self::Listed(values) => values.get(row as usize).cloned(),
            Self::Range(range) => (row < range.count).then(|| range.level(row, at)),
        }
    }
}
