//! Phase `chaos`: scenarios strike.

use super::model::{Change, InstantEffect, Model};
use super::numbers::Number;
use super::observer::Observer;
use super::state::State;
use super::streams::Half;
use crate::world::Quantity;

pub(super) fn run(model: &Model, state: &mut State, observer: &mut impl Observer) {
    state.strikes += 1;
    for (index, scenario) in model.scenarios.iter().enumerate() {
        // One output whatever happens, and target and service follow from it: so the events of a
        // lower chaos level are among those of a higher one, and everything else of an event is
        // the same.
        let bits = state.chaos[index].next();
        if !scenario.chance.happens(bits) {
            continue;
        }
        let details = bits.details();
        let (target, service) = (details.upper(), details.lower());
        let target = scenario.targets[target.below(scenario.targets.len())];
        let (server, kind) = (target.server as usize, target.kind as usize);
        let was_active = state.active(index, server);
        let mut changed = false;
        state.outcome.events += 1;
        state.strike(index, server);
        if target.lasting {
            let rounds = scenario.duration.of_event(details);
            changed = !was_active || rounds > 0;
            state.activate(index, server, rounds);
        }
        for instant in &scenario.instant {
            if instant.kinds.is_empty() || instant.kinds.contains(&kind) {
                changed |= apply(model, state, server, instant.effect, service);
            }
        }
        observer.event(index, server, changed);
    }
}

/// Applies an instant effect; `service` picks the service that crashes.
fn apply(
    model: &Model,
    state: &mut State,
    server: usize,
    effect: InstantEffect,
    service: Half,
) -> bool {
    let services = model.servers[server].services as usize;
    let s = &mut state.servers[server];
    match effect {
        InstantEffect::CrashService if services == 0 => false,
        InstantEffect::CrashService => {
            let before = s.services_down;
            s.services_down |= 1 << service.below(services);
            s.services_down != before
        }
        InstantEffect::Shock(quantity, change) => match quantity {
            Quantity::CpuUsage => shock(&mut s.base[0], change),
            Quantity::MemoryUsage => shock(&mut s.base[1], change),
            Quantity::DiskUsage => shock(&mut s.base[2], change),
            Quantity::ErrorRate => shock(&mut s.error_rate, change.narrow()),
            Quantity::LatencyP99 => shock(&mut s.latency, change.narrow()),
        },
    }
}

fn shock<T: Number>(value: &mut T, change: Change<T>) -> bool {
    let before = std::mem::replace(value, change.of(*value));
    *value != before
}
