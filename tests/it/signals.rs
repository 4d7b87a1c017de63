//! Stopping: heard wherever the time goes, and only where whoever started the program wants it.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::sandbox::Sandbox;

/// Long enough for a machine at work; a summary that hears nothing takes minutes.
const SOON: Duration = Duration::from_secs(20);

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill")
        .args([&format!("-{name}"), id.as_str()])
        .status();
    assert!(sent.expect("there is a kill").success());
}

/// Waits until the program listens to a signal, by its number.
fn listens(child: &Child, number: u32) {
    let status = format!("/proc/{}/status", child.id());
    let begun = Instant::now();
    let caught = || {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
    };
    while !caught() {
        assert!(begun.elapsed() < SOON, "it does not listen");
        sleep(Duration::from_millis(5));
    }
}

fn ends_with(mut child: Child, within: Duration) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status.code();
        }
        assert!(begun.elapsed() < within, "still at work");
        sleep(Duration::from_millis(20));
    }
}

/// A replication of millions of checks, in lanes and one by one, is left when asked.
#[test]
fn a_long_replication_is_left() {
    let sandbox = Sandbox::new();
    for tables in ["[]", "[\"incidents\"]"] {
        let text = format!(
            "name = \"e\"\nreplications = 100\n[factors]\nrounds = [5_000_000]\n[output]\ntables = {tables}\n"
        );
        sandbox.write("e.toml", &text);
        for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
            let child = sandbox.spawn("run e.toml --quiet --force --threads 1");
            listens(&child, number);
            // Within the first replication, which takes much longer.
            sleep(Duration::from_millis(50));
            signal(&child, name);
            assert_eq!(ends_with(child, SOON), Some(130), "{name}");
        }
    }
    // One that is longer still is refused.
    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 1\n[factors]\nrounds = [300_000_000]\n",
    );
    let (code, said) = sandbox.fails("run e.toml");
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("allowed: at most 134217728"), "{said}");
}

/// A shard ends within 10 s of SIGTERM (schedulers give 30), amid a part, and leaves no damage.
#[test]
fn a_shard_ends_within_ten_seconds() {
    let sandbox = Sandbox::new();
    let text = "name = \"e\"\nreplications = 2_000_000\n[factors]\nskill = [\"junior\", \"senior\"]\n\
                [output]\ntables = [\"runs\", \"incidents\"]\n";
    sandbox.write("e.toml", text);
    for threads in [1, 4] {
        let line = format!("run e.toml --quiet --shard 2/3 --out r --threads {threads}");
        let child = sandbox.spawn(&line);
        listens(&child, 15);
        // In the middle of a part.
        let begun = Instant::now();
        let half_written = || {
            let entries = std::fs::read_dir(sandbox.path("r/runs"))
                .into_iter()
                .flatten();
            let mut names = entries.flatten().map(|entry| entry.file_name());
            names.any(|name| name.to_string_lossy().starts_with(".part"))
        };
        while !half_written() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "no part is begun"
            );
            sleep(Duration::from_millis(5));
        }
        signal(&child, "TERM");
        assert_eq!(ends_with(child, Duration::from_secs(10)), Some(130));
    }
    let status = sandbox.ok("status r");
    assert!(status.contains("damages       0"), "{status}");
}

/// Summaries stop as well, and leave no half table: the ones before stay.
#[test]
fn a_summary_is_left() {
    let sandbox = Sandbox::new();
    let text = "name = \"e\"\nreplications = 10\n[factors]\n\
                chaos_multiplier = { from = 0.01, to = 30, step = 0.01 }\n[output]\ntables = []\n";
    sandbox.write("e.toml", text);
    sandbox.ok("run e.toml --quiet --out r");
    let before = sandbox.data("r");
    let child = sandbox.spawn("summarize r");
    // Its tables have begun.
    let begun = Instant::now();
    while names(&sandbox).iter().all(|name| !name.contains(".ttr.")) {
        assert!(begun.elapsed() < SOON, "no table begins");
        sleep(Duration::from_millis(1));
    }
    signal(&child, "TERM");
    assert_eq!(ends_with(child, SOON), Some(130));
    assert!(sandbox.data("r") == before);
    assert!(names(&sandbox).iter().all(|name| !name.ends_with(".tmp")));
}

/// `nohup` protects a sweep: what is ignored at the start stays ignored.
#[test]
fn ignored_signals_stay_ignored() {
    let sandbox = Sandbox::new();
    let text = "name = \"e\"\nreplications = 1_000_000_000\n[output]\ntables = []\n";
    sandbox.write("e.toml", text);
    for name in ["HUP", "INT"] {
        let program = assert_cmd::cargo::cargo_bin!("sysworld");
        let command = format!("trap '' {name}; exec \"$0\" run e.toml --quiet --force --threads 1");
        let mut child = Command::new("sh")
            .args(["-c", &command])
            .arg(program)
            .current_dir(sandbox.path(""))
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        listens(&child, 15);
        signal(&child, name);
        sleep(Duration::from_millis(200));
        assert!(
            child.try_wait().expect("a child").is_none(),
            "{name} ends it"
        );
        signal(&child, "TERM");
        assert_eq!(ends_with(child, SOON), Some(130), "{name}");
    }
}

/// A limit of the size of a file is an error that is told, worth a retry, and nothing is lost.
#[test]
fn a_limit_of_the_size_of_a_file_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", "name = \"e\"\nreplications = 30_000\n");
    let program = assert_cmd::cargo::cargo_bin!("sysworld");
    let output = Command::new("sh")
        .args(["-c", "ulimit -f 20; exec \"$0\" run e.toml --quiet --out r"])
        .arg(program)
        .current_dir(sandbox.path(""))
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("large"), "{said}");
    sandbox.ok("run e.toml --quiet --out r");
}

fn names(sandbox: &Sandbox) -> Vec<String> {
    let entries = std::fs::read_dir(sandbox.path("r")).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}
