//! How a report was made, in words.

use super::numbers::{grouped, percent};
use crate::design::Design;
use crate::experiment::RandomNumbers;
use crate::simulation::MODEL_VERSION;
use crate::summary::Summary;

/// What was run, as pairs of a name and its value.
pub fn facts(design: &Design, summary: &Summary) -> Vec<(String, String)> {
    let experiment = design.experiment();
    let factors = experiment.factors.iter().map(|factor| {
        const MOST: usize = 12;
        let levels = factor.levels.iter().take(MOST).map(ToString::to_string);
        let mut text = levels.collect::<Vec<_>>().join(", ");
        if factor.levels.len() > MOST {
            text.push_str(&format!(", … ({} levels)", factor.levels.len()));
        }
        (format!("Factor {}", factor.name.get_ref()), text)
    });
    let random = match experiment.random_numbers {
        RandomNumbers::Common => "common: replication i meets the same chaos at every design point",
        RandomNumbers::Independent => "independent for each design point",
    };
    let mut facts = vec![("Experiment".to_owned(), experiment.name.as_str().to_owned())];
    facts.extend(factors);
    let points = format!(
        "{} of {} finished or begun",
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
