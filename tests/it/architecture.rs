//! Who may import whom: the flow of `docs/architecture.md`, held against the `use` lines.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::sandbox::shipped;

/// Each room with the rooms it may use.
const MAY_USE: [(&str, &[&str]); 21] = [
    ("diagnostics", &[]),
    ("files", &[]),
    ("statistics", &[]),
    ("progress", &[]),
    ("schema", &[]),
    ("error", &["diagnostics"]),
    ("document", &["diagnostics", "files"]),
    ("world", &["diagnostics", "document", "files"]),
    ("simulation", &["world"]),
    ("experiment", &["diagnostics", "document", "files", "world"]),
    ("counts", &["simulation", "statistics"]),
    (
        "design",
        &[
            "diagnostics",
            "document",
            "experiment",
            "simulation",
            "statistics",
            "world",
        ],
    ),
    (
        "advice",
        &["design", "diagnostics", "document", "experiment", "world"],
    ),
    (
        "precision",
        &["counts", "design", "experiment", "statistics"],
    ),
    (
        "responders",
        &[
            "counts",
            "design",
            "diagnostics",
            "error",
            "experiment",
            "files",
            "simulation",
            "world",
        ],
    ),
    (
        "sweep",
        &[
            "counts",
            "design",
            "diagnostics",
            "error",
            "experiment",
            "responders",
            "simulation",
            "world",
        ],
    ),
    (
        "results",
        &[
            "counts",
            "design",
            "diagnostics",
            "error",
            "experiment",
            "files",
            "simulation",
            "sweep",
        ],
    ),
    (
        "summary",
        &[
            "counts",
            "design",
            "error",
            "experiment",
            "precision",
            "results",
            "simulation",
            "statistics",
            "world",
        ],
    ),
    (
        "gate",
        &[
            "counts",
            "design",
            "diagnostics",
            "experiment",
            "precision",
            "simulation",
            "statistics",
            "summary",
        ],
    ),
    ("narrate", &["design", "simulation", "world"]),
    (
        "report",
        &[
            "advice",
            "counts",
            "design",
            "experiment",
            "gate",
            "results",
            "simulation",
            "statistics",
            "summary",
        ],
    ),
];

/// Libraries with one owner.
const OWNERS: [(&str, &[&str]); 12] = [
    ("rayon", &["sweep", "commands/run"]),
    ("polars_arrow", &["results"]),
    ("polars_core", &["results", "summary", "report"]),
    ("polars_io", &["results"]),
    ("polars_parquet", &["results/writer"]),
    ("clap", &["cli", "commands", "main"]),
    ("plotters", &["report/chart"]),
    ("resvg", &["report/plots"]),
    ("indicatif", &["progress"]),
    ("rand_xoshiro", &["simulation/streams"]),
    ("ureq", &["responders/http"]),
    ("statrs", &["statistics", "world/durations"]),
];

/// Every source file by its path below `src`, without ending, with its code.
fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, root: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("src is there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path
                    .strip_prefix(root)
                    .expect("below src")
                    .with_extension("");
                let text = fs::read_to_string(&path).expect("readable");
                let code = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"));
                let code: Vec<&str> = code.collect();
                found.insert(name.display().to_string(), code.join("\n"));
            }
        }
    }
    let root = shipped("src");
    let mut found = BTreeMap::new();
    walk(Path::new(&root), Path::new(&root), &mut found);
    found
}

fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or(file)
}

/// Rooms use only what comes before them in the flow.
#[test]
fn the_flow_has_one_direction() {
    for (file, code) in sources() {
        let room = room(&file);
        if ["lib", "main", "array_index", "cli", "commands"].contains(&room) {
            assert!(!code.contains("crate::main"), "{file} uses main");
            continue;
        }
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("{room} is a new room: say here what it may use"));
        for used in code.split("crate::").skip(1) {
            let used: String = used
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            assert!(
                used == room || allowed.contains(&used.as_str()),
                "{file} uses {used}"
            );
        }
    }
}

/// Libraries are used by their owners only.
#[test]
fn libraries_have_one_owner() {
    for (file, code) in sources() {
        for (library, owners) in OWNERS {
            let owned = owners.iter().any(|owner| file.starts_with(owner));
            assert!(
                owned || !code.contains(&format!("{library}::")),
                "{file} uses {library}"
            );
        }
    }
}

/// The kernel knows no files, clock, threads or formats.
#[test]
fn the_kernel_is_pure() {
    for (file, code) in sources()
        .iter()
        .filter(|(file, _)| room(file) == "simulation")
    {
        for impure in [
            "std::fs",
            "std::io",
            "std::time",
            "std::thread",
            "serde",
            "println",
            "Mutex",
        ] {
            assert!(!code.contains(impure), "{file} has {impure}");
        }
    }
}
