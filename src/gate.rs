//! Gates for pipelines: whether estimates hold to a bound at every design point, decided on
//! intervals that all hold at once.

use std::fmt;
use std::str::FromStr;

use crate::counts::PointCounts;
use crate::design::Design;
use crate::diagnostics::nearest;
use crate::precision::Looks;
use crate::statistics::gate::{Comparison, Verdict, replications_to_decide};
use crate::statistics::jackknife::TtrQuantile;
use crate::statistics::mean::MeanEstimate;
use crate::statistics::{Confidence, Estimate, Interval};
use crate::summary::{Nines, PointSummary};

/// What is asked of every design point, as `sla_miss < 0.01`.
#[derive(Debug, Clone)]
pub struct Gate {
    estimator: &'static Estimator,
    comparison: Comparison,
    bound: f64,
}

/// The value of an estimate, and its interval.
type Read = (Option<f64>, Option<Interval>);

/// An estimate that a gate may be on.
#[derive(Debug)]
struct Estimator {
    /// Its column of `summary`.
    name: &'static str,
    /// Whether it has intervals that hold at every look.
    sequence: bool,
    read: fn(&PointSummary) -> Read,
}

const fn looked_at(name: &'static str, read: fn(&PointSummary) -> Read) -> Estimator {
    Estimator {
        name,
        sequence: true,
        read,
    }
}

const fn once(name: &'static str, read: fn(&PointSummary) -> Read) -> Estimator {
    Estimator {
        name,
        sequence: false,
        read,
    }
}

static ESTIMATORS: [Estimator; 17] = [
    looked_at("availability", |row| mean(row.availability)),
    looked_at("journey_availability", |row| mean(row.journey_availability)),
    looked_at("sla_miss", |row| estimate(row.sla_miss)),
    once("mttr_rounds", |row| estimate(row.mttr_rounds)),
    once("mttr_closed_rounds", |row| estimate(row.mttr_closed_rounds)),
    once("ttr_p50_rounds", |row| quantile(row, row.ttr_p50)),
    once("ttr_p90_rounds", |row| quantile(row, row.ttr_p90)),
    once("ttr_p99_rounds", |row| quantile(row, row.ttr_p99)),
    once("availability_p01", |row| {
        estimate(row.availability_quantiles[0])
    }),
    once("availability_p05", |row| {
        estimate(row.availability_quantiles[1])
    }),
    once("availability_p50", |row| {
        estimate(row.availability_quantiles[2])
    }),
    looked_at("nines", |row| nines(row.nines)),
    looked_at("downtime_minutes", |row| estimate(row.downtime_minutes)),
    looked_at("budget_spent_mean", |row| {
        estimate(row.budget_spent.map(|b| b.mean))
    }),
    once("budget_spent_p50", |row| {
        estimate(row.budget_spent.map(|b| b.p50))
    }),
    once("budget_spent_p90", |row| {
        estimate(row.budget_spent.map(|b| b.p90))
    }),
    once("budget_spent_p99", |row| {
        estimate(row.budget_spent.map(|b| b.p99))
    }),
];

fn mean(mean: Option<MeanEstimate>) -> Read {
    mean.map_or((None, None), |mean| (Some(mean.mean), mean.interval))
}

fn estimate(estimate: Option<Estimate>) -> Read {
    estimate.map_or((None, None), |e| (Some(e.value), e.interval))
}

/// Without an upper end where the availability may be 1.
fn nines(nines: Nines) -> Read {
    let interval = nines.lo.map(|lo| Interval {
        lo,
        hi: nines.hi.unwrap_or(f64::MAX),
    });
    (nines.value, interval)
}

/// In rounds. A quantile that may never be reached has no upper end; one that surely is not has
/// the last time that was observed as its lower end.
fn quantile(row: &PointSummary, quantile: TtrQuantile) -> Read {
    let rounds = |half_rounds: u32| f64::from(half_rounds) / 2.0;
    let last = row.ttr.last().filter(|last| last.interval.is_some());
    let lo = quantile.lo.or_else(|| Some(last?.step.half_round));
    let interval = lo.map(|lo| Interval {
        lo: rounds(lo),
        hi: quantile.hi.map_or(f64::MAX, rounds),
    });
    (quantile.value.map(rounds), interval)
}

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "a gate is an estimate, a comparison and a number, as \"sla_miss < 0.01\"";
        let at = text.find(['<', '>']).ok_or(form)?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let sign = if rest[1..].starts_with('=') {
            &rest[..2]
        } else {
            &rest[..1]
        };
        let comparison = Comparison::ALL.into_iter().find(|c| c.sign() == sign);
        let bound = rest[sign.len()..].trim().parse().ok();
        let bound = bound.filter(|bound: &f64| bound.is_finite());
        let (comparison, bound) = comparison.zip(bound).ok_or(form)?;
        let estimator = ESTIMATORS.iter().find(|known| known.name == name);
        let estimator = estimator.ok_or_else(|| {
            let names: Vec<&str> = ESTIMATORS.iter().map(|known| known.name).collect();
            let near = nearest(name, &names);
            let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
            format!(
                "unknown estimate `{name}`; {near}allowed: {}",
                names.join(", ")
            )
        })?;
        Ok(Self {
            estimator,
            comparison,
            bound,
        })
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            estimator,
            comparison,
            bound,
        } = self;
        write!(f, "{} {} {bound}", estimator.name, comparison.sign())
    }
}

/// What a gate says of one design point.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Index of the design point.
    pub point: usize,
    /// The estimate; `None` where it is not defined.
    pub value: Option<f64>,
    /// Its interval, which holds at once with those of all other points and gates.
    pub interval: Option<Interval>,
    /// Decided on the interval.
    pub verdict: Verdict,
    /// Replications that would probably decide it, where it is undecided.
    pub replications: Option<u64>,
}

impl Gate {
    /// Whether the estimate has intervals that hold at every look.
    pub fn has_sequence(&self) -> bool {
        self.estimator.sequence
    }

    /// Decides at one design point; `confidence` is that of one of all intervals.
    pub fn decide(
        &self,
        design: &Design,
        point: usize,
        counts: &PointCounts,
        confidence: Confidence,
        looks: &Looks,
    ) -> Decision {
        let summary = PointSummary::for_gates(design, point, counts, confidence, looks);
        let (value, interval) = (self.estimator.read)(&summary);
        let verdict = self.comparison.decide(interval, self.bound);
        let advice = || {
            let (n, bound) = (summary.n, self.bound);
            replications_to_decide(n, value?, interval?, confidence, bound)
        };
        Decision {
            point,
            value,
            interval,
            verdict,
            replications: (verdict == Verdict::Undecided).then(advice).flatten(),
        }
    }
}

/// What several decisions say together: one failure fails, and all must hold to hold.
pub fn together(decisions: &[Decision]) -> Verdict {
    let any = |verdict| decisions.iter().any(|d| d.verdict == verdict);
    if any(Verdict::Fails) {
        Verdict::Fails
    } else if any(Verdict::Undecided) {
        Verdict::Undecided
    } else {
        Verdict::Holds
    }
}
