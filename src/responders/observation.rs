//! What a responder sees: alerts with their values and thresholds, servers, cooldowns, and what came of what
//! it did. Never scenarios, seeds or random numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::simulation::{Alert, Handling, Model, State};
use crate::world::{AlertKind, Role, World};

/// A round with alerts that are kept.
#[derive(Debug, Serialize)]
pub(super) struct Observation<'a> {
    /// From 0.
    pub round: u32,
    pub alerts: Vec<AlertSeen<'a>>,
    /// Rounds until an action is free again; of those that are not.
    pub cooldowns: BTreeMap<&'a str, u32>,
    pub servers: Vec<ServerSeen<'a>>,
    /// What came of the choices of the last round in which there was one.
    pub came: &'a [Came],
}

#[derive(Debug, Serialize)]
pub(super) struct AlertSeen<'a> {
    pub server: &'a str,
    pub alert: &'static str,
    pub level: &'static str,
    /// Percent, milliseconds, health, or the number of services down.
    pub value: f64,
    /// What the value is beyond; missing where the alert says it all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The runbook's action.
    pub runbook: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct ServerSeen<'a> {
    pub name: &'a str,
    /// Up at the last check.
    pub up: bool,
    pub health: f64,
    pub cpu: f64,
    pub memory: f64,
    pub disk: f64,
    pub error_rate: f64,
    pub latency: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// What came of a choice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Came {
    pub round: u32,
    pub server: String,
    pub alert: &'static str,
    pub action: String,
    pub outcome: &'static str,
}

impl Came {
    pub fn of(world: &World, round: u32, handling: &Handling) -> Self {
        Self {
            round,
            server: server_name(world, handling.alert.server).to_owned(),
            alert: handling.alert.kind.name(),
            action: action_name(world, handling.action).to_owned(),
            outcome: handling.response.name(),
        }
    }
}

impl<'a> Observation<'a> {
    pub fn new(world: &'a World, model: &Model, state: &State, came: &'a [Came]) -> Self {
        let alerts = state.alerts().iter();
        let actions = world.remediation.iter().enumerate();
        let cooldowns = actions.filter_map(|(action, spec)| {
            let left = state.free_in(action).saturating_sub(state.round);
            (left > 0).then_some((spec.name.get_ref().as_str(), left))
        });
        Self {
            round: state.round,
            alerts: alerts.map(|alert| seen(world, model, alert)).collect(),
            cooldowns: cooldowns.collect(),
            servers: (0..world.servers.len())
                .map(|server| server_seen(world, state, server))
                .collect(),
            came,
        }
    }
}

fn seen<'a>(world: &'a World, model: &Model, alert: &Alert) -> AlertSeen<'a> {
    AlertSeen {
        server: server_name(world, alert.server),
        alert: alert.kind.name(),
        level: if alert.critical {
            "critical"
        } else {
            "warning"
        },
        value: tenths(alert.value),
        threshold: threshold(world, alert),
        runbook: action_name(world, model.runbook(alert)),
    }
}

fn server_seen<'a>(world: &'a World, state: &State, server: usize) -> ServerSeen<'a> {
    let [cpu, memory, disk] = state.usage(server).map(|usage| tenths(usage.into()));
    let [error_rate, latency] = state.errors_and_latency(server).map(|v| tenths(v.into()));
    ServerSeen {
        name: server_name(world, server),
        up: state.is_up(server),
        health: tenths(state.health(server).into()),
        cpu,
        memory,
        disk,
        error_rate,
        latency,
        role: state.role(server),
    }
}

/// As much as anybody reads, and the same question for values that hardly differ.
fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn threshold(world: &World, alert: &Alert) -> Option<f64> {
    let metrics = &world.metrics;
    let (warning, critical) = match alert.kind {
        AlertKind::CpuUsage => (&metrics.cpu_usage.warning, &metrics.cpu_usage.critical),
        AlertKind::MemoryUsage => (
            &metrics.memory_usage.warning,
            &metrics.memory_usage.critical,
        ),
        AlertKind::DiskUsage => (&metrics.disk_usage.warning, &metrics.disk_usage.critical),
        AlertKind::ErrorRate => (&metrics.error_rate.warning, &metrics.error_rate.critical),
        AlertKind::LatencyP99 => (&metrics.latency_p99.warning, &metrics.latency_p99.critical),
        AlertKind::Health => {
            let below = world.health_alert_below.unwrap_or(world.up_health);
            return Some(below.get());
        }
        AlertKind::ServiceDown | AlertKind::Network => return None,
    };
    let crossed = if alert.critical { critical } else { warning };
    crossed.as_ref().map(|at| at.get_ref().get())
}

/// A world, for whoever responds in it.
#[derive(Debug, Serialize)]
pub(super) struct WorldSeen<'a> {
    name: &'a str,
    rounds: u32,
    round_minutes: f64,
    servers: Vec<ServerKnown<'a>>,
    actions: Vec<ActionKnown<'a>>,
    depends_on: BTreeMap<&'a str, Vec<&'a str>>,
}

#[derive(Debug, Serialize)]
struct ServerKnown<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    services: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct ActionKnown<'a> {
    name: &'a str,
    success_rate: f64,
    cooldown: u32,
}

impl<'a> WorldSeen<'a> {
    pub fn new(world: &'a World) -> Self {
        let servers = world.servers.iter().map(|server| ServerKnown {
            name: server.name.get_ref().as_str(),
            kind: server.kind.get_ref().as_str(),
            services: server
                .services
                .iter()
                .map(|s| s.get_ref().as_str())
                .collect(),
        });
        let actions = world.remediation.iter().map(|action| ActionKnown {
            name: action.name.get_ref().as_str(),
            success_rate: action.success_rate.get(),
            cooldown: action.cooldown.get(),
        });
        let needs = world.service_dependencies.iter().map(|(service, on)| {
            let on = on.iter().map(|one| one.service.get_ref().as_str());
            (service.get_ref().as_str(), on.collect())
        });
        Self {
            name: world.name.as_str(),
            rounds: world.rounds,
            round_minutes: world.round_minutes.get(),
            servers: servers.collect(),
            actions: actions.collect(),
            depends_on: needs.collect(),
        }
    }
}

impl WorldSeen<'_> {
    /// Servers and what their services need, in words.
    pub fn topology(&self) -> String {
        let mut text = "Servers:\n".to_owned();
        for server in &self.servers {
            let services = server.services.join(", ");
            text.push_str(&format!(
                "{} ({}) runs {services}\n",
                server.name, server.kind
            ));
        }
        text.push_str("Services:\n");
        for (service, needs) in self.depends_on.iter().filter(|(_, on)| !on.is_empty()) {
            text.push_str(&format!("{service} needs {}\n", needs.join(", ")));
        }
        text
    }
}

fn server_name(world: &World, server: usize) -> &str {
    world.servers[server].name.get_ref().as_str()
}

/// The names of the actions, in the order of their numbers.
pub(super) fn action_names(world: &World) -> impl Iterator<Item = &str> {
    world
        .remediation
        .iter()
        .map(|action| action.name.get_ref().as_str())
}

fn action_name(world: &World, action: usize) -> &str {
    world.remediation[action].name.get_ref().as_str()
}
