//! Phase `chaos`: scenarios strike.

use super::draws::Target;
use super::events::{Hit, Strike};
use super::model::{Change, InstantEffect, Model};
use super::numbers::Number;
use super::observer::Observer;
use super::state::State;
use super::streams::Bits;
use crate::world::Quantity;

pub(super) fn run(model: &Model, state: &mut State, observer: &mut impl Observer) {
    state.strikes += 1;
    for (index, draw) in model.draws.iter().enumerate() {
        // One output whatever happens, and target and service follow from it: so the events of a
        // lower chaos level are among those of a higher one, and everything else of an event is
        // the same.
        let bits = state.chaos[index].next();
        if !draw.chance.happens(bits) {
            continue;
        }
        let details = bits.details();
        let target = draw.targets[details.upper().below(draw.targets.len())];
        let rounds = model.scenarios[draw.scenario].duration.of_event(details);
        state.outcome.events += 1;
        state.hits.clear();
        hit(model, state, draw.scenario, target, rounds, details);
        if let Some(others) = &model.scenarios[draw.scenario].others {
            for target in others.hit(target, details) {
                hit(model, state, draw.scenario, target, rounds, details);
            }
        }
        observer.event(&Strike {
            scenario: draw.scenario,
            rounds,
            hits: &state.hits,
        });
    }
}

/// What an event does to one of the servers that it hits.
fn hit(model: &Model, state: &mut State, index: usize, target: Target, rounds: u32, details: Bits) {
    let (server, kind) = (target.server as usize, target.kind as usize);
    let mut changed = false;
    if target.lasting {
        changed = rounds > 0 || !state.active(index, server);
        state.activate(index, server, rounds);
    }
    state.strike(index, server);
    for instant in &model.scenarios[index].instant {
        if instant.kinds.is_empty() || instant.kinds.contains(&kind) {
            changed |= apply(model, state, server, &instant.effect, details);
        }
    }
    state.hits.push(Hit { server, changed });
}

/// Applies an instant effect; the details of the event pick the service that crashes, and for how long.
fn apply(
    model: &Model,
    state: &mut State,
    server: usize,
    effect: &InstantEffect,
    details: Bits,
) -> bool {
    let services = model.servers[server].services as usize;
    let s = &mut state.servers[server];
    match effect {
        InstantEffect::CrashService(_) if services == 0 => false,
        InstantEffect::CrashService(recovers) => {
            let service = details.lower().below(services);
            let rounds = recovers.at(details.details().lower());
            state.crash(model, server, service, rounds)
        }
        InstantEffect::Shock(quantity, change) => match quantity {
            Quantity::CpuUsage => shock(&mut s.base[0], *change),
            Quantity::MemoryUsage => shock(&mut s.base[1], *change),
            Quantity::DiskUsage => shock(&mut s.base[2], *change),
            Quantity::ErrorRate => shock(&mut s.error_rate, change.narrow()),
            Quantity::LatencyP99 => shock(&mut s.latency, change.narrow()),
        },
    }
}

fn shock<T: Number>(value: &mut T, change: Change<T>) -> bool {
    let before = std::mem::replace(value, change.of(*value));
    *value != before
}
