//! Percents that are written as fractions: 0.7 where 70 is meant. Both are legal.

use super::{Advice, short};
use crate::diagnostics::Span;
use crate::world::{
    Action, ActionEffect, Band, ChaosEffect, Quantity, Scenario, UsageMetric, World,
};

/// A number that is in percent.
struct InPercent {
    /// What it is, as a user reads it.
    what: String,
    value: f64,
    /// Where it, or what has it, was written.
    span: Option<Span>,
    /// The greatest value that looks like a fraction.
    most: Most,
}

/// What is surely not meant.
#[derive(Clone, Copy)]
enum Most {
    /// 1 % or less: nobody's threshold.
    One,
    /// Less than 1 %: a small step may be 1.
    BelowOne,
}

/// Percents of a world of at most 1, where nobody means so little.
///
/// Not among them is what may well be that small: error rates and their thresholds, drift, and what
/// a base grows in a round.
pub(super) fn as_fractions(world: &World) -> Vec<Advice> {
    let mut all = of_the_world(world);
    let metrics = &world.metrics;
    all.extend(of_usage("cpu_usage", &metrics.cpu_usage));
    all.extend(of_usage("memory_usage", &metrics.memory_usage));
    all.extend(of_usage("disk_usage", &metrics.disk_usage));
    all.extend(of_bands("error_rate", &metrics.error_rate.bands));
    all.extend(of_bands("latency_p99", &metrics.latency_p99.bands));
    all.extend(world.chaos.iter().flat_map(of_scenario));
    all.extend(world.remediation.iter().flat_map(of_action));
    all.into_iter().filter_map(InPercent::advice).collect()
}

impl InPercent {
    fn new(what: impl Into<String>, value: f64, most: Most) -> Self {
        let what = what.into();
        let span = None;
        Self {
            what,
            value,
            span,
            most,
        }
    }

    fn at(self, span: Span) -> Self {
        let span = Some(span);
        Self { span, ..self }
    }

    fn advice(self) -> Option<Advice> {
        let Self {
            what, value, most, ..
        } = self;
        let size = value.abs();
        let fraction = match most {
            Most::One => 0.0 < size && size <= 1.0,
            Most::BelowOne => 0.0 < size && size < 1.0,
        };
        if !fraction {
            return None;
        }
        let message = format!("{what} is in percent, and {value} is {} %", short(value));
        let help = format!("did you mean {}?", short(100.0 * value));
        Some(match self.span {
            Some(span) => Advice::at(span, message, "a fraction").help(help),
            None => Advice::general(message).help(help),
        })
    }
}

fn of_the_world(world: &World) -> Vec<InPercent> {
    let penalty = world.service_down_penalty.get();
    let mut all = vec![
        InPercent::new("`up_health`", world.up_health.get(), Most::One),
        InPercent::new("`service_down_penalty`", penalty, Most::BelowOne),
    ];
    let alert = world.health_alert_below.map(|below| below.get());
    all.extend(alert.map(|below| InPercent::new("`health_alert_below`", below, Most::One)));
    all
}

fn of_usage(metric: &str, of: &UsageMetric) -> Vec<InPercent> {
    let of_metric = |key: &str| format!("`metrics.{metric}.{key}`");
    let mut all = vec![
        InPercent::new(of_metric("initial"), of.initial.get().high(), Most::One),
        InPercent::new(of_metric("mean"), of.mean.get(), Most::One),
        InPercent::new(of_metric("bounds"), of.bounds.get().high(), Most::One),
    ];
    for (key, limit) in [("warning", &of.warning), ("critical", &of.critical)] {
        let limit = limit.as_ref();
        all.extend(limit.map(|limit| {
            let value = limit.get_ref().get();
            InPercent::new(of_metric(key), value, Most::One).at(limit.span())
        }));
    }
    for line in &of.penalties {
        let (above, span) = (line.above.get_ref().get(), line.above.span());
        let penalty = line.penalty.get();
        let what = format!("`above` of a penalty of `{metric}`");
        all.push(InPercent::new(what, above, Most::One).at(span.clone()));
        let what = format!("a penalty of `{metric}`");
        all.push(InPercent::new(what, penalty, Most::BelowOne).at(span));
    }
    all
}

fn of_bands(metric: &str, bands: &[Band]) -> Vec<InPercent> {
    let of_band = |band: &Band| {
        let keys = [
            ("health_below", band.health_below),
            ("cpu_above", band.cpu_above),
        ];
        keys.into_iter().filter_map(move |(key, value)| {
            let what = format!("`{key}` of a band of `{metric}`");
            Some(InPercent::new(what, value?.get(), Most::One))
        })
    };
    bands.iter().flat_map(of_band).collect()
}

fn of_scenario(scenario: &Scenario) -> Vec<InPercent> {
    let name = &scenario.name;
    let number = |kind: &str, key: &str, value: f64| {
        let what = format!(
            "`{key}` of `{kind}` in the chaos scenario `{}`",
            name.get_ref()
        );
        InPercent::new(what, value, Most::One).at(name.span())
    };
    let of_effect = |effect: &ChaosEffect| match effect {
        ChaosEffect::Hold(e) => vec![number("hold", "value", e.value.get())],
        ChaosEffect::Grow(e) => vec![number("grow", "max", e.max.get())],
        ChaosEffect::Shock(e) if is_usage(e.quantity) => {
            let keys = [("set", e.set), ("max", e.max)];
            let given = keys.into_iter().filter_map(|(key, v)| Some((key, v?)));
            given
                .map(|(key, value)| number("shock", key, value.get()))
                .collect()
        }
        ChaosEffect::Shock(_)
        | ChaosEffect::Multiply(_)
        | ChaosEffect::Isolate(_)
        | ChaosEffect::CrashService(_) => Vec::new(),
    };
    scenario.effects.iter().flat_map(of_effect).collect()
}

fn is_usage(quantity: Quantity) -> bool {
    match quantity {
        Quantity::CpuUsage | Quantity::MemoryUsage | Quantity::DiskUsage => true,
        Quantity::ErrorRate | Quantity::LatencyP99 => false,
    }
}

fn of_action(action: &Action) -> Vec<InPercent> {
    let name = &action.name;
    let number = |kind: &str, key: &str, value: f64, most| {
        let what = format!("`{key}` of `{kind}` in the action `{}`", name.get_ref());
        InPercent::new(what, value, most).at(name.span())
    };
    let of_effect = |effect: &ActionEffect| match effect {
        ActionEffect::Add(e) => vec![
            number("add", "amount", e.amount.get(), Most::BelowOne),
            number("add", "max", e.max.get(), Most::One),
        ],
        ActionEffect::Multiply(e) => vec![number("multiply", "max", e.max.get(), Most::One)],
        ActionEffect::Set(e) => vec![number("set", "value", e.value.get(), Most::BelowOne)],
        ActionEffect::Draw(e) => vec![number("draw", "range", e.range.get().high(), Most::One)],
        ActionEffect::RestartService(_)
        | ActionEffect::End(_)
        | ActionEffect::PromoteReplica(_) => Vec::new(),
    };
    action.effects.iter().flat_map(of_effect).collect()
}
