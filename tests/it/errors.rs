//! Bad input: one clear error, exit code 2, nothing written. `snapshots/` holds every message.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use insta::assert_snapshot;
use tempfile::TempDir;

pub const GOOD: &str = "name = \"e\"\nreplications = 2\n";

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(folder.join(name), bytes).expect("the folder can be written to");
}

pub fn sysworld(folder: &Path, args: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sysworld"));
    // `''` is an empty argument.
    let args = args.split(' ').map(|arg| arg.trim_matches('\''));
    command.current_dir(folder).args(args);
    command
}

/// Every file and folder with its bytes.
fn tree(folder: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(tree(&path));
        }
        found.insert(path.display().to_string(), fs::read(&path).ok());
    }
    found
}

/// What is said about bad input.
#[track_caller]
fn refused(folder: &Path, args: &str) -> String {
    let before = tree(folder);
    let output = sysworld(folder, args).output().expect("it runs");
    let text = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{args}\n{text}");
    assert!(output.stdout.is_empty(), "{args}");
    assert!(tree(folder) == before, "{args}: something was written");
    assert_eq!(text.matches("error: ").count(), 1, "{text}");
    text
}

/// The messages of many commands, one after another.
pub fn all(folder: &Path, commands: &[&str]) -> String {
    let message = |args: &&str| format!("$ sysworld {args}\n{}\n", refused(folder, args));
    commands.iter().map(message).collect()
}

/// The messages about many experiments, each with its file `e.toml`; the place must be shown.
fn experiments<T: AsRef<str>>(texts: &[T], others: &[(&str, &str)]) -> String {
    let message = |text: &T| {
        let folder = folder();
        for (name, other) in others {
            write(folder.path(), name, other);
        }
        write(folder.path(), "e.toml", text.as_ref());
        let said = refused(folder.path(), "run e.toml");
        assert!(said.contains("--> "), "no place: {said}");
        said + "\n"
    };
    texts.iter().map(message).collect()
}

fn with_factors(lines: &[&str]) -> String {
    let text = |line: &&str| format!("{GOOD}[factors]\n{line}\n");
    experiments(&lines.iter().map(text).collect::<Vec<_>>(), &[])
}

/// An experiment that asks for a precision of the SLA miss.
fn precision(half_width: &str) -> String {
    format!(
        "{GOOD}[[precision]]\nestimate = \"sla_miss\"\nhalf_width = {half_width}\n\
         max_replications = 9\n"
    )
}

/// The messages about many changes of the default world.
fn worlds(changes: &[&str]) -> String {
    let experiment = format!("{GOOD}world = \"w.toml\"\n");
    let message = |change: &&str| {
        let world = format!("name = \"w\"\nextends = \"cloudinfra\"\n{change}\n");
        experiments(&[&experiment], &[("w.toml", &world)])
    };
    changes.iter().map(message).collect()
}

#[test]
fn unknown_keys() {
    assert_snapshot!(
        "unknown_keys",
        worlds(&[
            "round = 3",
            "sla.targt = 99",
            "[metrics.cpu_usage]\nwarnign = 80",
            "[metrics.cpu]\nwarning = 80",
            "[[servers]]\nname = \"web-1\"\nservces = []",
            "[[chaos]]\nname = \"cpu_spike\"\neffects = [{ hold = { metric = \"cpu_usage\", valeu = 3 } }]",
            "[[chaos]]\nname = \"cpu_spike\"\neffects = [{ hodl = { metric = \"cpu_usage\", value = 3 } }]",
            "[skills.mid]\npanic_treshold = 3",
            "[skills.mid]\nparalel = 3",
            "[response]\ndetects = 3",
        ]) + &experiments(
            &[
                "name = \"e\"\nreplicatons = 3\nreplications = 3\n".to_owned(),
                format!("{GOOD}[output]\ntable = [\"runs\"]\n"),
            ],
            &[]
        )
    );
}

#[test]
fn unknown_names() {
    assert_snapshot!(
        "unknown_names",
        worlds(&[
            "[[remediation]]\nname = \"failover\"\neffects = [{ end = [\"network_partion\"] }]",
            "[[chaos]]\nname = \"cpu_spik\"\nprobability = 0.2",
            "[[runbook]]\nalert = \"cpu_usage\"\nlevel = \"critical\"\naction = \"scale_pu\"",
            "[[runbook]]\nalert = \"cpu_usge\"\naction = \"scale_up\"",
            "runbook_default.action = \"restart\"",
            "default_skill = \"midd\"",
            "[skills.midd]\npanic_threshold = 3",
            "[service_dependencies]\napp-api = [\"postgres\"]",
            "journey.entry = \"ngnix\"",
            "remove = [\"servers.db-replca\"]",
            "[[chaos]]\nname = \"cpu_spike\"\neffects = [{ hold = { metric = \"cpu_usge\", value = 3 } }]",
            "[[chaos]]\nname = \"cpu_spike\"\ntarget_types = [\"web\", \"dtabase\"]",
            "[[servers]]\nname = \"web.3\"\ntype = \"web\"",
            "[skills.\"a.b\"]\ndiagnosis_accuracy = 1\nremediation_speed = 1\npanic_threshold = 1",
        ]) + &experiments(
            &[
                format!("{GOOD}world = \"cloudinfa\"\n"),
                format!("{GOOD}world = \"wrold.toml\"\n"),
                format!("{GOOD}world = \"\"\n"),
                format!("{GOOD}world = \"..\"\n"),
                format!("{GOOD}random_numbers = \"comon\"\n"),
                format!("{GOOD}[output]\ntables = [\"run\"]\n"),
                format!("{GOOD}[output]\nformats = [\"parket\"]\n"),
                "name = \"../e\"\nreplications = 1\n".to_owned(),
            ],
            &[("world.toml", "")]
        ) + &with_factors(&[
            "skil = [\"junior\"]",
            "skill = [\"junior\", \"midd\"]",
            "chaos_level = [\"hihg\"]",
            "world = [\"cloudinfra\", \"agentos-clasic\"]",
            "\"chaos.cpu_spke.probability\" = [0.1]",
            "\"chaos.cpu_spike.probabilty\" = [0.1]",
            "\"chaos.cpu_spike\" = [0.1]",
            "chaos.cpu_spike.probability = [0.1]",
        ])
    );
}

#[test]
fn impossible_values() {
    assert_snapshot!(
        "impossible_values",
        worlds(&[
            "[[chaos]]\nname = \"cpu_spike\"\nprobability = 1.5",
            "[[chaos]]\nname = \"cpu_spike\"\nprobability = nan",
            "[[chaos]]\nname = \"cpu_spike\"\nprobability = \"0.5\"",
            "[[chaos]]\nname = \"cpu_spike\"\nduration = -1",
            "[[chaos]]\nname = \"cpu_spike\"\nduration = 1.5",
            "[[remediation]]\nname = \"failover\"\ncooldown = -2",
            "[skills.mid]\ndiagnosis_accuracy = -0.1",
            "[skills.mid]\nparallel = 0",
            "[skills.mid]\nparallel = -1",
            "[skills.mid]\nparallel = \"all\"",
            "[response]\ndetect = -1",
            "[response]\nacknowledge = { lognormal = { median = 5, sigma = -0.5 } }",
            "[response]\nduration_scale = 0",
            "response = 3",
            "[[remediation]]\nname = \"failover\"\nduration = [4, 2]",
            "rounds = 0",
            "rounds = 1_000_000_000",
            "rounds = 99999999999999999999",
            "sla.target = 100.1",
            "sla.target = 0.999",
            "sla.target = 1",
            "[[remediation]]\nname = \"failover\"\nsuccess_rate = 90",
            "[skills.mid]\ndiagnosis_accuracy = 99.5",
            "round_minutes = 0",
            "traffic_ratio = [-1, 2]",
            "traffic_ratio = [2, 1]",
            "traffic_ratio = [1]",
            "metrics.cpu_usage.initial = [10, 110]",
            "metrics.cpu_usage.warning = 95",
            "[metrics.cpu_usage]\npenalties = [{ above = 70, penalty = 30 }, { above = 90, penalty = 10 }]",
            "[[chaos]]\nname = \"cpu_spike\"\neffects = [{ shock = { quantity = \"cpu_usage\" } }]",
            "[[chaos]]\nname = \"cpu_spike\"\neffects = [\"isolate\"]",
            "[[remediation]]\nname = \"rollback\"\neffects = [{ draw = { metric = \"cpu_usage\", range = [-3, 5] } }]",
            "[[remediation]]\nname = \"rollback\"\neffects = [{ add = { metric = \"cpu_usage\", amount = 1, min = 5, max = 4 } }]",
            "servers = []",
            "servers = 3",
            "servers = [3]",
        ]) + &with_factors(&[
            "\"chaos.cpu_spike.probability\" = [0.1, 1.5]",
            "\"chaos.cpu_spike.probability\" = { from = 0.5, to = 1.5, step = 0.5 }",
            "\"sla.target\" = [99, 0.95]",
            "\"chaos.cpu_spike.duration\" = [-1]",
            "\"chaos.cpu_spike.duration\" = [\"long\"]",
            "\"metrics.cpu_usage.warning\" = [95]",
            "chaos_multiplier = [-1]",
        ]) + &experiments(
            &[
                "name = \"e\"\nreplications = 0\n".to_owned(),
                "name = \"e\"\nreplications = 9223372036854775807\n".to_owned(),
                "name = \"e\"\n".to_owned(),
                format!("{GOOD}seed = -1\n"),
                format!("{GOOD}confidence = 95\n"),
                format!("{GOOD}confidence = 1\n"),
                precision("5"),
                precision("0.5"),
                precision("-1"),
            ],
            &[]
        )
    );
}

#[test]
fn contradictions_of_a_world() {
    assert_snapshot!(
        "contradictions_of_a_world",
        worlds(&[
            "[service_dependencies]\nredis = [\"nginx\"]",
            "[service_dependencies]\nredis = [\"redis\"]",
            "[[chaos]]\nname = \"cpu_spike\"\ntarget_types = [\"queue\"]",
            "remove = [\"servers.cache-1\"]",
            "phases = [\"chaos\", \"update\", \"respond\"]",
            "phases = [\"chaos\", \"update\", \"respond\", \"assess\", \"chaos\"]",
            "phases = [\"chaos\", \"update\", \"respond\", \"asess\"]",
            "[[servers]]\nname = \"web-3\"\ntype = \"web\"\n[[servers]]\nname = \"web-3\"\ntype = \"web\"",
            "[[runbook]]\nalert = \"health\"\nlevel = \"critical\"\naction = \"failover\"\n\
         [[runbook]]\nalert = \"health\"\nlevel = \"critical\"\naction = \"rollback\"",
        ])
    );
}

#[test]
fn services_and_journeys() {
    let journeys = |journeys: &str| format!("remove = [\"journey\"]\njourneys = [{journeys}]");
    let buy = "{ name = \"buy\", entry = \"nginx\"";
    assert_snapshot!(
        "services_and_journeys",
        worlds(&[
            "services.app-api.needs = 2",
            "services.nginx.needs = 3",
            "services.postgresql.needs = 2",
            "services.nginx.needs = 0",
            "services.ngnix.needs = 1",
            "[[journeys]]\nname = \"buy\"\nentry = \"nginx\"",
            "service_dependencies.redis = [{ service = \"redis\", optional = true }]",
            "service_dependencies.redis = [{ service = \"postgres\", optional = true }]",
            "service_dependencies.redis = [{ servce = \"postgresql\" }]",
            "service_dependencies.redis = [3]",
            &journeys(&format!("{buy} }}, {buy}, weight = 2 }}")),
            &journeys(&format!("{buy}, weight = 0 }}")),
            &journeys(&format!("{buy}, weight = 150_000_000 }}")),
            &journeys(&format!("{buy}, weight = 0.5 }}")),
            &journeys("{ name = \"buy\", entry = \"ngnix\" }"),
            &journeys("{ name = \"buy\" }"),
        ])
    );
}

#[test]
fn designs() {
    assert_snapshot!(
        "designs",
        with_factors(&[
            "skill = []",
            "skill = true",
            "skill = 1979-05-27",
            "skill.junior = [1]",
            "chaos.cpu_spike.probability = 0.1",
            "chaos_multiplier = { from = 1, to = 0, step = 0.5 }",
            "chaos_multiplier = { from = 0, to = 1, step = 0 }",
            "chaos_multiplier = { from = 0, to = 1 }",
            "chaos_multiplier = { from = 0, to = 1, stpe = 1 }",
            "chaos_multiplier = { from = 0, to = 1, step = nan }",
            "chaos_multiplier = { from = 0, to = 1, step = 0.00000001 }",
            "chaos_multiplier = { from = 0, to = 1, step = 0.0001 }\n\
         \"chaos.cpu_spike.probability\" = { from = 0, to = 1, step = 0.001 }",
            "chaos_multiplier = [1]\nchaos_level = [\"low\"]",
            "chaos_multiplier = [1, 2, 1.0]",
            "\"rounds\" = [1, \"a\"]",
            "\"remediation.scale_up.cooldown\" = [3, 3.0]",
            "\"base_traffic\" = [0, -0.0]",
            "description = [\"a\", \"b\"]",
        ]) + &experiments(
            &[
                format!("{GOOD}factors = 3\n"),
                format!("{GOOD}set = 3\n"),
                format!("{GOOD}sla.target = 99\n"),
                format!("{GOOD}\"sla.target\" = 99\n"),
                format!("{GOOD}rounds = 3\n"),
                format!("{GOOD}[set]\nsla.target = 99\n"),
                format!("{GOOD}[set]\n\"sla.target\" = [99, 99.9]\n"),
                format!("{GOOD}[set]\n\"sla.targt\" = 99\n"),
                format!("{GOOD}[set]\n\"sla.target\" = \"high\"\n"),
                format!("{GOOD}[set]\n\"sla.target\" = 101\n"),
                format!("{GOOD}[set]\nskill = \"mid\"\n"),
                format!("{GOOD}[set]\nrounds = 3\n[factors]\nrounds = [1, 2]\n"),
                format!(
                    "exclude = [{{ sla.target = 99 }}]\n{GOOD}[factors]\n\"sla.target\" = [98, 99]\n"
                ),
                format!("{GOOD}[output]\nformats = []\n"),
            ],
            &[]
        )
    );
}

#[test]
fn files() {
    let folder = folder();
    let at = folder.path();
    for (name, text) in [
        ("quote.toml", "name = \"e"),
        ("many.toml", "name = \nx = = 3\n[[a"),
        ("twice.toml", "name = \"a\"\r\nname = \"b\"\r\n"),
        ("bom.toml", "\u{feff}name = \"é\"\r\nréplications = 3\r\n"),
        (
            "wide.toml",
            "name = \"e\"\nworld\t= '→\u{1F4A5}'\nreplications = 1\n",
        ),
        ("nothing.toml", ""),
        ("circle.toml", "name = \"a\"\nextends = \"round.toml\"\n"),
        (
            "round.toml",
            "name = \"b\"\nextends = \"./folder/../circle.toml\"\n",
        ),
        ("orphan.toml", "name = \"c\"\nextends = \"circel.toml\"\n"),
        ("rootless.toml", "name = \"d\"\nremove = [\"servers.a\"]\n"),
    ] {
        write(at, name, text);
    }
    write(at, "latin.toml", b"# caf\xc3\xa9\nname = \"caf\xe9\"\n");
    write(at, "deep.toml", format!("name = {}", "[".repeat(10_000)));
    fs::create_dir(at.join("folder")).expect("a folder");
    assert_snapshot!(
        "files",
        all(
            at,
            &[
                "run quote.toml",
                "run many.toml",
                "run twice.toml",
                "run wide.toml",
                "run latin.toml",
                "run deep.toml",
                "run nowhere.toml",
                "run folder",
                "plan nowhere/e.toml",
                "plan quote.toml",
                "simulate --world nothing.toml",
                "simulate --world circle.toml",
                "simulate --world orphan.toml",
                "simulate --world rootless.toml",
                "simulate --world nowhere.toml",
            ]
        )
    );
    // Two keys that are wrong, two that are missing: all are said at once.
    let output = sysworld(at, "run bom.toml").output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert_snapshot!("files_bom", String::from_utf8_lossy(&output.stderr));
}
