//! Phase `chaos`: see [`super::super::chaos`].

use super::recovery;
use super::row::{LANES, LaneSets, Row};
use super::state::LaneState;
use crate::simulation::draws::Target;
use crate::simulation::model::{Change, InstantEffect, Model};
use crate::simulation::numbers::Number;
use crate::simulation::streams::Bits;
use crate::world::Quantity;

#[inline(always)]
pub(super) fn run(model: &Model, state: &mut LaneState) {
    for server in &mut state.servers {
        server.struck = Row::of(0);
    }
    let count = model.draws.len();
    for first in (0..count).step_by(LaneSets::COUNT) {
        let mut events = LaneSets::empty();
        for index in first..count.min(first + LaneSets::COUNT) {
            let bits = state.chaos[index].next();
            let chance = model.draws[index].chance;
            for lane in 0..LANES {
                let happens = chance.happens(Bits(bits[lane]));
                state.events[lane] += u32::from(happens);
                events.put(index - first, lane, happens);
            }
            state.details[index - first] = bits;
        }
        for (draw, lane) in events.members() {
            let details = Bits(state.details[draw][lane]).details();
            strike(model, state, first + draw, lane, details);
        }
    }
}

/// One event; they are rare, so each is a matter of its lane alone.
#[inline(always)]
fn strike(model: &Model, state: &mut LaneState, draw: usize, lane: usize, details: Bits) {
    let draw = &model.draws[draw];
    let target = draw.targets[details.upper().below(draw.targets.len())];
    hit(model, state, draw.scenario, target, lane, details);
    if model.scenarios[draw.scenario].others.is_some() {
        hit_others(model, state, draw.scenario, target, lane, details);
    }
}

/// Apart from [`strike`], so that events that hit one server cost nothing for it.
#[inline(never)]
fn hit_others(
    model: &Model,
    state: &mut LaneState,
    index: usize,
    target: Target,
    lane: usize,
    details: Bits,
) {
    if let Some(others) = &model.scenarios[index].others {
        for target in others.hit(target, details) {
            hit(model, state, index, target, lane, details);
        }
    }
}

/// What an event does to one of the servers that it hits.
#[inline(always)]
fn hit(
    model: &Model,
    state: &mut LaneState,
    index: usize,
    target: Target,
    lane: usize,
    details: Bits,
) {
    let scenario = &model.scenarios[index];
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
            apply(model, state, server, lane, &instant.effect, details);
        }
    }
}

/// Applies an instant effect; the details of the event pick the service that crashes, and for how long.
#[inline(always)]
fn apply(
    model: &Model,
    state: &mut LaneState,
    server: usize,
    lane: usize,
    effect: &InstantEffect,
    details: Bits,
) {
    let services = model.servers[server].services as usize;
    let s = &mut state.servers[server];
    match effect {
        InstantEffect::CrashService(_) if services == 0 => {}
        InstantEffect::CrashService(recovers) => {
            let service = details.lower().below(services);
            let rounds = match model.recovers {
                true => recovers.at(details.details().lower()),
                false => 0,
            };
            recovery::crash(model, state, server, lane, service, rounds);
        }
        InstantEffect::Shock(quantity, change) => match quantity {
            Quantity::CpuUsage => shock(&mut s.base[0][lane], *change),
            Quantity::MemoryUsage => shock(&mut s.base[1][lane], *change),
            Quantity::DiskUsage => shock(&mut s.base[2][lane], *change),
            Quantity::ErrorRate => shock(&mut s.error_rate[lane], change.narrow()),
            Quantity::LatencyP99 => shock(&mut s.latency[lane], change.narrow()),
        },
    }
}

#[inline(always)]
fn shock<T: Number>(value: &mut T, change: Change<T>) {
    *value = change.of(*value);
}
