//! The models that are measured.

use std::path::{Path, PathBuf};

use sysworld::design::Design;
use sysworld::diagnostics::{Problems, Sources};
use sysworld::experiment::Experiment;
use sysworld::simulation::Model;

/// The experiment of 12 design points, with other lines in place of the replications.
pub fn twelve_points(replications: u64) -> String {
    format!(
        "name = \"bench\"\nreplications = {replications}\n[factors]\n\
         chaos_level = [\"low\", \"medium\", \"high\", \"extreme\"]\n\
         skill = [\"junior\", \"mid\", \"senior\"]\n"
    )
}

/// The models of all points of an experiment.
pub fn models(experiment: &str) -> Vec<Model> {
    let mut sources = Sources::default();
    let design = Experiment::parse("bench.toml", experiment, Path::new(""), &mut sources)
        .and_then(Design::new)
        .unwrap_or_else(|problems| panic!("{}", Problems::new(&sources, problems)));
    (0..design.len())
        .map(|point| design.compile(point).expect("a checked point"))
        .collect()
}

/// The default world at one design point: medium chaos, a mid-level SRE.
pub fn default_model() -> Model {
    models("name = \"bench\"\nreplications = 1\n").remove(0)
}

/// The same with other lines laid on the world.
pub fn model_with(name: &str, lines: &str) -> Model {
    let text = format!("name = \"{name}\"\nextends = \"cloudinfra\"\n{lines}");
    let path = scratch(&format!("{name}.toml"));
    std::fs::write(&path, text).expect("a world is written");
    models(&format!(
        "name = \"bench\"\nreplications = 1\nworld = {path:?}\n"
    ))
    .remove(0)
}

/// Servers like those of the default world, so that there are `count` in all.
pub fn more_servers(count: usize) -> String {
    let kinds = [
        ("web", "\"nginx\", \"app-frontend\"", ""),
        ("web", "\"nginx\", \"app-frontend\"", ""),
        ("api", "\"app-api\", \"redis-client\"", ""),
        ("database", "\"postgresql\"", "role = \"primary\"\n"),
        ("database", "\"postgresql\"", "role = \"replica\"\n"),
        ("cache", "\"redis\"", "cpu_capacity = 50.0\n"),
    ];
    let server = |i: usize| {
        let (kind, services, more) = kinds[i % kinds.len()];
        format!(
            "[[servers]]\nname = \"more-{i}\"\ntype = \"{kind}\"\nservices = [{services}]\n{more}"
        )
    };
    (kinds.len()..count).map(server).collect()
}

/// A path below the build's folder for such files.
pub fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
