//! The kernel of a sweep: sixteen replications at once, one a lane.
//!
//! The phases are those of [`super::simulate`], written for rows of lanes, one file a phase by the
//! same name. That one is the reference: it narrates, and tests hold this one against it bit for
//! bit. What all lanes do is a loop over the lanes that the compiler turns into vector
//! instructions; what few lanes do (events, incidents, responses) is done lane by lane.

mod assess;
mod chaos;
mod dispatch;
mod health;
mod respond;
mod row;
mod state;
mod streams;
mod update;

pub use dispatch::InstructionSet;
pub use row::LANES;
pub use state::LaneState;

use super::model::Model;
use super::outcome::Outcome;
use crate::world::Phase;

/// What a replication comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replication {
    /// Its counts.
    pub outcome: Outcome,
    /// The round at whose assess the SLA could no longer be met.
    pub budget_exhausted: Option<u32>,
}

/// One incident, as the counts keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell {
    /// The replication, counted from the first of its block.
    pub lane: usize,
    /// Time to resolve, or time open until the last assess, in half rounds.
    pub ttr: u32,
    /// Whether it was open at the end.
    pub censored: bool,
    /// Checks at assess at which the server was down in it.
    pub down_checks: u32,
    /// Bit i: scenario i was active on the server, or had just struck it, when it opened.
    pub cause: u64,
}

impl Spell {
    /// Checks at assess are at odd half rounds: so many are before a time.
    fn checks_before(half_round: u32) -> u32 {
        half_round / 2
    }

    fn closed(opened: u32, closed: u32) -> Self {
        Self {
            lane: 0,
            ttr: closed - opened,
            censored: false,
            down_checks: Self::checks_before(closed) - Self::checks_before(opened),
            cause: 0,
        }
    }

    /// `end` is the time of the last assess. Only an update after it opens later.
    fn open(opened: u32, end: u32) -> Self {
        Self {
            lane: 0,
            ttr: end.saturating_sub(opened),
            censored: true,
            down_checks: Self::checks_before(end + 1) - Self::checks_before(opened),
            cause: 0,
        }
    }
}

/// Whether a world can be simulated in lanes; others take the scalar way.
pub fn fits_lanes(model: &Model) -> bool {
    // A set of scenarios is one machine word.
    model.scenarios.len() <= 64
}

/// Runs the replications `first` to `first + LANES - 1`, each as [`super::simulate`] would;
/// `state` is only scratch space to reuse. The results stay in the state.
pub fn simulate_lanes(
    model: &Model,
    first: u64,
    state: &mut LaneState,
    instructions: InstructionSet,
) {
    dispatch::run(model, first, state, instructions);
}

#[inline(always)]
fn run(model: &Model, first: u64, state: &mut LaneState) {
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
        }
    }
    state.finish(model);
}

impl LaneState {
    /// Ready for any model; the first use allocates.
    pub fn new() -> Self {
        Self::default()
    }

    /// The replications of the last block, in order.
    pub fn results(&self) -> impl Iterator<Item = Replication> {
        self.replications()
    }

    /// The incidents of the last block that closed or were open at the end, in no special order.
    pub fn incidents(&self) -> &[Spell] {
        self.spells()
    }
}
