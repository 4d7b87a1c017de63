//! Which factor a figure has on its x axis, which one tells its lines apart, and which ones are
//! chosen from.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::design::Design;
use crate::experiment::{FactorKind, Level};

/// A design whose points fill less of the grid of its levels than this share is a sample.
const GRID_SHARE: f64 = 0.5;

/// The factors of some design points, in the roles that they have in figures.
#[derive(Debug, Clone, Serialize)]
pub struct Axes {
    /// All factors, in the order of the experiment.
    pub factors: Vec<Axis>,
    /// The factor that `[compare]` is along, if it varies. It is on x or a colour: chosen from, it
    /// would open at the baseline, which has no difference from itself.
    pub compared: Option<usize>,
    /// The factor on the x axis; `None` where nothing varies.
    pub x: Option<usize>,
    /// The factor that has a colour a level.
    pub series: Option<usize>,
    /// The other factors that vary.
    pub panels: Vec<usize>,
    /// Whether the points are a sample of the levels' combinations (a Latin hypercube, a list):
    /// then no two of them need have a level in common, and no line joins them.
    pub sampled: bool,
}

/// A factor, with the levels that occur.
#[derive(Debug, Clone, Serialize)]
pub struct Axis {
    /// Its name in the experiment and in the tables.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Its levels in the order of the design; numbers of a numeric factor in ascending order.
    pub levels: Vec<Level>,
    /// Its levels for people.
    pub labels: Vec<String>,
    /// Whether the levels are numbers.
    pub numeric: bool,
    /// Whether the levels have an order, so that one can say from which to which.
    pub ordered: bool,
    /// By the level's index in the experiment, its index here; of levels that do not occur, none.
    #[serde(skip)]
    index: Vec<usize>,
}

impl Axes {
    /// The roles for some points of a design.
    pub fn new(design: &Design, points: &[usize]) -> Self {
        let factors: Vec<Axis> = (0..design.experiment().factors.len())
            .map(|factor| Axis::new(design, points, factor))
            .collect();
        let varying: Vec<usize> = (0..factors.len())
            .filter(|factor| factors[*factor].levels.len() > 1)
            .collect();
        let kind = |factor: &&usize| &design.experiment().factors[**factor].kind;
        let is_chaos = |factor: &&usize| {
            let kind = kind(factor);
            matches!(kind, FactorKind::ChaosLevel | FactorKind::ChaosMultiplier)
        };
        let x = varying
            .iter()
            .find(is_chaos)
            .or_else(|| varying.iter().find(|factor| factors[**factor].numeric))
            .or(varying.first())
            .copied();
        let others = || varying.iter().filter(|factor| Some(**factor) != x);
        let grid: f64 = factors
            .iter()
            .map(|axis| axis.levels.len() as f64)
            .product();
        let sampled = (points.len() as f64) < GRID_SHARE * grid;
        let compare = design.experiment().compare.as_ref();
        let is_compared =
            |factor: &&usize| compare.is_some_and(|c| c.factor == factors[**factor].name);
        let compared = varying.iter().find(is_compared).copied();
        let second = if sampled {
            // A sample may still have a factor of few levels, such as the skill.
            others().find(|factor| !factors[**factor].numeric)
        } else {
            let is_skill = |factor: &&usize| *kind(factor) == FactorKind::Skill;
            others().find(is_skill).or_else(|| others().next())
        };
        let series = others().find(is_compared).or(second).copied();
        let panels = others().filter(|factor| Some(**factor) != series).copied();
        Self {
            panels: if sampled {
                Vec::new()
            } else {
                panels.collect()
            },
            factors,
            compared,
            x,
            series,
            sampled,
        }
    }

    /// The levels that vary, for people: `chaos level low, skill senior`.
    pub fn describe(&self, levels: &[usize]) -> String {
        let varying = self.factors.iter().zip(levels);
        let texts: Vec<String> = varying
            .filter(|(axis, _)| axis.levels.len() > 1)
            .map(|(axis, level)| format!("{} {}", axis.label, axis.labels[*level]))
            .collect();
        texts.join(", ")
    }

    /// The index of the level of each factor at a point.
    pub fn levels(&self, design: &Design, point: usize) -> Vec<usize> {
        let factors = self.factors.iter().enumerate();
        factors
            .map(|(factor, axis)| {
                let level = design.level_index(point, factor);
                axis.index.get(level).copied().unwrap_or_default()
            })
            .collect()
    }
}

impl Axis {
    fn new(design: &Design, points: &[usize], factor: usize) -> Self {
        let declared = &design.experiment().factors[factor];
        let mut index = vec![usize::MAX; declared.levels.len()];
        let mut order = Vec::new();
        for point in points {
            let level = design.level_index(*point, factor);
            if index[level] == usize::MAX {
                index[level] = 0;
                order.push(level);
            }
        }
        let number = |level: &usize| declared.levels[*level].number();
        let numeric = order.iter().all(|level| number(level).is_some());
        if numeric {
            let number = |level: &usize| number(level).unwrap_or_default();
            order.sort_by(|a, b| number(a).total_cmp(&number(b)));
        }
        for (at, level) in order.iter().enumerate() {
            index[*level] = at;
        }
        let levels = order.iter().map(|level| declared.levels[*level].clone());
        let levels: Vec<Level> = levels.collect();
        let name = declared.name.get_ref().clone();
        Self {
            label: match declared.kind {
                // A path is read with its world file beside it.
                FactorKind::Path => name.clone(),
                _ => name.replace('_', " "),
            },
            labels: labels(&levels),
            numeric,
            ordered: numeric || matches!(declared.kind, FactorKind::ChaosLevel | FactorKind::Skill),
            index,
            levels,
            name,
        }
    }
}

/// The levels for people: long numbers with fewer digits, in full where two would read the same.
fn labels(levels: &[Level]) -> Vec<String> {
    let full: Vec<String> = levels.iter().map(ToString::to_string).collect();
    let short = levels
        .iter()
        .zip(&full)
        .map(|(level, text)| match level.number() {
            Some(number) if text.len() > 7 => significant(number),
            _ => text.clone(),
        });
    let short: Vec<String> = short.collect();
    let distinct: BTreeSet<&String> = short.iter().collect();
    if distinct.len() == short.len() {
        short
    } else {
        full
    }
}

/// A number with four digits that tell.
fn significant(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let magnitude = number.abs().log10().floor() as i32;
    let decimals = (3 - magnitude).clamp(0, 12) as usize;
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
