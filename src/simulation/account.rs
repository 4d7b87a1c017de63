//! What the counts of a sweep keep of a replication beside its outcome: its incidents with their
//! causes, and the round in which the error budget was exhausted.

use super::events::Incident;
use super::model::Model;
use super::observer::Observer;
use super::outcome::Outcome;
use super::state::State;

/// A set of causes is one machine word: bit i is scenario i, and one more a dependency that is down.
pub(super) const MOST_CAUSES_OF_A_WORD: usize = u64::BITS as usize;

/// What a replication comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replication {
    /// Its counts.
    pub outcome: Outcome,
    /// The round at whose assess the SLA could no longer be met; `None` if it was met.
    pub budget_exhausted: Option<u32>,
}

/// The scenarios that were active on a server, or had just struck it, when its incident opened, and
/// whether a dependency was down ([`State::causes`]).
/// Sets that are equal have equal numbers; [`Causes`] says which set a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CauseSet(pub u64);

/// One incident, as the counts keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountedIncident {
    /// The replication, counted from the first of those that were simulated together.
    pub lane: usize,
    /// Time to resolve, or time open until the last assess, in half rounds.
    pub ttr: u32,
    /// Whether it was open at the end.
    pub censored: bool,
    /// Checks at assess that found the server down in it.
    pub down_checks: u32,
    /// What may have caused it.
    pub cause: CauseSet,
    /// Times from its opening until it was detected, and until it was acknowledged, in half rounds.
    pub known: [Option<u32>; 2],
}

impl CountedIncident {
    /// One that closed; times in half rounds. The checks at assess are at the odd ones.
    #[inline(always)]
    pub(super) fn closed(lane: usize, cause: CauseSet, opened: u32, closed: u32) -> Self {
        Self {
            known: [None; 2],
            lane,
            ttr: closed - opened,
            censored: false,
            down_checks: closed / 2 - opened / 2,
            cause,
        }
    }

    /// One that was open after the last of so many rounds. Only an update after the last assess
    /// opens later than that.
    #[inline(always)]
    pub(super) fn open(lane: usize, cause: CauseSet, opened: u32, rounds: u32) -> Self {
        Self {
            known: [None; 2],
            lane,
            ttr: (2 * rounds - 1).saturating_sub(opened),
            censored: true,
            down_checks: rounds - opened / 2,
            cause,
        }
    }
}

/// Which causes each [`CauseSet`] of a world has. One machine word says it itself; the sets of a
/// world with more causes than that has bits are numbered here.
#[derive(Debug, Clone, Default)]
pub struct Causes(Vec<Vec<usize>>);

impl Causes {
    /// The causes of a set, in order, in a model that has so many ([`Model::causes`]).
    pub fn of(&self, set: CauseSet, count: usize) -> Vec<usize> {
        if count > MOST_CAUSES_OF_A_WORD {
            return self.0.get(set.0 as usize).cloned().unwrap_or_default();
        }
        (0..count).filter(|cause| set.0 >> cause & 1 == 1).collect()
    }

    fn number(&mut self, model: &Model, set: impl Iterator<Item = usize>) -> CauseSet {
        if model.causes() <= MOST_CAUSES_OF_A_WORD {
            return CauseSet(set.fold(0, |bits, cause| bits | 1 << cause));
        }
        let set: Vec<usize> = set.collect();
        let known = self.0.iter().position(|known| *known == set);
        let number = known.unwrap_or_else(|| {
            self.0.push(set);
            self.0.len() - 1
        });
        CauseSet(number as u64)
    }
}

/// Watches replications one by one, and keeps of the last what the lanes keep of theirs.
#[derive(Debug, Default)]
pub struct Accountant {
    rounds: u32,
    good: u32,
    budget_exhausted: Option<u32>,
    /// Server and cause of the open incidents.
    open: Vec<(usize, CauseSet)>,
    incidents: Vec<CountedIncident>,
    causes: Causes,
}

impl Accountant {
    /// The last replication, of which this is the outcome.
    pub fn replication(&self, outcome: Outcome) -> Replication {
        Replication {
            outcome,
            budget_exhausted: self.budget_exhausted,
        }
    }

    /// The incidents of the last replication.
    pub fn incidents(&self) -> &[CountedIncident] {
        &self.incidents
    }

    /// Which sets the causes of its incidents are.
    pub fn into_causes(self) -> Causes {
        self.causes
    }
}

impl Observer for Accountant {
    fn round_begins(&mut self, model: &Model, state: &State) {
        if state.round == 0 {
            self.rounds = model.rounds;
            self.good = 0;
            self.budget_exhausted = None;
            self.open.clear();
            self.incidents.clear();
        }
    }

    fn opened(&mut self, model: &Model, state: &State, server: usize, _half_round: u32) {
        let cause = self.causes.number(model, state.causes(model, server));
        self.open.push((server, cause));
    }

    fn incident(&mut self, incident: &Incident) {
        let open = self.open.iter().position(|(s, _)| *s == incident.server);
        if let Some(open) = open {
            let (_, cause) = self.open.swap_remove(open);
            let counted = match incident.closed {
                Some((closed, _)) => CountedIncident::closed(0, cause, incident.opened, closed),
                None => CountedIncident::open(0, cause, incident.opened, self.rounds),
            };
            let known = [incident.detected, incident.acknowledged];
            self.incidents.push(CountedIncident {
                known: known.map(|at| Some(at? - incident.opened)),
                ..counted
            });
        }
    }

    fn assessed(&mut self, model: &Model, state: &State, journeys: Option<u32>) {
        let rounds = state.round + 1;
        let (good, due) = if model.sla_on_journey {
            let due = rounds * model.journey_weight();
            (journeys.unwrap_or_default(), due)
        } else {
            let up = (0..model.servers()).filter(|server| state.is_up(*server));
            (up.count() as u32, rounds * model.servers() as u32)
        };
        self.good += good;
        if self.budget_exhausted.is_none() && due - self.good > model.sla_budget {
            self.budget_exhausted = Some(state.round);
        }
    }
}
