//! Phase `respond`: see [`super::super::respond`].

use super::health::evaluate_usage;
use super::row::{LANES, LaneSets, Row};
use super::state::{LaneState, ServerLanes};
use super::streams::LaneStream;
use crate::simulation::model::{ActionRow, ActionStep, Model, Thresholds};
use crate::simulation::rows::ends;
use crate::world::AlertKind;

/// Servers whose alerts share a word.
const SERVERS_OF_A_WORD: usize = 64 / AlertKind::ALL.len();

/// The alerts of a round: a bit for each server and kind, in the order in which they are handled.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    /// By word: critical alerts.
    critical: Vec<Row<u64>>,
    /// By word: all alerts, then those that are chosen to be handled.
    chosen: Vec<Row<u64>>,
}

impl Alerts {
    pub fn resize(&mut self, servers: usize) {
        let words = servers.div_ceil(SERVERS_OF_A_WORD);
        self.critical.resize(words, Row::of(0));
        self.chosen.resize(words, Row::of(0));
    }
}

#[inline(always)]
pub(super) fn run(model: &Model, state: &mut LaneState) {
    for word in 0..state.alerts.chosen.len() {
        let first = word * SERVERS_OF_A_WORD;
        let last = model.servers.len().min(first + SERVERS_OF_A_WORD);
        let [mut critical, mut all] = [Row::of(0); 2];
        for server in first..last {
            refresh(model, state, server);
            let shift = (server - first) * AlertKind::ALL.len();
            let raised = raise(model, &state.servers[server]);
            for lane in 0..LANES {
                critical[lane] |= raised[0][lane] << shift;
                all[lane] |= raised[1][lane] << shift;
            }
        }
        state.alerts.critical[word] = critical;
        state.alerts.chosen[word] = all;
    }
    let limits = choose(model, state);
    if model.actions.is_empty() {
        return;
    }
    let mut alarmed = LaneSets::empty();
    for chosen in &state.alerts.chosen {
        for lane in 0..LANES {
            alarmed.put(0, lane, chosen[lane] != 0);
        }
    }
    for (_, lane) in alarmed.members() {
        handle_all(model, state, lane, limits[lane]);
    }
    state.end_scenarios(model);
}

/// Evaluates the usage of a server again, unless nothing touched it since its update.
#[inline(always)]
fn refresh(model: &Model, state: &mut LaneState, server: usize) {
    let ongoing = state.ongoing(model, server);
    let (s, expires, now) = state.server(server);
    if s.touched {
        evaluate_usage(&model.servers[server], s, ongoing, expires, now);
    }
}

/// The alerts of one server, a bit for each kind: critical, and all.
#[inline(always)]
fn raise(model: &Model, s: &ServerLanes) -> [Row<u64>; 2] {
    let mut raised = [Row::of(0); 2];
    let metrics: [(AlertKind, &Row<f64>, Thresholds); 5] = [
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
        let bit = |kind: AlertKind, raised: bool| if raised { 1_u64 << kind as u32 } else { 0 };
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
/// are none. Returns how many of them each lane can bear.
#[inline(always)]
fn choose(model: &Model, state: &mut LaneState) -> Row<u64> {
    let mut criticals = Row::of(0);
    let Alerts { critical, chosen } = &mut state.alerts;
    for (critical, all) in critical.iter().zip(chosen.iter()) {
        for lane in 0..LANES {
            criticals[lane] += u64::from(critical[lane].count_ones());
            state.raised[lane] += u64::from(all[lane].count_ones());
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
    let panic = model.panic_threshold as u64;
    let mut limits = Row::of(u64::MAX);
    for lane in 0..LANES {
        let overwhelmed = criticals[lane] > panic;
        state.overwhelmed_rounds[lane] += u64::from(overwhelmed);
        limits[lane] = if overwhelmed { panic } else { u64::MAX };
    }
    limits
}

/// Handles the alerts of one lane, in order, up to a limit.
#[inline(always)]
fn handle_all(model: &Model, state: &mut LaneState, lane: usize, mut limit: u64) {
    let mut stream = state.response.lane(lane);
    let mut counts = Counts::default();
    for word in 0..state.alerts.chosen.len() {
        let mut alerts = state.alerts.chosen[word][lane];
        while alerts != 0 && limit > 0 {
            let bit = alerts.trailing_zeros() as usize;
            let critical = state.alerts.critical[word][lane] >> bit & 1;
            let server = word * SERVERS_OF_A_WORD + bit / AlertKind::ALL.len();
            let alert = (bit % AlertKind::ALL.len()) * 2 + critical as usize;
            handle(model, state, lane, server, alert, &mut stream, &mut counts);
            alerts &= alerts - 1;
            limit -= 1;
        }
    }
    state.response.set_lane(lane, stream);
    let outcome = &mut state.outcomes[lane];
    outcome.alerts_handled += counts.handled;
    outcome.misdiagnoses += counts.misdiagnosed;
    outcome.actions += counts.handled - counts.blocked;
    outcome.actions_blocked += counts.blocked;
    outcome.actions_failed += counts.failed;
}

/// What a lane counts in one round.
#[derive(Debug, Default)]
struct Counts {
    handled: u32,
    misdiagnosed: u32,
    blocked: u32,
    failed: u32,
}

/// Handles one alert; `alert` is kind and level, as in the runbook. What happens is hard to
/// foresee for a processor, so nothing branches on it: an action that is blocked or fails is one
/// that does nothing.
#[inline(always)]
fn handle(
    model: &Model,
    state: &mut LaneState,
    lane: usize,
    server: usize,
    alert: usize,
    stream: &mut LaneStream,
    counts: &mut Counts,
) {
    let bits = stream.next();
    let misdiagnosed = !model.diagnosis.happens_by_half(bits.upper());
    let line = model.servers[server].kind * AlertKind::ALL.len() * 2 + alert;
    let right = usize::from(model.runbook[line]);
    let any = bits.details().upper().below(model.actions.len());
    let action = if misdiagnosed { any } else { right };

    let spec = &model.actions[action];
    let free_in = &mut state.free_in[lane * model.actions.len() + action];
    let blocked = state.round < *free_in;
    let failed = !blocked & !spec.success.happens_by_half(bits.lower());
    let cooled = state.round + spec.cooldown;
    *free_in = if blocked { *free_in } else { cooled };
    counts.handled += 1;
    counts.misdiagnosed += u32::from(misdiagnosed);
    counts.blocked += u32::from(blocked);
    counts.failed += u32::from(failed);

    let in_vain = blocked | failed;
    let row = if in_vain { model.actions.len() } else { action };
    state.servers[server].touched |= !in_vain;
    apply(model, state, server, lane, &model.action_rows[row], stream);
}

#[inline(always)]
fn apply(
    model: &Model,
    state: &mut LaneState,
    server: usize,
    lane: usize,
    row: &ActionRow,
    stream: &mut LaneStream,
) {
    let s = &mut state.servers[server];
    for (base, change) in s.base.iter_mut().zip(&row.changes) {
        base[lane] = change.of(base[lane]);
    }
    // Clears the lowest bit: the first crashed service in file order.
    let down = &mut s.services_down[lane];
    *down &= down.wrapping_sub(row.restart);
    s.ended[lane] |= row.ends;
    for step in &row.steps {
        apply_step(model, state, server, lane, step, stream);
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
    stream: &mut LaneStream,
) {
    let s = &mut state.servers[server];
    match step {
        ActionStep::Change(metric, change) => {
            let base = &mut s.base[*metric as usize][lane];
            *base = change.of(*base);
        }
        ActionStep::Draw(metric, range) => {
            s.base[*metric as usize][lane] = range.at(stream.next().upper().unit());
        }
        ActionStep::RestartService => {
            let down = &mut s.services_down[lane];
            *down &= down.wrapping_sub(1);
        }
        ActionStep::End(scenarios) => {
            s.ended[lane] |= ends(scenarios);
        }
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
        for (server, role) in [(heir, u64::MAX), (server, 0)] {
            state.servers[server].primary[lane] = role;
            state.servers[server].replica[lane] = !role;
        }
    }
}
