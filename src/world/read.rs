//! World files: finding them, extending them, decoding the result.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::remainder::Remainder;
use super::servers::{self, Entry};
use super::{Metrics, NameAt, NonNegative, Rounds, World, check};
use crate::diagnostics::{Problem, Sources, nearest};
use crate::document::{self, Fields, FileKind, Node, Result, Table, Value};

/// A world that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// Its world file.
    pub text: &'static str,
}

/// The worlds that come with the program, the default one first.
pub const BUILT_IN: [BuiltIn; 3] = [
    BuiltIn {
        name: "cloudinfra",
        text: include_str!("cloudinfra.toml"),
    },
    BuiltIn {
        name: "agentos-classic",
        text: include_str!("agentos-classic.toml"),
    },
    BuiltIn {
        name: "shop",
        text: include_str!("shop.toml"),
    },
];

/// The most files of which one extends the next.
const MOST_EXTENDS: usize = 16;
/// The most entries of `remove`.
const MOST_REMOVALS: usize = 1_000;

/// Ends the name of what stands beside a duration, and is 1 where it does not.
const SCALE: &str = "_scale";

const DEFAULTS: &str = include_str!("defaults.toml");

/// Where a world comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldSource {
    /// One that comes with the program.
    BuiltIn(&'static str),
    /// A file.
    File(PathBuf),
}

impl WorldSource {
    /// The built-in world of a name.
    pub fn built_in(name: &str) -> Option<Self> {
        let world = BUILT_IN.iter().find(|world| world.name == name)?;
        Some(Self::BuiltIn(world.name))
    }

    /// The built-in world whose text messages call so.
    pub fn labelled(label: &str) -> Option<&'static str> {
        let mut names = BUILT_IN.iter().map(|world| world.name);
        names.find(|name| built_in_label(name) == label)
    }

    /// What a user means by `text`: a built-in world, or a file relative to `folder`.
    ///
    /// # Errors
    ///
    /// No built-in world has this name, and no file this path.
    pub fn find(text: &str, folder: &Path) -> std::result::Result<Self, Problem> {
        if let Some(built_in) = Self::built_in(text) {
            return Ok(built_in);
        }
        let path = folder.join(text);
        if path.is_file() {
            return Ok(Self::File(path));
        }
        let names = BUILT_IN.map(|world| world.name);
        let message = if path.is_dir() && !text.is_empty() {
            format!("`{text}` is a folder, not a world")
        } else if path.exists() && !text.is_empty() {
            format!("`{text}` is a pipe, a socket or a device, not a world")
        } else {
            let path = path.display();
            format!("unknown world `{text}`: neither built in nor a file ({path})")
        };
        let mut problem = Problem::general(message);
        let files = files_beside(text, folder);
        let known: Vec<&str> = files.iter().map(String::as_str).chain(names).collect();
        if let Some(near) = nearest(text, &known) {
            problem = problem.help(format!("did you mean `{near}`?"));
        }
        Err(problem.help(format!(
            "allowed: {}, or the path of a world file",
            names.join(", ")
        )))
    }

    /// One source, one value: for files, whatever way their path goes.
    fn canonical(&self) -> Self {
        match self {
            Self::BuiltIn(name) => Self::BuiltIn(name),
            Self::File(path) => Self::File(path.canonicalize().unwrap_or_else(|_| path.clone())),
        }
    }
}

/// What messages call the text of a built-in world.
fn built_in_label(name: &str) -> String {
    format!("{name} (built in)")
}

/// The TOML files where `text` points at, each as it would be written instead.
fn files_beside(text: &str, folder: &Path) -> Vec<String> {
    let within = Path::new(text).parent().unwrap_or(Path::new(""));
    let folder = folder.join(within);
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &folder
    };
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let paths = entries.map(|entry| within.join(entry.file_name()));
    let toml = paths.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
    toml.filter_map(|path| path.to_str().map(str::to_owned))
        .collect()
}

impl PartialEq for WorldFile {
    // Two worlds are the same where they say the same, wherever it was written.
    fn eq(&self, other: &Self) -> bool {
        let text = |tree: &Table| serde_json::to_string(tree).ok();
        text(&self.tree) == text(&other.tree)
    }
}

/// A world file with all it extends, as a tree, ready to be changed by path and decoded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorldFile {
    tree: Table,
}

impl WorldFile {
    /// Reads a world and what it extends, laid on the defaults.
    ///
    /// # Errors
    ///
    /// A file can't be read or is not TOML, or the worlds extend each other in a circle.
    pub fn load(source: &WorldSource, sources: &mut Sources) -> Result<Self> {
        let mut tree = document::parse("the defaults", DEFAULTS.to_owned(), sources)?;
        document::merge(&mut tree, load_chain(source, sources, &mut Vec::new())?);
        Ok(Self { tree })
    }

    /// The name of the world.
    pub fn name(&self) -> Option<&str> {
        match &self.tree.get("name")?.node {
            Node::String(name) => Some(name),
            _ => None,
        }
    }

    /// Whether the world has a key at its top.
    pub fn has(&self, key: &str) -> bool {
        self.tree.get(key).is_some()
    }

    /// Replaces the value at a dotted path.
    ///
    /// # Errors
    ///
    /// Nothing stands at the path, or something of another kind.
    pub fn set(&mut self, path: &Spanned<String>, value: &Value) -> Result<()> {
        self.write_scale(path);
        document::set(&mut self.tree, path, value).map_err(|problem| vec![problem])
    }

    /// Writes the scale that a path names and the file leaves out, beside its duration or those of
    /// the response.
    fn write_scale(&mut self, path: &Spanned<String>) {
        let Some((parent, scale)) = path.get_ref().rsplit_once('.') else {
            return;
        };
        if let Some(scaled) = scale.strip_suffix(SCALE)
            && let Some(Node::Table(table)) =
                document::get_mut(&mut self.tree, parent).map(|value| &mut value.node)
            && (table.get(scaled).is_some() || parent == "response" && scaled == "duration")
            && table.get(scale).is_none()
        {
            let key = Spanned::new(path.span(), scale.to_owned());
            let node = Node::Float(1.0, "1.0".to_owned());
            let span = path.span();
            table.entries.push((key, Value { span, node }));
        }
    }

    /// The keys at the top of the file that hold one value: what a factor can name without a dot.
    pub fn top_level(&self) -> Vec<&str> {
        let scalar = |value: &Value| !matches!(value.node, Node::Array(_) | Node::Table(_));
        let entries = self.tree.entries.iter();
        entries
            .filter(|(_, value)| scalar(value))
            .map(|(key, _)| key.get_ref().as_str())
            .collect()
    }

    /// Decodes and checks; reports everything that is wrong.
    ///
    /// # Errors
    ///
    /// All that is wrong in the world.
    pub fn world(&self) -> Result<World> {
        let problems = match decode(&self.tree) {
            Ok(world) => {
                let problems = check::check(&world);
                if problems.is_empty() {
                    return Ok(world);
                }
                problems
            }
            Err(problems) => self.also_between_values(problems),
        };
        // Problems without a span are attached to the world's name.
        let place = self.tree.get("name").map_or(0..0, |name| name.span.clone());
        let placed = |problem: Problem| problem.with_span(place.clone(), "in this world");
        Err(problems.into_iter().map(placed).collect())
    }
}

impl WorldFile {
    /// What is wrong with values, and then between those that are not.
    fn also_between_values(&self, mut problems: Vec<Problem>) -> Vec<Problem> {
        let defaults =
            document::parse("the defaults", DEFAULTS.to_owned(), &mut Sources::default());
        let remainder = Remainder::new(&self.tree, &defaults.unwrap_or_default(), &problems);
        if let Ok(world) = decode(&remainder.tree) {
            let between = check::check(&world).into_iter();
            problems.extend(between.filter(|problem| !remainder.explains(problem)));
        }
        problems
    }
}

/// The tree of a world file laid on the trees that it extends.
fn load_chain(
    source: &WorldSource,
    sources: &mut Sources,
    chain: &mut Vec<WorldSource>,
) -> Result<Table> {
    let (mut tree, folder) = match source {
        WorldSource::BuiltIn(name) => {
            let text = BUILT_IN
                .iter()
                .find(|world| world.name == *name)
                .map_or("", |world| world.text);
            let label = built_in_label(name);
            let tree = document::parse(&label, text.to_owned(), sources)?;
            (tree, PathBuf::new())
        }
        WorldSource::File(path) => {
            let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
            let tree = document::read(path, sources)?;
            if let Some(key) = FileKind::World.foreign_key(&tree) {
                let message = "this is an experiment file, not a world";
                let problem = Problem::at(key, message, "a key of experiments");
                return Err(vec![
                    problem.help("`run`, `plan` and `check` take experiments"),
                ]);
            }
            (tree, folder)
        }
    };
    chain.push(source.canonical());
    let removals = tree.take("remove").map(|(_, value)| value);
    let Some((_, base)) = tree.take("extends") else {
        return match removals {
            None => Ok(tree),
            Some(value) => Err(vec![
                Problem::at(value.span, "`remove` needs `extends`", "removes from what?")
                    .help("allowed only in a world that extends another"),
            ]),
        };
    };
    let name: String = document::decode(&base).map_err(|problem| vec![problem])?;
    let base_source = WorldSource::find(&name, &folder)
        .map_err(|problem| vec![problem.with_span(base.span.clone(), "no such world")])?;
    if chain.len() == MOST_EXTENDS {
        let message = format!("worlds extend each other more than {MOST_EXTENDS} deep");
        return Err(vec![Problem::at(base.span, message, "too deep").help(
            format!("allowed: {MOST_EXTENDS} files, one extending the next"),
        )]);
    }
    if chain.contains(&base_source.canonical()) {
        let message = format!("the world `{name}` extends itself, directly or through others");
        return Err(vec![Problem::at(base.span, message, "a circle")]);
    }
    let mut merged = load_chain(&base_source, sources, chain)?;
    remove_all(&mut merged, removals)?;
    // The base's line about itself does not describe what extends it.
    merged.take("description");
    document::merge(&mut merged, tree);
    Ok(merged)
}

fn remove_all(tree: &mut Table, removals: Option<Value>) -> Result<()> {
    let Some(value) = removals else {
        return Ok(());
    };
    let paths: Vec<Spanned<String>> = document::decode(&value).map_err(|problem| vec![problem])?;
    if paths.len() > MOST_REMOVALS {
        let message = format!("{} entries are removed", paths.len());
        let problem = Problem::at(value.span, message, "too many");
        return Err(vec![
            problem.help(format!("allowed: at most {MOST_REMOVALS}")),
        ]);
    }
    let problems: Vec<Problem> = paths
        .iter()
        .filter_map(|path| document::remove(tree, path.get_ref(), &path.span()).err())
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn decode(tree: &Table) -> Result<World> {
    let mut fields = Fields::new(tree);
    let name = fields.required("name");
    let description = fields.optional("description").unwrap_or_default();
    let rounds: Option<Spanned<Rounds>> = fields.required("rounds");
    let round_minutes = fields.required("round_minutes");
    let base_traffic = fields.required("base_traffic");
    let traffic_ratio = fields.required("traffic_ratio");
    let phases: Option<Spanned<Vec<_>>> = fields.required("phases");
    let up_health = fields.required("up_health");
    let service_down_penalty = fields.required("service_down_penalty");
    let dependency_penalty = fields.optional("dependency_penalty").unwrap_or_default();
    let health_alert_below = fields.optional("health_alert_below");
    let cpu_per_load = fields.required("cpu_per_load");
    let default_chaos_level = fields.optional("default_chaos_level");
    let default_skill = fields.optional("default_skill");
    let sla = fields.required("sla");
    let journey = fields.optional("journey");
    let journeys = fields.list("journeys");
    let entries: Vec<Entry> = fields.list("servers");
    let servers = servers::servers(&entries, &mut fields.problems);
    let services = by_service(&mut fields, "services");
    let service_dependencies = by_service(&mut fields, "service_dependencies");
    let metrics = metrics(&mut fields);
    let chaos = fields.list("chaos");
    let response = fields.optional("response");
    let remediation = fields.list("remediation");
    let runbook = fields.list("runbook");
    let runbook_default = fields.optional("runbook_default");
    let skills = fields.map("skills");
    let responders = fields.map("responders");
    let chaos_levels: Vec<(_, NonNegative)> = fields.map("chaos_levels");

    if let Some(rounds) = &rounds
        && rounds.get_ref().get() == 0
    {
        fields.problems.push(
            Problem::at(rounds.span(), "a replication needs rounds", "too few")
                .help("allowed: 1 or more"),
        );
    }
    if let Some(phases) = &phases {
        fields.problems.extend(check::phases(phases));
    }
    let problems = fields.finish();
    let decoded = || {
        Some(World {
            name: name?,
            description,
            rounds: rounds?.get_ref().get(),
            round_minutes: round_minutes?,
            base_traffic: base_traffic?,
            traffic_ratio: traffic_ratio?,
            phases: phases?.into_inner(),
            up_health: up_health?,
            service_down_penalty: service_down_penalty?,
            dependency_penalty,
            health_alert_below,
            cpu_per_load: cpu_per_load?,
            sla: sla?,
            journey,
            journeys,
            servers,
            services,
            service_dependencies,
            metrics: metrics?,
            chaos,
            response,
            remediation,
            runbook,
            runbook_default,
            skills,
            responders,
            chaos_levels,
            default_chaos_level,
            default_skill,
        })
    };
    match decoded() {
        Some(world) if problems.is_empty() => Ok(world),
        _ => Err(problems),
    }
}

fn metrics(fields: &mut Fields) -> Option<Metrics> {
    let Some(value) = fields.raw("metrics") else {
        return Some(Metrics::default());
    };
    let Node::Table(table) = &value.node else {
        fields.problems.push(wrong_table("metrics", value));
        return None;
    };
    let mut inner = Fields::new(table);
    let metrics = Metrics {
        cpu_usage: inner.optional("cpu_usage").unwrap_or_default(),
        memory_usage: inner.optional("memory_usage").unwrap_or_default(),
        error_rate: inner.optional("error_rate").unwrap_or_default(),
        latency_p99: inner.optional("latency_p99").unwrap_or_default(),
        disk_usage: inner.optional("disk_usage").unwrap_or_default(),
    };
    fields.problems.extend(inner.finish());
    Some(metrics)
}

/// A table whose keys are services.
fn by_service<T: DeserializeOwned>(fields: &mut Fields, table: &'static str) -> Vec<(NameAt, T)> {
    let raw: Vec<(Spanned<String>, T)> = fields.map(table);
    let mut named = Vec::new();
    for (key, entry) in raw {
        let text = Value {
            span: key.span(),
            node: Node::String(key.into_inner()),
        };
        match document::decode(&text) {
            Ok(name) => named.push((name, entry)),
            Err(problem) => fields.problems.push(problem),
        }
    }
    named
}

fn wrong_table(key: &str, value: &Value) -> Problem {
    let message = format!("`{key}` must be a table, not {}", value.node.kind());
    Problem::at(value.span.clone(), message, "wrong type")
}
