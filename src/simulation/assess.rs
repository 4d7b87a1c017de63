//! Phase `assess`: which servers are up, whether the user journey works, which incidents end.

use super::health::{evaluate_health, evaluate_usage};
use super::incidents::check;
use super::model::Model;
use super::observer::Observer;
use super::recovery;
use super::services::evaluate_services;
use super::state::State;

pub(super) fn run(model: &Model, state: &mut State, observer: &mut impl Observer) {
    let half_round = 2 * state.round + 1;
    state.clock = half_round;
    state.kind_up.fill(0);
    for server in 0..model.servers.len() {
        evaluate_usage(model, state, server);
        evaluate_health(model, state, server);
        let s = &mut state.servers[server];
        s.up = s.health > model.up_health;
        if s.up {
            state.kind_up[model.servers[server].kind] += 1;
            state.outcome.up_checks += 1;
        }
        check(model, state, server, half_round, observer);
    }
    let journeys = evaluate_services(model, state);
    state.outcome.journey_up_rounds += journeys.unwrap_or_default();
    state.count_down();
    observer.assessed(model, state, journeys);
    if model.recovers {
        recovery::run(model, state, observer);
    }
}
