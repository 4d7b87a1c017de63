//! Estimates and confidence intervals from integer counts.
//!
//! Pure functions: the same counts give the same bits. The replication is the
//! independent unit throughout; incidents of one replication are not
//! independent of each other. What is undefined is `None`: no function panics,
//! and none returns NaN or an infinity.
//!
//! One file a family:
//! - [`mean`]: the mean of values in \[0, 1\],
//! - [`proportion`]: the share of replications with a property,
//! - [`quantile`]: quantiles over replications,
//! - [`survival`]: the distribution of time to resolve with open incidents,
//! - [`jackknife`]: its intervals, with the replication as cluster,
//! - [`ratio`]: a mean per incident, with the replication as cluster,
//! - [`paired`]: differences from a baseline over common replications,
//! - [`holm`]: p-values of several tests at once,
//! - [`sequence`]: intervals that hold at every look,
//! - [`gate`]: whether an estimate holds to a bound,
//! - [`sre`]: nines, downtime and the error budget,
//! - [`unseen`]: what a kind of outage would change that is too rare to be met.

mod clusters;
mod critical;
mod ellipse;
pub mod gate;
pub mod holm;
pub mod jackknife;
pub mod mean;
mod moments;
pub mod paired;
pub mod power;
pub mod proportion;
pub mod quantile;
pub mod ratio;
mod root;
pub mod sequence;
pub mod sre;
pub mod survival;
pub mod unseen;

/// The method of an interval withheld because one replication shows no spread.
pub const WITHHELD_ONE_REPLICATION: &str = "withheld_one_replication";
/// The method of an interval withheld because the sample shows no spread: an
/// interval of zero width would claim certainty.
pub const WITHHELD_NO_SPREAD: &str = "withheld_no_spread";
/// The method of an interval withheld because too few independent units carry
/// incidents for the interval to cover.
pub const WITHHELD_FEW_EVENTS: &str = "withheld_few_events";

/// A two-sided confidence interval, in the unit of its estimate; `lo <= hi`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower limit, finite.
    pub lo: f64,
    /// The upper limit, finite.
    pub hi: f64,
}

impl Interval {
    /// `None` unless both limits are finite and in order.
    pub(crate) fn new(lo: f64, hi: f64) -> Option<Self> {
        (lo.is_finite() && hi.is_finite() && lo <= hi).then_some(Self { lo, hi })
    }

    /// The larger side of the interval about its estimate, in their unit.
    pub fn half_width(self, value: f64) -> f64 {
        (value - self.lo).max(self.hi - value)
    }

    /// `value` times and divided by e^`half_width`; `None` where it overflows.
    fn around_log(value: f64, half_width: f64) -> Option<Self> {
        let factor = half_width.exp();
        Self::new(value / factor, value * factor)
    }

    /// The part of the interval within [0, 1].
    fn clipped(self) -> Self {
        Self {
            lo: self.lo.clamp(0.0, 1.0),
            hi: self.hi.clamp(0.0, 1.0),
        }
    }
}

/// What an interval says of its estimate, whose upper end may be open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ends {
    /// Both ends.
    Closed(Interval),
    /// A lower end only: no value is too large.
    Open {
        /// The lower end, finite.
        lo: f64,
    },
    /// The whole interval is beyond the largest value that was observed.
    Beyond {
        /// That value, finite.
        observed: f64,
    },
}

impl Ends {
    /// The smallest value that is not ruled out.
    pub fn least(self) -> f64 {
        match self {
            Self::Closed(Interval { lo, .. }) | Self::Open { lo } => lo,
            Self::Beyond { observed } => observed,
        }
    }

    /// The largest value that is not ruled out; `None` where none is too large.
    pub fn most(self) -> Option<f64> {
        match self {
            Self::Closed(Interval { hi, .. }) => Some(hi),
            Self::Open { .. } | Self::Beyond { .. } => None,
        }
    }

    /// The interval, if it has both ends.
    pub fn closed(self) -> Option<Interval> {
        match self {
            Self::Closed(interval) => Some(interval),
            Self::Open { .. } | Self::Beyond { .. } => None,
        }
    }
}

impl From<Interval> for Ends {
    fn from(interval: Interval) -> Self {
        Self::Closed(interval)
    }
}

/// The confidence level of two-sided intervals, strictly between 0 and 1; 0.95
/// by default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence(f64);

impl Confidence {
    /// `None` unless `0 < level < 1`.
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.0 && level < 1.0).then_some(Self(level))
    }

    /// The level, such as 0.95.
    pub fn level(self) -> f64 {
        self.0
    }

    /// What the interval may miss, both sides together: 1 − level.
    pub fn alpha(self) -> f64 {
        1.0 - self.0
    }

    /// The level of each of `intervals` intervals that hold together at this
    /// level: 1 − α / intervals (Bonferroni), however they depend.
    ///
    /// `None` for none, and where so many leave no level below 1.
    pub fn shared_by(self, intervals: usize) -> Option<Self> {
        Self::new(1.0 - self.alpha() / intervals as f64)
    }
}

impl Default for Confidence {
    fn default() -> Self {
        Self(0.95)
    }
}

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate, finite.
    pub value: f64,
    /// The interval, or `None` where it is withheld.
    pub interval: Option<Interval>,
    /// The name of the interval's method; `withheld_…` says why there is none.
    pub method: &'static str,
}

impl Estimate {
    fn withheld(value: f64, reason: &'static str) -> Self {
        Self {
            value,
            interval: None,
            method: reason,
        }
    }
}

/// The number of replications of a histogram of `(value, count)`.
///
/// `None` where there is none, the values do not ascend strictly, a value
/// exceeds `scale`, `scale` is 0, or the count passes u64.
fn histogram_total(histogram: &[(u64, u64)], scale: u64) -> Option<u64> {
    let ascends = histogram.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let within = histogram.last().is_some_and(|&(value, _)| value <= scale);
    if scale == 0 || !ascends || !within {
        return None;
    }
    histogram
        .iter()
        .try_fold(0u64, |total, &(_, count)| total.checked_add(count))
        .filter(|&total| total > 0)
}
