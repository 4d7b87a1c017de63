//! Damage to any file of a results folder is found, and mended or refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::{Chance, Sandbox};

const SWEEP: &str = r#"
name = "sweep"
replications = 1_000
[factors]
chaos_level = ["low", "extreme"]
[output]
tables = ["runs", "incidents", "rounds"]
formats = ["parquet", "csv"]
"#;

/// Of single replications only what a comparison needs, and two looks at a precision.
const LOOKED_AT: &str = r#"
name = "looked-at"
replications = 300
[factors]
chaos_level = ["low", "extreme"]
[compare]
factor = "chaos_level"
baseline = "low"
[[precision]]
estimate = "availability"
half_width = 0.02
max_replications = 900
[output]
tables = []
"#;

/// Damages one file in one way; returns what was done.
fn damage(path: &Path, kind: usize, chance: &mut Chance) -> &'static str {
    let mut bytes = fs::read(path).expect("a file of the folder");
    let at = chance.below(bytes.len());
    match kind {
        0 => {
            bytes.truncate(at);
            fs::write(path, bytes).expect("written");
            "truncated"
        }
        1 => {
            bytes[at] ^= 1 << chance.below(8);
            fs::write(path, bytes).expect("written");
            "flipped"
        }
        2 => {
            fs::remove_file(path).expect("removed");
            "deleted"
        }
        3 => {
            bytes.extend(b"garbage\n");
            fs::write(path, bytes).expect("written");
            "appended"
        }
        4 => {
            let again = match path.file_name().and_then(|name| name.to_str()) {
                Some(name) if name.contains("part-") => name.replace("part-0", "part-9"),
                _ => {
                    fs::write(path, bytes.repeat(2)).expect("written");
                    return "doubled";
                }
            };
            fs::copy(path, path.with_file_name(again)).expect("copied");
            "copied"
        }
        _ => {
            let name = path.file_name().and_then(|name| name.to_str());
            let other = name.expect("a name").replace("part-", "part-9");
            fs::rename(path, path.with_file_name(other)).expect("renamed");
            "renamed"
        }
    }
}

/// Random damage to every kind of file: `verify` fails and names the file, `run` ends with the
/// same bytes and `verify` is content; a damaged manifest is refused and nothing is touched.
#[test]
fn every_kind_of_damage_to_every_kind_of_file() {
    let kinds = [SWEEP, LOOKED_AT].map(damaged_in_every_way);
    println!("damages found: {kinds:?}");
    // Tables beside the manifest and the first part in each folder and format.
    assert!(kinds[0].values().sum::<usize>() > 70 && kinds[1].values().sum::<usize>() > 50);
}

fn damaged_in_every_way(experiment: &str) -> BTreeMap<&'static str, usize> {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", experiment);
    sandbox.ok("run e.toml --quiet --out r");
    let good = sandbox.data("r");
    let mut files: Vec<PathBuf> = good.keys().cloned().collect();
    files.extend(["ledger.jsonl", "manifest.json"].map(PathBuf::from));
    let mut chance = Chance(2);
    let mut found: BTreeMap<&'static str, usize> = BTreeMap::new();
    for file in files.iter().filter(|file| {
        let name = file.display().to_string();
        !name.contains("part-") || name.contains("part-00-000000")
    }) {
        let name = file.to_str().expect("UTF-8");
        let is_part = name.contains("part-");
        for kind in 0..if is_part { 6 } else { 5 } {
            let path = sandbox.path("r").join(file);
            let manifest = fs::read(sandbox.path("r/manifest.json")).expect("there");
            let ledger = fs::read(sandbox.path("r/ledger.jsonl")).expect("there");
            let done = damage(&path, kind, &mut chance);
            let output = sandbox.sysworld("verify r").output().expect("it runs");
            let said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert!(!said.contains("panicked"), "{name} {done}: {said}");
            *found.entry(done).or_default() += 1;
            if name == "manifest.json" {
                assert_eq!(output.status.code(), Some(2), "{done}: {said}");
                let before = (sandbox.data("r"), fs::read(&path).ok());
                let (code, said) = sandbox.fails("run e.toml --quiet --out r");
                assert_eq!(code, 2, "{done}: {said}");
                assert!((sandbox.data("r"), fs::read(&path).ok()) == before);
                fs::write(&path, manifest).expect("restored");
                continue;
            }
            // A cut at the end of the last line leaves all that a ledger says.
            let same = fs::read(&path).is_ok_and(|now| now.trim_ascii() == ledger.trim_ascii());
            // A report may be declined, so that it is missing is no damage.
            let declined = name == "report.html" && done == "deleted";
            // Nothing is read of a line that is none, and nothing twice.
            let litter = name == "ledger.jsonl" && ["appended", "doubled"].contains(&done);
            if litter {
                assert_eq!(output.status.code(), Some(0), "{name} {done}: {said}");
                assert!(said.contains("ledger.jsonl: "), "{name} {done}: {said}");
            } else if !same && !declined {
                assert_eq!(output.status.code(), Some(1), "{name} {done}: {said}");
                let left = if done == "copied" {
                    name.replace("part-0", "part-9")
                } else {
                    name.to_owned()
                };
                let named = name == "ledger.jsonl" || said.contains(&left);
                assert!(named, "{name} {done} is not named: {said}");
            }
            sandbox.ok("run e.toml --quiet --out r");
            assert!(sandbox.data("r") == good, "{name} {done}");
            sandbox.ok("verify r");
        }
    }
    found
}

/// Two part files that changed places are both named; strays of killed writes and copies of parts
/// are named and go; a user's own file is named and stays.
#[test]
fn swapped_and_stray_files() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &SWEEP.replace("1_000", "4_000"));
    sandbox.ok("run e.toml --quiet --out r");
    let good = sandbox.data("r");
    let [a, b] = ["0", "1"].map(|n| sandbox.path(&format!("r/runs/part-00-00000{n}.csv")));
    let aside = sandbox.path("aside");
    for (from, to) in [(&a, &aside), (&b, &a), (&aside, &b)] {
        fs::rename(from, to).expect("renamed");
    }
    fs::copy(&a, sandbox.path("r/runs/part-07-000001.csv")).expect("copied");
    sandbox.write("r/counts/.part-00-000000.parquet.whole.1-1.tmp", "half");
    sandbox.write("r/runs/notes.txt", "mine");
    let said = sandbox.sysworld("verify r").assert().code(1);
    let said = String::from_utf8_lossy(&said.get_output().stdout).into_owned();
    for name in [
        "runs/part-00-000000.csv",
        "runs/part-00-000001.csv",
        "runs/part-07-000001.csv",
        "counts/.part-00-000000.parquet.whole.1-1.tmp",
        "runs/notes.txt",
    ] {
        assert!(said.contains(name), "no {name} in {said}");
    }
    sandbox.ok("run e.toml --quiet --out r");
    assert_eq!(sandbox.read("r/runs/notes.txt"), "mine");
    fs::remove_file(sandbox.path("r/runs/notes.txt")).expect("removed");
    assert!(sandbox.data("r") == good);
    sandbox.ok("verify r");
}

/// `--force` follows no link: what it leads to is somebody else's.
#[test]
#[cfg(unix)]
fn force_follows_no_link() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    for folder in ["victim", "linked"] {
        sandbox.ok(&format!("run e.toml --quiet --out {folder}"));
    }
    let before = sandbox.data("victim");
    fs::remove_dir_all(sandbox.path("linked/runs")).expect("removed");
    let (target, link) = (sandbox.path("victim/runs"), sandbox.path("linked/runs"));
    std::os::unix::fs::symlink(target, link).expect("linked");
    sandbox.ok("run e.toml --quiet --seed 5 --force --out linked");
    assert!(sandbox.data("victim") == before);
}
