//! Files with one thing wrong, which a schema can see: the real binary refuses each, and so does the
//! schema, at the right place.

use insta::assert_snapshot;

use super::broken::changed;
use super::{Kind, assert_accepted};
use crate::sandbox::Sandbox;

use Kind::{Experiment, World};

/// A world that extends no other, to leave things out of.
const COMPLETE: &str = r#"
name = "tiny"
journey = { entry = "app" }
servers = [{ name = "app-1", type = "app", services = ["app"] }]
chaos = [{ name = "crash", probability = 0.1, duration = 1, effects = [{ crash_service = {} }] }]
remediation = [{ name = "restart", success_rate = 0.9, cooldown = 1, effects = [{ end = "all" }] }]
runbook = [{ alert = "health", action = "restart" }]
runbook_default = { action = "restart" }
skills.mid = { diagnosis_accuracy = 1.0, remediation_speed = 1.0, panic_threshold = 4 }
chaos_levels.medium = 1.0
"#;

/// What is left out of [`COMPLETE`] or put in its place.
const EDITS: [(&str, &str); 29] = [
    ("name = \"tiny\"\n", ""),
    ("entry = \"app\"", ""),
    (
        "servers = [{ name = \"app-1\", type = \"app\", services = [\"app\"] }]\n",
        "",
    ),
    ("name = \"app-1\", ", ""),
    ("type = \"app\", ", ""),
    ("name = \"crash\", ", ""),
    ("probability = 0.1, ", ""),
    ("duration = 1, ", ""),
    (", effects = [{ crash_service = {} }]", ""),
    ("{ crash_service = {} }", "{}"),
    (
        "{ crash_service = {} }",
        "{ crash_service = {}, isolate = {} }",
    ),
    ("{ crash_service = {} }", "\"crash_service\""),
    (
        "{ crash_service = {} }",
        "{ hold = { metric = \"cpu_usage\" } }",
    ),
    ("{ crash_service = {} }", "{ hold = { value = 95 } }"),
    ("{ crash_service = {} }", "{ hold = [\"cpu_usage\", 95] }"),
    ("name = \"restart\", ", ""),
    ("success_rate = 0.9, ", ""),
    ("cooldown = 1, ", ""),
    (", effects = [{ end = \"all\" }]", ""),
    ("end = \"all\"", "end = \"crash\""),
    ("end = \"all\"", "end = [1]"),
    ("alert = \"health\", ", ""),
    (", action = \"restart\" }]", " }]"),
    ("{ action = \"restart\" }\nskills", "{}\nskills"),
    ("runbook_default = { action = \"restart\" }\n", ""),
    ("diagnosis_accuracy = 1.0, ", ""),
    (", panic_threshold = 4", ""),
    (
        "chaos_levels.medium = 1.0",
        "remove = [\"servers.app-1\"]\nchaos_levels.medium = 1.0",
    ),
    (
        "journey = { entry = \"app\" }",
        "sla.indicator = \"journey_availability\"",
    ),
];

/// What is wrong about cloudinfra with these lines.
const CHANGES: [&str; 90] = [
    // unknown keys
    "round = 3",
    "sla.targt = 99",
    "journey.exit = \"nginx\"",
    "servers = [{ name = \"web-1\", servces = [] }]",
    "metrics.cpu.warning = 80",
    "metrics.cpu_usage.warnign = 80",
    "metrics.error_rate.mean = 1",
    "metrics.cpu_usage.penalties = [{ above = 1, penalty = 1, below = 2 }]",
    "metrics.error_rate.bands = [{ range = [0, 1], disk_above = 2 }]",
    "chaos = [{ name = \"cpu_spike\", probabilty = 0.1 }]",
    "chaos = [{ name = \"cpu_spike\", effects = [{ hodl = { metric = \"cpu_usage\", value = 3 } }] }]",
    "chaos = [{ name = \"cpu_spike\", effects = [{ hold = { metric = \"cpu_usage\", valeu = 3 } }] }]",
    "chaos = [{ name = \"cpu_spike\", effects = [{ isolate = { types = [] } }] }]",
    "remediation = [{ name = \"failover\", cost = 1 }]",
    "remediation = [{ name = \"failover\", effects = [{ restart_service = { name = \"a\" } }] }]",
    "runbook = [{ alert = \"network\", action = \"rollback\", when = \"night\" }]",
    "runbook_default.alert = \"network\"",
    "journeys = [{ name = \"buy\", entry = \"nginx\", share = 1 }]",
    "services.nginx = { need = 2 }",
    "service_dependencies.nginx = [{ service = \"app-api\", optionl = true }]",
    "skills.mid.panic_treshold = 3",
    // wrong types
    "name = 3",
    "rounds = \"15\"",
    "rounds = 1.5",
    "phases = \"chaos\"",
    "traffic_ratio = 1",
    "sla = 99.9",
    "journey = [\"nginx\"]",
    "servers = 3",
    "servers = [3]",
    "servers = [{ name = \"web-1\", services = \"nginx\" }]",
    "service_dependencies.nginx = \"app-api\"",
    "service_dependencies.nginx = [[\"app-api\"]]",
    "metrics.error_rate.bands = [{ range = [0, 1], dependency_down = \"app-api\" }]",
    "metrics = []",
    "metrics.cpu_usage = 3",
    "metrics.cpu_usage.penalties = [[90, 30]]",
    "chaos_levels.high = \"2\"",
    "skills.mid = 3",
    "description = false",
    // numbers out of range
    "rounds = 0",
    "dependency_penalty = -1",
    "services.nginx.needs = 0",
    "rounds = 1_000_000_001",
    "round_minutes = 0",
    "cpu_per_load = -1",
    "up_health = 100.5",
    "sla.target = -0.1",
    "sla.target = 0.999",
    "sla.target = 1",
    "traffic_ratio = [-1, 2]",
    "traffic_ratio = [1, 2, 3]",
    "metrics.cpu_usage.bounds = [0, 101]",
    "metrics.cpu_usage.reversion = 1.1",
    "chaos_levels.high = -1",
    "chaos = [{ name = \"cpu_spike\", probability = 1.5 }]",
    "chaos = [{ name = \"cpu_spike\", probability = nan }]",
    "chaos = [{ name = \"cpu_spike\", duration = -1 }]",
    "chaos = [{ name = \"cpu_spike\", duration = [1] }]",
    "chaos = [{ name = \"cpu_spike\", duration = { normal = { mean = 5 } } }]",
    "chaos = [{ name = \"cpu_spike\", duration = { geometric = { mean = 0.5 } } }]",
    "chaos = [{ name = \"cpu_spike\", duration = { lognormal = { median = 5, sigma = -1 } } }]",
    "chaos = [{ name = \"cpu_spike\", duration = { weibull = { shape = 0, scale = 5 } } }]",
    "chaos = [{ name = \"cpu_spike\", duration = { values = [] } }]",
    "chaos = [{ name = \"cpu_spike\", duration = { values = [[5]] } }]",
    "chaos = [{ name = \"cpu_spike\", duration_scale = 0 }]",
    "response = { detects = 1 }",
    "response = { detect = -1 }",
    "response = { acknowledge = { geometric = { mean = 0.5 } } }",
    "response = { duration_scale = 0 }",
    "skills.mid.parallel = 0",
    "skills.mid.parallel = 1.5",
    "skills.mid.detect = \"soon\"",
    "remediation = [{ name = \"rollback\", duration = [1] }]",
    "chaos = [{ name = \"cpu_spike\", strikes = { share = 1.5 } }]",
    "chaos = [{ name = \"cpu_spike\", strikes = { part = 0.5 } }]",
    "chaos = [{ name = \"cpu_spike\", effects = [{ crash_service = { recovers = -1 } }] }]",
    "servers = [{ name = \"web\", type = \"web\", count = 0 }]",
    "servers = [{ name = \"web\", type = \"web\", count = 2, zones = [] }]",
    // bad names and names that are not on a list
    "chaos = [{ name = \"cpu_spike\", strikes = \"rack\" }]",
    "chaos = [{ name = \"cpu_spike\", per = \"zone\" }]",
    "servers = [{ name = \"web.3\", type = \"web\" }]",
    "name = \"\"",
    "skills.\"a.b\" = { diagnosis_accuracy = 1, remediation_speed = 1, panic_threshold = 1 }",
    "servers = [{ name = \"web-1\", role = \"leader\" }]",
    "phases = [\"chaos\", \"update\", \"respond\", \"asess\"]",
    "phases = [\"chaos\", \"update\", \"respond\", \"respond\"]",
    "runbook = [{ alert = \"cpu_usge\", action = \"scale_up\" }]",
    "chaos = [{ name = \"cpu_spike\", effects = [{ shock = { quantity = \"cpu_usage\" } }] }]",
    "chaos = [{ name = \"cpu_spike\", effects = [{ shock = { quantity = \"load\", set = 1 } }] }]",
];

/// What is wrong about a small experiment with these lines.
const EXPERIMENTS: [&str; 39] = [
    "set = 3",
    "set.skill = \"mid\"",
    "set.sla.target = 99",
    "set.\"sla.target\" = [99]",
    "set.\"slo.target\" = 99",
    "replicatons = 3",
    "output.table = [\"runs\"]",
    "factors.skil = [\"junior\"]",
    "factors.\"choas.cpu_spike.probability\" = [0.1]",
    "factors.chaos.cpu_spike.probability = [0.1]",
    "factors.chaos_multiplier = { from = 0, to = 1, stpe = 1 }",
    "name = 3",
    "world = 3",
    "world = \"\"",
    "seed = \"42\"",
    "random_numbers = true",
    "factors = 3",
    "factors.skill = 3",
    "factors.skill = [3]",
    "factors.skill = { from = 0, to = 1, step = 1 }",
    "factors.rounds = [1, \"a\"]",
    "factors.rounds = [[1]]",
    "output = [[\"runs\"], [\"csv\"]]",
    "output.tables = \"runs\"",
    "replications = 0",
    "replications = 1_000_000_000_001",
    "seed = -1",
    "confidence = 95",
    "confidence = 0",
    "factors.chaos_multiplier = [-1]",
    "factors.chaos_multiplier = [1]\nfactors.chaos_level = [\"low\"]",
    "factors.chaos_multiplier = { from = 0, to = 1, step = 0 }",
    "factors.chaos_multiplier = { from = 0, to = 1 }",
    "factors.skill = []",
    "factors.rounds = [3, 5, 3]",
    "name = \"../e\"",
    "random_numbers = \"comon\"",
    "output.tables = [\"run\"]",
    "output.formats = []",
];

/// Each is refused by the binary with exit code 2, and by the schema; what the schema says of them.
fn refused(kind: Kind, texts: &[(String, String)]) -> String {
    let mut said = String::new();
    for (name, text) in texts {
        let sandbox = Sandbox::new();
        sandbox.write("f.toml", text);
        let command = match kind {
            World => "simulate --quiet --world f.toml",
            Experiment => "plan f.toml",
        };
        let (code, message) = sandbox.fails(command);
        assert_eq!(code, 2, "the reader takes\n{text}{message}");
        let refused = kind.refused_by_schema(text);
        assert!(!refused.is_empty(), "the schema takes\n{text}");
        said += &format!("{name}\n    {}\n", refused.join("\n    "));
    }
    said
}

fn changes(kind: Kind, changes: &[&str]) -> String {
    let text = |change: &&str| ((*change).to_owned(), changed(kind, change));
    refused(kind, &changes.iter().map(text).collect::<Vec<_>>())
}

#[test]
fn worlds_with_one_thing_wrong() {
    assert_accepted(World, COMPLETE);
    assert!(World.refused_by_reader(COMPLETE).is_empty());
    let edit = |(from, to): &(&str, &str)| {
        assert_eq!(COMPLETE.matches(from).count(), 1, "{from}");
        (format!("{from:?} → {to:?}"), COMPLETE.replace(from, to))
    };
    let edited: Vec<(String, String)> = EDITS.iter().map(edit).collect();
    assert_snapshot!("schema_of_complete_worlds", refused(World, &edited));
    assert_snapshot!("schema_of_worlds", changes(World, &CHANGES));
}

#[test]
fn experiments_with_one_thing_wrong() {
    assert_snapshot!("schema_of_experiments", changes(Experiment, &EXPERIMENTS));
    assert_snapshot!("schema_of_designs", changes(Experiment, &DESIGNS));
}

/// What is wrong about how levels are combined, and what is made of the replications.
const DESIGNS: [&str; 38] = [
    "zip = { chaos_level = [\"low\"], skill = [\"mid\"] }",
    "zip = [{ skil = [\"mid\"], chaos_level = [\"low\"] }]",
    "zip = [{ chaos_level = true, skill = [\"mid\"] }]",
    "zip = [{ chaos_level = [], skill = [] }]",
    "zip = [{}]",
    "zip = [{ chaos_level = [1], skill = [\"mid\"] }]",
    "zip = [{ rounds = { from = 1, to = 2 }, skill = [\"mid\", \"senior\"] }]",
    "exclude = { skill = \"mid\" }",
    "exclude = [\"mid\"]",
    "exclude = [{ skil = \"mid\" }]",
    "exclude = [{ skill = { name = \"mid\" } }]",
    "exclude = [{}]",
    "design = \"sobol\"",
    "design.method = \"sobl\"",
    "design.methd = \"sobol\"",
    "design = { method = \"sobol\" }",
    "design = { method = \"sobol\", points = 0 }",
    "design = { method = \"sobol\", points = 65_537 }",
    "design = { method = \"sobol\", points = 1.5 }",
    "design = { method = \"latin_hypercube\", points = 8, seed = -1 }",
    "design = { method = \"latin_hypercube\", points = 8, file = \"points.csv\" }",
    "design.points = 64",
    "design = { method = \"csv\" }",
    "design = { method = \"csv\", file = 3 }",
    "design = { method = \"one_at_a_time\", base = [\"medium\"] }",
    "design = { method = \"one_at_a_time\", base = { skill = [\"mid\"] } }",
    "compare = { factor = \"skill\" }",
    "compare = { baseline = \"mid\" }",
    "compare = { factor = \"skill\", baseline = [\"mid\"] }",
    "compare = { factor = \"skill\", baseline = \"mid\", by = \"world\" }",
    "precision = { estimate = \"sla_miss\", half_width = 0.005 }",
    "precision = [{ estimate = \"mttr\", half_width = 0.005 }]",
    "precision = [{ estimate = \"sla_miss\", half_width = 0 }]",
    "precision = [{ estimate = \"sla_miss\", half_width = 0.5 }]",
    "precision = [{ estimate = \"sla_miss\", half_width = 0.1, max_replications = 0 }]",
    "precision = [{ half_width = 0.1, max_replications = 9 }]",
    "precision = [{ estimate = \"sla_miss\", half_width = 0.1 }]",
    "intervals.sla_miss = \"wald\"",
];
