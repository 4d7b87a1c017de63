//! What servers of a type can reach at most, whatever happens: bounds that are never too tight, so
//! that what is said of them is true.

use crate::world::{
    ActionEffect, AlertKind, AlertLevel, ChaosEffect, DrawnMetric, Multiplied, Name, Phase,
    Quantity, Scenario, Server, Shock, Usage, UsageMetric, World,
};

/// The metrics with a base.
pub(super) const USAGES: [Usage; 3] = [Usage::CpuUsage, Usage::MemoryUsage, Usage::DiskUsage];

/// Bounds for the servers of one type.
pub(super) struct Reach<'a> {
    world: &'a World,
    /// The type.
    pub kind: &'a Name,
    /// Greatest usage of each of [`USAGES`], in percent.
    usage: [f64; 3],
    /// Whether a service of theirs can go down.
    pub crashes: bool,
    /// Whether they can be isolated.
    pub isolated: bool,
    /// Whether a service of theirs depends on another, which may not be served.
    depends: bool,
}

impl<'a> Reach<'a> {
    /// Of all server types of a world, each once.
    pub fn of_all(world: &'a World) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for server in &world.servers {
            let kind = server.kind.get_ref();
            if all.iter().all(|known| known.kind != kind) {
                all.push(Self::of(world, kind));
            }
        }
        all
    }

    fn of(world: &'a World, kind: &'a Name) -> Self {
        let acts = |wanted: fn(&ChaosEffect) -> bool| {
            effects_on(world, kind).any(|(_, effect)| wanted(effect))
        };
        let serves = servers(world, kind).any(|server| !server.services.is_empty());
        Self {
            world,
            kind,
            usage: USAGES.map(|metric| greatest_usage(world, kind, metric)),
            crashes: serves && acts(|effect| matches!(effect, ChaosEffect::CrashService(_))),
            isolated: acts(|effect| matches!(effect, ChaosEffect::Isolate(_))),
            depends: servers(world, kind)
                .flat_map(|server| &server.services)
                .any(|name| world.dependencies(name.get_ref().as_str()).next().is_some()),
        }
    }

    /// The greatest usage of a metric, in percent.
    pub fn usage(&self, metric: Usage) -> f64 {
        self.usage[metric as usize]
    }

    /// The greatest penalty that a metric can cost.
    pub fn penalty(&self, metric: Usage) -> f64 {
        penalty_below(usage_metric(self.world, metric), self.usage(metric))
    }

    /// The least health.
    pub fn health(&self) -> f64 {
        if self.isolated {
            return 0.0;
        }
        let penalties: f64 = USAGES.iter().map(|metric| self.penalty(*metric)).sum();
        let down = match self.crashes {
            true => self.world.service_down_penalty.get(),
            false => 0.0,
        };
        let missed = match self.depends {
            true => self.world.dependency_penalty.get(),
            false => 0.0,
        };
        (100.0 - penalties - down - missed).max(0.0)
    }

    /// The greatest error rate, in percent, or latency, in milliseconds.
    pub fn drawn(&self, quantity: Multiplied) -> f64 {
        let metric = drawn_metric(self.world, quantity);
        let factors = effects_on(self.world, self.kind).filter_map(|(_, effect)| match effect {
            ChaosEffect::Multiply(e) if e.quantity == quantity => Some(e.factor.get().max(1.0)),
            _ => None,
        });
        let factor: f64 = factors.product();
        let bands = reachable_bands(metric).filter(|band| {
            let sick = |limit: f64| self.health() < limit;
            let busy = |limit: f64| self.usage(Usage::CpuUsage) > limit;
            band.health_below.is_none_or(|limit| sick(limit.get()))
                && band.cpu_above.is_none_or(|limit| busy(limit.get()))
                && (self.depends || band.dependency_down != Some(true))
        });
        let drawn = bands.map(|band| band.range.get().high() * factor);
        let most = drawn.fold(metric.initial.get().high(), f64::max);
        if !shocks_are_seen(self.world) {
            return most;
        }
        let shocks = effects_on(self.world, self.kind).filter_map(|(_, effect)| match effect {
            ChaosEffect::Shock(e) if shocked(e.quantity) == Some(quantity) => Some(e),
            _ => None,
        });
        shocks.fold(most, |most, shock| shocked_to(shock, most, f64::INFINITY))
    }

    /// Whether an alert can rise.
    pub fn rises(&self, alert: AlertKind, level: AlertLevel) -> bool {
        let critical = level == AlertLevel::Critical;
        let (warns, alarms, most) = match alert {
            AlertKind::ServiceDown => return critical && self.crashes,
            AlertKind::Network => return critical && self.isolated,
            AlertKind::Health => return critical && raises_health(self.world, self.health()),
            AlertKind::CpuUsage => self.usage_alerts(Usage::CpuUsage),
            AlertKind::MemoryUsage => self.usage_alerts(Usage::MemoryUsage),
            AlertKind::DiskUsage => self.usage_alerts(Usage::DiskUsage),
            AlertKind::ErrorRate => self.drawn_alerts(Multiplied::ErrorRate),
            AlertKind::LatencyP99 => self.drawn_alerts(Multiplied::LatencyP99),
        };
        if critical {
            return most > alarms;
        }
        most > warns && warns < alarms
    }

    fn usage_alerts(&self, metric: Usage) -> (f64, f64, f64) {
        let of = usage_metric(self.world, metric);
        let (warns, alarms) = (threshold(&of.warning), threshold(&of.critical));
        (warns, alarms, self.usage(metric))
    }

    fn drawn_alerts(&self, quantity: Multiplied) -> (f64, f64, f64) {
        let of = drawn_metric(self.world, quantity);
        let (warns, alarms) = (threshold(&of.warning), threshold(&of.critical));
        (warns, alarms, self.drawn(quantity))
    }
}

fn threshold(limit: &Option<crate::world::FiniteAt>) -> f64 {
    limit.as_ref().map_or(f64::INFINITY, |l| l.get_ref().get())
}

/// Whether a health raises the health alert.
pub(super) fn raises_health(world: &World, health: f64) -> bool {
    match world.health_alert_below {
        Some(below) => health < below.get(),
        None => health <= world.up_health.get(),
    }
}

/// Servers of a type.
fn servers<'a>(world: &'a World, kind: &'a Name) -> impl Iterator<Item = &'a Server> {
    let all = world.servers.iter();
    all.filter(move |server| server.kind.get_ref() == kind)
}

/// Whether an effect acts on servers of a type.
pub(super) fn applies(effect: &ChaosEffect, kind: &Name) -> bool {
    let types = effect.server_types();
    types.is_empty() || types.iter().any(|t| t.get_ref() == kind)
}

/// What scenarios can do to servers of a type.
fn effects_on<'a>(
    world: &'a World,
    kind: &'a Name,
) -> impl Iterator<Item = (&'a Scenario, &'a ChaosEffect)> {
    let striking = world.chaos.iter().filter(move |s| s.aims_at(kind));
    let effects = striking.flat_map(|s| s.effects.iter().map(move |effect| (s, effect)));
    effects.filter(move |(_, effect)| applies(effect, kind))
}

pub(super) fn usage_metric(world: &World, metric: Usage) -> &UsageMetric {
    match metric {
        Usage::CpuUsage => &world.metrics.cpu_usage,
        Usage::MemoryUsage => &world.metrics.memory_usage,
        Usage::DiskUsage => &world.metrics.disk_usage,
    }
}

/// The error rate, or else the latency.
pub(super) fn drawn_metric(world: &World, quantity: Multiplied) -> &DrawnMetric {
    match quantity {
        Multiplied::ErrorRate => &world.metrics.error_rate,
        Multiplied::LatencyP99 | Multiplied::Load => &world.metrics.latency_p99,
    }
}

/// Bands that come before any without a condition, and the first of these.
fn reachable_bands(metric: &DrawnMetric) -> impl Iterator<Item = &crate::world::Band> {
    let always = |band: &crate::world::Band| band.conditions() == 0;
    let last = metric.bands.iter().position(always);
    metric
        .bands
        .iter()
        .take(last.map_or(usize::MAX, |at| at + 1))
}

/// The drawn quantity that a shock changes, if it is one.
pub(super) fn shocked(quantity: Quantity) -> Option<Multiplied> {
    match quantity {
        Quantity::ErrorRate => Some(Multiplied::ErrorRate),
        Quantity::LatencyP99 => Some(Multiplied::LatencyP99),
        Quantity::CpuUsage | Quantity::MemoryUsage | Quantity::DiskUsage => None,
    }
}

/// The base that a shock changes, if it is one.
pub(super) fn shocked_base(quantity: Quantity) -> Option<Usage> {
    match quantity {
        Quantity::CpuUsage => Some(Usage::CpuUsage),
        Quantity::MemoryUsage => Some(Usage::MemoryUsage),
        Quantity::DiskUsage => Some(Usage::DiskUsage),
        Quantity::ErrorRate | Quantity::LatencyP99 => None,
    }
}

/// The greatest value after any number of shocks, from at most `most`.
fn shocked_to(shock: &Shock, most: f64, cap: f64) -> f64 {
    let max = shock.max.map_or(cap, |max| max.get().min(cap));
    let min = shock.min.map_or(0.0, |min| min.get());
    let grows = shock.multiply.is_some_and(|m| m.get() > 1.0) && most > 0.0
        || shock.add.is_some_and(|add| add.get() > 0.0);
    let to = match shock.set {
        Some(value) => value.get(),
        None if grows => f64::INFINITY,
        None => most,
    };
    most.max(to.max(min).min(max))
}

/// Whether a shock on the error rate or latency is there when alerts are raised, and not drawn anew
/// before.
pub(super) fn shocks_are_seen(world: &World) -> bool {
    let position = |wanted| world.phases.iter().position(|p| *p.get_ref() == wanted);
    let chaos = position(Phase::Chaos).unwrap_or_default();
    let after = |phase| (position(phase).unwrap_or_default() + 4 - chaos) % 4;
    after(Phase::Respond) < after(Phase::Update)
}

/// The greatest penalty of usage up to a bound.
pub(super) fn penalty_below(metric: &UsageMetric, most: f64) -> f64 {
    let lines = metric.penalties.iter();
    let met = lines.filter(|line| most > line.above.get_ref().get());
    met.map(|line| line.penalty.get()).fold(0.0, f64::max)
}

/// The greatest base of a metric.
fn greatest_base(world: &World, kind: &Name, metric: Usage) -> f64 {
    let of = usage_metric(world, metric);
    let (drift, bounds) = (of.drift.high(), of.bounds.get());
    let reversion = of.reversion.get();
    let drifts_to = match (reversion > 0.0, drift > 0.0) {
        (true, _) => (of.mean.get() + drift / reversion).min(bounds.high()),
        (false, true) => bounds.high(),
        (false, false) => 0.0,
    };
    let mut most = of.initial.get().high().max(drifts_to).max(bounds.low());
    let lifts = |most: f64, grows: bool, min: f64, max: f64| match grows {
        true => most.max(max),
        false => most.max(min.min(max)),
    };
    // Twice, since what one lifts another may multiply.
    let actions = world.remediation.iter().flat_map(|action| &action.effects);
    for effect in actions.clone().chain(actions) {
        most = match effect {
            ActionEffect::Add(e) if e.metric == metric => {
                lifts(most, e.amount.get() > 0.0, e.min.get(), e.max.get())
            }
            ActionEffect::Multiply(e) if e.metric == metric => {
                lifts(most, e.factor.get() > 1.0, e.min.get(), e.max.get())
            }
            ActionEffect::Set(e) if e.metric == metric => most.max(e.value.get()),
            ActionEffect::Draw(e) if e.metric == metric => most.max(e.range.get().high()),
            _ => most,
        };
    }
    for (_, effect) in effects_on(world, kind).chain(effects_on(world, kind)) {
        most = match effect {
            ChaosEffect::Grow(e) if e.metric == metric && e.amount.get() > 0.0 => {
                most.max(e.max.get())
            }
            ChaosEffect::Shock(e) if shocked_base(e.quantity) == Some(metric) => {
                shocked_to(e, most, 100.0)
            }
            _ => most,
        };
    }
    most
}

/// The greatest usage of a metric.
fn greatest_usage(world: &World, kind: &Name, metric: Usage) -> f64 {
    let base = greatest_base(world, kind, metric);
    let loaded = match metric {
        Usage::CpuUsage => {
            let factors = effects_on(world, kind).filter_map(|(_, effect)| match effect {
                ChaosEffect::Multiply(e) if e.quantity == Multiplied::Load => {
                    Some(e.factor.get().max(1.0))
                }
                _ => None,
            });
            greatest_load(world, kind, base, factors.product())
        }
        Usage::MemoryUsage | Usage::DiskUsage => base,
    };
    let holds = effects_on(world, kind).filter_map(|(_, effect)| match effect {
        ChaosEffect::Hold(e) if e.metric == metric => Some(e.value.get()),
        _ => None,
    });
    holds.fold(loaded, f64::max)
}

/// The greatest cpu usage of a base under load, when all others of the type are down.
pub(super) fn greatest_load(world: &World, kind: &Name, base: f64, factor: f64) -> f64 {
    let like = servers(world, kind).count() as f64;
    let capacities = servers(world, kind).map(|server| server.cpu_capacity.get());
    let gain = world.cpu_per_load.get() * (100.0 / capacities.fold(f64::INFINITY, f64::min));
    let load = world.traffic_ratio.get().high() * like * factor;
    (base + gain * (load - 1.0).max(0.0)).min(100.0)
}
