//! Whom chaos strikes, how often and for how long, against probabilities that are written down from
//! the pages: no code of the simulator gives an expected value here.

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::Index;
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, LogNormal, Weibull};
use sysworld::simulation::{
    InstructionSet, LANES, LaneState, Model, Observer, State, Strike, simulate, simulate_lanes,
};

use crate::random_worlds::{Draft, any_world};
use crate::support::{Moments, as_many_times, assert_agrees, model, outcomes, watch, world};

/// Servers that are isolated by one scenario, and nobody who responds.
struct Isolation {
    rounds: u32,
    target: f64,
    /// Type and zone of each server.
    servers: Vec<(&'static str, &'static str)>,
    probability: f64,
    /// Lines of the scenario.
    reach: &'static str,
    duration: String,
}

impl Isolation {
    fn text(&self) -> String {
        let mut text = format!(
            "name = \"isolation\"\nrounds = {}\nsla.target = {}\nchaos_levels.medium = 1\n\
             skills.mid = {{ diagnosis_accuracy = 1, remediation_speed = 1, panic_threshold = 9 }}\n\
             [[chaos]]\nname = \"cut\"\nprobability = {}\nduration = {}\n{}\n\
             effects = [{{ isolate = {{}} }}]\n",
            self.rounds, self.target, self.probability, self.duration, self.reach
        );
        for (i, (kind, zone)) in self.servers.iter().enumerate() {
            let server = format!("name = \"s{i}\"\ntype = \"{kind}\"\nzone = \"{zone}\"");
            writeln!(text, "[[servers]]\n{server}").expect("text");
        }
        text
    }

    fn model(&self) -> Model {
        model(&world(&self.text()), 1.0, "mid")
    }
}

/// A duration as it is written, and the probability that it is longer than k rounds.
type Law = (String, Box<dyn Fn(u32) -> f64 + Sync>);

fn fixed(rounds: u32) -> Law {
    let longer = move |k| f64::from(u8::from(k < rounds));
    (rounds.to_string(), Box::new(longer))
}

fn between(low: u32, high: u32) -> Law {
    let longer = move |k: u32| {
        let within = (k + 1).saturating_sub(low).min(high - low + 1);
        1.0 - f64::from(within) / f64::from(high - low + 1)
    };
    (format!("[{low}, {high}]"), Box::new(longer))
}

fn geometric(mean: f64) -> Law {
    let longer = move |k: u32| (1.0 - 1.0 / mean).powi(k as i32);
    (
        format!("{{ geometric = {{ mean = {mean} }} }}"),
        Box::new(longer),
    )
}

/// A continuous value is rounded to the nearest number of rounds, and is 1 at least.
fn rounded(k: u32, within: impl Fn(f64) -> f64) -> f64 {
    match k {
        0 => 1.0,
        k => 1.0 - within(f64::from(k) + 0.5),
    }
}

fn lognormal(median: f64, sigma: f64) -> Law {
    let law = LogNormal::new(median.ln(), sigma).expect("a law");
    (
        format!("{{ lognormal = {{ median = {median}, sigma = {sigma} }} }}"),
        Box::new(move |k| rounded(k, |x| law.cdf(x))),
    )
}

fn weibull(shape: f64, scale: f64) -> Law {
    let law = Weibull::new(shape, scale).expect("a law");
    (
        format!("{{ weibull = {{ shape = {shape}, scale = {scale} }} }}"),
        Box::new(move |k| rounded(k, |x| law.cdf(x))),
    )
}

/// 0 lasts until the end, because nobody ends it.
fn values(pairs: &'static [(u32, f64)]) -> Law {
    let all: f64 = pairs.iter().map(|(_, weight)| weight).sum();
    let longer = move |k| {
        let longer = pairs
            .iter()
            .filter(|(rounds, _)| *rounds == 0 || *rounds > k);
        longer.map(|(_, weight)| weight).sum::<f64>() / all
    };
    let pairs = pairs.iter().map(|(r, w)| format!("[{r}, {w}]"));
    let text = pairs.collect::<Vec<_>>().join(", ");
    (format!("{{ values = [{text}] }}"), Box::new(longer))
}

/// How many replications a test simulates; with `SYSWORLD_EXACT=7` more than 10⁶.
fn replications() -> u64 {
    150_000 * as_many_times()
}

/// By round: in how many replications the server was up.
fn up_by_round(model: &Model, server: usize) -> Vec<u64> {
    /// Up checks of one server.
    struct Up {
        server: usize,
        up: Vec<u64>,
    }
    impl Observer for Up {
        fn assessed(&mut self, _: &Model, state: &State, _: Option<u32>) {
            self.up[state.round as usize] += u64::from(state.is_up(self.server));
        }
    }
    const PART: u64 = 10_000;
    let parts = (0..replications() / PART).into_par_iter().map(|part| {
        let mut up = Up {
            server,
            up: vec![0; model.rounds as usize],
        };
        let mut state = State::new();
        for replication in part * PART..(part + 1) * PART {
            simulate(model, replication, &mut state, &mut up);
        }
        up.up
    });
    let parts: Vec<Vec<u64>> = parts.collect();
    let rounds = 0..model.rounds as usize;
    rounds
        .map(|r| parts.iter().map(|part| part[r]).sum())
        .collect()
}

/// P(up at round r) = Π over k = 0…r of (1 − h · P(D > k)), with h the probability that an event of a
/// round hits the server: for every form of a duration and everyone that an event can hit.
#[test]
fn a_server_is_up_if_no_event_of_the_past_still_lasts() {
    const ALONE: &[(&str, &str)] = &[("a", "x")];
    const FIVE: &[(&str, &str)] = &[("a", "x"), ("b", "x"), ("a", "y"), ("b", "x"), ("c", "y")];
    // Of the five servers, s0 is of type a (2 servers) and in zone x (3).
    let cases: [(f64, &[_], &str, f64, Law); 16] = [
        (0.0731, ALONE, "", 1.0, fixed(3)),
        (0.217, ALONE, "", 1.0, between(2, 7)),
        (0.0413, ALONE, "", 1.0, geometric(6.37)),
        (0.613, ALONE, "", 1.0, geometric(1.19)),
        (0.0317, ALONE, "", 1.0, lognormal(4.3, 1.1)),
        (0.139, ALONE, "", 1.0, lognormal(1.37, 2.23)),
        (0.0529, ALONE, "", 1.0, weibull(0.83, 7.9)),
        (0.171, ALONE, "", 1.0, weibull(2.71, 3.3)),
        (
            0.0877,
            ALONE,
            "",
            1.0,
            values(&[(9, 0.17), (2, 1.3), (0, 0.05)]),
        ),
        (0.233, FIVE, "", 0.2, geometric(3.7)),
        (0.0619, FIVE, "strikes = \"all\"", 1.0, lognormal(3.1, 0.77)),
        (0.127, FIVE, "strikes = \"zone\"", 0.6, weibull(1.31, 4.7)),
        (0.149, FIVE, "strikes = \"type\"", 0.4, between(1, 9)),
        (
            0.113,
            FIVE,
            "strikes = { share = 0.53 }",
            0.6,
            geometric(4.9),
        ),
        (0.0471, FIVE, "per = \"server\"", 1.0, lognormal(2.9, 1.31)),
        (
            0.163,
            FIVE,
            "strikes = \"type\"\ntarget_types = [\"a\", \"c\"]",
            2.0 / 3.0,
            values(&[(1, 2.7), (4, 0.9)]),
        ),
    ];
    for (probability, servers, reach, hit, (duration, longer)) in cases {
        let isolation = Isolation {
            rounds: 23,
            target: 99.9,
            servers: servers.to_vec(),
            probability,
            reach,
            duration,
        };
        let up = up_by_round(&isolation.model(), 0);
        let mut exact = 1.0;
        for (round, up) in up.iter().enumerate() {
            exact *= 1.0 - probability * hit * longer(round as u32);
            let n = replications() as f64;
            let error = (exact * (1.0 - exact) / n).sqrt();
            let what = format!("{} {reach}, round {round}", isolation.duration);
            assert_agrees(&what, *up as f64 / n, exact, error);
        }
    }
}

/// The same of services that crash and come back by themselves: P(a server has all of its services) and,
/// by a journey, P(a service runs), which a crash hits in one of `services` cases.
#[test]
fn a_service_is_down_while_a_crash_is_not_over() {
    let cases: [(f64, usize, Law); 12] = [
        (0.0731, 1, fixed(3)),
        (0.217, 3, between(2, 7)),
        (0.0413, 1, geometric(6.37)),
        (0.613, 4, geometric(1.19)),
        (0.0317, 2, lognormal(4.3, 1.1)),
        (0.139, 1, lognormal(1.37, 2.23)),
        (0.0529, 5, weibull(0.83, 7.9)),
        (0.171, 1, weibull(2.71, 3.3)),
        (0.0877, 2, values(&[(9, 0.17), (2, 1.3), (0, 0.05)])),
        (0.0511, 1, fixed(0)),
        (0.0193, 3, geometric(11.3)),
        (0.331, 2, between(1, 3)),
    ];
    const ROUNDS: u32 = 19;
    for (probability, services, (recovers, longer)) in cases {
        let names: Vec<String> = (0..services).map(|s| format!("s{s}")).collect();
        let text = format!(
            "name = \"crash\"\nrounds = {ROUNDS}\nchaos_levels.medium = 1\njourney.entry = \"s0\"\n\
             service_down_penalty = 100\n\
             skills.mid = {{ diagnosis_accuracy = 1, remediation_speed = 1, panic_threshold = 9 }}\n\
             [[servers]]\nname = \"m\"\ntype = \"a\"\nservices = {names:?}\n\
             [[chaos]]\nname = \"crash\"\nprobability = {probability}\nduration = 1\n\
             effects = [{{ crash_service = {{ recovers = {recovers} }} }}]\n"
        );
        let up = up_by_round(&model(&world(&text), 1.0, "mid"), 0);
        // A server that is down serves nothing, so what is counted by service has no penalty.
        let text = text.replace("service_down_penalty = 100", "service_down_penalty = 0");
        let serves = Moments::of(
            &outcomes(&model(&world(&text), 1.0, "mid"), replications()),
            |o| f64::from(o.journey_up_rounds),
        );
        let (mut exact, mut one, mut sum) = (1.0, 1.0, 0.0);
        for (round, up) in up.iter().enumerate() {
            // Fixed at 0, it is for ever.
            let longer = match recovers.as_str() {
                "0" => 1.0,
                _ => longer(round as u32),
            };
            exact *= 1.0 - probability * longer;
            one *= 1.0 - probability / services as f64 * longer;
            sum += one;
            let n = replications() as f64;
            let error = (exact * (1.0 - exact) / n).sqrt();
            let what = format!("p = {probability}, {recovers}, round {round}");
            assert_agrees(&what, *up as f64 / n, exact, error);
        }
        let error = (serves.variance / serves.n).sqrt();
        let what = format!("p = {probability}, {recovers}, one of {services} services");
        assert_agrees(&what, serves.mean, sum, error);
    }
}

/// A service is served while at least so many of its servers are up, each of which is a chain by itself:
/// k of n is the binomial of one server's probability, round by round.
#[test]
fn a_quorum_is_the_binomial_of_one_server() {
    let cases: [(u32, u32, f64, Law); 12] = [
        (1, 2, 0.137, geometric(3.7)),
        (2, 2, 0.0431, geometric(5.3)),
        (2, 3, 0.0713, lognormal(3.1, 1.1)),
        (1, 3, 0.293, weibull(0.83, 4.9)),
        (3, 3, 0.0173, lognormal(2.3, 1.7)),
        (2, 4, 0.151, between(2, 6)),
        (3, 4, 0.0917, geometric(2.9)),
        (3, 5, 0.113, weibull(1.71, 5.3)),
        (2, 5, 0.271, lognormal(4.7, 0.61)),
        (4, 5, 0.0391, values(&[(1, 2.7), (13, 0.9)])),
        (5, 5, 0.0119, geometric(9.1)),
        (4, 7, 0.173, fixed(4)),
    ];
    const ROUNDS: u32 = 17;
    for (needs, servers, probability, (recovers, longer)) in cases {
        let text = format!(
            "name = \"quorum\"\nrounds = {ROUNDS}\nchaos_levels.medium = 1\njourney.entry = \"s\"\n\
             services.s.needs = {needs}\n\
             skills.mid = {{ diagnosis_accuracy = 1, remediation_speed = 1, panic_threshold = 9 }}\n\
             [[servers]]\nname = \"m\"\ntype = \"a\"\nservices = [\"s\"]\ncount = {servers}\n\
             [[chaos]]\nname = \"crash\"\nper = \"server\"\nprobability = {probability}\nduration = 1\n\
             effects = [{{ crash_service = {{ recovers = {recovers} }} }}]\n"
        );
        let own = outcomes(&model(&world(&text), 1.0, "mid"), replications() / 3);
        let served = Moments::of(&own, |o| f64::from(o.journey_up_rounds));
        let (mut up, mut sum) = (1.0, 0.0);
        for round in 0..ROUNDS {
            up *= 1.0 - probability * longer(round);
            let choose =
                |k: u32| (0..k).fold(1.0, |c, i| c * f64::from(servers - i) / f64::from(i + 1));
            sum += (needs..=servers)
                .map(|k| choose(k) * up.powi(k as i32) * (1.0 - up).powi((servers - k) as i32))
                .sum::<f64>();
        }
        let error = (served.variance / served.n).sqrt();
        let what = format!("{needs} of {servers}, p = {probability}, {recovers}");
        assert_agrees(&what, served.mean, sum, error);
    }
}

/// What is expected of a server that one scenario of the world isolates, by the chain of the rounds left.
struct Spells {
    /// Share of the checks that find it up.
    up_share: f64,
    /// Probability of more down checks than the SLA allows.
    miss: f64,
    /// Incidents that close after so many rounds, from 1 on.
    closed: Vec<f64>,
}

/// Each round: an event with probability p raises the rounds left to its duration; a round is down if
/// any are left; then one is over. So the state is (rounds left, rounds in the spell, down checks).
fn spells(isolation: &Isolation, longer: &dyn Fn(u32) -> f64, budget: usize) -> Spells {
    let (rounds, p) = (isolation.rounds, isolation.probability);
    let exactly = |d: u32| match d {
        // Whatever is longer than the replication lasts to its end.
        d if d == rounds => longer(d - 1),
        d => longer(d - 1) - longer(d),
    };
    let mut at = BTreeMap::from([((0_u32, 0_u32, 0_usize), 1.0)]);
    let (mut down, mut closed) = (0.0, vec![0.0; rounds as usize + 1]);
    for _ in 0..rounds {
        let mut then: BTreeMap<(u32, u32, usize), f64> = BTreeMap::new();
        for ((left, age, downs), q) in at {
            let mut go = |left: u32, q: f64| {
                if left == 0 {
                    closed[age as usize] += if age > 0 { q } else { 0.0 };
                    *then.entry((0, 0, downs)).or_default() += q;
                } else {
                    down += q;
                    // More than the budget is a miss, however many.
                    let state = (left - 1, age + 1, (downs + 1).min(budget + 1));
                    *then.entry(state).or_default() += q;
                }
            };
            go(left, q * (1.0 - p));
            for duration in 1..=rounds {
                go(left.max(duration), q * p * exactly(duration));
            }
        }
        at = then;
    }
    let total: f64 = at.values().sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
    let missed = at.iter().filter(|((_, _, downs), _)| *downs > budget);
    Spells {
        up_share: 1.0 - down / f64::from(rounds),
        miss: missed.map(|(_, q)| q).sum(),
        closed,
    }
}

/// A scenario that strikes all servers is a chain: availability, SLA misses and the distribution of the
/// times to resolve, for a dozen settings.
#[test]
fn a_common_cause_is_the_chain_of_the_rounds_left() {
    let cases: [(f64, Law, f64); 12] = [
        (0.0113, geometric(7.31), 97.3),
        (0.0371, geometric(2.83), 91.7),
        (0.187, geometric(1.37), 83.9),
        (0.0529, geometric(13.7), 61.3),
        (0.311, geometric(4.19), 37.7),
        (0.0073, lognormal(5.9, 1.13), 97.3),
        (0.0611, lognormal(2.3, 0.71), 83.9),
        (0.0193, lognormal(1.7, 1.97), 91.7),
        (0.0457, weibull(0.79, 4.3), 79.1),
        (0.0239, weibull(1.87, 6.7), 86.3),
        (0.0871, between(2, 5), 74.9),
        (0.0317, values(&[(1, 3.1), (11, 0.7)]), 88.1),
    ];
    const ROUNDS: u32 = 29;
    for (probability, (duration, longer), target) in cases {
        let isolation = Isolation {
            rounds: ROUNDS,
            target,
            servers: vec![("a", "x"), ("b", "y")],
            probability,
            reach: "strikes = \"all\"",
            duration,
        };
        let model = isolation.model();
        // Both servers are down together, so as many of their checks may fail as of one's.
        let checks = u64::from(model.checks());
        let budget = (checks - model.sla_least()) / 2;
        let exact = spells(&isolation, &longer, budget as usize);
        let blocks = replications() / LANES as u64;
        let n = (blocks * LANES as u64) as f64;
        let mut state = LaneState::new();
        let (mut up, mut squares, mut missed) = (0_u64, 0_u64, 0_u64);
        // By TTR in rounds: a replication has few, so they are counted replication by replication.
        let mut closed = vec![(0_u64, 0_u64); ROUNDS as usize + 1];
        for block in 0..blocks {
            simulate_lanes(
                &model,
                block * LANES as u64,
                &mut state,
                InstructionSet::best(),
            );
            for replication in state.replications() {
                let own = u64::from(replication.outcome.up_checks);
                up += own;
                squares += own * own;
                missed += u64::from(!replication.outcome.sla_met);
            }
            let mut counts = BTreeMap::<(usize, u32), u64>::new();
            for spell in state.incidents().iter().filter(|spell| !spell.censored) {
                *counts.entry((spell.lane, spell.ttr)).or_default() += 1;
            }
            for ((_, ttr), count) in counts {
                assert_eq!((ttr % 2, count % 2), (0, 0), "both servers, whole rounds");
                let (sum, square) = &mut closed[ttr as usize / 2];
                *sum += count / 2;
                *square += (count / 2) * (count / 2);
            }
        }
        let what = format!("p = {probability}, {}", isolation.duration);
        let (mean, checks) = (up as f64 / n, checks as f64);
        let error = ((squares as f64 / n - mean * mean) / n).sqrt();
        assert_agrees(
            &format!("{what}: up share"),
            mean / checks,
            exact.up_share,
            error / checks,
        );
        let error = (exact.miss * (1.0 - exact.miss) / n).sqrt();
        assert_agrees(
            &format!("{what}: SLA missed"),
            missed as f64 / n,
            exact.miss,
            error,
        );
        for (ttr, (sum, square)) in closed.iter().enumerate() {
            let expected = exact.closed[ttr];
            // Too few are not normal.
            if expected * n >= 50.0 {
                let mean = *sum as f64 / n;
                let error = ((*square as f64 / n - mean * mean) / n).sqrt();
                assert_agrees(&format!("{what}: TTR {ttr}"), mean, expected, error);
            }
        }
    }
}

/// Keeps whom each event hit.
#[derive(Default)]
struct Hits(Vec<(usize, Vec<usize>)>);

impl Observer for Hits {
    fn event(&mut self, strike: &Strike) {
        let servers = strike.hits.iter().map(|hit| hit.server).collect();
        self.0.push((strike.scenario, servers));
    }
}

fn hits(model: &Model, replications: u64) -> Vec<Vec<usize>> {
    let (mut hits, mut state) = (Hits::default(), State::new());
    for replication in 0..replications {
        simulate(model, replication, &mut state, &mut hits);
    }
    hits.0.into_iter().map(|(_, servers)| servers).collect()
}

/// Each event hits its target and the eligible servers of the same zone or type, each once; the target
/// is any of the eligible servers.
#[test]
fn an_event_hits_the_group_of_its_target() {
    let servers = vec![("a", "x"), ("b", "x"), ("a", "y"), ("c", "z"), ("a", "x")];
    for (reach, groups) in [
        ("", vec![vec![0], vec![1], vec![2], vec![3], vec![4]]),
        ("strikes = \"zone\"", vec![vec![0, 1, 4], vec![2], vec![3]]),
        ("strikes = \"type\"", vec![vec![0, 2, 4], vec![1], vec![3]]),
        ("strikes = \"all\"", vec![vec![0, 1, 2, 3, 4]]),
        (
            "target_types = [\"a\", \"b\"]\nstrikes = \"zone\"",
            vec![vec![0, 1, 4], vec![2]],
        ),
        (
            "target_types = [\"a\"]\nstrikes = \"zone\"",
            vec![vec![0, 4], vec![2]],
        ),
        (
            "target_types = [\"c\", \"b\"]\nstrikes = \"all\"",
            vec![vec![1, 3]],
        ),
    ] {
        let isolation = Isolation {
            rounds: 31,
            target: 99.9,
            servers: servers.clone(),
            probability: 1.0,
            reach,
            duration: "1".to_owned(),
        };
        let events = hits(&isolation.model(), 700);
        let n = events.len() as f64;
        let eligible: usize = groups.iter().map(Vec::len).sum();
        let mut targets = vec![0_u64; servers.len()];
        for mut event in events {
            targets[event[0]] += 1;
            // The others come in the order of the file.
            assert!(event[1..].is_sorted(), "{event:?}");
            event.sort_unstable();
            assert!(groups.contains(&event), "{reach}: {event:?}");
        }
        for server in groups.concat() {
            let share = 1.0 / eligible as f64;
            let error = (share * (1.0 - share) / n).sqrt().max(1e-12);
            let what = format!("{reach}: aimed at {server}");
            assert_agrees(&what, targets[server] as f64 / n, share, error);
        }
    }
}

/// All sets of so many servers are equally likely, whichever of them is the target.
#[test]
fn a_share_is_any_set_of_so_many_servers() {
    for (share, most) in [
        (0.0, 1),
        (0.2999, 1),
        (0.3, 2),
        (0.41, 2),
        (0.53, 3),
        (0.77, 4),
        (1.0, 5),
    ] {
        let reach: &'static str = Box::leak(format!("strikes = {{ share = {share} }}").into());
        let isolation = Isolation {
            rounds: 37,
            target: 99.9,
            servers: vec![("a", "x"); 5],
            probability: 1.0,
            reach,
            duration: "1".to_owned(),
        };
        let mut counts: BTreeMap<(usize, Vec<usize>), u64> = BTreeMap::new();
        let events = hits(&isolation.model(), 3_000);
        for event in &events {
            let mut set = event.clone();
            set.sort_unstable();
            set.dedup();
            assert_eq!((event.len(), set.len()), (most, most), "{share}");
            *counts.entry((event[0], set)).or_default() += 1;
        }
        let binomial = [1, 4, 6, 4, 1][most - 1];
        assert_eq!(counts.len(), 5 * binomial, "{share}");
        let expected = events.len() as f64 / counts.len() as f64;
        let squares = counts.values().map(|n| (*n as f64 - expected).powi(2));
        let (square, freedom) = (squares.sum::<f64>() / expected, counts.len() as f64 - 1.0);
        let spread = 2.0 / (9.0 * freedom);
        let z = ((square / freedom).cbrt() - 1.0 + spread) / spread.sqrt();
        println!("share {share}: {} sets, z = {z:+.2}", counts.len());
        assert!(z < 4.0, "{share}: {counts:?}");
    }
}

/// What each of some servers of an infrastructure looks like to those who only see it.
const MACHINES: [&str; 4] = [
    "name = \"m-1\"\ntype = \"a\"\nservices = [\"x\", \"y\"]\n",
    "name = \"m-2\"\ntype = \"b\"\nservices = [\"x\"]\ncpu_capacity = 37\n",
    "name = \"m-3\"\ntype = \"c\"\nservices = []\n",
    "name = \"m-4\"\ntype = \"d\"\nservices = [\"z\", \"x\", \"y\"]\n",
];

fn machines(machines: &[&str]) -> Model {
    let servers = machines.iter().map(|m| format!("[[servers]]\n{m}"));
    let scenario = |name: &str, rest: &str| {
        format!("[[chaos]]\nname = \"{name}\"\nper = \"server\"\n{rest}\n")
    };
    let text = format!(
        "name = \"machines\"\nrounds = 61\nchaos_levels.medium = 1\n\
         skills.mid = {{ diagnosis_accuracy = 1, remediation_speed = 1, panic_threshold = 9 }}\n\
         [metrics.cpu_usage]\ninitial = [3, 41]\ndrift = [-7, 8]\nmean = 30\nreversion = 0.07\n\
         warning = 61\npenalties = [{{ above = 71, penalty = 60 }}]\n{}{}{}{}",
        servers.collect::<String>(),
        scenario(
            "crash",
            "probability = 0.0171\nduration = 1\neffects = [{ crash_service = {} }]"
        ),
        scenario(
            "cut",
            "probability = 0.0371\nduration = { lognormal = { median = 3.1, sigma = 1.1 } }\n\
             effects = [{ isolate = {} }]"
        ),
        scenario(
            "spike",
            "probability = 0.0513\nduration = [2, 9]\n\
             effects = [{ hold = { metric = \"cpu_usage\", value = 83 } }]"
        ),
    );
    model(&world(&text), 1.0, "mid")
}

/// Scenarios that strike per server: k servers are k worlds of one server each, event by event and bit
/// by bit.
#[test]
fn servers_that_are_struck_by_themselves_are_worlds_by_themselves() {
    let together = machines(&MACHINES);
    let alone = MACHINES.map(|machine| machines(&[machine]));
    let mut events = 0;
    for replication in 0..200 {
        let (outcome, all) = watch(&together, replication);
        let (mut up, mut incidents) = (0, 0);
        for (server, alone) in alone.iter().enumerate() {
            let (own, seen) = watch(alone, replication);
            let hits = all.events.iter().filter(|(_, _, s)| *s == server);
            let hits: Vec<_> = hits.map(|(round, s, _)| (*round, *s, 0)).collect();
            assert_eq!(hits, seen.events);
            let vitals = all.vitals.iter().map(|all| vec![all[server]]);
            assert_eq!(vitals.collect::<Vec<_>>(), seen.vitals);
            up += own.up_checks;
            incidents += own.incidents;
            events += seen.events.len();
        }
        assert_eq!((outcome.up_checks, outcome.incidents), (up, incidents));
    }
    assert!(events > 4_000, "{events}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Where scenarios strike per server, a new server that they strike, in a zone of its own, brings
    /// its own events and changes none of the others.
    #[test]
    fn a_new_server_brings_its_own_events(
        draft in any_world(), at in any::<Index>(), replication in any::<u64>(), zones: bool,
    ) {
        let mut draft = draft;
        draft.remediation.clear();
        for scenario in &mut draft.scenarios {
            let lines = scenario.lines();
            let lines = lines.filter(|l| !l.starts_with("per") && !l.starts_with("strikes"));
            let strikes = if zones { "zone" } else { "one" };
            let reach = format!("per = \"server\"\nstrikes = \"{strikes}\"\n");
            *scenario = lines.map(|line| format!("{line}\n")).collect::<String>() + &reach;
        }
        let place = at.index(draft.servers.len() + 1);
        let new = "[[servers]]\nname = \"new\"\ntype = \"t0\"\nzone = \"new\"\nservices = [\"s0\"]\n";
        let mut more = draft.clone();
        more.servers.insert(place, new.to_owned());
        let events = |draft: &Draft| {
            let model = model(&world(&draft.text()), 1.0, "one");
            watch(&model, replication).1.events
        };
        let with = events(&more).into_iter().filter(|(_, _, server)| *server != place);
        let with = with.map(|(round, scenario, server)| {
            (round, scenario, server - usize::from(server > place))
        });
        prop_assert_eq!(with.collect::<Vec<_>>(), events(&draft));
    }

    /// Which server is in which zone changes whom an event hits beside its target, and no draw: neither
    /// the events, nor anything at all where no event strikes a zone.
    #[test]
    fn zones_change_no_draw(
        draft in any_world(), replication in any::<u64>(), elsewhere in 0..3_usize, strikes: bool,
    ) {
        let mut draft = draft;
        if !strikes {
            for scenario in &mut draft.scenarios {
                *scenario = scenario.replace("strikes = \"zone\"", "strikes = \"one\"");
            }
        }
        let mut moved = draft.clone();
        for (i, server) in moved.servers.iter_mut().enumerate() {
            let lines = server.lines().map(|line| match line.starts_with("zone = ") {
                true => format!("zone = \"z{}\"\n", (i + elsewhere) % 3),
                false => format!("{line}\n"),
            });
            *server = lines.collect();
        }
        let seen = |draft: &Draft| watch(&model(&world(&draft.text()), 1.0, "one"), replication);
        let ((outcome, here), (other, there)) = (seen(&draft), seen(&moved));
        prop_assert_eq!(&here.strikes, &there.strikes);
        if !strikes {
            prop_assert_eq!((outcome, here), (other, there));
        }
    }
}
