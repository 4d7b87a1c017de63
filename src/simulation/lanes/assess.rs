//! Phase `assess`: see [`super::super::assess`].

use super::health::{evaluate_health, evaluate_usage, narrow};
use super::row::{LANES, Row};
use super::state::LaneState;
use crate::simulation::journey::JourneyModel;
use crate::simulation::model::Model;

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
    for s in &mut state.servers {
        if s.touched {
            evaluate_health(model, s);
            s.touched = false;
        }
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
    if let Some(journey) = &model.journey {
        count_journeys(model, journey, state);
    }
    let rounds = state.round + 1;
    let (good, due) = if model.sla_on_journey {
        (state.journey_up_rounds, rounds)
    } else {
        (state.up_checks, rounds * model.servers.len() as u32)
    };
    state.spend_budget(&good, due, model.sla_budget);
    state.count_down();
}

/// Counts the lanes in which the entry of the journey is served.
#[inline(always)]
fn count_journeys(model: &Model, journey: &JourneyModel, state: &mut LaneState) {
    for (index, service) in journey.services.iter().enumerate() {
        let mut served = Row::of(0);
        for (server, bit) in &service.hosts {
            let s = &state.servers[*server];
            let (counts, bit) = (
                if service.by_role {
                    s.primary
                } else {
                    Row::of(u32::MAX)
                },
                *bit,
            );
            for lane in 0..LANES {
                let running =
                    (s.health[lane] > model.up_health) & (s.services_down[lane] & bit == 0);
                served[lane] |= if running { counts[lane] } else { 0 };
            }
        }
        for need in &service.needs {
            for lane in 0..LANES {
                served[lane] &= state.served[*need][lane];
            }
        }
        state.served[index] = served;
    }
    if let Some(entry) = state.served.last() {
        for lane in 0..LANES {
            state.journey_up_rounds[lane] += u32::from(entry[lane] != 0);
        }
    }
}
