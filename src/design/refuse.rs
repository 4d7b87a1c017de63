//! Designs that can't be run, refused before anything is.

use super::Design;
use crate::diagnostics::Problem;
use crate::document::Result;
use crate::experiment::{Compare, PreciseEstimate, Precision};

/// The most work of a sweep, in checks of a server: days of many cores.
const MOST_WORK: u64 = 10_000_000_000_000;

/// Refuses what no single level is to blame for.
pub(super) fn impossible(design: &Design) -> Result<()> {
    refuse_endless(design)?;
    refuse_twins(design)?;
    refuse_lonely(design)?;
    refuse_unasked(design)?;
    refuse_journeyless(design)
}

/// A sweep that no machine would end, and whose plan no memory would hold.
fn refuse_endless(design: &Design) -> Result<()> {
    let points = (0..design.len()).map(|point| design.variation(point));
    let checks: u64 = points.map(|variation| variation.checks()).sum();
    let caps = design
        .experiment
        .precision
        .iter()
        .map(|p| p.max_replications);
    let replications = caps.max().unwrap_or(design.experiment.replications);
    if checks
        .checked_mul(replications)
        .is_some_and(|work| work <= MOST_WORK)
    {
        return Ok(());
    }
    let points = design.len();
    let work = checks as f64 * replications as f64;
    let message = format!(
        "the sweep is too large: {replications} replications × {points} design points \
         check servers {work:.1e} times"
    );
    let help = format!("allowed: at most {:.0e} checks in all", MOST_WORK as f64);
    Err(vec![Problem::general(message).help(help)])
}

fn refuse_lonely(design: &Design) -> Result<()> {
    match &design.experiment.compare {
        Some(compare) if design.compared().is_empty() => Err(no_pair(compare)),
        _ => Ok(()),
    }
}

/// A precision of the journey's availability could never be reached in a world without one.
fn refuse_journeyless(design: &Design) -> Result<()> {
    let journey = |p: &Precision| p.estimate == PreciseEstimate::JourneyAvailability;
    let without = (0..design.len()).find(|point| !design.variation(*point).journey);
    match without {
        Some(point) if design.experiment.precision.iter().any(journey) => {
            let whose = match design.describe(point) {
                levels if levels.is_empty() => String::new(),
                levels => format!(" of {levels}"),
            };
            let message = format!(
                "no precision of journey_availability can be reached: the world{whose} has no \
                 [journey]"
            );
            Err(vec![Problem::general(message)])
        }
        _ => Ok(()),
    }
}

/// A precision says when enough was seen, and a responder that has to be asked is asked beforehand.
fn refuse_unasked(design: &Design) -> Result<()> {
    let asked = (0..design.len()).find(|point| design.variation(*point).asked);
    match asked {
        Some(point) if !design.experiment.precision.is_empty() => {
            let at = match design.describe(point) {
                levels if levels.is_empty() => String::new(),
                levels => format!(" at {levels}"),
            };
            let message =
                format!("no precision can be asked for where the responder has to be asked{at}");
            Err(vec![Problem::general(message).help(
                "allowed: [[precision]] with `rules`, `runbook`, `random` and `none`; else a number of `replications`",
            )])
        }
        _ => Ok(()),
    }
}

fn refuse_twins(design: &Design) -> Result<()> {
    let order = design.by_key();
    let duplicates = order.windows(2).find(|pair| pair[0].0 == pair[1].0);
    let duplicates = duplicates.map(|pair| [pair[0].1, pair[1].1]);
    match duplicates {
        None => Ok(()),
        Some(pair) => {
            let message = format!(
                "two design points are the same: {} and {}",
                design.describe(pair[0]),
                design.describe(pair[1])
            );
            let mut problem = Problem::general(message)
                .help("allowed: design points that differ in what they simulate");
            let (first, second) = (design.levels(pair[0]), design.levels(pair[1]));
            if first == second {
                problem = problem.help(
                    "one row stands twice, in a zip, a file or a sample; of an interval between \
                     whole numbers only whole numbers are sampled (write 0.0 and 1.0 for others)",
                );
                for (factor, level) in design.experiment.factors.iter().zip(&first) {
                    let value = &factor.values[*level];
                    if !value.span.is_empty() {
                        problem =
                            problem.with_span(value.span.clone(), "twice with the same levels");
                    }
                }
            }
            for (i, factor) in design.experiment.factors.iter().enumerate() {
                let value = &factor.values[second[i]];
                if first[i] != second[i] {
                    problem = problem.with_span(value.span.clone(), "makes no difference");
                }
            }
            Err(vec![problem])
        }
    }
}

/// Why a comparison without a pair is refused.
fn no_pair(compare: &Compare) -> Vec<Problem> {
    let message = format!(
        "nothing can be compared: no two design points differ only in `{}`, one of them with `{}`",
        compare.factor, compare.baseline
    );
    vec![Problem::general(message).help("allowed: a factor that varies while all others stay")]
}
