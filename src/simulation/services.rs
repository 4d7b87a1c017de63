//! Which services are served, and what follows: the user journeys, and the servers that miss a
//! dependency.

use super::model::{JourneyModel, Model, ServiceModel, ServicesModel};
use super::state::State;
use crate::world::{Dependency, Role, World};

/// The services that the journeys need, directly or not, and where it matters those that some
/// service depends on.
pub(super) fn services_model(world: &World) -> ServicesModel {
    let name = |dependency: &'_ Dependency| dependency.service.get_ref().to_string();
    let required = |service: &str| -> Vec<String> {
        let all = world.dependencies(service);
        all.filter(|d| !d.optional).map(name).collect()
    };
    let of_server = |server: &crate::world::Server| -> Vec<String> {
        let services = server.services.iter();
        let all = services.flat_map(|s| world.dependencies(s.get_ref().as_str()));
        all.map(name).collect()
    };
    let mut first: Vec<String> = world
        .user_journeys()
        .map(|j| j.entry.get_ref().to_string())
        .collect();
    if world.has_symptoms() {
        first.extend(world.servers.iter().flat_map(of_server));
    }
    let wanted = with_required(first, &required);
    let order = in_order(&wanted, &required);
    let index = |service: &str| order.iter().position(|known| *known == service);
    let dependencies = |server| {
        let mut all: Vec<usize> = of_server(server).iter().filter_map(|s| index(s)).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    ServicesModel {
        services: order
            .iter()
            .map(|service| service_model(world, service, required(service), index))
            .collect(),
        journeys: world
            .user_journeys()
            .filter_map(|journey| {
                Some(JourneyModel {
                    entry: index(journey.entry.get_ref().as_str())?,
                    weight: journey.weight,
                })
            })
            .collect(),
        weight: world.journey_weight(),
        dependencies: match world.has_symptoms() {
            true => world.servers.iter().map(dependencies).collect(),
            false => Vec::new(),
        },
    }
}

/// Services and all that they require, directly or not, each once.
fn with_required(first: Vec<String>, required: &impl Fn(&str) -> Vec<String>) -> Vec<String> {
    let mut wanted: Vec<String> = Vec::new();
    let want = |names: Vec<String>, wanted: &mut Vec<String>| {
        for name in names {
            if !wanted.contains(&name) {
                wanted.push(name);
            }
        }
    };
    want(first, &mut wanted);
    let mut at = 0;
    while at < wanted.len() {
        want(required(&wanted[at]), &mut wanted);
        at += 1;
    }
    wanted
}

/// Services each after those it requires; a checked world has no cycle of them.
fn in_order<'a>(wanted: &'a [String], required: &impl Fn(&str) -> Vec<String>) -> Vec<&'a str> {
    let mut order: Vec<&str> = Vec::new();
    while order.len() < wanted.len() {
        let ready = wanted.iter().find(|service| {
            let known = |name: &String| order.contains(&name.as_str());
            !known(service) && required(service).iter().all(known)
        });
        match ready {
            Some(service) => order.push(service),
            None => break,
        }
    }
    order
}

fn service_model(
    world: &World,
    service: &str,
    required: Vec<String>,
    index: impl Fn(&str) -> Option<usize>,
) -> ServiceModel {
    let hosts: Vec<(usize, u64)> = world
        .servers
        .iter()
        .enumerate()
        .filter_map(|(i, server)| {
            let mut services = server.services.iter();
            let bit = services.position(|name| name.get_ref().as_str() == service)?;
            Some((i, 1 << bit))
        })
        .collect();
    ServiceModel {
        by_role: hosts.iter().any(|(i, _)| world.servers[*i].role.is_some()),
        hosts,
        needs: world.needs(service),
        requires: required.iter().filter_map(|name| index(name)).collect(),
    }
}

/// Evaluates which services are served, and counts the journeys whose entry is: returns the weight
/// of those, or `None` in a world without journeys.
pub(super) fn evaluate_services(model: &Model, state: &mut State) -> Option<u32> {
    let all = &model.services;
    state.served.clear();
    for service in &all.services {
        let running = service.hosts.iter().filter(|(server, bit)| {
            let s = &state.servers[*server];
            let counts = !service.by_role || s.role == Some(Role::Primary);
            s.up && counts && s.services_down & bit == 0
        });
        let enough = running.count() >= service.needs as usize;
        let served = enough && service.requires.iter().all(|need| state.served[*need]);
        state.served.push(served);
    }
    for (s, dependencies) in state.servers.iter_mut().zip(&all.dependencies) {
        s.dependency_down = dependencies.iter().any(|service| !state.served[*service]);
    }
    let served = |journey: &JourneyModel| state.served[journey.entry];
    for (rounds, journey) in state.journey_rounds.iter_mut().zip(&all.journeys) {
        *rounds += u32::from(served(journey));
    }
    let working = all.journeys.iter().filter(|journey| served(journey));
    let weight = working.map(|journey| journey.weight).sum();
    (!all.journeys.is_empty()).then_some(weight)
}
