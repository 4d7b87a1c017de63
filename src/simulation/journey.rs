//! The user journey: which services it needs, and whether they are served.

use super::state::State;
use crate::world::{Role, World};

/// The services a user journey needs, each after those it depends on; the entry is the last.
#[derive(Debug, Clone)]
pub(super) struct JourneyModel {
    pub services: Vec<JourneyService>,
}

#[derive(Debug, Clone)]
pub(super) struct JourneyService {
    /// (server, its bit of this service)
    pub hosts: Vec<(usize, u64)>,
    /// Some host has a role, so only current primaries count.
    pub by_role: bool,
    /// Indices into [`JourneyModel::services`].
    pub needs: Vec<usize>,
}

/// The services that the entry needs, directly or not, each after its own needs.
pub(super) fn journey_model(world: &World) -> Option<JourneyModel> {
    let entry = world.journey.as_ref()?.entry.get_ref().as_str();
    let needs_of = |service: &str| -> Vec<&str> {
        world
            .service_dependencies
            .iter()
            .filter(|(name, _)| name.get_ref().as_str() == service)
            .flat_map(|(_, needs)| needs.iter().map(|need| need.get_ref().as_str()))
            .collect()
    };
    // Services whose needs are all in `order` follow; a checked world has no cycle.
    let mut wanted = vec![entry];
    let mut at = 0;
    while at < wanted.len() {
        for need in needs_of(wanted[at]) {
            if !wanted.contains(&need) {
                wanted.push(need);
            }
        }
        at += 1;
    }
    let mut order: Vec<&str> = Vec::new();
    while order.len() < wanted.len() {
        let ready = wanted.iter().find(|service| {
            !order.contains(service) && needs_of(service).iter().all(|n| order.contains(n))
        })?;
        order.push(ready);
    }
    let services = order
        .iter()
        .map(|service| {
            let hosts: Vec<(usize, u64)> = world
                .servers
                .iter()
                .enumerate()
                .filter_map(|(i, server)| {
                    let bit = server
                        .services
                        .iter()
                        .position(|name| name.get_ref().as_str() == *service)?;
                    Some((i, 1 << bit))
                })
                .collect();
            JourneyService {
                by_role: hosts.iter().any(|(i, _)| world.servers[*i].role.is_some()),
                hosts,
                needs: needs_of(service)
                    .iter()
                    .filter_map(|need| order.iter().position(|known| known == need))
                    .collect(),
            }
        })
        .collect();
    Some(JourneyModel { services })
}

/// Whether the entry is served: some server that is up has it running, and all it needs is.
pub(super) fn journey_works(journey: &JourneyModel, state: &mut State) -> bool {
    state.served.clear();
    for service in &journey.services {
        let running = service.hosts.iter().any(|(server, bit)| {
            let s = &state.servers[*server];
            let counts = !service.by_role || s.role == Some(Role::Primary);
            s.up && counts && s.services_down & bit == 0
        });
        let served = running && service.needs.iter().all(|need| state.served[*need]);
        state.served.push(served);
    }
    state.served.last() == Some(&true)
}
