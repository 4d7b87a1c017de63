//! Keeps a page small however large its sweep: fewer points, fewer steps a curve, and a sentence
//! that says so.

use std::collections::BTreeMap;

use super::axes::Axes;
use super::numbers::grouped;
use super::shown::TtrStep;
use crate::design::Design;
use crate::statistics::jackknife::TtrRow;
use crate::summary::Summary;

/// Design points that a page shows.
const MOST_POINTS: usize = 400;
/// Levels that have a colour.
const MOST_SERIES: usize = 8;
/// Levels on the x axis, and of a factor that is chosen from, of a design with too many points.
const MOST_LEVELS: usize = 40;
/// Steps of all curves of a kind together.
const ALL_STEPS: usize = 24_000;

/// Causes of all points together.
const ALL_CAUSES: usize = 8_000;

/// Limits that depend on the number of points.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Steps of one curve.
    pub steps: usize,
    /// Causes of one point.
    pub causes: usize,
}

impl Caps {
    /// The limits for a page of so many points.
    pub fn new(points: usize) -> Self {
        Self {
            steps: (ALL_STEPS / points.max(1)).clamp(40, 200),
            causes: (ALL_CAUSES / points.max(1)).clamp(20, 200),
        }
    }

    /// Says where curves are thinned.
    pub fn omissions(&self, design: &Design, summary: &Summary) -> Option<String> {
        let long = |row: &crate::summary::PointSummary| {
            row.ttr.len() > self.steps || design.variation(row.point).checks() as usize > self.steps
        };
        summary.points.iter().any(long).then(|| {
            format!(
                "Curves have at most {} steps here, each a true point of the curve; the tables ttr \
                 and runs have all of them.",
                self.steps
            )
        })
    }
}

/// The design points that a page shows, ascending, and what is said of the others.
pub fn kept_points(design: &Design, all: &[usize]) -> (Vec<usize>, Vec<String>) {
    let axes = Axes::new(design, all);
    let mut said = Vec::new();
    let mut kept: Vec<(usize, Vec<usize>)> = all
        .iter()
        .map(|point| (*point, axes.levels(design, *point)))
        .collect();
    if let Some(series) = axes.series {
        let count = axes.factors[series].levels.len();
        keep_levels(
            (design, &mut kept),
            &axes,
            series,
            MOST_SERIES.min(count),
            &mut said,
        );
    }
    if kept.len() > MOST_POINTS && !axes.sampled {
        for factor in axes.x.into_iter().chain(axes.panels.iter().copied()) {
            let count = axes.factors[factor].levels.len();
            keep_levels(
                (design, &mut kept),
                &axes,
                factor,
                MOST_LEVELS.min(count),
                &mut said,
            );
        }
    }
    if kept.len() > MOST_POINTS {
        let count = kept.len();
        said.push(format!(
            "{MOST_POINTS} of {} design points are shown, the first in the order of the design; \
             summary.csv has all.",
            grouped(count as u64)
        ));
        kept.truncate(MOST_POINTS);
    }
    (kept.into_iter().map(|(point, _)| point).collect(), said)
}

/// Keeps `most` levels of a factor, evenly spread with both ends, and the baseline of a comparison.
fn keep_levels(
    (design, points): (&Design, &mut Vec<(usize, Vec<usize>)>),
    axes: &Axes,
    factor: usize,
    most: usize,
    said: &mut Vec<String>,
) {
    let axis = &axes.factors[factor];
    let count = axis.levels.len();
    if count <= most || most < 3 {
        return;
    }
    let mut levels: Vec<usize> = (0..most).map(|i| i * (count - 1) / (most - 1)).collect();
    let compare = design.experiment().compare.as_ref();
    let baseline = compare
        .filter(|compare| compare.factor == axis.name)
        .and_then(|compare| axis.levels.iter().position(|l| *l == compare.baseline));
    if let Some(baseline) = baseline
        && let Err(at) = levels.binary_search(&baseline)
    {
        // In place of its neighbour, but for the ends.
        levels[at.clamp(1, most - 2)] = baseline;
    }
    points.retain(|(_, at)| levels.binary_search(&at[factor]).is_ok());
    said.push(format!(
        "{most} of the {} levels of {} are shown; summary.csv has all.",
        grouped(count as u64),
        axis.label
    ));
}

/// The distribution of a histogram in at most `steps` steps: value, and how many have at most
/// that value. The first and the last value stay.
pub fn distribution(histogram: &BTreeMap<u32, u64>, steps: usize) -> Vec<(u32, u64)> {
    let mut sum = 0;
    let all: Vec<(u32, u64)> = histogram
        .iter()
        .map(|(value, count)| {
            sum += count;
            (*value, sum)
        })
        .collect();
    let total = sum as f64;
    let band = |at: usize| (all[at].1 as f64 / total * (steps - 2) as f64) as u64;
    let keep = kept_steps(all.len(), steps, band);
    keep.into_iter().map(|at| all[at]).collect()
}

/// A survival curve in at most `steps` steps; closings and censorings of the steps between are
/// added to the next one that stays.
pub fn survival(rows: &[TtrRow], steps: usize) -> Vec<TtrStep> {
    let band = |at: usize| ((1.0 - rows[at].step.survival) * (steps - 2) as f64) as u64;
    let mut kept = Vec::new();
    let (mut closed, mut censored, mut next) = (0, 0, 0);
    for at in kept_steps(rows.len(), steps, band) {
        for row in &rows[next..=at] {
            closed += row.step.closed;
            censored += row.step.censored;
        }
        next = at + 1;
        let row = &rows[at];
        let (lo, hi) = (row.interval.map(|i| i.lo), row.interval.map(|i| i.hi));
        let step = &row.step;
        kept.push(TtrStep(
            step.half_round,
            step.survival,
            lo,
            hi,
            closed,
            censored,
        ));
        (closed, censored) = (0, 0);
    }
    kept
}

/// Of a monotone curve the last index of each band of height, and both ends.
fn kept_steps(count: usize, steps: usize, band: impl Fn(usize) -> u64) -> Vec<usize> {
    let stays = |at: &usize| *at == 0 || at + 1 == count || band(*at) != band(at + 1);
    (0..count)
        .filter(|at| count <= steps || stays(at))
        .collect()
}
