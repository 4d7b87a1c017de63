//! The kernel: one replication of one design point, from flat arrays.
//!
//! [`Model`] is a world compiled for a chaos level and a skill; [`State`] is what changes; each
//! phase of a round has its own file. Nothing here knows files, clocks, threads or formats, and
//! after compiling there are no strings. While a replication runs, only +, −, ×, comparisons and exact
//! scaling touch the numbers, so what is drawn does not depend on a maths library. Compiling one does
//! in one place: the tables of lognormal and Weibull durations ([`durations`]).

mod account;
mod assess;
mod cases;
mod chaos;
mod compile;
mod draws;
mod durations;
mod events;
mod health;
mod incidents;
mod lanes;
mod metrics;
mod model;
mod numbers;
mod observer;
mod outcome;
mod recovery;
mod remedy;
mod respond;
mod responder;
mod rows;
mod services;
mod state;
mod streams;
mod update;

pub use account::{Accountant, CauseSet, Causes, CountedIncident, Replication};
pub use compile::{Setting, compile};
pub use durations::DurationFacts;
pub use events::{Alert, CaseStep, ClosedBy, Handling, Hit, Incident, Response, Strike};
pub use lanes::{
    InstructionSet, LANES, LaneState, fits_lanes, simulate_lanes, simulate_lanes_by_phase,
    simulate_lanes_unless,
};
pub use model::Model;
pub use observer::Observer;
pub use outcome::{Count, Outcome, Outcomes};
pub use responder::{Choice, Responder, Rules};
pub use state::State;
pub use streams::{Purpose, RANDOM_LAYOUT, stream_key};

use std::ops::ControlFlow;

use crate::world::Phase;

/// Version of what the simulator computes: a change of any result of any world changes it.
pub const MODEL_VERSION: u32 = 4;

/// From half rounds to rounds. Times are counted in half rounds, because the update and the assess
/// of a round are half a round apart; people read them in rounds.
pub fn in_rounds(half_rounds: impl Into<f64>) -> f64 {
    half_rounds.into() / 2.0
}

/// Runs one replication from its initial state; `state` is only scratch space to reuse.
///
/// The same model and replication give the same outcome whatever `state` held before and
/// whatever `observer` watches. The times to resolve are left in [`State::closed_ttr`] and
/// [`State::censored_ttr`].
pub fn simulate(
    model: &Model,
    replication: u64,
    state: &mut State,
    observer: &mut impl Observer,
) -> Outcome {
    match simulate_with(model, replication, state, observer, &mut Rules) {
        ControlFlow::Continue(outcome) => outcome,
        // Rules lack no answer.
        ControlFlow::Break(()) => state.outcome,
    }
}

/// The same with a responder of another kind than rules. A break says that the responder lacks an
/// answer, and that there is no outcome.
pub fn simulate_with(
    model: &Model,
    replication: u64,
    state: &mut State,
    observer: &mut impl Observer,
    responder: &mut impl Responder,
) -> ControlFlow<(), Outcome> {
    state.reset(model, replication);
    responder.begin();
    for round in 0..model.rounds {
        state.round = round;
        observer.round_begins(model, state);
        for phase in model.phases {
            match phase {
                Phase::Chaos => chaos::run(model, state, observer),
                Phase::Update => update::run(model, state, observer),
                Phase::Respond => respond::run(model, state, observer, responder)?,
                Phase::Assess => assess::run(model, state, observer),
            }
        }
        observer.round_ends(model, state);
        if !observer.goes_on() {
            break;
        }
    }
    ControlFlow::Continue(incidents::finish(model, state, observer))
}
