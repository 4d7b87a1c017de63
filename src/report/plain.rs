//! The answer in plain words: sentences that hold when they are repeated without the page.

use super::agreement::{Agreement, Held};
use super::axes::Axes;
use super::numbers::{digits, fixed, grouped};
use super::shown::Value;
use super::words::Downtime;
use crate::design::Design;
use crate::statistics::Interval;
use crate::summary::PointSummary;

/// What the sentences are about: a design point with its share of missed replications.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its levels that vary.
    pub place: String,
    /// Replications.
    pub n: u64,
    /// The share of them that miss the SLA.
    pub miss: Option<Value>,
    /// The availability that the SLA is held to.
    availability: Option<Value>,
    nines: Option<Value>,
    /// Its downtime, in the time that `Downtime` names.
    downtime: Option<Value>,
}

impl Case {
    /// Of a design point.
    pub fn new(design: &Design, axes: &Axes, row: &PointSummary, downtime: &Downtime) -> Self {
        let variation = design.variation(row.point);
        let minutes = row.downtime_minutes;
        Self {
            place: axes.describe(&axes.levels(design, row.point)),
            n: row.n,
            miss: row.sla_miss.and_then(|miss| Value::of(miss.into())),
            availability: row.held_to(design).and_then(|mean| Value::of(mean.into())),
            nines: row.nines.and_then(Value::of),
            downtime: minutes
                .and_then(|minutes| Value::of(downtime.estimate(variation, minutes).into())),
        }
    }
}

/// How many design points an answer is of.
#[derive(Debug, Clone, Copy)]
pub struct Cases {
    /// All of them.
    pub points: u64,
    /// Whether they have the same interval of `sla_miss`.
    pub alike: bool,
}

/// How often the target is missed, as a sentence: `72 of 100 windows of 15 minutes miss the 99.9 %
/// availability target; this is known to within 1 in 100.` The `ends` are the cases with the
/// fewest and with the most misses.
pub fn sentence(
    ends: Option<&[Case; 2]>,
    cases: Cases,
    agreement: &Agreement,
    window: Option<&str>,
) -> String {
    let goal = agreement.goal();
    let noun = match window {
        Some(window) => format!("windows of {window}"),
        None => "replications".to_owned(),
    };
    let ends = ends.and_then(|[least, most]| {
        Some([(least, Odds::of_case(least)?), (most, Odds::of_case(most)?)])
    });
    let Some([(least, low), (most, high)]) = ends else {
        return format!("Too few replications to say how often {noun} miss {goal}.");
    };
    let said = format!("{} {} {goal}", low.of(&noun), low.verb());
    if low.value == high.value {
        let place = match cases.points {
            1 => String::new(),
            2 => "in both cases ".to_owned(),
            points => format!("in each of the {} cases ", grouped(points)),
        };
        let sure = match cases.alike {
            true => format!("; this is known to {}", low.known()),
            false => String::new(),
        };
        return capital(&format!("{place}{said}{sure}."));
    }
    let sure = if low.known() == high.known() {
        format!("both are known to {}", low.known())
    } else {
        format!(
            "the first is known to {}, the second to {}",
            low.known(),
            high.known()
        )
    };
    format!(
        "At best ({}) {said}, at worst ({}) {}; {sure}.",
        least.place,
        most.place,
        high.of("them"),
    )
}

/// The best and the worst availability, with nines and downtime beside it.
pub fn availability(ends: [Case; 2], agreement: &Agreement, over: &str) -> Option<String> {
    let whose = match agreement.held {
        Held::Servers => "Mean availability of the servers",
        Held::Journey => "Mean availability of the journey",
        // The ends would be of different things.
        Held::Mixed => return None,
    };
    let say = |case: &Case| {
        let nines = case.nines.and_then(short);
        let nines = nines.map_or(String::new(), |nines| format!("{nines} nines, "));
        let downtime = short(case.downtime?)?;
        let percent = share(case.availability?)?;
        Some(format!(
            "{percent}; {nines}{downtime} minutes of downtime in {over}"
        ))
    };
    let [best, worst] = ends;
    if best.place == worst.place {
        return Some(format!("{whose}: {}.", say(&best)?));
    }
    Some(format!(
        "{whose}, at best ({}): {}. At worst ({}): {}.",
        best.place,
        say(&best)?,
        worst.place,
        say(&worst)?
    ))
}

/// An availability with its interval, in percent; what is not 100 % does not read as such.
fn share(availability: Value) -> Option<String> {
    let known = availability.value?;
    let value = 100.0 * known;
    let interval = availability.interval();
    let half_width = interval.map_or(0.0, |i| 100.0 * i.half_width(known));
    let enough = |digits: &usize| value >= 100.0 || !fixed(value, *digits).starts_with("100");
    let digits = (digits(half_width, 2)..=9).find(enough).unwrap_or(9);
    let ends = interval.map_or(String::new(), |interval| {
        let [lo, hi] = [interval.lo, interval.hi].map(|end| fixed(100.0 * end, digits));
        format!(" ({lo} to {hi} %)")
    });
    Some(format!("{} %{ends}", fixed(value, digits)))
}

/// A value with as many digits as its interval warrants.
fn short(value: Value) -> Option<String> {
    let known = value.value?;
    let half_width = value.interval().map_or(0.0, |i| i.half_width(known));
    Some(fixed(known, digits(half_width, 2)))
}

/// A share as so many of a round number.
struct Odds {
    value: f64,
    /// The round number: 100 or another power of ten.
    base: u64,
    /// How many of it.
    count: u64,
    interval: Interval,
    n: u64,
}

impl Odds {
    fn of_case(case: &Case) -> Option<Self> {
        let miss = case.miss?;
        Some(Self::new(miss.value?, miss.interval()?, case.n))
    }

    fn new(value: f64, interval: Interval, n: u64) -> Self {
        const MOST: u64 = 1_000_000_000;
        // What is far from 0 and 1 is said in hundredths; what is near, as finely as it takes.
        let near = match value {
            v if v <= 0.0 => interval.hi,
            v if v >= 1.0 => 1.0 - interval.lo,
            v => v.min(1.0 - v),
        };
        let mut base = 100;
        while near > 0.0 && near * (base as f64) < 1.0 && base < MOST {
            base *= 10;
        }
        Self {
            value,
            base,
            count: (value * base as f64).round() as u64,
            interval,
            n,
        }
    }

    /// `72 of 100 windows`, `none of the 400 simulated windows`.
    fn of(&self, noun: &str) -> String {
        let (n, base) = (grouped(self.n), grouped(self.base));
        let simulated = match noun {
            "them" => format!("the {n} simulated"),
            noun => format!("the {n} simulated {noun}"),
        };
        match noun {
            _ if self.value <= 0.0 => format!("none of {simulated}"),
            _ if self.value >= 1.0 => format!("all of {simulated}"),
            "them" => format!("{} of {base}", grouped(self.count)),
            noun => format!("{} of {base} {noun}", grouped(self.count)),
        }
    }

    fn verb(&self) -> &'static str {
        let one = self.value > 0.0 && self.value < 1.0 && self.count == 1;
        if one { "misses" } else { "miss" }
    }

    /// How well it is known, after `known to`.
    fn known(&self) -> String {
        let base = grouped(self.base);
        let scaled = |end: f64| end * self.base as f64;
        // A hair of a count is the arithmetic's.
        let (down, up) = (
            (scaled(self.interval.lo) + 1e-6).floor() as u64,
            (scaled(self.interval.hi) - 1e-6).ceil() as u64,
        );
        if self.value <= 0.0 {
            return format!("be at most {} in {base}", grouped(up));
        }
        if self.value >= 1.0 {
            return format!("be at least {} in {base}", grouped(down));
        }
        let [lo, hi] = [self.interval.lo, self.interval.hi].map(|end| scaled(end).round() as u64);
        let (below, above) = (self.count.abs_diff(lo), self.count.abs_diff(hi));
        let within = below.max(above).max(1);
        let least = self.count.min(self.base - self.count);
        if below.abs_diff(above) <= 1 && (2 * within <= least || within == 1) {
            return format!("within {} in {base}", grouped(within));
        }
        format!("be between {} and {} in {base}", grouped(down), grouped(up))
    }
}

/// A text that begins with a capital letter.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odds(value: f64, lo: f64, hi: f64) -> (String, String) {
        let odds = Odds::new(value, Interval { lo, hi }, 400);
        (odds.of("windows"), odds.known())
    }

    /// What is said of a share holds of its interval, near the ends too.
    #[test]
    fn a_share_is_said_as_finely_as_it_takes() {
        let cases = [
            (
                (0.7234, 0.714, 0.732),
                "72 of 100 windows",
                "within 1 in 100",
            ),
            ((0.5, 0.45, 0.55), "50 of 100 windows", "within 5 in 100"),
            (
                (0.0034, 0.0031, 0.0037),
                "3 of 1,000 windows",
                "within 1 in 1,000",
            ),
            (
                (0.01, 0.0018, 0.0545),
                "1 of 100 windows",
                "be between 0 and 6 in 100",
            ),
            (
                (0.0, 0.0, 0.0095),
                "none of the 400 simulated windows",
                "be at most 10 in 1,000",
            ),
            (
                (1.0, 0.9905, 1.0),
                "all of the 400 simulated windows",
                "be at least 990 in 1,000",
            ),
            (
                (0.9996, 0.999, 0.9999),
                "9,996 of 10,000 windows",
                "be between 9,990 and 9,999 in 10,000",
            ),
        ];
        for ((value, lo, hi), of, known) in cases {
            assert_eq!(odds(value, lo, hi), (of.to_owned(), known.to_owned()));
        }
    }
}
