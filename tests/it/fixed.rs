//! Values that are fixed, worlds by their names, and a sweep that is gone on with.

use sysworld::world::{World, WorldSource};

use crate::sandbox::{Sandbox, shipped};
use crate::support::{built_in, load, model, watch};

/// `[set]` is the same as the value in the world, a factor with one level, or `--set`, which goes
/// before it; it is part of what a sweep is.
#[test]
fn a_value_is_set_in_the_experiment() {
    let sandbox = Sandbox::new();
    let write = |name: &str, rest: &str| {
        sandbox.write(name, &format!("name = \"e\"\nreplications = 30\n{rest}"));
    };
    write("set.toml", "[set]\n\"sla.target\" = 90\nrounds = 20\n");
    write("plain.toml", "world = \"w.toml\"\n");
    write(
        "factor.toml",
        "[factors]\n\"sla.target\" = 90\nrounds = 20\n",
    );
    sandbox.write(
        "w.toml",
        "extends = \"cloudinfra\"\nrounds = 20\nsla.target = 90\n",
    );
    let keys = |line: &str| -> Vec<String> {
        let csv = sandbox.ok(line);
        csv.lines()
            .skip(1)
            .map(|row| row.split(',').next().expect("a key").to_owned())
            .collect()
    };
    let expected = keys("plan set.toml --format csv");
    assert_eq!(keys("plan plain.toml --format csv"), expected);
    assert_eq!(keys("plan factor.toml --format csv"), expected);
    assert_ne!(keys("plan set.toml --format csv --set rounds=21"), expected);
    assert_eq!(keys("plan set.toml --format csv --set rounds=20"), expected);
    sandbox.ok("run set.toml --quiet --out r");
    write("set.toml", "[set]\n\"sla.target\" = 91\nrounds = 20\n");
    let (code, said) = sandbox.fails("run set.toml --quiet --out r");
    assert_eq!(code, 2);
    assert!(
        said.contains("sla.target: 90 in the folder, 91 now"),
        "{said}"
    );
}

/// `simulate --set` tells the world that a file with the value would be.
#[test]
fn simulate_takes_values_too() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "w.toml",
        "extends = \"cloudinfra\"\nrounds = 3\nsla.indicator = \"journey_availability\"\n",
    );
    assert_eq!(
        sandbox.ok("simulate --set rounds=3 --set sla.indicator=journey_availability"),
        sandbox.ok("simulate --world w.toml")
    );
    let (code, said) = sandbox.fails("simulate --set round=3");
    assert_eq!(code, 2);
    assert!(said.contains("did you mean `rounds`?"), "{said}");
}

const WORLDS: &str = "name = \"e\"\nreplications = 40\n[factors]\n\
                      world = [\"cloudinfra\", \"sub/second.toml\", \"sub/a,b.toml\", \"sub/twin.toml\"]\n\
                      [compare]\nfactor = \"world\"\nbaseline = \"sub/second.toml\"\n";

fn with_worlds() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("sub")).expect("a folder");
    for (file, text) in [
        (
            "second.toml",
            "name = \"other-name\"\nextends = \"cloudinfra\"\nrounds = 14\n",
        ),
        ("a,b.toml", "extends = \"cloudinfra\"\nrounds = 13\n"),
        (
            "twin.toml",
            "name = \"twin\"\nextends = \"cloudinfra\"\nrounds = 12\n",
        ),
    ] {
        sandbox.write(&format!("sub/{file}"), text);
    }
    sandbox.write("e.toml", WORLDS);
    sandbox
}

/// A world has one name in plan, tables and terminal, its own, unless two share it; and every form
/// that a user would type finds it.
#[test]
fn a_world_has_one_name_everywhere() {
    let sandbox = with_worlds();
    let plan = sandbox.ok("plan e.toml");
    let table = sandbox.ok("run e.toml --out r");
    let names: Vec<String> = sandbox
        .rows("r/summary.csv")
        .iter()
        .map(|row| row["world"].clone())
        .collect();
    // `a,b.toml` keeps the name of the world that it extends, so both are called as written.
    assert_eq!(&names[..2], ["cloudinfra", "other-name"]);
    assert_eq!(names.last().map(String::as_str), Some("twin"));
    for text in ["world=other-name", "world=twin", "world=\"sub/a,b.toml\""] {
        assert!(plan.contains(text), "{plan}");
    }
    assert!(
        table.contains("other-name") && table.contains("twin"),
        "{table}"
    );
    let told = |at: &str| {
        let mut command = sandbox.sysworld("replay r --quiet --at");
        let output = command.arg(at).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{at}: {said}");
        String::from_utf8(output.stdout).expect("text")
    };
    let second = told("world=other-name");
    for at in [
        "world=sub/second.toml",
        "world=second.toml",
        "world=second",
        "\"world\"=\"other-name\"",
    ] {
        assert_eq!(told(at), second, "{at}");
    }
    let comma = told("world=\"sub/a,b.toml\"");
    assert_eq!(told("world=\"a,b\""), comma);
    assert_ne!(comma, second);
    let gate = "run e.toml --out r --quiet --gate availability>0.1 --gate-at";
    for at in ["world=second", "world=\"a,b.toml\""] {
        let output = sandbox.sysworld(gate).arg(at).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), said.matches("holds  ").count()),
            (Some(0), 1),
            "{said}"
        );
    }
    for (at, said) in [
        (
            "world=third",
            "allowed: cloudinfra, other-name, sub/a,b.toml, twin",
        ),
        ("word=twin", "did you mean `world`?"),
        ("twin", "is not factor=level"),
        ("world=twin,world=twin", "gives the factor `world` twice"),
    ] {
        let output = sandbox
            .sysworld("replay r --at")
            .arg(at)
            .output()
            .expect("it runs");
        let found = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(2) && found.contains(said),
            "{at}: {found}"
        );
    }
}

/// How a world was written is not what a sweep is: another path to the same file goes on.
#[test]
fn another_path_to_a_world_is_the_same_sweep() {
    let sandbox = with_worlds();
    sandbox.ok("run e.toml --out r --quiet");
    sandbox.write(
        "e.toml",
        &WORLDS.replace("sub/second", "./sub/../sub/second"),
    );
    let output = sandbox
        .sysworld("run e.toml --out r")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.contains("nothing was missing"),
        "{said}"
    );
}

/// What was asked for with `--replications` is gone on with by the plain command; fewer are refused,
/// with the command that goes on.
#[test]
fn a_sweep_with_more_replications_is_gone_on_with() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 50\n[factors]\nskill = [\"mid\", \"senior\"]\n",
    );
    sandbox.ok("run e.toml --out r --quiet --replications 300");
    let before = sandbox.data("r");
    let output = sandbox
        .sysworld("run e.toml --out r")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("going on with 300, as by --replications 300"),
        "{said}"
    );
    assert!(sandbox.data("r") == before);
    // A new level gets as many as the others.
    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 50\n[factors]\nskill = [\"mid\", \"senior\", \"junior\"]\n",
    );
    sandbox.ok("run e.toml --out r --quiet");
    assert!(
        sandbox
            .rows("r/summary.csv")
            .iter()
            .all(|row| row["n"] == "300")
    );
    let (code, said) = sandbox.fails("run e.toml --out r --replications 60");
    assert_eq!(code, 2);
    assert!(
        said.contains("leave --replications out, or repeat --replications 300"),
        "{said}"
    );
    // Another sweep is still refused, and says what differs.
    let (code, said) = sandbox.fails("run e.toml --out r --seed 7");
    assert_eq!(code, 2);
    assert!(said.contains("seed: 42 in the folder, 7 now"), "{said}");
}

/// In every world of `redundancy.toml` each server meets as much chaos of each kind as in cloudinfra.
#[test]
fn the_worlds_of_redundancy_differ_in_redundancy_alone() {
    let sandbox = Sandbox::new();
    let experiment = shipped("experiments/redundancy.toml");
    let output = sandbox
        .sysworld(&format!("plan {experiment}"))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("production as a whole"), "{said}");
    assert!(
        said.contains("15 rounds can tell"),
        "the SLA is the journey: {said}"
    );
}

/// And so it is counted in replications: events on a server and round, by scenario and world.
#[test]
fn every_server_of_redundancy_is_struck_alike() {
    const REPLICATIONS: u64 = 3000;
    let base = built_in("cloudinfra");
    let mut worlds = vec![built_in("cloudinfra")];
    for name in ["second-api", "second-cache", "no-replica"] {
        let path = shipped(&format!("experiments/worlds/{name}.toml"));
        worlds.push(load(&WorldSource::File(path.into())));
    }
    for world in &worlds {
        let mut struck = vec![vec![0_u32; world.servers.len()]; world.chaos.len()];
        let model = model(world, 1.0, "mid");
        for replication in 0..REPLICATIONS {
            for (_, scenario, server) in watch(&model, replication).1.events {
                struck[scenario][server] += 1;
            }
        }
        for (scenario, original) in world.chaos.iter().zip(&base.chaos) {
            let strikes = |of: &World| {
                let servers = of
                    .servers
                    .iter()
                    .filter(|s| original.aims_at(s.kind.get_ref()));
                servers.count() as f64
            };
            // What each server met in cloudinfra, exactly and as counted.
            let rate = original.probability.get() / strikes(&base);
            let now = scenario.probability.get() / strikes(world);
            assert!(
                (now - rate).abs() < 1e-9,
                "{} {}: {now}",
                world.name,
                scenario.name.get_ref()
            );
            let expected = rate * 15.0 * REPLICATIONS as f64;
            let at = world
                .chaos
                .iter()
                .position(|s| s.name == scenario.name)
                .expect("it is there");
            for (server, count) in world.servers.iter().zip(&struck[at]) {
                let mean = match original.aims_at(server.kind.get_ref()) {
                    true => expected,
                    false => 0.0,
                };
                let off = (f64::from(*count) - mean).abs();
                assert!(
                    off <= 5.0 * mean.sqrt(),
                    "{}: {count}, expected {mean}",
                    world.name
                );
            }
        }
    }
}
