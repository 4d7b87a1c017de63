//! Experiment files: what is asked of which worlds, how often and from which seed.

mod analysis;
mod arrange;
mod ends;
mod exclude;
mod factor;
mod grid;
mod group;
mod method;
mod points;
mod range;
mod recipe;
mod recording;
mod sample;
mod worlds;

use std::path::{Path, PathBuf};

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use crate::diagnostics::{Problem, Sources, meant_as_percent};
use crate::document::{self, Fields, FileKind, Result, Table, Value};
use crate::world::{Name, Whole, WorldFile, WorldSource};

pub use analysis::{Compare, Intervals, PreciseEstimate, Precision, ProportionInterval};
pub use factor::{Factor, FactorKind, Level};
pub use grid::{Dimension, Exclusion, Grid};
pub use recipe::{Difference, Recipe};
pub use recording::{Budget, RecordingSettings};
pub(crate) use worlds::set_path;

/// The most design points of one experiment: so many were run, and summarised.
pub const MOST_POINTS: u64 = 1_000_000;

/// The most factors of one experiment.
pub const MOST_FACTORS: usize = 256;

/// The most entries of `exclude`, each of any number of levels.
pub const MOST_EXCLUSIONS: usize = 1_000;

/// The most replications of a design point.
pub const MOST_REPLICATIONS: u64 = 1_000_000_000_000;

/// The greatest master seed: what a TOML file can say.
pub const MOST_SEED: u64 = i64::MAX as u64;

/// An experiment, read and checked as far as that needs no design point.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Its name, which also names its results folder.
    pub name: Name,
    /// The master seed.
    pub seed: u64,
    /// Replications of each design point.
    pub replications: u64,
    /// Level of confidence of the intervals, within 0 and 1.
    pub confidence: f64,
    /// Whether design points share their random numbers.
    pub random_numbers: RandomNumbers,
    /// What is varied; the last factor varies fastest.
    pub factors: Vec<Factor>,
    /// How the levels of the factors are combined.
    pub grid: Grid,
    /// Which differences are estimated.
    pub compare: Option<Compare>,
    /// When a design point is known well enough; without any, after `replications`.
    pub precision: Vec<Precision>,
    /// Methods of intervals.
    pub intervals: Intervals,
    /// The world, or those of the factor `world` in the order of its levels.
    pub worlds: Vec<WorldFile>,
    /// What is written.
    pub output: Output,
    /// How responders that have to be asked are asked, if the file says.
    pub recording: Option<RecordingSettings>,
}

/// Whether design points meet the same chance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RandomNumbers {
    /// Replication i meets the same chaos at every design point.
    #[default]
    Common,
    /// Every design point has random numbers of its own.
    Independent,
}

/// Row tables and their formats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Output {
    /// Tables of rows; the summary tables always come.
    #[serde(deserialize_with = "each_once")]
    pub tables: Vec<RowTable>,
    /// Formats of the row tables, at least one; the summary tables always come in both.
    #[serde(deserialize_with = "some_formats")]
    pub formats: Vec<Format>,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            tables: vec![RowTable::Runs],
            formats: vec![Format::Parquet],
        }
    }
}

impl Output {
    /// Whether the table `runs` is written as Parquet, from which it can be read again.
    pub fn has_runs(&self) -> bool {
        self.tables.contains(&RowTable::Runs) && self.formats.contains(&Format::Parquet)
    }
}

fn some_formats<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Vec<Format>, D::Error> {
    let formats = each_once(deserializer)?;
    if formats.is_empty() {
        let message = "no format is given; allowed: parquet, csv, or both";
        return Err(de::Error::custom(message));
    }
    Ok(formats)
}

fn each_once<'de, D: Deserializer<'de>, T: Deserialize<'de> + PartialEq>(
    deserializer: D,
) -> std::result::Result<Vec<T>, D::Error> {
    let list = Vec::<T>::deserialize(deserializer)?;
    let again = (1..list.len()).any(|i| list[..i].contains(&list[i]));
    if again {
        return Err(de::Error::custom(
            "an entry stands twice; each is allowed once",
        ));
    }
    Ok(list)
}

/// A table of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowTable {
    /// One row a replication.
    Runs,
    /// One row an incident.
    Incidents,
    /// One row a round.
    Rounds,
    /// One row an alert that was answered.
    Decisions,
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values.
    Csv,
}

impl Format {
    /// The ending of file names, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }
}

/// What is wrong with an experiment file.
#[derive(Debug)]
pub struct Wrong {
    /// Everything that could be told.
    pub problems: Vec<Problem>,
    /// The experiment with something in the place of what is wrong, where its factors and worlds
    /// could be read: to tell what is wrong with these.
    pub rest: Option<Box<Experiment>>,
}

impl From<Vec<Problem>> for Wrong {
    fn from(problems: Vec<Problem>) -> Self {
        Self {
            problems,
            rest: None,
        }
    }
}

/// What the command line says over the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Replications of each design point.
    pub replications: Option<u64>,
    /// The master seed.
    pub seed: Option<u64>,
    /// Values of the worlds, each as `path=value`.
    pub set: Vec<String>,
}

/// The seed of an experiment that names none.
pub const DEFAULT_SEED: u64 = 42;

impl Experiment {
    /// Reads an experiment file and the worlds it names.
    ///
    /// # Errors
    ///
    /// All that is wrong in the file.
    pub fn load(path: &Path, overrides: &Overrides, sources: &mut Sources) -> Result<Self> {
        Self::read(path, overrides, sources).map_err(|wrong| wrong.problems)
    }

    /// The same, with what can still be checked of a file that is wrong.
    ///
    /// # Errors
    ///
    /// All that is wrong in the file, and what could still be read of it.
    pub fn read(
        path: &Path,
        overrides: &Overrides,
        sources: &mut Sources,
    ) -> std::result::Result<Self, Wrong> {
        let table = document::read(path, sources)?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self::decode(&table, overrides, &folder, sources)
    }

    /// The worlds that an experiment file names, however wrong the rest of it is.
    pub fn worlds_named(table: &Table) -> Vec<String> {
        worlds::named(table)
    }

    /// Reads an experiment from a text, which messages call `label`.
    ///
    /// # Errors
    ///
    /// All that is wrong in the text.
    pub fn parse(label: &str, text: &str, folder: &Path, sources: &mut Sources) -> Result<Self> {
        let table = document::parse(label, text.to_owned(), sources)?;
        let decoded = Self::decode(&table, &Overrides::default(), folder, sources);
        decoded.map_err(|wrong| wrong.problems)
    }

    /// One design point of a world with one replication: what `simulate` tells. Levels that are
    /// `None` are the world's defaults; of the overrides, seed and values count.
    ///
    /// # Errors
    ///
    /// The world can't be read, or lacks a level that is named.
    pub fn single(
        world: &str,
        levels: &[(&str, Option<&str>)],
        overrides: &Overrides,
        folder: &Path,
        sources: &mut Sources,
    ) -> Result<Self> {
        let source = WorldSource::find(world, folder).map_err(|problem| vec![problem])?;
        let given = levels.iter().filter_map(|(name, level)| {
            let level = Level::Text((*level)?.to_owned());
            Some(Factor::from_levels((*name).to_owned(), vec![level]))
        });
        let factors: Vec<Factor> = given.collect();
        let mut worlds = vec![WorldFile::load(&source, sources)?];
        let problems = worlds::set_all(&[], &overrides.set, &factors, &mut worlds, sources);
        if !problems.is_empty() {
            return Err(problems);
        }
        let name = Name::new("simulate").ok_or_else(Vec::new)?;
        Ok(Self {
            name,
            seed: overrides.seed.unwrap_or(DEFAULT_SEED),
            replications: 1,
            confidence: 0.95,
            random_numbers: RandomNumbers::Common,
            grid: Grid::full_factorial(factors.iter().map(|f| f.levels.len())),
            factors,
            compare: None,
            precision: Vec::new(),
            intervals: Intervals::default(),
            worlds,
            output: Output::default(),
            recording: None,
        })
    }

    fn decode(
        table: &Table,
        overrides: &Overrides,
        folder: &Path,
        sources: &mut Sources,
    ) -> std::result::Result<Self, Wrong> {
        if let Some(problem) = world_file(table) {
            return Err(vec![problem].into());
        }
        let mut fields = Fields::new(table);
        let name = fields.required("name");
        let _: Option<String> = fields.optional("description");
        let world: Option<Spanned<String>> = fields.optional("world");
        let seed: Option<Spanned<Whole>> = fields.optional("seed");
        let replications: Option<Spanned<Whole>> = match overrides.replications {
            Some(_) => fields.optional("replications"),
            None => fields.required("replications"),
        };
        let confidence: Option<Spanned<f64>> = fields.optional("confidence");
        let random_numbers = fields.optional("random_numbers").unwrap_or_default();
        let output: Output = fields.optional("output").unwrap_or_default();
        let recording = recording::read(&mut fields);
        ends::refuse(table, world.as_ref(), overrides, folder, sources)?;
        let set = worlds::read_set(&mut fields);
        let before = fields.problems.len();
        let arrange::Arranged {
            factors,
            grid,
            mut worlds,
            of_worlds,
        } = arrange::read(&mut fields, world.as_ref(), folder, sources);
        let mut design_is_known = fields.problems.len() == before && of_worlds.is_empty();
        let compare = analysis::compare(&mut fields, &factors);
        let intervals: Intervals = fields.optional("intervals").unwrap_or_default();
        let seed = whole(seed, "seed", 0, MOST_SEED, &mut fields.problems);
        let replications = whole(
            replications,
            "replications",
            1,
            MOST_REPLICATIONS,
            &mut fields.problems,
        );
        let replications = overrides.replications.or(replications);
        let precision = analysis::precision(&mut fields, replications);
        let confidence = settled_confidence(confidence, &mut fields.problems);
        let misplaced = |key: &str, value: &Value| worlds::misplaced(key, value, &worlds);
        let mut problems = fields.finish_with(misplaced);
        problems.extend(of_worlds);
        let set = worlds::set_all(&set, &overrides.set, &factors, &mut worlds, sources);
        design_is_known &= set.is_empty();
        problems.extend(set);
        let experiment = name.or_else(|| Name::new("unnamed")).map(|name| Self {
            name,
            seed: overrides.seed.or(seed).unwrap_or(DEFAULT_SEED),
            replications: replications.unwrap_or(1),
            confidence,
            random_numbers,
            factors,
            grid,
            compare,
            precision,
            intervals,
            worlds,
            output,
            recording,
        });
        match experiment {
            Some(experiment) if problems.is_empty() => Ok(experiment),
            experiment => Err(Wrong {
                problems,
                rest: experiment.filter(|_| design_is_known).map(Box::new),
            }),
        }
    }

    /// The results folder where none is asked for.
    pub fn default_folder(&self) -> PathBuf {
        Path::new("results").join(self.name.as_str())
    }
}

/// The problem of a world file in the place of an experiment.
fn world_file(table: &Table) -> Option<Problem> {
    let key = FileKind::Experiment.foreign_key(table)?;
    let message = "this is a world file, not an experiment";
    Some(
        Problem::at(key, message, "a key of worlds")
            .help("an experiment names it: world = \"this-file.toml\"")
            .help("`check` checks a world, `simulate --world` tells a replication of it"),
    )
}

/// The confidence that is asked for, or the usual one.
fn settled_confidence(asked: Option<Spanned<f64>>, problems: &mut Vec<Problem>) -> f64 {
    const USUAL: f64 = 0.95;
    let Some(level) = asked else {
        return USUAL;
    };
    let (level, place) = (*level.get_ref(), level.span());
    if level > 0.0 && level < 1.0 {
        return level;
    }
    let message = format!("a confidence of {level} is impossible");
    let problem = Problem::at(place, message, "out of range");
    // By a confidence of 2 nobody means 2 %.
    let likely = Some(level).filter(|level| *level >= 50.0);
    let problem = match likely.and_then(meant_as_percent) {
        Some(meant) => problem.help(meant),
        None => problem,
    };
    problems.push(problem.help("allowed: a fraction between 0 and 1, as 0.95"));
    USUAL
}

fn whole(
    value: Option<Spanned<Whole>>,
    what: &str,
    least: u64,
    most: u64,
    problems: &mut Vec<Problem>,
) -> Option<u64> {
    let value = value?;
    match u64::try_from(value.get_ref().0) {
        Ok(number) if (least..=most).contains(&number) => Some(number),
        _ => {
            let message = format!("{what} = {} is not possible", value.get_ref().0);
            problems.push(
                Problem::at(value.span(), message, "not allowed")
                    .help(format!("allowed: a whole number, {least} to {most}")),
            );
            None
        }
    }
}
