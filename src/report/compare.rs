//! Paired differences from a baseline, for the page.

use serde::Serialize;

use super::axes::Axes;
use crate::design::Design;
use crate::summary::Summary;

/// A paired difference of one estimate at one design point.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Key of the design point.
    pub point: String,
    /// Key of the one that it is compared with.
    pub baseline_point: String,
    /// The estimate: its column in the summary.
    pub estimate: String,
    /// Replications that both have.
    pub n: u64,
    /// The difference from the baseline.
    pub difference: Option<f64>,
    /// Lower end of its interval.
    pub lo: Option<f64>,
    /// Upper end.
    pub hi: Option<f64>,
    /// Method of the interval.
    pub method: Option<String>,
    /// Probability of such a difference by chance, adjusted by Holm over the table.
    pub p_holm: Option<f64>,
    /// How many times smaller pairing made the variance.
    pub variance_reduction: Option<f64>,
}

/// What the differences are from.
#[derive(Debug, Clone, Serialize)]
pub struct Baseline {
    /// The factor that is compared, for people.
    pub factor: String,
    /// Its level that the others are compared with.
    pub level: String,
}

/// The comparisons of a summary.
pub fn of(_summary: &Summary) -> Vec<Comparison> {
    Vec::new()
}

/// What the differences are from: the one factor in which the two points of a pair differ.
pub fn baseline(comparisons: &[Comparison], axes: &Axes, design: &Design) -> Option<Baseline> {
    let first = comparisons.first()?;
    let keys = design.by_key();
    let index = |key: &str| {
        let mut known = keys.iter();
        known
            .find(|(known, _)| known.to_string() == key)
            .map(|(_, point)| *point)
    };
    let (point, base) = (index(&first.point)?, index(&first.baseline_point)?);
    let mut factors = axes.factors.iter().enumerate();
    let differs =
        |(factor, _): &(usize, _)| design.level(point, *factor) != design.level(base, *factor);
    let (factor, axis) = factors.find(differs)?;
    Some(Baseline {
        factor: axis.label.clone(),
        level: design.level(base, factor).to_string(),
    })
}

/// The comparisons of the points that are shown.
pub fn kept(comparisons: Vec<Comparison>, keys: &[&str]) -> Vec<Comparison> {
    let shown = |comparison: &Comparison| keys.contains(&comparison.point.as_str());
    comparisons.into_iter().filter(shown).collect()
}
