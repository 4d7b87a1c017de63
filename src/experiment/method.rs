//! Reads `[design]`: how levels are combined where it is not every one with every other.

use serde::Deserialize;
use serde_spanned::Spanned;

use super::sample::{self, MOST_POINTS};
use super::whole;
use crate::diagnostics::{Problem, Span};
use crate::document::{Fields, Table, Value};
use crate::world::Whole;

/// How levels are combined.
pub(super) enum Method {
    FullFactorial,
    Sample(Sample),
    /// Around a base point: levels by factor; others have their first level there.
    OneAtATime(Table),
    /// The rows of a file.
    Csv(Spanned<String>),
}

/// A sample of the factors that have an interval.
pub(super) struct Sample {
    pub method: sample::Method,
    pub points: u32,
    pub seed: u64,
    /// Where it was asked for.
    pub at: Span,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    FullFactorial,
    LatinHypercube,
    Sobol,
    OneAtATime,
    Csv,
}

impl Method {
    /// Reads `[design]`; where it is wrong, that is noted.
    pub fn read(value: &Value, problems: &mut Vec<Problem>) -> Self {
        let Some(table) = value.table("design", problems) else {
            return Self::FullFactorial;
        };
        let mut fields = Fields::new(table);
        let name: Option<Spanned<Name>> = fields.required("method");
        let Some(name) = name else {
            problems.append(&mut fields.problems);
            return Self::FullFactorial;
        };
        let at = name.span();
        let method = match name.into_inner() {
            Name::FullFactorial => Some(Self::FullFactorial),
            Name::LatinHypercube => {
                Some(read_sample(&mut fields, sample::Method::LatinHypercube, at))
            }
            Name::Sobol => Some(read_sample(&mut fields, sample::Method::Sobol, at)),
            Name::OneAtATime => {
                let base = fields.raw("base");
                let base = base.and_then(|base| base.table("base", problems));
                Some(Self::OneAtATime(base.cloned().unwrap_or_default()))
            }
            Name::Csv => fields.required("file").map(Self::Csv),
        };
        problems.extend(fields.finish());
        method.unwrap_or(Self::FullFactorial)
    }
}

fn read_sample(fields: &mut Fields, method: sample::Method, at: Span) -> Method {
    let points: Option<Spanned<Whole>> = fields.required("points");
    let seed: Option<Spanned<Whole>> = fields.optional("seed");
    let points = whole(points, "points", 1, MOST_POINTS, &mut fields.problems);
    let seed = whole(seed, "seed", 0, i64::MAX as u64, &mut fields.problems);
    Method::Sample(Sample {
        method,
        // Where it is wrong that is noted, and intervals are still not short of a step.
        points: points.unwrap_or(1) as u32,
        seed: seed.unwrap_or(0),
        at,
    })
}
