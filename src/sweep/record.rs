//! What a sweep keeps of each replication: columns of counts, rows of incidents and rounds.

use super::plan::Segment;
use crate::counts::PointCounts;
use crate::simulation::{Alert, Handling, Incident, Model, Observer, Outcome, State};

/// The outcomes of replications, in the order of their segments: a list a count, as the tables
/// have them.
#[derive(Debug, Default)]
pub struct RunColumns {
    /// Which replications.
    pub segments: Vec<Segment>,
    /// See [`Outcome::up_checks`].
    pub up_checks: Vec<u32>,
    /// See [`Outcome::journey_up_rounds`].
    pub journey_up_rounds: Vec<u32>,
    /// See [`Outcome::sla_met`].
    pub sla_met: Vec<bool>,
    /// See [`Outcome::events`].
    pub events: Vec<u32>,
    /// See [`Outcome::incidents`].
    pub incidents: Vec<u32>,
    /// See [`Outcome::incidents_open`].
    pub incidents_open: Vec<u32>,
    /// See [`Outcome::ttr_half_rounds`].
    pub ttr_half_rounds: Vec<u64>,
    /// See [`Outcome::alerts`].
    pub alerts: Vec<u32>,
    /// See [`Outcome::alerts_handled`].
    pub alerts_handled: Vec<u32>,
    /// See [`Outcome::misdiagnoses`].
    pub misdiagnoses: Vec<u32>,
    /// See [`Outcome::actions`].
    pub actions: Vec<u32>,
    /// See [`Outcome::actions_failed`].
    pub actions_failed: Vec<u32>,
    /// See [`Outcome::actions_blocked`].
    pub actions_blocked: Vec<u32>,
    /// See [`Outcome::overwhelmed_rounds`].
    pub overwhelmed_rounds: Vec<u32>,
}

impl RunColumns {
    /// Makes room for the replications of a segment.
    pub(super) fn begin(&mut self, segment: Segment) {
        let more = segment.count as usize;
        self.segments.push(segment);
        self.up_checks.reserve(more);
        self.journey_up_rounds.reserve(more);
        self.sla_met.reserve(more);
        self.events.reserve(more);
        self.incidents.reserve(more);
        self.incidents_open.reserve(more);
        self.ttr_half_rounds.reserve(more);
        self.alerts.reserve(more);
        self.alerts_handled.reserve(more);
        self.misdiagnoses.reserve(more);
        self.actions.reserve(more);
        self.actions_failed.reserve(more);
        self.actions_blocked.reserve(more);
        self.overwhelmed_rounds.reserve(more);
    }

    /// The next replication of the segment.
    #[inline]
    pub(super) fn push(&mut self, outcome: &Outcome) {
        self.up_checks.push(outcome.up_checks);
        self.journey_up_rounds.push(outcome.journey_up_rounds);
        self.sla_met.push(outcome.sla_met);
        self.events.push(outcome.events);
        self.incidents.push(outcome.incidents);
        self.incidents_open.push(outcome.incidents_open);
        self.ttr_half_rounds.push(outcome.ttr_half_rounds);
        self.alerts.push(outcome.alerts);
        self.alerts_handled.push(outcome.alerts_handled);
        self.misdiagnoses.push(outcome.misdiagnoses);
        self.actions.push(outcome.actions);
        self.actions_failed.push(outcome.actions_failed);
        self.actions_blocked.push(outcome.actions_blocked);
        self.overwhelmed_rounds.push(outcome.overwhelmed_rounds);
    }
}

/// One incident of a replication.
#[derive(Debug, Clone)]
pub struct IncidentRow {
    /// Index of the design point.
    pub point: usize,
    /// Which replication.
    pub replication: u64,
    /// Its number within the replication, in the order of opening.
    pub number: u32,
    /// What happened.
    pub incident: Incident,
    /// Indices of the scenarios that were active, or just struck, when it opened.
    pub causes: Vec<usize>,
}

/// One round of a replication.
#[derive(Debug, Clone, Copy)]
pub struct RoundRow {
    /// Index of the design point.
    pub point: usize,
    /// Which replication.
    pub replication: u64,
    /// Which round.
    pub round: u32,
    /// Traffic as a ratio of the base traffic, as last drawn.
    pub traffic: f64,
    /// Servers that were up at the check.
    pub servers_up: u32,
    /// Whether the journey worked; `None` in a world without one.
    pub journey_up: Option<bool>,
    /// Injections of chaos.
    pub events: u32,
    /// Alerts raised.
    pub alerts: u32,
    /// Alerts handled.
    pub alerts_handled: u32,
}

/// What one part produced, in design order.
#[derive(Debug, Default)]
pub struct PartData {
    /// One row a replication.
    pub runs: RunColumns,
    /// One row an incident, if asked for.
    pub incidents: Vec<IncidentRow>,
    /// One row a round, if asked for.
    pub rounds: Vec<RoundRow>,
    /// The counts of each design point.
    pub counts: Vec<(usize, PointCounts)>,
}

/// Records incidents and rounds of one replication at a time.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    want_incidents: bool,
    want_rounds: bool,
    point: usize,
    replication: u64,
    incidents: Vec<IncidentRow>,
    /// By server: which of `incidents` is open.
    open: Vec<(usize, usize)>,
    rounds: Vec<RoundRow>,
    round: Option<RoundRow>,
}

impl Recorder {
    pub fn new(want_incidents: bool, want_rounds: bool) -> Self {
        Self {
            want_incidents,
            want_rounds,
            ..Self::default()
        }
    }

    pub fn idle(&self) -> bool {
        !self.want_incidents && !self.want_rounds
    }
}

impl Recorder {
    /// Says which replication it watches next.
    pub fn watch(&mut self, point: usize, replication: u64) {
        (self.point, self.replication) = (point, replication);
    }

    /// Gives away what it recorded.
    pub fn drain(&mut self, data: &mut PartData) {
        data.incidents.append(&mut self.incidents);
        data.rounds.append(&mut self.rounds);
        self.open.clear();
    }
}

impl Observer for Recorder {
    fn round_begins(&mut self, _: &Model, state: &State) {
        self.round = self.want_rounds.then_some(RoundRow {
            point: self.point,
            replication: self.replication,
            round: state.round,
            traffic: 1.0,
            servers_up: 0,
            journey_up: None,
            events: 0,
            alerts: 0,
            alerts_handled: 0,
        });
    }

    fn event(&mut self, _: usize, _: usize, _: bool) {
        if let Some(round) = &mut self.round {
            round.events += 1;
        }
    }

    fn alerts(&mut self, alerts: &[Alert]) {
        if let Some(round) = &mut self.round {
            round.alerts = alerts.len() as u32;
        }
    }

    fn handled(&mut self, _: &Handling) {
        if let Some(round) = &mut self.round {
            round.alerts_handled += 1;
        }
    }

    fn opened(&mut self, model: &Model, state: &State, server: usize, half_round: u32) {
        if !self.want_incidents {
            return;
        }
        let caused = |scenario: &usize| {
            state.active(*scenario, server) || state.just_struck(*scenario, server)
        };
        self.open.push((server, self.incidents.len()));
        self.incidents.push(IncidentRow {
            point: self.point,
            replication: self.replication,
            number: self.incidents.len() as u32,
            incident: Incident {
                server,
                opened: half_round,
                handled: None,
                closed: None,
                ttr: 0,
            },
            causes: (0..model.scenarios()).filter(caused).collect(),
        });
    }

    fn incident(&mut self, incident: &Incident) {
        let open = self.open.iter().position(|(s, _)| *s == incident.server);
        if let Some(open) = open {
            let (_, row) = self.open.swap_remove(open);
            self.incidents[row].incident = *incident;
        }
    }

    fn assessed(&mut self, model: &Model, state: &State, journey: Option<bool>) {
        if let Some(round) = &mut self.round {
            round.servers_up = (0..model.servers()).filter(|s| state.is_up(*s)).count() as u32;
            round.journey_up = journey;
        }
    }

    fn round_ends(&mut self, _: &Model, state: &State) {
        if let Some(mut round) = self.round.take() {
            round.traffic = state.traffic;
            self.rounds.push(round);
        }
    }
}
