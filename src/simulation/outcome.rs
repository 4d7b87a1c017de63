//! What a replication is counted as.

use super::model::Model;
use super::observer::Observer;
use super::state::{NONE_OPEN, State};

/// The counts of one replication.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Server checks that found the server up, of servers × rounds.
    pub up_checks: u32,
    /// Rounds in which the user journey worked; 0 in a world without one.
    pub journey_up_rounds: u32,
    /// The SLA was met.
    pub sla_met: bool,
    /// Injections of chaos, also those that changed nothing.
    pub events: u32,
    /// Incidents that opened.
    pub incidents: u32,
    /// Incidents that were open at the end.
    pub incidents_open: u32,
    /// Sum of the times to resolve of the closed incidents, in half rounds.
    pub ttr_half_rounds: u64,
    /// Alerts raised.
    pub alerts: u32,
    /// Alerts handled.
    pub alerts_handled: u32,
    /// Alerts handled without the runbook.
    pub misdiagnoses: u32,
    /// Actions executed.
    pub actions: u32,
    /// Actions executed in vain.
    pub actions_failed: u32,
    /// Actions not executed, because they were cooling down.
    pub actions_blocked: u32,
    /// Rounds with more critical alerts than the SRE can bear.
    pub overwhelmed_rounds: u32,
}

impl Outcome {
    /// What counts towards the SLA: rounds with a working journey if it is held to the journey,
    /// else up checks.
    #[inline(always)]
    pub fn good(&self, model: &Model) -> u32 {
        if model.sla_on_journey {
            self.journey_up_rounds
        } else {
            self.up_checks
        }
    }

    /// Holds the counts to the SLA.
    #[inline(always)]
    pub(super) fn judge(&mut self, model: &Model) {
        self.sla_met = u64::from(self.good(model)) >= model.sla_least;
    }
}

/// One spell in which a server was down. Times are in half rounds from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// Index of the server.
    pub server: usize,
    /// When it opened.
    pub opened: u32,
    /// When its first alert was handled.
    pub handled: Option<u32>,
    /// When it closed and by what; `None` if it was open at the end.
    pub closed: Option<(u32, ClosedBy)>,
    /// Time to resolve, or time open until the last assess.
    pub ttr: u32,
}

/// What ended an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// A remediation succeeded on the server since the check before.
    Action,
    /// It passed by itself.
    Recovery,
}

/// One check of a server's health: opens or closes its incident.
pub(super) fn check(
    model: &Model,
    state: &mut State,
    server: usize,
    half_round: u32,
    observer: &mut impl Observer,
) {
    let s = &mut state.servers[server];
    let remediated = std::mem::take(&mut s.remediated);
    let down = s.health <= model.up_health;
    if down && s.opened == NONE_OPEN {
        s.opened = half_round;
        s.handled = None;
        state.outcome.incidents += 1;
        observer.opened(model, state, server, half_round);
    } else if !down && s.opened != NONE_OPEN {
        let ttr = half_round - s.opened;
        let by = if remediated {
            ClosedBy::Action
        } else {
            ClosedBy::Recovery
        };
        let incident = Incident {
            server,
            opened: s.opened,
            handled: s.handled,
            closed: Some((half_round, by)),
            ttr,
        };
        s.opened = NONE_OPEN;
        state.outcome.ttr_half_rounds += u64::from(ttr);
        state.close(ttr);
        observer.incident(&incident);
    }
}

/// Censors what is still open at the last assess, and holds the counts to the SLA.
pub(super) fn finish(model: &Model, state: &mut State, observer: &mut impl Observer) -> Outcome {
    let end = 2 * model.rounds - 1;
    for server in 0..model.servers.len() {
        let s = &state.servers[server];
        if s.opened != NONE_OPEN {
            // Only an update after the last assess opens later than the end.
            let incident = Incident {
                server,
                opened: s.opened,
                handled: s.handled,
                closed: None,
                ttr: end.saturating_sub(s.opened),
            };
            state.outcome.incidents_open += 1;
            state.censor(incident.ttr);
            observer.incident(&incident);
        }
    }
    state.outcome.judge(model);
    state.outcome
}
