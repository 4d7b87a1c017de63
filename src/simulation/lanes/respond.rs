//! Phase `respond`: see [`super::super::respond`].

use super::health::evaluate_usage;
use super::row::{LANES, Row};
use super::state::{LaneState, ServerLanes};
use crate::simulation::model::{ActionStep, Model, Thresholds};
use crate::simulation::numbers::clamp;
use crate::simulation::streams::{Bits, Half};
use crate::world::AlertKind;

/// Servers whose alerts share a word.
const SERVERS_OF_A_WORD: usize = 64 / AlertKind::ALL.len();

/// The alerts of a round: a bit for each server and kind, in the order in which they are handled.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    /// By word: critical alerts.
    critical: Vec<Row<u64>>,
    /// By word: all alerts.
    all: Vec<Row<u64>>,
}

impl Alerts {
    pub fn resize(&mut self, servers: usize) {
        let words = servers.div_ceil(SERVERS_OF_A_WORD);
        for list in [&mut self.critical, &mut self.all] {
            list.clear();
            list.resize(words, Row::of(0));
        }
    }
}

#[inline(always)]
pub(super) fn run(model: &Model, state: &mut LaneState) {
    for (server, spec) in model.servers.iter().enumerate() {
        let stormy = state.stormy(server);
        let (s, expires, now) = state.server(server);
        // What nothing touched since its update is as it was.
        if s.touched {
            let ongoing = match stormy {
                true => &model.ongoing[spec.ongoing.clone()],
                false => &[],
            };
            evaluate_usage(spec, s, ongoing, expires, now);
        }
        let [critical, all] = raise(model, s);
        let word = server / SERVERS_OF_A_WORD;
        let shift = server % SERVERS_OF_A_WORD * AlertKind::ALL.len();
        for lane in 0..LANES {
            let kept = if shift == 0 { 0 } else { u64::MAX };
            let words = (
                &mut state.alerts.critical[word],
                &mut state.alerts.all[word],
            );
            words.0[lane] = words.0[lane] & kept | critical[lane] << shift;
            words.1[lane] = words.1[lane] & kept | all[lane] << shift;
        }
    }
    let limits = choose(model, state);
    if model.actions.is_empty() {
        return;
    }
    for lane in 0..LANES {
        handle_all(model, state, lane, limits[lane]);
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

/// Counts the alerts and leaves in `all` those to handle: critical ones, or warnings where there
/// are none. Returns how many of them each lane can bear.
#[inline(always)]
fn choose(model: &Model, state: &mut LaneState) -> Row<u64> {
    let mut criticals = Row::of(0);
    let Alerts { critical, all } = &mut state.alerts;
    for (critical, all) in critical.iter().zip(all.iter()) {
        for lane in 0..LANES {
            criticals[lane] += u64::from(critical[lane].count_ones());
            state.raised[lane] += u64::from(all[lane].count_ones());
        }
    }
    for (critical, all) in critical.iter().zip(all) {
        for lane in 0..LANES {
            all[lane] = if criticals[lane] > 0 {
                critical[lane]
            } else {
                all[lane]
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
    for word in 0..state.alerts.all.len() {
        let mut alerts = state.alerts.all[word][lane];
        while alerts != 0 && limit > 0 {
            let bit = alerts.trailing_zeros() as usize;
            let critical = state.alerts.critical[word][lane] >> bit & 1;
            let server = word * SERVERS_OF_A_WORD + bit / AlertKind::ALL.len();
            let alert = (bit % AlertKind::ALL.len()) * 2 + critical as usize;
            handle(model, state, lane, server, alert);
            alerts &= alerts - 1;
            limit -= 1;
        }
    }
}

/// `alert` is kind and level, as in the runbook.
#[inline(always)]
fn handle(model: &Model, state: &mut LaneState, lane: usize, server: usize, alert: usize) {
    let Some(stream) = &mut state.response else {
        return;
    };
    let bits = stream.step(lane);
    let misdiagnosed = !model.diagnosis.happens_by_half(bits.upper());
    let action = if misdiagnosed {
        bits.details().upper().below(model.actions.len())
    } else {
        let line = model.servers[server].kind * AlertKind::ALL.len() * 2 + alert;
        usize::from(model.runbook[line])
    };
    let outcome = &mut state.outcomes[lane];
    outcome.alerts_handled += 1;
    outcome.misdiagnoses += u32::from(misdiagnosed);
    execute(model, state, action, server, lane, bits.lower());
}

#[inline(always)]
fn execute(
    model: &Model,
    state: &mut LaneState,
    action: usize,
    server: usize,
    lane: usize,
    luck: Half,
) {
    let spec = &model.actions[action];
    let outcome = &mut state.outcomes[lane];
    let free_in = &mut state.free_in[lane * model.actions.len() + action];
    if state.round < *free_in {
        outcome.actions_blocked += 1;
        return;
    }
    *free_in = state.round + spec.cooldown;
    outcome.actions += 1;
    if !spec.success.happens_by_half(luck) {
        outcome.actions_failed += 1;
        return;
    }
    state.servers[server].touched = true;
    for step in &spec.effects {
        apply(model, state, server, lane, step);
    }
}

#[inline(always)]
fn apply(model: &Model, state: &mut LaneState, server: usize, lane: usize, step: &ActionStep) {
    let s = &mut state.servers[server];
    match step {
        ActionStep::Change {
            metric,
            multiply,
            add,
            min,
            max,
        } => {
            let base = &mut s.base[*metric as usize][lane];
            *base = clamp(*base * multiply + add, *min, *max);
        }
        ActionStep::Draw(metric, range) => {
            if let Some(stream) = &mut state.response {
                let bits: Bits = stream.step(lane);
                s.base[*metric as usize][lane] = range.at(bits.upper().unit());
            }
        }
        // Clears the lowest bit: the first crashed service in file order.
        ActionStep::RestartService => {
            let down = &mut s.services_down[lane];
            *down &= down.wrapping_sub(1);
        }
        ActionStep::End(scenarios) => {
            for scenario in scenarios {
                state.end(*scenario, server, lane);
            }
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
