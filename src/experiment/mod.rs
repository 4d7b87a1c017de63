//! Experiment files: what is asked of which worlds, how often and from which seed.

mod analysis;
mod arrange;
mod exclude;
mod factor;
mod grid;
mod method;
mod points;
mod range;
mod recipe;
mod sample;

use std::path::{Path, PathBuf};

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use crate::diagnostics::{Problem, Sources, meant_as_percent};
use crate::document::{self, Fields, Node, Result, Table, Value};
use crate::world::{BUILT_IN, Name, Whole, WorldFile, WorldSource};

pub use analysis::{Compare, Intervals, PreciseEstimate, Precision, ProportionInterval};
pub use factor::{Factor, FactorKind, Level};
pub use grid::{Dimension, Exclusion, Grid};
pub use recipe::{Difference, Recipe};

/// The most design points of one experiment.
pub const MOST_POINTS: u64 = 10_000_000;

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
    pub fn load(path: &Path, overrides: &Overrides, sources: &mut Sources) -> Result<Self> {
        let table = document::read(path, sources)?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self::decode(&table, overrides, &folder, sources)
    }

    /// Reads an experiment from a text, which messages call `label`.
    pub fn parse(label: &str, text: &str, folder: &Path, sources: &mut Sources) -> Result<Self> {
        let table = document::parse(label, text.to_owned(), sources)?;
        Self::decode(&table, &Overrides::default(), folder, sources)
    }

    /// One design point of a world with one replication: what `simulate` tells. Levels that are
    /// `None` are the world's defaults.
    pub fn single(
        world: &str,
        levels: &[(&str, Option<&str>)],
        seed: u64,
        folder: &Path,
        sources: &mut Sources,
    ) -> Result<Self> {
        let source = WorldSource::find(world, folder).map_err(|problem| vec![problem])?;
        let given = levels.iter().filter_map(|(name, level)| {
            let level = Level::Text((*level)?.to_owned());
            Some(Factor::from_levels((*name).to_owned(), vec![level]))
        });
        let factors: Vec<Factor> = given.collect();
        let name = Name::new("simulate").ok_or_else(Vec::new)?;
        Ok(Self {
            name,
            seed,
            replications: 1,
            confidence: 0.95,
            random_numbers: RandomNumbers::Common,
            grid: Grid::full_factorial(factors.iter().map(|f| f.levels.len())),
            factors,
            compare: None,
            precision: Vec::new(),
            intervals: Intervals::default(),
            worlds: vec![WorldFile::load(&source, sources)?],
            output: Output::default(),
        })
    }

    fn decode(
        table: &Table,
        overrides: &Overrides,
        folder: &Path,
        sources: &mut Sources,
    ) -> Result<Self> {
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
        let (factors, grid) = arrange::read(&mut fields, folder, sources);
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
        let confidence = match confidence {
            None => 0.95,
            Some(level) if *level.get_ref() > 0.0 && *level.get_ref() < 1.0 => *level.get_ref(),
            Some(level) => {
                let message = format!("a confidence of {} is impossible", level.get_ref());
                let problem = Problem::at(level.span(), message, "out of range");
                let problem = match meant_as_percent(*level.get_ref()) {
                    Some(meant) => problem.help(meant),
                    None => problem,
                };
                let allowed = "allowed: a fraction between 0 and 1, as 0.95";
                fields.problems.push(problem.help(allowed));
                0.95
            }
        };
        let mut problems = fields.finish();
        let mut worlds = load_worlds(world.as_ref(), &factors, folder, sources, &mut problems);
        for text in &overrides.set {
            if let Err(found) = set_value(text, &factors, &mut worlds, sources) {
                problems.extend(found);
            }
        }
        match name {
            Some(name) if problems.is_empty() => Ok(Self {
                name,
                seed: overrides.seed.or(seed).unwrap_or(DEFAULT_SEED),
                replications: replications.unwrap_or_default(),
                confidence,
                random_numbers,
                factors,
                grid,
                compare,
                precision,
                intervals,
                worlds,
                output,
            }),
            _ => Err(problems),
        }
    }

    /// The results folder where none is asked for.
    pub fn default_folder(&self) -> PathBuf {
        Path::new("results").join(self.name.as_str())
    }
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

/// Sets `path=value` in all worlds; the value is TOML, or else a text.
fn set_value(
    text: &str,
    factors: &[Factor],
    worlds: &mut [WorldFile],
    sources: &mut Sources,
) -> Result<()> {
    let wrong = |message: String| {
        vec![Problem::general(message).help("as in --set chaos.cpu_spike.probability=0.3")]
    };
    let Some((path, value)) = text.split_once('=') else {
        return Err(wrong(format!("`--set {text}` is not path=value")));
    };
    let (path, value) = (path.trim(), value.trim());
    if factors.iter().any(|factor| factor.name.get_ref() == path) {
        return Err(wrong(format!(
            "`{path}` is a factor of the experiment, so it can't be set"
        )));
    }
    let label = "--set";
    let table = document::parse(label, format!("\"{path}\" = {value}"), sources)
        .or_else(|_| document::parse(label, format!("\"{path}\" = {value:?}"), sources))?;
    let Some((path, value)) = table.entries.first() else {
        return Err(wrong(format!("`--set {text}` sets nothing")));
    };
    worlds
        .iter_mut()
        .try_for_each(|world| world.set(path, value))
}

/// The worlds of the factor `world`, else the one of the experiment, else the default one.
fn load_worlds(
    world: Option<&Spanned<String>>,
    factors: &[Factor],
    folder: &Path,
    sources: &mut Sources,
    problems: &mut Vec<Problem>,
) -> Vec<WorldFile> {
    let factor = factors.iter().find(|f| f.kind == FactorKind::World);
    let names: Vec<Value> = match (factor, world) {
        (Some(factor), _) => factor.values.clone(),
        (None, Some(name)) => vec![Value {
            span: name.span(),
            node: Node::String(name.get_ref().clone()),
        }],
        (None, None) => vec![Value {
            span: 0..0,
            node: Node::String(BUILT_IN[0].name.to_owned()),
        }],
    };
    let mut worlds = Vec::new();
    for name in &names {
        let Node::String(text) = &name.node else {
            continue;
        };
        let loaded = WorldSource::find(text, folder)
            .map_err(|problem| vec![problem.with_span(name.span.clone(), "no such world")])
            .and_then(|source| WorldFile::load(&source, sources));
        match loaded {
            Ok(world) => worlds.push(world),
            Err(found) => problems.extend(found),
        }
    }
    worlds
}
