//! What makes design points the same: their keys.

use std::fmt;

use serde::Serialize;

use crate::world::{Identity, Responder, Skill};

/// The key of a design point: the same wherever the same world meets the same chaos, skill and
/// responder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PointKey(pub(super) u64);

impl PointKey {
    /// The key that is written so, as [`Display`](fmt::Display) does.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('p').filter(|digits| digits.len() == 16)?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        u64::from_str_radix(digits, 16)
            .ok()
            .map(Self)
            .filter(|_| hex)
    }
}

impl fmt::Display for PointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A letter in front, or tables would be read with `07624333874770e5` as a number.
        write!(f, "p{:016x}", self.0)
    }
}

/// Chaos, skill and responder of a design point; with the digest of its world they are its identity.
#[derive(Debug, Serialize)]
pub(super) struct Conditions<'a> {
    pub chaos_level: Option<String>,
    pub chaos_multiplier: f64,
    pub skill_name: String,
    pub skill: &'a Skill,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responder: Option<Identity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial: Option<u64>,
    #[serde(skip)]
    pub responds: Responder,
}

impl Conditions<'_> {
    pub fn key(&self, world_digest: &str) -> PointKey {
        let hash = blake3::hash(canonical(&(world_digest, self)).as_bytes());
        let first = hash.as_bytes()[..8].iter();
        PointKey(first.fold(0, |key, byte| key << 8 | u64::from(*byte)))
    }
}

/// The text that a hash is taken of: JSON with the fields in the order of the types.
pub(super) fn canonical(value: &impl Serialize) -> String {
    // Our own types have only string keys and finite numbers, so this can't fail.
    serde_json::to_string(value).unwrap_or_default()
}
