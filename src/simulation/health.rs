//! Usage and health of a server from its present state: what update, respond and assess share.

use super::model::{Model, UsageModel};
use super::numbers::{at_least, clamp};
use super::state::State;

/// Evaluates usage and isolation again: base values, active effects, load as last set.
pub(super) fn evaluate_usage(model: &Model, state: &mut State, server: usize) {
    let spec = &model.servers[server];
    let mut load = state.servers[server].load;
    let mut held = [0.0_f32; 3];
    let lasting = state.lasting(model, server);
    for factor in state.active_ones(&lasting.loads, server) {
        load *= factor;
    }
    for (held, holds) in held.iter_mut().zip(&lasting.holds) {
        for value in state.active_ones(holds, server) {
            *held = at_least(*held, value);
        }
    }
    let isolated = state
        .active_ones(&lasting.isolations, server)
        .next()
        .is_some();
    let s = &mut state.servers[server];
    let [cpu, memory, disk] = s.base.map(|base| base as f32);
    let cpu = cpu + spec.cpu_gain * (load - 1.0);
    s.usage = [clamp(cpu, 0.0, 100.0), memory, disk];
    for (usage, held) in s.usage.iter_mut().zip(held) {
        *usage = at_least(*usage, held);
    }
    s.isolated = isolated;
}

/// Evaluates health from usage, isolation and services; usage must be up to date.
pub(super) fn evaluate_health(model: &Model, state: &mut State, server: usize) {
    let s = &mut state.servers[server];
    let [cpu, memory, disk] = s.usage;
    let mut lost =
        penalty(&model.cpu, cpu) + penalty(&model.memory, memory) + penalty(&model.disk, disk);
    if s.services_down != 0 {
        lost += model.service_down_penalty;
    }
    if s.dependency_down {
        lost += model.dependency_penalty;
    }
    s.health = if s.isolated {
        0.0
    } else {
        at_least(100.0 - lost, 0.0)
    };
}

fn penalty(metric: &UsageModel, usage: f32) -> f32 {
    let mut lines = metric.other_penalties.iter().chain(&metric.last_penalties);
    lines
        .find(|line| usage > line.above)
        .map_or(0.0, |line| line.lost)
}
