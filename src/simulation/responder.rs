//! Who responds: what the kernel asks for a choice for each alert that is kept and attended.
//!
//! The kernel never waits. A responder that lacks an answer says so, the replication stops, and is
//! simulated again from its first round once the answer is there.

use std::ops::ControlFlow;

use super::events::Handling;
use super::model::Model;
use super::state::State;
use crate::world::ResponderKind;

/// What is chosen for an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// What the skill makes of the alert: the runbook's action, or by its accuracy a wrong one.
    Diagnosis,
    /// The runbook's action.
    Runbook,
    /// An action at random: the one that a wrong diagnosis would pick.
    Random,
    /// An action by its index.
    Act(usize),
    /// Nothing: the alert is declined.
    Nothing,
}

impl Choice {
    /// What a kind of responder chooses for every alert; `None` for one that has to be asked.
    pub fn of(kind: ResponderKind) -> Option<Self> {
        Some(match kind {
            ResponderKind::Rules => Self::Diagnosis,
            ResponderKind::Runbook => Self::Runbook,
            ResponderKind::Random => Self::Random,
            ResponderKind::None => Self::Nothing,
            ResponderKind::Process | ResponderKind::Llm => return None,
        })
    }
}

/// Chooses what is done about alerts.
pub trait Responder {
    /// Whether every choice is [`Choice::Diagnosis`], which is all that the lanes know.
    const BY_RULES: bool = false;

    /// A replication begins.
    fn begin(&mut self) {}

    /// Makes up its mind about the alerts of the round, which are [`State::alerts`]; there is at
    /// least one. A break says that an answer is missing, and stops the replication.
    fn decide(&mut self, _model: &Model, _state: &State) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Its choice for the alert at a place in the list.
    fn choice(&self, place: usize) -> Choice;

    /// What it said when it made up its mind, if it has words.
    fn words(&self) -> Option<&str> {
        None
    }

    /// What came of a choice that was not to do nothing.
    fn handled(&mut self, _handling: &Handling) {}
}

/// Skill and runbook: what every sweep has that names no other responder.
#[derive(Debug, Clone, Copy)]
pub struct Rules;

impl Responder for Rules {
    const BY_RULES: bool = true;

    #[inline(always)]
    fn choice(&self, _place: usize) -> Choice {
        Choice::Diagnosis
    }
}

/// The same choice for every alert.
impl Responder for Choice {
    fn choice(&self, _place: usize) -> Choice {
        *self
    }
}
