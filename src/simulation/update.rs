//! Phase `update`: traffic, drift, growth, load, usage, health, error rate and latency.

use super::health::{evaluate_health, evaluate_usage};
use super::incidents::check;
use super::model::{BandModel, DrawnModel, Model};
use super::numbers::clamp;
use super::observer::Observer;
use super::state::{ServerState, State};

pub(super) fn run(model: &Model, state: &mut State, observer: &mut impl Observer) {
    let half_round = 2 * state.round + model.update_offset;
    state.clock = half_round;
    state.traffic = model.traffic.at(state.traffic_stream.next().upper().unit());
    for server in 0..model.servers.len() {
        let [cpu, memory, disk, error_rate, latency] = state.servers[server].environment.five();
        drift(model, state, server, [cpu, memory, disk]);
        let (error_factor, latency_factor) = grow(model, state, server);
        let kind = model.servers[server].kind;
        let share = model.load_shares[kind][state.kind_up[kind] as usize];
        state.servers[server].load = state.traffic as f32 * share;
        evaluate_usage(model, state, server);
        evaluate_health(model, state, server);
        let s = &mut state.servers[server];
        s.error_rate = error_factor * drawn(&model.error_rate, s, error_rate);
        s.latency = latency_factor * drawn(&model.latency, s, latency);
        check(model, state, server, half_round, observer);
    }
}

/// The bases wander; `units` are three uniform numbers on [0, 1).
fn drift(model: &Model, state: &mut State, server: usize, units: [f32; 3]) {
    let base = &mut state.servers[server].base;
    let metrics = [&model.cpu, &model.memory, &model.disk];
    for ((value, metric), unit) in base.iter_mut().zip(metrics).zip(units) {
        *value = metric.wander(*value, unit);
    }
}

/// Adds active growth to the base; returns the active multipliers of error rate and latency.
fn grow(model: &Model, state: &mut State, server: usize) -> (f32, f32) {
    let lasting = state.lasting(model, server);
    let mut base = state.servers[server].base;
    for growth in state.active_ones(&lasting.growths, server) {
        let base = &mut base[growth.metric as usize];
        *base = clamp(*base + growth.amount, 0.0, growth.max);
    }
    state.servers[server].base = base;
    let product = |factors| state.active_ones(factors, server).fold(1.0, |a, b| a * b);
    (product(&lasting.error_rates), product(&lasting.latencies))
}

/// The value in the first band whose conditions hold.
fn drawn(metric: &DrawnModel, s: &ServerState, unit: f32) -> f32 {
    let fits = |band: &&BandModel| {
        let [with, without] = band.with_dependency;
        let by_dependency = if s.dependency_down { with } else { without };
        s.health < band.health_below && s.usage[0] > band.cpu_above && by_dependency
    };
    let band = metric.bands.iter().find(fits);
    band.map_or(metric.otherwise, |band| band.range).at(unit)
}
