//! `run --gate`: exit codes and what is said.

use insta::assert_snapshot;
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
        let numbers = numbers.map(|(numbers, _)| numbers.replace(['[', ','], ""));
        let numbers: Vec<f64> = numbers
            .expect("an estimate with its interval")
            .split_whitespace()
            .map(|number| number.parse().expect("a number"))
            .collect();
        let missed = (2000.0 * numbers[0]).round() as u64;
        let level = Confidence::default().shared_by(decisions).expect("a level");
        let exact = proportion(missed, 2000, ProportionMethod::ClopperPearson, level);
        let exact = exact.and_then(|exact| exact.interval).expect("an interval");
        let printed = format!("{:.5} {:.5}", numbers[1], numbers[2]);
        assert_eq!(printed, format!("{:.5} {:.5}", exact.lo, exact.hi));
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

/// Beside JSON the gate is told on stderr.
#[test]
fn json_stays_json() {
    let sandbox = Sandbox::new();
    sandbox.write("e.toml", SWEEP);
    let (code, out, said) = gated(&sandbox, &["--format", "json", "--gate", "sla_miss < 0.3"]);
    assert_eq!(code, 3);
    assert!(said.contains("gate sla_miss < 0.3: fails"), "{said}");
    assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok());
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
        (&["--gate-at", "skill=mid"], "--gate"),
        (
            &["--gate", "sla_miss < 1", "--gate-at", "skill=mid"],
            "has no level `mid`",
        ),
        (
            &["--gate", "sla_miss < 1", "--gate-at", ","],
            "--gate-at needs levels",
        ),
        (
            &["--gate", "sla_miss < 1", "--gate-at", "skil=mid"],
            "did you mean `skill`?",
        ),
        (
            &["--gate", "sla_miss < 1", "--shard", "1/2"],
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
