//! A world compiled for one design point: indices and numbers in flat arrays.

use super::draws::{DrawModel, Others};
use super::durations::DurationModel;
use super::events::Alert;
use super::numbers::{Number, clamp};
use super::streams::{Chance, Luck, Uniform, case_bits};
use crate::world::{AlertKind, Phase, Quantity, Usage};

/// Everything a replication reads and never changes. Made by [`super::compile`].
#[derive(Debug, Clone)]
pub struct Model {
    /// Rounds of a replication.
    pub rounds: u32,
    pub(super) phases: [Phase; 4],
    /// Half rounds from the start of a round to its update: 0, or 2 where the update comes after
    /// the check and so belongs to the next.
    pub(super) update_offset: u32,
    pub(super) up_health: f32,
    /// The health alert is raised at this or below.
    pub(super) health_alert: f32,
    pub(super) service_down_penalty: f32,
    pub(super) cpu: UsageModel,
    pub(super) memory: UsageModel,
    pub(super) disk: UsageModel,
    pub(super) error_rate: DrawnModel,
    pub(super) latency: DrawnModel,
    pub(super) traffic: Uniform<f64>,
    pub(super) servers: Vec<ServerModel>,
    /// Servers of each type.
    pub(super) kind_sizes: Vec<u32>,
    /// By type and by how many of it are up: the share of traffic that each takes.
    pub(super) load_shares: Vec<Vec<f32>>,
    pub(super) scenarios: Vec<ScenarioModel>,
    /// What a chaos phase draws, in file order of the scenarios.
    pub(super) draws: Vec<DrawModel>,
    /// Whether services that crash may come back by themselves.
    pub(super) recovers: bool,
    /// What active scenarios do, by server type.
    pub(super) lasting: Vec<Lasting>,
    /// What they do where none is active.
    pub(super) nothing: Lasting,
    pub(super) actions: Vec<ActionModel>,
    /// The effects of each action as a row.
    pub(super) action_rows: Vec<ActionRow>,
    /// The action for (server, alert, critical).
    pub(super) runbook: Vec<u16>,
    pub(super) diagnosis: Chance,
    pub(super) panic_threshold: usize,
    /// In a world in which the response takes time.
    pub(super) cases: Option<CaseModel>,
    pub(super) services: ServicesModel,
    /// Health lost while a dependency is down.
    pub(super) dependency_penalty: f32,
    /// Some band asks whether a dependency is down.
    pub(super) banded_dependencies: bool,
    /// Which count is held to the SLA, and the least that meets it.
    pub(super) sla_on_journey: bool,
    pub(super) sla_least: u64,
    /// How many may fail.
    pub(super) sla_budget: u32,
    pub(super) traffic_key: u64,
    pub(super) response_key: u64,
}

impl Model {
    /// Number of servers.
    pub fn servers(&self) -> usize {
        self.servers.len()
    }

    /// Services of all servers, each counted on each server that runs it.
    pub(super) fn services_of_servers(&self) -> usize {
        let last = self.servers.last();
        last.map_or(0, |server| server.first_service + server.services as usize)
    }

    /// Number of chaos scenarios.
    pub fn scenarios(&self) -> usize {
        self.scenarios.len()
    }

    /// What can cause an incident: the scenarios, and then a dependency that is down, where that
    /// costs health.
    pub fn causes(&self) -> usize {
        self.scenarios.len() + usize::from(self.dependency_penalty > 0.0)
    }

    /// Checks of a replication: servers × rounds.
    pub fn checks(&self) -> u32 {
        self.servers.len() as u32 * self.rounds
    }

    /// Whether there is a user journey.
    pub fn has_journey(&self) -> bool {
        self.journeys() > 0
    }

    /// Number of user journeys.
    pub fn journeys(&self) -> usize {
        self.services.journeys.len()
    }

    /// What a round adds to the journey up rounds if all journeys work: the sum of their weights.
    pub fn journey_weight(&self) -> u32 {
        self.services.weight
    }

    /// Whether the response takes time, so that incidents are detected and acknowledged.
    pub fn has_cases(&self) -> bool {
        self.cases.is_some()
    }

    /// Least number of good checks (or journey rounds) that meets the SLA.
    pub fn sla_least(&self) -> u64 {
        self.sla_least
    }

    /// The runbook's action for an alert.
    pub fn runbook(&self, alert: &Alert) -> usize {
        self.runbook_action(alert.server, alert.kind, alert.critical)
    }

    pub(super) fn runbook_action(&self, server: usize, alert: AlertKind, critical: bool) -> usize {
        let line = (server * AlertKind::ALL.len() + alert as usize) * 2 + usize::from(critical);
        usize::from(self.runbook[line])
    }
}

/// The thresholds of a metric; infinite where it has none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    pub warning: f32,
    pub critical: f32,
}

#[derive(Debug, Clone)]
pub(super) struct UsageModel {
    pub initial: Uniform<f64>,
    /// The part of a base that stays; the rest goes to the mean.
    pub keep: f64,
    /// What is added in a round: drift, and what the mean adds.
    pub drift: Uniform<f64>,
    pub low: f64,
    pub high: f64,
    pub thresholds: Thresholds,
    /// Health lost, by the first line that fits: the highest are first, and the last two, of which
    /// most worlds have no more, stand by themselves.
    pub other_penalties: Vec<PenaltyModel>,
    pub last_penalties: [PenaltyModel; 2],
}

impl UsageModel {
    /// The base after a round; `unit` is a uniform number on [0, 1).
    #[inline(always)]
    pub fn wander(&self, base: f64, unit: f32) -> f64 {
        let drift = self.drift.at(f64::from(unit));
        clamp(base * self.keep + drift, self.low, self.high)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct PenaltyModel {
    /// Fits a usage above this.
    pub above: f32,
    /// Health lost, in percent.
    pub lost: f32,
}

impl PenaltyModel {
    /// Never fits.
    pub const NONE: Self = Self {
        above: f32::INFINITY,
        lost: 0.0,
    };
}

#[derive(Debug, Clone)]
pub(super) struct DrawnModel {
    pub initial: Uniform<f32>,
    pub thresholds: Thresholds,
    /// The first band whose conditions hold is drawn from.
    pub bands: Vec<BandModel>,
    /// Where none does: the band without conditions, or else 0.
    pub otherwise: Uniform<f32>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct BandModel {
    /// Infinite where there is no such condition.
    pub health_below: f32,
    /// Negative infinity where there is no such condition.
    pub cpu_above: f32,
    /// Fits where a dependency is down, and where none is.
    pub with_dependency: [bool; 2],
    pub range: Uniform<f32>,
}

#[derive(Debug, Clone)]
pub(super) struct ServerModel {
    /// Index of its type.
    pub kind: usize,
    /// Percent of cpu for each load above 1.
    pub cpu_gain: f32,
    pub services: u32,
    /// How many services the servers before it have: where its own are among those of all servers.
    pub first_service: usize,
    pub role: Option<crate::world::Role>,
    pub environment_key: u64,
}

/// What active scenarios do to the servers of a type, by what they do, in file order.
#[derive(Debug, Clone, Default)]
pub(super) struct Lasting {
    /// By metric: usage is at least this.
    pub holds: [Vec<While<f32>>; 3],
    /// Load is multiplied.
    pub loads: Vec<While<f32>>,
    /// The server is isolated.
    pub isolations: Vec<While<()>>,
    /// A base grows each round.
    pub growths: Vec<While<Growth>>,
    /// Error rate, and latency, are multiplied.
    pub error_rates: Vec<While<f32>>,
    pub latencies: Vec<While<f32>>,
}

/// An effect while a scenario is active.
#[derive(Debug, Clone, Copy)]
pub(super) struct While<T> {
    pub scenario: usize,
    pub effect: T,
}

/// Growth of a base a round, up to a bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growth {
    pub metric: Usage,
    pub amount: f64,
    pub max: f64,
}

#[derive(Debug, Clone)]
pub(super) struct ScenarioModel {
    /// Rounds an event stays active; 0: until remediated.
    pub duration: DurationModel,
    /// Whom an event hits beside its target; `None`: nobody.
    pub others: Option<Others>,
    pub instant: Vec<Instant>,
}

/// What an event does at once, and to which types of servers (empty: all).
#[derive(Debug, Clone)]
pub(super) struct Instant {
    pub kinds: Vec<usize>,
    pub effect: InstantEffect,
}

#[derive(Debug, Clone)]
pub(super) enum InstantEffect {
    /// With the rounds until the service comes back by itself; 0: until it is restarted.
    CrashService(DurationModel),
    Shock(Quantity, Change<f64>),
}

#[derive(Debug, Clone)]
pub(super) struct ActionModel {
    /// Probability of success, the skill's speed included.
    pub success: Chance,
    pub cooldown: u32,
    /// Rounds until it is over; counts in a world with cases.
    pub duration: DurationModel,
    pub effects: Vec<ActionStep>,
}

/// The effects of an action in a form that is applied without asking what they are.
#[derive(Debug, Clone)]
pub(super) struct ActionRow {
    /// By metric: base ← clamp(base × multiply + add, min, max).
    pub changes: [Change<f64>; 3],
    /// 1 if a service is restarted, else 0.
    pub restart: u64,
    /// By scenario: 0 if it ends, else all bits.
    pub keeps: Vec<i32>,
    /// What the row can't say; it doesn't matter whether it comes before or after the rest.
    pub steps: Vec<ActionStep>,
}

/// value ← clamp(value × multiply + add, min, max)
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<T> {
    pub multiply: T,
    pub add: T,
    pub min: T,
    pub max: T,
}

impl<T: Number> Change<T> {
    #[inline(always)]
    pub fn of(&self, value: T) -> T {
        clamp(value * self.multiply + self.add, self.min, self.max)
    }
}

impl Change<f64> {
    /// Leaves the base as it is.
    pub const NONE: Self = Self {
        multiply: 1.0,
        add: 0.0,
        min: f64::NEG_INFINITY,
        max: f64::INFINITY,
    };

    /// The same for a value that is held in 32 bits.
    #[inline(always)]
    pub fn narrow(&self) -> Change<f32> {
        Change {
            multiply: self.multiply as f32,
            add: self.add as f32,
            min: self.min as f32,
            max: self.max as f32,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum ActionStep {
    Change(Usage, Change<f64>),
    Draw(Usage, Uniform<f64>),
    RestartService,
    End(Vec<usize>),
    PromoteReplica,
}

/// How cases go.
#[derive(Debug, Clone)]
pub(super) struct CaseModel {
    /// Rounds from the first alert until it is detected.
    pub detect: DurationModel,
    /// Rounds from there until it is acknowledged.
    pub acknowledge: DurationModel,
    /// Servers that are attended to at once.
    pub hands: u32,
    /// By server: key of its delays.
    pub keys: Vec<u64>,
    /// What the clock shows in the respond phase of round r is this and 2r, but not less than 0.
    pub clock_offset: i32,
    /// Longer delays than this come to the same: no replication has so many rounds.
    pub longest: u32,
}

impl CaseModel {
    /// Rounds to detect and to acknowledge the case that opens on a server in a round.
    #[inline(always)]
    pub fn delays(&self, server: usize, mixed_replication: u64, round: u32) -> [u32; 2] {
        let bits = case_bits(self.keys[server], mixed_replication, round);
        [
            self.detect.at(bits.upper()).min(self.longest),
            self.acknowledge.at(bits.lower()).min(self.longest),
        ]
    }

    /// Rounds that an action takes.
    #[inline(always)]
    pub fn action_rounds(&self, duration: &DurationModel, luck: Luck) -> u32 {
        duration.at(luck.duration()).min(self.longest)
    }
}

/// The services that something is read of, and what that is.
#[derive(Debug, Clone)]
pub(super) struct ServicesModel {
    /// Each after those that it can't be served without.
    pub services: Vec<ServiceModel>,
    pub journeys: Vec<JourneyModel>,
    /// Their weights together.
    pub weight: u32,
    /// By server: what its services depend on, as indices of services. Empty where nothing follows
    /// from a dependency that is down, beside the journeys.
    pub dependencies: Vec<Vec<usize>>,
}

#[derive(Debug, Clone)]
pub(super) struct ServiceModel {
    /// (server, its bit of this service)
    pub hosts: Vec<(usize, u64)>,
    /// Some host has a role, so only current primaries count.
    pub by_role: bool,
    /// How many servers must run it.
    pub needs: u32,
    /// Indices of the services that it can't be served without.
    pub requires: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct JourneyModel {
    /// Index of the service that users enter by.
    pub entry: usize,
    pub weight: u32,
}

impl ServicesModel {
    /// How many journeys are counted by themselves too: all, where there are several.
    pub fn counted_journeys(&self) -> usize {
        match self.journeys.len() {
            1 => 0,
            several => several,
        }
    }
}
