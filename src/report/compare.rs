//! Paired differences from a baseline, for the page.

use serde::Serialize;

use super::axes::Axes;
use super::numbers::p_value;
use crate::design::Design;
use crate::summary::Summary;

/// A paired difference of one estimate at one design point.
#[derive(Debug, Clone, Serialize)]
pub struct ShownDifference {
    /// Key of the design point.
    pub point: String,
    /// The estimate: its column in the summary.
    pub estimate: &'static str,
    /// Replications that both have.
    pub n: u64,
    /// The difference from the baseline.
    pub difference: Option<f64>,
    /// Lower end of its interval.
    pub lo: Option<f64>,
    /// Upper end.
    pub hi: Option<f64>,
    /// Method of the interval.
    pub method: Option<&'static str>,
    /// Probability of such a difference by chance, adjusted by Holm over the table.
    pub p_holm: Option<f64>,
    /// The same as text.
    pub p_text: Option<String>,
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

/// The comparisons of the points that are shown; `keys` has theirs by index of the point.
pub fn of(summary: &Summary, keys: &[(usize, &str)]) -> Vec<ShownDifference> {
    let shown = summary.comparisons.iter().filter_map(|row| {
        let at = keys.binary_search_by_key(&row.point, |(point, _)| *point);
        let interval = row.difference.and_then(|d| d.interval);
        Some(ShownDifference {
            point: keys[at.ok()?].1.to_owned(),
            estimate: row.estimate,
            n: row.n,
            difference: row.difference.map(|d| d.value),
            lo: interval.map(|i| i.lo),
            hi: interval.map(|i| i.hi),
            method: row.difference.map(|d| d.method),
            p_holm: row.p_holm,
            p_text: row.p_holm.map(|p| p_value(p, row.p_is_known())),
            variance_reduction: row.variance_reduction,
        })
    });
    shown.collect()
}

/// What the differences are from; `None` where no comparison is asked for.
pub fn baseline(design: &Design, axes: &Axes) -> Option<Baseline> {
    let compare = design.experiment().compare.as_ref()?;
    let mut factors = axes.factors.iter();
    let axis = factors.find(|axis| axis.name == compare.factor)?;
    let mut levels = axis.levels.iter().zip(&axis.labels);
    let level = levels.find(|(level, _)| **level == compare.baseline);
    Some(Baseline {
        factor: axis.label.clone(),
        level: level.map_or_else(|| compare.baseline.to_string(), |(_, label)| label.clone()),
    })
}
