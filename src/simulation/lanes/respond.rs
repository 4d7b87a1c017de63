//! Phase `respond`: see [`super::super::respond`].

use super::alerts::{AT_ONCE, Alerts, KINDS, Listed, Remedy, SERVERS_OF_A_WORD};
use super::cases::{attend, close_repaired, finish_actions};
use super::health::{evaluate_usage, narrow};
use super::remedy::carry_out;
use super::row::{LANES, Row};
use super::state::{IDLE, LaneState, ServerLanes};
use crate::simulation::model::{Model, Thresholds};
use crate::simulation::streams::Bits;
use crate::world::AlertKind;

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
    match &model.cases {
        None => handle::<false>(model, state),
        Some(_) => {
            handle::<true>(model, state);
            close_repaired(model, state);
        }
    }
}

/// Handles the alerts that were chosen, word by word.
#[inline(always)]
fn handle<const CASES: bool>(model: &Model, state: &mut LaneState) {
    for word in 0..state.alerts.chosen.len() {
        let alerts = list(state, word);
        let remedies = decide::<CASES>(model, state, alerts);
        for remedy in 0..remedies {
            let remedy = state.alerts.remedies[remedy];
            carry_out(model, state, remedy);
            if CASES {
                let case = &mut state.cases[remedy.alert.server()];
                case.repaired[remedy.alert.lane()] = u32::MAX;
            }
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
pub(super) fn raise(model: &Model, s: &ServerLanes) -> [Row<u32>; 2] {
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
/// is hard to predict, so each step writes [`AT_ONCE`] slots; surplus slots are overwritten.
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
/// remedies come of them. Branch-free: writes every remedy, and advances the cursor only on success.
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
