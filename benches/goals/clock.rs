//! Time, and ratios of times.

use std::fmt;
use std::time::{Duration, Instant};

/// Seconds by the clock on the wall: for works of a millisecond or less, most of which nothing
/// interrupts.
pub fn seconds(work: impl FnOnce()) -> f64 {
    let clock = Instant::now();
    work();
    clock.elapsed().as_secs_f64()
}

/// Seconds that this thread was on a processor, for works of seconds; where that is not to be had,
/// by the clock on the wall.
pub fn cpu_seconds(work: impl FnOnce()) -> f64 {
    let read = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    let before = read();
    let wall = seconds(work);
    before
        .zip(read())
        .map_or(wall, |(before, after)| (after - before) * 1e-9)
}

/// The median of some numbers.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What a ratio was, turn by turn: the seconds of the one and of the other.
#[derive(Debug, Default)]
pub struct Ratio(pub Vec<[f64; 2]>);

impl Ratio {
    /// Takes turns between two works for some time; each says how much it did, and the ratio is
    /// that of their seconds for one.
    pub fn of(
        turns: Duration,
        mut work: impl FnMut() -> f64,
        mut against: impl FnMut() -> f64,
    ) -> Self {
        let mut ratio = Self::default();
        let begun = Instant::now();
        while begun.elapsed() < turns || ratio.0.len() < 5 {
            let (mut did, mut other) = (0.0, 0.0);
            let own = seconds(|| did = work());
            let against = seconds(|| other = against());
            ratio.0.push([own / did, against / other]);
        }
        // The first turn warms up.
        ratio.0.remove(0);
        ratio
    }

    /// The median over the turns.
    pub fn median(&self) -> f64 {
        let ratios: Vec<f64> = self.0.iter().map(|[own, other]| own / other).collect();
        median(&ratios)
    }

    /// The best time of the one over the best of the other.
    pub fn best(&self) -> f64 {
        let least = |which: usize| {
            let times = self.0.iter().map(|turn| turn[which]);
            times.fold(f64::INFINITY, f64::min)
        };
        least(0) / least(1)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} × ({:.2} ×)", self.median(), self.best())
    }
}
