//! Remediations, and what a success does to a server.

use std::fmt;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};

use super::durations::Duration;
use super::numbers::{Finite, NonNegative, Percent, PercentRange, Positive, Probability, Rounds};
use super::{NameAt, Usage};

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
    /// Rounds until it is over and shows whether it succeeded; 0 or missing: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Duration>,
    /// Multiplies the duration.
    #[serde(default = "Positive::one", skip_serializing_if = "Positive::is_one")]
    pub duration_scale: Positive,
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
    #[serde(default = "Percent::full")]
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
    #[serde(default = "Percent::full")]
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
