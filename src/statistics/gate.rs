//! Whether an estimate holds to a bound: decided on its interval, not the point.

use super::{Confidence, Ends, Interval, critical};

/// The normal quantile of 0.8: how surely the advised replications decide.
const POWER: f64 = 0.841_621_233_572_914_3;

/// How an estimate is to stand to the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What an interval says of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every value of the interval stands as asked.
    Holds,
    /// None does.
    Fails,
    /// Some do, or there is no interval.
    Undecided,
}

impl Relation {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
    ];

    /// Its sign: `<`, `<=`, `>` or `>=`.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether a value stands so to the bound.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::LessOrEqual => value <= bound,
            Self::Greater => value > bound,
            Self::GreaterOrEqual => value >= bound,
        }
    }

    /// What the interval of an estimate decides; without one, nothing.
    ///
    /// The probability of a wrong `Holds` or `Fails` is at most that with which
    /// the interval misses: for several design points take it at
    /// [`Confidence::shared_by`].
    pub fn decide(self, ends: Option<Ends>, bound: f64) -> Verdict {
        let Some(ends) = ends else {
            return Verdict::Undecided;
        };
        let most = ends.most().unwrap_or(f64::INFINITY);
        match (self.holds(ends.least(), bound), self.holds(most, bound)) {
            (true, true) => Verdict::Holds,
            (false, false) => Verdict::Fails,
            _ => Verdict::Undecided,
        }
    }
}

/// The replications, in all, that would probably (about 80 %) decide between an
/// estimate and a bound, if the estimate stayed and its interval, at
/// `confidence`, shrank as 1/√N.
///
/// With w half the width of the interval, d the distance to the bound, z the
/// critical value and z' that of 80 %: n (w (1 + z' / z) / d)². Half the width,
/// not the side that faces the bound: the sides become alike as N grows.
///
/// `None` where the estimate meets the bound, is not within its interval, or the
/// number passes u64; at least n.
pub fn replications_to_decide(
    n: u64,
    value: f64,
    interval: Interval,
    confidence: Confidence,
    bound: f64,
) -> Option<u64> {
    let distance = (value - bound).abs();
    if !(distance > 0.0 && interval.lo <= value && value <= interval.hi) {
        return None;
    }
    let half_width = (interval.hi - interval.lo) / 2.0;
    let reach = half_width * (1.0 + POWER / critical::normal(confidence)) / distance;
    let needed = (n as f64 * reach * reach).ceil().max(n as f64);
    // 2^64 and more do not fit; NaN is refused too.
    (needed < u64::MAX as f64).then_some(needed as u64)
}
