//! Where the numbers of a report come from: experiment, seed, versions.

use std::cmp::Ordering;

use super::numbers::{grouped, percent};
use crate::design::Design;
use crate::experiment::{Level, RandomNumbers};
use crate::simulation::MODEL_VERSION;
use crate::summary::Summary;

/// The levels of a factor: all of few, the range of many numbers, the first of many names.
fn levels(levels: &[Level]) -> String {
    const MOST: usize = 12;
    let count = grouped(levels.len() as u64);
    if levels.len() > MOST {
        let by_number = |a: &&Level, b: &&Level| a.number().partial_cmp(&b.number());
        let order = |a: &&Level, b: &&Level| by_number(a, b).unwrap_or(Ordering::Equal);
        let ends = levels.iter().min_by(order).zip(levels.iter().max_by(order));
        if let Some((least, most)) = ends
            && levels.iter().all(|level| level.number().is_some())
        {
            return format!("{count} levels from {least} to {most}");
        }
    }
    let texts = levels.iter().take(MOST).map(ToString::to_string);
    let mut text = texts.collect::<Vec<_>>().join(", ");
    if levels.len() > MOST {
        text.push_str(&format!(", … ({count} levels)"));
    }
    text
}

/// What was run, as pairs of a name and its value.
pub fn facts(design: &Design, summary: &Summary) -> Vec<(String, String)> {
    let experiment = design.experiment();
    let factors = experiment.factors.iter().map(|factor| {
        let text = levels(&factor.levels);
        (format!("Factor {}", factor.name.get_ref()), text)
    });
    let random = match experiment.random_numbers {
        RandomNumbers::Common => "common: replication i meets the same chaos at every design point",
        RandomNumbers::Independent => "independent for each design point",
    };
    let mut facts = vec![("Experiment".to_owned(), experiment.name.as_str().to_owned())];
    facts.extend(factors);
    let points = format!(
        "{} of {} with replications",
        grouped(summary.design_points.len() as u64),
        grouped(design.len() as u64)
    );
    facts.extend(
        [
            ("Design points", points),
            ("Replications", grouped(summary.replications)),
            ("Setting", super::setting(design)),
            ("Master seed", experiment.seed.to_string()),
            ("Random numbers", random.to_owned()),
            (
                "Confidence",
                format!("{} %", percent(experiment.confidence)),
            ),
            (
                "Made by",
                format!(
                    "sysworld {}, model version {MODEL_VERSION}",
                    env!("CARGO_PKG_VERSION")
                ),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    facts
}
