//! What makes two sweeps the same: everything that their results depend on.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{
    Compare, Experiment, Factor, Grid, Intervals, Level, Output, Precision, RandomNumbers,
    RecordingSettings,
};
use crate::world::{Name, WorldFile};

/// An experiment as resolved: enough to run it again without its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Name of the experiment.
    pub name: String,
    /// The master seed.
    pub seed: u64,
    /// Replications of each design point.
    pub replications: u64,
    /// Level of confidence.
    pub confidence: f64,
    /// Whether design points share random numbers.
    pub random_numbers: RandomNumbers,
    /// Factors in order.
    pub factors: Vec<FactorRecord>,
    /// How their levels are combined, unless every one with every other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<Grid>,
    /// Which differences are estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compare>,
    /// When a design point is known well enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub precision: Vec<Precision>,
    /// Methods of intervals.
    pub intervals: Intervals,
    /// Worlds with all they extend, before factors change them.
    pub worlds: Vec<WorldFile>,
    /// Tables and formats.
    pub output: Output,
    /// How responders that have to be asked are asked, if that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingSettings>,
}

/// A factor as recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FactorRecord {
    /// Its name.
    pub name: String,
    /// Its levels.
    pub levels: Vec<Level>,
    /// What else each is called, if it is a world.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Vec<String>>,
}

impl PartialEq for FactorRecord {
    // By which path a world was found is of no importance.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.levels == other.levels
    }
}

/// One place where two recipes differ; `None` where one has nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Dotted path of the place.
    pub path: String,
    /// What stands there in the first.
    pub first: Option<String>,
    /// What stands there in the second.
    pub second: Option<String>,
}

impl Recipe {
    /// The recipe of an experiment.
    pub fn of(experiment: &Experiment) -> Self {
        let full = Grid::full_factorial(experiment.factors.iter().map(|f| f.levels.len()));
        Self {
            name: experiment.name.to_string(),
            seed: experiment.seed,
            replications: experiment.replications,
            confidence: experiment.confidence,
            random_numbers: experiment.random_numbers,
            factors: experiment
                .factors
                .iter()
                .map(|factor| FactorRecord {
                    name: factor.name.get_ref().clone(),
                    levels: factor.levels.clone(),
                    also: factor.also.clone(),
                })
                .collect(),
            grid: (experiment.grid != full).then(|| experiment.grid.clone()),
            compare: experiment.compare.clone(),
            precision: experiment.precision.clone(),
            intervals: experiment.intervals,
            worlds: experiment.worlds.clone(),
            output: experiment.output.clone(),
            recording: experiment.recording.clone(),
        }
    }

    /// The experiment again; `None` if the name can't be one.
    pub fn experiment(&self) -> Option<Experiment> {
        Some(Experiment {
            name: Name::new(&self.name)?,
            seed: self.seed,
            replications: self.replications,
            confidence: self.confidence,
            random_numbers: self.random_numbers,
            factors: self
                .factors
                .iter()
                .map(|record| Factor {
                    also: record.also.clone(),
                    ..Factor::from_levels(record.name.clone(), record.levels.clone())
                })
                .collect(),
            grid: self.grid.clone().unwrap_or_else(|| {
                Grid::full_factorial(self.factors.iter().map(|record| record.levels.len()))
            }),
            compare: self.compare.clone(),
            precision: self.precision.clone(),
            intervals: self.intervals,
            worlds: self.worlds.clone(),
            output: self.output.clone(),
            recording: self.recording.clone(),
        })
    }

    /// Whether another recipe asks for the same and more: more replications, other levels of the
    /// same factors, other estimates of the same replications. The caller checks, by their keys,
    /// that the points of this one are among those of the other.
    pub fn can_become(&self, other: &Self) -> bool {
        let unchanged = |recipe: &Self| Self {
            replications: 0,
            factors: Vec::new(),
            grid: None,
            worlds: Vec::new(),
            ..recipe.without_analysis()
        };
        // The looks of a precision are at multiples of the replications to begin with, and what
        // has been looked at stays so.
        let begins_alike = match (self.precision.is_empty(), other.precision.is_empty()) {
            (true, _) => self.replications <= other.replications,
            (false, false) => self.replications == other.replications,
            (false, true) => false,
        };
        let mut pairs = self.factors.iter().zip(&other.factors);
        let same_type =
            |a: &Level, b: &Level| std::mem::discriminant(a) == std::mem::discriminant(b);
        unchanged(self) == unchanged(other)
            && begins_alike
            && self.factors.len() == other.factors.len()
            // A column keeps its name and type.
            && pairs.all(|(old, new)| {
                old.name == new.name && same_type(&old.levels[0], &new.levels[0])
            })
            // What a comparison pairs is kept from the start, or stands in `runs`.
            && (other.output.has_runs() || self.compare.is_some() == other.compare.is_some())
    }

    /// Whether another recipe asks for the same replications, whatever it makes of them.
    pub fn same_work(&self, other: &Self) -> bool {
        self.without_analysis() == other.without_analysis()
    }

    fn without_analysis(&self) -> Self {
        Self {
            confidence: 0.0,
            compare: None,
            precision: Vec::new(),
            intervals: Intervals::default(),
            recording: None,
            ..self.clone()
        }
    }

    /// Every place where this recipe and another differ.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let json = |recipe: &Self| serde_json::to_value(recipe).unwrap_or(Json::Null);
        let mut found = Vec::new();
        compare("", Some(&json(self)), Some(&json(other)), &mut found);
        found
    }
}

fn compare(path: &str, first: Option<&Json>, second: Option<&Json>, found: &mut Vec<Difference>) {
    let join = |key: &str| match path {
        "" => key.to_owned(),
        _ => format!("{path}.{key}"),
    };
    match (first, second) {
        (Some(Json::Object(a)), Some(Json::Object(b))) => {
            for key in a.keys() {
                compare(&join(key), a.get(key), b.get(key), found);
            }
            for key in b.keys().filter(|key| !a.contains_key(*key)) {
                compare(&join(key), None, b.get(key), found);
            }
        }
        (Some(Json::Array(a)), Some(Json::Array(b))) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&join(&label(i, a)), Some(a), Some(b), found);
            }
        }
        (a, b) if a != b => found.push(Difference {
            path: path.to_owned(),
            first: a.map(Json::to_string),
            second: b.map(Json::to_string),
        }),
        _ => {}
    }
}

/// Entries of a list are called by their name, if they have one.
fn label(index: usize, entry: &Json) -> String {
    match entry.get("name") {
        Some(Json::String(name)) => name.clone(),
        _ => index.to_string(),
    }
}
