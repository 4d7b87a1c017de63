//! Worlds of a few lines that are small Markov chains, against the chains' exact values.

use std::collections::BTreeMap;
use std::fmt::Write;

use sysworld::simulation::{Outcome, State};

use crate::support::{Moments, assert_agrees, model, outcomes, sample, world};

/// Servers with one service each that crashes, and one restart action that all share.
#[derive(Debug, Clone, Copy)]
struct Repair {
    servers: usize,
    rounds: u32,
    /// Probability of a crash in a round, somewhere: `probability` × `multiplier`.
    probability: f64,
    multiplier: f64,
    /// Probability that a restart succeeds: `success` × `speed`.
    success: f64,
    speed: f64,
    cooldown: u32,
    accuracy: f64,
    panic: u32,
}

/// Perfect diagnosis, no panic.
const PERFECT: Repair = Repair {
    servers: 1,
    rounds: 15,
    probability: 0.1,
    multiplier: 1.0,
    success: 0.9,
    speed: 1.0,
    cooldown: 1,
    accuracy: 1.0,
    panic: 1000,
};

/// What a chain and a sample are compared by.
#[derive(Debug, Default)]
struct Values {
    /// Expected share of the checks that find a server up.
    up_share: f64,
    /// Probability that every check does.
    flawless: f64,
}

impl Repair {
    /// A second action, `wait`, does nothing: it is what a misdiagnosis may choose.
    fn text(&self) -> String {
        let mut text = format!(
            r#"
            name = "repair"
            rounds = {}
            sla.target = 100
            chaos_levels.medium = 1
            runbook_default.action = "restart"
            [skills.mid]
            diagnosis_accuracy = {}
            remediation_speed = {}
            panic_threshold = {}
            [[chaos]]
            name = "service_crash"
            probability = {}
            duration = 1
            effects = [{{ crash_service = {{}} }}]
            [[remediation]]
            name = "restart"
            success_rate = {}
            cooldown = {}
            effects = [{{ restart_service = {{}} }}]
            [[remediation]]
            name = "wait"
            success_rate = 1
            cooldown = 0
            effects = []
            "#,
            self.rounds,
            self.accuracy,
            self.speed,
            self.panic,
            self.probability,
            self.success,
            self.cooldown
        );
        for i in 0..self.servers {
            let server = format!("name = \"s{i}\"\ntype = \"machine\"\nservices = [\"daemon\"]");
            writeln!(text, "[[servers]]\n{server}").expect("text");
        }
        text
    }

    /// Probability that a restart is tried while it is free and a server is down.
    ///
    /// A server that is down has health 100 − 50, so it raises two alerts, service_down and
    /// health, which both ask for a restart; a misdiagnosis chooses it one time in two. The first
    /// try blocks all later ones of the round, so more than one server needs perfect diagnosis.
    fn attempt(&self) -> f64 {
        assert!(self.servers == 1 || self.accuracy == 1.0);
        let restart = self.accuracy + (1.0 - self.accuracy) / 2.0;
        1.0 - (1.0 - restart).powi(self.panic.min(2) as i32)
    }

    /// One round from (set of servers down, rounds until a restart is free), as
    /// (next state, servers down at the check, probability).
    fn step(&self, (down, wait): (u32, u32)) -> Vec<((u32, u32), u32, f64)> {
        let crash = (self.probability * self.multiplier).min(1.0);
        let success = (self.success * self.speed).min(1.0);
        let mut struck = vec![(down, 1.0 - crash)];
        for server in 0..self.servers {
            struck.push((down | 1 << server, crash / self.servers as f64));
        }
        let mut next = Vec::new();
        for (down, p) in struck {
            let mut outcome = |down: u32, wait: u32, p: f64| {
                next.push(((down, wait.saturating_sub(1)), down.count_ones(), p));
            };
            if down == 0 || wait > 0 {
                outcome(down, wait, p);
                continue;
            }
            let attempt = self.attempt();
            // The first server in file order is the lowest bit.
            outcome(down & (down - 1), self.cooldown, p * attempt * success);
            outcome(down, self.cooldown, p * attempt * (1.0 - success));
            outcome(down, 0, p * (1.0 - attempt));
        }
        next
    }

    /// By powers of the transition matrix: of all paths, and of those never seen down.
    fn exact(&self) -> Values {
        let mut at = BTreeMap::from([((0, 0), (1.0, 1.0))]);
        let mut down_checks = 0.0;
        for _ in 0..self.rounds {
            let mut then = BTreeMap::new();
            for (state, (all, flawless)) in at {
                for (next, down, p) in self.step(state) {
                    let slot: &mut (f64, f64) = then.entry(next).or_default();
                    slot.0 += all * p;
                    slot.1 += if down == 0 { flawless * p } else { 0.0 };
                    down_checks += all * p * f64::from(down);
                }
            }
            at = then;
        }
        let total: f64 = at.values().map(|p| p.0).sum();
        assert!((total - 1.0).abs() < 1e-12, "probabilities sum to {total}");
        Values {
            up_share: 1.0 - down_checks / (self.servers as f64 * f64::from(self.rounds)),
            flawless: at.values().map(|p| p.1).sum(),
        }
    }

    fn assert_exact(&self, replications: u64) {
        let world = world(&self.text());
        let model = model(&world, self.multiplier, "mid");
        let add = |sums: &mut [u64; 3], _, o: &Outcome, _: &State| {
            let up = u64::from(o.up_checks);
            for (sum, term) in sums.iter_mut().zip([up, up * up, u64::from(o.sla_met)]) {
                *sum += term;
            }
        };
        let parts = sample(&model, replications, add);
        let n = replications as f64;
        let mean = |i: usize| parts.iter().map(|sums| sums[i] as f64).sum::<f64>() / n;

        let exact = self.exact();
        let checks = f64::from(model.checks());
        let error = ((mean(1) - mean(0) * mean(0)) / n).sqrt();
        let what = format!("{self:?}: up share");
        assert_agrees(&what, mean(0) / checks, exact.up_share, error / checks);
        // Too few of them are not normal.
        if exact.flawless * n >= 25.0 {
            let error = (exact.flawless * (1.0 - exact.flawless) / n).sqrt();
            let what = format!("{self:?}: flawless");
            assert_agrees(&what, mean(2), exact.flawless, error);
        }
    }
}

/// One server: the up-fraction over N rounds is the chain's, for a dozen (p, s, c, N).
#[test]
fn one_server_is_the_chain_of_its_crashes_and_restarts() {
    for (probability, success, cooldown, rounds) in [
        (0.12, 0.90, 2, 15),
        (0.12, 0.50, 1, 15),
        (0.01, 0.90, 1, 20),
        (0.30, 0.45, 1, 10),
        (0.30, 0.45, 3, 10),
        (0.50, 0.20, 2, 8),
        (0.90, 0.99, 5, 12),
        (1.00, 0.50, 1, 6),
        (0.05, 0.05, 1, 15),
        (0.20, 1.00, 4, 15),
        (0.40, 0.70, 20, 15),
        (0.25, 0.80, 2, 1),
        (0.60, 0.30, 7, 12),
    ] {
        let repair = Repair {
            probability,
            success,
            cooldown,
            rounds,
            ..PERFECT
        };
        repair.assert_exact(1_000_000);
    }
}

/// One server: chaos level and speed multiply, up to 1; misdiagnosis and panic cost attempts.
#[test]
fn one_server_with_a_poor_sre_is_its_chain() {
    let (accuracy, speed) = (0.6, 0.5);
    for repair in [
        Repair {
            multiplier: 3.0,
            speed,
            ..PERFECT
        },
        Repair {
            multiplier: 30.0,
            success: 0.5,
            speed: 1.9,
            ..PERFECT
        },
        Repair {
            accuracy,
            cooldown: 3,
            ..PERFECT
        },
        Repair {
            accuracy,
            panic: 1,
            ..PERFECT
        },
        Repair {
            accuracy: 0.0,
            panic: 1,
            speed,
            cooldown: 2,
            ..PERFECT
        },
        Repair {
            panic: 0,
            probability: 0.02,
            ..PERFECT
        },
    ] {
        repair.assert_exact(200_000);
    }
}

/// Servers that share one restart a round are a machine-repair chain.
#[test]
fn servers_with_a_shared_restart_are_a_machine_repair_chain() {
    for (servers, probability, success, cooldown, rounds) in [
        (2, 0.3, 0.5, 1, 15),
        (2, 0.3, 0.5, 2, 15),
        (2, 0.6, 0.9, 4, 10),
        (2, 0.1, 0.9, 3, 20),
        (3, 0.5, 0.5, 1, 12),
        (3, 0.9, 0.4, 2, 15),
        (5, 0.8, 0.6, 1, 15),
        (5, 0.4, 0.3, 1, 20),
    ] {
        let repair = Repair {
            servers,
            probability,
            success,
            cooldown,
            rounds,
            ..PERFECT
        };
        repair.assert_exact(200_000);
    }
}

/// Targets are uniform over the servers, and services over those of the target: nothing restarts,
/// so in round r a service still runs with probability (1 − p / servers / services of its)^r.
#[test]
fn every_service_crashes_as_often_as_it_should() {
    const ROUNDS: u32 = 6;
    let services: [&[&str]; 3] = [&["a"], &["b", "c"], &["d", "e", "f"]];
    for (p, running) in [0.3, 1.0]
        .into_iter()
        .flat_map(|p| services.map(|s| (p, s)))
    {
        for entry in running {
            let mut text = format!(
                r#"
                name = "crashes"
                rounds = {ROUNDS}
                service_down_penalty = 0
                sla = {{ target = 100, indicator = "journey_availability" }}
                journey.entry = "{entry}"
                chaos_levels.medium = 1
                [skills.mid]
                diagnosis_accuracy = 1
                remediation_speed = 1
                panic_threshold = 9
                [[chaos]]
                name = "service_crash"
                probability = {p}
                duration = 1
                effects = [{{ crash_service = {{}} }}]
                "#
            );
            for (i, running) in services.iter().enumerate() {
                let server = format!("name = \"s{i}\"\ntype = \"machine\"\nservices = {running:?}");
                writeln!(text, "[[servers]]\n{server}").expect("text");
            }
            let own = outcomes(&model(&world(&text), 1.0, "mid"), 100_000);
            let works = Moments::of(&own, |o| f64::from(o.journey_up_rounds) / f64::from(ROUNDS));
            let survives = 1.0 - p / 3.0 / running.len() as f64;
            let exact = (1..=ROUNDS).map(|r| survives.powi(r as i32)).sum::<f64>();
            let what = format!("p = {p}, {entry}");
            let error = (works.variance / works.n).sqrt();
            assert_agrees(&what, works.mean, exact / f64::from(ROUNDS), error);
        }
    }
}
