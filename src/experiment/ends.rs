//! A long range that has levels which can't be is refused by those at its ends, before a million of them
//! take time and memory.

use std::path::Path;

use serde_spanned::Spanned;

use super::Overrides;
use super::arrange::{groups_of_factors, groups_of_zip, too_many};
use super::factor::{FactorKind, checked_level};
use super::group::Group;
use super::method::Method;
use super::worlds::{self, set_path};
use crate::diagnostics::{MOST_SHOWN, Problem, Sources};
use crate::document::{Fields, Result, Table};
use crate::world::WorldFile;

/// Rows from which on a dimension is long.
const LONG: u64 = 10_000;

/// Refuses an experiment for the design points at the ends of its long dimensions. Where the design is no
/// full factorial of one world, or something else is wrong, nothing is decided here.
pub(super) fn refuse(
    experiment: &Table,
    world: Option<&Spanned<String>>,
    overrides: &Overrides,
    folder: &Path,
    sources: &mut Sources,
) -> Result<()> {
    let mut groups = Vec::new();
    let mut others = Vec::new();
    if ["design", "exclude"]
        .iter()
        .any(|key| experiment.get(key).is_some())
    {
        return Ok(());
    }
    if let Some(value) = experiment.get("factors") {
        groups.extend(groups_of_factors(
            value,
            &Method::FullFactorial,
            &mut others,
        ));
    }
    if let Some(value) = experiment.get("zip") {
        groups.extend(groups_of_zip(value, &mut others));
    }
    let mut columns = groups.iter().flat_map(|group| &group.columns);
    let one_world = columns.all(|(name, ..)| FactorKind::of(name.get_ref()) != FactorKind::World);
    let is_long = |group: &Group| group.rows > LONG;
    if !one_world || !groups.iter().any(is_long) || too_many(&groups, None).is_some() {
        return Ok(());
    }
    let mut seen = sources.clone();
    let (mut files, of_worlds) = worlds::load(world, &mut [], folder, &mut seen);
    others.extend(of_worlds);
    let mut fields = Fields::new(experiment);
    let set = worlds::read_set(&mut fields);
    others.extend(worlds::set_all(
        &set,
        &overrides.set,
        &[],
        &mut files,
        &mut seen,
    ));
    let ([file], true, true) = (&files[..], others.is_empty(), fields.problems.is_empty()) else {
        return Ok(());
    };
    let mut problems = Vec::new();
    for long in groups.iter().filter(|group| is_long(group)) {
        let shown = MOST_SHOWN as u64;
        for row in (0..shown).chain(long.rows - shown..long.rows) {
            // More would not be shown.
            if problems.len() < MOST_SHOWN {
                let found = check(file.clone(), &groups, long, row);
                problems.extend(found.err().unwrap_or_default());
            }
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    *sources = seen;
    Err(problems)
}

/// Whether the world of a design point is one: that at a row of one dimension, and the first of the
/// others.
fn check(mut file: WorldFile, groups: &[Group], long: &Group, row: u64) -> Result<()> {
    let one = |problem: Problem| vec![problem];
    for group in groups {
        let row = if std::ptr::eq(group, long) { row } else { 0 };
        for (name, values, at) in &group.columns {
            let Some(value) = values.get(row, at) else {
                continue;
            };
            let kind = FactorKind::of(name.get_ref());
            checked_level(&kind, &value).map_err(one)?;
            if kind == FactorKind::Path {
                set_path(&mut file, name, &value)?;
            }
        }
    }
    file.world().map(|_| ())
}
