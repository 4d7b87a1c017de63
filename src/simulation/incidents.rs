//! Incidents open and close at the checks of health; the end of a replication censors those that are open.

use super::events::{ClosedBy, Incident};
use super::model::Model;
use super::observer::Observer;
use super::outcome::Outcome;
use super::state::{NONE_OPEN, State};

/// One check of a server's health: opens or closes its incident.
pub(super) fn check(
    model: &Model,
    state: &mut State,
    server: usize,
    half_round: u32,
    observer: &mut impl Observer,
) {
    let known_at_once = state.known_at_once(server, half_round);
    let s = &mut state.servers[server];
    let remediated = std::mem::take(&mut s.remediated);
    let down = s.health <= model.up_health;
    if down && s.opened == NONE_OPEN {
        s.opened = half_round;
        s.handled = None;
        s.known = known_at_once;
        state.outcome.incidents += 1;
        observer.opened(model, state, server, half_round);
    } else if !down && s.opened != NONE_OPEN {
        let ttr = half_round - s.opened;
        let by = if remediated {
            ClosedBy::Action
        } else {
            ClosedBy::Recovery
        };
        let [detected, acknowledged] = s.known.map(|at| at.filter(|at| *at < half_round));
        let incident = Incident {
            server,
            opened: s.opened,
            handled: s.handled,
            detected,
            acknowledged,
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
            let [detected, acknowledged] = s.known.map(|at| at.filter(|at| *at <= end));
            // Only an update after the last assess opens later than the end.
            let incident = Incident {
                server,
                opened: s.opened,
                handled: s.handled,
                detected,
                acknowledged,
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
