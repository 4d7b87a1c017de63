//! What is true of the design points, from very many replications.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sysworld::counts::PointCounts;
use sysworld::simulation::Model;
use sysworld::statistics::Confidence;
use sysworld::statistics::jackknife::TtrDistribution;
use sysworld::statistics::mean::bounded_mean;
use sysworld::statistics::quantile::quantile;
use sysworld::statistics::ratio::closed_mean;

/// What is true of a design point; ages in half rounds.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    pub values: BTreeMap<&'static str, f64>,
    /// `None` where the curve does not come down to it.
    pub ages: BTreeMap<&'static str, Option<u32>>,
}

pub const QUANTILES: [(&str, u32); 3] = [
    ("availability_p01", 10),
    ("availability_p05", 50),
    ("availability_p50", 500),
];
pub const AGES: [(&str, u32); 3] = [("ttr_p50", 500), ("ttr_p90", 900), ("ttr_p99", 990)];

/// What of a model the estimates need.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub checks: u64,
    pub rounds: u64,
}

impl Scale {
    pub fn of(model: &Model) -> Self {
        let checks = u64::from(model.checks());
        let servers = model.servers() as u64;
        Self {
            checks,
            rounds: checks / servers,
        }
    }

    pub fn horizon(self) -> u32 {
        2 * self.rounds as u32
    }
}

pub fn list(histogram: &BTreeMap<u32, u64>) -> Vec<(u64, u64)> {
    let entries = histogram.iter();
    entries.map(|(v, c)| (u64::from(*v), *c)).collect()
}

pub fn distribution(counts: &PointCounts, scale: Scale) -> TtrDistribution {
    let (cells, n) = (counts.ttr_cells(), counts.replications());
    TtrDistribution::new(&cells, n, scale.horizon(), Confidence::default()).expect("a distribution")
}

impl Truth {
    /// The estimates of very many replications.
    pub fn of(counts: &PointCounts, scale: Scale) -> Self {
        let confidence = Confidence::default();
        let (up, journey) = (list(&counts.up_checks), list(&counts.journey_up_rounds));
        let n = counts.replications() as f64;
        let ttr = distribution(counts, scale);
        let mut truth = Self::default();
        let mean = |histogram: &[(u64, u64)], scale| {
            bounded_mean(histogram, scale, confidence)
                .expect("a mean")
                .mean
        };
        truth.values.insert("availability", mean(&up, scale.checks));
        truth.values.insert("journey", mean(&journey, scale.rounds));
        let missed = counts.sla_missed() as f64 / n;
        truth.values.insert("sla_miss", missed);
        let restricted = ttr.restricted_mean.as_ref().expect("incidents");
        truth.values.insert("mttr", restricted.estimate.value);
        let closed = closed_mean(&counts.ttr_cells(), counts.replications(), confidence);
        let closed = closed.expect("incidents");
        truth.values.insert("mttr_closed", closed.value);
        for (name, per_mille) in QUANTILES {
            let value = quantile(&up, scale.checks, per_mille, confidence);
            truth.values.insert(name, value.expect("a quantile").value);
        }
        for (name, per_mille) in AGES {
            truth.ages.insert(name, ttr.quantile(per_mille).value);
        }
        truth
    }

    pub fn json(&self) -> Value {
        json!({"values": self.values, "ages": self.ages})
    }

    pub fn read(json: &Value) -> Self {
        let names = ["availability", "journey", "sla_miss", "mttr", "mttr_closed"];
        let names = names.into_iter().chain(QUANTILES.map(|(name, _)| name));
        let value = |name| json["values"][name].as_f64().expect("a number");
        let age = |name| json["ages"][name].as_u64().map(|age| age as u32);
        Self {
            values: names.map(|name| (name, value(name))).collect(),
            ages: AGES.map(|(name, _)| (name, age(name))).into(),
        }
    }
}
