//! Errors and degrees of freedom where few groups of replications decide.

use super::{Confidence, Interval, WITHHELD_FEW_EVENTS, WITHHELD_ONE_REPLICATION, critical};

/// Below this effective number of groups with incidents, intervals are
/// withheld: they miss far more often than they say.
pub(super) const ENOUGH_GROUPS: f64 = 7.0;

/// Standard errors below this, relative to an estimate near 1, are rounding.
pub(super) const ROUNDING: f64 = 1e-12;

/// What turns standard errors into intervals.
#[derive(Clone, Copy)]
pub(super) struct Clusters {
    pub groups: usize,
    /// The effective number of groups that carry incidents.
    pub effective: f64,
    pub confidence: Confidence,
}

impl Clusters {
    /// `Err` says why intervals are withheld.
    ///
    /// `incidents` are those of each group, `groups` those with a replication.
    ///
    /// # Errors
    ///
    /// Why intervals are withheld.
    pub fn new(
        incidents: &[f64],
        groups: usize,
        confidence: Confidence,
    ) -> Result<Self, &'static str> {
        if groups == 1 {
            return Err(WITHHELD_ONE_REPLICATION);
        }
        let sum: f64 = incidents.iter().sum();
        let squares: f64 = incidents.iter().map(|x| x * x).sum();
        // Without an incident this is NaN, which `max` turns into 0.
        let effective = (sum * sum / squares).max(0.0);
        if effective < ENOUGH_GROUPS {
            return Err(WITHHELD_FEW_EVENTS);
        }
        Ok(Self {
            groups,
            effective,
            confidence,
        })
    }

    /// Student's, for an error that all groups share in.
    pub fn degrees_of_freedom(&self) -> f64 {
        self.effective - 1.0
    }

    /// θ exp(± t se(ln θ)); `None` where a mean is 0.
    pub fn log_interval(&self, value: f64, deleted: &[f64]) -> Option<Interval> {
        if deleted.iter().any(|&mean| mean <= 0.0) {
            return None;
        }
        let logs: Vec<f64> = deleted.iter().map(|mean| (mean / value).ln()).collect();
        let spread = spread(&logs);
        let df = spread.df.max(ENOUGH_GROUPS - 1.0);
        let df = df.min(self.degrees_of_freedom());
        let t = critical::student(df, self.confidence)?;
        Interval::around_log(value, t * spread.error)
    }
}

/// How estimates without each group vary.
pub(super) struct Spread {
    /// The jackknife standard error.
    pub error: f64,
    /// Satterthwaite's degrees of freedom, 2 (Σ d²)² / (Σ d⁴ − (Σ d²)² / G) for
    /// the deviations d; infinite where all are the same size.
    pub df: f64,
}

/// The spread of the estimates without each of two or more groups.
pub(super) fn spread(deleted: &[f64]) -> Spread {
    let groups = deleted.len() as f64;
    let centre = deleted.iter().sum::<f64>() / groups;
    let (mut squares, mut fourths) = (0.0, 0.0);
    for value in deleted {
        let square = (value - centre) * (value - centre);
        squares += square;
        fourths += square * square;
    }
    let uneven = fourths - squares * squares / groups;
    Spread {
        error: ((groups - 1.0) / groups * squares).sqrt(),
        df: if uneven > 0.0 {
            2.0 * squares * squares / uneven
        } else {
            f64::INFINITY
        },
    }
}

/// From the sum and the sum of squares of the deleted estimates about any
/// constant; 0 where they differ by rounding only.
pub(super) fn standard_error(sum: f64, squares: f64, groups: usize) -> f64 {
    let groups = groups as f64;
    let variance = (squares - sum * sum / groups) * (groups - 1.0) / groups;
    let error = variance.max(0.0).sqrt();
    if error > ROUNDING { error } else { 0.0 }
}
