//! Design points by their levels, as the command line names them.

use anyhow::Result;
use sysworld::design::Design;
use sysworld::diagnostics::{Problem, Problems, Sources};
use sysworld::error::usage;
use sysworld::experiment::Level;

/// An error about something that stands on the command line.
pub fn refuse(problem: Problem) -> anyhow::Error {
    Problems::new(&Sources::default(), vec![problem]).into()
}

/// The points with all of some levels, as `chaos_level=high,skill=mid`, in design order; `option`
/// is what they were given to.
pub fn points_at(design: &Design, option: &str, at: &str) -> Result<Vec<usize>> {
    let mut wanted = Vec::new();
    for pair in at.split(',').filter(|pair| !pair.is_empty()) {
        let (factor, level) = find_level(design, option, pair)?;
        if wanted.iter().any(|(other, _)| *other == factor) {
            let name = design.experiment().factors[factor].name.get_ref();
            return Err(usage(format!("{option} gives the factor `{name}` twice")));
        }
        wanted.push((factor, level));
    }
    let fits = |point: &usize| {
        let levels = design.levels(*point);
        let mut wishes = wanted.iter();
        wishes.all(|(factor, level)| levels[*factor] == *level)
    };
    Ok((0..design.len()).filter(fits).collect())
}

/// `factor=level` as indices.
fn find_level(design: &Design, option: &str, pair: &str) -> Result<(usize, usize)> {
    let factors = &design.experiment().factors;
    let (name, level) = pair.split_once('=').ok_or_else(|| {
        usage(format!(
            "`{pair}` is not factor=level, as in {option} {}",
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
    let same = |known: &Level| {
        known.to_string() == level || known.number().is_some_and(|n| Ok(n) == level.parse())
    };
    let at = levels.iter().position(same).ok_or_else(|| {
        let texts: Vec<String> = levels.iter().map(ToString::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        refuse(Problem::general(format!("`{name}` has no level `{level}`")).suggest(level, &texts))
    })?;
    Ok((factor, at))
}
