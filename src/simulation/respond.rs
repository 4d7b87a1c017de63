//! Phase `respond`: alerts are raised, diagnosed by the SRE, and remediated.

use std::ops::ControlFlow;

use super::cases;
use super::events::{Alert, Handling, Response};
use super::health::evaluate_usage;
use super::model::{Model, Thresholds};
use super::observer::Observer;
use super::remedy::carry_out;
use super::responder::{Choice, Responder};
use super::state::State;
use super::streams::Luck;
use crate::world::AlertKind;

/// A break says that the responder lacks an answer.
pub(super) fn run(
    model: &Model,
    state: &mut State,
    observer: &mut impl Observer,
    responder: &mut impl Responder,
) -> ControlFlow<()> {
    cases::finish_actions(model, state, observer);
    state.alerts.clear();
    for server in 0..model.servers.len() {
        evaluate_usage(model, state, server);
        raise(model, state, server);
    }
    state.outcome.alerts += state.alerts.len() as u32;
    observer.alerts(&state.alerts);
    if let Some(cases) = &model.cases {
        cases::attend(model, cases, state, observer);
    }

    let criticals = state.alerts.iter().filter(|alert| alert.critical).count();
    if criticals > 0 {
        // While anything is critical, warnings wait, even after fixes.
        state.alerts.retain(|alert| alert.critical);
    }
    if criticals > model.panic_threshold {
        state.alerts.truncate(model.panic_threshold);
        state.outcome.overwhelmed_rounds += 1;
        observer.overwhelmed(model.panic_threshold);
    }
    // One output a round, whatever is alerted; each alert has its own bits of it.
    let mut luck = state.response.next();
    if model.actions.is_empty() || state.alerts.is_empty() {
        return ControlFlow::Continue(());
    }
    responder.decide(model, state)?;
    if let Some(words) = responder.words() {
        observer.answered(words);
    }
    for i in 0..state.alerts.len() {
        let (alert, luck) = (state.alerts[i], luck.split());
        if state.waits(alert.server) {
            // An action for an alert before it is under way.
            state.outcome.alerts_waiting += 1;
            observer.waiting(1);
            continue;
        }
        match handle(model, state, alert, responder.choice(i), luck) {
            Some(handling) => {
                observer.handled(&handling);
                responder.handled(&handling);
            }
            None => observer.declined(&alert),
        }
    }
    cases::close_repaired(model, state, observer);
    ControlFlow::Continue(())
}

/// Raises the alerts of one server, in the order of [`AlertKind::ALL`].
pub(super) fn raise(model: &Model, state: &mut State, server: usize) {
    let s = &state.servers[server];
    let repaired = state.cases.get(server).is_some_and(|case| case.repaired);
    let alerts = &mut state.alerts;
    let mut raise_if = |raised: bool, kind, critical, value| {
        if raised {
            alerts.push(Alert {
                server,
                kind,
                critical,
                value,
            });
        }
    };
    let mut above = |kind, value: f32, thresholds: Thresholds| {
        let critical = value > thresholds.critical;
        raise_if(
            critical || value > thresholds.warning,
            kind,
            critical,
            f64::from(value),
        );
    };
    let [cpu, memory, disk] = s.usage;
    above(AlertKind::CpuUsage, cpu, model.cpu.thresholds);
    above(AlertKind::MemoryUsage, memory, model.memory.thresholds);
    if !repaired {
        above(
            AlertKind::ErrorRate,
            s.error_rate,
            model.error_rate.thresholds,
        );
        above(AlertKind::LatencyP99, s.latency, model.latency.thresholds);
    }
    above(AlertKind::DiskUsage, disk, model.disk.thresholds);
    let down = s.services_down.count_ones();
    raise_if(down > 0, AlertKind::ServiceDown, true, f64::from(down));
    raise_if(s.isolated, AlertKind::Network, true, 1.0);
    let unhealthy = s.health <= model.health_alert;
    raise_if(unhealthy, AlertKind::Health, true, f64::from(s.health));
}

/// Handles an alert; `None` where nothing is to be done about it. It has its own bits of luck
/// whatever is chosen, so that responders meet the same luck.
fn handle(
    model: &Model,
    state: &mut State,
    alert: Alert,
    choice: Choice,
    luck: Luck,
) -> Option<Handling> {
    if choice == Choice::Nothing {
        state.outcome.actions_declined += 1;
        return None;
    }
    let server = alert.server;
    state.outcome.alerts_handled += 1;
    let clock = state.clock;
    state.servers[server].handled.get_or_insert(clock);

    let misdiagnosed = choice == Choice::Diagnosis && !luck.diagnoses(model.diagnosis);
    state.outcome.misdiagnoses += u32::from(misdiagnosed);
    let action = match choice {
        Choice::Act(action) => action,
        Choice::Random => luck.wrong_action(model.actions.len()),
        _ if misdiagnosed => luck.wrong_action(model.actions.len()),
        _ => model.runbook_action(server, alert.kind, alert.critical),
    };
    Some(Handling {
        alert,
        action,
        misdiagnosed,
        response: execute(model, state, action, server, luck),
    })
}

/// Executes an action unless it is cooling down.
fn execute(model: &Model, state: &mut State, action: usize, server: usize, luck: Luck) -> Response {
    let spec = &model.actions[action];
    let free_in = state.free_in[action];
    if state.round < free_in {
        state.outcome.actions_blocked += 1;
        return Response::Blocked(free_in);
    }
    state.free_in[action] = state.round + spec.cooldown;
    state.outcome.actions += 1;
    if let Some(cases) = &model.cases {
        let rounds = cases.action_rounds(&spec.duration, luck);
        if rounds > 0 {
            state.begin(server, action, luck, rounds);
            return Response::UnderWay(state.round + rounds);
        }
    }
    if !luck.succeeds(spec.success) {
        state.outcome.actions_failed += 1;
        return Response::Failed;
    }
    let changed = carry_out(model, state, action, server, luck);
    state.repaired(server);
    Response::Succeeded { changed }
}
