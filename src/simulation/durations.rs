//! Durations as tables of whole numbers: what is drawn is looked up, and no mathematics is done while
//! a replication runs.
//!
//! A table has a threshold of 2³² for each number of rounds: P(D ≤ k), rounded to a multiple of 2⁻³².
//! So a maths library that differs in its last bit moves a threshold by one at most. It ends where less
//! than 2⁻³² is left, or at [`Rounds::MOST`]. Beyond [`EXACT`] rounds a row of the table stands for several numbers, of which the
//! middle is taken: at most 0.1 % from any of them.

use super::streams::{Bits, Half};
use crate::world::{Duration, Rounds};

/// Up to here, a row is one number of rounds; from here to twice as many, two, and so on.
const EXACT: u32 = 1 << 10;
/// What thresholds are of.
const ALL: u64 = 1 << 32;

/// A duration of a world, to be looked up by random bits.
#[derive(Debug, Clone)]
pub(super) enum DurationModel {
    /// Always so many rounds.
    Fixed(u32),
    /// Uniform on so many whole numbers from the first.
    Uniform { low: u32, count: usize },
    /// By threshold.
    Table(Table),
}

/// Rounds by thresholds.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Ascending, of 2³²: the row is the number of thresholds that are not above the bits. The last
    /// row needs none.
    thresholds: Vec<u32>,
    /// By row; ascending.
    rounds: Vec<u32>,
}

impl DurationModel {
    /// A duration times a scale: a median, a mean, a scale or a number of rounds is multiplied. None is
    /// less than 1 round, except a 0 that was written.
    pub fn new(duration: &Duration, scale: f64) -> Self {
        let scaled = |rounds: Rounds| scale_rounds(rounds.get(), scale);
        match duration {
            Duration::Fixed(rounds) => Self::Fixed(scaled(*rounds)),
            Duration::Between(low, high) => {
                let (low, high) = (scaled(*low), scaled(*high));
                Self::Uniform {
                    low,
                    count: (high - low + 1) as usize,
                }
            }
            Duration::Geometric(law) => {
                let mean = (law.mean.get() * scale).max(1.0);
                let goes_on = 1.0 - 1.0 / mean;
                Self::tabled(|rounds| 1.0 - power(goes_on, rounds))
            }
            Duration::Lognormal(law) => {
                Self::tabled(|rounds| law.within((f64::from(rounds) + 0.5) / scale))
            }
            Duration::Weibull(law) => {
                Self::tabled(|rounds| law.within((f64::from(rounds) + 0.5) / scale))
            }
            Duration::Values(values) => {
                let mut values: Vec<(u32, f64)> = values
                    .iter()
                    .map(|(rounds, weight)| (scaled(*rounds), weight.get()))
                    .collect();
                values.sort_by_key(|(rounds, _)| *rounds);
                Self::weighted(&values)
            }
        }
    }

    /// By the probability of a number of rounds or fewer.
    fn tabled(within: impl Fn(u32) -> f64) -> Self {
        let mut table = Table::empty();
        let mut before = 0_u32;
        let mut at = 1;
        loop {
            let share = within(at);
            let ends = 1.0 - share < 1.0 / ALL as f64;
            if ends || at >= Rounds::MOST {
                // Whatever is longer is as long as can be.
                table.push(ALL, if ends { at } else { Rounds::MOST });
                return Self::from(table);
            }
            table.push(threshold(share), before + 1 + (at - before - 1) / 2);
            before = at;
            at = next_row(at);
        }
    }

    /// Rounds in ascending order with their weights.
    fn weighted(values: &[(u32, f64)]) -> Self {
        let all: f64 = values.iter().map(|(_, weight)| weight).sum();
        let last = values.iter().rposition(|(_, weight)| *weight > 0.0);
        let mut table = Table::empty();
        let mut sum = 0.0;
        for (at, (rounds, weight)) in values.iter().enumerate() {
            sum += weight;
            let share = if Some(at) == last { 1.0 } else { sum / all };
            table.push(threshold(share), *rounds);
        }
        Self::from(table)
    }

    /// The rounds of an event by its details, of which those that are not fixed take further ones.
    #[inline]
    pub fn of_event(&self, details: Bits) -> u32 {
        match self {
            Self::Fixed(rounds) => *rounds,
            _ => self.at(details.details().upper()),
        }
    }

    /// The rounds that some bits stand for; more bits, more rounds.
    #[inline]
    pub fn at(&self, half: Half) -> u32 {
        match self {
            Self::Fixed(rounds) => *rounds,
            Self::Uniform { low, count } => low + half.below(*count) as u32,
            Self::Table(table) => table.at(half.bits()),
        }
    }
}

impl From<Table> for DurationModel {
    fn from(table: Table) -> Self {
        match table.rounds[..] {
            [rounds] => Self::Fixed(rounds),
            _ => Self::Table(table),
        }
    }
}

impl Table {
    fn empty() -> Self {
        Self {
            thresholds: Vec::new(),
            rounds: Vec::new(),
        }
    }

    fn at(&self, bits: u32) -> u32 {
        let row = self.thresholds.partition_point(|above| *above <= bits);
        self.rounds[row]
    }

    /// Adds a row, unless no bits would be left to it. The one whose threshold is all is the last.
    fn push(&mut self, threshold: u64, rounds: u32) {
        let before = self.thresholds.last().map_or(0, |last| u64::from(*last));
        let is_full = self.rounds.len() > self.thresholds.len();
        if is_full || threshold <= before {
            return;
        }
        self.rounds.push(rounds);
        if let Ok(threshold) = u32::try_from(threshold) {
            self.thresholds.push(threshold);
        }
    }
}

/// Rounds times a scale: at least 1, except 0, which stays 0.
fn scale_rounds(rounds: u32, scale: f64) -> u32 {
    match rounds {
        0 => 0,
        // A number of rounds is exact in 64 bits.
        _ => (f64::from(rounds) * scale)
            .round()
            .clamp(1.0, f64::from(Rounds::MOST)) as u32,
    }
}

/// The number of rounds of the next row.
fn next_row(at: u32) -> u32 {
    // 512 rows in each power of two.
    let step = (at / (EXACT / 2)).max(1);
    (at + (1 << step.ilog2())).min(Rounds::MOST)
}

fn threshold(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * ALL as f64).round() as u64
}

/// By multiplications alone, in a fixed order.
fn power(base: f64, exponent: u32) -> f64 {
    let (mut result, mut square, mut left) = (1.0, base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    result
}

/// What is told of a duration, in rounds, as it is simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DurationFacts {
    /// The mean.
    pub mean: f64,
    /// Half of them are at most this.
    pub median: u32,
    /// 99 % of them are at most this.
    pub p99: u32,
    /// None is longer: a distribution without an end is cut where less than 2⁻³² of it is left, or at
    /// 1 000 000 000 rounds.
    pub longest: u32,
}

impl DurationFacts {
    /// Of a duration times a scale.
    pub fn of(duration: &Duration, scale: f64) -> Self {
        let model = DurationModel::new(duration, scale);
        // The last bits within a share.
        let at = |share: f64| model.at(Half::of(((share * ALL as f64).ceil() as u64 - 1) as u32));
        let mean = match &model {
            DurationModel::Fixed(rounds) => f64::from(*rounds),
            DurationModel::Uniform { low, count } => f64::from(*low) + (*count - 1) as f64 / 2.0,
            DurationModel::Table(table) => table.mean(),
        };
        Self {
            mean,
            median: at(0.5),
            p99: at(0.99),
            longest: at(1.0),
        }
    }
}

impl Table {
    fn mean(&self) -> f64 {
        let ends = self.thresholds.iter().map(|end| u64::from(*end));
        let mut before = 0;
        let mut sum = 0.0;
        for (end, rounds) in ends.chain([ALL]).zip(&self.rounds) {
            sum += (end - before) as f64 * f64::from(*rounds);
            before = end;
        }
        sum / ALL as f64
    }
}

#[cfg(test)]
mod tests;
