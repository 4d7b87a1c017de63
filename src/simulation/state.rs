//! What changes during a replication.

use super::events::{Alert, Hit};
use super::model::{Lasting, Model, While};
use super::outcome::Outcome;
use super::streams::{Luck, Stream, mix};
use crate::world::{Role, Usage};

/// Never counted down: active until remediated.
const UNTIL_REMEDIATED: u32 = u32::MAX;
/// No incident is open.
pub(super) const NONE_OPEN: u32 = u32::MAX;

/// The state of one replication; reused from one to the next without allocating.
#[derive(Debug, Default)]
pub struct State {
    /// The round, from 0.
    pub round: u32,
    /// The clock at the last check of health, in half rounds.
    pub clock: u32,
    /// Traffic of the round, as a ratio of the base traffic.
    pub traffic: f64,
    pub(super) servers: Vec<ServerState>,
    /// Servers that were up at the last assess, by type.
    pub(super) kind_up: Vec<u32>,
    /// How many assess phases are over: what the durations of scenarios count.
    assessments: u32,
    /// How many chaos phases have begun.
    pub(super) strikes: u32,
    /// By server and scenario: active while greater than `assessments`.
    expires: Vec<u32>,
    /// By server and scenario: the last chaos phase in which an event hit, 0 for none.
    struck: Vec<u32>,
    scenarios: usize,
    /// By service of each server: down while greater than `assessments`, if it is down. Empty where none
    /// comes back by itself.
    pub(super) recoveries: Vec<u32>,
    /// By action: the first round in which it is free.
    pub(super) free_in: Vec<u32>,
    pub(super) alerts: Vec<Alert>,
    /// Whom the last event hit.
    pub(super) hits: Vec<Hit>,
    pub(super) outcome: Outcome,
    closed_ttr: Vec<u32>,
    censored_ttr: Vec<u32>,
    pub(super) chaos: Vec<Stream>,
    pub(super) traffic_stream: Stream,
    pub(super) response: Stream,
    /// By server; empty in a world without cases.
    pub(super) cases: Vec<ServerCase>,
    /// [`mix`] of the replication.
    pub(super) mixed_replication: u64,
    /// By service of the model: whether it was served at the last assess.
    pub(super) served: Vec<bool>,
    /// By journey, where there are several: rounds in which it worked.
    pub(super) journey_rounds: Vec<u32>,
}

/// The state of one server.
#[derive(Debug, Clone)]
pub(super) struct ServerState {
    /// Base usage in percent: cpu, memory, disk, in the order of [`Usage`].
    pub base: [f64; 3],
    /// Usage as last evaluated.
    pub usage: [f32; 3],
    pub health: f32,
    pub error_rate: f32,
    pub latency: f32,
    pub load: f32,
    pub isolated: bool,
    /// Bit i: service i is down.
    pub services_down: u64,
    /// Some dependency of its services was not served at the last assess.
    pub dependency_down: bool,
    pub role: Option<Role>,
    /// Up at the last assess.
    pub up: bool,
    /// No scenario is active beyond this many assessments (it may have ended sooner).
    pub quiet_after: u32,
    /// When the open incident opened, in half rounds, or [`NONE_OPEN`].
    pub opened: u32,
    /// When the first alert of the open incident was handled.
    pub handled: Option<u32>,
    /// When it was detected, and when it was acknowledged.
    pub known: [Option<u32>; 2],
    /// A remediation succeeded since the last check.
    pub remediated: bool,
    pub environment: Stream,
}

/// The case of one server.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ServerCase {
    /// An alert was raised in this respond phase.
    pub raised: bool,
    /// An action succeeded in this respond phase: error rate and latency, which only an update draws,
    /// are from before it.
    pub repaired: bool,
    pub open: Option<Case>,
}

/// An open case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    /// The clock when it opened, in half rounds.
    pub clock: u32,
    /// The round in which it opened, that in which it is detected, and that in which it is acknowledged.
    pub rounds: [u32; 3],
    /// It is detected; it is acknowledged.
    pub known: [bool; 2],
    /// Someone attends to the server.
    pub attended: bool,
    /// Someone attended to it until now.
    pub was_attended: bool,
    /// The round since which it waits for a hand: that in which it is acknowledged, then that of its
    /// last turn.
    pub ready: u32,
    /// The action that is under way.
    pub under_way: Option<UnderWay>,
}

/// An action that takes its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnderWay {
    pub action: usize,
    pub luck: Luck,
    /// The round at whose respond phase it ends.
    pub ends: u32,
}

impl ServerState {
    /// Whether an incident is open.
    pub fn is_down(&self) -> bool {
        self.opened != NONE_OPEN
    }

    pub fn base_mut(&mut self, metric: Usage) -> &mut f64 {
        &mut self.base[metric as usize]
    }
}

impl State {
    /// Ready for any model; the first use allocates.
    pub fn new() -> Self {
        Self::default()
    }

    /// Times to resolve of the incidents that closed, in half rounds.
    pub fn closed_ttr(&self) -> &[u32] {
        &self.closed_ttr
    }

    /// How long the incidents that stayed open had lasted at the last assess, in half rounds.
    pub fn censored_ttr(&self) -> &[u32] {
        &self.censored_ttr
    }

    /// Health of a server as last evaluated, 0–100.
    pub fn health(&self, server: usize) -> f32 {
        self.servers[server].health
    }

    /// Cpu, memory and disk usage of a server as last evaluated, in percent.
    pub fn usage(&self, server: usize) -> [f32; 3] {
        self.servers[server].usage
    }

    /// Error rate in percent and latency in ms of a server, as last drawn.
    pub fn errors_and_latency(&self, server: usize) -> [f32; 2] {
        let s = &self.servers[server];
        [s.error_rate, s.latency]
    }

    /// Role of a server now, if it has one.
    pub fn role(&self, server: usize) -> Option<Role> {
        self.servers[server].role
    }

    /// The alerts of the round that are kept, in order.
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// The first round in which an action is free again, from 0; it may be over.
    pub fn free_in(&self, action: usize) -> u32 {
        self.free_in[action]
    }

    /// Whether a server was up at the last assess.
    pub fn is_up(&self, server: usize) -> bool {
        self.servers[server].up
    }

    /// Whether a journey worked at the last assess.
    pub fn journey_works(&self, model: &Model, journey: usize) -> bool {
        self.served[model.services.journeys[journey].entry]
    }

    /// By journey, where there are several: rounds so far in which it worked.
    pub fn journey_rounds(&self) -> &[u32] {
        &self.journey_rounds
    }

    /// Whether some dependency of a server's services was not served at the last assess; `false` in a
    /// world where nothing follows from that.
    pub fn dependency_down(&self, server: usize) -> bool {
        self.servers[server].dependency_down
    }

    /// Whether a scenario is active on a server.
    pub fn active(&self, scenario: usize, server: usize) -> bool {
        self.expires[server * self.scenarios + scenario] > self.assessments
    }

    /// Whether an event of a scenario hit a server in the latest chaos phase.
    pub fn just_struck(&self, scenario: usize, server: usize) -> bool {
        let strike = self.struck[server * self.scenarios + scenario];
        strike > 0 && strike == self.strikes
    }

    /// What may have caused an incident that opens on a server now: the scenarios that are active
    /// there or have just struck it, and after all scenarios, as one more, a dependency that is
    /// down, where that costs health.
    pub fn causes<'a>(
        &'a self,
        model: &'a Model,
        server: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        let scenarios = model.scenarios();
        (0..model.causes()).filter(move |cause| match *cause == scenarios {
            true => self.dependency_down(server),
            false => self.active(*cause, server) || self.just_struck(*cause, server),
        })
    }

    pub(super) fn strike(&mut self, scenario: usize, server: usize) {
        self.struck[server * self.scenarios + scenario] = self.strikes;
    }

    /// What a number of rounds from now expires at; 0: until remediated.
    pub(super) fn expiry(&self, rounds: u32) -> u32 {
        match rounds {
            0 => UNTIL_REMEDIATED,
            rounds => self.assessments + rounds,
        }
    }

    /// Whether an expiry is over.
    pub(super) fn is_over(&self, expiry: u32) -> bool {
        expiry <= self.assessments
    }

    pub(super) fn activate(&mut self, scenario: usize, server: usize, duration: u32) {
        let until = self.expiry(duration);
        let expires = &mut self.expires[server * self.scenarios + scenario];
        *expires = until.max(*expires);
        let quiet_after = &mut self.servers[server].quiet_after;
        *quiet_after = until.max(*quiet_after);
    }

    /// Ends a scenario on a server; says whether it was active.
    pub(super) fn end(&mut self, scenario: usize, server: usize) -> bool {
        let expires = &mut self.expires[server * self.scenarios + scenario];
        std::mem::take(expires) > self.assessments
    }

    /// What scenarios may do to a server now.
    pub(super) fn lasting<'a>(&self, model: &'a Model, server: usize) -> &'a Lasting {
        match self.servers[server].quiet_after > self.assessments {
            true => &model.lasting[model.servers[server].kind],
            false => &model.nothing,
        }
    }

    /// The effects of a list whose scenarios are active on a server.
    pub(super) fn active_ones<T: Copy>(
        &self,
        list: &[While<T>],
        server: usize,
    ) -> impl Iterator<Item = T> {
        list.iter()
            .filter(move |item| self.active(item.scenario, server))
            .map(|item| item.effect)
    }

    /// Every active scenario with a duration loses one round.
    pub(super) fn count_down(&mut self) {
        self.assessments += 1;
    }

    pub(super) fn close(&mut self, ttr: u32) {
        self.closed_ttr.push(ttr);
    }

    pub(super) fn censor(&mut self, duration: u32) {
        self.censored_ttr.push(duration);
    }

    /// The initial state of a replication.
    pub(super) fn reset(&mut self, model: &Model, replication: u64) {
        self.round = 0;
        self.clock = 0;
        self.traffic = 1.0;
        self.assessments = 0;
        self.strikes = 0;
        self.scenarios = model.scenarios.len();
        self.outcome = Outcome::default();
        self.closed_ttr.clear();
        self.censored_ttr.clear();
        refill(&mut self.kind_up, model.kind_sizes.iter().copied());
        let cells = model.servers.len() * model.scenarios.len();
        refill(&mut self.expires, std::iter::repeat_n(0, cells));
        refill(&mut self.struck, std::iter::repeat_n(0, cells));
        let services = if model.recovers {
            model.services_of_servers()
        } else {
            0
        };
        refill(&mut self.recoveries, std::iter::repeat_n(0, services));
        refill(&mut self.free_in, model.actions.iter().map(|_| 0));
        let services = &model.services;
        refill(&mut self.served, services.services.iter().map(|_| true));
        let journeys = services.counted_journeys();
        refill(&mut self.journey_rounds, std::iter::repeat_n(0, journeys));
        let streams = model
            .draws
            .iter()
            .map(|draw| Stream::new(draw.key, replication));
        refill(&mut self.chaos, streams);
        self.traffic_stream = Stream::new(model.traffic_key, replication);
        self.response = Stream::new(model.response_key, replication);
        let cases = model.cases.as_ref().map_or(0, |cases| cases.keys.len());
        refill(
            &mut self.cases,
            std::iter::repeat_n(ServerCase::default(), cases),
        );
        self.mixed_replication = mix(replication);
        let servers = (0..model.servers.len()).map(|i| initial(model, i, replication));
        refill(&mut self.servers, servers);
    }
}

/// Replaces the content of a list without giving up its memory.
fn refill<T>(list: &mut Vec<T>, values: impl Iterator<Item = T>) {
    list.clear();
    list.extend(values);
}

fn initial(model: &Model, server: usize, replication: u64) -> ServerState {
    let spec = &model.servers[server];
    let mut environment = Stream::new(spec.environment_key, replication);
    let [cpu, memory, disk, error_rate, latency] = environment.five();
    let base = [
        model.cpu.initial.at(f64::from(cpu)),
        model.memory.initial.at(f64::from(memory)),
        model.disk.initial.at(f64::from(disk)),
    ];
    ServerState {
        base,
        usage: base.map(|base| base as f32),
        health: 100.0,
        error_rate: model.error_rate.initial.at(error_rate),
        latency: model.latency.initial.at(latency),
        load: 1.0,
        isolated: false,
        services_down: 0,
        dependency_down: false,
        role: spec.role,
        up: true,
        quiet_after: 0,
        opened: NONE_OPEN,
        handled: None,
        known: [None; 2],
        remediated: false,
        environment,
    }
}
