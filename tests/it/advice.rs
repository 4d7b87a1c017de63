//! What is legal and surely not meant is said on stderr, and stops nothing.

use crate::sandbox::{Sandbox, shipped};

const HEAD: &str = "name = \"e\"\nreplications = 2\n";

/// What `plan` says on stderr of an experiment; stdout is the plan alone.
fn said(text: &str, files: &[(&str, &str)]) -> String {
    let sandbox = Sandbox::new();
    for (name, text) in files {
        sandbox.write(name, text);
    }
    sandbox.write("e.toml", &format!("{HEAD}{text}"));
    let output = sandbox.sysworld("plan e.toml").output().expect("it runs");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(0), "{said}");
    let plan = String::from_utf8(output.stdout).expect("text");
    assert!(!plan.contains("warning"), "{plan}");
    said
}

/// Targets from 98.9 to 99.9 % mean the same where 90 checks are made; from 167 rounds on one of
/// them may fail.
#[test]
fn a_target_that_the_checks_cant_tell_is_said_to_be_one() {
    let text = said("[factors]\n\"sla.target\" = [98.8, 98.9, 99.9, 100]\n", &[]);
    assert!(
        text.contains("99.9 % is finer than 90 checks can tell"),
        "{text}"
    );
    assert!(text.contains("98.9 % and 100 % mean the same"), "{text}");
    assert!(
        text.contains("with 167 rounds or more, 99.9 % allows one failed check"),
        "{text}"
    );
    assert_eq!(text.matches("warning: ").count(), 2, "{text}");
    for enough in [
        "\"rounds\" = [167]",
        "\"sla.target\" = [98.8]",
        "\"sla.target\" = [100]",
    ] {
        assert_eq!(said(&format!("[factors]\n{enough}\n"), &[]), "", "{enough}");
    }
    let journey = "[factors]\n\"sla.indicator\" = [\"journey_availability\"]\n";
    let text = said(journey, &[]);
    assert!(text.contains("15 rounds can tell"), "{text}");
    assert!(text.contains("93.4 % and 100 % mean the same"), "{text}");
    assert!(text.contains("1000 rounds or more"), "{text}");
}

const LOOSE: &str = "\"sla.target\" = [90]\n";
const SECOND_API: &str = "name = \"second-api\"\nextends = \"cloudinfra\"\n\
                          [[servers]]\nname = \"api-2\"\ntype = \"api\"\nservices = [\"app-api\"]\n";

/// An added server dilutes chaos: each scenario is named with its rates; at even rates there is
/// nothing to say.
#[test]
fn worlds_with_more_servers_are_compared_with_a_warning() {
    let factor = format!("[factors]\nworld = [\"cloudinfra\", \"w.toml\"]\n{LOOSE}");
    let text = said(&factor, &[("w.toml", SECOND_API)]);
    assert!(
        text.contains("events are drawn for the production as a whole"),
        "{text}"
    );
    assert!(
        text.contains("`cpu_spike` strikes a server 0.0214 times a round instead of 0.025"),
        "{text}"
    );
    assert!(
        text.contains("chaos.cpu_spike.probability = 0.175"),
        "{text}"
    );
    assert!(!text.contains("database_slowdown"), "{text}");
    let mut even = SECOND_API.to_owned();
    for (scenario, probability) in [
        ("cpu_spike", 0.175),
        ("memory_leak", 0.116_667),
        ("network_partition", 0.058_333),
        ("disk_full", 0.093_333),
        ("service_crash", 0.14),
        ("traffic_surge", 0.116_667),
    ] {
        even += &format!("[[chaos]]\nname = \"{scenario}\"\nprobability = {probability}\n");
    }
    assert_eq!(said(&factor, &[("w.toml", &even)]), "");
    // Without the replica only the rate of the one scenario that strikes databases is doubled.
    let fewer = "name = \"w\"\nextends = \"cloudinfra\"\nremove = [\"servers.db-replica\"]\n\
                 [chaos_levels]\nmedium = 0.833333\n";
    let text = said(&factor, &[("w.toml", fewer)]);
    assert!(
        text.contains("`database_slowdown` strikes a server 0.0833 times a round instead of 0.05"),
        "{text}"
    );
    assert!(!text.contains("cpu_spike"), "{text}");
    assert_eq!(text.matches("warning: ").count(), 1, "{text}");
    // Zones that grow by one server after the other are uneven: that is nothing to even out.
    let counts = "[factors]\n\"servers.api.count\" = [1, 2, 3, 4]\n";
    let shop = format!("world = \"shop\"\n{counts}");
    assert_eq!(said(&shop, &[]), "");
}

/// An SLA of servers beside one of the journey is no comparison.
#[test]
fn indicators_that_differ_are_said_to_differ() {
    let text = said(
        &format!(
            "[factors]\n\"sla.indicator\" = [\"availability\", \"journey_availability\"]\n{LOOSE}"
        ),
        &[],
    );
    assert!(
        text.contains("of the servers at sla.indicator=availability"),
        "{text}"
    );
    assert_eq!(text.matches("warning: ").count(), 1, "{text}");
}

/// Chaos that is multiplied beyond certainty is shown where it is asked for.
#[test]
fn multipliers_beyond_certainty_are_shown() {
    let text = said(
        &format!("[factors]\nchaos_multiplier = [1, 6.6, 7, 40]\n{LOOSE}"),
        &[],
    );
    assert!(text.contains("e.toml:4:29"), "{text}");
    assert!(text.contains("takes `cpu_spike` beyond it"), "{text}");
    assert!(text.contains("one more design point"), "{text}");
    assert!(text.contains("up to a multiplier of 6.67"), "{text}");
    assert_eq!(
        said(
            &format!("[factors]\nchaos_multiplier = [1, 6.6]\n{LOOSE}"),
            &[]
        ),
        ""
    );
}

/// `run` says it before it works, and `--quiet` keeps it to itself; stdout stays what it was.
#[test]
fn advice_is_never_in_the_way() {
    let sandbox = Sandbox::new();
    let run = format!(
        "run {} --replications 2",
        shipped("experiments/sla_vs_chaos.toml")
    );
    let output = sandbox
        .sysworld(&format!("{run} --format json --out a"))
        .output();
    let output = output.expect("it runs");
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(
        said.starts_with("warning: the SLA target of 99.9 %"),
        "{said}"
    );
    assert!(serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok());
    let (code, said) = sandbox.fails(&format!("{run} --quiet --out b"));
    assert_eq!((code, said.as_str()), (0, ""));
}
