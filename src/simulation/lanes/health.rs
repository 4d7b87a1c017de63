//! Usage and health of a server: see [`super::super::health`].

use super::row::{LANES, Row};
use super::state::ServerLanes;
use crate::simulation::model::{Model, Ongoing, OngoingEffect, ServerModel, UsageModel};
use crate::simulation::numbers::{at_least, clamp};

/// Evaluates usage and isolation again. `ongoing` are the effects that may be active: the row of
/// a scenario in `expires` is greater than `now` where it is.
#[inline(always)]
pub(super) fn evaluate_usage(
    spec: &ServerModel,
    s: &mut ServerLanes,
    ongoing: &[Ongoing],
    expires: &[Row<i32>],
    now: i32,
) {
    let mut load = s.load;
    let mut held = [Row::of(0.0); 3];
    let mut isolated = Row::of(0);
    for ongoing in ongoing {
        let expires = &expires[ongoing.scenario];
        match ongoing.effect {
            OngoingEffect::Hold(metric, value) => {
                let held = &mut held[metric as usize];
                for lane in 0..LANES {
                    let raised = at_least(held[lane], value);
                    held[lane] = if expires[lane] > now {
                        raised
                    } else {
                        held[lane]
                    };
                }
            }
            OngoingEffect::Load(factor) => {
                for lane in 0..LANES {
                    let raised = load[lane] * factor;
                    load[lane] = if expires[lane] > now {
                        raised
                    } else {
                        load[lane]
                    };
                }
            }
            OngoingEffect::Isolate => {
                for lane in 0..LANES {
                    isolated[lane] |= if expires[lane] > now { u32::MAX } else { 0 };
                }
            }
            // These act when the values are drawn or grow, in the update.
            OngoingEffect::Grow(..) | OngoingEffect::ErrorRate(_) | OngoingEffect::Latency(_) => {}
        }
    }
    for lane in 0..LANES {
        let cpu = s.base[0][lane] as f32 + spec.cpu_gain * (load[lane] - 1.0);
        s.usage[0][lane] = at_least(clamp(cpu, 0.0, 100.0), held[0][lane]);
        s.usage[1][lane] = at_least(s.base[1][lane] as f32, held[1][lane]);
        s.usage[2][lane] = at_least(s.base[2][lane] as f32, held[2][lane]);
    }
    s.isolated = isolated;
}

/// Evaluates health from usage, isolation and services; usage must be up to date.
#[inline(always)]
pub(super) fn evaluate_health(model: &Model, s: &mut ServerLanes) {
    let cpu = penalty(&model.cpu, &s.usage[0]);
    let memory = penalty(&model.memory, &s.usage[1]);
    let disk = penalty(&model.disk, &s.usage[2]);
    for lane in 0..LANES {
        let lost = cpu[lane] + memory[lane] + disk[lane];
        let with_services = lost + model.service_down_penalty;
        let lost = if s.services_down[lane] != 0 {
            with_services
        } else {
            lost
        };
        let health = at_least(100.0 - lost, 0.0);
        s.health[lane] = if s.isolated[lane] != 0 { 0.0 } else { health };
    }
}

/// The first line that fits counts, so it is laid over the others; two at a time, so that what is
/// lost is written half as often.
#[inline(always)]
fn penalty(metric: &UsageModel, usage: &Row<f32>) -> Row<f32> {
    let mut lost = Row::of(0.0);
    for lines in metric.penalties.rchunks(2) {
        let (first, second) = (lines[0], lines[lines.len() - 1]);
        for lane in 0..LANES {
            let before = lost[lane];
            let of_second = if usage[lane] > second.0 {
                second.1
            } else {
                before
            };
            lost[lane] = if usage[lane] > first.0 {
                first.1
            } else {
                of_second
            };
        }
    }
    lost
}
