//! Metrics: how they move, when they alert, what they cost.

use serde::{Deserialize, Serialize};

use super::FiniteAt;
use super::numbers::{
    Bounds, Finite, NonNegative, NonNegativeRange, Percent, PercentRange, Probability, Span2,
};

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
    pub bounds: Bounds,
    /// A warning is raised above this.
    pub warning: Option<FiniteAt>,
    /// A critical alert is raised above this.
    pub critical: Option<FiniteAt>,
    /// Health lost by usage; the first line that fits counts.
    pub penalties: Vec<Penalty>,
}

/// One line of health penalties.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Penalty {
    /// Usage above this costs health.
    pub above: FiniteAt,
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
    pub warning: Option<FiniteAt>,
    /// A critical alert is raised above this.
    pub critical: Option<FiniteAt>,
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
    /// Only while a dependency of a service of the server is down; or, if `false`, while none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependency_down: Option<bool>,
    /// The values, uniform.
    pub range: NonNegativeRange,
}

impl Band {
    /// How many conditions it has.
    pub fn conditions(&self) -> usize {
        [
            self.health_below.is_some(),
            self.cpu_above.is_some(),
            self.dependency_down.is_some(),
        ]
        .into_iter()
        .filter(|condition| *condition)
        .count()
    }
}
