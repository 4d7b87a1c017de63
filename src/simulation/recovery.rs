//! Services that crash and come back by themselves. Nothing here runs in a world where none does.

use super::model::Model;
use super::observer::Observer;
use super::state::State;

impl State {
    /// A service goes down for so many rounds, 0: until it is restarted; the later time counts if it
    /// was down. Says whether that changed anything.
    pub(super) fn crash(
        &mut self,
        model: &Model,
        server: usize,
        service: usize,
        rounds: u32,
    ) -> bool {
        let s = &mut self.servers[server];
        let was_down = s.services_down >> service & 1 == 1;
        s.services_down |= 1 << service;
        if !model.recovers {
            return !was_down;
        }
        let expiry = self.expiry(rounds);
        let back = &mut self.recoveries[model.servers[server].first_service + service];
        let before = if was_down { *back } else { 0 };
        *back = expiry.max(before);
        *back != before
    }
}

/// Services whose time is over come back. Durations have been counted down.
pub(super) fn run(model: &Model, state: &mut State, observer: &mut impl Observer) {
    for (server, spec) in model.servers.iter().enumerate() {
        for service in 0..spec.services as usize {
            let is_down = state.servers[server].services_down >> service & 1 == 1;
            if is_down && state.is_over(state.recoveries[spec.first_service + service]) {
                state.servers[server].services_down &= !(1 << service);
                observer.recovered(server, service);
            }
        }
    }
}
