//! Design points by their levels: those that are left out, and the base of one at a time.

use std::collections::BTreeMap;

use serde_spanned::Spanned;

use super::MOST_EXCLUSIONS;
use super::factor::{Factor, Level, bare_path};
use super::grid::{Exclusion, Filter, Grid};
use crate::diagnostics::Problem;
use crate::document::{Node, Result, Table, Value};

/// Reads `[[exclude]]`. A rule that leaves out nothing, or rules that leave nothing, are refused.
pub(super) fn read(value: &Value, factors: &[Factor], grid: &Grid) -> Result<Vec<Exclusion>> {
    let Node::Array(entries) = &value.node else {
        let kind = value.node.kind();
        let message = format!("`exclude` must be an array of tables, not {kind}");
        return Err(vec![
            Problem::at(value.span.clone(), message, "wrong type")
                .help("as in exclude = [{ chaos_level = \"low\", skill = [\"junior\", \"mid\"] }]"),
        ]);
    };
    if entries.len() > MOST_EXCLUSIONS {
        let message = format!("{} entries of `exclude`", entries.len());
        let problem = Problem::at(value.span.clone(), message, "too many");
        return Err(vec![problem.help(format!(
            "allowed: at most {MOST_EXCLUSIONS}, each with any number of levels"
        ))]);
    }
    let mut problems = Vec::new();
    let mut rules = Vec::new();
    let index = Index::new(factors);
    for entry in entries {
        if let Some(table) = entry.table("exclude", &mut problems) {
            rules.push((conditions(table, &index, &mut problems), entry));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let (rules, entries): (Vec<Exclusion>, Vec<&Value>) = rules.into_iter().unzip();
    let filter = Filter::new(&rules, factors.len());
    let mut left = 0_usize;
    let mut hit = filter.none();
    for cell in grid.cells() {
        left += usize::from(!filter.excludes(&grid.levels(cell), &mut hit));
    }
    for (rule, entry) in entries.iter().enumerate() {
        if !filter.is_in(rule, &hit) {
            let message = "no design point has these levels";
            problems.push(Problem::at(
                entry.span.clone(),
                message,
                "leaves out nothing",
            ));
        }
    }
    if left == 0 {
        let message = "every design point is left out";
        problems.push(Problem::at(value.span.clone(), message, "leaves nothing"));
    }
    if problems.is_empty() {
        Ok(rules)
    } else {
        Err(problems)
    }
}

fn conditions(table: &Table, index: &Index, problems: &mut Vec<Problem>) -> Exclusion {
    let mut conditions = Vec::new();
    if table.entries.is_empty() {
        let message = "a rule without a condition would leave out everything";
        problems.push(Problem::at(table.span.clone(), message, "empty"));
    }
    for (name, value) in &table.entries {
        let found = find_factor(name, value, index.factors).and_then(|factor| {
            let levels = match &value.node {
                Node::Array(values) => values.iter(),
                _ => std::slice::from_ref(value).iter(),
            };
            let levels = levels.map(|level| index.find(level, factor));
            Ok((factor, levels.collect::<std::result::Result<_, _>>()?))
        });
        match found {
            Ok(condition) => conditions.push(condition),
            Err(problem) => problems.push(problem),
        }
    }
    Exclusion(conditions)
}

/// The levels of the factors by what makes them the same.
struct Index<'a> {
    factors: &'a [Factor],
    levels: Vec<BTreeMap<(u64, &'a str), usize>>,
}

impl<'a> Index<'a> {
    fn new(factors: &'a [Factor]) -> Self {
        let levels = factors.iter().map(|factor| {
            let levels = factor.levels.iter().enumerate();
            levels.map(|(at, level)| (level.identity(), at)).collect()
        });
        Self {
            factors,
            levels: levels.collect(),
        }
    }

    fn find(&self, value: &Value, factor: usize) -> std::result::Result<usize, Problem> {
        let known = Level::of(&value.node);
        let known = known.and_then(|level| self.levels[factor].get(&level.identity()).copied());
        known.map_or_else(|| find_level(value, &self.factors[factor]), Ok)
    }
}

/// The row of each dimension at a base point; where it says nothing of a dimension, its first.
pub(super) fn base(base: &Table, factors: &[Factor], grid: &Grid) -> Result<Vec<usize>> {
    let mut wanted = Vec::new();
    let mut problems = Vec::new();
    for (name, value) in &base.entries {
        let found = find_factor(name, value, factors)
            .and_then(|index| Ok((index, find_level(value, &factors[index])?)));
        match found {
            Ok(level) => wanted.push(level),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let row_of = |dimension: &super::grid::Dimension| {
        let fits = |row: &&Vec<usize>| {
            let mut levels = dimension.factors.iter().zip(row.iter());
            levels.all(|(factor, level)| {
                let mut wishes = wanted.iter().filter(|(wanted, _)| wanted == factor);
                wishes.all(|(_, wish)| wish == level)
            })
        };
        dimension.rows.iter().position(|row| fits(&row))
    };
    let rows: Option<Vec<usize>> = grid.dimensions.iter().map(row_of).collect();
    rows.ok_or_else(|| {
        let message = "no row of the factors in lockstep has these levels";
        vec![Problem::at(
            base.span.clone(),
            message,
            "not a design point",
        )]
    })
}

fn find_factor(
    name: &Spanned<String>,
    value: &Value,
    factors: &[Factor],
) -> std::result::Result<usize, Problem> {
    if let Node::Table(table) = &value.node
        && let Some(problem) = bare_path(name, table)
    {
        return Err(problem);
    }
    let found = factors
        .iter()
        .position(|f| f.name.get_ref() == name.get_ref());
    found.ok_or_else(|| {
        let known = factors.iter().map(|f| f.name.get_ref().as_str());
        Problem::unknown("factor", name.get_ref(), name.span(), known)
    })
}

/// The index of a level of a factor that stands somewhere else in the file.
pub(super) fn find_level(value: &Value, factor: &Factor) -> std::result::Result<usize, Problem> {
    let name = factor.name.get_ref();
    let Some(level) = Level::of(&value.node) else {
        let message = format!("expected a level of `{name}`, found {}", value.node.kind());
        return Err(Problem::at(value.span.clone(), message, "wrong type"));
    };
    let same = |known: &Level| known.identity() == level.identity();
    let as_text = || match &level {
        Level::Text(text) => factor.find(text),
        Level::Flag(_) | Level::Number(_) => None,
    };
    factor
        .levels
        .iter()
        .position(same)
        .or_else(as_text)
        .ok_or_else(|| {
            // Enough to find the nearest among, and to list.
            const MOST: usize = 1_000;
            let known = factor.levels.iter().take(MOST);
            let known: Vec<String> = known.map(ToString::to_string).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let message = format!("`{name}` has no level `{level}`");
            Problem::at(value.span.clone(), message, "not a level of it")
                .suggest(&level.to_string(), &known)
        })
}
