//! A small world: its numbers, drawn from a seed and none of them round, and its file.

use std::fmt::Write;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Chaos,
    Update,
    Respond,
    Assess,
}

/// A range of a uniform draw.
pub type Range = (f64, f64);

/// Numbers of rounds with their probabilities.
pub type Law = Vec<(u8, f64)>;

/// What is alerted and penalised above one threshold.
#[derive(Debug, Clone)]
pub struct Gauge {
    pub threshold: f64,
    pub penalty: u8,
    /// The level of the alert, if any.
    pub critical: Option<bool>,
}

/// Cpu: a fixed base, on which the traffic acts.
#[derive(Debug, Clone)]
pub struct Cpu {
    pub base: f64,
    pub gain: f64,
    pub traffic: Range,
    pub gauge: Gauge,
}

/// Memory: drawn at the start and by actions, never moved else.
#[derive(Debug, Clone)]
pub struct Memory {
    pub initial: Range,
    pub gauge: Gauge,
}

/// Disk: wholly reverts to its mean in every update, so that a draw of the drift is all of it.
#[derive(Debug, Clone)]
pub struct Disk {
    pub initial: Range,
    pub mean: f64,
    pub drift: Range,
    pub gauge: Gauge,
}

/// Error rate, whose first band asks for a health below its limit, or latency, whose first band
/// asks for a cpu usage above the threshold of the cpu.
#[derive(Debug, Clone)]
pub struct Drawn {
    pub initial: Range,
    pub warning: f64,
    pub critical: f64,
    pub health_below: f64,
    pub first: Range,
    pub rest: Range,
}

#[derive(Debug, Clone)]
pub struct Server {
    pub kind: usize,
    pub services: usize,
}

#[derive(Debug, Clone)]
pub struct Scenario {
    pub probability: f64,
    pub duration: u8,
    /// Only servers of this type.
    pub target: Option<usize>,
    pub crash: bool,
    pub isolate: bool,
    /// Holds memory above its threshold.
    pub hold: bool,
}

#[derive(Debug, Clone)]
pub struct Action {
    pub success: f64,
    pub cooldown: u8,
    pub restart: bool,
    /// Scenarios that it ends.
    pub ends: Vec<usize>,
    /// What it draws the base of the memory from.
    pub draw: Option<Range>,
    /// How long it takes.
    pub duration: Law,
}

/// How long someone takes, and how many servers they attend to at once.
#[derive(Debug, Clone)]
pub struct Times {
    pub detect: Law,
    pub acknowledge: Law,
    pub hands: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Spec {
    pub rounds: u32,
    pub phases: [Phase; 4],
    pub multiplier: f64,
    pub accuracy: f64,
    pub speed: f64,
    pub panic: usize,
    pub up_health: u8,
    pub service_penalty: u8,
    pub cpu: Option<Cpu>,
    pub memory: Option<Memory>,
    pub disk: Option<Disk>,
    pub error_rate: Option<Drawn>,
    pub latency: Option<Drawn>,
    pub servers: Vec<Server>,
    pub scenarios: Vec<Scenario>,
    pub actions: Vec<Action>,
    /// In a world with cases.
    pub times: Option<Times>,
    /// The action for each kind of alert; the default where there is none.
    pub runbook: [Option<usize>; 8],
    pub default_action: usize,
}

/// Kinds of alerts in the order in which they are raised.
pub const ALERTS: [&str; 8] = [
    "cpu_usage",
    "memory_usage",
    "error_rate",
    "latency_p99",
    "disk_usage",
    "service_down",
    "network",
    "health",
];

struct Dice(Xoshiro256PlusPlus);

impl Dice {
    fn number(&mut self, (low, high): Range) -> f64 {
        low + (high - low) * ((self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.number((0.0, bound as f64)) as usize
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.number((0.0, 1.0)) < probability
    }

    /// Often near 0 or near 1.
    fn probability(&mut self) -> f64 {
        match self.below(8) {
            0 => self.number((0.0, 0.02)),
            1 => self.number((0.98, 1.0)),
            2 => 1.0,
            _ => self.number((0.02, 0.98)),
        }
    }

    /// Within 0 and 100, wide.
    fn range(&mut self) -> Range {
        (self.number((0.0, 40.0)), self.number((60.0, 100.0)))
    }

    fn gauge(&mut self) -> Gauge {
        Gauge {
            threshold: self.number((41.0, 59.0)),
            penalty: [0, 20, 40, 70][self.below(4)],
            critical: [None, Some(false), Some(true)][self.below(3)],
        }
    }

    fn drawn(&mut self) -> Drawn {
        let warning = self.number((41.0, 50.0));
        Drawn {
            initial: self.range(),
            warning,
            critical: self.number((50.0, 59.0)),
            health_below: [30.5, 60.5, 90.5][self.below(3)],
            first: self.range(),
            rest: self.range(),
        }
    }

    fn scenario(&mut self, kinds: usize) -> Scenario {
        let effect = self.below(6);
        Scenario {
            probability: self.probability(),
            duration: self.below(4) as u8,
            target: self.chance(0.3).then(|| self.below(kinds)),
            crash: effect < 4,
            isolate: (3..5).contains(&effect),
            hold: effect == 5,
        }
    }

    fn action(&mut self, scenarios: usize) -> Action {
        Action {
            success: self.probability(),
            cooldown: self.below(4) as u8,
            restart: self.chance(0.6),
            ends: (0..scenarios).filter(|_| self.chance(0.5)).collect(),
            draw: self.chance(0.4).then(|| self.range()),
            duration: at_once(),
        }
    }

    /// Up to three rounds, or none.
    fn law(&mut self) -> Law {
        let kinds = 1 + self.below(2);
        let first = self.below(3) as u8;
        let law = (0..kinds as u8).map(|i| (first + i, self.number((0.1, 1.0))));
        let law: Law = law.collect();
        let all: f64 = law.iter().map(|(_, weight)| weight).sum();
        law.into_iter()
            .map(|(rounds, weight)| (rounds, weight / all))
            .collect()
    }
}

fn at_once() -> Law {
    vec![(0, 1.0)]
}

impl Spec {
    /// The world of a seed.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice(Xoshiro256PlusPlus::seed_from_u64(seed));
        use Phase::{Assess, Chaos, Respond, Update};
        let mut phases = [Chaos, Update, Respond, Assess];
        if dice.chance(0.4) {
            for i in 0..4 {
                phases.swap(i, i + dice.below(4 - i));
            }
        }
        let servers: Vec<Server> = (0..[1, 1, 2][dice.below(3)])
            .map(|_| Server {
                kind: dice.below(2),
                services: dice.below(4),
            })
            .collect();
        // Types are numbered in the order in which they come.
        let first = servers[0].kind;
        let servers: Vec<Server> = servers
            .into_iter()
            .map(|server| Server {
                kind: usize::from(server.kind != first),
                ..server
            })
            .collect();
        let kinds = 1 + servers.iter().map(|server| server.kind).max().unwrap_or(0);
        let scenarios: Vec<_> = (0..1 + dice.below(2))
            .map(|_| dice.scenario(kinds))
            .collect();
        let actions: Vec<_> = (0..1 + dice.below(6))
            .map(|_| dice.action(scenarios.len()))
            .collect();
        let some_action = |dice: &mut Dice| dice.chance(0.4).then(|| dice.below(actions.len()));
        Self {
            rounds: 3 + dice.below(3) as u32,
            phases,
            multiplier: [1.0, dice.number((0.1, 3.0))][dice.below(2)],
            accuracy: [0.0, dice.probability(), dice.number((0.1, 0.9))][dice.below(3)],
            speed: [1.0, dice.number((0.3, 1.7))][dice.below(2)],
            panic: [1, 2, 3, 99][dice.below(4)],
            up_health: [50, 65][dice.below(2)],
            service_penalty: [50, 30][dice.below(2)],
            cpu: dice.chance(0.2).then(|| Cpu {
                base: dice.number((20.0, 30.0)),
                gain: dice.number((30.0, 40.0)),
                traffic: (dice.number((0.0, 1.0)), dice.number((2.0, 4.0))),
                gauge: dice.gauge(),
            }),
            memory: dice.chance(0.5).then(|| Memory {
                initial: dice.range(),
                gauge: dice.gauge(),
            }),
            disk: dice.chance(0.2).then(|| Disk {
                initial: dice.range(),
                mean: dice.number((40.0, 60.0)),
                drift: (dice.number((-40.0, -20.0)), dice.number((20.0, 40.0))),
                gauge: dice.gauge(),
            }),
            error_rate: dice.chance(0.2).then(|| dice.drawn()),
            latency: dice.chance(0.2).then(|| dice.drawn()),
            runbook: std::array::from_fn(|_| some_action(&mut dice)),
            default_action: dice.below(actions.len()),
            servers,
            scenarios,
            actions,
            times: None,
        }
    }

    /// The same world with cases.
    pub fn timed(seed: u64) -> Self {
        let mut dice = Dice(Xoshiro256PlusPlus::seed_from_u64(!seed));
        let mut spec = Self::of(seed);
        spec.times = Some(Times {
            detect: dice.law(),
            acknowledge: dice.law(),
            hands: [None, Some(1), Some(1), Some(1)][dice.below(4)],
        });
        for action in &mut spec.actions {
            if dice.chance(0.7) {
                action.duration = dice.law();
            }
        }
        spec
    }

    pub fn text(&self) -> String {
        let mut text = format!(
            "name = \"exact\"\nrounds = {}\nphases = {:?}\nup_health = {}\n\
             service_down_penalty = {}\nsla.target = 100\nchaos_levels.one = 1\n\
             runbook_default.action = \"a{}\"\n",
            self.rounds,
            self.phases.map(|phase| format!("{phase:?}").to_lowercase()),
            self.up_health,
            self.service_penalty,
            self.default_action,
        );
        let (gain, traffic) = match &self.cpu {
            Some(cpu) => (cpu.gain, cpu.traffic),
            None => (0.0, (1.0, 1.0)),
        };
        let _ = writeln!(
            text,
            "cpu_per_load = {gain}\ntraffic_ratio = {}",
            range(traffic)
        );
        let _ = writeln!(
            text,
            "[skills.one]\ndiagnosis_accuracy = {}\nremediation_speed = {}\npanic_threshold = {}",
            self.accuracy, self.speed, self.panic
        );
        if let Some(times) = &self.times {
            if let Some(hands) = times.hands {
                let _ = writeln!(text, "parallel = {hands}");
            }
            let (detect, acknowledge) = (duration(&times.detect), duration(&times.acknowledge));
            let _ = writeln!(
                text,
                "[response]\ndetect = {detect}\nacknowledge = {acknowledge}"
            );
        }
        if let Some(cpu) = &self.cpu {
            let fixed = format!("initial = {}\n", range((cpu.base, cpu.base)));
            text += &usage("cpu_usage", &fixed, &cpu.gauge);
        }
        if let Some(memory) = &self.memory {
            let initial = format!("initial = {}\n", range(memory.initial));
            text += &usage("memory_usage", &initial, &memory.gauge);
        }
        if let Some(disk) = &self.disk {
            let moves = format!(
                "initial = {}\ndrift = {}\nreversion = 1\nmean = {}\n",
                range(disk.initial),
                range(disk.drift),
                disk.mean
            );
            text += &usage("disk_usage", &moves, &disk.gauge);
        }
        if let Some(metric) = &self.error_rate {
            let condition = format!("health_below = {}", metric.health_below);
            text += &drawn("error_rate", metric, &condition);
        }
        if let Some(metric) = &self.latency {
            let threshold = self.cpu.as_ref().map_or(1e9, |cpu| cpu.gauge.threshold);
            text += &drawn("latency_p99", metric, &format!("cpu_above = {threshold}"));
        }
        for (i, server) in self.servers.iter().enumerate() {
            let services: Vec<_> = (0..server.services).map(|s| format!("s{s}")).collect();
            let _ = writeln!(
                text,
                "[[servers]]\nname = \"m{i}\"\ntype = \"t{}\"\nservices = {services:?}",
                server.kind
            );
        }
        for (i, scenario) in self.scenarios.iter().enumerate() {
            text += &scenario.text(i);
        }
        for (i, action) in self.actions.iter().enumerate() {
            text += &action.text(i);
        }
        for (alert, action) in ALERTS.iter().zip(self.runbook) {
            if let Some(action) = action {
                let _ = writeln!(
                    text,
                    "[[runbook]]\nalert = \"{alert}\"\naction = \"a{action}\""
                );
            }
        }
        text
    }
}

fn duration(law: &Law) -> String {
    let values = law
        .iter()
        .map(|(rounds, weight)| format!("[{rounds}, {weight}]"));
    format!("{{ values = [{}] }}", values.collect::<Vec<_>>().join(", "))
}

fn range((low, high): Range) -> String {
    format!("[{low}, {high}]")
}

fn usage(name: &str, moves: &str, gauge: &Gauge) -> String {
    let level = match gauge.critical {
        Some(true) => format!("critical = {}\n", gauge.threshold),
        Some(false) => format!("warning = {}\n", gauge.threshold),
        None => String::new(),
    };
    let (above, penalty) = (gauge.threshold, gauge.penalty);
    format!(
        "[metrics.{name}]\n{moves}{level}penalties = [{{ above = {above}, penalty = {penalty} }}]\n"
    )
}

fn drawn(name: &str, metric: &Drawn, condition: &str) -> String {
    format!(
        "[metrics.{name}]\ninitial = {}\nwarning = {}\ncritical = {}\nbands = [\
         {{ {condition}, range = {} }}, {{ range = {} }}]\n",
        range(metric.initial),
        metric.warning,
        metric.critical,
        range(metric.first),
        range(metric.rest)
    )
}

impl Scenario {
    fn text(&self, number: usize) -> String {
        let mut effects = Vec::new();
        if self.crash {
            effects.push("{ crash_service = {} }");
        }
        if self.isolate {
            effects.push("{ isolate = {} }");
        }
        if self.hold {
            effects.push("{ hold = { metric = \"memory_usage\", value = 99 } }");
        }
        let target = self.target.map(|kind| format!("\"t{kind}\""));
        format!(
            "[[chaos]]\nname = \"c{number}\"\nprobability = {}\nduration = {}\n\
             target_types = [{}]\neffects = [{}]\n",
            self.probability,
            self.duration,
            target.unwrap_or_default(),
            effects.join(", ")
        )
    }
}

impl Action {
    fn text(&self, number: usize) -> String {
        let mut effects = Vec::new();
        if let Some(draw) = self.draw {
            let range = range(draw);
            effects.push(format!(
                "{{ draw = {{ metric = \"memory_usage\", range = {range} }} }}"
            ));
        }
        if self.restart {
            effects.push("{ restart_service = {} }".to_owned());
        }
        if !self.ends.is_empty() {
            let ends: Vec<_> = self.ends.iter().map(|s| format!("c{s}")).collect();
            effects.push(format!("{{ end = {ends:?} }}"));
        }
        format!(
            "[[remediation]]\nname = \"a{number}\"\nsuccess_rate = {}\ncooldown = {}\n{}effects = [{}]\n",
            self.success,
            self.cooldown,
            match &self.duration {
                law if *law == at_once() => String::new(),
                law => format!("duration = {}\n", duration(law)),
            },
            effects.join(", ")
        )
    }
}
