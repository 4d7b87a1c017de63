//! What stands in the place of a file or a folder of a sweep is named, with what to do about it, before
//! anything is simulated; and `verify` promises of it what `run` does.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::sandbox::Sandbox;

const SWEEP: &str = r#"
name = "sweep"
replications = 60
[factors]
chaos_level = ["low", "extreme"]
[output]
formats = ["csv", "parquet"]
"#;

/// What `verify` says, on both streams, and its exit code.
fn verified(sandbox: &Sandbox) -> (i32, String) {
    let output = sandbox.sysworld("verify r").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().expect("a code"), said)
}

/// A folder in the place of any file, finished or not yet made: every writer names it and does nothing,
/// `verify` says the same, and after it was moved away `run` ends with all.
#[test]
fn a_folder_in_the_place_of_a_file() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    sandbox.ok("run e.toml --quiet --out whole");
    let whole = sandbox.data("whole");
    for name in [
        "summary.csv",
        "comparisons.parquet",
        "report.html",
        "runs/part-00-000000.csv",
        "counts/part-00-000000.parquet",
        "runs/part-07-000000.csv",
        "ledger.jsonl",
        ".lock",
        ".lock-1-of-2",
        "manifest.json",
    ] {
        sandbox.ok("run e.toml --quiet --out r");
        let at = sandbox.path("r").join(name);
        let kept = fs::read(&at).ok();
        let _ = fs::remove_file(&at);
        fs::create_dir(&at).expect("made");
        sandbox.write(&format!("r/{name}/mine"), "mine");
        for line in [
            "run e.toml --quiet --out r",
            "run e.toml --quiet --shard 1/2 --out r",
            "run e.toml --quiet --seed 9 --force --out r",
            "summarize r",
            "report r",
            "merge r",
            "merge r whole --out r",
        ] {
            let (code, said) = sandbox.fails(line);
            assert!(code == 2, "{name}: {line}: {code} {said}");
            let named =
                said.contains(name) && said.contains("folder") && said.contains("move it away");
            // A merge reads the ledgers first.
            let read = name == "ledger.jsonl" && said.contains("it is a folder");
            assert!(named || read, "{name}: {line}: {said}");
            assert_eq!(sandbox.read(&format!("r/{name}/mine")), "mine", "{line}");
        }
        let (code, said) = verified(&sandbox);
        assert!(code == 2 && said.contains(name), "{name}: {code} {said}");
        assert!(!said.contains("`run` repairs them\n"), "{said}");
        fs::remove_dir_all(&at).expect("moved away");
        if let (Some(bytes), "manifest.json") = (kept, name) {
            fs::write(&at, bytes).expect("put back");
        }
        sandbox.ok("run e.toml --quiet --out r");
        assert!(sandbox.data("r") == whole, "{name}");
        assert_eq!(verified(&sandbox).0, 0, "{name}");
    }
    // A shard that was never made has no line in a ledger.
    sandbox.write("e.toml", &SWEEP.replace("60", "3_000"));
    sandbox.ok("run e.toml --quiet --out large");
    sandbox.ok("run e.toml --quiet --shard 1/2 --out half");
    let name = "half/counts/part-00-000001.parquet";
    fs::create_dir(sandbox.path(name)).expect("made");
    let (code, said) = sandbox.fails("merge half --out joined");
    assert!(
        code == 2 && said.contains(&format!("{name} is a folder")),
        "{said}"
    );
    assert!(said.contains("part 00-000001 is missing"), "{said}");
    sandbox.ok("merge half large --out joined");
    assert!(sandbox.data("joined") == sandbox.data("large"));
}

/// A link, a pipe or a file where a lock, a ledger or a folder belongs: `run` and `verify` agree, and what
/// a link leads to stays.
#[test]
fn what_else_is_in_the_way() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    sandbox.write("mine", "mine");
    fs::create_dir(sandbox.path("my-folder")).expect("made");
    for (name, what) in [
        (".lock", "link"),
        (".lock", "pipe"),
        (".lock-manifest", "pipe"),
        ("ledger.jsonl", "link"),
        ("ledger.jsonl", "pipe"),
        ("counts", "link"),
        ("runs", "file"),
    ] {
        let _ = fs::remove_dir_all(sandbox.path("r"));
        sandbox.ok("run e.toml --quiet --out r");
        let at = sandbox.path("r").join(name);
        let _ = fs::remove_file(&at);
        let _ = fs::remove_dir_all(&at);
        match what {
            "link" => symlink(
                if name == "counts" {
                    "../my-folder"
                } else {
                    "../mine"
                },
                &at,
            )
            .expect("linked"),
            "file" => fs::write(&at, "mine").expect("written"),
            _ => {
                let made = Command::new("mkfifo").arg(&at).status();
                assert!(made.expect("there is a mkfifo").success());
            }
        }
        for line in ["run e.toml --quiet --out r", "summarize r", "merge r"] {
            let (code, said) = sandbox.fails(line);
            assert!(
                code == 2 && said.contains(name) && said.contains(what),
                "{name} {what}: {line}: {code} {said}"
            );
        }
        let (code, said) = verified(&sandbox);
        assert!(
            code == 2 && said.contains(name),
            "{name} {what}: {code} {said}"
        );
        assert_eq!(sandbox.read("mine"), "mine");
        let mut left = fs::read_dir(sandbox.path("my-folder")).expect("there");
        assert!(left.next().is_none());
    }
    // What is the user's, among the parts, is no more than named: `run` is not said to repair it.
    let _ = fs::remove_dir_all(sandbox.path("r"));
    sandbox.ok("run e.toml --quiet --out r");
    sandbox.write("r/runs/notes.txt", "mine");
    sandbox.ok("run e.toml --quiet --out r");
    let (code, said) = verified(&sandbox);
    assert!(
        code == 1 && said.contains("not ours") && !said.contains("repairs"),
        "{said}"
    );
}

/// A manifest that is lost while tables are made is missed at the end.
#[test]
fn a_lost_manifest_is_missed() {
    let sandbox = Sandbox::new();
    let text = "name = \"e\"\nreplications = 1\n[factors]\n\
                chaos_multiplier = { from = 0.01, to = 10, step = 0.01 }\n[output]\ntables = []\n";
    sandbox.write("e.toml", text);
    sandbox.ok("run e.toml --quiet --out r");
    let path = sandbox.path("r/manifest.json");
    let manifest = fs::read(&path).expect("there");
    let begun = || {
        let entries = fs::read_dir(sandbox.path("r")).expect("there");
        let mut names = entries.map(|entry| entry.expect("an entry").file_name());
        names.any(|name| name.to_string_lossy().starts_with(".summary."))
    };
    for line in ["run e.toml --quiet --out r", "merge r"] {
        let mut child = sandbox.spawn(line);
        while !begun() {
            assert!(
                child.try_wait().expect("a child").is_none(),
                "no table begins"
            );
        }
        fs::remove_file(&path).expect("there");
        let output = child.wait_with_output().expect("a child");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert!(said.contains("manifest.json was lost"), "{said}");
        fs::write(&path, &manifest).expect("put back");
        sandbox.ok(line);
    }
}
