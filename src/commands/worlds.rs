//! `worlds`: a list of the built-in worlds, or one world file with the durations that it draws.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sysworld::diagnostics::{Problem, Problems, Sources};
use sysworld::simulation::DurationFacts;
use sysworld::world::{BUILT_IN, World, WorldFile, WorldSource};

use super::print;
use crate::cli::Worlds;

/// A list, or a world file; below it, as a comment, what it draws durations from.
pub fn worlds(args: &Worlds) -> Result<()> {
    let Some(name) = &args.name else {
        return list();
    };
    let path = Path::new(name);
    let (source, text) = match BUILT_IN.iter().find(|world| world.name == name) {
        Some(world) => (WorldSource::BuiltIn(world.name), world.text.to_owned()),
        None if path.is_file() => {
            let source = WorldSource::File(path.to_owned());
            load(&source)?;
            let text = fs::read_to_string(path).with_context(|| format!("can't read {name}"))?;
            (source, text)
        }
        None => {
            let names = BUILT_IN.map(|world| world.name);
            let problem = Problem::general(format!("unknown world `{name}`"));
            let problem = problem.suggest(name, &names);
            return Err(Problems::new(&Sources::default(), vec![problem]).into());
        }
    };
    let drawn = drawn_durations(&load(&source)?);
    let gap = match (drawn.is_empty(), text.ends_with('\n')) {
        (true, _) => "",
        (false, true) => "\n",
        (false, false) => "\n\n",
    };
    print(&format!("{text}{gap}{drawn}"))
}

fn list() -> Result<()> {
    let mut text = String::new();
    for built_in in BUILT_IN {
        let world = load(&WorldSource::BuiltIn(built_in.name))?;
        text.push_str(&format!("{:<17} {}\n", built_in.name, world.description));
    }
    text.push_str(
        "\nPrint one as a file to start from: sysworld worlds cloudinfra > my-world.toml\n",
    );
    print(&text)
}

fn load(source: &WorldSource) -> Result<World> {
    let mut sources = Sources::default();
    let world = WorldFile::load(source, &mut sources).and_then(|file| file.world());
    Ok(world.map_err(|problems| Problems::new(&sources, problems))?)
}

/// A table of the durations that are drawn; empty if none is. Its lines are comments, so that what is
/// printed stays a world file.
fn drawn_durations(world: &World) -> String {
    let drawn: Vec<(String, DurationFacts)> = world
        .durations()
        .into_iter()
        .filter(|(_, duration, _)| duration.fixed().is_none())
        .map(|(path, duration, scale)| (path, DurationFacts::of(duration, scale)))
        .collect();
    let Some(widest) = drawn.iter().map(|(path, _)| path.len()).max() else {
        return String::new();
    };
    let mut text = format!(
        "# Durations as they are drawn, in rounds (0: until it is ended). None is longer than `longest`.\n#\n\
         # {:<widest$}  {:>10}  {:>10}  {:>10}  {:>13}\n",
        "", "mean", "median", "99 %", "longest"
    );
    for (path, facts) in drawn {
        text.push_str(&format!(
            "# {path:<widest$}  {:>10.1}  {:>10}  {:>10}  {:>13}\n",
            facts.mean, facts.median, facts.p99, facts.longest
        ));
    }
    text
}
