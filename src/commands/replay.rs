//! `replay`: one replication of a finished sweep, told.

use anyhow::{Result, anyhow};
use sysworld::counts::PointCounts;
use sysworld::design::Design;
use sysworld::diagnostics::{Problem, Problems, Sources};
use sysworld::error::usage;
use sysworld::narrate::{Telling, narrate};
use sysworld::results::{Folder, Sweep};

use super::print;
use crate::cli::Replay;

/// `replay RESULTS`.
pub fn replay(args: &Replay) -> Result<()> {
    let design = Sweep::load(&args.results)?.design;
    let point = find_point(args, &design)?;
    let replication = find_replication(args, &design, point)?;
    let resolved = design
        .resolve(point)
        .map_err(|problems| Problems::new(&Sources::default(), problems))?;
    let telling = Telling {
        seed: design.experiment().seed,
        scope: design.scope(point),
        replication,
        quiet: args.quiet,
    };
    let (text, _) = narrate(&resolved, &telling);
    print(&text)
}

fn refuse(problem: Problem) -> anyhow::Error {
    Problems::new(&Sources::default(), vec![problem]).into()
}

fn find_point(args: &Replay, design: &Design) -> Result<usize> {
    let all = 0..design.len();
    if let Some(key) = &args.point {
        let mut points = all.clone();
        return points
            .find(|point| design.key(*point).to_string() == *key)
            .ok_or_else(|| {
                let keys: Vec<String> = all.map(|point| design.key(point).to_string()).collect();
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                refuse(Problem::general(format!("no design point `{key}`")).suggest(key, &keys))
            });
    }
    let mut wanted = Vec::new();
    for pair in args.at.iter().flat_map(|at| at.split(',')) {
        let (factor, level) = find_level(design, pair)?;
        if wanted.iter().any(|(other, _)| *other == factor) {
            let name = design.experiment().factors[factor].name.get_ref();
            return Err(usage(format!("--at gives the factor `{name}` twice")));
        }
        wanted.push((factor, level));
    }
    let fits = |point: &usize| {
        let levels = design.levels(*point);
        wanted
            .iter()
            .all(|(factor, level)| levels[*factor] == *level)
    };
    let found: Vec<usize> = all.filter(fits).take(2).collect();
    match found[..] {
        [point] => Ok(point),
        _ => Err(usage(format!(
            "which design point? Say its key with --point, or all its levels with --at {}",
            design.describe(0)
        ))),
    }
}

/// `factor=level` as indices.
fn find_level(design: &Design, pair: &str) -> Result<(usize, usize)> {
    let factors = &design.experiment().factors;
    let (name, level) = pair.split_once('=').ok_or_else(|| {
        usage(format!(
            "`{pair}` is not factor=level, as in --at {}",
            design.describe(0)
        ))
    })?;
    let (name, level) = (name.trim(), level.trim());
    let factor = factors.iter().position(|f| f.name.get_ref() == name);
    let factor = factor.ok_or_else(|| {
        let names: Vec<&str> = factors.iter().map(|f| f.name.get_ref().as_str()).collect();
        refuse(Problem::general(format!("no factor `{name}`")).suggest(name, &names))
    })?;
    let levels = &factors[factor].levels;
    let same = |known: &sysworld::experiment::Level| {
        known.to_string() == level || known.number().is_some_and(|n| Ok(n) == level.parse())
    };
    let at = levels.iter().position(same).ok_or_else(|| {
        let texts: Vec<String> = levels.iter().map(ToString::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        refuse(Problem::general(format!("`{name}` has no level `{level}`")).suggest(level, &texts))
    })?;
    Ok((factor, at))
}

fn find_replication(args: &Replay, design: &Design, point: usize) -> Result<u64> {
    if !args.worst && !args.best {
        let replications = design.experiment().replications;
        return match args.replication.unwrap_or(0) {
            n if n < replications => Ok(n),
            n => Err(usage(format!(
                "there is no replication {n}: the sweep has replications 0 to {}",
                replications - 1
            ))),
        };
    }
    let key = design.key(point).to_string();
    let mut counts = PointCounts::default();
    Folder::counts(&args.results, design, |of, row| {
        if of == key {
            counts.absorb(row);
        }
    })?;
    let extreme = if args.worst {
        counts.worst()
    } else {
        counts.best()
    };
    extreme.ok_or_else(|| anyhow!("no replication of this design point is finished yet"))
}
