//! Usage and health of a server: see [`super::super::health`].

use super::row::{LANES, Row};
use super::state::{LaneState, ServerLanes};
use crate::simulation::model::{Lasting, Model, ServerModel, UsageModel};
use crate::simulation::numbers::{at_least, clamp};

/// Narrows the base usages to 32 bits. Kept apart from its readers: loading a vector just stored in
/// halves defeats store forwarding.
#[inline(always)]
pub(super) fn narrow(s: &mut ServerLanes) {
    for (narrow, base) in s.narrow.iter_mut().zip(&s.base) {
        for lane in 0..LANES {
            narrow[lane] = base[lane] as f32;
        }
    }
}

/// Evaluates usage and isolation again. `lasting` are the effects that may be active: the row of
/// a scenario in `expires` is greater than `now` where it is.
#[inline(always)]
pub(super) fn evaluate_usage(
    spec: &ServerModel,
    s: &mut ServerLanes,
    lasting: &Lasting,
    expires: &[Row<i32>],
    now: i32,
) {
    let mut load = s.load;
    for item in &lasting.loads {
        let (expires, factor) = (&expires[item.scenario], item.effect);
        for lane in 0..LANES {
            let raised = load[lane] * factor;
            load[lane] = if expires[lane] > now {
                raised
            } else {
                load[lane]
            };
        }
    }
    let mut cpu = s.narrow[0];
    for lane in 0..LANES {
        cpu[lane] = clamp(cpu[lane] + spec.cpu_gain * (load[lane] - 1.0), 0.0, 100.0);
    }
    s.usage = [cpu, s.narrow[1], s.narrow[2]];
    for (usage, holds) in s.usage.iter_mut().zip(&lasting.holds) {
        for item in holds {
            let (expires, value) = (&expires[item.scenario], item.effect);
            for lane in 0..LANES {
                let value = if expires[lane] > now { value } else { 0.0 };
                usage[lane] = at_least(usage[lane], value);
            }
        }
    }
    let mut isolated = Row::of(0);
    for item in &lasting.isolations {
        let expires = &expires[item.scenario];
        for lane in 0..LANES {
            isolated[lane] |= if expires[lane] > now { u32::MAX } else { 0 };
        }
    }
    s.isolated = isolated;
}

/// Evaluates the health of all servers from usage, isolation and services, or only of those that
/// were touched since; usage must be up to date.
#[inline(always)]
pub(super) fn evaluate_health(model: &Model, state: &mut LaneState, only_touched: bool) {
    if model.dependency_penalty > 0.0 {
        for (s, down) in state.servers.iter_mut().zip(&state.dependency_down) {
            if s.touched | !only_touched {
                health(model, s, Some(down));
            }
        }
    } else {
        for s in &mut state.servers {
            if s.touched | !only_touched {
                health(model, s, None);
            }
        }
    }
}

/// The same of one server.
#[inline(always)]
pub(super) fn evaluate_health_of(model: &Model, state: &mut LaneState, server: usize) {
    let down = if model.dependency_penalty > 0.0 {
        Some(&state.dependency_down[server])
    } else {
        None
    };
    health(model, &mut state.servers[server], down);
}

/// The health of one server. In `down` all bits are set where a dependency is down.
#[inline(always)]
fn health(model: &Model, s: &mut ServerLanes, down: Option<&Row<u32>>) {
    let cpu = penalty(&model.cpu, &s.usage[0]);
    let memory = penalty(&model.memory, &s.usage[1]);
    let disk = penalty(&model.disk, &s.usage[2]);
    let mut lost = Row::of(0.0);
    for lane in 0..LANES {
        let by_usage = cpu[lane] + memory[lane] + disk[lane];
        let with_services = by_usage + model.service_down_penalty;
        lost[lane] = if s.services_down[lane] != 0 {
            with_services
        } else {
            by_usage
        };
    }
    if let Some(down) = down {
        for lane in 0..LANES {
            let before = lost[lane];
            let with_dependencies = before + model.dependency_penalty;
            lost[lane] = if down[lane] != 0 {
                with_dependencies
            } else {
                before
            };
        }
    }
    for lane in 0..LANES {
        let health = at_least(100.0 - lost[lane], 0.0);
        s.health[lane] = if s.isolated[lane] != 0 { 0.0 } else { health };
    }
}

/// The first line that fits counts, so it is laid over the others.
#[inline(always)]
fn penalty(metric: &UsageModel, usage: &Row<f32>) -> Row<f32> {
    let mut lost = Row::of(0.0);
    let [first, second] = metric.last_penalties;
    for lane in 0..LANES {
        let by_second = if usage[lane] > second.above {
            second.lost
        } else {
            0.0
        };
        lost[lane] = if usage[lane] > first.above {
            first.lost
        } else {
            by_second
        };
    }
    for &line in metric.other_penalties.iter().rev() {
        for lane in 0..LANES {
            let before = lost[lane];
            lost[lane] = if usage[lane] > line.above {
                line.lost
            } else {
                before
            };
        }
    }
    lost
}
