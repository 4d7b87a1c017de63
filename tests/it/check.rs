//! `check`: all errors of a file and of what it refers to, or else what is surely not meant.

use std::fs;

use crate::sandbox::{Sandbox, shipped};

/// Two servers that crash and can be repaired; nothing in it is idle.
const TINY: &str = r#"
name = "tiny"
rounds = 2000
sla.target = 99
journey = { entry = "app" }
servers = [
    { name = "app-1", type = "app", services = ["app"] },
    { name = "app-2", type = "app", services = ["app"] },
]
chaos = [{ name = "crash", probability = 0.1, duration = 1, effects = [{ crash_service = {} }] }]
remediation = [{ name = "restart", success_rate = 0.1, cooldown = 1, effects = [{ restart_service = {} }] }]
runbook_default = { action = "restart" }
skills.mid = { diagnosis_accuracy = 1.0, remediation_speed = 1.0, panic_threshold = 4 }
chaos_levels.medium = 1.0
"#;

/// What `check` says of a world that is good.
fn advised(world: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.write("w.toml", world);
    sandbox.ok("check w.toml")
}

/// Needs, optional dependencies and symptoms from which nothing follows.
#[test]
fn services_that_nobody_asks_for_are_named() {
    let optional = "service_dependencies.app = [{ service = \"log\", optional = true }]\n\
                    services.log.needs = 2\n";
    let world = TINY.replace("[\"app\"]", "[\"app\", \"log\"]");
    let text = advised(&format!("{world}{optional}"));
    for said in [
        "the optional dependency on `log` changes nothing",
        "what the service `log` needs changes nothing",
    ] {
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(text.matches("warning: ").count(), 2, "{text}");
    let nothing = "w.toml: no errors, nothing to advise\n";
    let penalty = "dependency_penalty = 10\n";
    assert_eq!(advised(&format!("{penalty}{world}{optional}")), nothing);
    let needed = optional.replace("optional = true", "optional = false");
    assert_eq!(advised(&format!("{world}{needed}")), nothing);
    let text = advised(&format!("{penalty}{world}"));
    assert!(text.contains("no dependency can be down"), "{text}");
}

/// Each thing that can't have been meant is named at its place, and nothing else is.
#[test]
fn what_is_legal_and_never_acts_is_named() {
    assert_eq!(advised(TINY), "w.toml: no errors, nothing to advise\n");
    let effect = |effect: &str| {
        TINY.replace(
            "chaos = [",
            &format!("chaos = [{{ name = \"odd\", probability = 0.1, duration = 3, effects = [{effect}] }}, "),
        )
    };
    let with_cpu = |cpu: &str| format!("{}\nmetrics.cpu_usage = {{ {cpu} }}\n", TINY.trim_end());
    let cases: [(&str, String, &[&str]); 16] = [
        (
            "an effect on an undeclared metric",
            effect("{ hold = { metric = \"disk_usage\", value = 98 } }"),
            &["`odd` changes `disk_usage`, of which nothing follows", "`odd` can never bring a server down"],
        ),
        (
            "an error rate that nobody is alerted of",
            effect("{ multiply = { quantity = \"error_rate\", factor = 3 } }, { isolate = {} }"),
            &["`odd` changes `error_rate`, of which nothing follows"],
        ),
        (
            "an effect on types that are never struck",
            effect("{ isolate = {} }").replace(
                "effects = [{ isolate = {} }]",
                "target_types = [\"app\"], effects = [{ isolate = {} }, { isolate = { server_types = [\"db\"] } }]",
            )
            .replace("servers = [", "servers = [{ name = \"db\", type = \"db\", services = [\"db\"] }, "),
            &["limited to server types that it never strikes"],
        ),
        (
            "an alert above all that can be",
            with_cpu("initial = [10, 90], warning = 70, critical = 100, penalties = [{ above = 70, penalty = 60 }]"),
            &["the critical alert on `cpu_usage` can't rise"],
        ),
        (
            "two thresholds that are one",
            with_cpu("initial = [10, 30], warning = 40, critical = 40"),
            &["the warning alert on `cpu_usage` can't rise"],
        ),
        (
            "a line for an alert that can't rise",
            TINY.replace("runbook_default", "runbook = [{ alert = \"network\", action = \"restart\" }]\nrunbook_default"),
            &["this line of the runbook answers no alert: `network`"],
        ),
        (
            "a line that others outweigh",
            TINY.replace(
                "runbook_default",
                "runbook = [{ alert = \"health\", action = \"restart\" }, \
                 { alert = \"health\", level = \"critical\", action = \"restart\" }]\nrunbook_default",
            ),
            &["lines with more conditions answer all alerts"],
        ),
        (
            "a level that the alert never has",
            TINY.replace("runbook_default", "runbook = [{ alert = \"service_down\", level = \"warning\", action = \"restart\" }]\nrunbook_default"),
            &["answers no alert: `service_down`, `warning`"],
        ),
        (
            "an action that nothing leads to",
            TINY.replace("remediation = [", "remediation = [{ name = \"pray\", success_rate = 1, cooldown = 1, effects = [{ end = \"all\" }] }, "),
            &["the action `pray` can never be used"],
        ),
        (
            "an action by mistake alone",
            TINY.replace("remediation = [", "remediation = [{ name = \"pray\", success_rate = 1, cooldown = 1, effects = [{ end = \"all\" }] }, ")
                .replace("diagnosis_accuracy = 1.0", "diagnosis_accuracy = 0.9"),
            &["the action `pray` is only used by mistake"],
        ),
        (
            "a scenario without end",
            effect("{ isolate = {} }").replace("duration = 3", "duration = 0"),
            &["`odd` lasts until the end of the replication"],
        ),
        (
            "crashes without a restart",
            TINY.replace("{ restart_service = {} }", "{ end = \"all\" }"),
            &["no action has `restart_service`"],
        ),
        (
            "chaos beyond certainty",
            TINY.replace("chaos_levels.medium = 1.0", "chaos_levels = { medium = 1.0, storm = 20 }"),
            &["the chaos level `storm` multiplies by 20, and a probability of 0.1 by no more than 10"],
        ),
        (
            "two alerts, one crash, two repairs",
            TINY.replace("cooldown = 1", "cooldown = 0"),
            &["raises two alerts, `service_down` and `health`"],
        ),
        (
            "a shock that is drawn over",
            format!("{}metrics.latency_p99 = {{ critical = 100, bands = [{{ range = [1, 200] }}] }}\n",
                effect("{ shock = { quantity = \"latency_p99\", set = 500 } }, { isolate = {} }")),
            &["which is drawn anew before anyone looks"],
        ),
        (
            "a target that the checks can't tell",
            TINY.replace("rounds = 2000", "rounds = 10"),
            &["the SLA target of 99 % is finer than 20 checks can tell"],
        ),
    ];
    for (what, world, expected) in cases {
        let said = advised(&world);
        for text in expected {
            assert!(said.contains(text), "{what}\n{world}\n{said}");
        }
        let warnings = said.matches("warning: ").count();
        assert_eq!(warnings, expected.len(), "{what}\n{said}");
    }
}

/// Where the crash alone leaves health above the threshold there is one alert; so there is where the
/// repair can't fail, or cools down.
#[test]
fn one_attempt_a_round_is_no_advice() {
    let twice = TINY.replace("cooldown = 1", "cooldown = 0");
    for once in [
        twice.replace("rounds = 2000", "rounds = 2000\nservice_down_penalty = 49"),
        twice.replace("success_rate = 0.1", "success_rate = 1"),
    ] {
        assert!(!advised(&once).contains("two alerts"), "{once}");
    }
    // An attempt by another action is one too.
    let other = TINY
        .replace("remediation = [", "remediation = [{ name = \"reboot\", success_rate = 0.5, cooldown = 1, effects = [{ restart_service = {} }] }, ")
        .replace("runbook_default", "runbook = [{ alert = \"health\", action = \"reboot\" }]\nrunbook_default");
    let said = advised(&other);
    assert!(
        said.contains("two a round, by `restart` and `reboot`"),
        "{said}"
    );
}

/// What is said of the shipped files is true of them: cloudinfra's target, and the scenario that only
/// raises alerts; what agentos-classic took over and does not use; no scenario is weakened.
#[test]
fn shipped_files_have_the_advice_that_is_true_of_them() {
    let sandbox = Sandbox::new();
    let folder = shipped("experiments");
    let said = sandbox.ok("check cloudinfra agentos-classic");
    insta::assert_snapshot!("check_worlds", said);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("a folder")
        .chain(fs::read_dir(format!("{folder}/worlds")).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    let mut summary = String::new();
    for file in files {
        let said = sandbox.ok(&format!("check {}", file.display()));
        let titles = said.lines().filter(|line| line.starts_with("warning: "));
        let name = file.file_name().expect("a name").to_string_lossy();
        summary += &format!("{name}\n");
        titles.for_each(|title| summary += &format!("  {title}\n"));
    }
    insta::assert_snapshot!("check_shipped", summary);
}

/// All errors of an experiment and of every world that it names come in one pass, and those of other
/// files with them.
#[test]
fn all_errors_come_in_one_pass() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.toml",
        "name = \"a\"\nextends = \"cloudinfra\"\nsla.targt = 99\nup_health = 101\n",
    );
    sandbox.write(
        "b.toml",
        "name = \"b\"\nextends = \"cloudinfra\"\n[journey]\nentry = \"ngnix\"\n",
    );
    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 0\nrandom_numbers = \"comon\"\n\
         [factors]\nworld = [\"a.toml\", \"b.toml\"]\nskill = [1]\n",
    );
    sandbox.write(
        "other.toml",
        "name = \"o\"\nextends = \"cloudinfra\"\nrounds = 0\n",
    );
    let (code, said) = sandbox.fails("check e.toml other.toml cloudinfra");
    assert_eq!(code, 2);
    for text in [
        "unknown key `targt`",
        "101 is not allowed here",
        "unknown service `ngnix`",
        "replications = 0 is not possible",
        "unknown name `comon`",
        "expected a name, found an integer",
        "a replication needs rounds",
    ] {
        assert_eq!(said.matches(text).count(), 1, "{text}\n{said}");
    }
    // Wrong values hide no error between the others, and are the cause of none.
    sandbox.write(
        "c.toml",
        "name = \"c\"\nextends = \"cloudinfra\"\nup_health = 101\nsla.targt = 1\n\
         service_dependencies.redis = [\"nginx\"]\n\
         [[chaos]]\nname = \"cpu_spike\"\nprobability = 2\n\
         [[servers]]\nname = \"web-1\"\nrole = \"leader\"\n",
    );
    let (_, said) = sandbox.fails("check c.toml");
    for text in [
        "101 is not allowed here",
        "unknown key `targt`",
        "2 is not allowed here",
        "unknown name `leader`",
        "the services depend on each other",
    ] {
        assert_eq!(said.matches(text).count(), 1, "{text}\n{said}");
    }
    assert_eq!(said.matches("error: ").count(), 5, "{said}");
    // A design whose experiment is whole shows what is wrong in all its worlds, too.
    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 1\n[factors]\nworld = [\"a.toml\", \"b.toml\"]\n",
    );
    for command in ["check", "plan", "run"] {
        let (code, said) = sandbox.fails(&format!("{command} e.toml"));
        assert_eq!((code, said.matches("error: ").count()), (2, 3), "{said}");
    }
}

/// A file of the other kind is called what it is.
#[test]
fn worlds_and_experiments_are_told_apart() {
    let sandbox = Sandbox::new();
    sandbox.write("w.toml", TINY);
    sandbox.write(
        "e.toml",
        "name = \"e\"\nworld = \"w.toml\"\nreplications = 2\n",
    );
    for command in ["plan w.toml", "run w.toml"] {
        let (code, said) = sandbox.fails(command);
        assert_eq!(code, 2);
        assert!(
            said.contains("this is a world file, not an experiment"),
            "{said}"
        );
        assert_eq!(said.matches("error: ").count(), 1, "{said}");
    }
    sandbox.write(
        "f.toml",
        "name = \"f\"\nworld = \"e.toml\"\nreplications = 2\n",
    );
    for command in ["simulate --world e.toml", "plan f.toml"] {
        let (code, said) = sandbox.fails(command);
        assert_eq!(code, 2);
        assert!(
            said.contains("this is an experiment file, not a world"),
            "{said}"
        );
    }
    assert!(
        sandbox
            .ok("check w.toml e.toml")
            .contains("e.toml: no errors")
    );
    let (code, said) = sandbox.fails("check nowhere.toml");
    assert_eq!(code, 2);
    assert!(said.contains("can't read the file nowhere.toml"), "{said}");
}

/// The keys by which files are told apart are those of the schemas, but for the ones of both.
#[test]
fn the_keys_of_each_kind_are_those_of_its_schema() {
    use sysworld::document::{EXPERIMENT_KEYS, WORLD_KEYS};
    let keys = |schema: &str| -> Vec<String> {
        let json: serde_json::Value = serde_json::from_str(schema).expect("JSON");
        json["properties"]
            .as_object()
            .expect("keys")
            .keys()
            .cloned()
            .collect()
    };
    let (of_worlds, of_experiments) = (
        keys(sysworld::schema::WORLD),
        keys(sysworld::schema::EXPERIMENT),
    );
    for (own, others, listed) in [
        (&of_worlds, &of_experiments, &WORLD_KEYS[..]),
        (&of_experiments, &of_worlds, &EXPERIMENT_KEYS[..]),
    ] {
        let mut only: Vec<&str> = own
            .iter()
            .filter(|key| !others.contains(key))
            .map(String::as_str)
            .collect();
        let mut listed = listed.to_vec();
        only.sort_unstable();
        listed.sort_unstable();
        assert_eq!(only, listed);
    }
}
