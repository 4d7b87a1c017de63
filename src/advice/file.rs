//! A file of either kind: all that is wrong with it and with what it refers to, or else advice.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Advice, of_design, of_parts, of_world};
use crate::design::Design;
use crate::diagnostics::{Problem, Sources};
use crate::document::{self, FileKind, Result};
use crate::experiment::{Experiment, Overrides};
use crate::world::{WorldFile, WorldSource};

/// Advice on a world or an experiment, which is told from its keys, or on a built-in world by its
/// name.
///
/// What is true of a built-in world as it comes is only counted where a file extends or simulates
/// it: its reader can't mend it.
///
/// # Errors
///
/// All that is wrong in the file.
pub fn of_file(path: &Path, sources: &mut Sources) -> Result<Found> {
    let asked = path.to_str().filter(|_| !path.is_file());
    let mut found = Found::default();
    for advice in all_of_file(path, sources)? {
        let place = advice.place(sources);
        let built_in = place.and_then(|place| WorldSource::labelled(&place.file));
        match built_in.filter(|name| asked != Some(*name)) {
            Some(name) if as_it_comes(name).contains(&advice.text()) => {
                *found.built_in.entry(name).or_default() += 1;
            }
            _ => found.advice.push(advice),
        }
    }
    Ok(found)
}

/// Advice on a file.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of its kinds.
    pub advice: Vec<Advice>,
    /// How much more there is on built-in worlds as they come, by their names.
    pub built_in: BTreeMap<&'static str, usize>,
}

/// What there is to say of a built-in world by itself.
fn as_it_comes(name: &'static str) -> Vec<String> {
    let file = WorldFile::load(&WorldSource::BuiltIn(name), &mut Sources::default());
    let world = file.and_then(|file| file.world());
    let advice = world.iter().flat_map(of_parts);
    advice.map(|advice| advice.text()).collect()
}

fn all_of_file(path: &Path, sources: &mut Sources) -> Result<Vec<Advice>> {
    let nowhere = Path::new("");
    let built_in = path.to_str().and_then(WorldSource::built_in);
    let source = match built_in {
        Some(source) if !path.is_file() => source,
        _ => {
            let table = document::read(path, sources)?;
            match FileKind::of(&table) {
                FileKind::World => WorldSource::File(path.to_owned()),
                FileKind::Experiment => {
                    let folder = path.parent().unwrap_or(nowhere);
                    return of_experiment(path, &Experiment::worlds_named(&table), folder, sources);
                }
            }
        }
    };
    let world = WorldFile::load(&source, sources)?.world()?;
    Ok(of_world(&world))
}

fn of_experiment(
    path: &Path,
    worlds: &[String],
    folder: &Path,
    sources: &mut Sources,
) -> Result<Vec<Advice>> {
    let design = match Design::load(path, &Overrides::default(), sources) {
        Ok(design) => design,
        Err(mut problems) => {
            problems.extend(problems_of(worlds, folder, sources));
            return Err(problems);
        }
    };
    // A world that is whole only with the levels of a factor is none by itself.
    let whole = design
        .experiment()
        .worlds
        .iter()
        .filter_map(|file| file.world().ok());
    let of_worlds: Vec<Advice> = whole.flat_map(|world| of_parts(&world)).collect();
    let mut advice = of_design(&design);
    for found in of_worlds {
        // Worlds that extend one another share most of it.
        if !advice
            .iter()
            .any(|known: &Advice| known.text() == found.text())
        {
            advice.push(found);
        }
    }
    Ok(advice)
}

/// What is wrong with worlds by themselves, as far as they can be read.
fn problems_of(worlds: &[String], folder: &Path, sources: &mut Sources) -> Vec<Problem> {
    let mut problems = Vec::new();
    for name in worlds {
        // One that is not there, or no TOML, is said of the experiment.
        let source = WorldSource::find(name, folder).ok();
        let file = source.and_then(|source| WorldFile::load(&source, sources).ok());
        problems.extend(file.and_then(|file| file.world().err()).unwrap_or_default());
    }
    problems
}
