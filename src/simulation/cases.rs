//! Cases: how long it takes until someone attends to a server, and actions that take time.
//!
//! The first alert of a server opens a case. It is detected, then acknowledged, each after a time of
//! its own; from then on someone attends to the server, if a hand is free, until it raises no more
//! alerts. Without cases everyone attends to everything at once, and actions take no time.

use super::events::{CaseStep, Response};
use super::health::{evaluate_health, evaluate_usage};
use super::model::{CaseModel, Model};
use super::observer::Observer;
use super::remedy::carry_out;
use super::respond::raise;
use super::state::{Case, ServerCase, State, UnderWay};
use super::streams::Luck;

impl Case {
    /// When it is detected, and when it is acknowledged, in half rounds.
    fn times(&self) -> [u32; 2] {
        [1, 2].map(|step| self.clock + 2 * (self.rounds[step] - self.rounds[0]))
    }

    /// Whether its alerts are handled.
    fn is_handled(&self) -> bool {
        self.attended && self.under_way.is_none()
    }
}

impl State {
    /// When an incident that opens now on a server is known: at once, if its case is.
    pub(super) fn known_at_once(&self, server: usize, half_round: u32) -> [Option<u32>; 2] {
        let case = self.cases.get(server).and_then(|case| case.open);
        let known = case.map_or([false; 2], |case| case.known);
        known.map(|known| known.then_some(half_round))
    }

    /// An action succeeded on a server.
    pub(super) fn repaired(&mut self, server: usize) {
        if let Some(case) = self.cases.get_mut(server) {
            case.repaired = true;
        }
    }

    /// Whether the alerts of a server wait.
    pub(super) fn waits(&self, server: usize) -> bool {
        let handled = |case: &Case| case.is_handled();
        let case = self.cases.get(server);
        case.is_some_and(|case| !case.open.as_ref().is_some_and(handled))
    }

    /// An action begins that takes so many rounds.
    pub(super) fn begin(&mut self, server: usize, action: usize, luck: Luck, rounds: u32) {
        let ends = self.round + rounds;
        if let Some(case) = self.cases.get_mut(server).and_then(|c| c.open.as_mut()) {
            case.under_way = Some(UnderWay { action, luck, ends });
        }
    }
}

/// Actions that were under way and end now act, or turn out to have failed.
pub(super) fn finish_actions(model: &Model, state: &mut State, observer: &mut impl Observer) {
    for server in 0..state.cases.len() {
        let round = state.round;
        let case = &mut state.cases[server];
        (case.raised, case.repaired) = (false, false);
        let due = |under_way: &mut UnderWay| under_way.ends <= round;
        let ended = case
            .open
            .as_mut()
            .and_then(|case| case.under_way.take_if(due));
        let Some(UnderWay { action, luck, .. }) = ended else {
            continue;
        };
        let response = if luck.succeeds(model.actions[action].success) {
            let changed = carry_out(model, state, action, server, luck);
            // Who did it looks whether it helped.
            evaluate_usage(model, state, server);
            evaluate_health(model, state, server);
            state.repaired(server);
            Response::Succeeded { changed }
        } else {
            state.outcome.actions_failed += 1;
            Response::Failed
        };
        observer.finished(server, action, response);
    }
}

/// Cases open and close, go on to be detected and acknowledged, and get a hand; what is left of the
/// alerts are those that are handled.
pub(super) fn attend(
    model: &Model,
    cases: &CaseModel,
    state: &mut State,
    observer: &mut impl Observer,
) {
    for alert in &state.alerts {
        state.cases[alert.server].raised = true;
    }
    for server in 0..model.servers.len() {
        turn(cases, state, server, observer);
        learn(state, server, observer);
    }
    give_hands(cases, state, observer);
    let mut alerts = std::mem::take(&mut state.alerts);
    let raised = alerts.len();
    alerts.retain(|alert| !state.waits(alert.server));
    let waiting = raised - alerts.len();
    state.outcome.alerts_waiting += waiting as u32;
    state.alerts = alerts;
    if waiting > 0 {
        observer.waiting(waiting);
    }
}

/// Cases close on servers on which an action succeeded and left no alert: what happens to them next
/// is detected anew.
pub(super) fn close_repaired(model: &Model, state: &mut State, observer: &mut impl Observer) {
    for server in 0..state.cases.len() {
        let ServerCase { repaired, open, .. } = state.cases[server];
        let is_idle = open.is_some_and(|case| case.under_way.is_none());
        if repaired && is_idle && !still_alerts(model, state, server) {
            state.cases[server].open = None;
            observer.case(server, CaseStep::Closed);
        }
    }
}

/// Whether a server alerts after an action on it. All stays as it was seen before.
fn still_alerts(model: &Model, state: &mut State, server: usize) -> bool {
    let s = &state.servers[server];
    let (usage, isolated, health) = (s.usage, s.isolated, s.health);
    evaluate_usage(model, state, server);
    evaluate_health(model, state, server);
    let before = state.alerts.len();
    raise(model, state, server);
    let after = state.alerts.len();
    state.alerts.truncate(before);
    let s = &mut state.servers[server];
    (s.usage, s.isolated, s.health) = (usage, isolated, health);
    after > before
}

/// Opens a case on a server, or closes the one that is open.
fn turn(cases: &CaseModel, state: &mut State, server: usize, observer: &mut impl Observer) {
    let ServerCase { raised, open, .. } = state.cases[server];
    match open {
        None if raised => {
            let round = state.round;
            let [detect, acknowledge] = cases.delays(server, state.mixed_replication, round);
            state.cases[server].open = Some(Case {
                clock: state.clock,
                rounds: [round, round + detect, round + detect + acknowledge],
                known: [false; 2],
                attended: false,
                was_attended: false,
                ready: round + detect + acknowledge,
                under_way: None,
            });
            observer.case(server, CaseStep::Opened);
        }
        Some(case) if !raised && case.under_way.is_none() => {
            state.cases[server].open = None;
            observer.case(server, CaseStep::Closed);
        }
        _ => {}
    }
}

/// A case is detected or acknowledged, and with it the incident that is open on its server.
fn learn(state: &mut State, server: usize, observer: &mut impl Observer) {
    let Some(case) = &mut state.cases[server].open else {
        return;
    };
    let s = &mut state.servers[server];
    let opened = s.opened;
    let steps = [CaseStep::Detected, CaseStep::Acknowledged];
    for (step, time) in case.times().into_iter().enumerate() {
        if state.round < case.rounds[step + 1] {
            continue;
        }
        if !std::mem::replace(&mut case.known[step], true) {
            observer.case(server, steps[step]);
        }
        if s.is_down() {
            s.known[step].get_or_insert(time.max(opened));
        }
    }
}

/// A hand is free again once the action that it began is over. Free hands go to the cases that have
/// waited longest, of several to the first in file order: so no case that nothing helps keeps its
/// hand while another, which may be its cause, waits.
fn give_hands(cases: &CaseModel, state: &mut State, observer: &mut impl Observer) {
    let (mut busy, round) = (0, state.round);
    for case in state.cases.iter_mut().filter_map(|case| case.open.as_mut()) {
        case.was_attended = case.attended;
        if case.under_way.is_some() {
            busy += 1;
        } else if case.attended {
            (case.attended, case.ready) = (false, round);
        }
    }
    for _ in 0..cases.hands.saturating_sub(busy) {
        let waiting = state.cases.iter().enumerate().filter_map(|(server, case)| {
            let case = case.open.filter(|case| case.known[1] && !case.attended)?;
            Some((case.ready, server))
        });
        let Some((_, server)) = waiting.min() else {
            break;
        };
        if let Some(case) = &mut state.cases[server].open {
            case.attended = true;
        }
    }
    for (server, case) in state.cases.iter().enumerate() {
        match case.open.map(|case| (case.was_attended, case.attended)) {
            Some((false, true)) => observer.case(server, CaseStep::Attended),
            Some((true, false)) => observer.case(server, CaseStep::Left),
            _ => {}
        }
    }
}
