//! From the counts of a sweep to its summary tables: one row a design point.

mod asked;
pub mod catalogue;
mod compare;
mod frames;
mod overall;
mod reading;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, anyhow};

use crate::counts::{Answers, CauseCounts, PointCounts, Wait, histogram};
use crate::design::Design;
use crate::experiment::{PreciseEstimate, ProportionInterval};
use crate::precision::{self, Looks};
use crate::results::{ByPoint, Sweep, Unfinished};
use crate::simulation::{Count, in_rounds};
use crate::statistics::jackknife::{RestrictedMean, TtrDistribution, TtrRow};
use crate::statistics::mean::{MeanEstimate, bounded_mean, skewed_mean};
use crate::statistics::proportion::{ProportionMethod, proportion};
use crate::statistics::quantile::quantile;
use crate::statistics::ratio::closed_mean;
use crate::statistics::sre::{BudgetSpent, budget_spent, downtime_minutes, exhausted_by};
use crate::statistics::unseen::{Seen, Unseen, unseen};
use crate::statistics::{Confidence, Estimate, Interval};
use reading::estimate_in_rounds;

pub use asked::Asked;
pub use compare::Comparison;
pub use frames::Tables;
pub use overall::{Miss, Overall};
pub use reading::Reading;

/// Every estimate of one design point; `None` where it is not defined.
#[derive(Debug, Clone)]
pub struct PointSummary {
    /// Index of the design point.
    pub point: usize,
    /// Number of replications.
    pub n: u64,
    /// Mean availability of the servers, 0 to 1.
    pub availability: Option<MeanEstimate>,
    /// Mean availability of the user journey, 0 to 1.
    pub journey_availability: Option<MeanEstimate>,
    /// Of each of several journeys, in file order: its own mean availability.
    pub journeys: Vec<Option<MeanEstimate>>,
    /// Probability that a replication misses the SLA.
    pub sla_miss: Option<Estimate>,
    /// Restricted mean time to resolve, in rounds.
    pub mttr_rounds: Option<Estimate>,
    /// Its standard error, by the jackknife, in rounds.
    pub mttr_se: Option<f64>,
    /// Its parts until incidents are detected, from there until they are acknowledged, and from there
    /// until they are resolved, in rounds; none in a world without cases.
    pub mttr_parts: Option<[Estimate; 3]>,
    /// Mean time to resolve of closed incidents, in rounds.
    pub mttr_closed_rounds: Option<Estimate>,
    /// Median time to resolve, in rounds.
    pub ttr_p50: Option<Reading>,
    /// 90 % of incidents are resolved within, in rounds.
    pub ttr_p90: Option<Reading>,
    /// Quantiles of availability: 1 %, 5 % and the median.
    pub availability_quantiles: [Option<Estimate>; 3],
    /// 99 % of incidents are resolved within, in rounds.
    pub ttr_p99: Option<Reading>,
    /// The distribution of the time to resolve.
    pub ttr: Vec<TtrRow>,
    /// Nines of the availability that the SLA is held to.
    pub nines: Option<Reading>,
    /// Downtime to expect in a replication of that, in minutes: of all servers together, or of
    /// the journey.
    pub downtime_minutes: Option<Estimate>,
    /// Share of the error budget that a replication spends.
    pub budget_spent: Option<BudgetSpent>,
    /// Probability that the error budget is exhausted by the end of a round, for each round in
    /// which some replication exhausts it.
    pub budget_exhausted_by: Vec<(u32, Estimate)>,
    /// What a kind of outage would change that may have gone unseen, of the availability that the
    /// SLA is held to; times in rounds.
    pub unseen: Option<Unseen>,
    /// Incidents and downtime by what caused them.
    pub causes: Vec<CauseCounts>,
    /// What was answered by a responder that has to be asked.
    pub answers: Answers,
    /// The restricted mean in half rounds with what its jackknife left; kept for comparisons.
    restricted_mean: Option<RestrictedMean>,
    /// Replications that missed the SLA.
    pub sla_missed: u64,
    totals: [u64; Count::ALL.len()],
}

/// Up to so many design points are kept when a sweep is summarised.
const MOST_KEPT: usize = 2_000;
/// Of a larger sweep, so many of those with the most SLA misses are.
const WORST_KEPT: usize = 200;

/// What is shown of a sweep, and what all of it comes to.
#[derive(Debug)]
pub struct Summary {
    /// Design points that have replications, in design order: all of them, or in a sweep of more
    /// than 2,000 those that were asked for and the 200 with the most SLA misses.
    pub points: Vec<PointSummary>,
    /// The counts of each of these points.
    pub counts: Vec<PointCounts>,
    /// Differences from the baseline, if a comparison is asked for.
    pub comparisons: Vec<Comparison>,
    /// How far the sweep is, if it is not finished.
    pub unfinished: Option<Unfinished>,
    /// All design points that have replications, kept or not, in design order.
    pub design_points: Vec<usize>,
    /// Replications of all design points.
    pub replications: u64,
    /// The replications that the sweep is to have.
    pub planned: u64,
    /// What all design points come to, kept or not.
    pub overall: Overall,
}

/// A design point with its counts.
type Kept = (PointSummary, PointCounts);

/// Chooses the design points that are kept.
struct Keeper<'a> {
    all: bool,
    /// Ascending.
    asked: &'a [usize],
    kept: BTreeMap<usize, Kept>,
    /// Those that were not asked for, by their share of SLA misses; of equals the first is worse.
    worst: BTreeMap<(u64, Reverse<usize>), Kept>,
}

impl Keeper<'_> {
    fn offer(&mut self, row: &PointSummary, counts: PointCounts) {
        let point = row.point;
        if self.all || self.asked.binary_search(&point).is_ok() {
            self.kept.insert(point, (row.clone(), counts));
            return;
        }
        // Shares are not negative, so their bits are in their order.
        let misses = row.sla_miss.map_or(0.0, |miss| miss.value).to_bits();
        let rank = (misses, Reverse(point));
        let full = self.worst.len() == WORST_KEPT;
        let least = self.worst.first_key_value().map(|(rank, _)| *rank);
        if full && least.is_some_and(|least| rank < least) {
            return;
        }
        if full {
            self.worst.pop_first();
        }
        self.worst.insert(rank, (row.clone(), counts));
    }

    fn finish(mut self) -> (Vec<PointSummary>, Vec<PointCounts>) {
        let worst = self.worst.into_values();
        self.kept.extend(worst.map(|kept| (kept.0.point, kept)));
        self.kept.into_values().unzip()
    }
}

/// The mean time to resolve in its parts: until detected, until acknowledged, until resolved.
fn parts_of(
    whole: &RestrictedMean,
    counts: &PointCounts,
    horizon: u32,
    confidence: Confidence,
) -> Option<[Estimate; 3]> {
    let [detect, acknowledge] = [Wait::Detect, Wait::Acknowledge].map(|wait| {
        let cells = counts.wait_cells(wait);
        TtrDistribution::new(&cells, counts.replications(), horizon, confidence)?.restricted_mean
    });
    let (detect, acknowledge) = (detect?, acknowledge?);
    let parts = [
        detect.estimate,
        acknowledge.less(&detect, confidence),
        whole.less(&acknowledge, confidence),
    ];
    Some(parts.map(|part| estimate_in_rounds(&part)))
}

/// The confidence of all intervals of a sweep.
///
/// # Errors
///
/// The confidence is not between 0 and 1.
pub fn confidence(design: &Design) -> Result<Confidence> {
    let confidence = Confidence::new(design.experiment().confidence);
    confidence.ok_or_else(|| anyhow!("a confidence outside 0 to 1"))
}

/// Summarises the counts of a sweep, point by point, and its comparisons from its replications.
/// Each point goes to `tables`, if there are any; `asked` are points to keep, in design order.
///
/// # Errors
///
/// A part can't be read, a table can't be written, or
/// [`Interrupted`](crate::error::Interrupted) once `stop` is set.
pub fn summarize<W: Write>(
    sweep: &Sweep,
    counts: ByPoint<'_>,
    asked: &[usize],
    mut tables: Option<&mut Tables<'_, W>>,
    stop: &AtomicBool,
) -> Result<Summary> {
    let design = &sweep.design;
    let confidence = confidence(design)?;
    let looks = Looks::of(design.experiment());
    let (unfinished, design_points) = (counts.unfinished(), counts.points());
    let mut keeper = Keeper {
        all: design.len() <= MOST_KEPT,
        asked,
        kept: BTreeMap::new(),
        worst: BTreeMap::new(),
    };
    let (mut replications, mut asking) = (0, 0);
    let mut overall = Overall::default();
    let mut means = BTreeMap::new();
    for entry in counts {
        let (point, counts) = entry?;
        let mut row = PointSummary::new(design, point, &counts, confidence, &looks);
        replications += row.n;
        asking += usize::from(precision::asks(design, point, &counts, confidence));
        overall.add(design, &row);
        means.extend(row.restricted_mean.take().map(|mean| (point, mean)));
        keeper.offer(&row, counts);
        if let Some(tables) = &mut tables {
            tables.push(row)?;
        }
    }
    let (points, counts) = keeper.finish();
    let all_points = design.len();
    let looks = (asking > 0).then_some(Unfinished::Looks { asking, all_points });
    Ok(Summary {
        points,
        counts,
        comparisons: compare::compare(sweep, &means, confidence, stop)?,
        unfinished: unfinished.or(looks),
        design_points,
        replications,
        planned: sweep
            .plan
            .parts
            .iter()
            .map(|part| part.replications())
            .sum(),
        overall,
    })
}

/// The interval of a mean: from a histogram, and what its values are divided by.
type MeanInterval = fn(&[(u64, u64)], u64, Confidence) -> Option<MeanEstimate>;

/// How intervals are made where there is a choice.
struct Methods {
    sla_miss: ProportionMethod,
    mean: MeanInterval,
    /// Whether times to resolve are estimated, which takes a jackknife.
    times: bool,
}

impl PointSummary {
    /// Summarises the counts of one design point; estimates that were looked at while the sweep
    /// went on have intervals that hold at every look.
    pub fn new(
        design: &Design,
        point: usize,
        counts: &PointCounts,
        confidence: Confidence,
        looks: &Looks,
    ) -> Self {
        let sla_miss = match design.experiment().intervals.sla_miss {
            ProportionInterval::Wilson => ProportionMethod::Wilson,
            ProportionInterval::ClopperPearson => ProportionMethod::ClopperPearson,
            ProportionInterval::Jeffreys => ProportionMethod::Jeffreys,
        };
        let methods = Methods {
            sla_miss,
            mean: bounded_mean,
            times: true,
        };
        Self::by(design, point, counts, confidence, looks, &methods)
    }

    /// [`PointSummary::new`] with the intervals that gates are decided on: many points share one
    /// error, and at such levels Wilson's interval and Student's t miss many times as often as
    /// they say. Times to resolve are estimated only with `times`.
    pub fn for_gates(
        design: &Design,
        point: usize,
        counts: &PointCounts,
        confidence: Confidence,
        looks: &Looks,
        times: bool,
    ) -> Self {
        let methods = Methods {
            sla_miss: ProportionMethod::ClopperPearson,
            mean: skewed_mean,
            times,
        };
        Self::by(design, point, counts, confidence, looks, &methods)
    }

    fn by(
        design: &Design,
        point: usize,
        counts: &PointCounts,
        confidence: Confidence,
        looks: &Looks,
        methods: &Methods,
    ) -> Self {
        let variation = design.variation(point);
        let experiment = design.experiment();
        let checks = variation.checks();
        let rounds = variation.journey_rounds();
        let n = counts.replications();
        let up_checks = histogram(&counts.up_checks);
        let journey = histogram(&counts.journey_up_rounds);
        let cells = match methods.times {
            true => counts.ttr_cells(),
            false => Vec::new(),
        };
        let ttr = TtrDistribution::new(&cells, n, 2 * variation.rounds, confidence);
        let ttr_quantile = |per_mille| {
            let ttr = ttr.as_ref()?;
            Reading::of_quantile(ttr, per_mille, n)
        };
        let looked = |which| looks.estimate(design, point, counts, which, confidence);
        let mean = |which, histogram: &[(u64, u64)], scale| {
            let mean = (methods.mean)(histogram, scale, confidence);
            mean.map(|mean| with_sequence(mean, looked(which)))
        };
        let availability = mean(PreciseEstimate::Availability, &up_checks, checks);
        let journey_availability = mean(PreciseEstimate::JourneyAvailability, &journey, rounds);
        let (held_to, histogram, scale) = if variation.sla_on_journey {
            (journey_availability, &journey, rounds)
        } else {
            (availability, &up_checks, checks)
        };
        let all = variation.rounds.into();
        let of_journey =
            |journey: &_| (methods.mean)(&crate::counts::histogram(journey), all, confidence);
        let exhausted = counts.budget_exhausted_round.iter();
        let exhausted: Vec<(u32, u64)> = exhausted.map(|(round, n)| (*round, *n)).collect();
        let restricted = ttr.as_ref().and_then(|ttr| ttr.restricted_mean.clone());
        let downtime = |availability| downtime_minutes(availability, variation.window());
        let seen = restricted.as_ref().map(|mean| Seen {
            incidents: counts.total(Count::Incidents),
            mttr: in_rounds(mean.estimate.value),
            horizon: f64::from(variation.rounds),
        });
        let waits = restricted.as_ref().filter(|_| variation.cases);
        let horizon = 2 * variation.rounds;
        let mttr_parts = waits.and_then(|whole| parts_of(whole, counts, horizon, confidence));
        Self {
            point,
            n,
            availability,
            journey_availability,
            journeys: counts.journeys.iter().map(of_journey).collect(),
            sla_miss: looked(PreciseEstimate::SlaMiss).or_else(|| {
                let missed = counts.sla_missed();
                proportion(missed, n, methods.sla_miss, confidence)
            }),
            mttr_rounds: restricted
                .as_ref()
                .map(|mean| estimate_in_rounds(&mean.estimate)),
            mttr_se: restricted
                .as_ref()
                .and_then(|mean| mean.standard_error)
                .map(in_rounds),
            mttr_parts,
            mttr_closed_rounds: closed_mean(&cells, n, confidence)
                .as_ref()
                .map(estimate_in_rounds),
            ttr_p50: ttr_quantile(500),
            ttr_p90: ttr_quantile(900),
            ttr_p99: ttr_quantile(990),
            availability_quantiles: [10, 50, 500]
                .map(|per_mille| quantile(&up_checks, checks, per_mille, confidence)),
            nines: held_to.as_ref().map(Reading::of_nines),
            downtime_minutes: held_to.and_then(|mean| turned(&mean, downtime)),
            budget_spent: budget_spent(histogram, scale, variation.sla_budget, confidence)
                .zip(held_to)
                .map(|(spent, mean)| with_mean(spent, &mean, scale, variation.sla_budget)),
            budget_exhausted_by: exhausted_by(&exhausted, n, confidence).unwrap_or_default(),
            unseen: unseen(n, variation.window().servers.into(), seen, confidence),
            causes: counts.causes(),
            ttr: ttr.map(|ttr| ttr.rows).unwrap_or_default(),
            // A hundred numbers a point, which only comparisons need.
            restricted_mean: restricted.filter(|_| experiment.compare.is_some()),
            sla_missed: counts.sla_missed(),
            totals: Count::ALL.map(|count| counts.total(count)),
            answers: counts.answers.clone(),
        }
    }

    /// The mean availability that its SLA is held to.
    pub fn held_to(&self, design: &Design) -> Option<MeanEstimate> {
        if design.variation(self.point).sla_on_journey {
            self.journey_availability
        } else {
            self.availability
        }
    }

    /// The mean availability of one of several journeys, by its name.
    pub fn of_journey(&self, design: &Design, journey: &str) -> Option<MeanEstimate> {
        let names = &design.variation(self.point).journeys;
        let index = names.iter().position(|name| name == journey)?;
        self.journeys.get(index).copied().flatten()
    }

    /// The sum of a count over the replications.
    pub fn total(&self, count: Count) -> u64 {
        self.totals[count as usize]
    }
}

/// A mean with the confidence sequence of it, if there is one.
fn with_sequence(mean: MeanEstimate, sequence: Option<Estimate>) -> MeanEstimate {
    match sequence {
        None => mean,
        Some(sequence) => MeanEstimate {
            interval: sequence.interval,
            method: sequence.method,
            ..mean
        },
    }
}

/// The budget spent, with the mean that follows from that of the availability, whose interval may
/// hold at every look.
fn with_mean(spent: BudgetSpent, mean: &MeanEstimate, checks: u64, budget: u64) -> BudgetSpent {
    let allowed = budget as f64 / checks as f64;
    let of_budget = |availability: f64| Some((1.0 - availability) / allowed);
    BudgetSpent {
        mean: turned(mean, of_budget).unwrap_or(spent.mean),
        ..spent
    }
}

/// What follows from an availability, with the interval that follows from its own. An end that
/// has no such value is missing, and the interval with it.
fn turned(mean: &MeanEstimate, of: impl Fn(f64) -> Option<f64>) -> Option<Estimate> {
    let ends = mean.interval.and_then(|i| Some((of(i.lo)?, of(i.hi)?)));
    Some(Estimate {
        value: of(mean.mean)?,
        interval: ends.map(|(a, b)| Interval {
            lo: a.min(b),
            hi: a.max(b),
        }),
        method: mean.method,
    })
}
