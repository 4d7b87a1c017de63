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
    let cases: [(&str, String, &[&str]); 23] = [
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
            "two alerts, one crash, now and then two repairs",
            TINY.replace("cooldown = 1", "cooldown = 0, duration = [0, 3]"),
            &["raises two alerts, `service_down` and `health`"],
        ),
        (
            "hands for all servers",
            TINY.replace("panic_threshold = 4", "panic_threshold = 4, parallel = 2"),
            &["`parallel` of the skill `mid` is no limit: it is 2, and there are 2 servers"],
        ),
        (
            "a response that never comes",
            TINY.replace("runbook_default", "response = { detect = 1500, acknowledge = 600 }\nrunbook_default"),
            &["nobody ever attends to a server: detection and acknowledgement take 2100 rounds"],
        ),
        (
            "a duration that outlasts every replication",
            TINY.replace("duration = 1", "duration = { lognormal = { median = 1e300, sigma = 1.1 } }"),
            &["`chaos.crash.duration` is longer than the 2000 rounds of a replication in all but 0 % of its draws"],
        ),
        (
            "a repair that outlasts nearly every replication",
            TINY.replace("cooldown = 1", "cooldown = 1, duration = { geometric = { mean = 1e7 } }"),
            &["`remediation.restart.duration` is longer than the 2000 rounds of a replication in all but 0.02 %"],
        ),
        (
            "a scale of nothing",
            TINY.replace("cooldown = 1", "cooldown = 1, duration = 0, duration_scale = 2"),
            &["`remediation.restart.duration` is 0, which its scale of 2 leaves at 0"],
        ),
        (
            "a share of nothing",
            TINY.replace("duration = 1", "duration = 1, strikes = { share = 0 }"),
            &["the chaos scenario `crash` strikes a share of 0, and so its target alone"],
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
/// repair can't fail, cools down, or takes time.
#[test]
fn one_attempt_a_round_is_no_advice() {
    let twice = TINY.replace("cooldown = 1", "cooldown = 0");
    for once in [
        twice.replace("rounds = 2000", "rounds = 2000\nservice_down_penalty = 49"),
        twice.replace("success_rate = 0.1", "success_rate = 1"),
        twice.replace("cooldown = 0", "cooldown = 0, duration = 1"),
        twice.replace(
            "cooldown = 0",
            "cooldown = 0, duration = { geometric = { mean = 4 } }",
        ),
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
/// raises alerts; what agentos-classic took over and does not use; no scenario is weakened. Of the shop nothing.
#[test]
fn shipped_files_have_the_advice_that_is_true_of_them() {
    let sandbox = Sandbox::new();
    let folder = shipped("experiments");
    let said = sandbox.ok("check cloudinfra agentos-classic shop");
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

/// Nothing that is wrong hides what is wrong beside it: neither a key that is missing, nor a value, in
/// an entry; nor one of the experiment the names of its levels.
#[test]
fn nothing_wrong_hides_what_is_wrong_beside_it() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "w.toml",
        "name = \"w\"\nextends = \"cloudinfra\"\n\
         [[servers]]\nname = \"x\"\nservices = 3\ncpu_capacity = -1\nrol = \"primary\"\n\
         [[chaos]]\nname = \"new\"\nduration = -3\n\
         effects = [{ isolate = { bad = 1 } }, { hold = { metric = \"cpu\" } }]\n\
         [skills.mid]\ndiagnosis_accuracy = 7\npanic_threshold = -4\n\
         [metrics.cpu_usage]\ninitial = [\"x\", 0.3]\n",
    );
    let (code, said) = sandbox.fails("check w.toml");
    assert_eq!(code, 2);
    for text in [
        "the required key `type` is missing",
        "expected an array, found the integer 3",
        "-1 is not allowed here",
        "unknown key `rol`",
        "the required key `probability` is missing",
        "-3 is not allowed here",
        "unknown key `bad`",
        "unknown name `cpu`",
        "the required key `value` is missing",
        "7 is not allowed here",
        "-4 is not allowed here",
        "found the string \"x\"",
    ] {
        assert_eq!(said.matches(text).count(), 1, "{text}\n{said}");
    }
    assert_eq!(said.matches("error: ").count(), 12, "{said}");
    sandbox.write(
        "e.toml",
        "replications = 0\nconfidence = 2\n[factors]\nskill = [\"mids\"]\nup_health = [700]\n\
         [compare]\nbaseline = \"x\"\n[[precision]]\nhalf_width = 7\nmax_replication = 3\n",
    );
    for command in ["check", "plan", "run"] {
        let (code, said) = sandbox.fails(&format!("{command} e.toml"));
        assert_eq!(code, 2);
        for text in [
            "the required key `name` is missing",
            "replications = 0 is not possible",
            "a confidence of 2 is impossible",
            "unknown skill `mids`",
            "700 is not allowed here",
            "the required key `factor` is missing",
            "the required key `estimate` is missing",
            "unknown key `max_replication`",
        ] {
            assert_eq!(said.matches(text).count(), 1, "{text}\n{said}");
        }
        assert_eq!(said.matches("error: ").count(), 8, "{said}");
        assert!(
            !said.contains("2 %"),
            "nobody means a confidence of 2 %: {said}"
        );
    }
}

/// A value of which no part can be repaired by itself hides nothing either.
#[test]
fn what_no_part_repairs_is_replaced_as_a_whole() {
    let sandbox = Sandbox::new();
    let wrong = TINY
        .replace("duration = 1", "duration = { values = [[5]] }")
        .replace("cooldown = 1", "cooldown = -7");
    let wrong = wrong.replace("success_rate = 0.1", "success_rate = 3");
    sandbox.write("w.toml", &wrong);
    let (_, said) = sandbox.fails("check w.toml");
    for text in [
        "expected two values, found 1",
        "-7 is not allowed here",
        "3 is not allowed here",
    ] {
        assert_eq!(said.matches(text).count(), 1, "{text}\n{said}");
    }
    let both = TINY.replace(
        "probability = 0.1, duration = 1",
        "probability = 2.5, duration = { lognormal = { median = 1e-9, sigma = 0 } }",
    );
    sandbox.write("w.toml", &both);
    let (_, said) = sandbox.fails("check w.toml");
    assert!(said.contains("2.5 is not allowed here"), "{said}");
    assert!(said.contains("a mean of 0.000 rounds"), "{said}");
    // A dotted key makes tables that have the place of what is in them.
    for key in ["response.detect.values", "skills.mid.detect.values"] {
        let world = TINY.replace("skills.mid = {", "skills.mid = { parallel = 1,");
        let (skills, dotted) = world.split_once("skills.mid = ").expect("a skill");
        let (_, rest) = dotted.split_once('\n').expect("a line");
        let mid = "skills.mid.diagnosis_accuracy = 1.0\nskills.mid.remediation_speed = 1.0\n\
                   skills.mid.panic_threshold = 4\n";
        sandbox.write("w.toml", &format!("{skills}{mid}{key} = [[5]]\n{rest}"));
        let (_, said) = sandbox.fails("check w.toml");
        assert!(said.contains("expected two values, found 1"), "{said}");
    }
}

/// A name is called a misspelled one only where the file extends another that has the right one.
#[test]
fn only_what_is_extended_is_called_misspelled() {
    let sandbox = Sandbox::new();
    let lacks_its_type = TINY.replace("name = \"app-2\", type = \"app\"", "name = \"app-2\"");
    sandbox.write("w.toml", &lacks_its_type);
    let (_, said) = sandbox.fails("check w.toml");
    assert!(
        said.contains("the required key `type` is missing"),
        "{said}"
    );
    assert!(!said.contains("is new"), "{said}");
    sandbox.write("base.toml", TINY);
    sandbox.write(
        "w.toml",
        "name = \"w\"\nextends = \"base.toml\"\n[[servers]]\nname = \"app-3\"\n\
         [[remediation]]\nname = \"restart\"\neffects = [{ hold = {} }]\n",
    );
    let (_, said) = sandbox.fails("check w.toml");
    let meant = "`app-3` is new; did you mean `app-2`?";
    let meant = said.contains(meant) || said.contains(&meant.replace("app-2", "app-1"));
    assert!(meant, "{said}");
    assert_eq!(said.matches("is new").count(), 1, "{said}");
}

/// A percent that looks like a fraction is told wherever a world has one, also where an experiment
/// sets it; no built-in world has one.
#[test]
fn percents_that_look_like_fractions_are_told() {
    let usage = "{ initial = [0.1, 0.3], mean = 0.2, bounds = [0, 1], warning = 0.7, critical = 0.9, \
                 penalties = [{ above = 0.9, penalty = 0.5 }] }";
    let effects = "{ hold = { metric = \"cpu_usage\", value = 0.95 } }, \
                   { grow = { metric = \"cpu_usage\", amount = 0.1, max = 0.9 } }, \
                   { shock = { quantity = \"cpu_usage\", set = 0.8 } }";
    let steps = "{ add = { metric = \"cpu_usage\", amount = -0.2 } }, \
                 { set = { metric = \"cpu_usage\", value = 0.4 } }, \
                 { draw = { metric = \"cpu_usage\", range = [0.1, 0.3] } }, ";
    let world = TINY
        .replace("rounds = 2000", "rounds = 2000\nup_health = 0.5\nservice_down_penalty = 0.6\nhealth_alert_below = 0.7")
        .replace("{ restart_service = {} }", &format!("{steps}{{ restart_service = {{}} }}"))
        .replace("chaos = [", &format!("chaos = [{{ name = \"odd\", probability = 0.1, duration = 3, effects = [{effects}] }}, "));
    let world = format!(
        "{world}metrics.cpu_usage = {usage}\n\
         metrics.error_rate = {{ critical = 0.5, bands = [{{ cpu_above = 0.8, health_below = 0.5, range = [1, 2] }}] }}\n"
    );
    let said = advised(&world);
    for (what, value, meant) in [
        ("`up_health`", "0.5", "50"),
        ("`service_down_penalty`", "0.6", "60"),
        ("`health_alert_below`", "0.7", "70"),
        ("`metrics.cpu_usage.initial`", "0.3", "30"),
        ("`metrics.cpu_usage.mean`", "0.2", "20"),
        ("`metrics.cpu_usage.bounds`", "1", "100"),
        ("`metrics.cpu_usage.warning`", "0.7", "70"),
        ("`metrics.cpu_usage.critical`", "0.9", "90"),
        ("`above` of a penalty of `cpu_usage`", "0.9", "90"),
        ("a penalty of `cpu_usage`", "0.5", "50"),
        ("`cpu_above` of a band of `error_rate`", "0.8", "80"),
        ("`health_below` of a band of `error_rate`", "0.5", "50"),
        (
            "`value` of `hold` in the chaos scenario `odd`",
            "0.95",
            "95",
        ),
        ("`max` of `grow` in the chaos scenario `odd`", "0.9", "90"),
        ("`set` of `shock` in the chaos scenario `odd`", "0.8", "80"),
        ("`amount` of `add` in the action `restart`", "-0.2", "-20"),
        ("`value` of `set` in the action `restart`", "0.4", "40"),
        ("`range` of `draw` in the action `restart`", "0.3", "30"),
    ] {
        let message = format!("warning: {what} is in percent, and {value} is {value} %\n");
        let (_, rest) = said
            .split_once(&message)
            .unwrap_or_else(|| panic!("{message}{said}"));
        let help = format!("did you mean {meant}?");
        assert!(
            rest.split("warning: ")
                .next()
                .expect("text")
                .contains(&help),
            "{what}: {rest}"
        );
    }
    assert_eq!(said.matches("is in percent, and").count(), 18, "{said}");
    let sandbox = Sandbox::new();
    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 2\n[factors]\nup_health = [0.6, 0.7]\n",
    );
    for command in ["check e.toml", "plan e.toml", "run e.toml --out r"] {
        let output = sandbox.sysworld(command).output().expect("the binary runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).expect("UTF-8");
        for value in ["0.6", "0.7"] {
            let said_of = format!("`up_health` is in percent, and {value} is {value} %");
            assert_eq!(said.matches(&said_of).count(), 1, "{command}: {said}");
        }
    }
}

/// What is true of a built-in world as it comes is one line in a file that builds on it, and all of
/// it in a copy, or where the file's own changes are the cause.
#[test]
fn a_built_in_world_is_no_noise() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "w.toml",
        "name = \"w\"\nextends = \"cloudinfra\"\nsla.target = 95\n",
    );
    sandbox.write(
        "e.toml",
        "name = \"e\"\nworld = \"w.toml\"\nreplications = 2\n",
    );
    let says = "no errors, nothing to advise; 1 warning of the built-in cloudinfra itself: \
                `sysworld check cloudinfra`";
    assert_eq!(
        sandbox.ok("check w.toml e.toml"),
        format!("w.toml: {says}\ne.toml: {says}\n")
    );
    let slow = "`database_slowdown` can never bring a server down";
    assert!(sandbox.ok("check cloudinfra").contains(slow));
    let copy = sandbox.ok("worlds cloudinfra");
    sandbox.write("copy.toml", &copy);
    assert!(sandbox.ok("check e.toml copy.toml").contains(slow));
    // Without its penalty, a scenario of the built-in world can do no harm any more.
    sandbox.write(
        "w.toml",
        "name = \"w\"\nextends = \"cloudinfra\"\nsla.target = 95\nmetrics.disk_usage.penalties = []\n",
    );
    let said = sandbox.ok("check w.toml");
    assert!(
        said.contains("`disk_full` can never bring a server down") && !said.contains(slow),
        "{said}"
    );
}

/// `--format json` has what the text has: each finding with its place, as an editor counts.
#[test]
fn findings_are_listed_for_programs() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "w.toml",
        "name = \"w\"\nextends = \"cloudinfra\"\n# é\nmetrics.cpu_usage.warning = 0.7\n",
    );
    sandbox.write(
        "bad.toml",
        "name = \"b\"\nextends = \"w.toml\"\nup_health = 101\n[sla]\ntargt = 9\n",
    );
    let list = |line: &str, code: i32| -> Vec<serde_json::Value> {
        let output = sandbox.sysworld(line).output().expect("the binary runs");
        assert_eq!(output.status.code(), Some(code), "{line}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let found = list("check w.toml --format json", 0);
    let first = |kind: &str| {
        let mut of_kind = found.iter().filter(|finding| finding["kind"] == kind);
        of_kind
            .next()
            .unwrap_or_else(|| panic!("{kind}: {found:?}"))
            .clone()
    };
    let warning = found
        .iter()
        .find(|finding| finding["line"] == 4)
        .expect("a place");
    assert_eq!(warning["file"], "w.toml");
    assert_eq!(
        [
            &warning["column"],
            &warning["end_line"],
            &warning["end_column"]
        ],
        [29, 4, 32]
    );
    assert_eq!(warning["kind"], "warning");
    assert_eq!(
        warning["message"],
        "`metrics.cpu_usage.warning` is in percent, and 0.7 is 0.7 %"
    );
    assert_eq!(warning["help"], serde_json::json!(["did you mean 70?"]));
    let note = first("note");
    assert!(
        note["line"].is_null()
            && note["message"]
                .as_str()
                .expect("text")
                .contains("cloudinfra")
    );
    let errors = list("check bad.toml bad.toml w.toml --format json", 2);
    let of_bad: Vec<_> = errors
        .iter()
        .filter(|finding| finding["kind"] == "error")
        .collect();
    assert_eq!(of_bad.len(), 2, "{errors:?}");
    assert!(of_bad.iter().all(|finding| finding["file"] == "bad.toml"));
    let places: Vec<_> = of_bad
        .iter()
        .map(|f| (f["line"].as_u64(), f["column"].as_u64()))
        .collect();
    assert!(
        places.contains(&(Some(3), Some(13))) && places.contains(&(Some(5), Some(1))),
        "{places:?}"
    );
    assert!(errors.iter().any(|finding| finding["kind"] == "warning"));
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
