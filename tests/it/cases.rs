//! Detection, acknowledgement, actions that take time, and hands: against exact probabilities.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};
use sysworld::simulation::{
    CaseStep, Incident, InstructionSet, LANES, LaneState, Model, Observer, State, simulate,
    simulate_lanes,
};

use crate::random_worlds::any_world;
use crate::sandbox::Sandbox;
use crate::support::{Moments, as_many_times, assert_agrees, cloudinfra_with, model, watch, world};

/// Probabilities of 0, 1, 2, … rounds.
type Law = Vec<f64>;

fn fixed(rounds: usize) -> Law {
    let mut law = vec![0.0; rounds + 1];
    law[rounds] = 1.0;
    law
}

fn between(low: usize, high: usize) -> Law {
    let share = 1.0 / (high - low + 1) as f64;
    (0..=high)
        .map(|k| if k < low { 0.0 } else { share })
        .collect()
}

fn geometric(mean: f64) -> Law {
    let ends = 1.0 / mean;
    let law = (0..60).map(|k| {
        if k == 0 {
            0.0
        } else {
            ends * (1.0 - ends).powi(k - 1)
        }
    });
    law.collect()
}

fn lognormal(median: f64, sigma: f64) -> Law {
    let normal = Normal::standard();
    let within = |k: usize| normal.cdf(((k as f64 + 0.5) / median).ln() / sigma);
    let law = (0..60).map(|k| match k {
        0 => 0.0,
        1 => within(1),
        k => within(k) - within(k - 1),
    });
    law.collect()
}

fn values(pairs: &[(usize, f64)]) -> Law {
    let all: f64 = pairs.iter().map(|(_, weight)| weight).sum();
    let mut law = vec![0.0; 1 + pairs.iter().map(|(k, _)| *k).max().unwrap_or(0)];
    for (k, weight) in pairs {
        law[*k] += weight / all;
    }
    law
}

/// One server that crashes, and a restart that always succeeds.
fn one_server(probability: f64, rounds: u32, response: &str, duration: &str) -> Model {
    one_server_held_to(100.0, probability, rounds, response, duration)
}

/// The same with an SLA.
fn one_server_held_to(
    target: f64,
    probability: f64,
    rounds: u32,
    response: &str,
    duration: &str,
) -> Model {
    let text = format!(
        r#"
        name = "one"
        rounds = {rounds}
        sla.target = {target}
        chaos_levels.medium = 1
        runbook_default.action = "restart"
        response = {{ {response} }}
        [skills.mid]
        diagnosis_accuracy = 1
        remediation_speed = 1
        panic_threshold = 9
        [[servers]]
        name = "s"
        type = "machine"
        services = ["daemon"]
        [[chaos]]
        name = "crash"
        probability = {probability}
        duration = 1
        effects = [{{ crash_service = {{}} }}]
        [[remediation]]
        name = "restart"
        success_rate = 1
        cooldown = 0
        duration = {duration}
        effects = [{{ restart_service = {{}} }}]
        "#
    );
    model(&world(&text), 1.0, "mid")
}

/// Keeps the incidents.
#[derive(Default)]
struct Incidents(Vec<Incident>);

impl Observer for Incidents {
    fn incident(&mut self, incident: &Incident) {
        self.0.push(*incident);
    }
}

/// Chi-square of counts against probabilities, as a standard normal number (Wilson and Hilferty).
fn chi_square(cells: &[(f64, f64)]) -> f64 {
    let n: f64 = cells.iter().map(|(count, _)| count).sum();
    let (mut square, mut kinds, mut rare) = (0.0, 0.0, (0.0, 0.0));
    let mut add = |count: f64, expected: f64| {
        square += (count - expected).powi(2) / expected;
        kinds += 1.0;
    };
    for (count, p) in cells {
        match n * p >= 10.0 {
            true => add(*count, n * p),
            false => rare = (rare.0 + count, rare.1 + n * p),
        }
    }
    if rare.1 >= 5.0 {
        add(rare.0, rare.1);
    }
    let freedom: f64 = kinds - 1.0;
    let spread = 2.0 / (9.0 * freedom);
    ((square / freedom).cbrt() - 1.0 + spread) / spread.sqrt()
}

/// With a repair that always succeeds, an incident is detected, acknowledged and resolved after times
/// with exactly their distributions, independent of each other: TTR is their sum and half a round.
#[test]
fn ttr_is_the_sum_of_detection_acknowledgement_and_action() {
    let settings: [(f64, &str, &str, [Law; 3]); 12] = [
        (
            0.137,
            "detect = 3, acknowledge = 2",
            "4",
            [fixed(3), fixed(2), fixed(4)],
        ),
        (
            0.271,
            "detect = [1, 4]",
            "[2, 3]",
            [between(1, 4), fixed(0), between(2, 3)],
        ),
        (
            0.093,
            "acknowledge = { values = [[0, 0.37], [2, 1.13], [5, 0.71]] }",
            "[1, 3]",
            [
                fixed(0),
                values(&[(0, 0.37), (2, 1.13), (5, 0.71)]),
                between(1, 3),
            ],
        ),
        (
            0.311,
            "detect = { geometric = { mean = 2.37 } }, acknowledge = 1",
            "2",
            [geometric(2.37), fixed(1), fixed(2)],
        ),
        (
            0.052,
            "detect = { geometric = { mean = 1.61 } }, acknowledge = { geometric = { mean = 3.13 } }",
            "{ geometric = { mean = 1.29 } }",
            [geometric(1.61), geometric(3.13), geometric(1.29)],
        ),
        (
            0.177,
            "detect = [0, 2], acknowledge = [0, 1]",
            "{ lognormal = { median = 2.3, sigma = 0.61 } }",
            [between(0, 2), between(0, 1), lognormal(2.3, 0.61)],
        ),
        (
            0.413,
            "detect = { lognormal = { median = 1.7, sigma = 0.43 } }, acknowledge = [1, 2]",
            "{ values = [[1, 3.1], [4, 1.7]] }",
            [
                lognormal(1.7, 0.43),
                between(1, 2),
                values(&[(1, 3.1), (4, 1.7)]),
            ],
        ),
        (
            0.0831,
            "",
            "{ geometric = { mean = 4.71 } }",
            [fixed(0), fixed(0), geometric(4.71)],
        ),
        (
            0.229,
            "detect = [2, 6]",
            "0",
            [between(2, 6), fixed(0), fixed(0)],
        ),
        (
            0.151,
            "detect = { geometric = { mean = 3.9 } }, duration_scale = 0.5",
            "1",
            [geometric(1.95), fixed(0), fixed(1)],
        ),
        (
            0.067,
            "detect = 3, acknowledge = { lognormal = { median = 1.3, sigma = 0.37 } }, duration_scale = 1.9",
            "[1, 5]",
            [fixed(6), lognormal(1.3 * 1.9, 0.37), between(1, 5)],
        ),
        (
            0.389,
            "detect = 1, acknowledge = [3, 7]",
            "[1, 2]",
            [fixed(1), between(3, 7), between(1, 2)],
        ),
    ];
    settings
        .par_iter()
        .for_each(|(probability, response, duration, laws)| {
            const ROUNDS: u32 = 60;
            let model = one_server(*probability, ROUNDS, response, duration);
            let mut counts: BTreeMap<[u32; 3], f64> = BTreeMap::new();
            let mut state = State::new();
            for replication in 0..60_000 {
                let mut seen = Incidents::default();
                simulate(&model, replication, &mut state, &mut seen);
                // The first, so that none is chosen for being short.
                let Some(first) = seen.0.first().filter(|i| i.opened < 40) else {
                    continue;
                };
                let (Some(detected), Some(acknowledged), Some((closed, _))) =
                    (first.detected, first.acknowledged, first.closed)
                else {
                    continue;
                };
                assert_eq!((closed - acknowledged) % 2, 1);
                let parts = [
                    detected - first.opened,
                    acknowledged - detected,
                    closed - acknowledged - 1,
                ];
                assert_eq!(first.ttr, parts.iter().sum::<u32>() + 1);
                *counts
                    .entry(parts.map(|half_rounds| half_rounds / 2))
                    .or_default() += 1.0;
            }
            let [detect, acknowledge, act] = laws;
            let mut cells = Vec::new();
            for (d, p) in detect.iter().enumerate() {
                for (a, q) in acknowledge.iter().enumerate() {
                    for (r, s) in act.iter().enumerate() {
                        let key = [d as u32, a as u32, r as u32];
                        let count = counts.remove(&key).unwrap_or_default();
                        cells.push((count, p * q * s));
                    }
                }
            }
            assert!(counts.is_empty(), "{response}: impossible {counts:?}");
            let possible: f64 = cells.iter().map(|(_, p)| p).sum();
            assert!((possible - 1.0).abs() < 1e-3, "{response}: {possible}");
            if cells.iter().filter(|(_, p)| *p > 0.0).count() > 1 {
                let z = chi_square(&cells);
                println!("{response}, {duration}: {z:+.2}");
                assert!(z.abs() < 4.0, "{response}: z = {z}");
            }
        });
}

/// An action that takes no time and leaves no alert closes the case: a server that crashes again in
/// the very next round is detected and acknowledged anew.
#[test]
fn each_crash_is_detected_anew() {
    let model = one_server(1.0, 40, "detect = 2, acknowledge = 1", "0");
    let mut seen = Incidents::default();
    simulate(&model, 0, &mut State::new(), &mut seen);
    assert_eq!(seen.0.len(), 10);
    for (i, incident) in seen.0.iter().enumerate() {
        let opened = 8 * i as u32;
        assert_eq!(incident.opened, opened);
        assert_eq!(incident.detected, Some(opened + 4));
        assert_eq!(incident.acknowledged, Some(opened + 6));
        assert_eq!(incident.ttr, 7);
    }
}

/// Two servers that crash on their own, and hands that repair them, as a chain.
#[derive(Debug, Clone, Copy)]
struct Queue {
    crash: [f64; 2],
    /// Rounds until detected, and from there until acknowledged.
    delays: [u32; 2],
    /// Mean rounds of an action.
    mean: f64,
    success: f64,
    hands: u32,
    rounds: u32,
}

/// A server of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Server {
    Up,
    /// Ready for a hand in so many rounds, or since so many if that is negative.
    Down(i32),
    /// An action is under way.
    Repaired,
}

impl Queue {
    fn model(&self) -> Model {
        let mut text = format!(
            r#"
            name = "queue"
            rounds = {}
            sla.target = 100
            chaos_levels.medium = 1
            runbook_default.action = "restart"
            response = {{ detect = {}, acknowledge = {} }}
            [skills.mid]
            diagnosis_accuracy = 1
            remediation_speed = 1
            panic_threshold = 9
            parallel = {}
            [[remediation]]
            name = "restart"
            success_rate = {}
            cooldown = 0
            duration = {{ geometric = {{ mean = {} }} }}
            effects = [{{ restart_service = {{}} }}]
            "#,
            self.rounds, self.delays[0], self.delays[1], self.hands, self.success, self.mean
        );
        for (i, p) in self.crash.iter().enumerate() {
            text += &format!(
                "[[servers]]\nname = \"s{i}\"\ntype = \"t{i}\"\nservices = [\"daemon\"]\n\
                 [[chaos]]\nname = \"crash-{i}\"\nprobability = {p}\nduration = 1\n\
                 target_types = [\"t{i}\"]\neffects = [{{ crash_service = {{}} }}]\n"
            );
        }
        model(&world(&text), 1.0, "mid")
    }

    /// One round: the next states with their probabilities.
    fn step(&self, state: [Server; 2]) -> Vec<([Server; 2], f64)> {
        let delay = (self.delays[0] + self.delays[1]) as i32;
        let ends = 1.0 / self.mean;
        let mut next = vec![([Server::Up; 2], 1.0)];
        for i in 0..2 {
            let options = match state[i] {
                Server::Up => vec![
                    (Server::Up, 1.0 - self.crash[i]),
                    (Server::Down(delay), self.crash[i]),
                ],
                Server::Down(due) => vec![(Server::Down(due - 1), 1.0)],
                Server::Repaired => {
                    vec![
                        (Server::Up, ends * self.success),
                        (Server::Down(0), ends * (1.0 - self.success)),
                        (Server::Repaired, 1.0 - ends),
                    ]
                }
            };
            next = next
                .into_iter()
                .flat_map(|(mut state, p)| {
                    options.clone().into_iter().map(move |(server, q)| {
                        state[i] = server;
                        (state, p * q)
                    })
                })
                .collect();
        }
        for (state, _) in &mut next {
            let busy = state.iter().filter(|s| **s == Server::Repaired).count() as u32;
            for _ in busy..self.hands {
                let due = (0..2).filter_map(|i| match state[i] {
                    Server::Down(due) if due <= 0 => Some((due, i)),
                    _ => None,
                });
                if let Some((_, i)) = due.min() {
                    state[i] = Server::Repaired;
                }
            }
        }
        next
    }

    /// Mean number of up checks, and the probability that all are.
    fn exact(&self) -> [f64; 2] {
        let mut at = BTreeMap::from([([Server::Up; 2], [1.0, 1.0])]);
        let mut up_checks = 0.0;
        for _ in 0..self.rounds {
            let mut then: BTreeMap<[Server; 2], [f64; 2]> = BTreeMap::new();
            for (state, [all, flawless]) in at {
                for (next, p) in self.step(state) {
                    let up = next.iter().filter(|server| **server == Server::Up).count();
                    up_checks += all * p * up as f64;
                    let slot = then.entry(next).or_default();
                    slot[0] += all * p;
                    slot[1] += if up == 2 { flawless * p } else { 0.0 };
                }
            }
            at = then;
        }
        [up_checks, at.values().map(|p| p[1]).sum()]
    }
}

/// Hands are a queue: who has waited longest is served first, and after each attempt waits again.
#[test]
fn hands_are_a_queue() {
    let queue = |crash, delays, mean, success, hands, rounds| Queue {
        crash,
        delays,
        mean,
        success,
        hands,
        rounds,
    };
    let settings = [
        queue([0.137, 0.211], [0, 0], 2.71, 1.0, 1, 15),
        queue([0.413, 0.377], [0, 0], 3.19, 1.0, 1, 12),
        queue([0.413, 0.377], [0, 0], 3.19, 1.0, 2, 12),
        queue([0.052, 0.611], [0, 0], 1.93, 0.73, 1, 20),
        queue([0.611, 0.052], [0, 0], 1.93, 0.73, 1, 20),
        queue([0.237, 0.319], [1, 0], 4.37, 1.0, 1, 15),
        queue([0.237, 0.319], [0, 2], 2.13, 0.61, 1, 15),
        queue([0.237, 0.319], [2, 1], 2.13, 0.61, 2, 15),
        queue([0.871, 0.793], [1, 1], 1.37, 0.89, 1, 10),
        queue([0.719, 0.683], [3, 0], 5.77, 0.57, 1, 18),
        queue([0.093, 0.081], [0, 1], 7.31, 0.97, 1, 40),
        queue([0.541, 0.029], [1, 2], 1.11, 0.43, 1, 25),
    ];
    settings.par_iter().for_each(|queue| {
        const BLOCKS: u64 = 6_000;
        let model = queue.model();
        let (mut state, mut sums) = (LaneState::new(), [0_u64; 3]);
        for block in 0..BLOCKS {
            let first = block * LANES as u64;
            simulate_lanes(&model, first, &mut state, InstructionSet::best());
            for replication in state.replications() {
                let up = u64::from(replication.outcome.up_checks);
                sums[0] += up;
                sums[1] += up * up;
                sums[2] += u64::from(replication.outcome.sla_met);
            }
        }
        let n = (BLOCKS * LANES as u64) as f64;
        let [mean, square, flawless] = sums.map(|sum| sum as f64 / n);
        let [up, all] = queue.exact();
        assert_agrees(
            &format!("{queue:?}: up"),
            mean,
            up,
            ((square - mean * mean) / n).sqrt(),
        );
        if all * n >= 25.0 {
            let error = (all * (1.0 - all) / n).sqrt();
            assert_agrees(&format!("{queue:?}: flawless"), flawless, all, error);
        }
    });
}

/// A month of a server that crashes and is repaired in a geometric time.
#[derive(Debug, Clone, Copy)]
struct Month {
    crash: f64,
    /// Mean rounds of a repair.
    mean: f64,
    rounds: u32,
    /// Percent.
    target: f64,
    /// Rounds that the target lets fail.
    budget: usize,
    blocks: u64,
}

/// Times to resolve that are compared, in rounds before the half one.
const TIMES_TO_RESOLVE: [u32; 6] = [1, 2, 3, 5, 11, 29];

/// Up rounds, misses, incidents open at the end, and those that closed after each of
/// [`TIMES_TO_RESOLVE`].
type MonthCounts = [f64; 3 + TIMES_TO_RESOLVE.len()];

impl Month {
    /// By powers of the chain of (up or down, rounds down so far).
    fn exact(&self) -> MonthCounts {
        let (ends, rounds) = (1.0 / self.mean, self.rounds);
        let mut counts = MonthCounts::default();
        // By rounds down, of which more than the budget are one: up, and down.
        let mut at = vec![[0.0; 2]; self.budget + 2];
        at[0][0] = 1.0;
        for round in 0..rounds {
            let up: f64 = at.iter().map(|[up, _]| up).sum();
            let opened = up * self.crash;
            counts[2] += opened * (1.0 - ends).powi((rounds - 1 - round) as i32);
            for (count, time) in counts[3..].iter_mut().zip(TIMES_TO_RESOLVE) {
                if round + time < rounds {
                    *count += opened * ends * (1.0 - ends).powi(time as i32 - 1);
                }
            }
            let mut then = vec![[0.0; 2]; self.budget + 2];
            for (spent, [up, down]) in at.into_iter().enumerate() {
                let more = (spent + 1).min(self.budget + 1);
                then[spent][0] += up * (1.0 - self.crash) + down * ends;
                then[more][1] += up * self.crash + down * (1.0 - ends);
            }
            counts[0] += then.iter().map(|[up, _]| up).sum::<f64>();
            at = then;
        }
        let [up, down] = at[self.budget + 1];
        counts[1] = up + down;
        counts
    }

    fn sampled(&self) -> [Moments; 3 + TIMES_TO_RESOLVE.len()] {
        let duration = format!("{{ geometric = {{ mean = {} }} }}", self.mean);
        let model = one_server_held_to(self.target, self.crash, self.rounds, "", &duration);
        assert_eq!(
            u64::from(model.checks()) - model.sla_least(),
            self.budget as u64
        );
        let mut all: Vec<MonthCounts> = Vec::new();
        let mut state = LaneState::new();
        for block in 0..self.blocks {
            let mut lanes = [MonthCounts::default(); LANES];
            simulate_lanes(
                &model,
                block * LANES as u64,
                &mut state,
                InstructionSet::best(),
            );
            for (counts, replication) in lanes.iter_mut().zip(state.replications()) {
                counts[0] = f64::from(replication.outcome.up_checks);
                counts[1] = f64::from(u8::from(!replication.outcome.sla_met));
                counts[2] = f64::from(replication.outcome.incidents_open);
            }
            for incident in state
                .incidents()
                .iter()
                .filter(|incident| !incident.censored)
            {
                let at = TIMES_TO_RESOLVE
                    .iter()
                    .position(|time| 2 * time + 1 == incident.ttr);
                if let Some(at) = at {
                    lanes[incident.lane][3 + at] += 1.0;
                }
            }
            all.extend(lanes);
        }
        std::array::from_fn(|i| Moments::of(&all, |counts| counts[i]))
    }
}

/// One server whose repair takes a geometric time is a two-state chain: its availability, the
/// probability that a month misses the SLA, and how many incidents close after each time.
#[test]
fn a_month_with_geometric_repairs_is_a_two_state_chain() {
    let month = |crash, mean, rounds, target, budget, blocks| Month {
        crash,
        mean,
        rounds,
        target,
        budget,
        blocks,
    };
    let months = [
        // Hour by hour.
        month(0.001_37, 2.73, 720, 99.0, 7, 500),
        month(0.002_91, 1.87, 720, 99.5, 3, 500),
        month(0.000_53, 5.91, 720, 99.9, 0, 500),
        month(0.007_77, 3.33, 720, 97.0, 21, 500),
        month(0.013_1, 1.19, 720, 98.0, 14, 500),
        month(0.005_17, 11.3, 720, 95.0, 36, 500),
        month(0.023_3, 7.07, 720, 90.0, 72, 500),
        month(0.000_91, 29.9, 720, 96.0, 28, 500),
        month(0.003_19, 4.57, 720, 98.5, 10, 500),
        month(0.031_7, 2.21, 720, 93.0, 50, 500),
        // A day, minute by minute.
        month(0.000_713, 8.89, 1440, 99.3, 10, 250),
        month(0.002_37, 19.7, 1440, 97.3, 38, 250),
        // Minute by minute.
        month(0.000_037_1, 24.7, 43_200, 99.9, 43, 12),
    ];
    months.par_iter().for_each(|month| {
        let month = Month {
            blocks: month.blocks * as_many_times(),
            ..*month
        };
        let n = (month.blocks * LANES as u64) as f64;
        for (i, (seen, exact)) in month.sampled().iter().zip(month.exact()).enumerate() {
            // Too few are not normal.
            if exact * n >= 25.0 && (i != 1 || (1.0 - exact) * n >= 25.0) {
                let error = (seen.variance / seen.n).sqrt();
                assert_agrees(&format!("{month:?}: {i}"), seen.mean, exact, error);
            }
        }
    });
}

/// While an action is under way the second alert of a crash waits: one repair a crash, and every
/// other alert of it is counted as waiting.
#[test]
fn two_alerts_of_a_crash_are_one_repair() {
    let model = one_server(0.173, 50, "detect = 2", "[2, 4]");
    for replication in 0..2_000 {
        let (outcome, seen) = watch(&model, replication);
        let closed = seen.incidents.iter().filter(|i| i.closed.is_some()).count() as u32;
        assert!((closed..=closed + 1).contains(&outcome.actions));
        assert_eq!(
            outcome.alerts,
            outcome.alerts_waiting + outcome.alerts_handled
        );
        assert_eq!(outcome.alerts_handled, outcome.actions);
        let attended = seen
            .cases
            .iter()
            .filter(|(.., step)| *step == CaseStep::Attended);
        assert_eq!(attended.count() as u32, outcome.actions);
    }
}

/// An action that is under way at the end has neither succeeded nor failed.
#[test]
fn an_action_under_way_at_the_end_did_not_fail() {
    let model = one_server(1.0, 5, "", "9");
    let (outcome, seen) = watch(&model, 0);
    assert_eq!((outcome.actions, outcome.actions_failed), (1, 0));
    assert!(seen.finished.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Delays change no event, and nothing of the servers where nobody acts.
    #[test]
    fn delays_leave_the_other_draws_alone(
        draft in any_world(), detect in 0..5_u32, replication in any::<u64>(), alone: bool,
    ) {
        let mut draft = draft;
        if alone {
            draft.remediation.clear();
        }
        let mut delayed = draft.clone();
        delayed.response = format!(
            "response = {{ detect = {{ geometric = {{ mean = 3.3 }} }}, acknowledge = {detect} }}"
        );
        let [one, two] = [draft, delayed]
            .map(|draft| watch(&model(&world(&draft.text()), 1.3, "one"), replication).1);
        prop_assert_eq!(one.events, two.events);
        if alone {
            prop_assert_eq!(one.vitals, two.vitals);
            prop_assert_eq!(one.alerts, two.alerts);
        }
    }

    /// A response that takes no time is the one of a world without the keys.
    #[test]
    fn no_delay_is_no_case(draft in any_world(), replication in any::<u64>()) {
        let plain = draft.untimed();
        let mut at_once = plain.clone();
        at_once.response = "response = { detect = 0 }".to_owned();
        let [(one, seen), (two, again)] = [plain, at_once]
            .map(|draft| watch(&model(&world(&draft.text()), 1.7, "two"), replication));
        prop_assert_eq!(one, two);
        prop_assert_eq!(seen.handled, again.handled);
        prop_assert_eq!(seen.vitals, again.vitals);
        prop_assert_eq!(again.waiting, 0);
    }

    /// What is known of an incident comes in its order, while it lasts.
    #[test]
    fn incidents_are_detected_then_acknowledged(draft in any_world(), replication in any::<u64>()) {
        let model = model(&world(&draft.text()), 2.0, "one");
        for i in watch(&model, replication).1.incidents {
            if let Some(detected) = i.detected {
                prop_assert!(model.has_cases() && i.opened <= detected);
            }
            if let Some(acknowledged) = i.acknowledged {
                let detected = i.detected.expect("it was detected before");
                prop_assert!(detected <= acknowledged);
                prop_assert!(i.closed.is_none_or(|(closed, _)| acknowledged < closed));
            }
        }
    }
}

/// The keys in cloudinfra, for tests in all orders of its phases.
pub const TIMES: &str = r#"
[response]
detect = { geometric = { mean = 1.7 } }
acknowledge = [0, 2]
[skills.junior]
parallel = 1
acknowledge = [1, 3]
[skills.senior]
detect = 0
parallel = 3
[[remediation]]
name = "restart_service"
duration = [0, 2]
[[remediation]]
name = "scale_up"
duration = { lognormal = { median = 2, sigma = 0.7 } }
[[remediation]]
name = "rollback"
duration = 3
duration_scale = 0.6
"#;

/// Cases in a world with misdiagnosis, panic, warnings and cooldowns change what happens.
#[test]
fn slower_responses_cost_availability() {
    let worlds = [TIMES, "[response]\n", "[response]\ndetect = 3\n"].map(cloudinfra_with);
    let [timed, at_once, late] = worlds.map(|world| {
        let model = model(&world, 2.0, "mid");
        let outcomes = crate::support::outcomes(&model, 4_000);
        outcomes.iter().map(|o| u64::from(o.up_checks)).sum::<u64>()
    });
    assert!(
        at_once > timed && at_once > late,
        "{at_once} {timed} {late}"
    );
}

/// What only cases have stands in the tables of a sweep with a world that has them, and only there;
/// the parts of the mean time to resolve add up to it, and are missing where a world has no cases.
#[test]
fn tables_have_the_response_where_it_takes_time() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "timed.toml",
        &format!("name = \"timed\"\nextends = \"cloudinfra\"\n{TIMES}"),
    );
    let head = "replications = 400\n[output]\ntables = [\"runs\", \"incidents\", \"rounds\"]\n\
                formats = [\"parquet\", \"csv\"]\n[factors]\n";
    sandbox.write(
        "plain.toml",
        &format!("name = \"plain\"\n{head}world = [\"cloudinfra\"]\n"),
    );
    let both = "chaos_level = [\"high\"]\nworld = [\"cloudinfra\", \"timed.toml\"]\n";
    sandbox.write("both.toml", &format!("name = \"both\"\n{head}{both}"));
    sandbox.ok("run plain.toml --quiet --out plain");
    sandbox.ok("run both.toml --quiet --out both");
    let rows = |folder: &str, table: &str| -> Vec<_> {
        let names = sandbox.data(folder).into_keys();
        let names = names.filter_map(|path| path.to_str().map(str::to_owned));
        let files = names.filter(|name| name.starts_with(table) && name.ends_with(".csv"));
        files
            .flat_map(|name| sandbox.rows(&format!("{folder}/{name}")))
            .collect()
    };
    let new = [
        ("summary", "mttr_detect_rounds"),
        ("summary", "alerts_waiting"),
        ("runs", "alerts_waiting"),
        ("incidents", "detected_half_round"),
        ("incidents", "acknowledged_half_round"),
        ("rounds", "alerts_waiting"),
    ];
    for (table, column) in new {
        let has = |folder: &str| rows(folder, table)[0].contains_key(column);
        assert!(!has("plain") && has("both"), "{table} {column}");
    }
    let summary = sandbox.rows("both/summary.csv");
    let number = |row: usize, column: &str| summary[row][column].parse::<f64>();
    let parts = [
        "mttr_detect_rounds",
        "mttr_acknowledge_rounds",
        "mttr_repair_rounds",
    ];
    for part in parts {
        assert!(
            number(0, part).is_err() && number(1, part).is_ok_and(|part| part > 0.0),
            "{part}"
        );
        assert_eq!(summary[1][&format!("{part}_method")], "jackknife_log");
    }
    let sum: f64 = parts
        .iter()
        .map(|part| number(1, part).expect("a number"))
        .sum();
    let mttr = number(1, "mttr_rounds").expect("a number");
    assert!((sum - mttr).abs() < 1e-9, "{sum} {mttr}");
    let total = |table: &str| -> u64 {
        rows("both", table)
            .iter()
            .map(|row| row["alerts_waiting"].parse::<u64>().expect("a count"))
            .sum()
    };
    assert_eq!(number(1, "alerts_waiting"), Ok(total("runs") as f64));
    assert_eq!(total("runs"), total("rounds"));
    let (code, said) = sandbox.fails("gate plain mttr_detect_rounds<=4");
    assert!(code == 2 && said.contains("takes time"), "{said}");
    let (code, said) = sandbox.fails("gate both mttr_repair_rounds<=14 --at world=timed");
    assert_eq!(code, 0, "{said}");
}

/// In a world in which incidents are detected, acknowledged and resolved after fixed times, the split
/// has these times, scaled by the factor that says how fast people are, and withholds intervals of what
/// does not vary.
#[test]
fn the_split_is_that_of_the_delays() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "w.toml",
        r#"
        name = "fixed"
        rounds = 200
        chaos_levels.medium = 1
        runbook_default.action = "restart"
        response = { detect = 6, acknowledge = 4 }
        skills.mid = { diagnosis_accuracy = 1, remediation_speed = 1, panic_threshold = 9 }
        servers = [{ name = "s", type = "t", services = ["d"] }]
        chaos = [{ name = "c", probability = 0.03, duration = 1, effects = [{ crash_service = {} }] }]
        remediation = [{ name = "restart", success_rate = 1, cooldown = 0, duration = 4, effects = [{ restart_service = {} }] }]
        "#,
    );
    sandbox.write(
        "e.toml",
        "name = \"e\"\nreplications = 500\nworld = \"w.toml\"\n[factors]\n\
         \"response.duration_scale\" = [0.5, 1.0]\n\"remediation.restart.duration_scale\" = [0.75, 1]\n",
    );
    sandbox.ok("run e.toml --quiet --out r");
    let rows = sandbox.rows("r/summary.csv");
    let settings = [(0.5, 3.0), (0.5, 4.0), (1.0, 3.0), (1.0, 4.0)];
    assert_eq!(rows.len(), settings.len());
    for (row, (scale, action)) in rows.iter().zip(settings) {
        let parts = [("detect", 6.0 * scale), ("acknowledge", 4.0 * scale)];
        for (part, rounds) in parts.into_iter().chain([("repair", action + 0.5)]) {
            let value: f64 = row[&format!("mttr_{part}_rounds")]
                .parse()
                .expect("a number");
            assert!((value - rounds).abs() < 1e-9, "{part}: {value}, {rounds}");
        }
    }
    let (code, said) = sandbox.fails("gate r mttr_detect_rounds<=7");
    assert!(code == 4 && said.contains("undecided"), "{said}");
}

/// The log of a replication tells what happens to cases, and so do its incidents.
#[test]
fn the_log_tells_of_cases() {
    let sandbox = Sandbox::new();
    let world = format!("name = \"timed\"\nextends = \"cloudinfra\"\n{TIMES}");
    sandbox.write("timed.toml", &world);
    let log = sandbox.ok("simulate --world timed.toml --chaos-level high --skill junior --seed 7");
    for text in [
        "has its first alert",
        "is detected",
        "is acknowledged",
        "is attended to",
        "has no more alerts",
        "under way until round",
        "alerts wait",
    ] {
        assert!(log.contains(text), "{text}\n{log}");
    }
    let done = log
        .lines()
        .filter(|line| line.trim_start().starts_with("done "));
    assert!(done.count() > 0, "{log}");
}
