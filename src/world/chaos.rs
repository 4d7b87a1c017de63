//! Chaos scenarios and what they do to a server.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

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
    /// Whose probability it is.
    #[serde(default, skip_serializing_if = "Per::is_world")]
    pub per: Per,
    /// Whom an event hits beside its target.
    #[serde(default = "Strikes::one", skip_serializing_if = "Strikes::is_one")]
    pub strikes: Spanned<Strikes>,
    /// What an event does.
    pub effects: Vec<ChaosEffect>,
}

impl Scenario {
    /// Whether servers of a type are eligible.
    pub fn aims_at(&self, kind: &Name) -> bool {
        let mut targets = self.target_types.iter();
        self.target_types.is_empty() || targets.any(|target| target.get_ref() == kind)
    }
}

/// Whose probability that of a scenario is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Of an event somewhere in the world.
    #[default]
    World,
    /// Of an event at each eligible server.
    Server,
}

impl Per {
    fn is_world(&self) -> bool {
        *self == Self::World
    }
}

/// Whom an event hits: its target, and which other eligible servers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strikes {
    /// No other.
    #[default]
    One,
    /// Those of its zone.
    Zone,
    /// Those of its type.
    Type,
    /// All.
    All,
    /// So many that they are this share of all, the target among them.
    Share(Probability),
}

impl Strikes {
    fn one() -> Spanned<Self> {
        Spanned::new(0..0, Self::One)
    }

    fn is_one(strikes: &Spanned<Self>) -> bool {
        *strikes.get_ref() == Self::One
    }
}

impl<'de> Deserialize<'de> for Strikes {
    // By hand, because serde's untagged enums lose where their values stand.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StrikesVisitor;

        impl<'de> Visitor<'de> for StrikesVisitor {
            type Value = Strikes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "\"one\", \"zone\", \"type\", \"all\" or a share of the servers, as in { share = 0.5 }",
                )
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Strikes, E> {
                match name {
                    "one" => Ok(Strikes::One),
                    "zone" => Ok(Strikes::Zone),
                    "type" => Ok(Strikes::Type),
                    "all" => Ok(Strikes::All),
                    _ => Err(E::unknown_variant(name, &["one", "zone", "type", "all"])),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Strikes, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Share {
                    share: Probability,
                }
                let table = de::value::MapAccessDeserializer::new(map);
                Share::deserialize(table).map(|table| Strikes::Share(table.share))
            }
        }

        deserializer.deserialize_any(StrikesVisitor)
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
    /// One service goes down until it is restarted, or recovers by itself.
    CrashService(CrashService),
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
            Self::Isolate(effect) => &effect.server_types,
            Self::CrashService(effect) => &effect.server_types,
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

/// Effect: a service goes down.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrashService {
    /// Rounds until it comes back by itself; 0 or missing: until it is restarted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovers: Option<DurationAt>,
    /// Multiplies them.
    #[serde(default = "Positive::one", skip_serializing_if = "Positive::is_one")]
    pub recovers_scale: Positive,
    /// Server types; empty: all.
    #[serde(default)]
    pub server_types: Vec<NameAt>,
}

impl CrashService {
    /// Whether it may last until it is restarted.
    pub fn needs_restart(&self) -> bool {
        let recovers = self.recovers.as_ref();
        recovers.is_none_or(|duration| duration.get_ref().can_be_zero())
    }
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
