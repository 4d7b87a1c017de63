//! What is wrong between the services of a world: dependencies, journeys and their weights, needs
//! that can't be met.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Known, all_known, texts, unique};
use super::{Dependency, Indicator, NameAt, Role, World};
use crate::diagnostics::Problem;

/// Rounds with a working journey, each journey counted by its weight, are a count of 31 bits.
const MOST_JOURNEY_ROUNDS: u64 = i32::MAX as u64;

pub(super) fn services(world: &World, problems: &mut Vec<Problem>) {
    let running = Known::new(texts(world.servers.iter().flat_map(|s| &s.services)));
    let before = problems.len();
    let known = |name: &NameAt, problems: &mut Vec<Problem>| {
        all_known("service", std::slice::from_ref(name), &running, problems);
    };
    for (service, dependencies) in &world.service_dependencies {
        known(service, problems);
        for dependency in dependencies {
            known(&dependency.service, problems);
        }
    }
    for journey in world.user_journeys() {
        known(journey.entry, problems);
    }
    if problems.len() == before {
        problems.extend(dependency_cycle(world));
    }
    for (service, own) in &world.services {
        known(service, problems);
        if running.has(service.get_ref().as_str()) {
            problems.extend(unmet_needs(world, service, own.needs.get_ref().get()).map(
                |(message, allowed)| {
                    Problem::at(own.needs.span(), message, "can't be met").help(allowed)
                },
            ));
        }
    }
    journeys(world, problems);
}

/// More servers than can run the service at once, or none: what is wrong, and what is allowed.
fn unmet_needs(world: &World, service: &NameAt, needs: u32) -> Option<(String, String)> {
    let name = service.get_ref();
    let hosts: Vec<_> = world
        .servers
        .iter()
        .filter(|server| server.services.iter().any(|s| s.get_ref() == name))
        .collect();
    // A promotion moves the role within a type, so there are never more primaries than now.
    let kinds: BTreeSet<_> = hosts
        .iter()
        .filter(|s| s.role.is_some())
        .map(|s| s.kind.get_ref())
        .collect();
    let primaries = world.servers.iter().filter(|server| {
        server.role == Some(Role::Primary) && kinds.contains(server.kind.get_ref())
    });
    let (most, what) = match kinds.is_empty() {
        true => (hosts.len(), ""),
        false => (hosts.len().min(primaries.count()), " as a primary"),
    };
    let allowed = match most {
        0 | 1 => "allowed: 1".to_owned(),
        most => format!("allowed: 1 to {most}"),
    };
    if needs == 0 {
        let message = format!("the service `{name}` would be served without any server");
        return Some((message, allowed));
    }
    (needs as usize > most).then(|| {
        let runs = if most == 1 { "runs" } else { "run" };
        let message =
            format!("the service `{name}` needs {needs} servers, and only {most} {runs} it{what}");
        (message, allowed)
    })
}

fn journeys(world: &World, problems: &mut Vec<Problem>) {
    let names: Vec<&NameAt> = world.journeys.iter().map(|journey| &journey.name).collect();
    unique("journey", &names, problems);
    if let (Some(only), Some(first)) = (&world.journey, world.journeys.first()) {
        problems.push(
            Problem::at(
                first.name.span(),
                "the world has a [journey] and [[journeys]]",
                "one of several",
            )
            .and(only.entry.span(), "the only one")
            .help(
                "allowed: either; in a world that extends another, remove = [\"journey\"] or \
                 remove = [\"journeys\"] takes out what that has",
            ),
        );
    }
    let weights = world
        .journeys
        .iter()
        .map(|journey| u64::from(journey.weight.get_ref().get()));
    let weight: u64 = weights.sum();
    if let (0, Some(first)) = (weight, world.journeys.first()) {
        problems.push(
            Problem::at(
                first.weight.span(),
                "the weights of all journeys are 0",
                "no journey counts",
            )
            .help("allowed: whole numbers, not all 0"),
        );
    }
    let counted = weight.saturating_mul(world.rounds.into());
    if counted > MOST_JOURNEY_ROUNDS {
        let message = format!(
            "the weights of the journeys sum to {weight}, times {} rounds is {counted}",
            world.rounds
        );
        problems.push(Problem::general(message).help(format!(
            "allowed: at most {MOST_JOURNEY_ROUNDS}; only the ratios of weights count"
        )));
    }
    if world.sla.indicator == Indicator::JourneyAvailability
        && world.user_journeys().next().is_none()
    {
        problems.push(
            Problem::general("the SLA is held to journey_availability, but there is no journey")
                .help("add [journey] with entry = \"a service\", or several [[journeys]]"),
        );
    }
}

/// Walks the dependencies of each service that it can't be served without; the first service met
/// again on its own path is a cycle. Optional ones may be mutual: they only slow each other down.
fn dependency_cycle(world: &World) -> Option<Problem> {
    let needs: BTreeMap<&str, &[Dependency]> = world
        .service_dependencies
        .iter()
        .map(|(service, needs)| (service.get_ref().as_str(), needs.as_slice()))
        .collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for (service, _) in &world.service_dependencies {
        // A stack of (service, how many of its needs were followed); the stack is the path.
        let mut path = vec![(service.get_ref().as_str(), 0)];
        while let Some((service, next)) = path.last_mut() {
            let service = *service;
            let Some(need) = needs.get(service).and_then(|needs| needs.get(*next)) else {
                done.insert(service);
                path.pop();
                continue;
            };
            *next += 1;
            let name = need.service.get_ref().as_str();
            // None is slower for what it does itself.
            if need.optional && name != service {
                continue;
            }
            if let Some(at) = path.iter().position(|(on_path, _)| *on_path == name) {
                let mut circle: Vec<&str> = path[at..].iter().map(|(name, _)| *name).collect();
                circle.push(name);
                let message = format!("the services depend on each other: {}", circle.join(" → "));
                return Some(
                    Problem::at(need.service.span(), message, "closes the circle")
                        .help("allowed: dependencies without a cycle, but for optional ones"),
                );
            }
            if !done.contains(name) {
                path.push((name, 0));
            }
        }
    }
    None
}
