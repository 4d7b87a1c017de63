//! Worlds: what is simulated, as data.
//!
//! A [`World`] is decoded and checked; whatever holds one may rely on every name in it being
//! known and every number being possible.

mod chaos;
mod check;
mod check_services;
mod durations;
mod metrics;
mod names;
mod numbers;
mod read;
mod remainder;
mod remediation;
mod responders;
mod response;
mod servers;
mod services;

use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

pub use chaos::{
    ChaosEffect, CrashService, Grow, Hold, Multiplied, Multiply, OnTypes, Per, Quantity, Scenario,
    Shock, Strikes,
};
pub use check::MOST_CHECKS;
pub use durations::{Duration, Geometric, Lognormal, Weibull};
pub use metrics::{Band, DrawnMetric, Metrics, Penalty, Usage, UsageMetric};
pub use numbers::{
    AtLeastOne, Finite, Hands, Name, NonNegative, NonNegativeRange, Percent, PercentRange,
    Positive, Probability, Rounds, Span2, Tokens, Whole,
};
pub use read::{BUILT_IN, BuiltIn, WorldFile, WorldSource};
pub use remediation::{Action, ActionEffect, Add, Draw, End, Nothing, Scale, Set};
pub use responders::{Context, Identity, Llm, Price, Responder, ResponderKind};
pub use response::{AlertKind, AlertLevel, ResponseTimes, RunbookDefault, RunbookLine, Skill};
pub use servers::Server;
pub use services::{Dependency, Journey, NamedJourney, Service, UserJourney};

/// A name that other parts of the world refer to, and where it was written.
pub type NameAt = Spanned<Name>;
/// A duration, and where it was written.
pub type DurationAt = Spanned<Duration>;
/// A number that is compared with others of the world, and where it was written.
pub type FiniteAt = Spanned<Finite>;

/// One infrastructure with its chaos, remediations, people and targets.
#[derive(Debug, Clone, Serialize)]
pub struct World {
    /// Name of the world.
    pub name: Name,
    /// One line about it.
    #[serde(skip)]
    pub description: String,
    /// Length of a replication, in rounds.
    pub rounds: u32,
    /// Length of a round, in minutes.
    pub round_minutes: Positive,
    /// The traffic that `traffic_ratio` multiplies, in requests a round (descriptive).
    pub base_traffic: NonNegative,
    /// Traffic of a round as a ratio of `base_traffic`, uniform.
    pub traffic_ratio: NonNegativeRange,
    /// The order of the phases of a round; each of the four exactly once.
    pub phases: Vec<Spanned<Phase>>,
    /// A server is up while its health is above this (0–100).
    pub up_health: Percent,
    /// Health lost while any service of the server is down.
    pub service_down_penalty: Percent,
    /// Health lost while a dependency of a service of the server is down.
    #[serde(skip_serializing_if = "Percent::is_zero")]
    pub dependency_penalty: Percent,
    /// The health alert is raised below this; where it is missing, at or below `up_health`.
    pub health_alert_below: Option<Percent>,
    /// Percent of cpu for each load above 1, at a cpu capacity of 100.
    pub cpu_per_load: NonNegative,
    /// What availability is held to.
    pub sla: Sla,
    /// The service a user enters by; without one there is no journey availability.
    pub journey: Option<Journey>,
    /// Several such journeys, each with its share of the users.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub journeys: Vec<NamedJourney>,
    /// The servers; their order is the order of alerts.
    pub servers: Vec<Server>,
    /// What services need to be served, where that is not one server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<(NameAt, Service)>,
    /// Which services each service depends on.
    pub service_dependencies: Vec<(NameAt, Vec<Dependency>)>,
    /// The closed set of metrics.
    pub metrics: Metrics,
    /// Chaos scenarios, in the order they strike.
    pub chaos: Vec<Scenario>,
    /// How long it takes until someone attends to a server; without it, no time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseTimes>,
    /// What an SRE can do.
    pub remediation: Vec<Action>,
    /// Which action answers which alert.
    pub runbook: Vec<RunbookLine>,
    /// The action for an alert without a line.
    pub runbook_default: Option<RunbookDefault>,
    /// Skill levels by name.
    #[serde(skip)]
    pub skills: Vec<(Spanned<String>, Skill)>,
    /// Who can respond instead of the rules, by name.
    #[serde(skip)]
    pub responders: Vec<(Spanned<String>, Responder)>,
    /// Multipliers of the scenarios' probabilities by name.
    #[serde(skip)]
    pub chaos_levels: Vec<(Spanned<String>, NonNegative)>,
    /// The chaos level where none is asked for; needless where there is only one.
    #[serde(skip)]
    pub default_chaos_level: Option<NameAt>,
    /// The skill where none is asked for; needless where there is only one.
    #[serde(skip)]
    pub default_skill: Option<NameAt>,
}

/// One of the four phases of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Scenarios strike.
    Chaos,
    /// Traffic, drift, usage and health.
    Update,
    /// Alerts, diagnosis and remediation.
    Respond,
    /// The check that availability counts.
    Assess,
}

/// The service level agreement.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sla {
    /// Percent of checks (or rounds) that must be good.
    pub target: numbers::Target,
    /// Which indicator is held to it.
    pub indicator: Indicator,
}

/// An indicator of service level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Indicator {
    /// Up checks of all servers.
    #[serde(alias = "server_availability")]
    Availability,
    /// Rounds in which the user journey works.
    JourneyAvailability,
}

/// The role of a server among those of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Serves.
    Primary,
    /// Can be promoted.
    Replica,
}
