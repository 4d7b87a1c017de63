//! The effects of an action that succeeds: see [`super::super::remedy`].

use super::alerts::Remedy;
use super::state::LaneState;
use crate::simulation::model::{ActionStep, Model};
use crate::simulation::streams::Bits;

/// Applies an action that succeeded.
#[inline(always)]
pub(super) fn carry_out(model: &Model, state: &mut LaneState, remedy: Remedy) {
    let (server, lane) = (remedy.alert.server(), remedy.alert.lane());
    let row = &model.action_rows[remedy.action as usize];
    state.succeeded[lane] += 1;
    let (s, expires, _) = state.server(server);
    s.touched = true;
    for (base, change) in s.base.iter_mut().zip(&row.changes) {
        base[lane] = change.of(base[lane]);
    }
    // Clears the lowest bit: the first crashed service in file order.
    let down = &mut s.services_down[lane];
    *down &= down.wrapping_sub(row.restart);
    for (expires, keep) in expires.iter_mut().zip(&row.keeps) {
        expires[lane] &= keep;
    }
    if !row.steps.is_empty() {
        let mut details = remedy.luck.details();
        for step in &row.steps {
            apply_step(model, state, server, lane, step, &mut details);
        }
    }
}

/// What only some actions do.
#[inline(always)]
fn apply_step(
    model: &Model,
    state: &mut LaneState,
    server: usize,
    lane: usize,
    step: &ActionStep,
    details: &mut Bits,
) {
    let s = &mut state.servers[server];
    match step {
        ActionStep::Change(metric, change) => {
            let base = &mut s.base[*metric as usize][lane];
            *base = change.of(*base);
        }
        ActionStep::Draw(metric, range) => {
            s.base[*metric as usize][lane] = range.at(details.lower().unit());
            *details = details.details();
        }
        ActionStep::RestartService => {
            let down = &mut s.services_down[lane];
            *down &= down.wrapping_sub(1);
        }
        // A row has them all.
        ActionStep::End(_) => {}
        ActionStep::PromoteReplica => promote_replica(model, state, server, lane),
    }
}

/// If the server is a current primary, the first healthy replica of its type takes its role.
#[inline(always)]
fn promote_replica(model: &Model, state: &mut LaneState, server: usize, lane: usize) {
    if state.servers[server].primary[lane] == 0 {
        return;
    }
    let kind = model.servers[server].kind;
    let heir = (0..model.servers.len()).find(|other| {
        let s = &state.servers[*other];
        model.servers[*other].kind == kind
            && s.replica[lane] != 0
            && s.health[lane] > model.up_health
    });
    if let Some(heir) = heir {
        for (server, role) in [(heir, u32::MAX), (server, 0)] {
            state.servers[server].primary[lane] = role;
            state.servers[server].replica[lane] = !role;
        }
    }
}
