//! The worlds of an experiment, and the values that are set in them: `world`, `[set]`, `--set`.

use std::path::Path;

use serde_spanned::Spanned;

use super::factor::{Factor, FactorKind, bare_path};
use crate::diagnostics::{MOST_SHOWN, Problem, Sources};
use crate::document::{self, Fields, Node, Result, Table, Value};
use crate::world::{BUILT_IN, WorldFile, WorldSource};

/// The worlds of the factor `world`, whose levels they give their names, else the one of the
/// experiment, else the default one; and what is wrong with them.
pub(super) fn load(
    world: Option<&Spanned<String>>,
    factors: &mut [Factor],
    folder: &Path,
    sources: &mut Sources,
) -> (Vec<WorldFile>, Vec<Problem>) {
    let factor = factors.iter_mut().find(|f| f.kind == FactorKind::World);
    let names: Vec<Value> = match (&factor, world) {
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
    let (mut worlds, mut problems) = (Vec::new(), Vec::new());
    for name in &names {
        let Node::String(text) = &name.node else {
            continue;
        };
        if problems.len() >= MOST_SHOWN {
            // Enough is wrong; whether this world is there would take a look at its folder.
            break;
        }
        let loaded = WorldSource::find(text, folder)
            .map_err(|problem| vec![problem.with_span(name.span.clone(), "no such world")])
            .and_then(|source| WorldFile::load(&source, sources));
        match loaded {
            Ok(world) => worlds.push(world),
            Err(found) => problems.extend(found),
        }
    }
    if let Some(factor) = factor {
        let names = worlds.iter().filter_map(WorldFile::name);
        let names: Vec<String> = names.map(str::to_owned).collect();
        factor.name_worlds(&names);
    }
    (worlds, problems)
}

/// The worlds that an experiment file names, however wrong the rest of it is.
pub(super) fn named(experiment: &Table) -> Vec<String> {
    fn texts(value: &Value, into: &mut Vec<String>) {
        match &value.node {
            Node::String(text) if !into.contains(text) => into.push(text.clone()),
            Node::Array(values) => values.iter().for_each(|value| texts(value, into)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    let mut tables = vec![experiment];
    for key in ["factors", "zip"] {
        match experiment.get(key).map(|value| &value.node) {
            Some(Node::Table(table)) => tables.push(table),
            Some(Node::Array(entries)) => {
                tables.extend(entries.iter().filter_map(|entry| match &entry.node {
                    Node::Table(table) => Some(table),
                    _ => None,
                }))
            }
            _ => {}
        }
    }
    for world in tables.into_iter().filter_map(|table| table.get("world")) {
        texts(world, &mut found);
    }
    found
}

/// Reads `[set]`: values of the worlds by their paths.
pub(super) fn read_set(fields: &mut Fields) -> Vec<(Spanned<String>, Value)> {
    let Some(value) = fields.raw("set") else {
        return Vec::new();
    };
    let problems = &mut fields.problems;
    let Some(table) = value.table("set", problems) else {
        return Vec::new();
    };
    let mut set = Vec::new();
    for (path, value) in &table.entries {
        match &value.node {
            Node::Table(table) => {
                problems.push(bare_path(path, table).unwrap_or_else(|| {
                    let message = format!("`{}` is set to a table", path.get_ref());
                    Problem::at(value.span.clone(), message, "not one value")
                        .help("allowed: one value; what is varied stands in [factors]")
                }));
            }
            Node::Array(_) => {
                let message = format!("`{}` is set to several values", path.get_ref());
                let problem = Problem::at(value.span.clone(), message, "not one value");
                problems.push(problem.help("what is varied stands in [factors]"));
            }
            _ => set.push((path.clone(), value.clone())),
        }
    }
    set
}

/// Sets the values of `[set]`, then those of the command line, in all worlds.
pub(super) fn set_all(
    set: &[(Spanned<String>, Value)],
    arguments: &[String],
    factors: &[Factor],
    worlds: &mut [WorldFile],
    sources: &mut Sources,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, value) in set {
        problems.extend(self::set(path, value, factors, worlds));
    }
    for text in arguments {
        problems.extend(set_argument(text, factors, worlds, sources));
    }
    problems
}

/// Sets a value in all worlds.
fn set(
    path: &Spanned<String>,
    value: &Value,
    factors: &[Factor],
    worlds: &mut [WorldFile],
) -> Vec<Problem> {
    let name = path.get_ref();
    if let Some(factor) = factors.iter().find(|factor| factor.name.get_ref() == name) {
        let message = format!("`{name}` is a factor of the experiment, so it can't be set");
        let problem = Problem::at(path.span(), message, "set here");
        return vec![problem.and(factor.name.span(), "varied here")];
    }
    if FactorKind::of(name) != FactorKind::Path {
        let message = format!("`{name}` is no value of a world");
        let help = format!("a factor may have one level: [factors], {name} = …");
        return vec![Problem::at(path.span(), message, "not a path").help(help)];
    }
    let set = worlds.iter_mut().map(|world| world.set(path, value));
    set.filter_map(std::result::Result::err).flatten().collect()
}

/// Sets `path=value` in all worlds; the value is TOML, or else a text.
fn set_argument(
    text: &str,
    factors: &[Factor],
    worlds: &mut [WorldFile],
    sources: &mut Sources,
) -> Vec<Problem> {
    let wrong = |message: String| {
        vec![Problem::general(message).help("as in --set chaos.cpu_spike.probability=0.3")]
    };
    let Some((path, value)) = text.split_once('=') else {
        return wrong(format!("`--set {text}` is not path=value"));
    };
    let (path, value) = (path.trim(), value.trim());
    if factors.iter().any(|factor| factor.name.get_ref() == path) {
        return wrong(format!(
            "`{path}` is a factor of the experiment, so it can't be set"
        ));
    }
    let label = "--set";
    let table = document::parse(label, format!("\"{path}\" = {value}"), sources)
        .or_else(|_| document::parse(label, format!("\"{path}\" = {value:?}"), sources));
    match table {
        Err(found) => found,
        Ok(table) => match table.entries.first() {
            None => wrong(format!("`--set {text}` sets nothing")),
            Some((path, value)) => set(path, value, factors, worlds),
        },
    }
}

/// Sets the value of a factor in a world.
pub(crate) fn set_path(
    file: &mut WorldFile,
    factor: &Spanned<String>,
    value: &Value,
) -> Result<()> {
    let name = factor.get_ref();
    let top_level = file.top_level();
    if !name.contains('.') && !top_level.contains(&name.as_str()) {
        let known = FactorKind::NAMES.into_iter().chain(top_level);
        let problem = Problem::unknown("factor", name, factor.span(), known);
        return Err(vec![problem.help(
            "or the path of a value of the world, as \"chaos.cpu_spike.probability\"",
        )]);
    }
    file.set(factor, value)
}

/// What to do about an unknown key of an experiment that is a value of its worlds.
pub(super) fn misplaced(key: &str, value: &Value, worlds: &[WorldFile]) -> Option<String> {
    let first = key.split('.').next().unwrap_or(key);
    if !worlds.iter().any(|world| world.has(first)) {
        return None;
    }
    let path = match (&value.node, key.contains('.')) {
        (Node::Table(table), false) => {
            let inner = table.keys().next().unwrap_or("…");
            format!("{key}.{inner}")
        }
        _ => key.to_owned(),
    };
    Some(format!(
        "a value of the worlds is set in [set], as \"{path}\" = …, or varied in [factors]"
    ))
}
