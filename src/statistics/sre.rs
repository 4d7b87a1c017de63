//! Availability in the quantities that operators speak in.

use super::mean::{MeanEstimate, bounded_mean};
use super::proportion::wilson;
use super::quantile::quantile;
use super::{Confidence, Estimate, Interval, histogram_total};

/// The time that a downtime is stated over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Rounds of a replication.
    pub rounds: u32,
    /// Minutes of a round.
    pub round_minutes: f64,
    /// Servers whose downtime is added up; 1 for the user journey.
    pub servers: u32,
}

impl Window {
    /// Rounds × minutes × servers: what could be up, in (server) minutes.
    pub fn minutes(self) -> f64 {
        f64::from(self.rounds) * self.round_minutes * f64::from(self.servers)
    }
}

/// The nines of an availability, −log10(1 − a): 3 for 0.999, 0 for 0.
///
/// `None` at 1, which has infinitely many, and outside 0 to 1.
pub fn nines(availability: f64) -> Option<f64> {
    // + 0 turns −0 into 0.
    (0.0..1.0)
        .contains(&availability)
        .then(|| -(1.0 - availability).log10() + 0.0)
}

/// The downtime to expect in a window, in (server) minutes: (1 − a) × window.
///
/// The interval of the downtime is that of the availability, turned about:
/// downtime of its upper end to downtime of its lower end.
///
/// `None` for an availability outside 0 to 1.
pub fn downtime_minutes(availability: f64, window: Window) -> Option<f64> {
    let minutes = (1.0 - availability) * window.minutes();
    ((0.0..=1.0).contains(&availability) && minutes.is_finite()).then_some(minutes)
}

/// The share of the error budget that replications spend: failed checks by
/// checks that may fail. At 1 nothing is left; above 1 the SLA is missed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetSpent {
    /// The mean over replications, with the interval of mean availability.
    pub mean: Estimate,
    /// Half of the replications spend no more.
    pub p50: Estimate,
    /// 90 % of the replications spend no more.
    pub p90: Estimate,
    /// 99 % of the replications spend no more.
    pub p99: Estimate,
}

/// The error budget spent, from replications by good checks (`histogram` of
/// `(good, replications)`, ascending) of `checks`.
///
/// `budget` is how many checks may fail: a whole number, (1 − target) × checks
/// rounded down, since a check fails or not. Intervals are those of
/// [`bounded_mean`] and [`quantile`] for failed checks, divided by it.
///
/// `None` where no check may fail, so that any failure misses the SLA, or the
/// histogram is empty or malformed.
pub fn budget_spent(
    histogram: &[(u64, u64)],
    checks: u64,
    budget: u64,
    confidence: Confidence,
) -> Option<BudgetSpent> {
    histogram_total(histogram, checks)?;
    if budget == 0 {
        return None;
    }
    let failed: Vec<(u64, u64)> = histogram
        .iter()
        .rev()
        .map(|&(good, count)| (checks - good, count))
        .collect();
    let allowed = budget as f64 / checks as f64;
    let of_budget = |estimate: Estimate| Estimate {
        value: estimate.value / allowed,
        interval: estimate.interval.map(|interval| Interval {
            lo: interval.lo / allowed,
            hi: interval.hi / allowed,
        }),
        method: estimate.method,
    };
    let spent = |per_mille| quantile(&failed, checks, per_mille, confidence).map(of_budget);
    let MeanEstimate {
        mean,
        interval,
        method,
        ..
    } = bounded_mean(&failed, checks, confidence)?;
    Some(BudgetSpent {
        mean: of_budget(Estimate {
            value: mean,
            interval,
            method,
        }),
        p50: spent(500)?,
        p90: spent(900)?,
        p99: spent(990)?,
    })
}

/// The probability that the budget is exhausted by the end of each round, with
/// Wilson intervals: one `(round, estimate)` a round with an exhaustion, and
/// between them it stays.
///
/// `exhausted` holds `(round, replications whose budget went in it)`, ascending;
/// `replications` counts all, those that kept their budget included.
///
/// `None` where the rounds do not ascend strictly, there is no replication, or
/// more were exhausted than there are.
pub fn exhausted_by(
    exhausted: &[(u32, u64)],
    replications: u64,
    confidence: Confidence,
) -> Option<Vec<(u32, Estimate)>> {
    let ascends = exhausted.windows(2).all(|pair| pair[0].0 < pair[1].0);
    if replications == 0 || !ascends {
        return None;
    }
    let mut so_far = 0u64;
    exhausted
        .iter()
        .map(|&(round, count)| {
            so_far = so_far.checked_add(count)?;
            Some((round, wilson(so_far, replications, confidence)?))
        })
        .collect()
}
