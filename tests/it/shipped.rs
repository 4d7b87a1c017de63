//! The shipped worlds hold the numbers that the model description lists.

use serde_json::{Value, json};
use sysworld::world::{Scenario, World};

use crate::docs::{page, rows};
use crate::support::{built_in, chaos_level, model, outcomes, skill, world};

fn tree<T: serde::Serialize>(part: &T) -> Value {
    serde_json::to_value(part).expect("a tree")
}

/// (name, probability, duration) of every scenario.
fn scenarios<'a>(world: &'a World) -> Vec<(&'a str, f64, u32)> {
    let line = |s: &'a Scenario| {
        (
            s.name.get_ref().as_str(),
            s.probability.get(),
            s.duration.get_ref().fixed().expect("a number"),
        )
    };
    world.chaos.iter().map(line).collect()
}

/// (name, success, cooldown) of every action.
fn actions(world: &World) -> Vec<(&str, f64, u32)> {
    let actions = world.remediation.iter();
    actions
        .map(|a| {
            (
                a.name.get_ref().as_str(),
                a.success_rate.get(),
                a.cooldown.get(),
            )
        })
        .collect()
}

fn effects(world: &World) -> Value {
    let chaos = world.chaos.iter().map(|s| tree(&s.effects));
    let actions = world.remediation.iter().map(|a| tree(&a.effects));
    chaos.chain(actions).collect()
}

/// cloudinfra holds the tables of the model description.
#[test]
fn cloudinfra_is_as_described() {
    let world = built_in("cloudinfra");
    assert_eq!(
        scenarios(&world),
        [
            ("cpu_spike", 0.15, 3),
            ("memory_leak", 0.10, 5),
            ("network_partition", 0.05, 2),
            ("disk_full", 0.08, 4),
            ("service_crash", 0.12, 1),
            ("traffic_surge", 0.10, 3),
            ("database_slowdown", 0.10, 4),
        ]
    );
    assert_eq!(
        actions(&world),
        [
            ("restart_service", 0.90, 2),
            ("scale_up", 0.95, 3),
            ("failover", 0.85, 1),
            ("clear_cache", 0.98, 1),
            ("rate_limit", 0.95, 1),
            ("rollback", 0.80, 5),
        ]
    );
    let people = ["junior", "mid", "senior"].map(|name| {
        let skill = skill(&world, name);
        let (accuracy, speed) = (
            skill.diagnosis_accuracy.get(),
            skill.remediation_speed.get(),
        );
        (accuracy, speed, skill.panic_threshold.get())
    });
    assert_eq!(people, [(0.6, 0.5, 2), (0.8, 0.7, 4), (0.95, 0.9, 8)]);
    let levels = ["low", "medium", "high", "extreme"].map(|name| chaos_level(&world, name));
    assert_eq!(levels, [0.5, 1.0, 2.0, 3.0]);
    assert_eq!(
        tree(&world.phases),
        json!(["chaos", "update", "respond", "assess"])
    );
}

/// agentos-classic differs from cloudinfra as the model description says, and no further.
#[test]
fn agentos_classic_is_as_described() {
    let (world, default) = (built_in("agentos-classic"), built_in("cloudinfra"));
    let shock = |quantity: &str, change: &str, by: f64, max: Value, types: &[&str]| {
        let mut shock = json!({
            "quantity": quantity, "set": null, "add": null, "multiply": null,
            "min": null, "max": max, "server_types": types,
        });
        shock[change] = json!(by);
        json!([{ "shock": shock }])
    };
    let scale = |factor: f64, min: f64| json!([{ "multiply": { "metric": "cpu_usage", "factor": factor, "min": min, "max": 100.0 } }]);
    let clear = json!({ "metric": "memory_usage", "amount": -30.0, "min": 20.0, "max": 100.0 });
    let expected = json!([
        shock("cpu_usage", "set", 95.0, Value::Null, &[]),
        shock("memory_usage", "add", 10.0, json!(100.0), &[]),
        [{ "isolate": { "server_types": [] } }],
        shock("disk_usage", "set", 98.0, Value::Null, &[]),
        [{ "crash_service": { "server_types": [] } }],
        shock("cpu_usage", "multiply", 1.5, json!(100.0), &[]),
        shock("latency_p99", "multiply", 5.0, Value::Null, &["database"]),
        [{ "restart_service": {} }],
        scale(0.5, 10.0),
        [{ "end": ["network_partition"] }],
        [{ "add": clear }],
        scale(0.6, 20.0),
        [{ "draw": { "metric": "cpu_usage", "range": [20.0, 40.0] } }],
    ]);
    assert_eq!(effects(&world), expected);

    // What is left of the differences, laid on the default world.
    let mut expected = tree(&default);
    expected["name"] = json!("agentos-classic");
    expected["phases"] = json!(["update", "assess", "chaos", "respond"]);
    expected["cpu_per_load"] = json!(0.0);
    expected["health_alert_below"] = json!(50.0);
    let metrics = &mut expected["metrics"];
    metrics["cpu_usage"]["reversion"] = json!(0.0);
    metrics["memory_usage"]["reversion"] = json!(0.0);
    metrics["memory_usage"]["penalties"][1]["above"] = json!(80.0);
    metrics["disk_usage"]["penalties"] = json!([]);
    metrics["disk_usage"]["warning"] = Value::Null;
    metrics["disk_usage"]["critical"] = Value::Null;
    for (i, scenario) in world.chaos.iter().enumerate() {
        expected["chaos"][i]["effects"] = tree(&scenario.effects);
        assert!(scenario.target_types.is_empty());
    }
    expected["chaos"][2]["duration"] = json!(0);
    expected["chaos"][6]["target_types"] = json!([]);
    for (i, action) in world.remediation.iter().enumerate() {
        expected["remediation"][i]["effects"] = tree(&action.effects);
        expected["remediation"][i]["success_rate"] = json!(1.0);
    }
    assert_eq!(tree(&world), expected);
    for name in ["junior", "mid", "senior"] {
        let (ours, base) = (skill(&world, name), skill(&default, name));
        assert_eq!(ours.remediation_speed.get(), 1.0);
        assert_eq!(ours.diagnosis_accuracy, base.diagnosis_accuracy);
        assert_eq!(ours.panic_threshold, base.panic_threshold);
    }
}

/// The shop holds the tables of the model description, and what is said there of its numbers is so.
#[test]
fn the_shop_is_as_described() {
    let (world, page) = (built_in("shop"), page("model.md"));
    let (_, section) = page
        .split_once("\n## shop\n")
        .expect("the section is there");
    let (section, _) = section.split_once("\n# ").expect("another follows");
    // The first of them is what something is; another, what it costs.
    let cells = |name: &str| {
        let rows = rows(section, name);
        rows[0]
            .iter()
            .map(|cell| cell.to_string())
            .collect::<Vec<_>>()
    };
    let minutes_of_a_day = 1440.0;
    for scenario in &world.chaos {
        let cells = cells(scenario.name.get_ref().as_str());
        assert_eq!(
            cells[1].parse(),
            Ok(scenario.probability.get()),
            "{cells:?}"
        );
        // `once in so many days` is what the probability says, as far as it was rounded.
        let days: f64 = cells[2].parse().expect("a number of days");
        let said = days * minutes_of_a_day * scenario.probability.get();
        assert!((said - 1.0).abs() < 0.01, "{cells:?}: {said}");
        assert_eq!(
            cells[3].contains("each server"),
            tree(&scenario.per) == "server"
        );
    }
    for action in &world.remediation {
        let cells = cells(action.name.get_ref().as_str());
        assert_eq!(cells[1].parse(), Ok(action.success_rate.get()), "{cells:?}");
    }
    for name in ["junior", "mid", "senior"] {
        let (cells, skill) = (cells(name), skill(&world, name));
        assert_eq!(cells[1].parse(), Ok(skill.diagnosis_accuracy.get()));
        assert_eq!(cells[2].parse(), Ok(skill.remediation_speed.get()));
        assert_eq!(cells[3].parse(), Ok(skill.panic_threshold.get()));
        let hands = skill.parallel.as_ref().expect("a number of hands");
        assert_eq!(
            json!(cells[5].parse::<u32>().expect("a number")),
            tree(hands)
        );
    }
    assert_eq!((world.rounds, world.journey_weight()), (30 * 1440, 10));
}

/// The reference of its numbers: a bad push costs users about 25 minutes.
#[test]
fn a_bad_push_costs_users_25_minutes() {
    let mut text = "name = \"pushes\"\nextends = \"shop\"\n".to_owned();
    for scenario in &built_in("shop").chaos {
        let name = scenario.name.get_ref();
        let probability = if name.as_str() == "bad_push" {
            1e-4
        } else {
            0.0
        };
        text += &format!("[[chaos]]\nname = \"{name}\"\nprobability = {probability}\n");
    }
    let model = model(&world(&text), 1.0, "mid");
    let (mut events, mut lost) = (0, 0.0);
    for outcome in outcomes(&model, 160) {
        events += outcome.events;
        let down = model.rounds * model.journey_weight() - outcome.journey_up_rounds;
        lost += f64::from(down) / f64::from(model.journey_weight());
    }
    // The minutes of one vary by as much as they are.
    let minutes = lost / f64::from(events);
    assert!((22.0..=28.0).contains(&minutes), "{minutes} of {events}");
}
