//! What changes during the replications of all lanes.

use super::alerts::Alerts;
use super::row::{LANES, LaneSets, Row};
use super::streams::{LaneStreams, mixed_replications};
use crate::simulation::account::{CauseSet, CountedIncident, Replication};
use crate::simulation::model::{Lasting, Model, ServerModel};
use crate::simulation::outcome::Outcome;
use crate::simulation::streams::Luck;
use crate::world::{MOST_CHECKS, Role, Rounds};

/// Expires never: active until remediated.
const UNTIL_REMEDIATED: i32 = i32::MAX;
// What expires at some round is before that: a replication has at most as many rounds as checks.
const _: () = assert!(MOST_CHECKS + (Rounds::MOST as u64) < UNTIL_REMEDIATED as u64);
/// No incident is open.
const NONE_OPEN: i32 = -1;
/// The error budget is not exhausted.
const NOT_YET: i32 = -1;

/// No case is open; it is not known when an incident was detected.
pub(super) const NONE: i32 = -1;
/// No action is under way.
pub(super) const IDLE: i32 = i32::MAX;

/// The state of one replication a lane; reused from one block to the next without allocating.
///
/// It is [`super::super::State`] turned around: by server, then by lane. What vectors touch has 32
/// bits where it can, and times are signed, because vectors compare signed numbers best.
#[derive(Debug, Default)]
pub struct LaneState {
    pub(super) round: u32,
    /// How many assess phases are over: what the durations of scenarios count.
    pub(super) assessments: i32,
    pub(super) traffic: Row<f32>,
    pub(super) servers: Vec<ServerLanes>,
    pub(super) kinds: Vec<KindLanes>,
    scenarios: usize,
    /// By server and scenario: active while greater than `assessments`.
    expires: Vec<Row<i32>>,
    /// By service of each server: down while greater than `assessments`, if it is down. Empty where none
    /// comes back by itself.
    pub(super) recoveries: Vec<Row<i32>>,
    pub(super) chaos: Vec<LaneStreams>,
    /// Raw draws of the current batch of scenarios.
    pub(super) details: [Row<u64>; LaneSets::COUNT],
    pub(super) traffic_stream: LaneStreams,
    pub(super) response: LaneStreams,
    /// What the response of the round draws from, by lane.
    pub(super) luck: Row<u64>,
    /// By action: the first round in which it is free.
    pub(super) free_in: Vec<Row<u32>>,
    pub(super) alerts: Alerts,
    /// By server; empty in a world without cases.
    pub(super) cases: Vec<CaseLanes>,
    /// By lane: what the seeds of its replication have in common.
    pub(super) mixed: Row<u64>,
    /// By service of the model: whether it is served, all bits or none.
    pub(super) served: Vec<Row<u32>>,
    /// By server, where something follows from it: whether some dependency of its services was not
    /// served at the last assess, all bits or none.
    pub(super) dependency_down: Vec<Row<u32>>,
    /// By journey, where there are several: rounds in which it worked.
    pub(super) journey_rounds: Vec<Row<u32>>,
    pub(super) up_checks: Row<u32>,
    pub(super) journey_up_rounds: Row<u32>,
    pub(super) events: Row<u32>,
    pub(super) raised: Row<u32>,
    pub(super) overwhelmed_rounds: Row<u32>,
    pub(super) handled: Row<u32>,
    pub(super) waiting: Row<u32>,
    pub(super) misdiagnosed: Row<u32>,
    pub(super) blocked: Row<u32>,
    pub(super) succeeded: Row<u32>,
    /// Round in which the error budget was exhausted.
    exhausted: Row<i32>,
    /// What is counted lane by lane.
    pub(super) outcomes: [Outcome; LANES],
    /// The incidents that ended.
    incidents: Vec<CountedIncident>,
}

impl<T: Copy + Default> Default for Row<T> {
    fn default() -> Self {
        Self::of(T::default())
    }
}

/// One server in all lanes.
#[derive(Debug, Clone)]
pub(super) struct ServerLanes {
    pub environment: LaneStreams,
    /// Base usage in percent: cpu, memory, disk.
    pub base: [Row<f64>; 3],
    /// The bases in 32 bits, as usage is evaluated from.
    pub narrow: [Row<f32>; 3],
    /// Usage as last evaluated.
    pub usage: [Row<f32>; 3],
    pub health: Row<f32>,
    pub error_rate: Row<f32>,
    pub latency: Row<f32>,
    pub load: Row<f32>,
    /// What active scenarios multiply error rate and latency by.
    pub factors: [Row<f32>; 2],
    /// All bits or none.
    pub isolated: Row<u32>,
    /// Bit i: service i is down.
    pub services_down: Row<u64>,
    /// Bit i: scenario i hit in the latest chaos phase.
    pub struck: Row<u64>,
    /// When the open incident opened, in half rounds, or [`NONE_OPEN`].
    pub opened: Row<i32>,
    /// Bit i: cause i may have opened the open incident.
    cause: Row<u64>,
    /// Whether it is a primary now, and whether a replica: all bits or none.
    pub primary: Row<u32>,
    pub replica: Row<u32>,
    /// Something changed in some lane since usage and health were evaluated.
    pub touched: bool,
    /// No scenario is active in any lane beyond this many assessments.
    pub quiet_after: i32,
}

/// The case of one server in all lanes.
#[derive(Debug, Clone)]
pub(super) struct CaseLanes {
    /// The round in which it opened, or [`NONE`].
    pub opened: Row<i32>,
    /// The round in which it is detected, and that in which it is acknowledged.
    pub rounds: [Row<i32>; 2],
    /// It is detected; it is acknowledged: all bits or none.
    pub known: [Row<u32>; 2],
    /// Someone attends to the server: all bits or none.
    pub attended: Row<u32>,
    /// The round since which it waits for a hand, where hands are counted.
    pub ready: Row<i32>,
    /// The round at whose respond phase the action that is under way ends, or [`IDLE`].
    pub ends: Row<i32>,
    pub action: Row<u32>,
    pub luck: Row<u64>,
    /// An action succeeded in this respond phase: all bits or none.
    pub repaired: Row<u32>,
    /// When the open incident was detected, and when it was acknowledged, in half rounds, or [`NONE`].
    pub incident: [Row<i32>; 2],
}

impl CaseLanes {
    pub fn new() -> Self {
        Self {
            opened: Row::of(NONE),
            rounds: [Row::of(0); 2],
            known: [Row::of(0); 2],
            attended: Row::of(0),
            ready: Row::of(0),
            ends: Row::of(IDLE),
            action: Row::of(0),
            luck: Row::of(0),
            repaired: Row::of(0),
            incident: [Row::of(NONE); 2],
        }
    }

    /// An action begins in one lane.
    #[inline(always)]
    pub fn begin(&mut self, lane: usize, action: usize, luck: Luck, ends: u32) {
        self.ends[lane] = ends as i32;
        self.action[lane] = action as u32;
        self.luck[lane] = luck.bits().0;
    }

    /// Closes it in the lanes in which it does not stay open: all bits or none.
    #[inline(always)]
    pub fn keep_open(&mut self, stays: &Row<u32>) {
        for lane in 0..LANES {
            let all = stays[lane];
            self.opened[lane] = if all != 0 { self.opened[lane] } else { NONE };
            self.attended[lane] &= all;
            self.known[0][lane] &= all;
            self.known[1][lane] &= all;
        }
    }

    /// An incident opens in one lane.
    #[inline(always)]
    pub fn incident_opens(&mut self, lane: usize, half_round: u32) {
        for (incident, known) in self.incident.iter_mut().zip(&self.known) {
            incident[lane] = if known[lane] != 0 {
                half_round as i32
            } else {
                NONE
            };
        }
    }

    /// Times until the incident of a lane was detected and acknowledged, if that was before an end.
    #[inline(always)]
    pub fn incident_known(&self, lane: usize, opened: u32, before: u32) -> [Option<u32>; 2] {
        [0, 1].map(|step| {
            let at = u32::try_from(self.incident[step][lane]).ok();
            at.filter(|at| *at < before).map(|at| at - opened)
        })
    }
}

/// What the servers of a type have in common.
#[derive(Debug, Clone)]
pub(super) struct KindLanes {
    /// How many were up at the last assess.
    pub up: Row<u32>,
    /// The share of traffic that each takes.
    pub share: Row<f32>,
}

impl LaneState {
    /// Ready for any model; the first use allocates.
    pub fn new() -> Self {
        Self::default()
    }

    /// The lasting effects that may be active on a server in some lane.
    #[inline(always)]
    pub(super) fn lasting<'a>(&self, model: &'a Model, server: usize) -> &'a Lasting {
        match self.servers[server].quiet_after > self.assessments {
            true => &model.lasting[model.servers[server].kind],
            false => &model.nothing,
        }
    }

    /// What a number of rounds from now expires at; 0: until remediated.
    #[inline(always)]
    pub(super) fn expiry(&self, rounds: u32) -> i32 {
        match rounds {
            0 => UNTIL_REMEDIATED,
            rounds => self.assessments + rounds as i32,
        }
    }

    /// A scenario becomes active on a server in one lane.
    #[inline(always)]
    pub(super) fn activate(&mut self, scenario: usize, server: usize, lane: usize, rounds: u32) {
        let expiry = self.expiry(rounds);
        let expires = &mut self.expires[server * self.scenarios + scenario][lane];
        *expires = expiry.max(*expires);
        let quiet_after = &mut self.servers[server].quiet_after;
        *quiet_after = expiry.max(*quiet_after);
    }

    /// A server, the expiry of each scenario on it, and now: a scenario is active in the lanes where
    /// its expiry is greater than now.
    #[inline(always)]
    pub(super) fn server(&mut self, server: usize) -> (&mut ServerLanes, &mut [Row<i32>], i32) {
        let cells = server * self.scenarios..(server + 1) * self.scenarios;
        (
            &mut self.servers[server],
            &mut self.expires[cells],
            self.assessments,
        )
    }

    /// Every active scenario with a duration loses one round.
    #[inline(always)]
    pub(super) fn count_down(&mut self) {
        for server in &mut self.servers {
            server.touched |= server.quiet_after > self.assessments;
        }
        self.assessments += 1;
    }

    /// One check of the health of all servers: opens or closes their incidents.
    #[inline(always)]
    pub(super) fn check(&mut self, model: &Model, half_round: u32) {
        for first in (0..self.servers.len()).step_by(LaneSets::COUNT) {
            let mut turned = LaneSets::empty();
            for server in first..self.servers.len().min(first + LaneSets::COUNT) {
                let s = &self.servers[server];
                for lane in 0..LANES {
                    let down = s.health[lane] <= model.up_health;
                    turned.put(server - first, lane, down != (s.opened[lane] >= 0));
                }
            }
            for (server, lane) in turned.members() {
                self.turn(model, first + server, lane, half_round);
            }
        }
    }

    /// Opens the incident of a server in one lane, or closes the one that is open.
    #[inline(always)]
    fn turn(&mut self, model: &Model, server: usize, lane: usize, half_round: u32) {
        let s = &mut self.servers[server];
        if s.opened[lane] < 0 {
            s.opened[lane] = half_round as i32;
            s.cause[lane] = s.struck[lane];
            let cells = &self.expires[server * self.scenarios..(server + 1) * self.scenarios];
            for (scenario, expires) in cells.iter().enumerate() {
                s.cause[lane] |= u64::from(expires[lane] > self.assessments) << scenario;
            }
            if model.dependency_penalty > 0.0 {
                let down = self.dependency_down[server][lane];
                s.cause[lane] |= u64::from(down & 1) << self.scenarios;
            }
            self.outcomes[lane].incidents += 1;
            if let Some(case) = self.cases.get_mut(server) {
                case.incident_opens(lane, half_round);
            }
        } else {
            let opened = s.opened[lane] as u32;
            s.opened[lane] = NONE_OPEN;
            self.outcomes[lane].ttr_half_rounds += u64::from(half_round - opened);
            let cause = CauseSet(s.cause[lane]);
            let mut incident = CountedIncident::closed(lane, cause, opened, half_round);
            if let Some(case) = self.cases.get(server) {
                incident.known = case.incident_known(lane, opened, half_round);
            }
            self.incidents.push(incident);
        }
    }

    /// Holds the counts so far to the SLA: notes where it can no longer be met. `good` are the
    /// checks (or rounds) so far, of which `due` could have been good.
    #[inline(always)]
    pub(super) fn spend_budget(&mut self, good: &Row<u32>, due: u32, budget: u32) {
        let round = self.round as i32;
        for (exhausted, good) in self.exhausted.iter_mut().zip(good.iter()) {
            let now = *exhausted < 0 && due - *good > budget;
            *exhausted = if now { round } else { *exhausted };
        }
    }

    /// The initial state of the replications from `first` on.
    #[inline(always)]
    pub(super) fn reset(&mut self, model: &Model, first: u64) {
        self.round = 0;
        self.assessments = 0;
        self.traffic = Row::of(1.0);
        self.scenarios = model.scenarios.len();
        self.up_checks = Row::of(0);
        self.journey_up_rounds = Row::of(0);
        self.events = Row::of(0);
        self.raised = Row::of(0);
        self.overwhelmed_rounds = Row::of(0);
        self.handled = Row::of(0);
        self.waiting = Row::of(0);
        self.misdiagnosed = Row::of(0);
        self.blocked = Row::of(0);
        self.succeeded = Row::of(0);
        self.exhausted = Row::of(NOT_YET);
        self.outcomes = [Outcome::default(); LANES];
        self.incidents.clear();
        let cells = model.servers.len() * model.scenarios.len();
        refill(&mut self.expires, cells, Row::of(0));
        let services = if model.recovers {
            model.services_of_servers()
        } else {
            0
        };
        refill(&mut self.recoveries, services, Row::of(0));
        refill(&mut self.free_in, model.actions.len(), Row::of(0));
        let all = &model.services;
        refill(&mut self.served, all.services.len(), Row::of(u32::MAX));
        let dependencies = all.dependencies.len();
        refill(&mut self.dependency_down, dependencies, Row::of(0));
        let journeys = all.counted_journeys();
        refill(&mut self.journey_rounds, journeys, Row::of(0));
        let replications = mixed_replications(first);
        self.mixed = replications;
        let cases = model.cases.as_ref().map_or(0, |cases| cases.keys.len());
        refill(&mut self.cases, cases, CaseLanes::new());
        self.traffic_stream = LaneStreams::new(model.traffic_key, &replications);
        self.response = LaneStreams::new(model.response_key, &replications);
        // Loops, not iterators: their closures would be compiled apart, without the vector
        // instructions.
        self.chaos.clear();
        for draw in &model.draws {
            self.chaos.push(LaneStreams::new(draw.key, &replications));
        }
        self.kinds.clear();
        for size in &model.kind_sizes {
            self.kinds.push(KindLanes {
                up: Row::of(*size),
                share: Row::of(1.0),
            });
        }
        self.servers.clear();
        for spec in &model.servers {
            self.servers.push(initial(model, spec, &replications));
        }
        self.alerts.resize(model.servers.len());
    }

    /// What the replications ended as: open incidents are censored at the last assess.
    #[inline(always)]
    pub(super) fn finish(&mut self, model: &Model) {
        for (server, s) in self.servers.iter().enumerate() {
            let mut open = LaneSets::empty();
            for lane in 0..LANES {
                open.put(0, lane, s.opened[lane] >= 0);
            }
            for (_, lane) in open.members() {
                let opened = s.opened[lane] as u32;
                self.outcomes[lane].incidents_open += 1;
                let cause = CauseSet(s.cause[lane]);
                let mut incident = CountedIncident::open(lane, cause, opened, model.rounds);
                if let Some(case) = self.cases.get(server) {
                    incident.known = case.incident_known(lane, opened, 2 * model.rounds);
                }
                self.incidents.push(incident);
            }
        }
        for (lane, outcome) in self.outcomes.iter_mut().enumerate() {
            outcome.up_checks = self.up_checks[lane];
            outcome.journey_up_rounds = self.journey_up_rounds[lane];
            outcome.events = self.events[lane];
            outcome.alerts = self.raised[lane];
            outcome.overwhelmed_rounds = self.overwhelmed_rounds[lane];
            outcome.alerts_handled = self.handled[lane];
            outcome.misdiagnoses = self.misdiagnosed[lane];
            outcome.actions = self.handled[lane] - self.blocked[lane];
            outcome.actions_blocked = self.blocked[lane];
            outcome.actions_failed = outcome.actions - self.succeeded[lane];
            outcome.alerts_waiting = self.waiting[lane];
            for case in &self.cases {
                outcome.actions_failed -= u32::from(case.ends[lane] != IDLE);
            }
            outcome.judge(model);
        }
    }

    /// The replications of the last block, in order.
    pub fn replications(&self) -> impl Iterator<Item = Replication> {
        (0..LANES).map(|lane| Replication {
            outcome: self.outcomes[lane],
            budget_exhausted: (self.exhausted[lane] >= 0).then(|| self.exhausted[lane] as u32),
        })
    }

    /// By journey, where there are several: the rounds in which it worked in a replication of the
    /// last block.
    pub fn journey_rounds(&self, lane: usize) -> impl Iterator<Item = u32> {
        self.journey_rounds.iter().map(move |rounds| rounds[lane])
    }

    /// The incidents of the last block that closed or were open at the end, in no special order.
    pub fn incidents(&self) -> &[CountedIncident] {
        &self.incidents
    }
}

/// Fills a list anew without giving up its memory.
#[inline(always)]
fn refill<T: Clone>(list: &mut Vec<T>, len: usize, value: T) {
    list.clear();
    list.resize(len, value);
}

#[inline(always)]
fn initial(model: &Model, spec: &ServerModel, replications: &Row<u64>) -> ServerLanes {
    let mut environment = LaneStreams::new(spec.environment_key, replications);
    let [cpu, memory, disk, mut error_rate, mut latency] = environment.five();
    let metrics = [&model.cpu, &model.memory, &model.disk];
    let mut base = [Row::of(0.0); 3];
    for ((base, metric), units) in base.iter_mut().zip(metrics).zip([cpu, memory, disk]) {
        for lane in 0..LANES {
            base[lane] = metric.initial.at(f64::from(units[lane]));
        }
    }
    for lane in 0..LANES {
        error_rate[lane] = model.error_rate.initial.at(error_rate[lane]);
        latency[lane] = model.latency.initial.at(latency[lane]);
    }
    let has_role = |role| Row::of(if spec.role == Some(role) { u32::MAX } else { 0 });
    ServerLanes {
        environment,
        base,
        usage: [Row::of(0.0); 3],
        narrow: [Row::of(0.0); 3],
        health: Row::of(100.0),
        error_rate,
        latency,
        load: Row::of(1.0),
        factors: [Row::of(1.0); 2],
        isolated: Row::of(0),
        services_down: Row::of(0),
        struck: Row::of(0),
        opened: Row::of(NONE_OPEN),
        cause: Row::of(0),
        primary: has_role(Role::Primary),
        replica: has_role(Role::Replica),
        touched: true,
        quiet_after: 0,
    }
}
