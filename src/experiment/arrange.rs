//! Reads what is varied, and how the levels are combined: `[factors]`, `[[zip]]`, `[design]` and
//! `[[exclude]]`.

use std::path::Path;

use serde_spanned::Spanned;

use super::exclude;
use super::factor::{self, Factor, FactorKind, Written};
use super::grid::{Dimension, Grid};
use super::group::{Group, Values};
use super::method::{Method, Sample};
use super::points;
use super::sample;
use super::worlds;
use super::{MOST_FACTORS, MOST_POINTS};
use crate::diagnostics::{Problem, Sources};
use crate::document::{Fields, Node, Value};
use crate::world::WorldFile;

/// What is varied.
pub(super) struct Arranged {
    pub factors: Vec<Factor>,
    pub grid: Grid,
    /// The worlds of the factor `world`, else the one of the experiment.
    pub worlds: Vec<WorldFile>,
    /// What is wrong with these.
    pub of_worlds: Vec<Problem>,
}

impl Arranged {
    /// Of a file that has too much of something.
    fn nothing() -> Self {
        Self {
            factors: Vec::new(),
            grid: Grid::full_factorial([]),
            worlds: Vec::new(),
            of_worlds: Vec::new(),
        }
    }
}

/// Factors and how they are combined; where something is wrong, what could be read.
pub(super) fn read(
    fields: &mut Fields,
    world: Option<&Spanned<String>>,
    folder: &Path,
    sources: &mut Sources,
) -> Arranged {
    let [factors, zip, design, exclude] =
        ["factors", "zip", "design", "exclude"].map(|key| fields.raw(key));
    let problems = &mut fields.problems;
    let method = design.map_or(Method::FullFactorial, |value| Method::read(value, problems));
    let mut groups = Vec::new();
    if let Method::Csv(file) = &method {
        groups.extend(points::read(file, folder, sources).map_err(|found| problems.extend(found)));
    }
    if let Some(value) = factors {
        groups.extend(groups_of_factors(value, &method, problems));
    }
    if let Method::Sample(sample) = &method {
        // An interval that can't be read is told of already.
        if problems.is_empty() {
            problems.extend(refuse_sample(sample, &groups));
        }
    }
    groups.extend(zip.map_or(Vec::new(), |value| groups_of_zip(value, problems)));
    let place = factors.or(zip).or(design);
    if let Some(problem) = too_many_factors(&groups, place).or_else(|| too_many(&groups, place)) {
        problems.push(problem);
        return Arranged::nothing();
    }
    let (mut factors, dimensions) = combine(groups, problems);
    refuse_contradictions(&factors, problems);
    let (worlds, of_worlds) = worlds::load(world, &mut factors, folder, sources);
    let mut grid = Grid {
        dimensions,
        exclude: Vec::new(),
        base: None,
    };
    if problems.is_empty() {
        match &method {
            Method::OneAtATime(base) => match exclude::base(base, &factors, &grid) {
                Ok(rows) => grid.base = Some(rows),
                Err(found) => problems.extend(found),
            },
            Method::FullFactorial | Method::Sample(_) | Method::Csv(_) => {}
        }
        if let Some(value) = exclude {
            match exclude::read(value, &factors, &grid) {
                Ok(rules) => grid.exclude = rules,
                Err(found) => problems.extend(found),
            }
        }
    }
    Arranged {
        factors,
        grid,
        worlds,
        of_worlds,
    }
}

fn too_many_factors(groups: &[Group], place: Option<&Value>) -> Option<Problem> {
    let columns: usize = groups.iter().map(|group| group.columns.len()).sum();
    (columns > MOST_FACTORS).then(|| {
        let message = format!("{columns} factors");
        let problem = match place {
            Some(value) => Problem::at(value.span.clone(), message, "too many"),
            None => Problem::general(message),
        };
        problem.help(format!("allowed: at most {MOST_FACTORS}"))
    })
}

pub(super) fn groups_of_factors(
    value: &Value,
    method: &Method,
    problems: &mut Vec<Problem>,
) -> Vec<Group> {
    let Some(table) = value.table("factors", problems) else {
        return Vec::new();
    };
    let sample = match method {
        Method::Sample(sample) => Some(sample),
        _ => None,
    };
    let mut groups: Vec<Group> = Vec::new();
    // The sampled factors are one group, where the first of them stands.
    let mut sampled: Option<usize> = None;
    for (name, value) in &table.entries {
        let at = value.span.clone();
        let written = match Written::read(name, value, sample.is_some()) {
            Ok(written) => written,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let rows = written.count();
        let (values, together) = match (written, sample) {
            (Written::List(values), _) => (Values::Listed(values.to_vec()), false),
            (Written::Range(range), _) => (Values::Range(range), false),
            (Written::Sampled(interval), Some(sample)) => {
                let place = sampled.map_or(0, |group| groups[group].columns.len());
                let along = (place as u32, name.get_ref().as_str());
                let coordinates =
                    sample::coordinates(sample.method, sample.points, sample.seed, along);
                (Values::Listed(interval.values(&coordinates, &at)), true)
            }
            (Written::Sampled(_), None) => continue,
        };
        let column = (name.clone(), values, at);
        match (together, sampled) {
            (true, Some(group)) => groups[group].columns.push(column),
            _ => {
                if together {
                    sampled = Some(groups.len());
                }
                groups.push(Group {
                    columns: vec![column],
                    rows: rows.or(sample.map(|s| s.points.into())).unwrap_or_default(),
                    together,
                });
            }
        }
    }
    groups
}

fn refuse_sample(sample: &Sample, groups: &[Group]) -> Option<Problem> {
    let at = sample.at.clone();
    let sampled = groups.iter().find(|group| group.together);
    let columns = sampled.map_or(0, |group| group.columns.len());
    if columns == 0 {
        let message = "there is nothing to sample";
        return Some(Problem::at(at, message, "no factor is sampled").help(
            "give at least one factor an interval without a step, as { from = 0.5, to = 3.0 }",
        ));
    }
    (columns > sample::MOST_FACTORS).then(|| {
        let message = format!("{columns} factors are sampled");
        Problem::at(at, message, "too many")
            .help(format!("allowed: at most {}", sample::MOST_FACTORS))
    })
}

pub(super) fn groups_of_zip(value: &Value, problems: &mut Vec<Problem>) -> Vec<Group> {
    let Node::Array(entries) = &value.node else {
        let kind = value.node.kind();
        let message = format!("`zip` must be an array of tables, not {kind}");
        problems.push(
            Problem::at(value.span.clone(), message, "wrong type")
                .help("write [[zip]] above the factors that go together"),
        );
        return Vec::new();
    };
    let mut groups = Vec::new();
    for entry in entries {
        let Some(table) = entry.table("zip", problems) else {
            continue;
        };
        let mut columns = Vec::new();
        for (name, value) in &table.entries {
            match Written::read(name, value, false) {
                Ok(written) => {
                    let rows = written.count().unwrap_or_default();
                    let values = match written {
                        Written::Range(range) => Values::Range(range),
                        Written::List(values) => Values::Listed(values.to_vec()),
                        Written::Sampled(_) => continue,
                    };
                    columns.push((rows, (name.clone(), values, value.span.clone())));
                }
                Err(problem) => problems.push(problem),
            }
        }
        let Some(rows) = columns.first().map(|(rows, _)| *rows) else {
            let message = "a zip needs factors whose levels go together";
            problems.push(Problem::at(entry.span.clone(), message, "empty"));
            continue;
        };
        if let Some((other, (name, _, at))) = columns.iter().find(|(n, _)| *n != rows) {
            let (first, _, first_at) = &columns[0].1;
            let message = format!(
                "factors in lockstep need as many levels each: `{}` has {rows}, `{}` has {other}",
                first.get_ref(),
                name.get_ref()
            );
            let problem = Problem::at(at.clone(), message, format!("{other} levels"));
            problems.push(problem.and(first_at.clone(), format!("{rows} levels")));
            continue;
        }
        groups.push(Group {
            columns: columns.into_iter().map(|(_, column)| column).collect(),
            rows,
            together: true,
        });
    }
    groups
}

/// Counted before any range is spelled out.
pub(super) fn too_many(groups: &[Group], at: Option<&Value>) -> Option<Problem> {
    let mut rows = groups.iter().map(|group| group.rows);
    let points = rows.try_fold(1_u64, u64::checked_mul);
    if points.is_some_and(|points| points <= MOST_POINTS) {
        return None;
    }
    let count = points.map_or("more than 10^19".to_owned(), |points| points.to_string());
    let message = format!("the design has {count} points");
    let problem = match at {
        Some(value) => Problem::at(value.span.clone(), message, "too many"),
        None => Problem::general(message),
    };
    Some(problem.help(format!("allowed: at most {MOST_POINTS}")))
}

fn combine(groups: Vec<Group>, problems: &mut Vec<Problem>) -> (Vec<Factor>, Vec<Dimension>) {
    let (mut factors, mut dimensions): (Vec<Factor>, _) = (Vec::new(), Vec::new());
    for group in groups {
        let first = factors.len();
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for (name, values, at) in group.columns {
            let values = values.spell_out(&at);
            let built = if group.together {
                factor::column(&name, values, &at)
            } else {
                factor::single(&name, values, &at)
                    .map(|factor| ((0..factor.levels.len()).collect(), factor))
                    .map(|(rows, factor)| (factor, rows))
            };
            match built {
                Ok((factor, levels)) => {
                    rows.resize(levels.len(), Vec::new());
                    for (row, level) in rows.iter_mut().zip(levels) {
                        row.push(level);
                    }
                    factors.push(factor);
                }
                Err(problem) => problems.push(problem),
            }
        }
        dimensions.push(Dimension {
            factors: (first..factors.len()).collect(),
            rows,
        });
    }
    (factors, dimensions)
}

fn refuse_contradictions(factors: &[Factor], problems: &mut Vec<Problem>) {
    for (i, factor) in factors.iter().enumerate() {
        let name = factor.name.get_ref();
        let twin = factors[..i].iter().find(|f| f.name.get_ref() == name);
        if let Some(twin) = twin {
            let message = format!("the factor `{name}` is given twice");
            let problem = Problem::at(factor.name.span(), message, "again");
            problems.push(problem.and(twin.name.span(), "first here"));
        }
    }
    let find = |kind| factors.iter().find(|f| f.kind == kind);
    let pair = (
        find(FactorKind::ChaosLevel),
        find(FactorKind::ChaosMultiplier),
    );
    if let (Some(_), Some(multiplier)) = pair {
        problems.push(Problem::at(
            multiplier.name.span(),
            "chaos_multiplier stands instead of chaos_level, not beside it",
            "one of the two",
        ));
    }
}
