//! What the documents say, held against the program: every world in them loads, every path sets
//! a value, and the check values of the model are what the simulator gives.

use std::fs;
use std::path::Path;

use serde_spanned::Spanned;
use sysworld::diagnostics::{Problem, Problems, Sources};
use sysworld::document;
use sysworld::simulation::{Outcome, Purpose, Setting, State, compile, simulate, stream_key};
use sysworld::world::{World, WorldFile, WorldSource};

use crate::sandbox::{Sandbox, shipped};

pub fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    fs::read_to_string(path).expect("the page is there")
}

/// The TOML blocks of a page, in order.
fn blocks(page: &str) -> Vec<String> {
    page.split("\n```toml\n")
        .skip(1)
        .map(|rest| {
            let end = rest.find("\n```").expect("the block ends");
            format!("{}\n", &rest[..end])
        })
        .collect()
}

/// The cells of every table row of a page that begins with `first`.
pub fn rows<'a>(page: &'a str, first: &str) -> Vec<Vec<&'a str>> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").collect::<Vec<_>>())
        .filter(|cells| cells[0].starts_with(first))
        .collect()
}

fn unwrap<T>(result: Result<T, Vec<Problem>>, sources: &Sources, text: &str) -> T {
    result.unwrap_or_else(|problems| panic!("{text}\n{}", Problems::new(sources, problems)))
}

fn load(text: &str) -> World {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("world.toml");
    fs::write(&path, text).expect("the folder can be written to");
    let mut sources = Sources::default();
    let world = WorldFile::load(&WorldSource::File(path), &mut sources).and_then(|w| w.world());
    unwrap(world, &sources, text)
}

fn is_complete(block: &&String) -> bool {
    block.lines().any(|line| line == "# world: complete")
}

fn replications(world: &World, level: &str, skill: &str, count: u64) -> Vec<Outcome> {
    let (_, multiplier) = (world.chaos_levels.iter())
        .find(|(name, _)| name.get_ref() == level)
        .expect("the level is there");
    let (_, skill) = (world.skills.iter())
        .find(|(name, _)| name.get_ref() == skill)
        .expect("the skill is there");
    let setting = Setting {
        chaos_multiplier: multiplier.get(),
        skill,
        seed: 42,
        scope: 0,
    };
    let (model, mut state) = (compile(world, &setting), State::new());
    (0..count)
        .map(|replication| simulate(&model, replication, &mut state, &mut ()))
        .collect()
}

#[test]
fn every_world_in_the_reference_loads() {
    let page = page("world-files.md");
    let blocks = blocks(&page);
    assert!(blocks.iter().filter(is_complete).count() >= 3);
    for block in &blocks {
        if is_complete(&block) {
            load(block);
        } else {
            // A part of a world: valid where it extends the default one.
            load(&format!("extends = \"cloudinfra\"\n{block}"));
        }
    }
}

#[test]
fn the_extended_world_has_what_its_page_promises() {
    let page = page("world-files.md");
    let block = blocks(&page).into_iter().find(|b| b.contains("queue-1"));
    let world = load(&block.expect("the block is there"));
    let queue = world.servers.last().expect("a server");
    assert_eq!(queue.name.get_ref().as_str(), "queue-1");
    assert_eq!(queue.kind.get_ref().as_str(), "queue");
    assert_eq!(queue.services[0].get_ref().as_str(), "rabbitmq");
    assert_eq!(world.servers.len(), 7);
    assert_eq!(world.chaos.len(), 8);
    assert_eq!(world.remediation.len(), 7);
    assert_eq!(world.runbook.len(), 12);
    assert_eq!(world.sla.target.percent().to_string(), "99.99");
}

#[test]
fn the_defaults_in_the_reference_are_those_of_the_program() {
    let page = page("world-files.md");
    let tiny = (blocks(&page).into_iter())
        .find(|block| block.contains("name = \"tiny\""))
        .expect("the block is there");
    let defaults = (blocks(&page).into_iter())
        .find(|block| block.starts_with("# world: defaults"))
        .expect("the block is there");
    // Said in full or left out is the same world.
    let (head, tables) = defaults.split_once("\n[sla]").expect("a table");
    let said = load(&format!("{head}\n{tiny}\n[sla]{tables}"));
    let left_out = load(&tiny);
    let text = |world: &World| serde_json::to_string(world).expect("a world is plain data");
    assert_eq!(text(&said), text(&left_out));
}

#[test]
fn every_path_in_the_reference_sets_a_value() {
    let page = page("world-files.md");
    let (_, section) = page.split_once("\n## Paths").expect("the section is there");
    let (section, _) = section.split_once("\n## ").expect("another follows");
    let rows = rows(section, "`");
    assert!(rows.len() >= 10);
    for row in rows {
        let (path, value) = (row[0].trim_matches('`'), row[1].trim_matches('`'));
        let mut sources = Sources::default();
        let base = WorldSource::BuiltIn("cloudinfra");
        let file = WorldFile::load(&base, &mut sources);
        let mut file = unwrap(file, &sources, path);
        let table = document::parse("value", format!("v = {value}"), &mut sources);
        let table = unwrap(table, &sources, path);
        let value = table.get("v").expect("the value is there");
        let path = Spanned::new(value.span.clone(), path.to_owned());
        let set = file.set(&path, value).and_then(|()| file.world());
        unwrap(set, &sources, path.get_ref());
    }
}

#[test]
fn the_tiny_world_is_as_available_as_computed_by_hand() {
    let page = page("world-files.md");
    let tiny = load(&blocks(&page)[0]);
    let (rounds, count) = (tiny.rounds, 400_000);
    let (mut down, mut expected) = (0.0, 0.0);
    for _ in 0..rounds {
        down = 0.1 * (down + 0.1 * (1.0 - down));
        expected += (1.0 - down) / f64::from(rounds);
    }
    let said = format!("{:.5} %", expected * 100.0);
    assert!(page.contains(&said), "the page does not say {said}");
    let shares: Vec<f64> = replications(&tiny, "medium", "mid", count)
        .iter()
        .map(|outcome| f64::from(outcome.up_checks) / f64::from(rounds))
        .collect();
    let mean = shares.iter().sum::<f64>() / count as f64;
    let squares: f64 = shares.iter().map(|share| (share - mean).powi(2)).sum();
    let error = (squares / (count - 1) as f64 / count as f64).sqrt();
    assert!((mean - expected).abs() < 4.0 * error, "{mean} ± {error}");
}

#[test]
fn the_check_values_of_the_model_are_what_it_gives() {
    let page = page("model.md");
    let (_, section) = page.split_once("\n# Check values").expect("the section");
    let mut keys = 0;
    for row in rows(section, "`") {
        let purpose = match row[0].trim_matches('`') {
            "chaos" => Purpose::Chaos,
            "environment" => Purpose::Environment,
            "traffic" => Purpose::Traffic,
            "response" => Purpose::Response,
            other => panic!("{other}"),
        };
        let name = row[1].trim_matches('`').replace("(empty)", "");
        let key = format!("`{:016x}`", stream_key(42, 0, purpose, &name));
        assert_eq!(row[2], key, "{} {name}", row[0]);
        keys += 1;
    }
    assert_eq!(keys, 4);

    let mut outcomes = 0;
    for name in ["cloudinfra", "agentos-classic", "shop"] {
        let mut sources = Sources::default();
        let world = WorldFile::load(&WorldSource::BuiltIn(name), &mut sources);
        let world = unwrap(world.and_then(|file| file.world()), &sources, name);
        for row in rows(section, name) {
            let replication: u64 = row[3].parse().expect("a number");
            let outcome = replications(&world, row[1], row[2], replication + 1);
            let o = outcome.last().expect("a replication");
            let found = [
                u64::from(o.up_checks),
                u64::from(o.journey_up_rounds),
                u64::from(o.events),
                u64::from(o.incidents),
                u64::from(o.incidents_open),
                o.ttr_half_rounds,
                u64::from(o.alerts),
                u64::from(o.alerts_handled),
                u64::from(o.misdiagnoses),
                u64::from(o.actions),
                u64::from(o.actions_failed),
                u64::from(o.actions_blocked),
                u64::from(o.overwhelmed_rounds),
            ];
            let found = found.map(|count| count.to_string());
            assert_eq!(row[4..], found, "{name}, replication {replication}");
            outcomes += 1;
        }
    }
    assert_eq!(outcomes, 8);
}

/// Every column of every table stands in its section of the page, and the examples run.
#[test]
fn the_result_page_has_every_column() {
    let sandbox = Sandbox::new();
    let experiments = page("experiments.md");
    let example = (blocks(&experiments).into_iter())
        .find(|block| block.starts_with("# experiment: complete"))
        .expect("the block is there");
    let with_all = example.replace(
        "\"incidents\"]",
        "\"incidents\", \"rounds\", \"decisions\"]",
    );
    sandbox.write("e.toml", &with_all);
    sandbox.ok("run e.toml --replications 20 --quiet --out r");
    let results = page("results.md");
    for table in [
        "design",
        "runs",
        "incidents",
        "rounds",
        "decisions",
        "summary",
        "ttr",
    ] {
        let (_, section) =
            (results.split_once(&format!("\n## {table}\n"))).expect("the section is there");
        let section = section.split("\n## ").next().expect("it has an end");
        let file = match table {
            "design" | "summary" | "ttr" => format!("r/{table}.csv"),
            parts => format!("r/{parts}/part-00-000000.csv"),
        };
        let text = sandbox.read(&file);
        let header = text.lines().next().expect("a header");
        let factors = ["chaos_level", "skill"];
        for column in header.split(',') {
            let factor = factors.contains(&column) || column.contains('.');
            let shared = column == "point" || factor;
            assert!(
                shared || section.contains(&format!("`{column}`")),
                "{table} lacks {column}"
            );
        }
    }
}

/// The experiment in the README runs.
#[test]
fn the_experiment_of_the_readme_runs() {
    let readme = std::fs::read_to_string(shipped("README.md")).expect("the README is there");
    let blocks = blocks(&readme);
    assert_eq!(blocks.len(), 1);
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &blocks[0]);
    sandbox.ok("run e.toml --replications 3 --set rounds=500 --quiet --out r");
    assert_eq!(sandbox.rows("r/summary.csv").len(), 45);
}

/// What the README shows of its first command is what that prints.
#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = std::fs::read_to_string(shipped("README.md")).expect("the README is there");
    let (_, after) = (readme.split_once("The first command prints\n\n```text\n"))
        .expect("the README shows what the first command prints");
    let (shown, _) = after.split_once("```").expect("the block has an end");
    let experiment = std::fs::read_to_string(shipped("experiments/sla_vs_chaos.toml"));
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &experiment.expect("the experiment is there"));
    let printed = sandbox.ok("run e.toml --no-report --out r");
    assert!(printed == shown, "it prints now\n{printed}");
}
