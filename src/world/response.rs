//! Alerts, the runbook that answers them, and the skill of who reads it.

use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::durations::Duration;
use super::numbers::{Hands, Name, NonNegative, Positive, Probability, Rounds};
use super::{NameAt, World};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

impl RunbookLine {
    /// Whether it answers an alert of a server of some type.
    pub fn fits(&self, kind: &Name, alert: AlertKind, level: AlertLevel) -> bool {
        let of_kind = |line: &NameAt| line.get_ref() == kind;
        *self.alert.get_ref() == alert
            && self.level.is_none_or(|l| l == level)
            && self.server_type.as_ref().is_none_or(of_kind)
    }
}

impl World {
    /// The line that answers an alert: of those that fit, the one with the most conditions; a
    /// server type outweighs a level.
    pub fn runbook_line(
        &self,
        kind: &Name,
        alert: AlertKind,
        level: AlertLevel,
    ) -> Option<&RunbookLine> {
        let fits = |line: &&RunbookLine| line.fits(kind, alert, level);
        let weight = |line: &&RunbookLine| (line.server_type.is_some(), line.level.is_some());
        self.runbook.iter().filter(fits).max_by_key(weight)
    }
}

/// The answer to an alert without a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunbookDefault {
    /// The action.
    pub action: NameAt,
}

/// How long it takes until someone attends to a server that raises alerts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseTimes {
    /// Rounds from the first alert until it is noticed, where the skill does not say; 0 if missing.
    #[serde(default)]
    pub detect: Option<Duration>,
    /// Rounds from there until someone attends to the server, where the skill does not say; 0 if missing.
    #[serde(default)]
    pub acknowledge: Option<Duration>,
    /// Multiplies both, those of the skills too.
    #[serde(default = "Positive::one")]
    pub duration_scale: Positive,
}

impl World {
    /// Whether anything takes time in the response, so that servers have cases.
    pub fn has_cases(&self) -> bool {
        let of_skill = |(_, skill): &(_, Skill)| {
            skill.detect.is_some() || skill.acknowledge.is_some() || skill.parallel.is_some()
        };
        self.response.is_some()
            || self.skills.iter().any(of_skill)
            || self
                .remediation
                .iter()
                .any(|action| action.duration.is_some())
    }

    /// How long someone of a skill takes to detect and to acknowledge, and what scales both.
    pub fn response_times(&self, skill: &Skill) -> ([Duration; 2], f64) {
        let response = self.response.as_ref();
        let detect = response.and_then(|times| times.detect.as_ref());
        let acknowledge = response.and_then(|times| times.acknowledge.as_ref());
        let time = |own: &Option<Duration>, common: Option<&Duration>| {
            let at_once = || Duration::Fixed(Rounds::default());
            own.as_ref().or(common).cloned().unwrap_or_else(at_once)
        };
        let scale = response.map_or(Positive::ONE, |times| times.duration_scale);
        (
            [
                time(&skill.detect, detect),
                time(&skill.acknowledge, acknowledge),
            ],
            scale.get(),
        )
    }
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
    /// Replaces `detect` of the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detect: Option<Duration>,
    /// Replaces `acknowledge` of the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledge: Option<Duration>,
    /// Servers that are attended to at once; all, where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<Hands>,
    /// Who chooses the actions, where an experiment does not say; the rules, where it is missing. Who it is
    /// is part of a design point by itself.
    #[serde(default, skip_serializing)]
    pub responder: Option<NameAt>,
}
