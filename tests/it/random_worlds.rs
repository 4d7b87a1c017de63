//! Random worlds as the text of world files: every kind of effect, any order of phases.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::exact::ALERTS;

/// A world file in parts, so that a test can add one or leave one out.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Rounds, phases, people, traffic.
    pub head: String,
    pub metrics: Vec<String>,
    pub servers: Vec<String>,
    pub scenarios: Vec<String>,
    /// Actions and the runbook. They end any scenario but the first by name.
    pub remediation: String,
    /// Journeys, services and their dependencies.
    pub journey: String,
    /// The health that a dependency costs.
    pub penalty: String,
    /// A line at the top for the times to detect and acknowledge, empty for a world without them.
    pub response: String,
    /// All server types.
    pub types: String,
}

impl Draft {
    pub fn text(&self) -> String {
        let mut text = format!(
            "name = \"random\"\n{}\n{}\n{}\n{}\n",
            self.journey, self.penalty, self.response, self.head
        );
        for part in self.metrics.iter().chain(&self.servers) {
            text += part;
        }
        text += &self.scenarios.concat();
        text + &self.remediation
    }

    /// Nothing moves: no drift, nothing drawn, no load on the cpu.
    pub fn calm(mut self) -> Self {
        self.head = self
            .head
            .replace("cpu_per_load = ", "cpu_per_load = 0 # not ");
        self.penalty.clear();
        self.metrics.clear();
        for metric in ["cpu_usage", "memory_usage", "disk_usage"] {
            self.metrics.push(format!(
                "[metrics.{metric}]\ninitial = [0, 50]\nwarning = 50\n\
                 penalties = [{{ above = 50, penalty = 100 }}]\n"
            ));
        }
        self
    }

    /// Nothing in the response takes time.
    pub fn untimed(mut self) -> Self {
        const KEYS: [&str; 4] = ["detect = ", "acknowledge = ", "parallel = ", "duration = "];
        let others = |text: &str| -> String {
            let timed = |line: &&str| KEYS.iter().any(|key| line.starts_with(key));
            let lines = text.lines().filter(|line| !timed(line));
            lines.map(|line| format!("{line}\n")).collect()
        };
        self.response.clear();
        self.head = others(&self.head);
        self.remediation = others(&self.remediation);
        self
    }

    /// Names the types that every scenario aims at, so that a new type is none of them.
    pub fn aimed(mut self) -> Self {
        for scenario in &mut self.scenarios {
            *scenario = scenario.replace(
                "target_types = []",
                &format!("target_types = [{}]", self.types),
            );
        }
        self
    }
}

/// A server of a type that no random world has.
pub const NEW_SERVER: &str =
    "[[servers]]\nname = \"new\"\ntype = \"newest\"\nservices = [\"s0\", \"new\"]\n";

const USAGES: [&str; 3] = ["cpu_usage", "memory_usage", "disk_usage"];
const DRAWN: [&str; 2] = ["error_rate", "latency_p99"];

/// A number of twentieths: a probability up to 1.
fn twentieths(most: u32) -> impl Strategy<Value = f64> {
    (0..=most).prop_map(|n| f64::from(n) / 20.0)
}

fn range(low: i32, high: i32) -> impl Strategy<Value = String> {
    (low..=high, low..=high).prop_map(|(a, b)| format!("[{}, {}]", a.min(b), a.max(b)))
}

fn quoted<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names = names.into_iter().map(|n| format!("\"{}\"", n.as_ref()));
    names.collect::<Vec<_>>().join(", ")
}

/// A duration in any form, that may be 0.
pub fn duration() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..=4_u32).prop_map(|rounds| rounds.to_string()),
        (0..=2_u32, 0..=3_u32).prop_map(|(low, more)| format!("[{low}, {}]", low + more)),
        (10..=40_u32)
            .prop_map(|mean| format!("{{ geometric = {{ mean = {} }} }}", f64::from(mean) / 10.0)),
        (10..=40_u32, 0..=15_u32).prop_map(|(median, sigma)| format!(
            "{{ lognormal = {{ median = {}, sigma = {} }} }}",
            f64::from(median) / 10.0,
            f64::from(sigma) / 10.0
        )),
        (0..=4_u32, 1..=9_u32)
            .prop_map(|(rounds, weight)| format!("{{ values = [[{rounds}, {weight}], [2, 3]] }}")),
    ]
}

/// `key = ` a duration, or nothing.
fn some_duration(key: &'static str, timed: bool) -> impl Strategy<Value = String> {
    option::of(duration()).prop_map(move |duration| match duration {
        Some(duration) if timed => format!("{key} = {duration}\n"),
        _ => String::new(),
    })
}

/// The line for the times to detect and acknowledge.
fn response(timed: bool) -> impl Strategy<Value = String> {
    option::of((duration(), duration(), 1..=3_u32)).prop_map(move |times| match times {
        Some((detect, acknowledge, halves)) if timed => format!(
            "response = {{ detect = {detect}, acknowledge = {acknowledge}, duration_scale = {} }}",
            f64::from(halves) / 2.0
        ),
        _ => String::new(),
    })
}

/// Some of the types t0, t1, …; possibly none.
fn some_types(types: usize) -> impl Strategy<Value = String> {
    btree_set(0..types, 0..=types).prop_map(|set| quoted(set.iter().map(|t| format!("t{t}"))))
}

fn thresholds(high: u32) -> impl Strategy<Value = String> {
    (option::of(0..high), option::of(high..=2 * high)).prop_map(|(warning, critical)| {
        let line = |name, value: Option<u32>| {
            value.map_or(String::new(), |value| format!("{name} = {value}\n"))
        };
        line("warning", warning) + &line("critical", critical)
    })
}

fn usage_metric(name: &'static str) -> impl Strategy<Value = String> {
    let penalties = (0..=100, 60..=95, 0..=60, 20..=59);
    let parts = (
        range(0, 100),
        range(-10, 15),
        0..=100,
        twentieths(20),
        (0..=30, 70..=100),
        thresholds(50),
        penalties,
    );
    parts.prop_map(
        move |(initial, drift, mean, reversion, bounds, limits, (p1, a1, p2, a2))| {
            format!(
                "[metrics.{name}]\ninitial = {initial}\ndrift = {drift}\nmean = {mean}\n\
                 reversion = {reversion}\nbounds = [{}, {}]\n{limits}penalties = [\
                 {{ above = {a1}, penalty = {p1} }}, {{ above = {a2}, penalty = {p2} }}]\n",
                bounds.0, bounds.1
            )
        },
    )
}

fn drawn_metric(name: &'static str) -> impl Strategy<Value = String> {
    let parts = (range(0, 50), range(0, 100), range(0, 50), range(0, 20));
    let dependency = select(vec![
        "",
        "",
        "dependency_down = true, ",
        "dependency_down = false, ",
    ]);
    (parts, 0..=100, 0..=100, thresholds(25), dependency).prop_map(
        move |((initial, worst, bad, good), health, cpu, limits, dependency)| {
            format!(
                "[metrics.{name}]\ninitial = {initial}\n{limits}bands = [\
                 {{ health_below = {health}, cpu_above = {cpu}, range = {worst} }}, \
                 {{ {dependency}cpu_above = {cpu}, range = {bad} }}, {{ range = {good} }}]\n"
            )
        },
    )
}

fn server(number: usize, types: usize) -> impl Strategy<Value = String> {
    let role = select(vec!["", "role = \"primary\"\n", "role = \"replica\"\n"]);
    let services = btree_set(0..4_u32, 0..=3);
    let parts = (
        0..types,
        role,
        services,
        1..=200,
        select(vec!["a", "b", "c"]),
    );
    parts.prop_map(move |(kind, role, services, capacity, zone)| {
        // Every type has a server, and s0 runs somewhere.
        let kind = if number < types { number } else { kind };
        let first = (number == 0).then_some(0);
        let services: std::collections::BTreeSet<u32> = first.into_iter().chain(services).collect();
        format!(
            "[[servers]]\nname = \"server-{number}\"\ntype = \"t{kind}\"\n{role}\
             zone = \"{zone}\"\nservices = [{}]\ncpu_capacity = {capacity}\n",
            quoted(services.iter().map(|s| format!("s{s}")))
        )
    })
}

fn chaos_effect(types: usize) -> impl Strategy<Value = String> {
    let effect = prop_oneof![
        (select(&USAGES[..]), 0..=100)
            .prop_map(|(m, v)| format!("hold = {{ metric = \"{m}\", value = {v}, ")),
        (select(&USAGES[..]), -20..=40, 50..=100).prop_map(|(m, amount, max)| format!(
            "grow = {{ metric = \"{m}\", amount = {amount}, max = {max}, "
        )),
        (
            select(vec!["load", "latency_p99", "error_rate"]),
            twentieths(200)
        )
            .prop_map(|(q, f)| format!("multiply = {{ quantity = \"{q}\", factor = {f}, ")),
        Just("isolate = { ".to_owned()),
        Just("crash_service = { ".to_owned()),
        (lasting(), twentieths(30)).prop_map(|(recovers, scale)| format!(
            "crash_service = {{ recovers = {recovers}, recovers_scale = {}, ",
            0.1 + scale
        )),
        (select([&USAGES[..], &DRAWN].concat()), 0..=120)
            .prop_map(|(q, v)| format!("shock = {{ quantity = \"{q}\", set = {v}, max = 100, ")),
        (
            select([&USAGES[..], &DRAWN].concat()),
            twentieths(60),
            -20..=20
        )
            .prop_map(|(q, f, add)| format!(
                "shock = {{ quantity = \"{q}\", multiply = {f}, add = {add}, min = 0, "
            )),
    ];
    (effect, some_types(types))
        .prop_map(|(effect, types)| format!("{{ {effect}server_types = [{types}] }} }}"))
}

/// What a scenario or a crash lasts, in any form; 0 is until it is ended.
fn lasting() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..=4_u32).prop_map(|rounds| rounds.to_string()),
        1 => range(1, 6),
        1 => twentieths(80).prop_map(|mean| format!("{{ geometric = {{ mean = {} }} }}", 1.0 + mean)),
        1 => (twentieths(99), twentieths(40)).prop_map(|(median, sigma)| format!(
            "{{ lognormal = {{ median = {}, sigma = {sigma} }} }}",
            1.0 + median
        )),
        1 => (twentieths(40), twentieths(99)).prop_map(|(shape, scale)| format!(
            "{{ weibull = {{ shape = {}, scale = {} }} }}",
            0.5 + shape,
            2.0 + scale
        )),
        1 => (0..=9_u32, 1..=9_u32).prop_map(|(never, long)| format!(
            "{{ values = [[{long}, 3], [0, {never}], [1, 5]] }}"
        )),
    ]
}

/// Whose events they are, and whom they hit.
fn reach() -> impl Strategy<Value = String> {
    let strikes = prop_oneof![
        3 => Just(String::new()),
        2 => select(vec!["one", "zone", "type", "all"])
            .prop_map(|strikes| format!("strikes = \"{strikes}\"\n")),
        1 => twentieths(20).prop_map(|share| format!("strikes = {{ share = {share} }}\n")),
    ];
    let per = select(vec!["", "", "per = \"world\"\n", "per = \"server\"\n"]);
    (per, strikes).prop_map(|(per, strikes)| per.to_owned() + &strikes)
}

fn scenario(number: usize, types: usize) -> impl Strategy<Value = String> {
    let effects = vec(chaos_effect(types), 0..=3);
    let parts = (
        twentieths(16),
        lasting(),
        twentieths(40),
        some_types(types),
        reach(),
    );
    (parts, effects).prop_map(
        move |((probability, duration, scale, targets, reach), effects)| {
            format!(
                "[[chaos]]\nname = \"scenario-{number}\"\nprobability = {probability}\n\
                 duration = {duration}\nduration_scale = {}\n{reach}\
                 target_types = [{targets}]\neffects = [{}]\n",
                0.1 + scale,
                effects.join(", ")
            )
        },
    )
}

fn action_effect(scenarios: usize) -> impl Strategy<Value = String> {
    let bounds = || (0..=50, 50..=100);
    let usage = || select(&USAGES[..]);
    prop_oneof![
        (usage(), -50..=30, bounds()).prop_map(|(m, amount, (min, max))| format!(
            "{{ add = {{ metric = \"{m}\", amount = {amount}, min = {min}, max = {max} }} }}"
        )),
        (usage(), twentieths(30), bounds()).prop_map(|(m, factor, (min, max))| format!(
            "{{ multiply = {{ metric = \"{m}\", factor = {factor}, min = {min}, max = {max} }} }}"
        )),
        (usage(), 0..=100)
            .prop_map(|(m, v)| format!("{{ set = {{ metric = \"{m}\", value = {v} }} }}")),
        (usage(), range(0, 100))
            .prop_map(|(m, r)| format!("{{ draw = {{ metric = \"{m}\", range = {r} }} }}")),
        Just("{ restart_service = {} }".to_owned()),
        Just("{ end = \"all\" }".to_owned()),
        btree_set(1..scenarios.max(2), 0..=3).prop_map(move |set| format!(
            "{{ end = [{}] }}",
            quoted(
                set.iter()
                    .filter(|i| **i < scenarios)
                    .map(|i| format!("scenario-{i}"))
            )
        )),
        Just("{ promote_replica = {} }".to_owned()),
    ]
}

fn remediation(scenarios: usize, types: usize, timed: bool) -> impl Strategy<Value = String> {
    let action = (
        twentieths(20),
        0..=4,
        some_duration("duration", timed),
        vec(action_effect(scenarios), 0..=3),
    );
    let alerts = select(&ALERTS[..]);
    let levels = select(vec!["", "level = \"warning\"\n", "level = \"critical\"\n"]);
    let lines = btree_map(
        (alerts, levels, option::of(0..types)),
        any::<Index>(),
        0..=6,
    );
    (vec(action, 0..=4), lines, any::<Index>()).prop_map(|(actions, lines, default)| {
        if actions.is_empty() {
            return String::new();
        }
        let named = |index: Index| format!("action = \"action-{}\"\n", index.index(actions.len()));
        let mut text = format!("[runbook_default]\n{}", named(default));
        for ((alert, level, kind), action) in lines {
            let kind = kind.map_or(String::new(), |t| format!("server_type = \"t{t}\"\n"));
            text += &format!(
                "[[runbook]]\nalert = \"{alert}\"\n{level}{kind}{}",
                named(action)
            );
        }
        for (i, (success, cooldown, duration, effects)) in actions.iter().enumerate() {
            text += &format!(
                "[[remediation]]\nname = \"action-{i}\"\nsuccess_rate = {success}\n\
                 cooldown = {cooldown}\n{duration}effects = [{}]\n",
                effects.join(", ")
            );
        }
        text
    })
}

/// Two skills, `one` and `two`; the multiplier of chaos is for the test to choose.
fn head(timed: bool) -> impl Strategy<Value = String> {
    let phases = Just(["chaos", "update", "respond", "assess"].to_vec()).prop_shuffle();
    let hands = || {
        option::of(1..=3).prop_map(move |hands| match hands {
            Some(hands) if timed => format!("parallel = {hands}\n"),
            _ => String::new(),
        })
    };
    let times = move || {
        (
            some_duration("detect", timed),
            some_duration("acknowledge", timed),
            hands(),
        )
            .prop_map(|(detect, acknowledge, hands)| detect + &acknowledge + &hands)
    };
    let skill = || (twentieths(20), twentieths(30), 0..=8, times());
    let parts = (
        1..=30,
        phases,
        0..=99,
        0..=100,
        option::of(0..=100),
        0..=20,
        range(0, 3),
        (9000..=10_000, any::<bool>()),
        [skill(), skill()],
    );
    parts.prop_map(
        |(rounds, phases, up_health, service, alert, per_load, traffic, sla, skills)| {
            let alert = alert.map_or(String::new(), |a| format!("health_alert_below = {a}\n"));
            let indicator = if sla.1 {
                "availability"
            } else {
                "journey_availability"
            };
            let mut text = format!(
                "rounds = {rounds}\nphases = [{}]\nup_health = {up_health}\n\
                 service_down_penalty = {service}\n{alert}cpu_per_load = {per_load}\n\
                 traffic_ratio = {traffic}\nsla = {{ target = {}, indicator = \"{indicator}\" }}\n\
                 chaos_levels = {{ medium = 1 }}\n",
                quoted(phases),
                f64::from(sla.0) / 100.0
            );
            for (name, (accuracy, speed, panic, times)) in ["one", "two"].iter().zip(skills) {
                text += &format!(
                    "[skills.{name}]\ndiagnosis_accuracy = {accuracy}\n\
                     remediation_speed = {speed}\npanic_threshold = {panic}\n{times}"
                );
            }
            text
        },
    )
}

/// What users need, in the numbers of the services s0, s1, ….
#[derive(Debug, Clone)]
struct Needs {
    /// Entry and weight of each of several journeys; one without a weight, if there are none.
    journeys: Vec<(Index, u32)>,
    /// By service: how many servers must run it, if that can be.
    needs: Vec<u32>,
    /// By service: its dependency on the one before it is optional.
    optional: Vec<bool>,
    /// The first depends on the last, which closes a circle.
    circle: bool,
}

fn needs() -> impl Strategy<Value = Needs> {
    let journeys = vec((any::<Index>(), 0..=3_u32), 0..=3);
    let parts = (
        journeys,
        vec(0..=3_u32, 4),
        vec(any::<bool>(), 4),
        any::<bool>(),
    );
    parts.prop_map(|(journeys, needs, optional, circle)| Needs {
        journeys,
        needs,
        optional,
        circle,
    })
}

impl Needs {
    fn text(&self, servers: &[String]) -> String {
        let name = |s: usize| format!("s{s}");
        let runs = |server: &String, s: usize| server.contains(&format!("\"s{s}\""));
        let running = (0..4).filter(|s| servers.iter().any(|server| runs(server, *s)));
        let running: Vec<usize> = running.collect();
        let mut text = match running.last() {
            Some(last) if self.journeys.is_empty() => {
                format!("journey = {{ entry = \"{}\" }}\n", name(*last))
            }
            _ => {
                let journeys = self
                    .journeys
                    .iter()
                    .enumerate()
                    .map(|(i, (entry, weight))| {
                        let entry = name(running[entry.index(running.len())]);
                        let weight = weight + u32::from(i == 0);
                        format!("{{ name = \"j{i}\", entry = \"{entry}\", weight = {weight} }}")
                    });
                format!("journeys = [{}]\n", journeys.collect::<Vec<_>>().join(", "))
            }
        };
        // Of a service with a role only primaries count, and there may be none.
        let hosts = |s: usize| servers.iter().filter(move |server| runs(server, s));
        let services = running.iter().filter_map(|s| {
            let most = match hosts(*s).any(|server| server.contains("role =")) {
                true => hosts(*s)
                    .filter(|server| server.contains("\"primary\""))
                    .count(),
                false => hosts(*s).count(),
            };
            let needs = self.needs[*s].min(most as u32);
            (needs > 0).then(|| format!("s{s} = {{ needs = {needs} }}"))
        });
        text += &format!(
            "services = {{ {} }}\n",
            services.collect::<Vec<_>>().join(", ")
        );
        let written = |service: usize, optional: bool| match optional {
            true => format!("{{ service = \"s{service}\", optional = true }}"),
            false => format!("\"s{service}\""),
        };
        let mut lines: Vec<String> = running
            .windows(2)
            .map(|pair| {
                let needed = written(pair[0], self.optional[pair[1]]);
                format!("s{} = [{needed}]", pair[1])
            })
            .collect();
        if let ([first, .., last], true) = (&running[..], self.circle) {
            lines.push(format!("s{first} = [{}]", written(*last, true)));
        }
        text + &format!("service_dependencies = {{ {} }}", lines.join(", "))
    }
}

prop_compose! {
    /// Any world that the reader accepts.
    pub fn any_world()(
        types in 1..=3_usize,
        servers in 0..=3_usize,
        scenarios in 0..=5_usize,
        timed in any::<bool>(),
    )(
        head in head(timed),
        response in response(timed),
        usages in USAGES.map(usage_metric),
        drawn in DRAWN.map(drawn_metric),
        servers in (0..types + servers).map(|i| server(i, types)).collect::<Vec<_>>(),
        scenarios_text in (0..scenarios).map(|i| scenario(i, types)).collect::<Vec<_>>(),
        remediation in remediation(scenarios, types, timed),
        needs in needs(),
        penalty in option::of(0..=60),
        types in Just(types),
    ) -> Draft {
        Draft {
            journey: needs.text(&servers),
            penalty: penalty.map_or(String::new(), |p| format!("dependency_penalty = {p}")),
            head,
            response,
            metrics: usages.into_iter().chain(drawn).collect(),
            servers,
            scenarios: scenarios_text,
            remediation,
            types: quoted((0..types).map(|t| format!("t{t}"))),
        }
    }
}
