//! What a results folder holds is of one sweep, whole or told to be unfinished, and nothing else in
//! it is touched.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::sandbox::Sandbox;

/// A few parts, in a moment.
const SWEEP: &str = r#"
name = "sweep"
seed = 1
replications = 3_000
[factors]
chaos_level = ["low", "extreme"]
[output]
formats = ["csv", "parquet"]
"#;

/// The sweep of seed 1 in `one`, and of seed 2 in `two`.
fn two_sweeps() -> (Sandbox, [BTreeMap<PathBuf, Vec<u8>>; 2]) {
    let sandbox = Sandbox::new();
    sandbox.write("1.toml", SWEEP);
    sandbox.write("2.toml", &SWEEP.replace("seed = 1", "seed = 2"));
    sandbox.ok("run 1.toml --quiet --out one");
    sandbox.ok("run 2.toml --quiet --out two");
    let data = ["one", "two"].map(|folder| sandbox.data(folder));
    assert!(data[0] != data[1]);
    (sandbox, data)
}

/// Without the locks and ledgers of shards, which stay until they are merged.
fn unlocked(mut data: BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    data.retain(|path, _| {
        let name = path.display().to_string();
        !name.starts_with(".lock-") && !name.starts_with("ledger-")
    });
    data
}

/// Waits until a file is there and is what it is to be.
fn wait_for(path: &Path, is: impl Fn(&[u8]) -> bool) {
    let begun = Instant::now();
    while !fs::read(path).is_ok_and(|bytes| is(&bytes)) {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{} did not come",
            path.display()
        );
        sleep(Duration::from_millis(1));
    }
}

fn ended(child: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = child.wait_with_output().expect("a child of ours");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

/// `sysworld` under strace, which meddles with its calls as `inject` tells it; `None` where there is no
/// strace that may do so.
fn meddled(sandbox: &Sandbox, inject: &[&str], line: &str) -> Option<Child> {
    let strace = |program: &Path| {
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-o", "/dev/null"])
            .args(inject)
            .arg(program)
            .current_dir(sandbox.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    };
    let works = strace(Path::new("true")).status();
    if !works.is_ok_and(|status| status.success()) {
        let required = std::env::var("SYSWORLD_STRACE_TESTS").is_ok();
        assert!(!required, "no strace here that can inject");
        println!("skipped: no strace here that can inject");
        return None;
    }
    let mut command = strace(assert_cmd::cargo::cargo_bin!("sysworld"));
    Some(command.args(line.split(' ')).spawn().expect("it starts"))
}

/// Two sweeps that begin at once in one new folder, whole or as shards: one has it, the other is
/// refused, and what is there is that of the one.
#[test]
fn two_sweeps_do_not_mix() {
    let (sandbox, data) = two_sweeps();
    for round in 0..3 {
        let out = format!("whole-{round}");
        let runs = [1, 2].map(|seed| {
            let line = format!("run {seed}.toml --quiet --threads 1 --out {out}");
            sandbox.spawn(&line)
        });
        let codes = runs.map(|run| ended(run).0.expect("a code"));
        let winner = codes.iter().position(|code| *code == 0).expect("one wins");
        assert!([1, 2].contains(&codes[1 - winner]), "{codes:?}");
        assert!(sandbox.data(&out) == data[winner], "mixed");

        let out = format!("shards-{round}");
        let shards = [1, 2].map(|seed| {
            let line = format!("run {seed}.toml --quiet --shard {seed}/2 --out {out}");
            sandbox.spawn(&line)
        });
        let [first, second] = shards.map(ended);
        let (winner, loser) = if first.0 == Some(0) {
            (1, second)
        } else {
            (2, first)
        };
        assert_eq!(loser.0, Some(2), "{}", loser.1);
        assert!(loser.1.contains("seed: "), "{}", loser.1);
        let other = 3 - winner;
        sandbox.ok(&format!(
            "run {winner}.toml --quiet --shard {other}/2 --out {out}"
        ));
        sandbox.ok(&format!("merge {out}"));
        assert!(sandbox.data(&out) == data[winner - 1], "mixed");
        sandbox.ok(&format!("verify {out}"));
    }
}

/// A run that is stopped before it locks decides on what it finds after that: it does not write its
/// manifest over that of another sweep, nor over an extension of its own.
#[test]
fn a_delayed_run_decides_late() {
    let (sandbox, data) = two_sweeps();
    sandbox.write("more.toml", &SWEEP.replace("3_000", "4_000"));
    for (late, meanwhile, said) in [
        ("1.toml", "2.toml", "seed: 2 in the folder, 1 now"),
        (
            "1.toml --shard 1/2",
            "2.toml",
            "seed: 2 in the folder, 1 now",
        ),
        (
            "1.toml",
            "more.toml",
            "replications: 4000 in the folder, 3000 now",
        ),
    ] {
        let _ = fs::remove_dir_all(sandbox.path("r"));
        let line = format!("run {late} --quiet --out r");
        let inject = "inject=openat:signal=SIGSTOP:when=1";
        let Some(late) = meddled(&sandbox, &["-P", "r/.lock", "-e", inject], &line) else {
            return;
        };
        // Once it is there, the signal is on its way.
        wait_for(&sandbox.path("r/.lock"), |_| true);
        let below = format!("/proc/{0}/task/{0}/children", late.id());
        let stopped = fs::read_to_string(below).expect("strace has a child");
        sandbox.ok(&format!("run {meanwhile} --quiet --out r"));
        let go_on = Command::new("kill")
            .args(["-CONT", stopped.trim()])
            .status();
        assert!(go_on.expect("there is a kill").success());
        let (code, why) = ended(late);
        assert!(code == Some(2) && why.contains(said), "{code:?} {why}");
        if meanwhile == "2.toml" {
            assert!(unlocked(sandbox.data("r")) == data[1]);
        }
        sandbox.ok("verify r");
    }
}

/// A part of another sweep is not taken for one of this, whether the ledger says so or not.
#[test]
fn a_foreign_part_is_told() {
    let (sandbox, data) = two_sweeps();
    let lines = |folder: &str| -> Vec<String> {
        let text = sandbox.read(&format!("{folder}/ledger.jsonl"));
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let (ours, theirs) = (lines("one"), lines("two"));
    let stamp = |line: &str| -> String {
        let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
        record["stamp"].as_str().expect("a stamp").to_owned()
    };
    assert_ne!(stamp(&ours[1]), stamp(&theirs[1]));
    let forged = theirs[1].replace(&stamp(&theirs[1]), &stamp(&ours[1]));
    for (line, says) in [
        (&theirs[1], "of another sweep"),
        (&forged, "by its metadata"),
    ] {
        let mut mixed = ours.clone();
        mixed[1].clone_from(line);
        sandbox.write("one/ledger.jsonl", &(mixed.join("\n") + "\n"));
        for (path, bytes) in &data[1] {
            if path.display().to_string().contains("part-00-000001") {
                fs::write(sandbox.path("one").join(path), bytes).expect("written");
            }
        }
        let output = sandbox.sysworld("verify one").assert().code(1);
        let said = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
        assert!(said.contains(says), "{said}");
        let (code, said) = sandbox.fails("merge one --out joined");
        assert!(code == 1 && said.contains(says), "{said}");
        let (code, _) = sandbox.fails("replay one --at chaos_level=low --worst");
        assert!(code != 0 || line == &theirs[1], "it was read");
        sandbox.ok("run 1.toml --quiet --out one");
        assert!(sandbox.data("one") == data[0]);
    }
}

/// What is lost while a run is at work is missed at its end: no success, no summary of the rest.
#[test]
fn success_means_that_all_is_there() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &SWEEP.replace("3_000", "12_000"));
    sandbox.ok("run e.toml --quiet --out whole");
    let whole = sandbox.data("whole");
    let shard = "run e.toml --quiet --threads 1 --shard 1/2 --out";
    let plain = "run e.toml --quiet --threads 1 --out";
    for (name, line, ledger) in [
        ("part", plain, "ledger.jsonl"),
        ("counts", shard, "ledger-1-of-2.jsonl"),
        ("ledger", plain, "ledger.jsonl"),
        ("cut", plain, "ledger.jsonl"),
        ("moved", plain, "ledger.jsonl"),
    ] {
        let child = sandbox.spawn(&format!("{line} {name}"));
        let at = |file: &str| sandbox.path(name).join(file);
        wait_for(&at(ledger), |text| !text.is_empty());
        match name {
            "part" => fs::remove_file(at("runs/part-00-000000.csv")),
            "counts" => fs::remove_file(at("counts/part-00-000000.parquet")),
            "ledger" => fs::remove_file(at(ledger)),
            "cut" => fs::write(at("counts/part-00-000000.parquet"), "short"),
            _ => fs::rename(at(""), sandbox.path("elsewhere")),
        }
        .expect("it is there");
        let (code, said) = ended(child);
        assert_eq!(code, Some(1), "{name}: {said}");
        assert!(!at("summary.csv").exists(), "{name}");
        if name == "moved" {
            fs::rename(sandbox.path("elsewhere"), at("")).expect("moved back");
        }
        sandbox.ok(&format!("run e.toml --quiet --out {name}"));
        assert!(unlocked(sandbox.data(name)) == whole, "{name}");
    }
}

/// One failing call of the system, wherever it comes: an error, or the whole result.
#[test]
fn an_error_of_the_system_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &SWEEP.replace("3_000", "300"));
    sandbox.ok("run e.toml --quiet --out whole");
    let whole = sandbox.data("whole");
    let mut failed = 0;
    for (n, (call, error)) in [
        ("getdents64", "EIO"),
        ("getdents64", "EIO"),
        ("statx", "EIO"),
        ("statx", "EIO"),
        ("openat", "EMFILE"),
        ("openat", "EIO"),
        ("rename", "EIO"),
        ("fsync", "EIO"),
    ]
    .into_iter()
    .enumerate()
    {
        for run in [
            "run e.toml --quiet --no-report --threads 1 --out r",
            "merge r --out m",
        ] {
            // Calls before these load the program.
            let when = if call == "openat" { 30 + n } else { 1 + n };
            let inject = format!("inject={call}:error={error}:when={when}");
            let Some(child) = meddled(&sandbox, &["-e", &inject], run) else {
                return;
            };
            let (code, said) = ended(child);
            assert!(!said.contains("panicked"), "{said}");
            if code == Some(0) {
                let out = run.rsplit(' ').next().expect("a folder");
                let mut data = sandbox.data(out);
                let mut whole = whole.clone();
                for data in [&mut data, &mut whole] {
                    data.remove(Path::new("report.html"));
                }
                assert!(data == whole, "{inject} {run}: success with less than all");
            } else {
                failed += 1;
                sandbox.ok("run e.toml --quiet --no-report --out r");
            }
            let _ = fs::remove_dir_all(sandbox.path("m"));
        }
        let _ = fs::remove_dir_all(sandbox.path("r"));
    }
    assert!(failed > 3, "only {failed} errors were met");
}

/// No link is followed, and nothing is truncated: what a user's link leads to stays as it was.
#[test]
fn links_are_not_followed() {
    let (sandbox, data) = two_sweeps();
    sandbox.write("mine", "mine");
    fs::create_dir(sandbox.path("my-folder")).expect("made");
    for (name, target) in [
        (".lock", "../mine"),
        (".lock", "../not-there"),
        ("ledger.jsonl", "../mine"),
        ("runs", "../my-folder"),
        ("manifest.json", "../two/manifest.json"),
    ] {
        let _ = fs::remove_dir_all(sandbox.path("r"));
        fs::create_dir(sandbox.path("r")).expect("made");
        if name != ".lock" {
            let line = "run 1.toml --quiet --shard 1/2 --out r";
            sandbox.ok(line);
        }
        let link = sandbox.path("r").join(name);
        let _ = fs::remove_dir_all(&link);
        let _ = fs::remove_file(&link);
        symlink(target, &link).expect("linked");
        let (code, said) = sandbox.fails("run 1.toml --quiet --out r");
        assert!(
            code == 2 && said.contains(name) && said.contains("link"),
            "{code} {said}"
        );
        assert_eq!(sandbox.read("mine"), "mine", "{name}");
        assert!(!sandbox.path("not-there").exists());
        assert!(
            fs::read_dir(sandbox.path("my-folder"))
                .expect("there")
                .next()
                .is_none()
        );
        assert!(sandbox.data("two") == data[1]);
    }
    // What a lock file holds is not ours to remove, and a copy by hard links is a copy.
    let _ = fs::remove_dir_all(sandbox.path("r"));
    fs::create_dir(sandbox.path("r")).expect("made");
    sandbox.write("r/.lock", "mine");
    sandbox.ok("run 1.toml --quiet --out r");
    assert_eq!(sandbox.read("r/.lock"), "mine");
    fs::create_dir(sandbox.path("copy")).expect("made");
    for name in ["manifest.json", "ledger.jsonl"] {
        let copy = sandbox.path("copy").join(name);
        fs::hard_link(sandbox.path("r").join(name), copy).expect("linked");
    }
    let ledger = sandbox.read("r/ledger.jsonl");
    sandbox.ok("run 1.toml --quiet --out copy");
    assert_eq!(sandbox.read("r/ledger.jsonl"), ledger);
}

/// Names are ours to the letter: a folder with anything else is refused by what it holds, and what
/// is the user's stays through a run and through `--force`.
#[test]
fn what_is_not_ours_is_not_touched() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &SWEEP.replace("3_000", "50"));
    for name in [
        "ledger-2024.jsonl",
        "ledger.jsonl",
        ".mine.tmp",
        ".lock-mine",
        "runs",
    ] {
        fs::create_dir(sandbox.path("mine")).expect("made");
        sandbox.write("mine/.lock", "");
        sandbox.write(&format!("mine/{name}"), "mine");
        for force in ["", " --force"] {
            let (code, said) = sandbox.fails(&format!("run e.toml --quiet --out mine{force}"));
            assert!(code == 2 && said.contains(&format!("`{name}`")), "{said}");
            assert_eq!(sandbox.read(&format!("mine/{name}")), "mine");
        }
        fs::remove_dir_all(sandbox.path("mine")).expect("removed");
    }
    // What systems leave in folders blocks nothing.
    fs::create_dir_all(sandbox.path("r/.ipynb_checkpoints")).expect("made");
    fs::create_dir_all(sandbox.path("r/lost+found")).expect("made");
    for name in [".DS_Store", ".nfs0001", ".gitkeep"] {
        sandbox.write(&format!("r/{name}"), "");
    }
    sandbox.ok("run e.toml --quiet --out r");
    sandbox.ok("report r --plots");
    let mine = [
        "notes.csv",
        "ledger-2024.jsonl",
        ".mine.tmp",
        "runs/.mine.tmp",
        "runs/part-77-7.csv",
        "plots/photo.png",
        "plots/sla_miss-mine.svg",
    ];
    for name in mine {
        sandbox.write(&format!("r/{name}"), "mine");
    }
    sandbox.write("r/runs/.part-00-000000.csv.whole.1-1.tmp", "half");
    sandbox.ok("run e.toml --quiet --out r");
    assert!(
        !sandbox
            .path("r/runs/.part-00-000000.csv.whole.1-1.tmp")
            .exists()
    );
    for line in [
        "run e.toml --quiet --seed 5 --force --out r",
        "summarize r",
        "report r --plots",
        "merge r",
    ] {
        sandbox.ok(line);
        for name in mine {
            assert_eq!(sandbox.read(&format!("r/{name}")), "mine", "{line}: {name}");
        }
    }
    // A folder in the place of a part is named, with what to do.
    fs::remove_file(sandbox.path("r/runs/part-00-000000.csv")).expect("removed");
    fs::create_dir(sandbox.path("r/runs/part-00-000000.csv")).expect("made");
    let (code, said) = sandbox.fails("run e.toml --quiet --seed 5 --out r");
    assert!(
        code == 2 && said.contains("part-00-000000.csv is a folder"),
        "{said}"
    );
    assert!(said.contains("move it away"), "{said}");
}

/// What dead writers leave, and a damaged copy beside a whole one, stand in no merge's way; a merge
/// that was killed and begun again ends in a folder that is whole.
#[test]
fn litter_is_no_data() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    sandbox.ok("run e.toml --quiet --out whole");
    let whole = sandbox.data("whole");
    for folder in ["a", "b"] {
        sandbox.ok(&format!("run e.toml --quiet --shard 1/2 --out {folder}"));
    }
    sandbox.ok("run e.toml --quiet --shard 2/2 --out b");
    sandbox.write("a/counts/.part-00-000000.parquet.1-of-2.1-1.tmp", "half");
    sandbox.write("a/runs/.part-00-000001.csv.2-of-2.1-1.tmp", "half");
    sandbox.write("a/.ledger-1-of-2.jsonl.1-of-2.1-1.tmp", "half");
    fs::copy(
        sandbox.path("b/runs/part-00-000001.csv"),
        sandbox.path("a/runs/part-00-000001.csv"),
    )
    .expect("copied");
    sandbox.write("a/runs/part-00-000000.csv", "damaged");
    let ledger = sandbox.read("b/ledger-1-of-2.jsonl");
    sandbox.write("b/ledger-1-of-2.jsonl", &(ledger.clone() + &ledger[..40]));
    sandbox.ok("merge a b --out joined");
    assert!(sandbox.data("joined") == whole);
    // A shard removes what itself left, and no other's.
    sandbox.ok("run e.toml --quiet --shard 1/2 --out a");
    assert!(
        !sandbox
            .path("a/counts/.part-00-000000.parquet.1-of-2.1-1.tmp")
            .exists()
    );
    assert!(
        sandbox
            .path("a/runs/.part-00-000001.csv.2-of-2.1-1.tmp")
            .exists()
    );
    sandbox.ok("run e.toml --quiet --shard 2/2 --out a");
    sandbox.ok("merge a");
    assert!(sandbox.data("a") == whole);
    for round in 0..6 {
        let out = format!("killed-{}", round / 2);
        let mut merge = sandbox.spawn(&format!("merge b --out {out}"));
        while !sandbox.path(&out).join("counts").exists() && round % 2 == 0 {
            sleep(Duration::from_millis(1));
        }
        sleep(Duration::from_millis(7 * round));
        merge.kill().expect("it can be killed, or is done");
        merge.wait().expect("a child of ours");
    }
    for round in 0..3 {
        let out = format!("killed-{round}");
        sandbox.ok(&format!("merge b --out {out}"));
        assert!(sandbox.data(&out) == whole, "{out}");
        sandbox.ok(&format!("verify {out}"));
    }
}

/// Who writes summaries or a page locks too, and those of an unfinished sweep say so at the top.
#[test]
fn an_unfinished_sweep_is_called_so() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    sandbox.ok("run e.toml --quiet --shard 1/3 --out r");
    let says = "unfinished: 0 of 2 design points are complete, 1 begun; 1 of 3 parts are done";
    for line in ["summarize r", "report r"] {
        let lock = fs::File::open(sandbox.path("r/.lock")).expect("there");
        lock.lock_shared().expect("nobody is at work");
        let (code, said) = sandbox.fails(line);
        assert!(
            code == 1 && said.contains("another run is at work"),
            "{said}"
        );
        drop(lock);
        let output = sandbox
            .sysworld(line)
            .assert()
            .success()
            .get_output()
            .clone();
        let told = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(told.replace('\n', " ").contains(says), "{told}");
    }
    let banner = "<p id=\"unfinished\"";
    assert!(sandbox.read("r/report.html").contains(banner));
    let table = sandbox.ok("summarize r");
    assert!(table.starts_with("unfinished: "), "{table}");
    let (code, said) = sandbox.fails("merge r");
    assert!(code == 1 && said.contains("is missing"), "{said}");
    sandbox.ok("run e.toml --quiet --out r");
    assert!(!sandbox.read("r/report.html").contains(banner));
    assert!(!sandbox.ok("summarize r").contains("unfinished"));
}

/// Shards that begin together find each other's folder, and who looks at it fails no one.
#[test]
fn shards_begin_together() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    sandbox.ok("run e.toml --quiet --out whole");
    for round in 0..4 {
        let out = format!("r{round}");
        let start = |i| {
            sandbox.spawn(&format!(
                "run e.toml --quiet --threads 1 --shard {i}/5 --out {out}"
            ))
        };
        let shards: Vec<Child> = (1..=5).map(start).collect();
        let watch: Vec<Child> = (0..6)
            .map(|_| sandbox.spawn(&format!("status {out}")))
            .collect();
        for child in shards {
            let (code, said) = ended(child);
            assert_eq!(code, Some(0), "{said}");
        }
        for child in watch {
            let (code, said) = ended(child);
            // It may have looked before there was anything.
            let early = said.contains("there is no folder") || said.contains("is not a results");
            assert!(code == Some(0) || code == Some(2) && early, "{said}");
        }
        sandbox.ok(&format!("merge {out}"));
        assert!(sandbox.data(&out) == sandbox.data("whole"));
    }
}

/// A folder that an earlier version of the program wrote is read, gone on with and extended, its
/// parts as they are; one of another model names the program that wrote it, and then a new one is to be
/// kept beside it: `tests/data/results/README.md` says how.
#[test]
fn an_old_folder_is_opened() {
    let sandbox = Sandbox::new();
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/results");
    copy(&old, &sandbox.path("r"));
    fs::rename(sandbox.path("r/experiment.toml"), sandbox.path("e.toml")).expect("renamed");
    let manifest: serde_json::Value =
        serde_json::from_str(&sandbox.read("r/manifest.json")).expect("JSON");
    if manifest["model_version"] != sysworld::simulation::MODEL_VERSION {
        let (code, said) = sandbox.fails("summarize r");
        let version = manifest["version"].as_str().expect("a version");
        assert!(
            code == 2 && said.contains(&format!("written by sysworld {version}")),
            "{said}"
        );
        assert!(!said.contains("damaged"), "{said}");
        return;
    }
    let parts = |data: BTreeMap<PathBuf, Vec<u8>>| -> Vec<_> {
        let parts = data.into_iter();
        parts
            .filter(|(path, _)| path.parent() != Some("".as_ref()))
            .collect()
    };
    let before = parts(sandbox.data("r"));
    let state = sandbox.ok("status r");
    assert!(
        state.contains("parts         2 of 2 finished") && state.contains("damages       0"),
        "{state}"
    );
    sandbox.ok("replay r --at chaos_level=low,skill=mid,sla.target=99 --worst");
    sandbox.ok("run e.toml --quiet --out r");
    sandbox.ok("verify r");
    assert!(parts(sandbox.data("r")) == before, "parts were made again");
    let more = sandbox
        .read("e.toml")
        .replace("replications = 60", "replications = 70");
    sandbox.write("more.toml", &more);
    sandbox.ok("run more.toml --quiet --out r");
    sandbox.ok("verify r");
    let after = parts(sandbox.data("r"));
    assert!(before.iter().all(|part| after.contains(part)) && after.len() > before.len());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("there") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).expect("copied");
        }
    }
}

/// A file system without locks is said to be one, with what to do; with `--no-lock` shards that run side
/// by side in one folder, and their merge, have the bytes of one run.
#[test]
fn without_locks_there_is_a_way() {
    let (sandbox, data) = two_sweeps();
    let lockless = |line: &str| {
        let inject = ["-e", "trace=flock", "-e", "inject=flock:error=ENOSYS"];
        meddled(&sandbox, &inject, line)
    };
    for line in [
        "run 1.toml --quiet --shard 1/2 --out r",
        "run 1.toml --quiet --out r",
    ] {
        let Some(child) = lockless(line) else {
            return;
        };
        let (code, said) = ended(child);
        let told = said.contains("has no locks") && said.contains("--no-lock");
        assert!(code == Some(2) && told, "{code:?} {said}");
        assert!(!sandbox.path("r/manifest.json").exists());
    }
    let shards = [1, 2].map(|shard| {
        lockless(&format!(
            "run 1.toml --quiet --no-lock --shard {shard}/2 --out r"
        ))
        .expect("strace")
    });
    for (code, said) in shards.map(ended) {
        assert_eq!(code, Some(0), "{said}");
    }
    for line in [
        "merge r --no-lock",
        "summarize r --no-lock",
        "report r --no-lock",
    ] {
        let (code, said) = ended(lockless(line).expect("strace"));
        assert_eq!(code, Some(0), "{line}: {said}");
    }
    let mut merged = unlocked(sandbox.data("r"));
    merged.remove(Path::new("report.html"));
    let mut whole = data[0].clone();
    whole.remove(Path::new("report.html"));
    assert!(merged == whole);
}
