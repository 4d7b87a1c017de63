//! What one value of a world says about another: names that must be known, sets without
//! repetition, dependencies without a cycle.

use std::collections::BTreeSet;

use serde_spanned::Spanned;

use super::check_services;
use super::names::{Known, all_known, texts, unique};
use super::{
    ActionEffect, ChaosEffect, Duration, DurationAt, End, NameAt, Phase, ResponderKind, Scenario,
    Shock, Strikes, World,
};
use crate::diagnostics::Problem;

/// A replication is simulated as a whole, sixteen at a time, with all their incidents in memory: this
/// is half a minute and some hundred megabytes. 255 servers, minute by minute, for a year. Eight
/// alerts a check still fit a count of 32 bits.
pub const MOST_CHECKS: u64 = 1 << 27;
/// The set of services that are down is one machine word a server.
const MOST_SERVICES: usize = 64;

/// Everything that is wrong between the values of a world.
pub fn check(world: &World) -> Vec<Problem> {
    let mut problems = Vec::new();
    servers(world, &mut problems);
    metrics(world, &mut problems);
    remediation(world, &mut problems);
    // Without servers every service and server type would be unknown.
    if !world.servers.is_empty() {
        check_services::services(world, &mut problems);
        chaos(world, &mut problems);
        runbook(world, &mut problems);
    }
    defaults(world, &mut problems);
    responders(world, &mut problems);
    problems
}

/// Each phase exactly once.
pub fn phases(phases: &Spanned<Vec<Spanned<Phase>>>) -> Vec<Problem> {
    const ALLOWED: &str = "allowed: chaos, update, respond, assess, each exactly once, any order";
    let mut problems = Vec::new();
    let list = phases.get_ref();
    for (i, phase) in list.iter().enumerate() {
        if list[..i].iter().any(|p| p.get_ref() == phase.get_ref()) {
            problems.push(Problem::at(phase.span(), "a phase is repeated", "again").help(ALLOWED));
        }
    }
    if problems.is_empty() && list.len() < 4 {
        problems.push(Problem::at(phases.span(), "a phase is missing", "").help(ALLOWED));
    }
    problems
}

fn server_types(world: &World) -> Known<'_> {
    Known::new(world.servers.iter().map(|s| s.kind.get_ref().as_str()))
}

fn servers(world: &World, problems: &mut Vec<Problem>) {
    if world.servers.is_empty() {
        problems.push(
            Problem::general(format!("the world `{}` has no servers", world.name))
                .help("add at least one [[servers]] entry with name, type and services"),
        );
    }
    let checks = world.servers.len() as u64 * u64::from(world.rounds);
    if checks > MOST_CHECKS {
        problems.push(
            Problem::general(format!(
                "the world `{}` has {} servers × {} rounds = {checks} checks a replication",
                world.name,
                world.servers.len(),
                world.rounds
            ))
            .help(format!("allowed: at most {MOST_CHECKS}")),
        );
    }
    let names: Vec<&NameAt> = world.servers.iter().map(|s| &s.name).collect();
    unique("server", &names, problems);
    for server in &world.servers {
        let services: Vec<&NameAt> = server.services.iter().collect();
        unique("service of this server", &services, problems);
        if services.len() > MOST_SERVICES {
            let message = format!("{} services on one server", services.len());
            problems.push(
                Problem::at(server.name.span(), message, "too many")
                    .help(format!("allowed: at most {MOST_SERVICES}")),
            );
        }
    }
}

fn metrics(world: &World, problems: &mut Vec<Problem>) {
    let m = &world.metrics;
    for (name, warning, critical) in [
        ("cpu_usage", &m.cpu_usage.warning, &m.cpu_usage.critical),
        (
            "memory_usage",
            &m.memory_usage.warning,
            &m.memory_usage.critical,
        ),
        ("error_rate", &m.error_rate.warning, &m.error_rate.critical),
        (
            "latency_p99",
            &m.latency_p99.warning,
            &m.latency_p99.critical,
        ),
        ("disk_usage", &m.disk_usage.warning, &m.disk_usage.critical),
    ] {
        if let (Some(warning), Some(critical)) = (warning, critical)
            && warning.get_ref() > critical.get_ref()
        {
            let message = format!("{name} warns above its critical threshold");
            problems.push(
                Problem::at(warning.span(), message, "above `critical`")
                    .and(critical.span(), "`critical`")
                    .help("allowed: warning ≤ critical"),
            );
        }
    }
    for (name, metric) in [
        ("cpu_usage", &m.cpu_usage),
        ("memory_usage", &m.memory_usage),
        ("disk_usage", &m.disk_usage),
    ] {
        let above = metric.penalties.iter().map(|line| &line.above);
        let pairs = above.clone().zip(above.skip(1));
        for (before, this) in pairs.filter(|(before, this)| this.get_ref() >= before.get_ref()) {
            let message = format!("the penalties of {name} are not in falling order");
            problems.push(
                Problem::at(this.span(), message, "not lower")
                    .and(before.span(), "than this")
                    .help("allowed: the highest `above` first, each lower than the one before"),
            );
        }
    }
}

fn chaos(world: &World, problems: &mut Vec<Problem>) {
    let types = server_types(world);
    let names: Vec<&NameAt> = world.chaos.iter().map(|s| &s.name).collect();
    unique("chaos scenario", &names, problems);
    for scenario in &world.chaos {
        let targets = &scenario.target_types;
        if !targets.is_empty() && !texts(targets).iter().any(|t| types.has(t)) {
            let name = scenario.name.get_ref();
            // The types are named, so that a server of one that is left out explains it.
            let listed: Vec<String> = texts(targets).iter().map(|t| format!("`{t}`")).collect();
            let message = format!(
                "the chaos scenario `{name}` has no eligible server: none is of type {}",
                listed.join(" or ")
            );
            let problem = Problem::at(targets[0].span(), message, "no server is of this type");
            problems.push(problem.suggest(targets[0].get_ref().as_str(), &types.names));
        } else {
            all_known("server type", targets, &types, problems);
        }
        problems.extend(from_zero(&scenario.duration, "until an action ends it"));
        problems.extend(without_zone(world, scenario));
        for effect in &scenario.effects {
            all_known("server type", effect.server_types(), &types, problems);
            match effect {
                ChaosEffect::Shock(shock) => problems.extend(shock_problem(&scenario.name, shock)),
                ChaosEffect::CrashService(crash) => problems.extend(
                    (crash.recovers.iter()).filter_map(|d| from_zero(d, "until it is restarted")),
                ),
                _ => {}
            }
        }
    }
}

/// A range from 0, which is no duration but has a meaning of its own.
fn from_zero(duration: &DurationAt, meaning: &str) -> Option<Problem> {
    let Duration::Between(low, high) = duration.get_ref() else {
        return None;
    };
    (low.get() == 0 && high.get() > 0).then(|| {
        let message = format!("0 rounds, which means {meaning}, is not the shortest duration");
        Problem::at(duration.span(), message, "from 0").help(format!(
            "allowed: [1, {0}], 0 alone, or weights, as in {{ values = [[0, 0.1], [{0}, 0.9]] }}",
            high.get()
        ))
    })
}

/// A scenario that strikes zones, though some server that it may aim at has none.
fn without_zone(world: &World, scenario: &Scenario) -> Option<Problem> {
    if *scenario.strikes.get_ref() != Strikes::Zone {
        return None;
    }
    let mut eligible = world.servers.iter();
    let server = eligible.find(|s| s.zone.is_none() && scenario.aims_at(s.kind.get_ref()))?;
    let (name, server) = (scenario.name.get_ref(), &server.name);
    let message = format!(
        "the chaos scenario `{name}` strikes zones, and the server `{}` has none",
        server.get_ref()
    );
    Some(
        Problem::at(scenario.strikes.span(), message, "strikes zones")
            .and(server.span(), "has no `zone`")
            .help("give each server that it may aim at a zone, as in zone = \"a\"")
            .help("or limit `target_types` to types whose servers all have one"),
    )
}

fn shock_problem(scenario: &NameAt, shock: &Shock) -> Option<Problem> {
    let changes = shock.add.is_some() || shock.multiply.is_some();
    if shock.set.is_some() == changes {
        let message = "a shock must say how it changes its quantity";
        return Some(
            Problem::at(scenario.span(), message, "a shock of this scenario")
                .help("allowed: either `set`, or `multiply` and `add` (one or both)"),
        );
    }
    bounds_problem(
        scenario,
        shock.min.map_or(f64::NEG_INFINITY, |v| v.get()),
        shock.max.map_or(f64::INFINITY, |v| v.get()),
    )
}

fn bounds_problem(owner: &NameAt, min: f64, max: f64) -> Option<Problem> {
    (min > max).then(|| {
        let message = format!("an effect has min {min} above max {max}");
        Problem::at(owner.span(), message, "an effect of this").help("allowed: min ≤ max")
    })
}

fn remediation(world: &World, problems: &mut Vec<Problem>) {
    let scenarios = Known::new(texts(world.chaos.iter().map(|s| &s.name)));
    let names: Vec<&NameAt> = world.remediation.iter().map(|a| &a.name).collect();
    unique("action", &names, problems);
    for action in &world.remediation {
        let name = &action.name;
        for effect in &action.effects {
            match effect {
                ActionEffect::End(End::These(ended)) => {
                    all_known("chaos scenario", ended, &scenarios, problems);
                }
                ActionEffect::Add(e) => {
                    problems.extend(bounds_problem(name, e.min.get(), e.max.get()));
                }
                ActionEffect::Multiply(e) => {
                    problems.extend(bounds_problem(name, e.min.get(), e.max.get()));
                }
                _ => {}
            }
        }
    }
}

fn runbook(world: &World, problems: &mut Vec<Problem>) {
    let actions = Known::new(texts(world.remediation.iter().map(|a| &a.name)));
    let types = server_types(world);
    let mut met = BTreeSet::new();
    for line in &world.runbook {
        all_known(
            "action",
            std::slice::from_ref(&line.action),
            &actions,
            problems,
        );
        if let Some(kind) = &line.server_type {
            all_known("server type", std::slice::from_ref(kind), &types, problems);
        }
        let kind = line.server_type.as_ref().map(|t| t.get_ref().as_str());
        if !met.insert((*line.alert.get_ref(), line.level, kind)) {
            problems.push(Problem::at(
                line.alert.span(),
                "the runbook has two lines for the same alert, level and server type",
                "again",
            ));
        }
    }
    match &world.runbook_default {
        Some(default) => all_known(
            "action",
            std::slice::from_ref(&default.action),
            &actions,
            problems,
        ),
        None if !world.remediation.is_empty() => problems.push(
            Problem::general("the runbook has no default for alerts without a line")
                .help("add [runbook_default] with action = \"an action\""),
        ),
        None => {}
    }
}

fn defaults(world: &World, problems: &mut Vec<Problem>) {
    let skills = keys(&world.skills);
    let levels = keys(&world.chaos_levels);
    for (what, table, names, default) in [
        ("skill", "skills", skills, &world.default_skill),
        (
            "chaos level",
            "chaos_levels",
            levels,
            &world.default_chaos_level,
        ),
    ] {
        if names.is_empty() {
            problems.push(
                Problem::general(format!("the world `{}` has no {what}", world.name))
                    .help(format!("add at least one to [{table}]")),
            );
        }
        problems.extend(not_names(&names));
        if let Some(default) = default {
            let known = Known::new(names.iter().map(|name| name.get_ref().as_str()));
            all_known(what, std::slice::from_ref(default), &known, problems);
        }
    }
}

/// Keys that can't be names.
fn not_names(keys: &[&Spanned<String>]) -> Vec<Problem> {
    let wrong = keys
        .iter()
        .filter(|key| !super::Name::allows(key.get_ref()));
    let problem = |key: &&Spanned<String>| {
        let message = format!("{:?} can't be a name", key.get_ref());
        Problem::at(key.span(), message, "not a name")
            .help("allowed: 1 to 100 letters, digits, `-` and `_`")
    };
    wrong.map(problem).collect()
}

fn responders(world: &World, problems: &mut Vec<Problem>) {
    problems.extend(not_names(&keys(&world.responders)));
    for (name, responder) in &world.responders {
        problems.extend(responder.check(name));
        // What every world knows by a name is the same in all of them.
        let plain = ResponderKind::plain(name.get_ref());
        if plain.is_some_and(|kind| kind != *responder.kind.get_ref()) {
            let message = format!("`{}` is the name of a kind", name.get_ref());
            let problem = Problem::at(name.span(), message, "another kind has this name");
            problems.push(problem.help("allowed: another name, or the kind of that name"));
        }
    }
    let known = Known::new(world.responder_names());
    let named = world
        .skills
        .iter()
        .filter_map(|(_, s)| s.responder.as_ref());
    for name in named {
        all_known("responder", std::slice::from_ref(name), &known, problems);
    }
}

fn keys<T>(map: &[(Spanned<String>, T)]) -> Vec<&Spanned<String>> {
    map.iter().map(|(name, _)| name).collect()
}
