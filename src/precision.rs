//! When a design point is known well enough: `[[precision]]`.
//!
//! Every design point is looked at after `replications`, twice, four times … as many, until each
//! interval that was asked for is narrow enough or its cap is met. The intervals are confidence
//! sequences, which hold at every look. A decision is a function of the counts at the look, so
//! neither threads nor an interruption can change it.

use crate::counts::{PointCounts, histogram};
use crate::design::Design;
use crate::experiment::{Experiment, PreciseEstimate, Precision};
use crate::statistics::sequence::{beta_binomial_sequence, betting_sequence};
use crate::statistics::{Confidence, Estimate};

/// What the sweep is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextLook {
    /// Indices of the design points that are not known well enough, in order.
    pub points: Vec<usize>,
    /// Replications that each of them is to have, in all.
    pub replications: u64,
}

/// The estimates that are looked at while a sweep goes on, and when first.
#[derive(Debug, Clone, Default)]
pub struct Looks {
    estimates: Vec<PreciseEstimate>,
    first: u64,
}

impl Looks {
    /// Those of an experiment: what a precision is asked for.
    pub fn of(experiment: &Experiment) -> Self {
        let estimates = experiment.precision.iter().map(|p| p.estimate);
        Self {
            estimates: estimates.collect(),
            first: experiment.replications,
        }
    }

    /// Every estimate that can be, in a sweep that was first looked at after so many replications.
    pub fn all(first: u64) -> Self {
        Self {
            estimates: vec![
                PreciseEstimate::SlaMiss,
                PreciseEstimate::Availability,
                PreciseEstimate::JourneyAvailability,
            ],
            first,
        }
    }

    /// An estimate of a design point with its confidence sequence, if it is looked at.
    pub fn estimate(
        &self,
        design: &Design,
        point: usize,
        counts: &PointCounts,
        which: PreciseEstimate,
        confidence: Confidence,
    ) -> Option<Estimate> {
        if !self.estimates.contains(&which) {
            return None;
        }
        let variation = design.variation(point);
        match which {
            PreciseEstimate::SlaMiss => beta_binomial_sequence(
                counts.sla_missed(),
                counts.replications(),
                self.first,
                confidence,
            ),
            PreciseEstimate::Availability => {
                let histogram = histogram(&counts.up_checks);
                betting_sequence(&histogram, variation.checks(), confidence)
            }
            PreciseEstimate::JourneyAvailability => {
                let histogram = histogram(&counts.journey_up_rounds);
                betting_sequence(&histogram, variation.journey_rounds(), confidence)
            }
        }
    }
}

/// The next look of a sweep, given the counts of each design point in order; `None` where every point is
/// known well enough, or has as many replications as it may get.
///
/// Breadth first: the points with the fewest replications come first, so that an interrupted
/// sweep has all of them equally advanced.
///
/// # Errors
///
/// The first of those in `counts`.
pub fn next_look<E>(
    design: &Design,
    counts: impl IntoIterator<Item = Result<(usize, PointCounts), E>>,
    confidence: Confidence,
) -> Result<Option<NextLook>, E> {
    let mut next: Option<NextLook> = None;
    for entry in counts {
        let (point, counts) = entry?;
        let Some(target) = target(design, point, &counts, confidence) else {
            continue;
        };
        match &mut next {
            Some(look) if look.replications < target => {}
            Some(look) if look.replications == target => look.points.push(point),
            _ => {
                next = Some(NextLook {
                    points: vec![point],
                    replications: target,
                });
            }
        }
    }
    Ok(next)
}

/// Whether a design point is to get more replications than it has.
pub fn asks(design: &Design, point: usize, counts: &PointCounts, confidence: Confidence) -> bool {
    target(design, point, counts, confidence).is_some()
}

/// How many design points are.
///
/// # Errors
///
/// The first of those in `counts`.
pub fn asking<E>(
    design: &Design,
    counts: impl IntoIterator<Item = Result<(usize, PointCounts), E>>,
    confidence: Confidence,
) -> Result<usize, E> {
    counts.into_iter().try_fold(0, |asking, entry| {
        let (point, counts) = entry?;
        Ok(asking + usize::from(asks(design, point, &counts, confidence)))
    })
}

/// The number of replications at which a point is looked at next, if it is.
fn target(
    design: &Design,
    point: usize,
    counts: &PointCounts,
    confidence: Confidence,
) -> Option<u64> {
    let experiment = design.experiment();
    let looks = Looks::of(experiment);
    let n = counts.replications();
    let unmet = |precision: &&Precision| {
        let estimate = looks.estimate(design, point, counts, precision.estimate, confidence);
        let half_width = estimate.and_then(|e| Some(e.interval?.half_width(e.value)));
        n < precision.max_replications && half_width.is_none_or(|w| w > precision.half_width)
    };
    let unmet = experiment.precision.iter().filter(unmet);
    let cap = unmet.map(|precision| precision.max_replications).max()?;
    let mut next = experiment.replications;
    while next <= n {
        next = next.saturating_mul(2);
    }
    Some(next.min(cap))
}
