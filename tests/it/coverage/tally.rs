//! How often intervals hold the truth, and what that is held to.

use std::collections::BTreeMap;

use sysworld::statistics::Interval;
use sysworld::statistics::jackknife::TtrQuantile;

/// What a coverage is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bar {
    /// A method that aims at the level.
    Level,
    /// A method that is conservative by construction.
    AtLeast,
    /// A method whose coverage can be computed.
    Exactly(f64),
}

/// How often an interval held the truth.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub below: u64,
    pub above: u64,
    pub covered: u64,
    pub withheld: u64,
    pub width: f64,
    pub methods: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub fn given(&self) -> u64 {
        self.below + self.above + self.covered
    }

    pub fn share(&self) -> f64 {
        self.covered as f64 / self.given() as f64
    }

    /// How far from the bar, in standard errors; positive is too far.
    pub fn excess(&self, bar: Bar, level: f64) -> f64 {
        let target = match bar {
            Bar::Exactly(coverage) => coverage,
            Bar::Level | Bar::AtLeast => level,
        };
        // One experiment more or less is chance, whatever the target.
        let n = self.given() as f64;
        let error = (target * (1.0 - target) / n).sqrt().max(0.3 / n);
        let distance = (self.share() - target) / error;
        match bar {
            Bar::AtLeast => -distance,
            Bar::Level | Bar::Exactly(_) => distance.abs(),
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.below += other.below;
        self.above += other.above;
        self.covered += other.covered;
        self.withheld += other.withheld;
        self.width += other.width;
        for (method, count) in &other.methods {
            *self.methods.entry(method).or_default() += count;
        }
    }
}

/// Tallies by estimate and number of replications.
#[derive(Debug, Clone, Default)]
pub struct Tallies(pub BTreeMap<(&'static str, u64), Tally>);

impl Tallies {
    pub fn note(
        &mut self,
        what: &'static str,
        n: u64,
        interval: Option<Interval>,
        method: &'static str,
        truth: f64,
    ) {
        let tally = self.0.entry((what, n)).or_default();
        *tally.methods.entry(method).or_default() += 1;
        // Limits of a share meet 0 and 1 but for rounding.
        const ROUNDING: f64 = 1e-12;
        match interval {
            None => tally.withheld += 1,
            Some(Interval { lo, hi }) => {
                tally.width += hi - lo;
                if truth < lo - ROUNDING {
                    tally.above += 1;
                } else if truth > hi + ROUNDING {
                    tally.below += 1;
                } else {
                    tally.covered += 1;
                }
            }
        }
    }

    pub fn note_age(&mut self, what: &'static str, n: u64, ours: TtrQuantile, truth: Option<u32>) {
        // What is not reached is beyond every age.
        let beyond = |age: Option<u32>| age.map_or(1e9, f64::from);
        let interval = (ours.lo.is_some() || ours.hi.is_some()).then(|| Interval {
            lo: beyond(ours.lo),
            hi: beyond(ours.hi),
        });
        self.note(what, n, interval, "survival_band", beyond(truth));
    }

    pub fn absorb(mut self, other: &Self) -> Self {
        for (key, tally) in &other.0 {
            self.0.entry(*key).or_default().add(tally);
        }
        self
    }
}
