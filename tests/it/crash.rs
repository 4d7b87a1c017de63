//! Killed, interrupted, out of space, doubled: the same command goes on and ends with the same
//! bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::sandbox::{Chance, Sandbox};

/// A dozen parts of unlike sizes.
const SWEEP: &str = r#"
name = "sweep"
replications = 9_000
[factors]
chaos_level = ["low", "extreme"]
skill = ["junior", "senior"]
[output]
formats = ["parquet"]
"#;

/// The sweep, done at one go in the folder `whole`: its bytes, and how long it took.
struct Whole {
    sandbox: Sandbox,
    data: BTreeMap<PathBuf, Vec<u8>>,
    parts: usize,
    took: Duration,
}

impl Whole {
    fn new() -> Self {
        Self::of(SWEEP)
    }

    fn of(text: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("e.toml", text);
        let begun = Instant::now();
        sandbox.ok("run e.toml --quiet --threads 2 --out whole");
        Self {
            took: begun.elapsed(),
            data: sandbox.data("whole"),
            parts: sandbox.read("whole/ledger.jsonl").lines().count(),
            sandbox,
        }
    }

    /// Finished parts of a folder: whole lines of its ledger.
    fn done(&self, folder: &str) -> usize {
        let path = self.sandbox.path(&format!("{folder}/ledger.jsonl"));
        let ledger = fs::read(path).unwrap_or_default();
        ledger.iter().filter(|byte| **byte == b'\n').count()
    }

    fn partial(&self, folder: &str) -> bool {
        (1..self.parts).contains(&self.done(folder))
    }

    fn start(&self, folder: &str) -> Child {
        let line = format!("run e.toml --quiet --threads 2 --out {folder}");
        self.sandbox.spawn(&line)
    }

    /// Starts a run and waits until it has finished `parts` parts more.
    fn start_and_wait(&self, folder: &str, parts: usize) -> Child {
        let before = self.done(folder);
        let mut child = self.start(folder);
        while self.done(folder) < before + parts {
            let ended = child.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "it ended before part {parts}");
            sleep(Duration::from_millis(1));
        }
        child
    }

    /// Goes on in a folder, which must end right.
    fn resume(&self, folder: &str) {
        self.sandbox
            .ok(&format!("run e.toml --quiet --threads 2 --out {folder}"));
        assert!(self.sandbox.data(folder) == self.data, "{folder} differs");
        self.sandbox.ok(&format!("verify {folder}"));
    }
}

/// 50 kills at random moments, in fresh folders and in folders that were killed before: every
/// sweep that was killed ends with the bytes of one that was not.
#[test]
fn killed_at_any_moment() {
    const KILLS: usize = 50;
    let whole = Whole::new();
    let mut chance = Chance(1);
    let (mut kills, mut folder, mut attempts) = (0, 0, 0);
    while kills < KILLS {
        let name = format!("killed-{folder}");
        folder += 1;
        for _ in 0..8 {
            attempts += 1;
            assert!(attempts < 10 * KILLS, "only {kills} kills hit the sweep");
            let before = whole.done(&name);
            // Within the next few parts, anywhere between two of them.
            let more = chance.below(4).min(whole.parts - 1 - before);
            let mut child = whole.start_and_wait(&name, more);
            let gap = whole.took.as_micros() as usize / whole.parts;
            sleep(Duration::from_micros(chance.below(2 * gap) as u64));
            child.kill().expect("it can be killed, or is done");
            let killed = !child.wait().expect("a child of ours").success();
            let done = whole.done(&name);
            assert!(done >= before, "a finished part was lost");
            if !killed || done == whole.parts {
                break;
            }
            kills += usize::from(whole.partial(&name));
        }
        whole.resume(&name);
        fs::remove_dir_all(whole.sandbox.path(&name)).expect("it can be removed");
    }
    println!("{kills} kills in {attempts} attempts, {folder} sweeps");
}

/// Ctrl-C and SIGTERM end a sweep soon with exit code 130, the finished parts are kept, and the
/// message says how to go on.
#[test]
fn interrupted() {
    let whole = Whole::new();
    for (index, signal) in ["INT", "TERM"].repeat(3).into_iter().enumerate() {
        let name = format!("{signal}-{}", index / 2);
        let child = whole.start_and_wait(&name, 1);
        let begun = Instant::now();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &child.id().to_string()])
            .status();
        assert!(sent.expect("there is a kill").success());
        let output = child.wait_with_output().expect("a child of ours");
        let took = begun.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(took < Duration::from_secs(2), "it took {took:?} to end");
        assert!(
            said.contains("what is finished is kept, and the same command goes on from there"),
            "{said}"
        );
        assert!(whole.partial(&name));
        let left = whole.sandbox.data(&name);
        let half = left
            .keys()
            .find(|path| path.extension() == Some("tmp".as_ref()));
        assert_eq!(half, None, "files that are half written");
        // What an interruption leaves is in order but not complete.
        let verified = whole.sandbox.sysworld(&format!("verify {name}")).output();
        let verified = String::from_utf8(verified.expect("it runs").stdout).expect("UTF-8");
        let lines = verified.lines().filter(|line| line.ends_with(": missing"));
        assert_eq!(lines.count() + whole.done(&name), whole.parts, "{verified}");
        whole.resume(&name);
    }
}

/// A disk without room for the larger parts: exit code 1, a message that names the file, finished
/// parts kept; with room again the same command ends with the same bytes.
#[test]
fn a_full_disk() {
    // Incidents are rare in the first parts and frequent in the last, so their files grow.
    let formats = "tables = [\"incidents\"]\nformats = [\"csv\"]";
    let whole = Whole::of(&SWEEP.replace("formats = [\"parquet\"]", formats));
    let sizes = whole
        .data
        .iter()
        .filter(|(path, _)| path.starts_with("incidents"));
    let sizes: Vec<usize> = sizes.map(|(_, bytes)| bytes.len()).collect();
    let (first, most) = (sizes[0], *sizes.iter().max().expect("parts"));
    assert!(3 * first < 2 * most, "{sizes:?}");
    let between = (first + most) / 2;
    let mut partial = 0;
    // The limit is in blocks of 512 bytes or of 1024, as the shell has it.
    for blocks in [1, between / 1024, between / 512] {
        let name = format!("full-{blocks}");
        let limited = format!(
            "ulimit -f {blocks}; trap '' XFSZ; exec {} run e.toml --quiet --threads 1 --out {name}",
            assert_cmd::cargo::cargo_bin!("sysworld").display()
        );
        let output = Command::new("sh")
            .args(["-c", &limited])
            .current_dir(whole.sandbox.path(""))
            .output()
            .expect("there is a shell");
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => assert_eq!(whole.done(&name), whole.parts),
            code => {
                assert_eq!(code, Some(1), "{said}");
                assert!(said.contains("can't write"), "{said}");
                assert!(said.contains("File too large"), "{said}");
            }
        }
        partial += usize::from(whole.partial(&name));
        whole.resume(&name);
    }
    assert!(partial > 0, "no limit hit amid the sweep");
}

/// Of two runs in one folder the second is told so at once, and the first ends right.
#[test]
fn two_at_once() {
    let whole = Whole::new();
    let first = whole.start_and_wait("both", 1);
    let (code, said) = whole.sandbox.fails("run e.toml --quiet --out both");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("another run is at work in both"), "{said}");
    let (code, said) = whole.sandbox.fails("run e.toml --shard 1/2 --out both");
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("a run of the whole sweep is at work"),
        "{said}"
    );
    let (code, _) = whole.sandbox.fails("run e.toml --force --out both");
    assert_eq!(code, 1, "--force replaces no sweep that is running");
    let output = first.wait_with_output().expect("a child of ours");
    assert!(output.status.success());
    whole.resume("both");
}

/// Five runs that start on one fresh folder at the same moment: one does the work, the others are
/// told so, and the folder ends right.
#[test]
fn five_begin_together() {
    let whole = Whole::new();
    let runs: Vec<Child> = (0..5).map(|_| whole.start("five")).collect();
    let mut winners = 0;
    for run in runs {
        let output = run.wait_with_output().expect("a child of ours");
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => winners += 1,
            code => {
                assert_eq!(code, Some(1), "{said}");
                assert!(said.contains("another run is at work in five"), "{said}");
            }
        }
    }
    assert!(winners > 0);
    whole.resume("five");
}

/// What a run is just making is no damage; of what a killed one left, only files that readers of
/// `runs/*.parquet` would count are.
#[test]
fn a_run_at_work_is_told_from_damage() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", "name = \"e\"\nreplications = 10\n");
    sandbox.ok("run e.toml --quiet --out r");
    sandbox.write("r/runs/.part-00-000000.parquet.whole.1-1.tmp", "half");
    sandbox.write(
        "r/runs/part-00-000001.parquet",
        "whole, and in no ledger yet",
    );
    let ledger = fs::File::open(sandbox.path("r/ledger.jsonl")).expect("the ledger is there");
    ledger.lock_shared().expect("nobody is at work");
    let working = sandbox.ok("status r");
    assert!(
        working.contains("damages       0\na run is at work here"),
        "{working}"
    );
    drop(ledger);
    let left = sandbox.ok("status r");
    assert!(left.contains("damages       1 (`verify`"), "{left}");
    assert!(!left.contains("at work"), "{left}");
    let verified = sandbox.sysworld("verify r").output().expect("it runs");
    let verified = String::from_utf8(verified.stdout).expect("UTF-8");
    let stray = "runs/part-00-000001.parquet: in no ledger";
    let litter = ".part-00-000000.parquet.whole.1-1.tmp: left by a run that was cut short";
    assert!(
        verified.contains(stray) && verified.contains(litter),
        "{verified}"
    );
}
