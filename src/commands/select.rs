//! Design points by their levels, as the command line names them.

use anyhow::Result;
use sysworld::design::Design;
use sysworld::diagnostics::{Problem, Problems, Sources};
use sysworld::error::usage;

/// An error about something that stands on the command line.
pub fn refuse(problem: Problem) -> anyhow::Error {
    Problems::new(&Sources::default(), vec![problem]).into()
}

/// The points with all of some levels, as `chaos_level=high,skill=mid`, in design order; `option`
/// is what they were given to. A level with a comma stands in double quotes, and so may any other.
pub fn points_at(design: &Design, option: &str, at: &str) -> Result<Vec<usize>> {
    let mut wanted = Vec::new();
    for pair in pairs(at) {
        let (factor, level) = find_level(design, option, &pair)?;
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

/// A factor and its level, as given.
struct Pair {
    text: String,
    /// Where the level begins; `None` without `=`.
    level: Option<usize>,
}

/// Splits at commas outside of double quotes, which are taken off; two in a row are one.
fn pairs(at: &str) -> Vec<Pair> {
    let mut found = Vec::new();
    let (mut text, mut level, mut quoted) = (String::new(), None, false);
    let mut rest = at.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                text.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => found.push(Pair {
                text: std::mem::take(&mut text),
                level: level.take(),
            }),
            '=' if !quoted && level.is_none() => {
                text.push('=');
                level = Some(text.len());
            }
            c => text.push(c),
        }
    }
    found.push(Pair { text, level });
    found.retain(|pair| !pair.text.trim().is_empty());
    found
}

/// `factor=level` as indices.
fn find_level(design: &Design, option: &str, pair: &Pair) -> Result<(usize, usize)> {
    let factors = &design.experiment().factors;
    let names: Vec<&str> = factors.iter().map(|f| f.name.get_ref().as_str()).collect();
    let Some(at) = pair.level else {
        let problem = Problem::general(format!(
            "`{}` is not factor=level, as in {option} {}",
            pair.text,
            design.describe(0)
        ));
        let help = "a level with a comma stands in double quotes, as 'world=\"a,b.toml\"'";
        return Err(refuse(problem.suggest(&pair.text, &names).help(help)));
    };
    let (name, level) = (pair.text[..at - 1].trim(), pair.text[at..].trim());
    let factor = factors.iter().position(|f| f.name.get_ref() == name);
    let factor = factor.ok_or_else(|| {
        refuse(Problem::general(format!("no factor `{name}`")).suggest(name, &names))
    })?;
    let levels = &factors[factor].levels;
    let at = factors[factor].find(level).ok_or_else(|| {
        let texts: Vec<String> = levels.iter().map(ToString::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        refuse(Problem::general(format!("`{name}` has no level `{level}`")).suggest(level, &texts))
    })?;
    Ok((factor, at))
}
