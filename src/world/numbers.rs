//! Numbers that know their range: reading one refuses what is impossible.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use crate::diagnostics::meant_as_percent;

struct Number;

impl Visitor<'_> for Number {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }
}

/// Declares a number type whose values satisfy a condition; `meant` says what others may have been
/// meant as.
macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident: $ok:expr, $allowed:literal) => {
        bounded!($(#[$doc])* $name: $ok, $allowed, |_| None);
    };
    ($(#[$doc:meta])* $name:ident: $ok:expr, $allowed:literal, $meant:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(f64);

        impl $name {
            /// The number.
            pub fn get(self) -> f64 {
                self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = deserializer.deserialize_any(Number)?;
                let ok: fn(f64) -> bool = $ok;
                if value.is_finite() && ok(value) {
                    // −0 and 0 are one number, so they must be one text in a hash.
                    Ok(Self(value + 0.0))
                } else {
                    let meant: fn(f64) -> Option<String> = $meant;
                    let meant = meant(value).map_or(String::new(), |meant| format!("; {meant}"));
                    let allowed = $allowed;
                    Err(de::Error::custom(format!(
                        "{value} is not allowed here; allowed: {allowed}{meant}"
                    )))
                }
            }
        }
    };
}

bounded!(
    /// Within 0 and 1.
    Probability: |v| (0.0..=1.0).contains(&v), "a fraction, 0 to 1", meant_as_percent
);
bounded!(
    /// Within 0 and 100.
    Percent: |v| (0.0..=100.0).contains(&v), "0 to 100"
);
bounded!(
    /// 0 or more.
    NonNegative: |v| v >= 0.0, "0 or more"
);
bounded!(
    /// More than 0.
    Positive: |v| v > 0.0, "more than 0"
);
bounded!(
    /// 1 or more.
    AtLeastOne: |v| v >= 1.0, "1 or more"
);
bounded!(
    /// Any number but the infinities and NaN.
    Finite: |_| true, "a finite number"
);

impl Percent {
    /// 100 percent.
    pub(super) fn full() -> Self {
        Self(100.0)
    }

    /// Whether it is 0.
    pub(super) fn is_zero(&self) -> bool {
        self.0 == 0.0
    }
}

impl Positive {
    /// One hundred.
    pub const HUNDRED: Self = Self(100.0);
    /// One.
    pub const ONE: Self = Self(1.0);

    /// 1, where a scale is left out.
    pub(super) fn one() -> Self {
        Self::ONE
    }

    /// Whether it is 1, which scales nothing.
    pub(super) fn is_one(&self) -> bool {
        *self == Self::ONE
    }
}

/// A count of rounds, or of alerts: a whole number from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Rounds(u32);

impl Rounds {
    /// The greatest: a clock of 32 bits, signed, at any round and so many rounds on, does not overflow
    /// (checked where the lanes keep theirs).
    pub const MOST: u32 = 1_000_000_000;
    /// One.
    pub(super) const ONE: Self = Self(1);

    /// The count.
    pub fn get(self) -> u32 {
        self.0
    }

    /// A count, or what is wrong with the number.
    pub(super) fn new(value: i64) -> Result<Self, String> {
        match u32::try_from(value) {
            Ok(rounds) if rounds <= Self::MOST => Ok(Self(rounds)),
            _ => Err(format!(
                "{value} is not allowed here; allowed: a whole number, 0 to {}",
                Self::MOST
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Rounds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(WholeVisitor)?;
        Self::new(value).map_err(de::Error::custom)
    }
}

/// The most tokens of an answer: a whole number from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tokens(u32);

impl Tokens {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const MOST: u32 = 1_000_000_000;
        let value = deserializer.deserialize_any(WholeVisitor)?;
        let number = u32::try_from(value).ok();
        let number = number.filter(|number| (1..=MOST).contains(number));
        number.map(Self).ok_or_else(|| {
            de::Error::custom(format!(
                "{value} is not allowed here; allowed: a whole number, 1 to {MOST}"
            ))
        })
    }
}

/// Servers that someone attends to at once: a whole number from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Hands(u32);

impl Hands {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Hands {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(WholeVisitor)? {
            0 => Err(de::Error::custom(
                "with `parallel = 0` nobody would ever attend to a server; allowed: a whole number, 1 or \
                 more; without the key there is no limit",
            )),
            value => match u32::try_from(value) {
                Ok(hands) if hands <= Rounds::MOST => Ok(Self(hands)),
                _ => Err(de::Error::custom(format!(
                    "{value} is not allowed here; allowed: a whole number, 1 to {}",
                    Rounds::MOST
                ))),
            },
        }
    }
}

/// A whole number of any size; who reads it says what is possible.
#[derive(Debug, Clone, Copy)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor).map(Self)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }
}

/// Two numbers `[low, high]` with low ≤ high: the range of a uniform draw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Span2([f64; 2]);

impl Span2 {
    /// The lower end.
    pub fn low(self) -> f64 {
        self.0[0]
    }

    /// The upper end.
    pub fn high(self) -> f64 {
        self.0[1]
    }
}

impl<'de> Deserialize<'de> for Span2 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ends = <Vec<Finite>>::deserialize(deserializer)?;
        match ends[..] {
            [low, high] if low <= high => Ok(Self([low.get(), high.get()])),
            [low, high] => Err(de::Error::custom(format!(
                "the range [{}, {}] is empty; allowed: [low, high] with low ≤ high",
                low.get(),
                high.get()
            ))),
            _ => Err(de::Error::custom(
                "expected a range [low, high] of two numbers",
            )),
        }
    }
}

/// Declares a range whose ends satisfy a condition.
macro_rules! bounded_range {
    ($(#[$doc:meta])* $name:ident: $ok:expr, $allowed:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
        #[serde(transparent)]
        pub struct $name(Span2);

        impl $name {
            /// The range.
            pub fn get(self) -> Span2 {
                self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let range = Span2::deserialize(deserializer)?;
                let ok: fn(Span2) -> bool = $ok;
                if ok(range) {
                    Ok(Self(range))
                } else {
                    let (low, high) = (range.low(), range.high());
                    Err(de::Error::custom(format!(
                        "the range [{low}, {high}] is not allowed here; allowed: {}",
                        $allowed
                    )))
                }
            }
        }
    };
}

bounded_range!(
    /// A range within 0 and 100.
    PercentRange: |r| r.low() >= 0.0 && r.high() <= 100.0, "[low, high] within 0 and 100"
);
bounded_range!(
    /// A range from 0 on.
    NonNegativeRange: |r| r.low() >= 0.0, "[low, high] with 0 ≤ low ≤ high"
);

/// The range of a base value, within 0 and 100; all of it by default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bounds(PercentRange);

impl Bounds {
    /// The range.
    pub fn get(self) -> Span2 {
        self.0.get()
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self(PercentRange(Span2([0.0, 100.0])))
    }
}

/// A target in percent, kept as the exact decimal that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target(Decimal);

impl Target {
    /// The target in percent.
    pub fn percent(self) -> Decimal {
        self.0
    }

    /// The target as a share, 0 to 1: the nearest number to the decimal.
    pub fn share(self) -> f64 {
        let share = self.0 / Decimal::ONE_HUNDRED;
        share.normalize().to_string().parse().unwrap_or(1.0)
    }

    /// The least number of good checks out of `checks` that meets the target, exactly.
    pub fn least(self, checks: u64) -> u64 {
        let wanted = self.0.normalize();
        // good / checks ≥ mantissa / 10^scale / 100
        let denominator = 100 * 10_u128.pow(wanted.scale());
        let numerator = wanted.mantissa().unsigned_abs() * u128::from(checks);
        u64::try_from(numerator.div_ceil(denominator)).unwrap_or(u64::MAX)
    }

    /// Where any failed check out of `checks` misses the target, though it is below 100 %: the
    /// least target with as many decimals (at least one) that means the same.
    pub fn coarsest(self, checks: u64) -> Option<Decimal> {
        let wanted = self.0.normalize();
        if checks == 0 || wanted == Decimal::ONE_HUNDRED || self.least(checks) < checks {
            return None;
        }
        let decimals = wanted.scale().max(1);
        let all = 100 * 10_u128.pow(decimals);
        let below = all * u128::from(checks - 1) / u128::from(checks);
        let least = i64::try_from(below + 1).ok()?;
        Some(Decimal::new(least, decimals).normalize())
    }

    /// The least number of checks of which one may fail; `None` at a target of 100 %.
    pub fn checks_to_spare_one(self) -> Option<u64> {
        let wanted = self.0.normalize();
        let all = 100 * 10_u128.pow(wanted.scale());
        let spare = all.checked_sub(wanted.mantissa().unsigned_abs())?;
        u64::try_from(all.div_ceil(spare.max(1)))
            .ok()
            .filter(|_| spare > 0)
    }
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.normalize().to_string())
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Percent::deserialize(deserializer)?.get();
        if 0.0 < value && value <= 1.0 {
            return Err(de::Error::custom(refused_fraction(value)));
        }
        // The shortest text of a number is the decimal its author wrote. Ten decimals keep the
        // exact comparison within 128 bits.
        match value.to_string().parse::<Decimal>() {
            Ok(decimal) if decimal.scale() <= 10 => Ok(Self(decimal)),
            _ => Err(de::Error::custom(format!(
                "{value} is not allowed here; allowed: percent with at most 10 decimals"
            ))),
        }
    }
}

/// A target of at most 1 %, which nearly every replication meets, is taken for a fraction.
fn refused_fraction(value: f64) -> String {
    // A hundred times the decimal that was written.
    let percent = format!("{value}e2").parse().unwrap_or(100.0 * value);
    let meant = if percent > 1.0 {
        format!("; did you mean {percent}, that is {percent} %?")
    } else {
        String::new()
    };
    format!(
        "{value} is not allowed here: a target is in percent, so this would be {value} %; allowed: 0, \
         or above 1 to 100{meant}"
    )
}

/// A name: letters, digits, `-` and `_`, so that dotted paths are unambiguous.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Whether a text can be a name.
    pub fn allows(text: &str) -> bool {
        !text.is_empty()
            && text.len() <= 100
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    }

    /// A name, if the text can be one.
    pub fn new(text: &str) -> Option<Self> {
        Self::allows(text).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if Self::allows(&text) {
            Ok(Self(text))
        } else {
            Err(de::Error::custom(format!(
                "{text:?} can't be a name; allowed: 1 to 100 letters, digits, `-` and `_`"
            )))
        }
    }
}
