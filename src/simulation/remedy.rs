//! The effects of an action that succeeds.

use super::model::{ActionStep, Model};
use super::state::State;
use super::streams::{Bits, Luck};
use crate::world::Role;

/// The effects of an action that succeeds. Says whether they changed anything.
pub(super) fn carry_out(
    model: &Model,
    state: &mut State,
    action: usize,
    server: usize,
    luck: Luck,
) -> bool {
    state.servers[server].remediated = true;
    let (mut details, mut changed) = (luck.details(), false);
    for step in &model.actions[action].effects {
        changed |= apply(model, state, server, step, &mut details);
    }
    changed
}

/// Applies a step of an action; each draw takes the next details. Says whether it changed anything.
fn apply(
    model: &Model,
    state: &mut State,
    server: usize,
    step: &ActionStep,
    details: &mut Bits,
) -> bool {
    let s = &mut state.servers[server];
    match step {
        ActionStep::Change(metric, change) => {
            let base = s.base_mut(*metric);
            let after = change.of(*base);
            std::mem::replace(base, after) != after
        }
        ActionStep::Draw(metric, range) => {
            let after = range.at(details.lower().unit());
            *details = details.details();
            std::mem::replace(s.base_mut(*metric), after) != after
        }
        // Clears the lowest bit: the first crashed service in file order.
        ActionStep::RestartService => {
            let after = s.services_down & s.services_down.wrapping_sub(1);
            std::mem::replace(&mut s.services_down, after) != after
        }
        ActionStep::End(scenarios) => scenarios.iter().fold(false, |changed, scenario| {
            state.end(*scenario, server) | changed
        }),
        ActionStep::PromoteReplica => promote_replica(model, state, server),
    }
}

/// If the server is a current primary, the first healthy replica of its type takes its role; says
/// whether one did.
fn promote_replica(model: &Model, state: &mut State, server: usize) -> bool {
    if state.servers[server].role != Some(Role::Primary) {
        return false;
    }
    let kind = model.servers[server].kind;
    let heir = (0..model.servers.len()).find(|other| {
        let s = &state.servers[*other];
        model.servers[*other].kind == kind
            && s.role == Some(Role::Replica)
            && s.health > model.up_health
    });
    if let Some(heir) = heir {
        state.servers[heir].role = Some(Role::Primary);
        state.servers[server].role = Some(Role::Replica);
    }
    heir.is_some()
}
