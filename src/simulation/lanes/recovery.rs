//! Services that come back by themselves: see [`super::super::recovery`].

use super::row::LANES;
use super::state::LaneState;
use crate::simulation::model::Model;

/// A service goes down in one lane for so many rounds, 0: until it is restarted.
#[inline(always)]
pub(super) fn crash(
    model: &Model,
    state: &mut LaneState,
    server: usize,
    lane: usize,
    service: usize,
    rounds: u32,
) {
    let down = &mut state.servers[server].services_down[lane];
    let was_down = *down >> service & 1 == 1;
    *down |= 1 << service;
    if model.recovers {
        let expiry = state.expiry(rounds);
        let place = model.servers[server].first_service + service;
        let back = &mut state.recoveries[place][lane];
        *back = if was_down { expiry.max(*back) } else { expiry };
    }
}

/// Services whose time is over come back.
#[inline(always)]
pub(super) fn run(model: &Model, state: &mut LaneState) {
    let now = state.assessments;
    for (s, spec) in state.servers.iter_mut().zip(&model.servers) {
        let mut any = 0;
        for lane in 0..LANES {
            any |= s.services_down[lane];
        }
        if any == 0 {
            continue;
        }
        s.touched = true;
        for service in 0..spec.services as usize {
            // Of one that is not down, the time means nothing, and nothing is cleared.
            let back = &state.recoveries[spec.first_service + service];
            for lane in 0..LANES {
                let over = if back[lane] <= now { 1 << service } else { 0 };
                s.services_down[lane] &= !over;
            }
        }
    }
}
