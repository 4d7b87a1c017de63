//! Files that are wrong in one way: what both refuse, and what only the reader can.

use super::Kind;

use Kind::{Experiment, World};

/// What schema and reader make of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    Refused,
    /// Refused by the reader alone, for a reason that no schema can see.
    Beyond,
}

/// A reason to refuse that no schema can see.
struct Reason {
    /// The sentence about it in `docs/editors.md`.
    says: &'static str,
    /// What the reader's messages about it contain.
    messages: &'static [&'static str],
    /// One example for each message: what is laid on cloudinfra, or on a small experiment.
    examples: &'static [(Kind, &'static str)],
}

/// The verdict of both; it is an error if they differ for a reason that is not in [`BEYOND`].
pub fn agree(kind: Kind, text: &str) -> Result<Verdict, String> {
    let schema = kind.refused_by_schema(text);
    let reader = kind.refused_by_reader(text);
    match (schema.is_empty(), reader.is_empty()) {
        (true, true) => Ok(Verdict::Accepted),
        (false, false) => Ok(Verdict::Refused),
        (false, true) => Err(format!(
            "only the schema refuses {kind:?}\n{text}\n{schema:#?}"
        )),
        (true, false) => match reader
            .iter()
            .find(|message| !is_beyond(kind, text, message))
        {
            None => Ok(Verdict::Beyond),
            Some(message) => Err(format!(
                "only the reader refuses {kind:?}\n{text}\n{message}"
            )),
        },
    }
}

fn is_beyond(kind: Kind, text: &str, message: &str) -> bool {
    let reasons = BEYOND.iter().flat_map(|reason| reason.messages);
    let known = reasons.filter(|part| match **part {
        // May stand in the world that is extended.
        "the required key `" => kind == World && text.contains("extends = "),
        _ => true,
    });
    let mut known = known.copied();
    // To the rest of the reader, a design that it can't read is a full factorial.
    let follows = message.starts_with("the range lacks `step`") && text.contains("points = ");
    follows && text.contains(".0\n")
        || is_level(text, message)
        || is_whole_fraction(message)
        || known.any(|part| message.contains(part))
}

/// `3.0` where a whole number is wanted: to a schema it is one.
fn is_whole_fraction(message: &str) -> bool {
    let number = message.strip_prefix("expected a whole number, found the number ");
    number.is_some_and(|n| {
        !n.lines()
            .next()
            .unwrap_or_default()
            .contains(['.', 'N', 'i'])
    })
}

/// A level that the value behind its path can't have.
fn is_level(text: &str, message: &str) -> bool {
    let place = message.split_once(" --> e.toml:").map(|(_, place)| place);
    let line = place.and_then(|place| place.split(':').next()?.parse().ok());
    let above: Vec<&str> = text.lines().take(line.unwrap_or_default()).collect();
    let tables = ["factors", "zip", "set"];
    let of_levels = |line: &str| tables.iter().any(|table| line.starts_with(table));
    let header = |line: &&&str| line.starts_with('[') || of_levels(line);
    let header = above.iter().rfind(header);
    let of_world = [
        " is not allowed here",
        "expected a whole number, found",
        "unknown name `",
        "can't be a name",
        "a replication needs rounds",
    ];
    header.is_some_and(|line| of_levels(line.trim_start_matches('[')))
        && of_world.iter().any(|part| message.contains(part))
}

/// Reasons to refuse that no schema can see, which `docs/editors.md` lists too.
const BEYOND: &[Reason] = &[
    Reason {
        says: "Names that refer",
        messages: &[
            "unknown server type `",
            "unknown service `",
            "unknown action `",
            "unknown chaos scenario `",
            "unknown skill `",
            "unknown chaos level `",
            "unknown responder `",
            "has no eligible server",
            "strikes zones, and the server",
            "unknown factor `",
            "` has no level `",
        ],
        examples: &[
            (
                World,
                "runbook = [{ alert = \"health\", server_type = \"queue\", action = \"rollback\" }]",
            ),
            (World, "journey.entry = \"ngnix\""),
            (World, "runbook_default.action = \"restart\""),
            (
                World,
                "remediation = [{ name = \"failover\", effects = [{ end = [\"cpu\"] }] }]",
            ),
            (Experiment, "factors.skill = [\"midd\"]"),
            (World, "default_chaos_level = \"hihg\""),
            (World, "skills.mid.responder = \"rulse\""),
            (
                World,
                "chaos = [{ name = \"cpu_spike\", target_types = [\"queue\"] }]",
            ),
            (
                World,
                "chaos = [{ name = \"cpu_spike\", strikes = \"zone\" }]",
            ),
            (
                Experiment,
                "factors.rounds = [1]\nexclude = [{ skill = \"mid\" }]",
            ),
            (
                Experiment,
                "factors.rounds = [1]\ncompare = { factor = \"rounds\", baseline = 2 }",
            ),
        ],
    },
    Reason {
        says: "Names that stand twice",
        messages: &[
            "is defined twice",
            "the runbook has two lines",
            "` is given twice",
            "is asked for twice",
            "chaos_multiplier stands instead of",
            "is a factor of the experiment, so it can't be set",
            "` is the name of a kind",
        ],
        examples: &[
            (
                World,
                "servers = [{ name = \"a\", type = \"a\" }, { name = \"a\", type = \"a\" }]",
            ),
            (
                World,
                "runbook = [{ alert = \"health\", server_type = \"web\", action = \"rollback\" }, \
                     { alert = \"health\", server_type = \"web\", action = \"failover\" }]",
            ),
            (
                Experiment,
                "factors.rounds = [1]\nzip = [{ rounds = [2, 3] }]",
            ),
            (
                Experiment,
                "precision = [{ estimate = \"sla_miss\", half_width = 0.1, max_replications = 9 }, \
                     { estimate = \"sla_miss\", half_width = 0.2, max_replications = 9 }]",
            ),
            (
                Experiment,
                "factors.chaos_level = [\"low\"]\nzip = [{ chaos_multiplier = [1] }]",
            ),
            (Experiment, "factors.rounds = [1]\nset.rounds = 2"),
            (World, "responders.none.kind = \"rules\""),
        ],
    },
    Reason {
        says: "Other files",
        messages: &[
            "unknown world `",
            "is a folder, not a world",
            "extends itself",
            "the required key `",
            "there is no journey",
            "has a [journey] and [[journeys]]",
            "`zones` needs `count`",
            "servers have a `zone` or `zones`, not both",
            "the runbook has no default",
            "a responder of the kind `process` needs `",
            "a responder of the kind `llm` needs `",
            "which skill? ",
            "which chaos_level? ",
            "can't read the design",
        ],
        examples: &[
            (Experiment, "world = \"nowhere.toml\""),
            (Experiment, "world = \"worlds\""),
            (World, "extends = \"world.toml\""),
            (World, "servers = [{ name = \"new\" }]"),
            (
                World,
                "remove = [\"journey\"]\nsla.indicator = \"journey_availability\"",
            ),
            (World, "journeys = [{ name = \"buy\", entry = \"nginx\" }]"),
            (
                World,
                "servers = [{ name = \"web-1\", zones = [\"a\", \"b\"] }]",
            ),
            (
                World,
                "servers = [{ name = \"web\", type = \"web\", count = 3, zones = [\"a\"], zone = \"a\" }]",
            ),
            (World, "remove = [\"runbook_default\"]"),
            (
                World,
                "responders.p = { kind = \"process\", version = \"1\" }",
            ),
            (World, "responders.p = { kind = \"llm\", model = \"m\" }"),
            (
                Experiment,
                "world = \"../tests/data/worlds/no-default.toml\"\nfactors.chaos_level = [\"low\"]",
            ),
            (
                Experiment,
                "world = \"../tests/data/worlds/no-default.toml\"\nfactors.skill = [\"mid\"]",
            ),
            (
                Experiment,
                "design = { method = \"csv\", file = \"nowhere.csv\" }",
            ),
        ],
    },
    Reason {
        says: "Paths",
        messages: &[
            "names nothing in the world",
            "and can't become",
            ", not one value",
        ],
        examples: &[
            (World, "remove = [\"servers.web-3\"]"),
            (Experiment, "factors.rounds = [\"many\"]"),
            (Experiment, "factors.\"chaos.cpu_spike\" = [0.1]"),
        ],
    },
    Reason {
        says: "Numbers compared",
        messages: &[
            "] is empty",
            "warns above its critical",
            "are not in falling order",
            " above max ",
            "an interval must go up",
            "to begin with",
            "is not the shortest duration",
            "this duration has a mean of",
            "these values have no weight",
            "the weights of all journeys are 0",
        ],
        examples: &[
            (World, "traffic_ratio = [2, 1]"),
            (World, "metrics.cpu_usage.warning = 95"),
            (
                World,
                "metrics.cpu_usage.penalties = [{ above = 1, penalty = 1 }, { above = 2, penalty = 1 }]",
            ),
            (
                World,
                "remediation = [{ name = \"rollback\", effects = \
                     [{ add = { metric = \"cpu_usage\", amount = 1, min = 5, max = 4 } }] }]",
            ),
            (
                Experiment,
                "factors.chaos_multiplier = { from = 2, to = 1 }\n\
                          design = { method = \"sobol\", points = 8 }",
            ),
            (
                Experiment,
                "precision = [{ estimate = \"sla_miss\", half_width = 0.1, max_replications = 1 }]",
            ),
            (
                World,
                "chaos = [{ name = \"cpu_spike\", duration = [0, 5] }]",
            ),
            (
                World,
                "chaos = [{ name = \"cpu_spike\", duration = { lognormal = { median = 0.3, sigma = 1 } } }]",
            ),
            (
                World,
                "chaos = [{ name = \"cpu_spike\", duration = { values = [[1, 0], [2, 0]] } }]",
            ),
            (
                World,
                "remove = [\"journey\"]\njourneys = [{ name = \"buy\", entry = \"nginx\", weight = 0 }]",
            ),
        ],
    },
    Reason {
        says: "Counts",
        messages: &[
            " checks a replication",
            "more than 100000 servers",
            "the weights of the journeys sum to ",
            " servers, and only ",
            "the range from ",
            "a chaos multiplier of ",
            "a trial is a whole number",
            " levels\n",
            "the design has ",
            "the sweep is too large",
            "two design points are the same",
            "there is nothing to sample",
            "factors in lockstep need as many levels each",
            "no row of the factors in lockstep",
            "no design point has these levels",
            "every design point is left out",
            "nothing can be compared",
        ],
        examples: &[
            (World, "rounds = 1_000_000_000"),
            (
                World,
                "servers = [{ name = \"a\", type = \"x\", count = 10000 }, { name = \"b\", type = \"x\", count = 10000 }, { name = \"c\", type = \"x\", count = 10000 }, { name = \"d\", type = \"x\", count = 10000 }, { name = \"e\", type = \"x\", count = 10000 }, { name = \"f\", type = \"x\", count = 10000 }, { name = \"g\", type = \"x\", count = 10000 }, { name = \"h\", type = \"x\", count = 10000 }, { name = \"i\", type = \"x\", count = 10000 }, { name = \"j\", type = \"x\", count = 10000 }, { name = \"k\", type = \"x\", count = 10000 }]",
            ),
            (
                World,
                "remove = [\"journey\"]\njourneys = [{ name = \"buy\", entry = \"nginx\", weight = 1_000_000_000 }]",
            ),
            (World, "services.nginx.needs = 3"),
            (
                Experiment,
                "factors.rounds = { from = 2, to = 1, step = 1 }",
            ),
            (
                Experiment,
                "factors.chaos_multiplier = { from = 1, to = -1, step = -1 }",
            ),
            (
                Experiment,
                "factors.trial = { from = 0, to = -1, step = -1 }",
            ),
            (
                Experiment,
                "factors.rounds = { from = 1, to = 1e9, step = 1 }",
            ),
            (
                Experiment,
                "factors.rounds = { from = 1, to = 1e4, step = 1 }\n\
                          factors.chaos_multiplier = { from = 0, to = 1, step = 1e-4 }",
            ),
            (
                Experiment,
                "replications = 1_000_000_000_000\nfactors.rounds = [1_000_000]",
            ),
            (Experiment, "factors.description = [\"a\", \"b\"]"),
            (
                Experiment,
                "factors.rounds = [1]\ndesign = { method = \"sobol\", points = 8 }",
            ),
            (Experiment, "zip = [{ skill = [\"mid\"], rounds = [1, 2] }]"),
            (
                Experiment,
                "zip = [{ skill = [\"mid\", \"senior\"], rounds = [1, 2] }]\n\
                          design = { method = \"one_at_a_time\", base = { skill = \"mid\", rounds = 2 } }",
            ),
            (
                Experiment,
                "zip = [{ skill = [\"mid\", \"senior\"], rounds = [1, 2] }]\n\
                          exclude = [{ skill = \"mid\", rounds = 2 }]",
            ),
            (
                Experiment,
                "factors.rounds = [1]\nexclude = [{ rounds = 1 }]",
            ),
            (
                Experiment,
                "factors.rounds = [1]\ncompare = { factor = \"rounds\", baseline = 1 }",
            ),
        ],
    },
    Reason {
        says: "Circles",
        messages: &["the services depend on each other"],
        examples: &[(World, "service_dependencies.redis = [\"nginx\"]")],
    },
    Reason {
        says: "How a value is written",
        messages: &[
            "percent with at most 10 decimals",
            "of a range must be a decimal number",
            "found a date",
        ],
        examples: &[
            (World, "sla.target = 99.99999999999"),
            (
                Experiment,
                "factors.chaos_multiplier = { from = 0, to = 1e300, step = 1e299 }",
            ),
            (World, "description = 1979-05-27"),
        ],
    },
];

const WORLD: &str = "extends = \"cloudinfra\"\n";
const EXPERIMENT: &str = "name = \"e\"\nreplications = 2\n";

/// A change laid on cloudinfra, or on a small experiment; what the change says itself goes before.
pub fn changed(kind: Kind, change: &str) -> String {
    let head = if kind == World { WORLD } else { EXPERIMENT };
    let unsaid = |line: &&str| {
        let key = line.split_inclusive('=').next().unwrap_or_default();
        !change.lines().any(|line| line.starts_with(key))
    };
    let head: Vec<&str> = head.lines().filter(unsaid).collect();
    format!("{}\n{change}\n", head.join("\n"))
}

/// For each reason: only the reader refuses, with that message, and the page says so.
#[test]
fn what_no_schema_can_see_is_listed() {
    let page = std::fs::read_to_string(crate::sandbox::shipped("docs/editors.md"));
    let page = page.expect("the page is there");
    for reason in BEYOND {
        assert!(page.contains(&format!("- **{}.**", reason.says)));
        assert_eq!(
            reason.messages.len(),
            reason.examples.len(),
            "{}",
            reason.says
        );
        for (message, (kind, change)) in reason.messages.iter().zip(reason.examples) {
            let text = changed(*kind, change);
            assert_eq!(agree(*kind, &text), Ok(Verdict::Beyond), "{text}");
            let said = kind.refused_by_reader(&text).join("\n");
            assert!(said.contains(message), "{text}\n{said}");
        }
    }
    assert_eq!(page.matches("\n- **").count(), BEYOND.len());
    for (change, said) in [
        (
            "factors.\"chaos.cpu_spike.probability\" = [1.5]",
            "1.5 is not allowed here",
        ),
        ("seed = 3.0", "expected a whole number, found the number 3"),
    ] {
        let text = changed(Experiment, change);
        assert_eq!(agree(Experiment, &text), Ok(Verdict::Beyond), "{text}");
        assert!(Experiment.refused_by_reader(&text)[0].starts_with(said));
    }
}
