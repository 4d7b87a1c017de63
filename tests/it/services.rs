//! What users need: quorums, journeys of shares of the users, symptoms of what is down elsewhere.

use proptest::prelude::*;
use proptest::sample::Index;
use sysworld::simulation::{InstructionSet, LANES, LaneState, simulate_lanes};
use sysworld::world::AlertKind;

use crate::random_worlds::{Draft, any_world};
use crate::sandbox::Sandbox;
use crate::support::{assert_agrees, model, watch, world};

const PEOPLE: &str = "chaos_levels.medium = 1\n[skills.mid]\ndiagnosis_accuracy = 1\n\
                      remediation_speed = 1\npanic_threshold = 9\n";

/// Servers that fall apart from each other: each has a scenario of its own, and comes back by itself
/// after so many rounds.
struct Quorum {
    needs: usize,
    rounds: u32,
    /// Probability of a crash in a round, and rounds until the server is back.
    servers: &'static [(f64, u32)],
}

impl Quorum {
    fn text(&self) -> String {
        let mut text = format!(
            "name = \"quorum\"\nrounds = {}\nsla.target = 100\njourney.entry = \"store\"\n\
             services.store.needs = {}\n{PEOPLE}",
            self.rounds, self.needs
        );
        for (i, (probability, duration)) in self.servers.iter().enumerate() {
            text += &format!(
                "[[servers]]\nname = \"s{i}\"\ntype = \"t{i}\"\nservices = [\"store\"]\n\
                 [[chaos]]\nname = \"crash-{i}\"\nprobability = {probability}\nduration = {duration}\n\
                 target_types = [\"t{i}\"]\neffects = [{{ isolate = {{}} }}]\n"
            );
        }
        text
    }

    /// Probability that enough servers are up at the assess of a round. One is up if none of its
    /// last `duration` rounds crashed it.
    fn served(&self, round: u32) -> f64 {
        // By how many are up.
        let mut all = vec![1.0];
        for (probability, duration) in self.servers {
            let up = (1.0 - probability).powi((round + 1).min(*duration) as i32);
            let mut next = vec![0.0; all.len() + 1];
            for (count, p) in all.iter().enumerate() {
                next[count] += p * (1.0 - up);
                next[count + 1] += p * up;
            }
            all = next;
        }
        all[self.needs..].iter().sum()
    }
}

/// So many of independent servers are the binomial of the chain of one (Poisson's binomial, where
/// they differ), for a dozen settings.
#[test]
fn a_quorum_is_the_binomial_of_one_server() {
    const BLOCKS: u64 = 5_000;
    let mut state = LaneState::new();
    for quorum in [
        (2, 17, &[(0.0413, 5), (0.0413, 5), (0.0413, 5)][..]),
        (3, 17, &[(0.0413, 5), (0.0413, 5), (0.0413, 5)]),
        (1, 11, &[(0.3171, 3), (0.3171, 3)]),
        (2, 11, &[(0.3171, 3), (0.3171, 3)]),
        (
            3,
            23,
            &[
                (0.0937, 7),
                (0.0937, 7),
                (0.0937, 7),
                (0.0937, 7),
                (0.0937, 7),
            ],
        ),
        (
            4,
            13,
            &[
                (0.0271, 2),
                (0.0271, 2),
                (0.0271, 2),
                (0.0271, 2),
                (0.0271, 2),
            ],
        ),
        (2, 19, &[(0.1913, 2), (0.0677, 11), (0.0131, 19)]),
        (3, 19, &[(0.1913, 2), (0.0677, 11), (0.0131, 19)]),
        (2, 7, &[(0.6113, 1), (0.4337, 2), (0.2791, 3), (0.1373, 4)]),
        (5, 29, &[(0.0057, 13); 7]),
        (6, 29, &[(0.0057, 13); 7]),
        (1, 9, &[(0.7193, 4), (0.5381, 6), (0.8117, 3)]),
        (2, 1, &[(0.4591, 1), (0.3779, 1), (0.2393, 1)]),
    ] {
        let quorum = Quorum {
            needs: quorum.0,
            rounds: quorum.1,
            servers: quorum.2,
        };
        let model = model(&world(&quorum.text()), 1.0, "mid");
        let (mut sum, mut squares) = (0_u64, 0_u64);
        for block in 0..BLOCKS {
            let first = block * LANES as u64;
            simulate_lanes(&model, first, &mut state, InstructionSet::best());
            for replication in state.replications() {
                let rounds = u64::from(replication.outcome.journey_up_rounds);
                sum += rounds;
                squares += rounds * rounds;
            }
        }
        let n = (BLOCKS * LANES as u64) as f64;
        let mean = sum as f64 / n;
        let error = ((squares as f64 / n - mean * mean) / n).sqrt();
        let exact: f64 = (0..quorum.rounds).map(|round| quorum.served(round)).sum();
        let what = format!("{} of {:?}", quorum.needs, quorum.servers);
        assert_agrees(&what, mean, exact, error);
    }
}

/// A service `front` on one server, and what it depends on, which breaks and comes back.
fn symptoms(dependency: &str, more: &str) -> String {
    format!(
        "name = \"symptoms\"\nrounds = 40\nsla.target = 100\njourney.entry = \"front\"\n{more}\n{PEOPLE}\
         [[servers]]\nname = \"front-1\"\ntype = \"front\"\nservices = [\"front\"]\n\
         [[servers]]\nname = \"back-1\"\ntype = \"back\"\nservices = [\"back\"]\n\
         [[chaos]]\nname = \"out\"\nprobability = 0.137\nduration = 3\ntarget_types = [\"back\"]\n\
         effects = [{{ isolate = {{}} }}]\n\
         [service_dependencies]\nfront = [{dependency}]\n\
         [metrics.error_rate]\nwarning = 2\n\
         bands = [{{ dependency_down = true, range = [3, 9] }}, {{ range = [0, 1] }}]\n\
         [metrics.latency_p99]\nwarning = 2\n\
         bands = [{{ dependency_down = false, range = [0, 1] }}, {{ range = [3, 9] }}]\n"
    )
}

/// What is down alerts on what depends on it, from the next update on, and costs health there; what
/// is optional breaks no journey.
#[test]
fn a_dependency_that_is_down_alerts_elsewhere() {
    let long = "{ service = \"back\", optional = true }";
    for (dependency, optional) in [("\"back\"", false), (long, true)] {
        let model = model(
            &world(&symptoms(dependency, "dependency_penalty = 30")),
            1.0,
            "mid",
        );
        let mut down_rounds = 0;
        for replication in 0..200 {
            let (outcome, seen) = watch(&model, replication);
            let back = |round: usize| seen.up[round][1];
            for round in 1..40 {
                let missed = !back(round - 1);
                down_rounds += u32::from(missed);
                for kind in [AlertKind::ErrorRate, AlertKind::LatencyP99] {
                    let alerted = seen.alerts.iter().any(|(at, alert)| {
                        *at == round as u32 && alert.server == 0 && alert.kind == kind
                    });
                    assert_eq!(
                        alerted, missed,
                        "{kind:?} in round {round} of {replication}"
                    );
                }
                // After the assess, and after the round.
                let health = seen.vitals[2 * round][0].0;
                assert_eq!(health, if missed { 70.0 } else { 100.0 });
                let works = optional || back(round);
                assert_eq!(seen.journeys[round], Some(u32::from(works)));
            }
            assert_eq!(
                outcome.journey_up_rounds,
                seen.journeys.iter().flatten().sum::<u32>()
            );
        }
        assert!(down_rounds > 1000, "{down_rounds}");
    }
}

/// Where a dependency costs a server its health, the incident has that as a cause of its own.
#[test]
fn a_dependency_is_a_cause() {
    let sandbox = Sandbox::new();
    sandbox.write("w.toml", &symptoms("\"back\"", "dependency_penalty = 60"));
    sandbox.write(
        "e.toml",
        "name = \"e\"\nworld = \"w.toml\"\nreplications = 200\n[output]\ntables = [\"incidents\"]\n\
         formats = [\"csv\"]\n",
    );
    sandbox.ok("run e.toml --quiet --out r");
    let causes = sandbox.rows("r/causes.csv");
    let causes: Vec<&str> = causes.iter().map(|row| row["cause"].as_str()).collect();
    assert_eq!(causes, ["(dependency)", "out"]);
    let data = sandbox.data("r");
    let names = data.keys().filter_map(|path| path.to_str());
    for name in names.filter(|name| name.starts_with("incidents/")) {
        for row in sandbox.rows(&format!("r/{name}")) {
            let expected = if row["server"] == "front-1" {
                "(dependency)"
            } else {
                "out"
            };
            assert_eq!(row["cause"], expected);
        }
    }
    let told = sandbox.ok("replay r --replication 0 --incidents");
    assert!(told.contains("cause    (dependency)"), "{told}");
    let told = sandbox.ok("replay r --replication 0");
    assert!(told.contains("misses a dependency"), "{told}");
}

const JOURNEYS: &str = r#"
name = "shares"
extends = "cloudinfra"
remove = ["journey"]
sla = { target = 90, indicator = "journey_availability" }
journeys = [
    { name = "browse", entry = "nginx", weight = 7 },
    { name = "order", entry = "app-api", weight = 2 },
    { name = "watch", entry = "redis", weight = 0 },
]
[service_dependencies]
app-frontend = [{ service = "app-api", optional = true }]
"#;

/// The journey availability is the weighted mean of those of the journeys, whoever counts; each has
/// an interval of its own; a watched sweep counts the same.
#[test]
fn each_journey_has_its_own_availability() {
    let sandbox = Sandbox::new();
    sandbox.write("w.toml", JOURNEYS);
    let experiment = "name = \"e\"\nworld = \"w.toml\"\nreplications = 3000\n[factors]\n\
                      chaos_level = [\"low\", \"extreme\"]\n";
    sandbox.write(
        "e.toml",
        &format!("{experiment}[output]\nformats = [\"csv\"]\n"),
    );
    let watched = "[output]\ntables = [\"runs\", \"rounds\"]\nformats = [\"csv\"]\n";
    sandbox.write("watched.toml", &format!("{experiment}{watched}"));
    sandbox.ok("run e.toml --quiet --out fast");
    sandbox.ok("run watched.toml --quiet --out slow");
    assert_eq!(
        sandbox.read("fast/summary.csv"),
        sandbox.read("slow/summary.csv")
    );

    let summary = sandbox.rows("fast/summary.csv");
    let number = |text: &str| -> f64 { text.parse().expect("a number") };
    for row in &summary {
        let of = |journey: &str| number(&row[&format!("journeys.{journey}.availability")]);
        let weighted = (7.0 * of("browse") + 2.0 * of("order")) / 9.0;
        assert!((weighted - number(&row["journey_availability"])).abs() < 1e-12);
        assert!(
            of("watch") > of("order") && of("browse") > of("order"),
            "{row:?}"
        );
        for journey in ["browse", "order", "watch"] {
            let end = |end: &str| number(&row[&format!("journeys.{journey}.availability_{end}")]);
            assert!(end("lo") < of(journey) && of(journey) < end("hi"));
            assert!(end("se") > 0.0 && end("se") < end("sd"));
        }
    }
    let data = sandbox.data("slow");
    let names: Vec<&str> = data.keys().filter_map(|path| path.to_str()).collect();
    let rows = |table: &str| {
        let own = names.iter().filter(|name| name.starts_with(table));
        own.flat_map(|name| sandbox.rows(&format!("slow/{name}")))
            .collect::<Vec<_>>()
    };
    let (mut runs, mut rounds) = (0.0, 0.0);
    for row in rows("runs/") {
        assert_eq!(row["journey_weight"], "9");
        let share = number(&row["journey_up_rounds"]) / (9.0 * 15.0);
        assert_eq!(number(&row["journey_availability"]), share);
        assert_eq!(row["sla_met"], (share >= 0.9).to_string());
        runs += number(&row["journey_up_rounds"]);
    }
    for row in rows("rounds/") {
        let share = number(&row["journey_share"]);
        assert_eq!(row["journey_up"], (share == 1.0).to_string());
        rounds += 9.0 * share;
    }
    assert!(
        runs > 0.0 && (runs - rounds).abs() < 1e-6 * runs,
        "{runs} and {rounds}"
    );
    let page = sandbox.read("fast/report.html");
    assert!(page.contains("Availability of the journey browse"));
    let told = sandbox.ok("replay fast --worst --at chaos_level=extreme");
    assert!(
        told.contains("journey  order broken") && told.contains("rounds by weight"),
        "{told}"
    );
}

/// With a journey more than it has, of users that are few.
fn with_journey(draft: &Draft) -> Draft {
    let new = "{ name = \"new\", entry = \"s0\", weight = 3 }";
    let journey = match draft.journey.strip_prefix("journeys = [") {
        Some(rest) => format!("journeys = [{new}, {rest}"),
        None => {
            let (only, rest) = draft.journey.split_once('\n').expect("lines");
            let only = only.replace("journey = { ", "{ name = \"only\", ");
            format!("journeys = [{only}, {new}]\n{rest}")
        }
    };
    Draft {
        journey,
        ..draft.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A new journey, or another need, changes nothing but what is counted of journeys: it draws
    /// nothing.
    #[test]
    fn a_new_journey_leaves_everything_else_alone(
        draft in any_world(), replication in any::<u64>(), other in any::<Index>(),
    ) {
        let compiled = |draft: &Draft| model(&world(&draft.text()), 1.3, "one");
        let seen = |draft: &Draft| {
            let (outcome, mut seen) = watch(&compiled(draft), replication);
            seen.journeys.clear();
            ([outcome.up_checks, outcome.events, outcome.alerts, outcome.actions_failed], seen)
        };
        prop_assert_eq!(seen(&with_journey(&draft)), seen(&draft));
        // What nothing follows from changes nothing at all.
        let mut blind = draft.clone();
        blind.penalty.clear();
        for metric in &mut blind.metrics {
            *metric = metric.replace("dependency_down = true, ", "")
                .replace("dependency_down = false, ", "");
        }
        let mut needy = blind.clone();
        let needs = needy.journey.match_indices("needs = ").map(|(at, _)| at).collect::<Vec<_>>();
        if !needs.is_empty() {
            let at = needs[other.index(needs.len())] + "needs = ".len();
            needy.journey.replace_range(at..=at, "1");
        }
        prop_assert_eq!(seen(&needy), seen(&blind));
    }
}
