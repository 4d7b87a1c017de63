//! What the page shows of a design point.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::counts::CauseCounts;
use crate::statistics::Interval;
use crate::summary::Reading;

/// A design point.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// Its key.
    pub key: String,
    /// Index of its level of each factor.
    pub levels: Vec<usize>,
    /// Replications.
    pub n: u64,
    /// Checks of a replication.
    pub checks: u64,
    /// Whether the SLA is held to the journey, not to the servers.
    pub on_journey: bool,
    /// What the SLA counts in a replication: rounds of the journey, or checks of the servers.
    pub sla_checks: u64,
    /// Its SLA target in percent.
    pub target: String,
    /// Estimates by their column in the summary.
    pub estimates: BTreeMap<Cow<'static, str>, Value>,
    /// Incidents, and of these open at the end.
    pub incidents: [u64; 2],
    /// The distribution of what counts towards the SLA: up checks, or rounds with a working
    /// journey, and replications with at most so many.
    pub spread: Vec<(u32, u64)>,
    /// The Kaplan–Meier curve of the time to resolve.
    pub ttr: Vec<TtrStep>,
    /// The worst replication by the SLA's indicator, and what it has of `sla_checks`.
    pub worst: Option<(u64, u32)>,
    /// The causes of most lost checks, most first.
    pub causes: Vec<CauseCounts>,
    /// Lost checks of all causes together.
    pub lost_checks: u64,
}

/// One step of a Kaplan–Meier curve: half rounds, survival, the ends of its interval, closed,
/// censored since the step before that is shown.
#[derive(Debug, Clone, Serialize)]
pub struct TtrStep(
    pub u32,
    pub f64,
    pub Option<f64>,
    pub Option<f64>,
    pub u64,
    pub u64,
);

/// An estimate as the summary has it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Value {
    /// The estimate.
    pub value: Option<f64>,
    /// Lower end of its interval.
    pub lo: Option<f64>,
    /// Upper end.
    pub hi: Option<f64>,
    /// Method of the interval.
    pub method: &'static str,
}

impl Value {
    /// The interval, if both its ends are known.
    pub fn interval(&self) -> Option<Interval> {
        Some(Interval {
            lo: self.lo?,
            hi: self.hi?,
        })
    }

    /// An estimate of which something is known: its value, or an end of its interval.
    pub fn of(reading: Reading) -> Option<Self> {
        let [lo, hi] = reading.ends();
        let known = reading.value.is_some() || lo.is_some();
        known.then_some(Self {
            value: reading.value,
            lo,
            hi,
            method: reading.method,
        })
    }
}
