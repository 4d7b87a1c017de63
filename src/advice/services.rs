//! Advice on services: what users need that nobody asks for.

use super::Advice;
use crate::world::World;

/// Needs, optional dependencies and symptoms from which nothing can follow.
pub(super) fn idle(world: &World) -> Vec<Advice> {
    let mut advice = unread_needs(world);
    advice.extend(unread_options(world));
    advice.extend(symptoms_of_nothing(world));
    advice
}

/// `needs` of services that no journey needs, where nothing else is read of them.
fn unread_needs(world: &World) -> Vec<Advice> {
    if world.has_symptoms() {
        return Vec::new();
    }
    let mut needed: Vec<&str> = Vec::new();
    let mut next: Vec<&str> = world
        .user_journeys()
        .map(|journey| journey.entry.get_ref().as_str())
        .collect();
    while let Some(service) = next.pop() {
        if needed.contains(&service) {
            continue;
        }
        needed.push(service);
        let required = world.dependencies(service).filter(|d| !d.optional);
        next.extend(required.map(|d| d.service.get_ref().as_str()));
    }
    let unread = world.services.iter().filter(|(name, service)| {
        let more = service.needs.get_ref().get() > 1;
        more && !needed.contains(&name.get_ref().as_str())
    });
    let advice = unread.map(|(name, _)| {
        let message = format!(
            "what the service `{}` needs changes nothing",
            name.get_ref()
        );
        Advice::at(name.span(), message, "no journey needs it").help(
            "a journey needs its `entry` and, one by one, what that depends on and is not optional",
        )
    });
    advice.collect()
}

/// Optional dependencies where nothing follows from one that is down.
fn unread_options(world: &World) -> Option<Advice> {
    if world.has_symptoms() {
        return None;
    }
    let lines = world.service_dependencies.iter();
    let mut all = lines.flat_map(|(_, dependencies)| dependencies);
    let optional = all.find(|dependency| dependency.optional)?;
    let message = format!(
        "the optional dependency on `{}` changes nothing",
        optional.service.get_ref()
    );
    let advice = Advice::at(optional.service.span(), message, "as if it were not there");
    Some(advice.help(
        "a band with `dependency_down`, or `dependency_penalty`, makes it felt where it is missed",
    ))
}

/// Symptoms of dependencies in a world without any.
fn symptoms_of_nothing(world: &World) -> Option<Advice> {
    let mut servers = world.servers.iter().flat_map(|server| &server.services);
    let depends = servers.any(|s| world.dependencies(s.get_ref().as_str()).next().is_some());
    (world.has_symptoms() && !depends).then(|| {
        Advice::general(
            "no dependency can be down: no service of a server depends on another, so \
             `dependency_down` and `dependency_penalty` do nothing",
        )
        .help("[service_dependencies] says what services depend on")
    })
}
