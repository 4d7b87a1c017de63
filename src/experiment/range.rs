//! Ranges of numbers, exact in decimals: 0.5 to 3.0 by 0.25 is 11 levels.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_spanned::Spanned;

use super::MOST_POINTS;
use crate::diagnostics::{Problem, Span};
use crate::document::{Node, Table, Value};

/// The keys of a range.
pub(super) const KEYS: [&str; 3] = ["from", "to", "step"];

/// Decimal digits of a coordinate of a sample: finer than the parts of any Latin hypercube.
const DIGITS: u32 = 9;

/// `{ from, to, step }` with its number of levels: both ends included where the steps meet them.
pub(super) struct Range {
    from: Decimal,
    step: Decimal,
    whole: bool,
    /// How many levels there are; at least one.
    pub count: u64,
}

impl Range {
    /// Reads a range without making its levels.
    ///
    /// # Errors
    ///
    /// The text is no range, or one of too many values.
    pub fn read(range: &Table, span: &Span) -> Result<Self, Problem> {
        refuse_unknown_keys(range)?;
        let (from, to, step) = (
            decimal(range, "from", span)?,
            decimal(range, "to", span)?,
            decimal(range, "step", span)?,
        );
        let wrong = |message: String, label: &str| Problem::at(step.span(), message, label);
        if step.get_ref().is_zero() {
            return Err(wrong("a range can't have steps of 0".into(), "zero")
                .help("allowed: any step but 0, from `from` towards `to`"));
        }
        let count = steps(*from.get_ref(), *to.get_ref(), *step.get_ref());
        let Some(count) = count.filter(|count| *count <= MOST_POINTS) else {
            let message = format!("the range has more than {MOST_POINTS} levels");
            return Err(wrong(message, "too small")
                .help(format!("allowed: at most {MOST_POINTS} design points")));
        };
        if count == 0 {
            let message = format!(
                "the range from {} to {} by {} is empty",
                from.get_ref(),
                to.get_ref(),
                step.get_ref()
            );
            return Err(wrong(message, "leads away from `to`")
                .help("allowed: steps that lead from `from` to `to`"));
        }
        Ok(Self {
            whole: [&from, &to, &step].iter().all(|v| v.get_ref().scale() == 0),
            from: from.into_inner(),
            step: step.into_inner(),
            count,
        })
    }

    /// The levels, which all stand at `span`.
    pub fn levels(&self, span: &Span) -> Vec<Value> {
        (0..self.count).map(|i| self.level(i, span)).collect()
    }

    /// The level of this number, from 0.
    pub fn level(&self, i: u64, span: &Span) -> Value {
        let steps = self.step.saturating_mul(Decimal::from(i));
        Value {
            span: span.clone(),
            node: number(self.from.saturating_add(steps), self.whole),
        }
    }
}

/// `{ from, to }`: an interval that a sample fills.
pub(super) struct Sampled {
    from: Decimal,
    width: Decimal,
    whole: bool,
}

impl Sampled {
    /// Reads an interval.
    ///
    /// # Errors
    ///
    /// The text is no range, or one of too many values.
    pub fn read(range: &Table, span: &Span) -> Result<Self, Problem> {
        refuse_unknown_keys(range)?;
        let (from, to) = (decimal(range, "from", span)?, decimal(range, "to", span)?);
        let width = to.get_ref().checked_sub(*from.get_ref());
        match width.filter(|width| *width > Decimal::ZERO) {
            None => Err(
                Problem::at(to.span(), "an interval must go up", "not above `from`")
                    .help("allowed: `to` greater than `from`"),
            ),
            Some(width) => Ok(Self {
                whole: [&from, &to].iter().all(|v| v.get_ref().scale() == 0),
                from: from.into_inner(),
                width,
            }),
        }
    }

    /// The values at coordinates in [0, 1), which all stand at `span`. Where both ends are whole
    /// numbers, so are the values, and both ends are among them.
    pub fn values(&self, coordinates: &[f64], span: &Span) -> Vec<Value> {
        let value = |coordinate: &f64| {
            let digits = (coordinate * 10_f64.powi(DIGITS as i32)) as i64;
            let unit = Decimal::new(digits, DIGITS);
            let reach = if self.whole {
                self.width
                    .saturating_add(Decimal::ONE)
                    .saturating_mul(unit)
                    .floor()
            } else {
                self.width.saturating_mul(unit)
            };
            Value {
                span: span.clone(),
                node: number(self.from.saturating_add(reach), self.whole),
            }
        };
        coordinates.iter().map(value).collect()
    }
}

fn refuse_unknown_keys(range: &Table) -> Result<(), Problem> {
    let known = |key: &str| KEYS.contains(&key);
    match range.entries.iter().find(|(key, _)| !known(key.get_ref())) {
        Some((key, _)) => Err(Problem::unknown("key", key.get_ref(), key.span(), KEYS)),
        None => Ok(()),
    }
}

/// How many levels there are; `None` if too many to count.
fn steps(from: Decimal, to: Decimal, step: Decimal) -> Option<u64> {
    let reach = to.checked_sub(from)?.checked_div(step)?;
    if reach.is_sign_negative() && !reach.is_zero() {
        return Some(0);
    }
    reach.floor().to_u64()?.checked_add(1)
}

fn number(level: Decimal, whole: bool) -> Node {
    if let (true, Some(number)) = (whole, level.to_i64()) {
        return Node::Integer(number);
    }
    let text = level.normalize().to_string();
    // The nearest binary number to the decimal, as if the level had been written out.
    Node::Float(text.parse().unwrap_or(f64::NAN), text)
}

fn decimal(range: &Table, key: &str, span: &Span) -> Result<Spanned<Decimal>, Problem> {
    let Some(value) = range.get(key) else {
        let message = format!("the range lacks `{key}`");
        return Err(Problem::at(span.clone(), message, "incomplete")
            .help("a range is { from = 0.5, to = 3.0, step = 0.25 }"));
    };
    let parsed = match &value.node {
        Node::Integer(number) => Some(Decimal::from(*number)),
        Node::Float(_, text) => text
            .parse()
            .or_else(|_| Decimal::from_scientific(text))
            .ok(),
        _ => None,
    };
    match parsed {
        Some(number) => Ok(Spanned::new(value.span.clone(), number)),
        None => Err(Problem::at(
            value.span.clone(),
            format!("`{key}` of a range must be a decimal number"),
            "not a decimal number of at most 28 digits",
        )),
    }
}
