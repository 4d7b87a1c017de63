//! The estimates that a gate may be on: each declared once, with its unit and what it can be.

use crate::design::Variation;
use crate::statistics::jackknife::TtrQuantile;
use crate::statistics::mean::MeanEstimate;
use crate::statistics::sre::{budget_spent, downtime_minutes, nines};
use crate::statistics::{Confidence, Estimate, Interval};
use crate::summary::{Nines, PointSummary};

/// An estimate that a gate may be on.
#[derive(Debug)]
pub(super) struct Estimator {
    /// Its column of `summary`.
    pub name: &'static str,
    pub unit: Unit,
    /// What it estimates.
    pub of: Quantity,
    /// Whether a mean, whose interval is never an end of its range alone; a quantile can be known
    /// to be there.
    pub mean: bool,
    /// Whether it has intervals that hold at every look.
    pub sequence: bool,
    pub read: fn(&PointSummary) -> Reading,
}

/// What an estimate is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share of 1, which people read in percent.
    Fraction,
    /// A share of the error budget, which people read in percent; may pass 1.
    Budget,
    /// Rounds.
    Rounds,
    /// Minutes.
    Minutes,
    /// −log10(1 − availability).
    Nines,
}

/// What an estimate is of, on which its range depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    /// The availability of the servers.
    Availability,
    /// The probability that a replication misses the SLA.
    Miss,
    /// The availability of the user journey.
    Journey,
    /// A time to resolve.
    Resolve,
    /// Nines of the SLA's indicator.
    Nines,
    /// Downtime of the SLA's indicator.
    Downtime,
    /// The error budget spent.
    Budget,
}

/// An estimate of one design point as a gate reads it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    pub value: Option<f64>,
    pub interval: Option<Interval>,
    /// `withheld_…` says why there is no interval.
    pub method: Option<&'static str>,
}

pub(super) static ESTIMATORS: [Estimator; 17] = [
    mean("availability", Quantity::Availability, |row| {
        of_mean(row.availability)
    })
    .looked_at(),
    mean("journey_availability", Quantity::Journey, |row| {
        of_mean(row.journey_availability)
    })
    .looked_at(),
    mean("sla_miss", Quantity::Miss, |row| estimate(row.sla_miss)).looked_at(),
    mean("mttr_rounds", Quantity::Resolve, |row| {
        estimate(row.mttr_rounds)
    }),
    mean("mttr_closed_rounds", Quantity::Resolve, |row| {
        estimate(row.mttr_closed_rounds)
    }),
    quantile("ttr_p50_rounds", Quantity::Resolve, |row| {
        time(row, row.ttr_p50)
    }),
    quantile("ttr_p90_rounds", Quantity::Resolve, |row| {
        time(row, row.ttr_p90)
    }),
    quantile("ttr_p99_rounds", Quantity::Resolve, |row| {
        time(row, row.ttr_p99)
    }),
    quantile("availability_p01", Quantity::Availability, |row| {
        estimate(row.availability_quantiles[0])
    }),
    quantile("availability_p05", Quantity::Availability, |row| {
        estimate(row.availability_quantiles[1])
    }),
    quantile("availability_p50", Quantity::Availability, |row| {
        estimate(row.availability_quantiles[2])
    }),
    mean("nines", Quantity::Nines, |row| of_nines(row.nines)).looked_at(),
    mean("downtime_minutes", Quantity::Downtime, |row| {
        estimate(row.downtime_minutes)
    })
    .looked_at(),
    mean("budget_spent_mean", Quantity::Budget, |row| {
        estimate(row.budget_spent.map(|b| b.mean))
    })
    .looked_at(),
    quantile("budget_spent_p50", Quantity::Budget, |row| {
        estimate(row.budget_spent.map(|b| b.p50))
    }),
    quantile("budget_spent_p90", Quantity::Budget, |row| {
        estimate(row.budget_spent.map(|b| b.p90))
    }),
    quantile("budget_spent_p99", Quantity::Budget, |row| {
        estimate(row.budget_spent.map(|b| b.p99))
    }),
];

type Read = fn(&PointSummary) -> Reading;

const fn mean(name: &'static str, of: Quantity, read: Read) -> Estimator {
    Estimator {
        name,
        unit: of.unit(),
        of,
        mean: true,
        sequence: false,
        read,
    }
}

const fn quantile(name: &'static str, of: Quantity, read: Read) -> Estimator {
    Estimator {
        mean: false,
        ..mean(name, of, read)
    }
}

impl Estimator {
    const fn looked_at(self) -> Self {
        Self {
            sequence: true,
            ..self
        }
    }

    pub(super) fn find(name: &str) -> Option<&'static Self> {
        ESTIMATORS.iter().find(|known| known.name == name)
    }

    /// The least and the greatest value that it can have at a design point, whatever the
    /// replications; `None` where it is not defined.
    pub(super) fn range(&self, variation: &Variation) -> Option<[f64; 2]> {
        match self.of {
            Quantity::Availability | Quantity::Miss => Some([0.0, 1.0]),
            Quantity::Journey => variation.journey.then_some([0.0, 1.0]),
            // Nothing is resolved in less than half a round, and nobody looks beyond the window.
            Quantity::Resolve => Some([0.5, f64::from(variation.rounds)]),
            // An availability below 1 is at most the greatest number below 1.
            Quantity::Nines => Some([0.0, nines(1.0 - f64::EPSILON / 2.0)?]),
            Quantity::Downtime => Some([0.0, downtime_minutes(0.0, variation.window())?]),
            Quantity::Budget => {
                let checks = variation.sla_checks();
                let none_good = [(0, 1)];
                let budget = variation.sla_budget;
                let most = budget_spent(&none_good, checks, budget, Confidence::default())?;
                Some([0.0, most.mean.value])
            }
        }
    }

    /// Why an estimate that has no range at a design point has none.
    pub(super) fn undefined(&self) -> &'static str {
        match self.of {
            Quantity::Journey => "the world has no user journey",
            _ => "its target leaves no check that may fail",
        }
    }
}

impl Quantity {
    const fn unit(self) -> Unit {
        match self {
            Self::Availability | Self::Journey | Self::Miss => Unit::Fraction,
            Self::Resolve => Unit::Rounds,
            Self::Nines => Unit::Nines,
            Self::Downtime => Unit::Minutes,
            Self::Budget => Unit::Budget,
        }
    }
}

impl Unit {
    /// Whether it is a share, that may be said in percent.
    pub(super) fn has_percent(self) -> bool {
        matches!(self, Self::Fraction | Self::Budget)
    }

    /// The unit in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Fraction => "a fraction, 0 to 1",
            Self::Budget => "a fraction of the error budget",
            Self::Rounds => "in rounds",
            Self::Minutes => "in minutes",
            Self::Nines => "in nines, 3 for 99.9 %",
        }
    }
}

fn of_mean(mean: Option<MeanEstimate>) -> Reading {
    mean.map_or_else(Reading::default, |mean| Reading {
        value: Some(mean.mean),
        interval: mean.interval,
        method: Some(mean.method),
    })
}

fn estimate(estimate: Option<Estimate>) -> Reading {
    estimate.map_or_else(Reading::default, |estimate| Reading {
        value: Some(estimate.value),
        interval: estimate.interval,
        method: Some(estimate.method),
    })
}

/// Without an upper end where the availability may be 1.
fn of_nines(nines: Nines) -> Reading {
    let interval = nines.lo.map(|lo| Interval {
        lo,
        hi: nines.hi.unwrap_or(f64::MAX),
    });
    Reading {
        value: nines.value,
        interval,
        method: nines.method,
    }
}

/// In rounds. A quantile that may never be reached has no upper end; one that surely is not has
/// the last time that was observed as its lower end.
fn time(row: &PointSummary, quantile: TtrQuantile) -> Reading {
    let rounds = |half_rounds: u32| f64::from(half_rounds) / 2.0;
    let last = row.ttr.last().filter(|last| last.interval.is_some());
    let lo = quantile.lo.or_else(|| Some(last?.step.half_round));
    let interval = lo.map(|lo| Interval {
        lo: rounds(lo),
        hi: quantile.hi.map_or(f64::MAX, rounds),
    });
    Reading {
        value: quantile.value.map(rounds),
        interval,
        method: None,
    }
}
