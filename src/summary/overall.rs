//! What all design points of a sweep come to: how many have which risk, and the ones at the ends.

use std::collections::BTreeMap;

use super::PointSummary;
use crate::design::Design;
use crate::statistics::Interval;

/// A share of SLA misses with its interval, as bits: shares are not negative, so they sort like
/// numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Miss(Option<[u64; 2]>);

impl Miss {
    fn of(row: &PointSummary) -> Self {
        let interval = row.sla_miss.and_then(|miss| miss.interval);
        Self(interval.map(|interval| [interval.lo, interval.hi].map(f64::to_bits)))
    }

    /// Its interval, if there is one.
    pub fn interval(self) -> Option<Interval> {
        let [lo, hi] = self.0?.map(f64::from_bits);
        Some(Interval { lo, hi })
    }
}

/// A value at the end of all of them, with its design point.
type End = Option<(f64, Box<PointSummary>)>;

/// What all design points come to. Points of as many replications share few intervals, so this
/// stays small however many there are.
#[derive(Debug, Default)]
pub struct Overall {
    /// Design points by the interval of their share of SLA misses.
    pub misses: BTreeMap<Miss, u64>,
    least_missed: End,
    most_missed: End,
    least_available: End,
    most_available: End,
}

impl Overall {
    /// Takes note of a design point; they come in the order of the design.
    pub(super) fn add(&mut self, design: &Design, row: &PointSummary) {
        *self.misses.entry(Miss::of(row)).or_default() += 1;
        if let Some(miss) = row.sla_miss.filter(|miss| miss.interval.is_some()) {
            keep(&mut self.least_missed, miss.value, row, |new, old| {
                new < old
            });
            keep(&mut self.most_missed, miss.value, row, |new, old| new > old);
        }
        if let Some(mean) = row.held_to(design) {
            keep(&mut self.least_available, mean.mean, row, |new, old| {
                new < old
            });
            keep(&mut self.most_available, mean.mean, row, |new, old| {
                new > old
            });
        }
    }

    /// The points with the least and the most SLA misses, of equals the first, among those that
    /// have an interval.
    pub fn missed(&self) -> Option<[&PointSummary; 2]> {
        ends([&self.least_missed, &self.most_missed])
    }

    /// The points with the most and the least of the availability that their SLA is held to.
    pub fn available(&self) -> Option<[&PointSummary; 2]> {
        ends([&self.most_available, &self.least_available])
    }
}

fn keep(end: &mut End, value: f64, row: &PointSummary, further: fn(f64, f64) -> bool) {
    if end.as_ref().is_none_or(|(old, _)| further(value, *old)) {
        *end = Some((value, Box::new(row.clone())));
    }
}

fn ends([first, second]: [&End; 2]) -> Option<[&PointSummary; 2]> {
    Some([&*first.as_ref()?.1, &*second.as_ref()?.1])
}
