//! Phase `update`: traffic, drift, growth, load, usage, health, error rate and latency.

use super::health::{evaluate_health, evaluate_usage};
use super::model::{DrawnModel, Model, OngoingEffect, UsageModel};
use super::observer::Observer;
use super::outcome::check;
use super::state::State;
use super::streams::Stream;

pub(super) fn run(model: &Model, state: &mut State, observer: &mut impl Observer) {
    let half_round = 2 * state.round + model.update_offset;
    state.clock = half_round;
    state.traffic = model.traffic.draw(&mut state.traffic_stream);
    for server in 0..model.servers.len() {
        drift(model, state, server);
        let (error_factor, latency_factor) = grow(model, state, server);
        let kind = model.servers[server].kind;
        let share = model.load_shares[kind][state.kind_up[kind] as usize];
        state.servers[server].load = state.traffic * share;
        evaluate_usage(model, state, server);
        evaluate_health(model, state, server);
        let s = &mut state.servers[server];
        let (health, cpu) = (s.health, s.usage[0]);
        s.error_rate = error_factor * draw(&model.error_rate, health, cpu, &mut s.environment);
        s.latency = latency_factor * draw(&model.latency, health, cpu, &mut s.environment);
        check(model, state, server, half_round, observer);
    }
}

fn drift(model: &Model, state: &mut State, server: usize) {
    let s = &mut state.servers[server];
    let mut wander = |base: f64, metric: &UsageModel| {
        let moved =
            base + metric.reversion * (metric.mean - base) + metric.drift.draw(&mut s.environment);
        moved.max(metric.low).min(metric.high)
    };
    s.base = [
        wander(s.base[0], &model.cpu),
        wander(s.base[1], &model.memory),
        wander(s.base[2], &model.disk),
    ];
}

/// Adds active growth to the base; returns the active multipliers of error rate and latency.
fn grow(model: &Model, state: &mut State, server: usize) -> (f64, f64) {
    let (mut error_factor, mut latency_factor) = (1.0, 1.0);
    if state.stormy(server) {
        for ongoing in &model.ongoing[model.servers[server].ongoing.clone()] {
            if !state.active(ongoing.scenario, server) {
                continue;
            }
            match ongoing.effect {
                OngoingEffect::Grow(metric, amount, max) => {
                    let base = state.servers[server].base_mut(metric);
                    *base = (*base + amount).max(0.0).min(max);
                }
                OngoingEffect::ErrorRate(factor) => error_factor *= factor,
                OngoingEffect::Latency(factor) => latency_factor *= factor,
                // These act on usage whenever it is evaluated.
                OngoingEffect::Hold(..) | OngoingEffect::Load(_) | OngoingEffect::Isolate => {}
            }
        }
    }
    (error_factor, latency_factor)
}

/// Draws from the first band whose conditions hold; one draw in any case. Without bands, 0.
fn draw(metric: &DrawnModel, health: f64, cpu: f64, stream: &mut Stream) -> f64 {
    let unit = stream.unit();
    metric
        .bands
        .iter()
        .find(|band| health < band.health_below && cpu > band.cpu_above)
        .map_or(0.0, |band| band.range.at(unit))
}
