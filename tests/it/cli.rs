//! The commands as a user types them.

use std::collections::BTreeMap;
use std::fs;

use sysworld::world::BUILT_IN;

use crate::aggregates::TOTALS;
use crate::sandbox::{Sandbox, shipped};

/// The first command of the README at a small size: its table, to the digit.
#[test]
fn run_prints_a_table_and_writes_the_folder() {
    let sandbox = Sandbox::new();
    let experiment = shipped("experiments/sla_vs_chaos.toml");
    let table = sandbox.ok(&format!("run {experiment} --replications 400"));
    insta::assert_snapshot!("run_table", table);
    let files: Vec<String> = sandbox
        .data("results/sla-vs-chaos")
        .keys()
        .map(|path| path.display().to_string())
        .collect();
    insta::assert_snapshot!("run_files", files.join("\n"));
    let header = |name: &str| {
        let text = sandbox.read(&format!("results/sla-vs-chaos/{name}.csv"));
        text.lines().next().expect("a header").replace(',', "\n")
    };
    insta::assert_snapshot!("design_columns", header("design"));
    insta::assert_snapshot!("summary_columns", header("summary"));
    insta::assert_snapshot!("ttr_columns", header("ttr"));
}

/// Every shipped experiment runs, and answers for each of its design points.
#[test]
fn shipped_experiments_run() {
    let folder = shipped("experiments");
    let mut points = BTreeMap::new();
    for entry in fs::read_dir(&folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        // Those whose answers have to be recorded are run where they are recorded (responders).
        if fs::read_to_string(&path).is_ok_and(|text| text.contains("[recording]")) {
            continue;
        }
        let sandbox = Sandbox::new();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        sandbox.ok(&format!(
            "run {folder}/{name} --replications 2 --quiet --out r"
        ));
        points.insert(name, sandbox.rows("r/summary.csv").len());
    }
    insta::assert_debug_snapshot!(points, @r#"
    {
        "agentos_classic.toml": 12,
        "chaos_curve.toml": 51,
        "month.toml": 18,
        "on_call.toml": 9,
        "redundancy.toml": 12,
        "replicas.toml": 8,
        "sla_vs_chaos.toml": 12,
        "slo_month.toml": 27,
        "time_to_resolve.toml": 6,
    }
    "#);
}

/// The row tables add up: to each other, to the totals of the summary, and within each row.
#[test]
fn tables_agree_with_each_other() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 200\n[factors]\nchaos_level = [\"high\"]\n\
         [output]\ntables = [\"runs\", \"incidents\", \"rounds\"]\nformats = [\"csv\"]\n",
    );
    sandbox.ok("run e.toml --quiet --out r");
    let runs = sandbox.rows("r/runs/part-00-000000.csv");
    let incidents = sandbox.rows("r/incidents/part-00-000000.csv");
    let rounds = sandbox.rows("r/rounds/part-00-000000.csv");
    let summary = sandbox.rows("r/summary.csv").remove(0);
    let ttr = sandbox.rows("r/ttr.csv");
    let sum = |rows: &[BTreeMap<String, String>], column: &str| -> u64 {
        rows.iter()
            .map(|row| row[column].parse::<u64>().expect("a count"))
            .sum()
    };
    assert_eq!((runs.len(), rounds.len()), (200, 200 * 15));
    for total in TOTALS {
        assert_eq!(sum(&runs, total).to_string(), summary[total], "{total}");
    }
    assert_eq!(sum(&runs, "incidents"), incidents.len() as u64);
    assert_eq!(sum(&runs, "up_checks"), sum(&rounds, "servers_up"));
    assert_eq!(sum(&runs, "events"), sum(&rounds, "events"));
    assert_eq!(sum(&runs, "alerts"), sum(&rounds, "alerts"));
    let journey_up = rounds
        .iter()
        .filter(|row| row["journey_up"] == "true")
        .count();
    assert_eq!(sum(&runs, "journey_up_rounds"), journey_up as u64);

    let (open, closed): (Vec<_>, Vec<_>) = incidents
        .into_iter()
        .partition(|row| row["censored"] == "true");
    assert_eq!(sum(&runs, "incidents_open"), open.len() as u64);
    assert_eq!(
        sum(&runs, "ttr_half_rounds"),
        sum(&closed, "ttr_half_rounds")
    );
    assert_eq!(sum(&ttr, "closed"), closed.len() as u64);
    assert_eq!(sum(&ttr, "censored"), open.len() as u64);
    for row in &closed {
        let time = |column: &str| row[column].parse::<u64>().expect("a time");
        assert_eq!(
            time("closed_half_round") - time("opened_half_round"),
            time("ttr_half_rounds")
        );
        assert!(["action", "recovery"].contains(&row["closed_by"].as_str()));
    }
    for row in &open {
        assert_eq!(
            (row["closed_half_round"].as_str(), row["closed_by"].as_str()),
            ("", "")
        );
    }
    let missed = runs.iter().filter(|row| row["sla_met"] == "false").count();
    assert_eq!(missed.to_string(), summary["sla_missed"]);
    let mean: f64 = runs
        .iter()
        .map(|r| r["availability"].parse::<f64>().expect("a share"))
        .sum();
    let stated: f64 = summary["availability"].parse().expect("a share");
    assert!((mean / 200.0 - stated).abs() < 1e-12);
}

/// A factor may be what the tables have a column for.
#[test]
fn rounds_can_be_a_factor() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 3\n[factors]\nrounds = { from = 5, to = 15, step = 5 }\n\
         [output]\nformats = [\"csv\"]\n",
    );
    sandbox.ok("run e.toml --quiet --out r");
    let runs = sandbox.rows("r/runs/part-00-000000.csv");
    let checks: Vec<_> = runs
        .iter()
        .map(|row| (&row["rounds"][..], &row["checks"][..]))
        .collect();
    assert_eq!(checks[..3], [("5.0", "30"); 3]);
    assert_eq!(checks[6..], [("15.0", "90"); 3]);
}

/// A world without a journey has no journey availability: null, not 0.
#[test]
fn missing_is_null() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "w.toml",
        "name = \"w\"\nservers = [{ name = \"a\", type = \"t\" }]\n[skills.s]\n\
         diagnosis_accuracy = 1\nremediation_speed = 1\npanic_threshold = 9\n[chaos_levels]\nc = 1\n",
    );
    sandbox.write(
        "e.toml",
        "name = \"e\"\nworld = \"w.toml\"\nreplications = 1\n[output]\nformats = [\"csv\"]\n",
    );
    sandbox.ok("run e.toml --quiet --out r");
    let run = sandbox.rows("r/runs/part-00-000000.csv").remove(0);
    assert_eq!(
        (
            run["journey_up_rounds"].as_str(),
            run["availability"].as_str()
        ),
        ("", "1.0")
    );
    let summary = sandbox.rows("r/summary.csv").remove(0);
    for empty in [
        "journey_availability",
        "mttr_rounds",
        "mttr_closed_rounds",
        "ttr_p50_rounds",
        "availability_lo",
        "availability_hi",
        "availability_sd",
        "sla_miss_lo",
    ] {
        assert_eq!(summary[empty], "", "{empty}");
    }
    assert_eq!(summary["sla_miss"], "0.0");
}

/// A replication is told round by round, to the letter; quiet keeps header and verdict.
#[test]
fn simulate_tells_a_replication() {
    let sandbox = Sandbox::new();
    let told = sandbox.ok("simulate --chaos-level high --skill mid --seed 42 --replication 3");
    insta::assert_snapshot!("simulate", told);
    let quiet = sandbox.ok("simulate --chaos-level high --skill mid --replication 3 --quiet");
    assert!(told.starts_with(quiet.split("\n\n").next().expect("a header")));
    assert!(told.ends_with(quiet.split("\n\n").last().expect("a verdict")));
    assert!(quiet.lines().count() < 9 && quiet.contains("missed by"));
    let calm = sandbox.ok("simulate --chaos-level low --skill senior --replication 1 --quiet");
    assert!(
        calm.ends_with("SLA 99.9 % server availability: met\n"),
        "{calm}"
    );
}

/// Where stderr is no terminal a long run says how far it is now and then, over all looks; a short
/// one, and a quiet one, say nothing of it.
#[test]
fn a_long_run_says_how_far_it_is() {
    let sandbox = Sandbox::new();
    let text = "name = \"long\"\nreplications = 20_000\n[factors]\n\
                chaos_level = [\"low\", \"medium\", \"high\"]\n\
                [[precision]]\nestimate = \"sla_miss\"\nhalf_width = 0.004\n\
                max_replications = 40_000\n[set]\n\"sla.target\" = 98.8\n";
    sandbox.write("e.toml", text);
    let said = |line: &str| {
        let output = sandbox.sysworld(line).output().expect("the binary runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let often = said("run e.toml --threads 1 --no-report --progress-interval 5 --out often");
    let lines: Vec<&str> = often.lines().filter(|l| l.contains(" % done: ")).collect();
    assert!(lines.len() > 2, "{often}");
    for line in &lines {
        let (percent, rest) = line.split_once(" % done: ").expect("a share");
        assert!(percent.parse::<u8>().is_ok_and(|p| p <= 100), "{line}");
        let numbers: Vec<u64> = rest
            .split([' ', ','])
            .filter_map(|word| word.parse().ok())
            .collect();
        let [done, all, left, ..] = numbers[..] else {
            panic!("{line}");
        };
        assert_eq!(done + left, all, "{line}");
        assert!(
            line.ends_with(" to go") || line.ends_with("time not known yet"),
            "{line}"
        );
    }
    let timed = lines.iter().filter(|line| line.ends_with(" to go"));
    assert!(timed.count() > 0, "{often}");
    let short = said("run e.toml --threads 1 --no-report --out short");
    let only = "results are in short, percent as fractions (3 % is 0.03)\n";
    assert!(short.ends_with(only), "{short}");
    assert!(!short.contains("% done"), "{short}");
    let quiet = "run e.toml --threads 1 --no-report --quiet --progress-interval 5 --out quiet";
    assert_eq!(said(quiet), "");
    assert!(sandbox.data("often") == sandbox.data("short"));
}

/// What `simulate` prints of a server is what its check at assess counted, also where an update
/// follows, and whatever health the world asks for.
#[test]
fn simulate_tells_the_health_that_counted() {
    let sandbox = Sandbox::new();
    // Every update adds 30 % to the disk: its health is 100, 60 and 20 at the three checks.
    sandbox.write(
        "late.toml",
        r#"
        name = "late"
        rounds = 3
        phases = ["chaos", "respond", "assess", "update"]
        up_health = 65
        cpu_per_load = 0
        chaos_levels.one = 1
        metrics.disk_usage.drift = [30, 30]
        metrics.disk_usage.penalties = [{ above = 50, penalty = 80 }, { above = 20, penalty = 40 }]
        servers = [{ name = "s", type = "t" }]
        [skills.one]
        diagnosis_accuracy = 1
        remediation_speed = 1
        panic_threshold = 1
        "#,
    );
    let told = sandbox.ok("simulate --world late.toml");
    let status = told.lines().filter(|line| line.contains("status"));
    let status: Vec<&str> = status
        .map(|line| line.trim().trim_end_matches(" cpu   0 %"))
        .collect();
    let expected = [
        "s OK   health 100",
        "s CRIT health  60",
        "s CRIT health  20",
    ];
    assert_eq!(status, expected.map(|text| format!("status   {text}")));
    assert!(told.contains("(1 of 3 checks)"), "{told}");
}

/// The summary as JSON is the table `summary`.
#[test]
fn json_is_the_summary() {
    let sandbox = Sandbox::new();
    let experiment = shipped("experiments/agentos_classic.toml");
    let text = sandbox.ok(&format!(
        "run {experiment} --replications 50 --format json --out r"
    ));
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json.get("comparisons"), None);
    assert_eq!(json.get("gates"), None);
    let json = json["summary"].as_array().expect("rows");
    let rows = sandbox.rows("r/summary.csv");
    assert_eq!(json.len(), rows.len());
    for (object, row) in json.iter().zip(&rows) {
        for (column, cell) in row {
            let same = match &object[column] {
                serde_json::Value::Null => cell.is_empty(),
                serde_json::Value::String(text) => text == cell,
                number => number.as_f64() == cell.parse().ok(),
            };
            assert!(same, "{column}: {} in JSON, {cell} in CSV", object[column]);
        }
    }
}

/// A printed world is a file to start from: it runs, and gives what the built-in one gives.
#[test]
fn a_printed_world_is_a_world() {
    let sandbox = Sandbox::new();
    insta::assert_snapshot!("worlds", sandbox.ok("worlds"));
    for world in BUILT_IN.map(|world| world.name) {
        sandbox.write("copy.toml", &sandbox.ok(&format!("worlds {world}")));
        assert_eq!(
            sandbox.ok("simulate --world copy.toml"),
            sandbox.ok(&format!("simulate --world {world}"))
        );
    }
}

/// A plan names the points and counts the work, and touches nothing.
#[test]
fn plan_counts() {
    let sandbox = Sandbox::new();
    let plan = sandbox.ok(&format!(
        "plan {}",
        shipped("experiments/sla_vs_chaos.toml")
    ));
    let counted = plan.split("\nsize").next().expect("counts");
    insta::assert_snapshot!("plan", counted);
    let sla = shipped("experiments/sla_vs_chaos.toml");
    let month = shipped("experiments/month.toml");
    let csv = sandbox.ok(&format!("plan --format csv {sla}"));
    assert!(csv.starts_with("point,chaos_level,skill\n") && csv.lines().count() == 13);
    let json = sandbox.ok(&format!("plan --format json {month}"));
    let json: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    let multiplier = json[3]["chaos_multiplier"].as_f64();
    assert_eq!((json.len(), multiplier), (18, Some(0.002)));
    let pilot = sandbox.ok(&format!("plan --pilot --shards 4 {month}"));
    assert!(
        pilot.contains("by a pilot") && pilot.contains("\n4/4 "),
        "{pilot}"
    );
    assert_eq!(
        fs::read_dir(sandbox.path("")).expect("the folder").count(),
        0
    );
}

/// The sizes that a plan says are about those that come, of few design points with many replications
/// and of many with few.
#[test]
fn a_plan_knows_the_sizes() {
    let bytes = |text: &str| -> f64 {
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let number: f64 = words.next().expect("a number").parse().expect("a number");
        number
            * [("kB", 1e3), ("MB", 1e6)]
                .into_iter()
                .find(|(unit, _)| words.clone().next() == Some(unit))
                .expect("a unit")
                .1
    };
    for (levels, replications) in [(4, 20_000), (5_000, 1), (300, 50)] {
        let sandbox = Sandbox::new();
        let step = format!("{{ from = 0, to = {}, step = 1 }}", levels - 1);
        let experiment = format!(
            "name = \"e\"\nreplications = {replications}\n[factors]\n\"base_traffic\" = {step}\n\
             [output]\nformats = [\"csv\", \"parquet\"]\n"
        );
        sandbox.write("e.toml", &experiment);
        let plan = sandbox.ok("plan e.toml");
        let (_, said) = plan.split_once("\nsize ").expect("the size");
        let (rows, said) = said.split_once(" of row tables, ").expect("rows");
        let (tables, _) = said.split_once(" of summary tables").expect("tables");
        sandbox.ok("run e.toml --quiet --no-report --out r");
        let (mut row_files, mut table_files) = (0.0, 0.0);
        for (path, file) in sandbox.data("r") {
            match path.parent().and_then(|folder| folder.to_str()) {
                Some("runs") => row_files += file.len() as f64,
                Some("") => table_files += file.len() as f64,
                _ => {}
            }
        }
        for (said, is) in [(rows, row_files), (tables, table_files)] {
            let ratio = bytes(said) / is;
            assert!(
                (0.5..2.0).contains(&ratio),
                "{levels} × {replications}: {said}, {is}"
            );
        }
    }
}

/// Completions for the shells.
#[test]
fn completions_know_the_commands() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            sandbox
                .ok(&format!("completions {shell}"))
                .contains("summarize"),
            "{shell}"
        );
    }
}
