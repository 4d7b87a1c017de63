//! Phase `respond`: see [`super::super::respond`].

use super::cases::{IDLE, attend, finish_actions};
use super::health::{evaluate_usage, narrow};
use super::row::{LANES, Row};
use super::state::{LaneState, ServerLanes};
use crate::simulation::model::{ActionStep, Model, Thresholds};
use crate::simulation::streams::{Bits, Luck};
use crate::world::AlertKind;

/// Kinds of alerts: bits of a server.
pub(super) const KINDS: usize = AlertKind::ALL.len();
/// Servers whose alerts share a word.
pub(super) const SERVERS_OF_A_WORD: usize = 64 / KINDS;
/// What the number of an alert has room for.
pub(super) const MOST_SERVERS: usize = u32::MAX as usize / (KINDS * 2 * LANES);
/// Alerts that are listed without asking whether there are so many.
const AT_ONCE: usize = 4;

/// The alerts of a round: a bit for each server and kind, in the order in which they are handled.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    /// By word: critical alerts.
    critical: Vec<Row<u64>>,
    /// By word: all alerts, then those that are chosen to be handled.
    chosen: Vec<Row<u64>>,
    /// How many criticals a lane has.
    criticals: Row<u32>,
    /// How many alerts a lane can still bear.
    limits: Row<u32>,
    /// The alerts of a word that are handled, lane by lane.
    listed: Vec<Listed>,
    /// What is done about them.
    remedies: Vec<Remedy>,
}

/// An alert to handle, as one number, of which all is computed at once: (server × [`KINDS`] +
/// kind) × 2 + level, and last the lane.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Listed(u32);

/// An action that succeeds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Remedy {
    pub alert: Listed,
    pub action: u32,
    pub luck: Luck,
}

impl Listed {
    #[inline(always)]
    pub fn new(place: usize, critical: bool, lane: usize) -> Self {
        Self(((place * 2 + usize::from(critical)) * LANES + lane) as u32)
    }

    /// The one so many places later.
    #[inline(always)]
    fn later(self, places: usize) -> Self {
        Self(self.0 + (places * 2 * LANES) as u32)
    }

    #[inline(always)]
    fn lane(self) -> usize {
        self.0 as usize % LANES
    }

    /// Its line in the runbook.
    #[inline(always)]
    fn line(self) -> usize {
        self.0 as usize / LANES
    }

    #[inline(always)]
    fn server(self) -> usize {
        self.0 as usize / (LANES * 2 * KINDS)
    }
}

impl Alerts {
    pub fn resize(&mut self, servers: usize) {
        let words = servers.div_ceil(SERVERS_OF_A_WORD);
        self.critical.resize(words, Row::of(0));
        self.chosen.resize(words, Row::of(0));
        let most = LANES * u64::BITS as usize;
        self.listed.resize(most + AT_ONCE, Listed::default());
        self.remedies.resize(most + 1, Remedy::default());
    }

    /// The alerts of one server before any is chosen, a bit for each kind.
    #[inline(always)]
    pub fn of_server(&self, server: usize) -> Row<u32> {
        let all = &self.chosen[server / SERVERS_OF_A_WORD];
        let place = server % SERVERS_OF_A_WORD * KINDS;
        let mut alerts = Row::of(0);
        for lane in 0..LANES {
            alerts[lane] = (all[lane] >> place) as u32 & ((1 << KINDS) - 1);
        }
        alerts
    }

    /// Keeps only some alerts of a word; returns how many are taken out.
    #[inline(always)]
    pub fn keep(&mut self, word: usize, kept: &Row<u64>) -> Row<u32> {
        let (critical, all) = (&mut self.critical[word], &mut self.chosen[word]);
        let mut out = Row::of(0);
        for lane in 0..LANES {
            out[lane] = (all[lane] & !kept[lane]).count_ones();
            all[lane] &= kept[lane];
            critical[lane] &= kept[lane];
        }
        out
    }
}

#[inline(always)]
pub(super) fn run(model: &Model, state: &mut LaneState) {
    if model.cases.is_some() {
        finish_actions(model, state);
    }
    for word in 0..state.alerts.chosen.len() {
        raise_word(model, state, word);
    }
    if let Some(cases) = &model.cases {
        // Those that wait are no longer there when the others are counted.
        attend(model, cases, state);
    }
    choose(model, state);
    state.luck = state.response.next();
    if model.actions.is_empty() {
        return;
    }
    for word in 0..state.alerts.chosen.len() {
        let alerts = list(state, word);
        let remedies = match &model.cases {
            None => decide::<false>(model, state, alerts),
            Some(_) => decide::<true>(model, state, alerts),
        };
        for remedy in 0..remedies {
            carry_out(model, state, state.alerts.remedies[remedy]);
        }
    }
}

/// The alerts of the servers of a word.
#[inline(always)]
fn raise_word(model: &Model, state: &mut LaneState, word: usize) {
    // Halves, because the metrics have 32 bits.
    let mut halves = [[Row::of(0); 2]; 2];
    let first = word * SERVERS_OF_A_WORD;
    let last = model.servers.len().min(first + SERVERS_OF_A_WORD);
    for (half, rows) in halves.iter_mut().enumerate() {
        let first = first + half * SERVERS_OF_A_WORD / 2;
        for (place, server) in (first..last).take(SERVERS_OF_A_WORD / 2).enumerate() {
            refresh(model, state, server);
            let raised = raise(model, &state.servers[server]);
            for (row, raised) in rows.iter_mut().zip(&raised) {
                for lane in 0..LANES {
                    row[lane] |= raised[lane] << (place * KINDS);
                }
            }
        }
    }
    let [lower, upper] = halves;
    let (critical, all) = (
        &mut state.alerts.critical[word],
        &mut state.alerts.chosen[word],
    );
    for lane in 0..LANES {
        critical[lane] = u64::from(lower[0][lane]) | u64::from(upper[0][lane]) << 32;
        all[lane] = u64::from(lower[1][lane]) | u64::from(upper[1][lane]) << 32;
    }
}

/// Evaluates the usage of a server again, unless nothing touched it since its update.
#[inline(always)]
fn refresh(model: &Model, state: &mut LaneState, server: usize) {
    if state.servers[server].touched {
        let lasting = state.lasting(model, server);
        let (s, expires, now) = state.server(server);
        narrow(s);
        evaluate_usage(&model.servers[server], s, lasting, expires, now);
    }
}

/// The alerts of one server, a bit for each kind: critical, and all.
#[inline(always)]
fn raise(model: &Model, s: &ServerLanes) -> [Row<u32>; 2] {
    let mut raised = [Row::of(0); 2];
    let metrics: [(AlertKind, &Row<f32>, Thresholds); 5] = [
        (AlertKind::CpuUsage, &s.usage[0], model.cpu.thresholds),
        (AlertKind::MemoryUsage, &s.usage[1], model.memory.thresholds),
        (
            AlertKind::ErrorRate,
            &s.error_rate,
            model.error_rate.thresholds,
        ),
        (AlertKind::LatencyP99, &s.latency, model.latency.thresholds),
        (AlertKind::DiskUsage, &s.usage[2], model.disk.thresholds),
    ];
    for lane in 0..LANES {
        let bit = |kind: AlertKind, raised: bool| if raised { 1_u32 << kind as u32 } else { 0 };
        let mut critical = bit(AlertKind::ServiceDown, s.services_down[lane] != 0)
            | bit(AlertKind::Network, s.isolated[lane] != 0)
            | bit(AlertKind::Health, s.health[lane] <= model.health_alert);
        let mut all = critical;
        for (kind, values, thresholds) in &metrics {
            critical |= bit(*kind, values[lane] > thresholds.critical);
            all |= bit(*kind, values[lane] > thresholds.warning);
        }
        raised[0][lane] = critical;
        raised[1][lane] = all | critical;
    }
    raised
}

/// Counts the alerts and chooses those to handle: critical ones, or warnings where there
/// are none, and no more of them than the SRE can bear.
#[inline(always)]
fn choose(model: &Model, state: &mut LaneState) {
    let mut criticals = Row::of(0);
    let Alerts {
        critical, chosen, ..
    } = &mut state.alerts;
    for (critical, all) in critical.iter().zip(chosen.iter()) {
        for lane in 0..LANES {
            criticals[lane] += critical[lane].count_ones();
            state.raised[lane] += all[lane].count_ones();
        }
    }
    for (critical, chosen) in critical.iter().zip(chosen) {
        for lane in 0..LANES {
            let all = chosen[lane];
            chosen[lane] = if criticals[lane] > 0 {
                critical[lane]
            } else {
                all
            };
        }
    }
    let panic = model.panic_threshold as u32;
    for lane in 0..LANES {
        let overwhelmed = criticals[lane] > panic;
        state.overwhelmed_rounds[lane] += u32::from(overwhelmed);
        state.alerts.limits[lane] = if overwhelmed { panic } else { u32::MAX };
    }
    state.alerts.criticals = criticals;
}

/// Lists the alerts of a word that are handled; returns how many there are. How many a lane has
/// is hard to foresee for a processor, so some are written at once, whether or not they are there.
#[inline(always)]
fn list(state: &mut LaneState, word: usize) -> usize {
    let Alerts {
        chosen,
        criticals,
        limits,
        listed,
        ..
    } = &mut state.alerts;
    let mut total = 0;
    for lane in 0..LANES {
        let mut left = chosen[word][lane];
        let count = left.count_ones().min(limits[lane]);
        limits[lane] -= count;
        state.handled[lane] += count;
        let first = Listed::new(word * 64, criticals[lane] > 0, lane);
        let end = total + count as usize;
        while let Some(places) = listed[total..].first_chunk_mut::<AT_ONCE>() {
            for place in places {
                *place = first.later(left.trailing_zeros() as usize);
                left &= left.wrapping_sub(1);
            }
            total += AT_ONCE;
            if total >= end {
                break;
            }
        }
        total = end;
    }
    total
}

/// Diagnoses the first alerts of the list and executes an action for each; returns how many
/// remedies come of them. Nothing branches on what happens, which is hard to foresee for a
/// processor: each action is written down, and the next goes over it if it came to nothing.
#[inline(always)]
fn decide<const CASES: bool>(model: &Model, state: &mut LaneState, alerts: usize) -> usize {
    let mut remedies = 0;
    for &alert in &state.alerts.listed[..alerts] {
        let lane = alert.lane();
        let mut next = Bits(state.luck[lane]);
        let luck = next.split();
        state.luck[lane] = next.0;
        let misdiagnosed = !luck.diagnoses(model.diagnosis);
        let right = usize::from(model.runbook[alert.line()]);
        let any = luck.wrong_action(model.actions.len());
        let action = if misdiagnosed { any } else { right };

        let spec = &model.actions[action];
        let free_in = &mut state.free_in[action][lane];
        let blocked = state.round < *free_in;
        let mut succeeds = !blocked & luck.succeeds(spec.success);
        if CASES && let Some(cases) = &model.cases {
            let case = &mut state.cases[alert.server()];
            if case.ends[lane] != IDLE {
                // An action for an alert before it is under way.
                state.handled[lane] -= 1;
                state.waiting[lane] += 1;
                continue;
            }
            let rounds = cases.action_rounds(&spec.duration, luck);
            if !blocked && rounds > 0 {
                case.begin(lane, action, luck, state.round + rounds);
                succeeds = false;
            }
        }
        let cooled = state.round + spec.cooldown;
        *free_in = if blocked { *free_in } else { cooled };
        state.misdiagnosed[lane] += u32::from(misdiagnosed);
        state.blocked[lane] += u32::from(blocked);
        state.alerts.remedies[remedies] = Remedy {
            alert,
            action: action as u32,
            luck,
        };
        remedies += usize::from(succeeds);
    }
    remedies
}

/// Applies an action that succeeded.
#[inline(always)]
pub(super) fn carry_out(model: &Model, state: &mut LaneState, remedy: Remedy) {
    let (server, lane) = (remedy.alert.server(), remedy.alert.lane());
    let row = &model.action_rows[remedy.action as usize];
    state.succeeded[lane] += 1;
    let (s, expires, _) = state.server(server);
    s.touched = true;
    for (base, change) in s.base.iter_mut().zip(&row.changes) {
        base[lane] = change.of(base[lane]);
    }
    // Clears the lowest bit: the first crashed service in file order.
    let down = &mut s.services_down[lane];
    *down &= down.wrapping_sub(row.restart);
    for (expires, keep) in expires.iter_mut().zip(&row.keeps) {
        expires[lane] &= keep;
    }
    if !row.steps.is_empty() {
        let mut details = remedy.luck.details();
        for step in &row.steps {
            apply_step(model, state, server, lane, step, &mut details);
        }
    }
}

/// What only some actions do.
#[inline(always)]
fn apply_step(
    model: &Model,
    state: &mut LaneState,
    server: usize,
    lane: usize,
    step: &ActionStep,
    details: &mut Bits,
) {
    let s = &mut state.servers[server];
    match step {
        ActionStep::Change(metric, change) => {
            let base = &mut s.base[*metric as usize][lane];
            *base = change.of(*base);
        }
        ActionStep::Draw(metric, range) => {
            s.base[*metric as usize][lane] = range.at(details.lower().unit());
            *details = details.details();
        }
        ActionStep::RestartService => {
            let down = &mut s.services_down[lane];
            *down &= down.wrapping_sub(1);
        }
        // A row has them all.
        ActionStep::End(_) => {}
        ActionStep::PromoteReplica => promote_replica(model, state, server, lane),
    }
}

/// If the server is a current primary, the first healthy replica of its type takes its role.
#[inline(always)]
fn promote_replica(model: &Model, state: &mut LaneState, server: usize, lane: usize) {
    if state.servers[server].primary[lane] == 0 {
        return;
    }
    let kind = model.servers[server].kind;
    let heir = (0..model.servers.len()).find(|other| {
        let s = &state.servers[*other];
        model.servers[*other].kind == kind
            && s.replica[lane] != 0
            && s.health[lane] > model.up_health
    });
    if let Some(heir) = heir {
        for (server, role) in [(heir, u32::MAX), (server, 0)] {
            state.servers[server].primary[lane] = role;
            state.servers[server].replica[lane] = !role;
        }
    }
}
