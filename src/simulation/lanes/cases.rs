//! Cases: see [`super::super::cases`].

use super::alerts::{KINDS, Listed, Remedy, SERVERS_OF_A_WORD};
use super::health::{evaluate_health_of, evaluate_usage, narrow};
use super::remedy::carry_out;
use super::respond::raise;
use super::row::{LANES, LaneSets, Row};
use super::state::{IDLE, LaneState};
use crate::simulation::model::{CaseModel, Model};
use crate::simulation::streams::{Bits, Luck};
use crate::world::AlertKind;

/// The alerts that an action which succeeded makes old.
const DRAWN: u64 = 1 << AlertKind::ErrorRate as u32 | 1 << AlertKind::LatencyP99 as u32;

/// Actions that were under way and end now act, or turn out to have failed.
#[inline(always)]
pub(super) fn finish_actions(model: &Model, state: &mut LaneState) {
    let round = state.round as i32;
    for server in 0..state.cases.len() {
        let case = &mut state.cases[server];
        let mut ended = LaneSets::empty();
        for lane in 0..LANES {
            ended.put(0, lane, case.ends[lane] <= round);
        }
        case.repaired = Row::of(0);
        let mut repaired = false;
        for (_, lane) in ended.members() {
            repaired |= finish(model, state, server, lane);
        }
        if repaired {
            look_again(model, state, server);
        }
    }
}

/// Ends the action of a lane; returns whether it succeeded.
#[inline(always)]
fn finish(model: &Model, state: &mut LaneState, server: usize, lane: usize) -> bool {
    let case = &mut state.cases[server];
    case.ends[lane] = IDLE;
    let (action, luck) = (case.action[lane], Luck::of(Bits(case.luck[lane])));
    let succeeds = luck.succeeds(model.actions[action as usize].success);
    if succeeds {
        case.repaired[lane] = u32::MAX;
        let alert = Listed::new(server * KINDS, false, lane);
        let remedy = Remedy {
            alert,
            action,
            luck,
        };
        carry_out(model, state, remedy);
    }
    succeeds
}

/// Evaluates usage and health of a server again in the lanes in which it was repaired.
#[inline(always)]
fn look_again(model: &Model, state: &mut LaneState, server: usize) {
    let repaired = state.cases[server].repaired;
    let lasting = state.lasting(model, server);
    let (s, expires, now) = state.server(server);
    let before = s.health;
    narrow(s);
    evaluate_usage(&model.servers[server], s, lasting, expires, now);
    evaluate_health_of(model, state, server);
    let s = &mut state.servers[server];
    let seen = s.health;
    for lane in 0..LANES {
        let (before, seen) = (before[lane], seen[lane]);
        s.health[lane] = if repaired[lane] != 0 { seen } else { before };
    }
}

/// Cases open and close, go on to be detected and acknowledged, and get a hand; the alerts that wait
/// are taken out.
#[inline(always)]
pub(super) fn attend(model: &Model, cases: &CaseModel, state: &mut LaneState) {
    take_out_old(state);
    for server in 0..model.servers.len() {
        turn(cases, state, server);
        learn(cases, state, server);
    }
    if cases.hands == u32::MAX {
        for case in &mut state.cases {
            case.attended = case.known[1];
        }
    } else {
        give_hands(cases.hands, state);
    }
    take_out_waiting(state);
}

/// Closes the cases of servers on which an action succeeded and left no alert.
#[inline(always)]
pub(super) fn close_repaired(model: &Model, state: &mut LaneState) {
    for server in 0..state.cases.len() {
        let mut repaired = 0;
        for lane in 0..LANES {
            repaired |= state.cases[server].repaired[lane];
        }
        if repaired == 0 {
            continue;
        }
        look_again(model, state, server);
        let [_, alerts] = raise(model, &state.servers[server]);
        let case = &mut state.cases[server];
        let mut stays = Row::of(u32::MAX);
        for lane in 0..LANES {
            let is_quiet = alerts[lane] & !(DRAWN as u32) == 0;
            let closes = (case.repaired[lane] != 0) & is_quiet & (case.ends[lane] == IDLE);
            stays[lane] = if closes { 0 } else { u32::MAX };
        }
        case.keep_open(&stays);
    }
}

/// Opens and closes the case of a server.
#[inline(always)]
fn turn(cases: &CaseModel, state: &mut LaneState, server: usize) {
    let alerts = state.alerts.of_server(server);
    let case = &mut state.cases[server];
    let mut opening = LaneSets::empty();
    let mut stays = Row::of(0);
    for lane in 0..LANES {
        let (raised, open) = (alerts[lane] != 0, case.opened[lane] >= 0);
        opening.put(0, lane, raised & !open);
        let stays_open = open & (raised | (case.ends[lane] != IDLE));
        stays[lane] = if stays_open { u32::MAX } else { 0 };
    }
    case.keep_open(&stays);
    for (_, lane) in opening.members() {
        let [detect, acknowledge] = cases.delays(server, state.mixed[lane], state.round);
        let round = state.round as i32;
        case.opened[lane] = round;
        case.rounds[0][lane] = round + detect as i32;
        case.rounds[1][lane] = round + (detect + acknowledge) as i32;
        case.ready[lane] = case.rounds[1][lane];
    }
}

/// The case of a server is detected or acknowledged, and with it the incident that is open there.
#[inline(always)]
fn learn(cases: &CaseModel, state: &mut LaneState, server: usize) {
    let (round, offset) = (state.round as i32, cases.clock_offset);
    let s = &state.servers[server];
    let case = &mut state.cases[server];
    let opened = case.opened;
    for step in 0..2 {
        let rounds = case.rounds[step];
        let mut known = Row::of(0);
        for lane in 0..LANES {
            let is_known = (opened[lane] >= 0) & (round >= rounds[lane]);
            known[lane] = if is_known { u32::MAX } else { 0 };
        }
        case.known[step] = known;
        for lane in 0..LANES {
            let clock = (2 * opened[lane] + offset).max(0);
            let time = (clock + 2 * (rounds[lane] - opened[lane])).max(s.opened[lane]);
            let before = case.incident[step][lane];
            let news = (known[lane] != 0) & (s.opened[lane] >= 0) & (before < 0);
            case.incident[step][lane] = if news { time } else { before };
        }
    }
}

/// A hand is free again once the action that it began is over. Free hands go to the cases that have
/// waited longest, of several to the first in file order.
#[inline(always)]
fn give_hands(hands: u32, state: &mut LaneState) {
    let (mut busy, mut waiting) = (Row::of(0_u32), Row::of(0_u32));
    let round = state.round as i32;
    for case in &mut state.cases {
        for lane in 0..LANES {
            let acts = case.ends[lane] != IDLE;
            let is_over = (case.attended[lane] != 0) & !acts;
            case.ready[lane] = if is_over { round } else { case.ready[lane] };
            case.attended[lane] = if acts { case.attended[lane] } else { 0 };
            let waits = case.known[1][lane] & !case.attended[lane];
            busy[lane] += case.attended[lane] & 1;
            waiting[lane] += waits & 1;
        }
    }
    let mut enough = Row::of(0_u32);
    let mut contended = LaneSets::empty();
    for lane in 0..LANES {
        let free = hands.saturating_sub(busy[lane]);
        let suffices = waiting[lane] <= free;
        enough[lane] = if suffices { u32::MAX } else { 0 };
        contended.put(0, lane, !suffices & (free > 0));
    }
    for case in &mut state.cases {
        for lane in 0..LANES {
            case.attended[lane] |= case.known[1][lane] & enough[lane];
        }
    }
    for (_, lane) in contended.members() {
        for _ in busy[lane]..hands {
            let waiting = state.cases.iter().enumerate().filter_map(|(server, case)| {
                let waits = case.known[1][lane] & !case.attended[lane] != 0;
                waits.then_some((case.ready[lane], server))
            });
            let Some((_, server)) = waiting.min() else {
                break;
            };
            state.cases[server].attended[lane] = u32::MAX;
        }
    }
}

/// Takes out what error rate and latency raise though a repair came after them.
#[inline(always)]
fn take_out_old(state: &mut LaneState) {
    for (word, cases) in state.cases.chunks(SERVERS_OF_A_WORD).enumerate() {
        let mut current = Row::of(u64::MAX);
        for (place, case) in cases.iter().enumerate() {
            let alerts = !(DRAWN << (place * KINDS));
            for lane in 0..LANES {
                current[lane] &= if case.repaired[lane] != 0 {
                    alerts
                } else {
                    u64::MAX
                };
            }
        }
        state.alerts.keep(word, &current);
    }
}

/// Takes out the alerts of servers that nobody attends to, or on which an action is under way.
#[inline(always)]
fn take_out_waiting(state: &mut LaneState) {
    const ALL: u64 = (1 << KINDS) - 1;
    for (word, cases) in state.cases.chunks(SERVERS_OF_A_WORD).enumerate() {
        let mut handled = Row::of(0_u64);
        for (place, case) in cases.iter().enumerate() {
            let alerts = ALL << (place * KINDS);
            for lane in 0..LANES {
                let is_handled = (case.attended[lane] != 0) & (case.ends[lane] == IDLE);
                handled[lane] |= if is_handled { alerts } else { 0 };
            }
        }
        let waiting = state.alerts.keep(word, &handled);
        for lane in 0..LANES {
            state.waiting[lane] += waiting[lane];
            // What is left is counted when it is chosen from.
            state.raised[lane] += waiting[lane];
        }
    }
}
