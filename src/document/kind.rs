//! Which of our two kinds of file a document is.

use super::Table;
use crate::diagnostics::Span;

/// A world or an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A world file.
    World,
    /// An experiment file.
    Experiment,
}

/// Keys that only experiment files have.
pub const EXPERIMENT_KEYS: [&str; 15] = [
    "world",
    "seed",
    "replications",
    "confidence",
    "random_numbers",
    "factors",
    "set",
    "zip",
    "exclude",
    "design",
    "compare",
    "precision",
    "intervals",
    "output",
    "recording",
];

/// Keys that only world files have.
pub const WORLD_KEYS: [&str; 29] = [
    "extends",
    "remove",
    "rounds",
    "round_minutes",
    "base_traffic",
    "traffic_ratio",
    "phases",
    "up_health",
    "service_down_penalty",
    "dependency_penalty",
    "health_alert_below",
    "cpu_per_load",
    "default_chaos_level",
    "default_skill",
    "sla",
    "journey",
    "journeys",
    "servers",
    "services",
    "service_dependencies",
    "metrics",
    "chaos",
    "response",
    "remediation",
    "runbook",
    "runbook_default",
    "skills",
    "responders",
    "chaos_levels",
];

impl FileKind {
    /// The kind that a document has more keys of; an experiment if it has as many of both, since
    /// these are run.
    pub fn of(table: &Table) -> Self {
        let count = |keys: &[&str]| table.keys().filter(|key| keys.contains(key)).count();
        match count(&WORLD_KEYS) > count(&EXPERIMENT_KEYS) {
            true => Self::World,
            false => Self::Experiment,
        }
    }

    /// Where a document that has keys of the other kind, and none of this one, has the first.
    pub fn foreign_key(self, table: &Table) -> Option<Span> {
        let (own, others): (&[&str], &[&str]) = match self {
            Self::World => (&WORLD_KEYS, &EXPERIMENT_KEYS),
            Self::Experiment => (&EXPERIMENT_KEYS, &WORLD_KEYS),
        };
        if table.keys().any(|key| own.contains(&key)) {
            return None;
        }
        let mut keys = table.entries.iter().map(|(key, _)| key);
        let key = keys.find(|key| others.contains(&key.get_ref().as_str()))?;
        Some(key.span())
    }
}
