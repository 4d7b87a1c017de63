//! Phase `assess`: see [`super::super::assess`].

use super::health::{evaluate_health, evaluate_usage, narrow};
use super::recovery;
use super::row::{LANES, Row};
use super::state::{LaneState, ServerLanes};
use crate::simulation::model::{Model, ServiceModel};

#[inline(always)]
pub(super) fn run(model: &Model, state: &mut LaneState) {
    let half_round = 2 * state.round + 1;
    for kind in &mut state.kinds {
        kind.up = Row::of(0);
    }
    for s in &mut state.servers {
        if s.touched {
            narrow(s);
        }
    }
    // What nothing touched since its update is as it was.
    for (server, spec) in model.servers.iter().enumerate() {
        let lasting = state.lasting(model, server);
        let (s, expires, now) = state.server(server);
        if s.touched {
            evaluate_usage(spec, s, lasting, expires, now);
        }
    }
    evaluate_health(model, state, true);
    for s in &mut state.servers {
        s.touched = false;
    }
    for (s, spec) in state.servers.iter().zip(&model.servers) {
        let health = s.health;
        let mut up = state.kinds[spec.kind].up;
        for lane in 0..LANES {
            up[lane] += if health[lane] > model.up_health { 1 } else { 0 };
        }
        state.kinds[spec.kind].up = up;
    }
    state.check(model, half_round);
    for kind in &state.kinds {
        for lane in 0..LANES {
            state.up_checks[lane] += kind.up[lane];
        }
    }
    evaluate_services(model, state);
    let rounds = state.round + 1;
    let (good, due) = if model.sla_on_journey {
        (state.journey_up_rounds, rounds * model.services.weight)
    } else {
        (state.up_checks, rounds * model.servers.len() as u32)
    };
    state.spend_budget(&good, due, model.sla_budget);
    state.count_down();
    if model.recovers {
        recovery::run(model, state);
    }
}

/// Evaluates in which lanes each service is served, and what follows.
#[inline(always)]
fn evaluate_services(model: &Model, state: &mut LaneState) {
    let all = &model.services;
    for (index, service) in all.services.iter().enumerate() {
        let mut served = match service.needs {
            1 => runs_somewhere(model, state, service),
            needs => runs_on_so_many(model, state, service, needs),
        };
        for need in &service.requires {
            for lane in 0..LANES {
                served[lane] &= state.served[*need][lane];
            }
        }
        state.served[index] = served;
    }
    for journey in &all.journeys {
        let served = &state.served[journey.entry];
        for lane in 0..LANES {
            state.journey_up_rounds[lane] += served[lane] & journey.weight;
        }
    }
    for (rounds, journey) in state.journey_rounds.iter_mut().zip(&all.journeys) {
        let served = &state.served[journey.entry];
        for lane in 0..LANES {
            rounds[lane] += served[lane] & 1;
        }
    }
    for (down, dependencies) in state.dependency_down.iter_mut().zip(&all.dependencies) {
        let mut served = Row::of(u32::MAX);
        for service in dependencies {
            for lane in 0..LANES {
                served[lane] &= state.served[*service][lane];
            }
        }
        for lane in 0..LANES {
            down[lane] = !served[lane];
        }
    }
}

/// The lanes in which some server runs a service and counts for it.
#[inline(always)]
fn runs_somewhere(model: &Model, state: &LaneState, service: &ServiceModel) -> Row<u32> {
    let mut served = Row::of(0);
    for (server, bit) in &service.hosts {
        let s = &state.servers[*server];
        let (counts, bit) = (who_counts(service, s), *bit);
        for lane in 0..LANES {
            let running = (s.health[lane] > model.up_health) & (s.services_down[lane] & bit == 0);
            served[lane] |= if running { counts[lane] } else { 0 };
        }
    }
    served
}

/// The lanes in which at least so many servers run a service and count for it.
#[inline(always)]
fn runs_on_so_many(
    model: &Model,
    state: &LaneState,
    service: &ServiceModel,
    needs: u32,
) -> Row<u32> {
    let mut count = Row::of(0);
    for (server, bit) in &service.hosts {
        let s = &state.servers[*server];
        let (counts, bit) = (who_counts(service, s), *bit);
        for lane in 0..LANES {
            let running = (s.health[lane] > model.up_health) & (s.services_down[lane] & bit == 0);
            count[lane] += if running { counts[lane] & 1 } else { 0 };
        }
    }
    let mut served = Row::of(0);
    for lane in 0..LANES {
        served[lane] = if count[lane] >= needs { u32::MAX } else { 0 };
    }
    served
}

/// The lanes in which a server counts for a service, if it runs it.
#[inline(always)]
fn who_counts(service: &ServiceModel, s: &ServerLanes) -> Row<u32> {
    if service.by_role {
        s.primary
    } else {
        Row::of(u32::MAX)
    }
}
