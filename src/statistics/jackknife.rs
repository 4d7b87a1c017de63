//! Intervals for the time to resolve, with the replication as cluster: the
//! delete-a-group jackknife over 100 fixed groups, replication mod 100.
//!
//! Incidents of one replication share its events, so they are deleted together.
//! With θ(g) the estimate without group g, θ̄ their mean and G groups, the
//! standard error of θ is √((G − 1) / G × Σ (θ(g) − θ̄)²). A group exists where
//! a replication of that number was run, with incidents or without.
//!
//! Kott (2001), The delete-a-group jackknife, J. Official Statistics 17.
//!
//! Student t has m − 1 degrees of freedom, where m = (Σ x)² / Σ x², over the
//! incidents x of each group, is the effective number of groups that carry
//! incidents (Kish 1965, Survey Sampling): where incidents are rare, a handful
//! of groups decide, not 100.

use super::clusters::{Clusters, ROUNDING, standard_error};
use super::proportion::score_interval;
use super::survival::{SurvivalRow, TtrCount, kaplan_meier, quantile_target, restricted_mean};
use super::{Confidence, Estimate, Interval, WITHHELD_FEW_EVENTS, WITHHELD_NO_SPREAD, critical};

/// The number of groups of replications.
pub const GROUPS: usize = 100;

/// What happened to incidents at one age, by group of replications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TtrCell {
    /// The age, in half rounds.
    pub half_round: u32,
    /// Incidents closed at this age, by replication mod 100.
    pub closed: [u64; GROUPS],
    /// Incidents still open at this age when their replication ended, by
    /// replication mod 100.
    pub censored: [u64; GROUPS],
}

/// One step of the curve, with its pointwise interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TtrRow {
    /// The Kaplan–Meier step.
    pub step: SurvivalRow,
    /// The jackknife standard error of the survival; `None` where a group
    /// alone carries every incident.
    pub standard_error: Option<f64>,
    /// The pointwise interval of the survival, within [0, 1].
    pub interval: Option<Interval>,
}

/// A quantile of the time to resolve, in half rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TtrQuantile {
    /// The quantile; `None` where the curve does not come down to it.
    pub value: Option<u32>,
    /// The lower limit; may exist where the value does not.
    pub lo: Option<u32>,
    /// The upper limit; `None` where the interval has no upper end.
    pub hi: Option<u32>,
}

/// The restricted mean time to resolve, in half rounds.
#[derive(Clone, Debug, PartialEq)]
pub struct RestrictedMean {
    /// The estimate with its interval (`jackknife_log`).
    pub estimate: Estimate,
    /// The jackknife standard error; `None` where too few groups carry
    /// incidents.
    pub standard_error: Option<f64>,
    /// The estimate without each group; `None` without it there is no incident.
    pub leave_one_out: Vec<Option<f64>>,
    /// Closed and open incidents of each group, and the half rounds of both.
    pub groups: Vec<[u64; 3]>,
    /// The effective number of groups with incidents, (Σ x)² / Σ x²; `None`
    /// where intervals are withheld because it is too small.
    pub effective_groups: Option<f64>,
}

impl RestrictedMean {
    /// What is left of it without a shorter one of the same incidents: the mean time from the end of
    /// one wait to the end of the other. By the jackknife of the differences, on the log scale as
    /// the mean itself; withheld where nothing is left.
    pub fn less(&self, shorter: &Self, confidence: Confidence) -> Estimate {
        let value = self.estimate.value - shorter.estimate.value;
        let pairs = self.leave_one_out.iter().zip(&shorter.leave_one_out);
        let deleted: Vec<Option<f64>> = pairs
            .map(|(whole, part)| Some((*whole)? - (*part)?))
            .collect();
        let incidents: Vec<f64> = self
            .groups
            .iter()
            .map(|[closed, open, _]| *closed as f64 + *open as f64)
            .collect();
        let clusters = Clusters::new(&incidents, incidents.len(), confidence);
        mean_with_interval(value, deleted, clusters).estimate
    }
}

/// The distribution of the time to resolve, with its intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct TtrDistribution {
    /// One row an age, ascending.
    pub rows: Vec<TtrRow>,
    /// `None` where there is no incident.
    pub restricted_mean: Option<RestrictedMean>,
}

impl TtrDistribution {
    /// From counts by age (ascending) and group, over replications
    /// 0..`replications`, up to a horizon in half rounds.
    ///
    /// Restricted mean θ: the area under Kaplan–Meier over [0, horizon], with
    /// the interval θ exp(± t se(ln θ)): the log scale keeps it positive and
    /// follows the skew. With d the deviations of ln θ(g), t has at most
    /// 2 (Σ d²)² / (Σ d⁴ − (Σ d²)² / G) degrees of freedom (Satterthwaite 1946,
    /// Biometrics Bulletin 2), but not fewer than 6, those of the fewest groups
    /// that intervals are given for: few groups with long repairs decide the
    /// error, and without that floor it would cover 97 % and more.
    ///
    /// Survival S: S^exp(± t se / (S ln S)), the log(−log) scale, which stays
    /// in [0, 1] (Kalbfleisch and Prentice 2002, Statistical Analysis of Failure
    /// Time Data, section 1.4). It is undefined where S is 0 or 1 or se is 0;
    /// there, the Wilson interval of a share S of so many trials as the last
    /// row with an error was worth, S (1 − S) / se² but at most the incidents
    /// (Rothman 1978, J. Chronic Diseases 31), or, before any, the effective
    /// number of groups; its upper end at most that of the row before.
    ///
    /// Intervals are withheld at one replication, where fewer than 7 groups
    /// (effectively) carry incidents, and for the mean where nothing varies.
    ///
    /// `None` where there is no replication, ages do not ascend strictly, a
    /// group has incidents and no replication, or the counts pass u64.
    /// Takes time in proportion to cells × 100, whatever the horizon.
    pub fn new(
        cells: &[TtrCell],
        replications: u64,
        horizon_half_rounds: u32,
        confidence: Confidence,
    ) -> Option<Self> {
        let groups = usize::try_from(replications).unwrap_or(GROUPS).min(GROUPS);
        if groups == 0 || cells.iter().any(|cell| cell.has_group_from(groups)) {
            return None;
        }
        let counts = cells
            .iter()
            .map(TtrCell::total)
            .collect::<Option<Vec<_>>>()?;
        let steps = kaplan_meier(&counts)?;
        let deleted = Deleted::new(cells, &counts, &steps, groups, horizon_half_rounds)?;
        let clusters = Clusters::new(&incidents_by_group(cells), groups, confidence);
        Some(Self {
            restricted_mean: restricted_mean(&steps, horizon_half_rounds).map(|mean| {
                RestrictedMean {
                    groups: totals_by_group(cells, groups),
                    ..mean_with_interval(mean, deleted.means, clusters)
                }
            }),
            rows: rows_with_intervals(steps, &deleted.survival_errors, clusters),
        })
    }

    /// The quantile of the time to resolve: the smallest t with
    /// S(t) ≤ 1 − per_mille / 1000. The limits invert the pointwise intervals:
    /// the smallest t at which the lower, and the upper, limit of S is that low.
    ///
    /// Brookmeyer and Crowley (1982), A confidence interval for the median
    /// survival time, Biometrics 38.
    ///
    /// All `None` unless the level is within 1 to 999.
    pub fn quantile(&self, per_mille: u32) -> TtrQuantile {
        let Some(target) = quantile_target(per_mille) else {
            return TtrQuantile::default();
        };
        let reached = |limit: fn(&TtrRow) -> Option<f64>| {
            self.rows
                .iter()
                .find(|row| limit(row).is_some_and(|survival| survival <= target))
                .map(|row| row.step.half_round)
        };
        TtrQuantile {
            value: reached(|row| Some(row.step.survival)),
            lo: reached(|row| row.interval.map(|interval| interval.lo)),
            hi: reached(|row| row.interval.map(|interval| interval.hi)),
        }
    }
}

impl TtrCell {
    /// No incident at this age, in half rounds.
    pub fn empty(half_round: u32) -> Self {
        Self {
            half_round,
            closed: [0; GROUPS],
            censored: [0; GROUPS],
        }
    }

    fn has_group_from(&self, first: usize) -> bool {
        let counts = self.closed.iter().zip(&self.censored);
        counts
            .skip(first)
            .any(|(&closed, &censored)| closed > 0 || censored > 0)
    }

    fn total(&self) -> Option<TtrCount> {
        let sum = |counts: &[u64]| {
            counts
                .iter()
                .try_fold(0u64, |sum, &count| sum.checked_add(count))
        };
        Some(TtrCount {
            half_round: self.half_round,
            closed: sum(&self.closed)?,
            censored: sum(&self.censored)?,
        })
    }
}

/// What the estimates become with each group deleted in turn.
struct Deleted {
    /// The restricted mean without each group; `None` without it there is no
    /// incident.
    means: Vec<Option<f64>>,
    /// The standard error of each step; `None` where some mean is.
    survival_errors: Vec<Option<f64>>,
}

impl Deleted {
    fn new(
        cells: &[TtrCell],
        counts: &[TtrCount],
        steps: &[SurvivalRow],
        groups: usize,
        horizon: u32,
    ) -> Option<Self> {
        let mut means = Vec::with_capacity(groups);
        let mut moments = vec![(0.0, 0.0); steps.len()];
        for group in 0..groups {
            let without: Vec<TtrCount> = cells
                .iter()
                .zip(counts)
                .map(|(cell, total)| TtrCount {
                    half_round: cell.half_round,
                    closed: total.closed - cell.closed[group],
                    censored: total.censored - cell.censored[group],
                })
                .collect();
            let deleted = kaplan_meier(&without)?;
            means.push(restricted_mean(&deleted, horizon));
            for ((sum, squares), (step, whole)) in moments.iter_mut().zip(deleted.iter().zip(steps))
            {
                // About the whole curve, so that the difference of moments
                // below loses no digits.
                let deviation = step.survival - whole.survival;
                *sum += deviation;
                *squares += deviation * deviation;
            }
        }
        let defined = groups > 1 && means.iter().all(Option::is_some);
        let survival_errors = moments
            .into_iter()
            .map(|(sum, squares)| defined.then(|| standard_error(sum, squares, groups)))
            .collect();
        Some(Self {
            means,
            survival_errors,
        })
    }
}

fn incidents_by_group(cells: &[TtrCell]) -> [f64; GROUPS] {
    let mut incidents = [0.0; GROUPS];
    for cell in cells {
        for (group, sum) in incidents.iter_mut().enumerate() {
            *sum += cell.closed[group] as f64 + cell.censored[group] as f64;
        }
    }
    incidents
}

fn totals_by_group(cells: &[TtrCell], groups: usize) -> Vec<[u64; 3]> {
    let total = |group: usize| {
        cells.iter().fold([0u64; 3], |[closed, open, time], cell| {
            let (ends, rest) = (cell.closed[group], cell.censored[group]);
            let spent = u64::from(cell.half_round).saturating_mul(ends.saturating_add(rest));
            [closed + ends, open + rest, time.saturating_add(spent)]
        })
    };
    (0..groups).map(total).collect()
}

fn mean_with_interval(
    value: f64,
    leave_one_out: Vec<Option<f64>>,
    clusters: Result<Clusters, &'static str>,
) -> RestrictedMean {
    let mut result = RestrictedMean {
        estimate: Estimate::withheld(value, WITHHELD_FEW_EVENTS),
        standard_error: None,
        leave_one_out,
        groups: Vec::new(),
        effective_groups: clusters.ok().map(|clusters| clusters.effective),
    };
    let clusters = match clusters {
        Ok(clusters) => clusters,
        Err(reason) => {
            result.estimate.method = reason;
            return result;
        }
    };
    let Some(deleted) = result
        .leave_one_out
        .iter()
        .copied()
        .collect::<Option<Vec<f64>>>()
    else {
        return result;
    };
    let deviations = deleted.iter().map(|mean| mean - value);
    let sum = deviations.clone().sum();
    let squares = deviations.map(|d| d * d).sum();
    let error = standard_error(sum, squares, clusters.groups);
    result.standard_error = Some(error);
    // Relative to the mean, so that spread is told from rounding.
    if error <= ROUNDING * value {
        result.estimate.method = WITHHELD_NO_SPREAD;
    } else if let Some(interval) = clusters.log_interval(value, &deleted) {
        result.estimate.interval = Some(interval);
        result.estimate.method = "jackknife_log";
    }
    result
}

fn rows_with_intervals(
    steps: Vec<SurvivalRow>,
    errors: &[Option<f64>],
    clusters: Result<Clusters, &'static str>,
) -> Vec<TtrRow> {
    let incidents = steps.first().map_or(0, |step| step.at_risk) as f64;
    let limits = clusters.ok().and_then(|clusters| {
        let t = critical::student(clusters.degrees_of_freedom(), clusters.confidence)?;
        Some((t, clusters.effective))
    });
    let mut trials = limits.map_or(0.0, |(_, effective)| effective);
    let mut upper = 1.0;
    let row = |(step, &standard_error): (SurvivalRow, &Option<f64>)| {
        let interval = limits.zip(standard_error).map(|((t, _), error)| {
            let share = step.survival;
            let interval = if error > 0.0 && share > 0.0 && share < 1.0 {
                trials = (share * (1.0 - share) / (error * error)).min(incidents);
                log_log_interval(share, error, t)
            } else {
                // S never rises, so the limit of the row before holds as well.
                let score = score_interval(share, trials, t);
                Interval {
                    lo: score.lo,
                    hi: score.hi.min(upper),
                }
            };
            upper = interval.hi;
            interval
        });
        TtrRow {
            step,
            standard_error,
            interval,
        }
    };
    steps.into_iter().zip(errors).map(row).collect()
}

/// For a survival strictly between 0 and 1.
fn log_log_interval(survival: f64, error: f64, t: f64) -> Interval {
    let power = (t * error / (survival * -survival.ln())).exp();
    Interval {
        lo: survival.powf(power),
        hi: survival.powf(1.0 / power),
    }
}
