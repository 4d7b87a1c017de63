//! `run --gate` and `gate`: exit codes and what is said.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use sysworld::design::Design;
use sysworld::diagnostics::Sources;
use sysworld::experiment::{Experiment, Overrides};
use sysworld::gate::Gate;
use sysworld::results::{Folder, Locking};
use sysworld::statistics::Confidence;
use sysworld::statistics::proportion::{ProportionMethod, proportion};

use crate::sandbox::Sandbox;

const SWEEP: &str = "name = \"gated\"\nreplications = 2000\n[factors]\n\
                     chaos_level = [\"low\", \"high\"]\nskill = [\"junior\", \"senior\"]\n";

fn gated(sandbox: &Sandbox, gates: &[&str]) -> (i32, String, String) {
    let mut command = sandbox.sysworld("run e.toml --out r");
    command.args(gates);
    let output = command.output().expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().expect("an exit code");
    (code, text(output.stdout), text(output.stderr))
}

/// The lines of the gate in an output.
fn told(output: &str) -> String {
    let at = output.find("gate ").expect("the gate is told");
    output[at..].to_owned()
}

#[test]
fn the_exit_code_says_whether_a_gate_holds() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    let mut said = String::new();
    for (gates, expected) in [
        (&["--gate", "sla_miss < 0.9999"][..], 0),
        (&["--gate", "sla_miss<0.3"][..], 3),
        (
            &[
                "--gate",
                "sla_miss < 0.27",
                "--gate-at",
                "chaos_level=low,skill=senior",
            ][..],
            4,
        ),
        (
            &[
                "--gate",
                "mttr_rounds <= 3",
                "--gate",
                "nines > 0.1",
                "--gate-at",
                "skill=senior",
            ][..],
            0,
        ),
        (
            &[
                "--gate",
                "ttr_p99_rounds < 2",
                "--gate-at",
                "chaos_level=high",
            ][..],
            3,
        ),
    ] {
        let (code, out, _) = gated(&sandbox, gates);
        said += &format!("{}\n{}\n", gates.join(" "), told(&out));
        assert_eq!(code, expected, "{gates:?}\n{out}");
    }
    assert_snapshot!("told", said);
}

/// The decision of each point of a wider family rests on a wider interval, the exact one that is
/// printed, although the table shows Wilson's.
#[test]
fn the_error_of_the_family_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    let check = |gates: &[&str], decisions: usize| {
        let (_, out, _) = gated(&sandbox, gates);
        let told = told(&out);
        let line = told.lines().find(|l| l.contains("level=low,skill=senior"));
        let numbers = line.and_then(|l| l.split_once("senior  ")?.1.split_once(']'));
        let numbers = numbers.map(|(numbers, _)| numbers.replace(['%', '[', ','], ""));
        let numbers: Vec<f64> = numbers
            .expect("an estimate with its interval")
            .split_whitespace()
            .map(|number| number.parse().expect("a number"))
            .collect();
        let missed = (20.0 * numbers[0]).round() as u64;
        let level = Confidence::default().shared_by(decisions).expect("a level");
        let exact = proportion(missed, 2000, ProportionMethod::ClopperPearson, level);
        let exact = exact.and_then(|exact| exact.interval).expect("an interval");
        let printed = format!("{:.3} {:.3}", numbers[1], numbers[2]);
        let exact = format!("{:.3} {:.3}", 100.0 * exact.lo, 100.0 * exact.hi);
        assert_eq!(printed, exact);
    };
    let one = ["--gate", "sla_miss < 0.3", "--gate-at"];
    check(&[&one[..], &["chaos_level=low,skill=senior"]].concat(), 1);
    check(&one[..2], 4);
    check(&[&one[..2], &["--gate", "availability > 0.5"]].concat(), 8);
}

/// After a look and an extension, the gate is decided on a confidence sequence, which is wider.
#[test]
fn an_extended_sweep_is_gated_on_sequences() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    gated(&sandbox, &["--gate", "sla_miss < 0.3"]);
    let extended = ["--replications", "4000", "--gate", "sla_miss < 0.3"];
    let (code, out, _) = gated(&sandbox, &extended);
    let fresh = {
        let mut command = sandbox.sysworld("run e.toml --out fresh");
        let output = command.args(extended).output().expect("the binary runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert_eq!(code, 3);
    assert_ne!(told(&out), told(&fresh));
    // The summary is that of a fresh run all the same.
    let read = |folder| sandbox.read(&format!("{folder}/summary.csv"));
    assert_eq!(read("r"), read("fresh"));
    let (code, _, said) = gated(
        &sandbox,
        &["--replications", "4000", "--gate", "mttr_rounds < 3"],
    );
    assert_eq!(code, 2);
    assert!(
        said.contains("no interval that holds at every look"),
        "{said}"
    );
}

/// JSON is one document with the verdicts in it, which are also told on stderr.
#[test]
fn json_has_the_verdicts() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    let gates = [
        "--gate",
        "sla_miss < 30%",
        "--gate",
        "nines > 0.1",
        "--format",
        "json",
    ];
    let (code, out, said) = gated(&sandbox, &gates);
    assert_eq!(code, 3);
    assert!(said.contains("gate sla_miss < 0.3 (30 %): fails"), "{said}");
    let json: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(json["summary"].as_array().map(Vec::len), Some(4));
    let [first, second] = [0, 1].map(|gate| &json["gates"][gate]);
    assert_eq!(second["verdict"], "holds");
    for (field, value) in [("gate", "sla_miss < 0.3"), ("verdict", "fails")] {
        assert_eq!(first[field], value);
    }
    assert_eq!(first["bound"], 0.3);
    for (row, summary) in std::iter::zip(
        first["points"].as_array().expect("points"),
        json["summary"].as_array().expect("rows"),
    ) {
        assert_eq!(row["point"], summary["point"]);
        assert_eq!(row["value"], summary["sla_miss"]);
        assert_eq!(row["levels"]["skill"], summary["skill"]);
        let (lo, hi) = (row["lo"].as_f64(), row["hi"].as_f64());
        let verdict = match (lo < Some(0.3), hi < Some(0.3)) {
            (true, true) => "holds",
            (false, false) => "fails",
            _ => "undecided",
        };
        assert_eq!(row["verdict"], verdict);
        assert_eq!(row["why"].is_null(), verdict != "undecided", "{row}");
    }
}

/// A bound in percent is the fraction of the same decimals.
#[test]
fn a_percent_is_a_fraction() {
    for (percent, fraction) in [
        ("sla_miss < 5%", "sla_miss < 0.05"),
        ("sla_miss<0.5 %", "sla_miss < 0.005"),
        ("availability >= 99.9%", "availability >= 0.999"),
        ("availability >= 99.99999%", "availability >= 0.9999999"),
        ("budget_spent_mean <= 80 %", "budget_spent_mean <= 0.8"),
    ] {
        let gate: Gate = percent.parse().expect("a gate");
        assert_eq!(gate.to_string(), fraction);
    }
    for (gate, unit) in [
        ("mttr_rounds < 5%", "in rounds"),
        ("nines > 3%", "in nines"),
        ("downtime_minutes < 3%", "in minutes"),
    ] {
        let said = gate.parse::<Gate>().expect_err("no percent");
        assert!(said.contains(unit), "{said}");
    }
}

/// A gate whose verdict is known beforehand is refused with what it may have meant, before anything
/// is written; all of them at once.
#[test]
fn a_bound_that_nobody_means_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    sandbox.write(
        "long.toml",
        &format!("{SWEEP}rounds = [15, 1440]\nround_minutes = [2]\n"),
    );
    sandbox.write("budget.toml", &format!("{SWEEP}\"sla.target\" = [95]\n"));
    let mut text = String::new();
    for (file, gates) in [
        ("e", &["sla_miss < 5"][..]),
        ("e", &["sla_miss < 1"]),
        ("e", &["sla_miss <= 0"]),
        ("e", &["sla_miss >= 0"]),
        ("e", &["sla_miss < -1"]),
        ("e", &["sla_miss <= 200%"]),
        ("e", &["availability >= 99.9", "availability <= 1"]),
        ("e", &["availability >= 1"]),
        ("e", &["availability_p50 > 1"]),
        ("e", &["nines >= 99.9"]),
        ("e", &["mttr_rounds < 60"]),
        ("e", &["ttr_p90_rounds < 0.5"]),
        ("e", &["downtime_minutes > 99999"]),
        ("e", &["budget_spent_mean < 2"]),
        ("budget", &["budget_spent_mean < 80"]),
        // Known at the short window only, so that the long one decides.
        ("long", &["mttr_rounds > 20"]),
        ("long", &["mttr_rounds < 3000"]),
    ] {
        let mut command = sandbox.sysworld(&format!("run {file}.toml --out r"));
        for gate in gates {
            command.args(["--gate", gate]);
        }
        let output = command.output().expect("the binary runs");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{gates:?}: {said}");
        text += &format!("{}\n{said}\n", gates.join(", "));
    }
    assert!(!sandbox.path("r").exists());
    assert_snapshot!("bounds", text);
}

/// Where no incident happened there is no time to resolve: that is said, and more replications are
/// not advised.
#[test]
fn without_incidents_there_is_nothing_to_decide_on() {
    let sandbox = Sandbox::new();
    let calm = "name = \"calm\"\nreplications = 200\nworld = \"w.toml\"\n[factors]\n\
                chaos_multiplier = [0]\n";
    sandbox.write("e.toml", calm);
    sandbox.write(
        "w.toml",
        "extends = \"cloudinfra\"\nname = \"calm\"\nup_health = 0\n",
    );
    let (code, out, said) = gated(&sandbox, &["--gate", "mttr_rounds < 5"]);
    assert_eq!(code, 4);
    let expected = "no incident in 200 replications: nothing to decide on";
    assert!(out.contains(expected), "{out}");
    assert!(said.contains("where no incident happens"), "{said}");
    assert!(!said.contains("more replications"), "{said}");
    let row = &sandbox.rows("r/summary.csv")[0];
    assert_eq!(
        (row["incidents"].as_str(), row["mttr_rounds"].as_str()),
        ("0", "")
    );
}

/// A finished folder is gated as `run --gate` does, and not touched, even where it can't be.
#[test]
fn a_folder_is_gated_without_writing() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    let gates = ["sla_miss < 27%", "mttr_rounds <= 3"];
    let at = "skill=senior";
    let (code, out, _) = gated(
        &sandbox,
        &["--gate", gates[0], "--gate", gates[1], "--gate-at", at],
    );
    let before = stamps(&sandbox.path("r"));
    let output = sandbox
        .sysworld("gate r")
        .args(gates)
        .args(["--at", at])
        .output();
    let output = output.expect("the binary runs");
    assert_eq!(output.status.code(), Some(code));
    assert_eq!(String::from_utf8_lossy(&output.stdout), told(&out));
    assert!(stamps(&sandbox.path("r")) == before, "the folder changed");
    let mut json = sandbox.sysworld("gate r --format json");
    let json = json.args(gates).args(["--at", at]).output();
    let json = json.expect("the binary runs").stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json["gates"].as_array().map(Vec::len), Some(2));
    // On a mount that nobody can write to, where the system lets us make one.
    let program = assert_cmd::cargo::cargo_bin!("sysworld").display();
    let script = format!(
        "mount --bind r r && mount -o remount,ro,bind r && ! touch r/x 2>/dev/null || exit 99\n\
         exec {program} gate r '{}' '{}' --at {at}",
        gates[0], gates[1]
    );
    let mut mounted = std::process::Command::new("unshare");
    mounted.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
    let mounted = mounted.current_dir(sandbox.path("")).output();
    match mounted {
        Ok(output) if output.status.code() == Some(code) => {
            assert_eq!(String::from_utf8_lossy(&output.stdout), told(&out));
        }
        Ok(output) if !matches!(output.status.code(), Some(1 | 99)) => {
            panic!("{}", String::from_utf8_lossy(&output.stderr))
        }
        _ => println!("skipped: no read-only mount can be made here"),
    }
}

/// Each file and folder with its bytes and the time of its last change.
fn stamps(folder: &Path) -> Vec<(PathBuf, i64, i64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let facts = fs::metadata(&path).expect("it is there");
        let bytes = fs::read(&path).unwrap_or_default();
        if facts.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder");
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
        }
        found.push((path, facts.ctime(), facts.ctime_nsec(), bytes));
    }
    found.sort();
    found
}

/// What is not finished is not gated: the verdict would be one on a look that nobody planned.
#[test]
fn an_unfinished_folder_is_not_gated() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", &SWEEP.replace("2000", "20000"));
    sandbox.ok("run e.toml --quiet --shard 1/2 --out r");
    let gate = |gate: &str| {
        let output = sandbox.sysworld("gate r").arg(gate).output();
        let output = output.expect("the binary runs");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        (output.status.code().expect("a code"), said)
    };
    let (code, said) = gate("sla_miss < 30%");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("r: unfinished: "), "{said}");
    assert!(said.contains("`run` goes on"), "{said}");
    // Shards that are all there need no merge to be gated.
    sandbox.ok("run e.toml --quiet --shard 2/2 --out r");
    assert_eq!(gate("sla_miss < 30%").0, 3);
    let (code, said) = gate("sla_miss < 30");
    assert!(
        code == 2 && said.contains("Did you mean `sla_miss < 30%`"),
        "{said}"
    );
    // Both commands know both names of the option.
    for at in ["--at", "--gate-at"] {
        let levels = [
            at,
            "chaos_level=low,skill=senior",
            "--gate",
            "sla_miss < 60%",
        ];
        assert_eq!(gated(&sandbox, &levels).0, 0, "run {at}");
        let mut command = sandbox.sysworld("gate r");
        let command = command.args(["sla_miss < 60%", at, "chaos_level=low,skill=senior"]);
        let code = command.output().expect("the binary runs").status.code();
        assert_eq!(code, Some(0), "gate {at}");
    }
    // So is one whose precision asks for more, here as killed before its first look.
    let precise = |half_width: f64| {
        format!(
            "{SWEEP}[[precision]]\nestimate = \"sla_miss\"\nhalf_width = {half_width}\n\
             max_replications = 4000\n"
        )
    };
    sandbox.write("e.toml", &precise(0.49));
    sandbox.ok("run e.toml --quiet --force --out r");
    assert_eq!(gate("sla_miss < 30%").0, 3);
    let tight = sandbox.write("tight.toml", &precise(0.001));
    let design = Experiment::load(&tight, &Overrides::default(), &mut Sources::default())
        .and_then(Design::new)
        .expect("an experiment");
    drop(
        Folder::open(&sandbox.path("r"), design, None, false, Locking::System)
            .expect("it is extended"),
    );
    let (code, said) = gate("sla_miss < 30%");
    assert_eq!(code, 1, "{said}");
    let more = "unfinished: 4 of 4 design points get more replications by [[precision]]";
    assert!(said.contains(more), "{said}");
    // Table and page say so too.
    let table = sandbox.ok("summarize r");
    assert!(table.starts_with(more), "{table}");
    sandbox.ok("report r");
    let page = sandbox.read("r/report.html");
    let banner = "class=\"banner\">This sweep is unfinished: 4 of 4 design points are not known as precisely";
    assert!(page.contains(banner));
    assert!(
        sandbox
            .ok("status r")
            .contains("4 of 4 design points are to get more")
    );
}

#[test]
fn gates_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    for (gates, expected) in [
        (&["--gate", "sla_mis < 0.1"][..], "did you mean `sla_miss`?"),
        (
            &["--gate", "sla_miss = 0.1"],
            "an estimate, a comparison and a number",
        ),
        (
            &["--gate", "sla_miss < much"],
            "an estimate, a comparison and a number",
        ),
        (
            &["--gate", "sla_miss < nan"],
            "an estimate, a comparison and a number",
        ),
        // Who writes a percent is not told to write one.
        (
            &["--gate", "sla_miss < 100%"],
            "the gate `sla_miss < 100%` can't fail, so it decides nothing: `sla_miss` is 0% to 100%, and no \
             number of replications shows that it is exactly 100%. Allowed: a bound between 0% and 100%\n",
        ),
        (
            &[
                "--gate",
                "budget_spent_mean < -5%",
                "--set",
                "sla.target=95",
            ],
            "is a share of the error budget, 0% to 2250%. Allowed",
        ),
        (&["--gate", "sla_miss < 5"], "Did you mean `sla_miss < 5%`"),
        (
            &["--gate", "availability >= 0.999%"],
            "Did you mean `availability >= 99.9%`? If not, write the fraction: `availability >= 0.00999`",
        ),
        (&["--gate-at", "skill=mid"], "--gate"),
        (
            &["--gate", "sla_miss < 0.5", "--gate-at", "skill=mid"],
            "has no level `mid`",
        ),
        (
            &["--gate", "sla_miss < 0.5", "--gate-at", ","],
            "--gate-at needs levels",
        ),
        (
            &["--gate", "sla_miss < 0.5", "--gate-at", "skil=mid"],
            "did you mean `skill`?",
        ),
        (
            &["--gate", "sla_miss < 0.5", "--shard", "1/2"],
            "cannot be used with",
        ),
    ] {
        let (code, _, said) = gated(&sandbox, gates);
        assert_eq!(code, 2, "{gates:?}");
        assert!(said.contains(expected), "{gates:?}: {said}");
    }
    assert!(!sandbox.path("r").exists());
}

/// Where an availability may be 1 its nines have no upper end, and a gate on them says the same as
/// one on the availability.
#[test]
fn nines_without_an_upper_end_still_hold() {
    let sandbox = Sandbox::new();
    let one_round = SWEEP
        .replace("2000", "200")
        .replace("\"high\"", "\"medium\"");
    sandbox.write("e.toml", &format!("{one_round}rounds = [1]\n"));
    let senior = ["--gate-at", "skill=senior"];
    for gate in ["availability > 0.9", "nines > 1"] {
        let (code, out, _) = gated(&sandbox, &[&["--gate", gate][..], &senior].concat());
        assert_eq!(code, 0, "{gate}: {out}");
    }
    let rows = sandbox.rows("r/summary.csv");
    let endless = rows.iter().filter(|row| row["availability_hi"] == "1.0");
    let mut seen = 0;
    for row in endless {
        let lo: f64 = row["availability_lo"].parse().expect("a number");
        let nines: f64 = row["nines_lo"].parse().expect("a number");
        assert!((nines + (1.0 - lo).log10()).abs() < 1e-12);
        assert_eq!(row["nines_hi"], "");
        seen += 1;
    }
    assert!(seen > 0, "no interval reaches 1");
}
