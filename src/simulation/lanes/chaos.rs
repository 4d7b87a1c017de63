//! Phase `chaos`: see [`super::super::chaos`].

use super::row::{LANES, LaneSets, Row};
use super::state::LaneState;
use crate::simulation::model::{Change, InstantEffect, Model};
use crate::simulation::numbers::Number;
use crate::simulation::streams::{Bits, Half};
use crate::world::Quantity;

#[inline(always)]
pub(super) fn run(model: &Model, state: &mut LaneState) {
    for server in &mut state.servers {
        server.struck = Row::of(0);
    }
    let count = model.scenarios.len();
    for first in (0..count).step_by(LaneSets::COUNT) {
        let mut events = LaneSets::empty();
        for index in first..count.min(first + LaneSets::COUNT) {
            let bits = state.chaos[index].next();
            let chance = model.scenarios[index].chance;
            for lane in 0..LANES {
                let happens = chance.happens(Bits(bits[lane]));
                state.events[lane] += u32::from(happens);
                events.put(index - first, lane, happens);
            }
            state.details[index - first] = bits;
        }
        for (scenario, lane) in events.members() {
            let details = Bits(state.details[scenario][lane]).details();
            strike(model, state, first + scenario, lane, details);
        }
    }
}

/// One event; they are rare, so each is a matter of its lane alone.
#[inline(always)]
fn strike(model: &Model, state: &mut LaneState, index: usize, lane: usize, details: Bits) {
    let scenario = &model.scenarios[index];
    let target = details.upper().below(scenario.targets.len());
    let target = scenario.targets[target];
    let (server, kind) = (target.server as usize, target.kind as usize);
    let s = &mut state.servers[server];
    s.struck[lane] |= 1 << index;
    s.touched = true;
    if target.lasting {
        let rounds = scenario.duration.of_event(details);
        state.activate(index, server, lane, rounds);
    }
    for instant in &scenario.instant {
        if instant.kinds.is_empty() || instant.kinds.contains(&kind) {
            apply(model, state, server, lane, instant.effect, details.lower());
        }
    }
}

/// Applies an instant effect; `service` picks the service that crashes.
#[inline(always)]
fn apply(
    model: &Model,
    state: &mut LaneState,
    server: usize,
    lane: usize,
    effect: InstantEffect,
    service: Half,
) {
    let services = model.servers[server].services as usize;
    let s = &mut state.servers[server];
    match effect {
        InstantEffect::CrashService if services == 0 => {}
        InstantEffect::CrashService => s.services_down[lane] |= 1 << service.below(services),
        InstantEffect::Shock(quantity, change) => match quantity {
            Quantity::CpuUsage => shock(&mut s.base[0][lane], change),
            Quantity::MemoryUsage => shock(&mut s.base[1][lane], change),
            Quantity::DiskUsage => shock(&mut s.base[2][lane], change),
            Quantity::ErrorRate => shock(&mut s.error_rate[lane], change.narrow()),
            Quantity::LatencyP99 => shock(&mut s.latency[lane], change.narrow()),
        },
    }
}

#[inline(always)]
fn shock<T: Number>(value: &mut T, change: Change<T>) {
    *value = change.of(*value);
}
