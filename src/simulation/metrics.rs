//! From the metrics of a world to what a model reads each round: ranges, thresholds, penalties and
//! bands. What is evaluated anew each round becomes single precision here.

use super::model::{BandModel, DrawnModel, PenaltyModel, Thresholds, UsageModel};
use super::streams::Uniform;
use crate::world::{Band, DrawnMetric, Finite, FiniteAt, Penalty, Span2, UsageMetric};

pub(super) fn uniform(span: Span2) -> Uniform<f64> {
    Uniform::new(span.low(), span.high())
}

fn or_infinite(threshold: Option<Finite>) -> f32 {
    threshold.map_or(f32::INFINITY, |threshold| threshold.get() as f32)
}

fn thresholds(warning: &Option<FiniteAt>, critical: &Option<FiniteAt>) -> Thresholds {
    let value = |threshold: &Option<FiniteAt>| {
        or_infinite(threshold.as_ref().map(|value| *value.get_ref()))
    };
    Thresholds {
        warning: value(warning),
        critical: value(critical),
    }
}

pub(super) fn usage_model(metric: &UsageMetric) -> UsageModel {
    let reversion = metric.reversion.get();
    let pull = reversion * metric.mean.get();
    let line = |line: &Penalty| PenaltyModel {
        above: line.above.get_ref().get() as f32,
        lost: line.penalty.get() as f32,
    };
    let mut penalties: Vec<_> = metric.penalties.iter().map(line).collect();
    let mut last = || penalties.pop().unwrap_or(PenaltyModel::NONE);
    let second = last();
    let last_penalties = [last(), second];
    UsageModel {
        initial: uniform(metric.initial.get()),
        // base + reversion × (mean − base) + drift, in the fewest operations.
        keep: 1.0 - reversion,
        drift: Uniform::new(pull + metric.drift.low(), pull + metric.drift.high()),
        low: metric.bounds.get().low(),
        high: metric.bounds.get().high(),
        thresholds: thresholds(&metric.warning, &metric.critical),
        other_penalties: penalties,
        last_penalties,
    }
}

pub(super) fn drawn_model(metric: &DrawnMetric) -> DrawnModel {
    let unconditional = |band: &Band| band.conditions() == 0;
    let count = metric.bands.iter().position(unconditional);
    let (bands, rest) = metric.bands.split_at(count.unwrap_or(metric.bands.len()));
    let range = |band: &Band| uniform(band.range.get());
    DrawnModel {
        initial: uniform(metric.initial.get()).narrow(),
        thresholds: thresholds(&metric.warning, &metric.critical),
        bands: bands
            .iter()
            .map(|band| BandModel {
                health_below: or_infinite(band.health_below),
                cpu_above: band
                    .cpu_above
                    .map_or(f32::NEG_INFINITY, |above| above.get() as f32),
                with_dependency: [true, false]
                    .map(|down| band.dependency_down.is_none_or(|wanted| wanted == down)),
                range: range(band).narrow(),
            })
            .collect(),
        otherwise: rest.first().map_or(Uniform::new(0.0, 0.0), range).narrow(),
    }
}
