//! Worlds: what is simulated, as data.
//!
//! A [`World`] is decoded and checked; whatever holds one may rely on every name in it being
//! known and every number being possible.

mod check;
mod numbers;
mod read;

use std::fmt;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

pub use numbers::{
    Finite, Name, NonNegative, NonNegativeRange, Percent, PercentRange, Positive, Probability,
    Rounds, Span2,
};
pub use read::{BUILT_IN, BuiltIn, WorldFile, WorldSource};

/// A name that other parts of the world refer to, and where it was written.
pub type NameAt = Spanned<Name>;

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
    /// The health alert is raised below this; where it is missing, at or below `up_health`.
    pub health_alert_below: Option<Percent>,
    /// Percent of cpu for each load above 1, at a cpu capacity of 100.
    pub cpu_per_load: NonNegative,
    /// What availability is held to.
    pub sla: Sla,
    /// The service a user enters by; without one there is no journey availability.
    pub journey: Option<Journey>,
    /// The servers; their order is the order of alerts.
    pub servers: Vec<Server>,
    /// Which services each service needs.
    pub service_dependencies: Vec<(NameAt, Vec<NameAt>)>,
    /// The closed set of metrics.
    pub metrics: Metrics,
    /// Chaos scenarios, in the order they strike.
    pub chaos: Vec<Scenario>,
    /// What an SRE can do.
    pub remediation: Vec<Action>,
    /// Which action answers which alert.
    pub runbook: Vec<RunbookLine>,
    /// The action for an alert without a line.
    pub runbook_default: Option<RunbookDefault>,
    /// Skill levels by name.
    #[serde(skip)]
    pub skills: Vec<(Spanned<String>, Skill)>,
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

/// What users do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    /// The service they enter by.
    pub entry: NameAt,
}

/// One server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its name, which also names its random stream.
    pub name: NameAt,
    /// Its type: shares the load with its like, and is what scenarios aim at.
    #[serde(rename = "type")]
    pub kind: NameAt,
    /// Primary or replica, if it has a role.
    #[serde(default)]
    pub role: Option<Role>,
    /// What runs on it, in the order of restarts.
    #[serde(default)]
    pub services: Vec<NameAt>,
    /// Capacity relative to 100.
    #[serde(default = "hundred")]
    pub cpu_capacity: Positive,
    /// Memory in MB (descriptive: usage is in percent).
    #[serde(default)]
    pub memory_capacity: Option<Positive>,
}

fn hundred() -> Positive {
    Positive::HUNDRED
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

/// The metrics of a server.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Metrics {
    /// Percent of the processor.
    pub cpu_usage: UsageMetric,
    /// Percent of memory.
    pub memory_usage: UsageMetric,
    /// Percent of requests that fail.
    pub error_rate: DrawnMetric,
    /// 99th percentile of latency, in milliseconds.
    pub latency_p99: DrawnMetric,
    /// Percent of disk.
    pub disk_usage: UsageMetric,
}

/// A metric with a base value that wanders: percent, 0–100.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UsageMetric {
    /// First base value, uniform.
    pub initial: PercentRange,
    /// Change of the base in a round, uniform.
    pub drift: Span2,
    /// Where the base reverts to.
    pub mean: Percent,
    /// Share of the distance to `mean` that a round takes back.
    pub reversion: Probability,
    /// Least and greatest base after drift.
    pub bounds: numbers::Bounds,
    /// A warning is raised above this.
    pub warning: Option<Spanned<Finite>>,
    /// A critical alert is raised above this.
    pub critical: Option<Spanned<Finite>>,
    /// Health lost by usage; the first line that fits counts.
    pub penalties: Vec<Penalty>,
}

/// One line of health penalties.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Penalty {
    /// Usage above this costs health.
    pub above: Spanned<Finite>,
    /// Health lost.
    pub penalty: NonNegative,
}

/// A metric that every update draws anew.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DrawnMetric {
    /// First value, uniform.
    pub initial: NonNegativeRange,
    /// A warning is raised above this.
    pub warning: Option<Spanned<Finite>>,
    /// A critical alert is raised above this.
    pub critical: Option<Spanned<Finite>>,
    /// Where it is drawn from; the first band whose conditions hold.
    pub bands: Vec<Band>,
}

/// One range of a drawn metric, with its conditions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Only while the health of the server is below this.
    #[serde(default)]
    pub health_below: Option<Finite>,
    /// Only while the cpu usage of the server is above this.
    #[serde(default)]
    pub cpu_above: Option<Finite>,
    /// The values, uniform.
    pub range: NonNegativeRange,
}

/// A chaos scenario.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, which also names its random stream.
    pub name: NameAt,
    /// One line about it.
    #[serde(default, skip_serializing)]
    pub description: String,
    /// Probability of an event in a round, before the chaos level multiplies it.
    pub probability: Probability,
    /// Rounds an event stays active; 0: until remediated.
    pub duration: Rounds,
    /// Types of servers it strikes; empty: all.
    #[serde(default)]
    pub target_types: Vec<NameAt>,
    /// What an event does.
    pub effects: Vec<ChaosEffect>,
}

/// What a chaos scenario does to the server it strikes. Each may name the server types it
/// applies to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChaosEffect {
    /// Usage is at least `value` while active.
    Hold(Hold),
    /// The base grows every update while active.
    Grow(Grow),
    /// A quantity is multiplied while active.
    Multiply(Multiply),
    /// The server can't be reached while active: health 0.
    Isolate(OnTypes),
    /// One service goes down until it is restarted.
    CrashService(OnTypes),
    /// A value changes at once, and once.
    Shock(Shock),
}

impl ChaosEffect {
    /// The server types it applies to; empty: all.
    pub fn server_types(&self) -> &[NameAt] {
        match self {
            Self::Hold(effect) => &effect.server_types,
            Self::Grow(effect) => &effect.server_types,
            Self::Multiply(effect) => &effect.server_types,
            Self::Isolate(effect) | Self::CrashService(effect) => &effect.server_types,
            Self::Shock(effect) => &effect.server_types,
        }
    }
}

/// The metrics with a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    /// Percent of the processor.
    CpuUsage,
    /// Percent of memory.
    MemoryUsage,
    /// Percent of disk.
    DiskUsage,
}

/// What can be multiplied while a scenario is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Multiplied {
    /// The load of the server.
    Load,
    /// Its latency when drawn.
    LatencyP99,
    /// Its error rate when drawn.
    ErrorRate,
}

/// What a shock can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Base of cpu usage.
    CpuUsage,
    /// Base of memory usage.
    MemoryUsage,
    /// Base of disk usage.
    DiskUsage,
    /// Error rate as last drawn.
    ErrorRate,
    /// Latency as last drawn.
    LatencyP99,
}

/// Effect: usage is at least `value`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The metric that is held.
    pub metric: Usage,
    /// Percent.
    pub value: Percent,
    /// Server types; empty: all.
    #[serde(default)]
    pub server_types: Vec<NameAt>,
}

/// Effect: the base grows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grow {
    /// The metric whose base grows.
    pub metric: Usage,
    /// Percent a round.
    pub amount: Finite,
    /// The base is at most this after growing.
    #[serde(default = "full")]
    pub max: Percent,
    /// Server types; empty: all.
    #[serde(default)]
    pub server_types: Vec<NameAt>,
}

fn full() -> Percent {
    Percent::FULL
}

/// Effect: a quantity is multiplied.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Multiply {
    /// The quantity.
    pub quantity: Multiplied,
    /// By how much.
    pub factor: NonNegative,
    /// Server types; empty: all.
    #[serde(default)]
    pub server_types: Vec<NameAt>,
}

/// An effect with nothing else to say.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnTypes {
    /// Server types; empty: all.
    #[serde(default)]
    pub server_types: Vec<NameAt>,
}

/// Effect: value ← clamp(value × multiply + add, min, max), or clamp(set, min, max).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shock {
    /// What changes.
    pub quantity: Quantity,
    /// The new value.
    #[serde(default)]
    pub set: Option<Finite>,
    /// Added.
    #[serde(default)]
    pub add: Option<Finite>,
    /// Multiplied with.
    #[serde(default)]
    pub multiply: Option<NonNegative>,
    /// Not below.
    #[serde(default)]
    pub min: Option<Finite>,
    /// Not above.
    #[serde(default)]
    pub max: Option<Finite>,
    /// Server types; empty: all.
    #[serde(default)]
    pub server_types: Vec<NameAt>,
}

/// A remediation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its name.
    pub name: NameAt,
    /// One line about it.
    #[serde(default, skip_serializing)]
    pub description: String,
    /// Probability of success, before the skill's speed multiplies it.
    pub success_rate: Probability,
    /// Rounds until it can be used again, on any server.
    pub cooldown: Rounds,
    /// What a success does, in order.
    pub effects: Vec<ActionEffect>,
}

/// What a successful remediation does to its server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionEffect {
    /// base ← clamp(base + amount, min, max)
    Add(Add),
    /// base ← clamp(base × factor, min, max)
    Multiply(Scale),
    /// base ← value
    Set(Set),
    /// base ~ U(range)
    Draw(Draw),
    /// The first crashed service comes up.
    RestartService(Nothing),
    /// Scenarios end on the server.
    End(End),
    /// If the server is a current primary, a healthy replica of its type takes over.
    PromoteReplica(Nothing),
}

/// Effect: adds to a base.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Add {
    /// Whose base.
    pub metric: Usage,
    /// Percent.
    pub amount: Finite,
    /// Not below.
    #[serde(default)]
    pub min: Percent,
    /// Not above.
    #[serde(default = "full")]
    pub max: Percent,
}

/// Effect: multiplies a base.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Whose base.
    pub metric: Usage,
    /// By how much.
    pub factor: NonNegative,
    /// Not below.
    #[serde(default)]
    pub min: Percent,
    /// Not above.
    #[serde(default = "full")]
    pub max: Percent,
}

/// Effect: sets a base.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Whose base.
    pub metric: Usage,
    /// Percent.
    pub value: Percent,
}

/// Effect: draws a base.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// Whose base.
    pub metric: Usage,
    /// Percent, uniform.
    pub range: PercentRange,
}

/// An effect without a number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Which scenarios end: a list of names, or `"all"`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Every scenario.
    All,
    /// These.
    #[serde(untagged)]
    These(Vec<NameAt>),
}

impl<'de> Deserialize<'de> for End {
    // By hand, because serde's untagged enums lose where their values stand.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EndVisitor;

        impl<'de> de::Visitor<'de> for EndVisitor {
            type Value = End;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of chaos scenarios, or \"all\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<End, E> {
                match text {
                    "all" => Ok(End::All),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, seq: A) -> Result<End, A::Error> {
                let names = Vec::deserialize(de::value::SeqAccessDeserializer::new(seq))?;
                Ok(End::These(names))
            }
        }

        deserializer.deserialize_any(EndVisitor)
    }
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Cpu usage above a threshold.
    CpuUsage,
    /// Memory usage above a threshold.
    MemoryUsage,
    /// Error rate above a threshold.
    ErrorRate,
    /// Latency above a threshold.
    LatencyP99,
    /// Disk usage above a threshold.
    DiskUsage,
    /// A service is down.
    ServiceDown,
    /// The server is isolated.
    Network,
    /// Health is low.
    Health,
}

impl AlertKind {
    /// All of them, in the order in which a server raises them.
    pub const ALL: [Self; 8] = [
        Self::CpuUsage,
        Self::MemoryUsage,
        Self::ErrorRate,
        Self::LatencyP99,
        Self::DiskUsage,
        Self::ServiceDown,
        Self::Network,
        Self::Health,
    ];

    /// The name in files and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::CpuUsage => "cpu_usage",
            Self::MemoryUsage => "memory_usage",
            Self::ErrorRate => "error_rate",
            Self::LatencyP99 => "latency_p99",
            Self::DiskUsage => "disk_usage",
            Self::ServiceDown => "service_down",
            Self::Network => "network",
            Self::Health => "health",
        }
    }
}

/// How bad an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertLevel {
    /// Looked at when nothing is critical.
    Warning,
    /// Looked at first.
    Critical,
}

/// One line of the runbook.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunbookLine {
    /// What the alert is about.
    pub alert: Spanned<AlertKind>,
    /// Only alerts of this level.
    #[serde(default)]
    pub level: Option<AlertLevel>,
    /// Only alerts of servers of this type.
    #[serde(default)]
    pub server_type: Option<NameAt>,
    /// The action that answers.
    pub action: NameAt,
}

/// The answer to an alert without a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunbookDefault {
    /// The action.
    pub action: NameAt,
}

/// What an SRE of some level can do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skill {
    /// Probability that the runbook's action is chosen.
    pub diagnosis_accuracy: Probability,
    /// Multiplies success rates.
    pub remediation_speed: NonNegative,
    /// More critical alerts than this in a round overwhelm.
    pub panic_threshold: Rounds,
}
