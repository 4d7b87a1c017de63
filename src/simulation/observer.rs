//! What can be watched. An observer sees everything and changes nothing: it never draws.

use std::sync::atomic::{AtomicBool, Ordering};

use super::events::{Alert, CaseStep, Handling, Incident, Response, Strike};
use super::model::Model;
use super::state::State;

/// Watches a replication; every method does nothing unless it is written.
pub trait Observer {
    /// A round begins.
    fn round_begins(&mut self, _model: &Model, _state: &State) {}
    /// A scenario struck.
    fn event(&mut self, _strike: &Strike) {}
    /// The alerts of the round, as raised.
    fn alerts(&mut self, _alerts: &[Alert]) {}
    /// Too many critical alerts: only the first so many are kept.
    fn overwhelmed(&mut self, _kept: usize) {}
    /// A service came back by itself; it is that of a number on its server.
    fn recovered(&mut self, _server: usize, _service: usize) {}
    /// The responder said what is to be done.
    fn answered(&mut self, _words: &str) {}
    /// An alert was handled.
    fn handled(&mut self, _handling: &Handling) {}
    /// Nothing is done about an alert, by choice.
    fn declined(&mut self, _alert: &Alert) {}
    /// So many of the alerts wait.
    fn waiting(&mut self, _alerts: usize) {}
    /// The case of a server took a step.
    fn case(&mut self, _server: usize, _step: CaseStep) {}
    /// An action that was under way on a server is over.
    fn finished(&mut self, _server: usize, _action: usize, _response: Response) {}
    /// An incident opened at the given half round.
    fn opened(&mut self, _model: &Model, _state: &State, _server: usize, _half_round: u32) {}
    /// An incident closed, or the replication ended with it open.
    fn incident(&mut self, _incident: &Incident) {}
    /// All servers were assessed; journeys of so much weight work (if there are any).
    fn assessed(&mut self, _model: &Model, _state: &State, _journeys: Option<u32>) {}
    /// A round ends.
    fn round_ends(&mut self, _model: &Model, _state: &State) {}
    /// Whether there is to be another round; without it, the outcome is of no use.
    fn goes_on(&mut self) -> bool {
        true
    }
}

/// Watches nothing.
impl Observer for () {}

/// Two watch the same.
impl<A: Observer, B: Observer> Observer for (&mut A, &mut B) {
    fn round_begins(&mut self, model: &Model, state: &State) {
        self.0.round_begins(model, state);
        self.1.round_begins(model, state);
    }

    fn event(&mut self, strike: &Strike) {
        self.0.event(strike);
        self.1.event(strike);
    }

    fn alerts(&mut self, alerts: &[Alert]) {
        self.0.alerts(alerts);
        self.1.alerts(alerts);
    }

    fn overwhelmed(&mut self, kept: usize) {
        self.0.overwhelmed(kept);
        self.1.overwhelmed(kept);
    }

    fn handled(&mut self, handling: &Handling) {
        self.0.handled(handling);
        self.1.handled(handling);
    }

    fn answered(&mut self, words: &str) {
        self.0.answered(words);
        self.1.answered(words);
    }

    fn declined(&mut self, alert: &Alert) {
        self.0.declined(alert);
        self.1.declined(alert);
    }

    fn waiting(&mut self, alerts: usize) {
        self.0.waiting(alerts);
        self.1.waiting(alerts);
    }

    fn case(&mut self, server: usize, step: CaseStep) {
        self.0.case(server, step);
        self.1.case(server, step);
    }

    fn finished(&mut self, server: usize, action: usize, response: Response) {
        self.0.finished(server, action, response);
        self.1.finished(server, action, response);
    }

    fn recovered(&mut self, server: usize, service: usize) {
        self.0.recovered(server, service);
        self.1.recovered(server, service);
    }

    fn opened(&mut self, model: &Model, state: &State, server: usize, half_round: u32) {
        self.0.opened(model, state, server, half_round);
        self.1.opened(model, state, server, half_round);
    }

    fn incident(&mut self, incident: &Incident) {
        self.0.incident(incident);
        self.1.incident(incident);
    }

    fn assessed(&mut self, model: &Model, state: &State, journeys: Option<u32>) {
        self.0.assessed(model, state, journeys);
        self.1.assessed(model, state, journeys);
    }

    fn round_ends(&mut self, model: &Model, state: &State) {
        self.0.round_ends(model, state);
        self.1.round_ends(model, state);
    }

    fn goes_on(&mut self) -> bool {
        self.0.goes_on() && self.1.goes_on()
    }
}

/// Watches for the wish to stop.
impl Observer for &AtomicBool {
    fn goes_on(&mut self) -> bool {
        !self.load(Ordering::Relaxed)
    }
}
