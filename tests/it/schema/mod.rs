//! The schemas for editors: they take what the reader takes and refuse what it refuses, but for what
//! no schema can say, which is a list of its own in `broken`.

mod broken;
mod drift;
mod mutations;
mod pages;
mod places;
mod refused;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use jsonschema::{Draft, Validator};
use serde_json::Value as Json;
use sysworld::design::Design;
use sysworld::diagnostics::{Problems, Sources};
use sysworld::document;
use sysworld::experiment::Experiment;
use sysworld::schema;
use sysworld::world::{BUILT_IN, WorldFile, WorldSource};

use crate::sandbox::{Sandbox, shipped};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    World,
    Experiment,
}

struct Schema {
    json: Json,
    validator: Validator,
}

impl Schema {
    fn new(text: &str) -> Self {
        let json = serde_json::from_str(text).expect("a schema is JSON");
        let options = jsonschema::options().with_draft(Draft::Draft202012);
        let validator = options.build(&json).expect("a schema is a schema");
        Self { json, validator }
    }
}

impl Kind {
    fn schema(self) -> &'static Schema {
        static WORLD: LazyLock<Schema> = LazyLock::new(|| Schema::new(schema::WORLD));
        static EXPERIMENT: LazyLock<Schema> = LazyLock::new(|| Schema::new(schema::EXPERIMENT));
        match self {
            Self::World => &WORLD,
            Self::Experiment => &EXPERIMENT,
        }
    }

    /// What the schema has against a text, which must be TOML; each line names place and reason.
    fn refused_by_schema(self, text: &str) -> Vec<String> {
        let table = document::parse("text", text.to_owned(), &mut Sources::default());
        let table = table.unwrap_or_else(|_| panic!("this is not TOML: {text}"));
        let json = serde_json::to_value(table).expect("a tree");
        let errors = self.schema().validator.iter_errors(&json);
        errors
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect()
    }

    /// What the reader has against a text: its messages without places.
    fn refused_by_reader(self, text: &str) -> Vec<String> {
        let mut sources = Sources::default();
        let problems = match self {
            Self::World => {
                let folder = tempfile::tempdir().expect("a folder");
                let path = folder.path().join("world.toml");
                fs::write(&path, text).expect("a file");
                let file = WorldFile::load(&WorldSource::File(path), &mut sources);
                file.and_then(|file| file.world()).err()
            }
            Self::Experiment => {
                let folder = shipped("experiments");
                let read = Experiment::parse("e.toml", text, Path::new(&folder), &mut sources);
                read.and_then(Design::new).err()
            }
        };
        let Some(problems) = problems else {
            return Vec::new();
        };
        let shown = Problems::new(&sources, problems).to_string();
        let mut messages = Vec::new();
        for block in shown.split("error: ").skip(1) {
            messages.push(block.trim_end().to_owned());
        }
        messages
    }
}

/// A good file must also be good to the schema.
#[track_caller]
pub fn assert_accepted(kind: Kind, text: &str) {
    let refused = kind.refused_by_schema(text);
    assert!(refused.is_empty(), "{kind:?}\n{text}\n{refused:#?}");
}

/// Every good file that we have, parts of files in the pages made whole.
fn corpus() -> Vec<(Kind, String)> {
    let mut found: Vec<(Kind, String)> = BUILT_IN
        .iter()
        .map(|world| (Kind::World, world.text.to_owned()))
        .collect();
    for (kind, folder) in [
        (Kind::Experiment, "experiments"),
        (Kind::World, "experiments/worlds"),
    ] {
        let entries = fs::read_dir(shipped(folder)).expect("the folder is there");
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
        paths.sort();
        let texts = paths.iter().map(fs::read_to_string);
        found.extend(texts.map(|text| (kind, text.expect("a text"))));
    }
    for (kind, page, head) in [
        (
            Kind::World,
            "docs/world-files.md",
            "extends = \"cloudinfra\"\n",
        ),
        (
            Kind::Experiment,
            "docs/experiments.md",
            "name = \"e\"\nreplications = 1\n",
        ),
        (Kind::Experiment, "docs/editors.md", ""),
        (Kind::Experiment, "README.md", ""),
    ] {
        let page = fs::read_to_string(shipped(page)).expect("the page is there");
        for rest in page.split("\n```toml\n").skip(1) {
            let (block, _) = rest.split_once("\n```").expect("the block ends");
            if block.starts_with("[[rule]]") {
                continue; // a file of Taplo's
            }
            let whole = block.contains("world: complete") || block.contains("replications = ");
            let head = if whole { "" } else { head };
            found.push((kind, format!("{head}{block}\n")));
        }
    }
    found.push((Kind::Experiment, EVERY_KEY.to_owned()));
    found.push((Kind::World, EVERY_BOUND.to_owned()));
    found.extend(DESIGNS.map(|change| {
        let text = broken::changed(Kind::Experiment, change);
        (Kind::Experiment, text)
    }));
    found
}

/// What the shipped experiments leave out.
const EVERY_KEY: &str = r#"
name = "every-key"
description = "all that an experiment can say"
seed = 9_223_372_036_854_775_807
replications = 3
confidence = 0.9
random_numbers = "independent"

[factors]
world = ["cloudinfra", "worlds/second-api.toml"]
chaos_multiplier = { from = 1, to = 0.5, step = -0.25 }
skill = ["mid"]
rounds = [5, 15]
"sla.indicator" = ["availability", "journey_availability"]
"chaos.cpu_spike.probability" = { from = 0.05, to = 0.15, step = 0.05 }
"remediation.scale_up.cooldown" = [1, 3]

[output]
tables = ["runs", "incidents", "rounds"]
formats = ["parquet", "csv"]
"#;

/// What the worlds of the pages leave out.
const EVERY_BOUND: &str = r#"
extends = "cloudinfra"

[[chaos]]
name = "cpu_spike"
effects = [{ shock = { quantity = "latency_p99", add = 5, min = 1, max = 2 } }]

[[remediation]]
name = "rollback"
effects = [{ add = { metric = "cpu_usage", amount = 1, min = 2, max = 3 } }]
"#;

/// What else an experiment can say: how levels are combined, and what is made of the replications.
const DESIGNS: [&str; 22] = [
    "factors = { responder = [\"runbook\", \"none\"], trial = 0 }\n\
     recording = { folder = \"r\", budget = { requests = 10, usd = 2.5 }, concurrency = 2, requests_per_minute = 60, timeout_s = 1.5, give_up_s = 30 }",
    "zip = [{ responder = [\"random\", \"none\"], trial = [0, 1] }]",
    "factors.chaos_multiplier = 2",
    "factors = { chaos_level = \"high\", skill = \"mid\", world = \"cloudinfra\", rounds = 5 }",
    "set = { \"sla.target\" = 99.5, rounds = 30, \"sla.indicator\" = \"journey_availability\" }",
    "zip = [{ chaos_level = [\"low\", \"high\"], skill = [\"junior\", \"senior\"] }]",
    "zip = [{ rounds = [5, 15], \"sla.target\" = [99, 99.9] }, { skill = [\"mid\"], chaos_multiplier = [1] }]",
    "factors = { chaos_level = [\"low\", \"high\"], skill = [\"junior\", \"mid\"] }\n\
     exclude = [{ chaos_level = \"low\", skill = [\"junior\", \"mid\"] }]",
    "factors.rounds = [5, 10, 15]\nexclude = [{ rounds = 5 }]",
    "design.method = \"full_factorial\"",
    "factors.chaos_multiplier = { from = 0.0, to = 2.0 }\ndesign = { method = \"sobol\", points = 64 }",
    "factors = { chaos_multiplier = { from = 0.5, to = 2 }, skill = [\"mid\", \"senior\"], \
     rounds = { from = 5, to = 15, step = 5 } }\n\
     design = { method = \"latin_hypercube\", points = 1, seed = 7 }",
    "design = { method = \"csv\", file = \"../tests/data/points.csv\" }",
    "factors = { chaos_level = [\"low\", \"medium\"], skill = [\"mid\", \"senior\"] }\n\
     design = { method = \"one_at_a_time\", base = { chaos_level = \"medium\", skill = \"mid\" } }",
    "factors.skill = [\"mid\", \"senior\"]\ncompare = { factor = \"skill\", baseline = \"mid\" }",
    "factors.rounds = [5, 15]\ncompare = { factor = \"rounds\", baseline = 15 }",
    "precision = [{ estimate = \"sla_miss\", half_width = 0.005, max_replications = 1_000_000 }]",
    "precision = [{ estimate = \"availability\", half_width = 0.01, max_replications = 1000 }, \
     { estimate = \"journey_availability\", half_width = 0.01, max_replications = 1000 }]",
    "intervals.sla_miss = \"clopper_pearson\"",
    "intervals = {}",
    "zip = [{ chaos_level = [\"low\", \"low\", \"high\"], rounds = { from = 1, to = 3, step = 1 } }]",
    "factors.skill = [\"mid\", \"senior\"]\ndesign.method = \"one_at_a_time\"",
];

/// The binary prints what editors read, and it is a schema of the draft that it names.
#[test]
fn the_printed_schemas_are_of_their_draft() {
    for (of, schema) in [("experiment", schema::EXPERIMENT), ("world", schema::WORLD)] {
        let printed = Sandbox::new().ok(&format!("schema {of}"));
        assert_eq!(printed, schema);
        let json: Json = serde_json::from_str(&printed).expect("JSON");
        assert_eq!(
            json["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        jsonschema::draft202012::meta::validate(&json).expect("a schema of 2020-12");
    }
    let (code, said) = Sandbox::new().fails("schema results");
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("experiment, world"), "{said}");
}

/// Every file that ships and every example of the pages is good to both. So is every world and
/// experiment that any other test reads with success: `Sandbox` and `support` call
/// [`assert_accepted`].
#[test]
fn every_shipped_file_is_accepted() {
    let corpus = corpus();
    for (kind, text) in &corpus {
        assert_accepted(*kind, text);
        let refused = kind.refused_by_reader(text);
        assert!(refused.is_empty(), "{kind:?}\n{text}\n{refused:#?}");
    }
    let worlds = corpus.iter().filter(|(kind, _)| *kind == Kind::World);
    let worlds = worlds.count();
    assert!(worlds >= 16 && corpus.len() - worlds >= 8, "{worlds}");
}
