//! The effects of an action that succeeds.

use super::model::{ActionStep, Model};
use super::state::State;
use super::streams::{Bits, Luck};
use crate::world::Role;

/// The effects of an action that succeeds.
pub(super) fn carry_out(
    model: &Model,
    state: &mut State,
    action: usize,
    server: usize,
    luck: Luck,
) {
    state.servers[server].remediated = true;
    let mut details = luck.details();
    for step in &model.actions[action].effects {
        apply(model, state, server, step, &mut details);
    }
}

/// Applies a step of an action; each draw takes the next details.
fn apply(model: &Model, state: &mut State, server: usize, step: &ActionStep, details: &mut Bits) {
    let s = &mut state.servers[server];
    match step {
        ActionStep::Change(metric, change) => {
            let base = s.base_mut(*metric);
            *base = change.of(*base);
        }
        ActionStep::Draw(metric, range) => {
            *s.base_mut(*metric) = range.at(details.lower().unit());
            *details = details.details();
        }
        // Clears the lowest bit: the first crashed service in file order.
        ActionStep::RestartService => s.services_down &= s.services_down.wrapping_sub(1),
        ActionStep::End(scenarios) => {
            for scenario in scenarios {
                state.end(*scenario, server);
            }
        }
        ActionStep::PromoteReplica => promote_replica(model, state, server),
    }
}

/// If the server is a current primary, the first healthy replica of its type takes its role.
fn promote_replica(model: &Model, state: &mut State, server: usize) {
    if state.servers[server].role != Some(Role::Primary) {
        return;
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
}
