//! Worlds are data: an edit of a file has its effect in a run.

use std::fs;

use serde_json::json;
use sysworld::simulation::{Alert, Handling, Model, Observer, Outcome, Response, State, simulate};
use sysworld::world::{AlertKind, NameAt, World, WorldSource};

use crate::support::{Watch, built_in, cloudinfra_with, load, model, outcomes, skill, watch};

fn position<'a>(names: impl IntoIterator<Item = &'a NameAt>, wanted: &str) -> usize {
    let mut names = names.into_iter();
    let found = names.position(|name| name.get_ref().as_str() == wanted);
    found.unwrap_or_else(|| panic!("no {wanted}"))
}

fn server(world: &World, name: &str) -> usize {
    position(world.servers.iter().map(|s| &s.name), name)
}

fn scenario(world: &World, name: &str) -> usize {
    position(world.chaos.iter().map(|s| &s.name), name)
}

fn action(world: &World, name: &str) -> usize {
    position(world.remediation.iter().map(|a| &a.name), name)
}

fn watched(model: &Model, replications: u64) -> Vec<(Outcome, Watch)> {
    (0..replications).map(|r| watch(model, r)).collect()
}

/// The events of a replication with scenarios by name.
fn named_events<'a>(world: &'a World, seen: &Watch) -> Vec<(u32, &'a str, usize)> {
    let name = |i: usize| world.chaos[i].name.get_ref().as_str();
    let events = seen.events.iter();
    events.map(|(round, i, s)| (*round, name(*i), *s)).collect()
}

// The four edits

/// A new server is checked (7 × 15), struck, alerted about and remediated; the rest stays.
#[test]
fn a_server_is_added_by_a_world_file() {
    let world = cloudinfra_with(
        r#"
        [[servers]]
        name = "queue-1"
        type = "queue"
        services = ["rabbitmq"]
        "#,
    );
    let queue = server(&world, "queue-1");
    assert_eq!(queue, 6);
    let quiet = model(&world, 0.0, "senior");
    assert_eq!(quiet.checks(), 7 * 15);
    assert_eq!(watch(&quiet, 0).0.up_checks, 105);

    let seen = watched(&model(&world, 2.0, "senior"), 200);
    let all = || seen.iter().map(|(_, seen)| seen);
    assert!(all().all(|seen| seen.up.len() == 15 && seen.up.iter().all(|up| up.len() == 7)));
    let down = all().flat_map(|seen| &seen.up).filter(|up| !up[queue]);
    assert!(down.count() > 0, "queue-1 was never down");
    let crash = scenario(&world, "service_crash");
    let restart = action(&world, "restart_service");
    let struck =
        |(_, scenario, server): &(u32, usize, usize)| (*scenario, *server) == (crash, queue);
    assert!(
        all().flat_map(|seen| &seen.events).any(struck),
        "rabbitmq never crashed"
    );
    let restarted = all().flat_map(|seen| &seen.handled).any(|(_, h)| {
        h.alert.server == queue
            && h.alert.kind == AlertKind::ServiceDown
            && h.action == restart
            && matches!(h.response, Response::Succeeded { .. })
    });
    assert!(restarted, "rabbitmq was never restarted");
}

const DNS_FAILURE: &str = r#"
    [[chaos]]
    name = "dns_failure"
    probability = 0.3
    duration = 0
    target_types = ["web", "api"]
    effects = [{ isolate = {} }]
"#;

/// A new scenario strikes its targets, isolates them until remediated, and costs availability.
#[test]
fn a_scenario_is_added_by_a_world_file() {
    let (before, after) = (built_in("cloudinfra"), cloudinfra_with(DNS_FAILURE));
    let dns = scenario(&after, "dns_failure");
    assert_eq!(dns, 7);
    let (mut hits, mut up_before, mut up_after) = (0, 0, 0);
    for replication in 0..200 {
        let (old, _) = watch(&model(&before, 1.0, "mid"), replication);
        let (new, seen) = watch(&model(&after, 1.0, "mid"), replication);
        for (round, _, server) in seen.events.iter().filter(|event| event.1 == dns) {
            hits += 1;
            assert!(*server < 3, "dns_failure struck a database or a cache");
            let raised = seen.alerts.iter().any(|(r, alert)| {
                r == round && alert.server == *server && alert.kind == AlertKind::Network
            });
            assert!(raised, "no alert in round {round}");
        }
        up_before += old.up_checks;
        up_after += new.up_checks;
    }
    let expected = 0.3 * 15.0 * 200.0;
    assert!(
        (f64::from(hits) - expected).abs() < 0.2 * expected,
        "{hits} hits"
    );
    assert!(up_after < up_before);
}

/// Watches what follows when blue_green_deploy succeeds.
struct Deployments {
    dns: usize,
    deploy: usize,
    servers: Vec<usize>,
    ended: u32,
}

impl Observer for Deployments {
    fn handled(&mut self, handling: &Handling) {
        if handling.action == self.deploy && matches!(handling.response, Response::Succeeded { .. })
        {
            self.servers.push(handling.alert.server);
        }
    }

    fn assessed(&mut self, _model: &Model, state: &State, _journeys: Option<u32>) {
        for server in self.servers.drain(..) {
            assert!(!state.active(self.dns, server), "dns_failure goes on");
            self.ended += 1;
        }
    }
}

/// A new action with its runbook line is executed, ends the scenario, and is what ends it.
#[test]
fn an_action_is_added_by_a_world_file() {
    let edited = |success: f64| {
        cloudinfra_with(&format!(
            r#"{DNS_FAILURE}
            [[remediation]]
            name = "blue_green_deploy"
            success_rate = {success}
            cooldown = 0
            effects = [{{ end = ["dns_failure"] }}]
            [[runbook]]
            alert = "network"
            action = "blue_green_deploy"
            [skills.perfect]
            diagnosis_accuracy = 1
            remediation_speed = 1
            panic_threshold = 100
            "#
        ))
    };
    let (works, fails) = (edited(1.0), edited(0.0));
    let (dns, deploy) = (
        scenario(&works, "dns_failure"),
        action(&works, "blue_green_deploy"),
    );
    assert_eq!(deploy, 6);
    let mut deployments = Deployments {
        dns,
        deploy,
        servers: Vec::new(),
        ended: 0,
    };
    let (mut up_works, mut up_fails, mut last_active) = (0, 0, 0);
    let state = &mut State::new();
    for replication in 0..200 {
        let good = simulate(
            &model(&works, 1.0, "perfect"),
            replication,
            state,
            &mut deployments,
        );
        let active = |state: &State| (0..3).filter(|server| state.active(dns, *server)).count();
        assert_eq!(active(state), 0, "dns_failure is left");
        let bad = simulate(&model(&fails, 1.0, "perfect"), replication, state, &mut ());
        last_active += active(state);
        up_works += good.up_checks;
        up_fails += bad.up_checks;
    }
    assert!(deployments.ended > 500, "{} deployments", deployments.ended);
    assert!(
        last_active > 300,
        "without success, dns_failure lasts: {last_active}"
    );
    assert!(up_works > up_fails);
}

/// A stricter SLA gives another verdict exactly where one check in 1200 fails.
#[test]
fn the_sla_is_tightened_by_a_world_file() {
    let world = |target: &str| cloudinfra_with(&format!("rounds = 200\nsla.target = {target}\n"));
    let [loose, strict] = ["99.9", "99.99"].map(|t| model(&world(t), 0.01, "senior"));
    assert_eq!((loose.sla_least(), strict.sla_least()), (1199, 1200));
    let (mut differ, mut both_missed) = (0, 0);
    for (loose, strict) in outcomes(&loose, 2000).iter().zip(outcomes(&strict, 2000)) {
        assert_eq!(loose.up_checks, strict.up_checks);
        assert_eq!(loose.sla_met, loose.up_checks >= 1199);
        assert_eq!(strict.sla_met, strict.up_checks == 1200);
        differ += u32::from(loose.sla_met != strict.sla_met);
        both_missed += u32::from(!loose.sla_met);
    }
    assert!(differ > 0 && both_missed > 0, "{differ}, {both_missed}");
}

/// Targets are compared as the decimals that were written, not as binary fractions.
#[test]
fn sla_targets_are_exact() {
    for (target, rounds, least) in [
        ("99.9", 1000, 5994),
        ("99.99", 5000, 29_997),
        ("99.9999", 500_000, 2_999_997),
        ("70.1", 500, 2103),
        ("99.9000000001", 1000, 5995),
        ("0", 15, 0),
        ("100", 15, 90),
    ] {
        let world = cloudinfra_with(&format!("rounds = {rounds}\nsla.target = {target}\n"));
        assert_eq!(model(&world, 1.0, "mid").sla_least(), least, "{target}");
    }
}

// Extending

/// What is removed does not strike; the events of all others are as they were.
#[test]
fn a_scenario_is_removed_by_its_path() {
    let (all, fewer) = (
        built_in("cloudinfra"),
        cloudinfra_with(r#"remove = ["chaos.service_crash"]"#),
    );
    assert_eq!(fewer.chaos.len(), 6);
    let mut crashes = 0;
    for replication in 0..50 {
        let (_, before) = watch(&model(&all, 2.0, "mid"), replication);
        let (_, after) = watch(&model(&fewer, 2.0, "mid"), replication);
        let mut expected = named_events(&all, &before);
        let events = expected.len();
        expected.retain(|event| event.1 != "service_crash");
        crashes += events - expected.len();
        assert_eq!(named_events(&fewer, &after), expected);
        let crashed = |alert: &Alert| alert.kind == AlertKind::ServiceDown;
        assert!(!after.alerts.iter().any(|(_, alert)| crashed(alert)));
    }
    assert!(crashes > 0);
}

/// An entry of the same name changes only what it says, in its place; files extend files.
#[test]
fn entries_merge_by_name_along_a_chain_of_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        WorldSource::File(path)
    };
    let base = "name = \"base\"\nextends = \"cloudinfra\"\n\
                [[chaos]]\nname = \"cpu_spike\"\nprobability = 1.0\n\
                [[runbook]]\nalert = \"network\"\naction = \"rollback\"\n";
    write("base.toml", base);
    let top = "name = \"top\"\nextends = \"base.toml\"\n\
               [[chaos]]\nname = \"cpu_spike\"\nduration = 9\n[skills.mid]\npanic_threshold = 7\n";
    let top = load(&write("top.toml", top));
    let original = built_in("cloudinfra");

    let mut expected = serde_json::to_value(&original.chaos).expect("a tree");
    expected[0]["probability"] = json!(1.0);
    expected[0]["duration"] = json!(9);
    assert_eq!(serde_json::to_value(&top.chaos).expect("a tree"), expected);
    assert_eq!(top.runbook.len(), original.runbook.len());
    let mid = skill(&top, "mid");
    assert_eq!(mid.panic_threshold.get(), 7);
    assert_eq!(mid.diagnosis_accuracy.get(), 0.8);

    let (_, seen) = watch(&model(&top, 1.0, "mid"), 0);
    let spikes = seen.events.iter().filter(|event| event.1 == 0).count();
    assert_eq!(spikes, 15, "one a round");
    let rollback = action(&top, "rollback");
    let seen = watched(&model(&top, 1.0, "mid"), 50);
    let rolled_back = seen.iter().flat_map(|(_, seen)| &seen.handled);
    let mut answers = rolled_back.filter(|(_, h)| h.alert.kind == AlertKind::Network);
    assert!(answers.all(|(_, h)| h.misdiagnosed || h.action == rollback));
}
