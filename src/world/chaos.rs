//! Chaos scenarios and what they do to a server.

use serde::{Deserialize, Serialize};

use super::numbers::{Finite, Name, NonNegative, Percent, Positive, Probability};
use super::{DurationAt, NameAt, Usage};

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
    pub duration: DurationAt,
    /// Multiplies the duration.
    #[serde(default = "Positive::one", skip_serializing_if = "Positive::is_one")]
    pub duration_scale: Positive,
    /// Types of servers it strikes; empty: all.
    #[serde(default)]
    pub target_types: Vec<NameAt>,
    /// What an event does.
    pub effects: Vec<ChaosEffect>,
}

impl Scenario {
    /// Whether it may strike servers of a type.
    pub fn strikes(&self, kind: &Name) -> bool {
        let mut targets = self.target_types.iter();
        self.target_types.is_empty() || targets.any(|target| target.get_ref() == kind)
    }
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
    #[serde(default = "Percent::full")]
    pub max: Percent,
    /// Server types; empty: all.
    #[serde(default)]
    pub server_types: Vec<NameAt>,
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
