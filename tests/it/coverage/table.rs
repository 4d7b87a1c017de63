//! The coverage table, and which of its cells are outside of what chance explains.

use std::fmt::Write;

use statrs::distribution::{Binomial, Discrete};
use sysworld::statistics::paired::{PairedCounts, proportion_difference};
use sysworld::statistics::proportion::proportion;
use sysworld::statistics::{Confidence, Interval};

use super::experiment::SLA;
use super::tally::{Bar, Tallies, Tally};

/// So many standard errors of a coverage are chance.
const CHANCE: f64 = 3.5;

/// Below so few intervals a coverage says nothing: there the rest is withheld.
const ENOUGH: u64 = 100;

/// One design point.
pub struct Column {
    pub title: String,
    pub tallies: Tallies,
    /// The true probability of a miss.
    pub missed: f64,
    /// The true probabilities that only the point, or only the baseline, misses.
    pub only: [f64; 2],
    /// Whether outages are so rare and long that most samples hold none.
    pub rare: bool,
}

/// What no sample shows where outages are rare and long: cells of these rows are marked there.
const BREAKS: [&str; 8] = [
    "availability",
    "journey",
    "mttr",
    "mttr_closed",
    "ttr_p90",
    "ttr_p99",
    "availability, difference",
    "mttr, difference",
];

/// The rows: what is estimated.
const ROWS: [&str; 20] = [
    "availability",
    "journey",
    "sla_miss",
    "sla_miss, exact",
    "sla_miss, Jeffreys",
    "availability_p01",
    "availability_p05",
    "availability_p50",
    "mttr",
    "mttr_closed",
    "ttr_p50",
    "ttr_p90",
    "ttr_p99",
    "availability, difference",
    "sla_miss, difference",
    "mttr, difference",
    "sla_miss, stopped",
    "sla_miss, any look",
    "availability, stopped",
    "availability, any look",
];

/// Prints the table; returns the cells that are outside.
pub fn check(columns: &[Column], level: Confidence) -> Vec<String> {
    let mut failures = Vec::new();
    let mut table = String::from("| estimate | n |");
    for column in columns {
        write!(table, " {} |", column.title).expect("written");
    }
    table += &format!("\n|---|---|{}\n", "---|".repeat(columns.len()));
    for what in ROWS {
        let sizes = columns[0].tallies.0.keys();
        for n in sizes.filter(|key| key.0 == what).map(|key| key.1) {
            write!(table, "| {what} | {n} |").expect("written");
            for column in columns {
                let tally = &column.tallies.0[&(what, n)];
                let bar = bar(what, n, column, tally);
                let excess = tally.excess(bar, level.level());
                let outside = tally.given() >= ENOUGH && excess > CHANCE;
                let known = outside && column.rare && BREAKS.contains(&what);
                let mark = if known { " †" } else { "" };
                write!(table, " {}{mark} |", cell(tally, bar)).expect("written");
                if outside && !known {
                    failures.push(format!(
                        "{what} at n = {n}, {}: {} is {excess:.1} standard errors outside",
                        column.title,
                        cell(tally, bar)
                    ));
                }
            }
            table += "\n";
        }
    }
    println!("{table}");
    failures
}

fn bar(what: &'static str, n: u64, column: &Column, tally: &Tally) -> Bar {
    if let Some((_, method)) = SLA.into_iter().find(|(name, _)| *name == what) {
        let intervals = (0..=n).map(|k| proportion(k, n, method, Confidence::default()));
        let law = Binomial::new(column.missed, n).expect("a law");
        let covered = intervals.enumerate().map(|(k, estimate)| {
            let interval = estimate.and_then(|estimate| estimate.interval);
            let weight = law.pmf(k as u64);
            if holds(interval, column.missed) {
                weight
            } else {
                0.0
            }
        });
        return Bar::Exactly(covered.sum());
    }
    if what == "sla_miss, difference" {
        return Bar::Exactly(paired_coverage(n, column.only));
    }
    let aims = |method: &&str| {
        [
            "student_t",
            "student_t_hall",
            "jackknife_log",
            "paired_jackknife_log",
            "ratio_jackknife_log",
        ]
        .contains(method)
    };
    let methods = tally.methods.keys();
    let others = methods.filter(|method| !method.starts_with("withheld") && !aims(method));
    if others.count() == 0 {
        Bar::Level
    } else {
        Bar::AtLeast
    }
}

fn holds(interval: Option<Interval>, truth: f64) -> bool {
    interval.is_some_and(|interval| interval.lo <= truth && truth <= interval.hi)
}

/// The coverage of a paired difference of shares, over all tables that are not negligible.
fn paired_coverage(n: u64, [point, baseline]: [f64; 2]) -> f64 {
    const NEGLIGIBLE: f64 = 1e-7;
    let point_law = Binomial::new(point, n).expect("a law");
    let mut covered = 0.0;
    for b in 0..=n {
        let weight = point_law.pmf(b);
        if weight < NEGLIGIBLE {
            continue;
        }
        let rest = Binomial::new(baseline / (1.0 - point), n - b).expect("a law");
        for c in 0..=n - b {
            let weight = weight * rest.pmf(c);
            if weight < NEGLIGIBLE * NEGLIGIBLE {
                continue;
            }
            let counts = PairedCounts {
                point_only: b,
                baseline_only: c,
                neither: n - b - c,
                both: 0,
            };
            let ours = proportion_difference(&counts, Confidence::default());
            if holds(ours.and_then(|ours| ours.interval), point - baseline) {
                covered += weight;
            }
        }
    }
    covered
}

/// Coverage in percent, the exact one beside it, and what is withheld.
fn cell(tally: &Tally, bar: Bar) -> String {
    let experiments = tally.given() + tally.withheld;
    let withheld = 100.0 * tally.withheld as f64 / experiments as f64;
    let mut text = if tally.given() < ENOUGH {
        String::from("–")
    } else {
        format!("{:.1}", 100.0 * tally.share())
    };
    match bar {
        Bar::Level => {}
        Bar::AtLeast => text += " ≥",
        Bar::Exactly(coverage) => {
            write!(text, " (exact {:.1})", 100.0 * coverage).expect("written");
        }
    }
    if withheld > 0.0 {
        write!(text, ", {withheld:.0} % withheld").expect("written");
    }
    text
}
