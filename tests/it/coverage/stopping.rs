//! Sequences under stopping: by precision, and by the worst possible rule, at the first look that
//! misses the truth.

use sysworld::counts::PointCounts;
use sysworld::statistics::sequence::{beta_binomial_sequence, betting_sequence};
use sysworld::statistics::{Confidence, Estimate};

use super::tally::Tallies;
use super::truth::{Scale, Truth, list};

/// The sequences of one look.
fn sequences(
    counts: &PointCounts,
    scale: Scale,
    first_look: u64,
    level: Confidence,
) -> [Option<Estimate>; 2] {
    let missed = counts.sla_missed();
    let n = counts.replications();
    [
        beta_binomial_sequence(missed, n, first_look, level),
        betting_sequence(&list(&counts.up_checks), scale.checks, level),
    ]
}

fn larger_side(estimate: &Estimate) -> f64 {
    let interval = estimate.interval.expect("an interval");
    (interval.hi - estimate.value).max(estimate.value - interval.lo)
}

/// What the sequences of one experiment do under two rules of stopping.
#[derive(Debug, Clone)]
pub struct Stopping {
    first_look: u64,
    /// Stop where the larger side is at most this, by sequence.
    wanted: [f64; 2],
    /// Where each stopped by precision, and the first look at which it missed the truth.
    stopped: [Option<Estimate>; 2],
    missed: [Option<Estimate>; 2],
    last: [Option<Estimate>; 2],
}

impl Stopping {
    /// The rule: stop where the sequences are as precise as those of these counts.
    pub fn after(pilot: &PointCounts, scale: Scale, first_look: u64, level: Confidence) -> Self {
        let wanted = sequences(pilot, scale, first_look, level);
        Self {
            first_look,
            wanted: wanted.map(|estimate| larger_side(&estimate.expect("an estimate"))),
            stopped: [None; 2],
            missed: [None; 2],
            last: [None; 2],
        }
    }

    pub fn look(&mut self, counts: &PointCounts, scale: Scale, truth: &Truth, level: Confidence) {
        self.last = sequences(counts, scale, self.first_look, level);
        for (i, name) in ["sla_miss", "availability"].into_iter().enumerate() {
            let estimate = self.last[i].expect("an estimate");
            let interval = estimate.interval.expect("an interval");
            if larger_side(&estimate) <= self.wanted[i] {
                self.stopped[i].get_or_insert(estimate);
            }
            if !(interval.lo..=interval.hi).contains(&truth.values[name]) {
                self.missed[i].get_or_insert(estimate);
            }
        }
    }

    pub fn note(self, n: u64, truth: &Truth, tallies: &mut Tallies) {
        for (i, [stopped, any, name]) in [
            ["sla_miss, stopped", "sla_miss, any look", "sla_miss"],
            [
                "availability, stopped",
                "availability, any look",
                "availability",
            ],
        ]
        .into_iter()
        .enumerate()
        {
            for (what, estimate) in [(stopped, self.stopped[i]), (any, self.missed[i])] {
                let estimate = estimate.or(self.last[i]).expect("an estimate");
                let truth = truth.values[name];
                tallies.note(what, n, estimate.interval, estimate.method, truth);
            }
        }
    }
}
