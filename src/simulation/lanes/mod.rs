//! The kernel of a sweep: sixteen replications at once, one a lane.
//!
//! The phases are those of [`super::simulate`], written for rows of lanes, one file a phase by the
//! same name. That one is the reference: it narrates, and tests hold this one against it bit for
//! bit. What all lanes do is a loop over the lanes that the compiler turns into vector
//! instructions; what few lanes do (events, incidents, responses) is done lane by lane.

// A loop over lanes reads and writes several rows at once: indices say so best.
#![allow(clippy::needless_range_loop)]

mod alerts;
mod assess;
mod cases;
mod chaos;
mod dispatch;
mod health;
mod recovery;
mod remedy;
mod respond;
mod row;
mod state;
mod streams;
mod update;

pub use dispatch::InstructionSet;
pub use row::LANES;
pub use state::LaneState;

use std::sync::atomic::{AtomicBool, Ordering};

use super::account::MOST_CAUSES_OF_A_WORD;
use super::model::Model;
use crate::world::Phase;

/// Phases after which it is looked whether to stop: milliseconds.
const PHASES_UNHEARD: u32 = 1 << 12;

/// Whether a world can be simulated in lanes; others take the scalar way.
pub fn fits_lanes(model: &Model) -> bool {
    model.causes() <= MOST_CAUSES_OF_A_WORD && model.servers.len() <= alerts::MOST_SERVERS
}

/// Runs the replications `first` to `first + LANES - 1`, each as [`super::simulate`] would;
/// `state` is only scratch space to reuse. The results stay in the state.
pub fn simulate_lanes(
    model: &Model,
    first: u64,
    state: &mut LaneState,
    instructions: InstructionSet,
) {
    dispatch::run(model, first, state, instructions, |_| true);
}

/// The same, but once `stop` is set nothing of the state is of use: a long replication ends at once.
pub fn simulate_lanes_unless(
    stop: &AtomicBool,
    model: &Model,
    first: u64,
    state: &mut LaneState,
    instructions: InstructionSet,
) {
    let mut phases = 0_u32;
    dispatch::run(model, first, state, instructions, |_| {
        phases = phases.wrapping_add(1);
        !phases.is_multiple_of(PHASES_UNHEARD) || !stop.load(Ordering::Relaxed)
    });
}

/// The same, and tells when each phase, and last the block, is over: for measuring.
pub fn simulate_lanes_by_phase(
    model: &Model,
    first: u64,
    state: &mut LaneState,
    instructions: InstructionSet,
    over: &mut dyn FnMut(Option<Phase>),
) {
    dispatch::run(model, first, state, instructions, |phase| {
        over(Some(phase));
        true
    });
    over(None);
}

#[inline(always)]
fn run(model: &Model, first: u64, state: &mut LaneState, mut after: impl FnMut(Phase) -> bool) {
    state.reset(model, first);
    for round in 0..model.rounds {
        state.round = round;
        for phase in model.phases {
            match phase {
                Phase::Chaos => chaos::run(model, state),
                Phase::Update => update::run(model, state),
                Phase::Respond => respond::run(model, state),
                Phase::Assess => assess::run(model, state),
            }
            if !after(phase) {
                return;
            }
        }
    }
    state.finish(model);
}
