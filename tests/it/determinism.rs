//! The same bytes, always.

use std::fs;

use sysworld::results::Sweep;
use sysworld::sweep::{Part, breadth_first};

use crate::sandbox::Sandbox;

/// Parts end within design points, and one part holds the end of one and the begin of another.
const SEVERAL_PARTS: &str = r#"
name = "several-parts"
replications = 7_000
[factors]
chaos_level = ["low", "extreme"]
skill = ["junior", "senior"]
[output]
tables = ["runs", "incidents", "rounds"]
formats = ["parquet", "csv"]
"#;

/// Any number of threads writes the same files.
#[test]
fn threads_do_not_change_a_byte() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SEVERAL_PARTS);
    sandbox.ok("run e.toml --quiet --threads 1 --out one");
    let one = sandbox.data("one");
    let parts = one.keys().filter(|path| path.starts_with("counts")).count();
    assert!(parts > 8, "only {parts} parts for 4 design points");
    for threads in [2, 5] {
        sandbox.ok(&format!(
            "run e.toml --quiet --threads {threads} --out many --force"
        ));
        assert!(sandbox.data("many") == one, "{threads} threads differ");
    }
}

/// Parts are finished one by one, whatever is written: one thread enters them as they are to be
/// made, the beginnings of all design points first.
#[test]
fn parts_are_finished_as_they_come() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SEVERAL_PARTS);
    sandbox.ok("run e.toml --quiet --threads 1 --out r");
    let Sweep { plan, .. } = Sweep::load(&sandbox.path("r")).expect("a sweep");
    let mut planned: Vec<&Part> = plan.parts.iter().collect();
    breadth_first(&mut planned);
    let planned: Vec<u64> = planned.iter().map(|part| part.id.part.into()).collect();
    let parts: Vec<u64> = sandbox
        .read("r/ledger.jsonl")
        .lines()
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
            record["part"].as_u64().expect("a number")
        })
        .collect();
    assert!(parts.len() > 8 && !parts.is_sorted(), "{parts:?}");
    assert_eq!(parts, planned);
}

/// A sweep that lost parts, ledger lines and the end of its ledger ends with the same bytes.
#[test]
fn what_is_missing_is_run_again() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SEVERAL_PARTS);
    sandbox.ok("run e.toml --quiet --out whole");
    let whole = sandbox.data("whole");

    let ledger = sandbox.read("whole/ledger.jsonl");
    let lines: Vec<&str> = ledger.lines().collect();
    let kept = lines[2..].join("\n");
    let torn = &kept[..kept.len() - 40];
    fs::write(sandbox.path("whole/ledger.jsonl"), torn).expect("the ledger can be written");
    fs::remove_file(sandbox.path("whole/runs/part-00-000005.parquet")).expect("the part is there");
    fs::write(sandbox.path("whole/incidents/part-00-000006.csv"), "cut").expect("written");
    let flipped = sandbox.path("whole/counts/part-00-000008.parquet");
    let mut bytes = fs::read(&flipped).expect("the part is there");
    bytes[100] ^= 4;
    fs::write(&flipped, bytes).expect("written");
    fs::write(
        sandbox.path("whole/rounds/.part-00-000001.csv.whole.1-1.tmp"),
        "half",
    )
    .expect("written");

    let before = fs::metadata(sandbox.path("whole/runs/part-00-000007.parquet")).expect("there");
    sandbox.ok("run e.toml --quiet --out whole");
    assert!(sandbox.data("whole") == whole);
    let after = fs::metadata(sandbox.path("whole/runs/part-00-000007.parquet")).expect("there");
    assert_eq!(
        before.modified().ok(),
        after.modified().ok(),
        "a finished part was touched"
    );
}

/// The summary tables come out of the stored counts again, byte for byte.
#[test]
fn summarize_repeats_the_summary() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SEVERAL_PARTS);
    sandbox.ok("run e.toml --quiet --out r");
    let before = sandbox.data("r");
    for name in ["summary.csv", "summary.parquet", "ttr.csv", "ttr.parquet"] {
        fs::remove_file(sandbox.path(&format!("r/{name}"))).expect("the table is there");
    }
    sandbox.ok("summarize r");
    assert!(sandbox.data("r") == before);
}

/// A point has one key and one result whatever else the experiment asks, unless random numbers
/// are asked to be independent.
#[test]
fn a_point_is_the_same_in_every_experiment() {
    let sandbox = Sandbox::new();
    let run = |name: &str, levels: &str, more: &str| {
        let text = format!(
            "name = \"{name}\"\nreplications = 500\n{more}\n[factors]\nskill = [{levels}]\n\
             [output]\nformats = [\"csv\"]\n"
        );
        sandbox.write("e.toml", &text);
        sandbox.ok(&format!("run e.toml --quiet --out {name}"));
        let rows = sandbox.rows(&format!("{name}/summary.csv"));
        let senior = rows.into_iter().find(|row| row["skill"] == "senior");
        senior.expect("a row for senior")
    };
    let alone = run("alone", "\"senior\"", "");
    assert_eq!(alone, run("last", "\"junior\", \"mid\", \"senior\"", ""));
    let own = run("own", "\"senior\"", "random_numbers = \"independent\"");
    assert_eq!(alone["point"], own["point"]);
    assert_ne!(alone["events"], own["events"]);
}

/// `replay` tells the very replication that the sweep counted, also the worst and the best.
#[test]
fn replay_reproduces_the_row() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SEVERAL_PARTS);
    sandbox.ok("run e.toml --quiet --replications 300 --seed 7 --out r");
    let rows: Vec<_> = (0..)
        .map(|part| format!("r/runs/part-00-{part:06}.csv"))
        .take_while(|name| sandbox.path(name).exists())
        .flat_map(|name| sandbox.rows(&name))
        .filter(|row| row["chaos_level"] == "extreme" && row["skill"] == "junior")
        .collect();
    assert_eq!(rows.len(), 300);
    let up = |n: usize| rows[n]["up_checks"].parse::<u32>().expect("a count");
    let worst = (0..300).min_by_key(|n| (up(*n), *n)).expect("rows");
    let best = (0..300).max_by_key(|n| (up(*n), 300 - *n)).expect("rows");
    for (which, n) in [
        ("--replication 17", 17),
        ("--worst", worst),
        ("--best", best),
    ] {
        let by_levels = sandbox.ok(&format!(
            "replay r --at chaos_level=extreme,skill=junior {which}"
        ));
        let by_key = sandbox.ok(&format!("replay r --point {} {which}", rows[n]["point"]));
        assert_eq!(by_levels, by_key);
        let row = &rows[n];
        for said in [
            format!("replication {n}\n"),
            format!("({} of 90 checks)", row["up_checks"]),
            format!("({} of 15 rounds)", row["journey_up_rounds"]),
            format!(
                "incidents             {} ({} open",
                row["incidents"], row["incidents_open"]
            ),
            format!(
                "{} events, {} of {} alerts",
                row["events"], row["alerts_handled"], row["alerts"]
            ),
        ] {
            assert!(by_key.contains(&said), "no {said:?} in\n{by_key}");
        }
    }
}

/// A value that is set on the command line is the value of an edited world, and is in the manifest.
#[test]
fn set_is_an_edit_of_the_world() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", "name = \"e\"\nreplications = 300\n");
    sandbox.write(
        "w.toml",
        "name = \"cloudinfra\"\nextends = \"cloudinfra\"\n[sla]\ntarget = 95\n\
         [[chaos]]\nname = \"cpu_spike\"\nprobability = 0.3\n",
    );
    sandbox.write(
        "f.toml",
        "name = \"e\"\nworld = \"w.toml\"\nreplications = 300\n",
    );
    let set = "--set chaos.cpu_spike.probability=0.3 --set sla.target=95";
    sandbox.ok(&format!("run e.toml --quiet --out set {set}"));
    sandbox.ok("run f.toml --quiet --out edited");
    assert!(sandbox.data("set") == sandbox.data("edited"));
    assert!(
        sandbox
            .ok("replay set --worst --quiet")
            .contains("SLA 95 %")
    );
    let text = "--set sla.indicator=journey_availability";
    assert!(
        sandbox
            .ok(&format!("run e.toml --out text {text}"))
            .contains("SLA miss %")
    );
    for (wrong, says) in [
        ("--set sla.tarket=95", "did you mean `target`?"),
        ("--set sla.target", "is not path=value"),
        ("--set sla.target=old", "can't become a string"),
        ("--set sla.target=101", "0 to 100"),
        (
            "--set sla.target=0.999",
            "did you mean 99.9, that is 99.9 %?",
        ),
    ] {
        let mut command = sandbox.sysworld(&format!("run e.toml --out wrong {wrong}"));
        let output = command.assert().code(2).get_output().clone();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(says), "{said}");
        assert!(!sandbox.path("wrong").exists());
    }
}
