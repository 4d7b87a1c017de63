//! Phase `update`: see [`super::super::update`].

use super::health::{evaluate_health, evaluate_usage, narrow};
use super::row::{LANES, Row};
use super::state::{KindLanes, LaneState, ServerLanes};
use crate::simulation::model::{BandModel, DrawnModel, Lasting, Model};
use crate::simulation::numbers::clamp;
use crate::simulation::streams::Bits;

#[inline(always)]
pub(super) fn run(model: &Model, state: &mut LaneState) {
    let bits = state.traffic_stream.next();
    for lane in 0..LANES {
        state.traffic[lane] = model.traffic.at(Bits(bits[lane]).upper().unit()) as f32;
    }
    for (kind, shares) in state.kinds.iter_mut().zip(&model.load_shares) {
        share_load(kind, shares);
    }
    let half_round = 2 * state.round + model.update_offset;
    for server in 0..model.servers.len() {
        drift(model, state, server);
    }
    for (server, spec) in model.servers.iter().enumerate() {
        let (traffic, share) = (state.traffic, state.kinds[spec.kind].share);
        let lasting = state.lasting(model, server);
        let (s, expires, now) = state.server(server);
        for lane in 0..LANES {
            s.load[lane] = traffic[lane] * share[lane];
        }
        evaluate_usage(spec, s, lasting, expires, now);
        s.touched = false;
    }
    evaluate_health(model, state, false);
    if model.banded_dependencies {
        for (s, down) in state.servers.iter_mut().zip(&state.dependency_down) {
            draw(model, s, Some(down));
        }
    } else {
        for s in &mut state.servers {
            draw(model, s, None);
        }
    }
    state.check(model, half_round);
}

/// The share of traffic that each server of a type takes, by how many are up.
#[inline(always)]
fn share_load(kind: &mut KindLanes, shares: &[f32]) {
    for (up, &share) in shares.iter().enumerate() {
        let up = up as u32;
        for lane in 0..LANES {
            let others = kind.share[lane];
            kind.share[lane] = if kind.up[lane] == up { share } else { others };
        }
    }
}

/// The bases wander and grow. What error rate and latency will be drawn with is left in their
/// place.
#[inline(always)]
fn drift(model: &Model, state: &mut LaneState, server: usize) {
    let lasting = state.lasting(model, server);
    let (s, expires, now) = state.server(server);
    let [cpu, memory, disk, error_rate, latency] = s.environment.five();
    let metrics = [&model.cpu, &model.memory, &model.disk];
    for ((base, metric), units) in s.base.iter_mut().zip(metrics).zip([cpu, memory, disk]) {
        for lane in 0..LANES {
            base[lane] = metric.wander(base[lane], units[lane]);
        }
    }
    s.error_rate = error_rate;
    s.latency = latency;
    s.factors = grow(s, lasting, expires, now);
    narrow(s);
}

/// Adds active growth to the bases; returns the active multipliers of error rate and latency.
#[inline(always)]
fn grow(s: &mut ServerLanes, lasting: &Lasting, expires: &[Row<i32>], now: i32) -> [Row<f32>; 2] {
    for item in &lasting.growths {
        let (expires, growth) = (&expires[item.scenario], item.effect);
        let base = &mut s.base[growth.metric as usize];
        for lane in 0..LANES {
            let grown = clamp(base[lane] + growth.amount, 0.0, growth.max);
            base[lane] = if expires[lane] > now {
                grown
            } else {
                base[lane]
            };
        }
    }
    let mut factors = [Row::of(1.0); 2];
    for (factors, list) in factors
        .iter_mut()
        .zip([&lasting.error_rates, &lasting.latencies])
    {
        for item in list {
            let (expires, factor) = (&expires[item.scenario], item.effect);
            for lane in 0..LANES {
                factors[lane] *= if expires[lane] > now { factor } else { 1.0 };
            }
        }
    }
    factors
}

/// Error rate and latency, in place of what they are drawn with. In `down` all bits are set where a
/// dependency is down.
#[inline(always)]
fn draw(model: &Model, s: &mut ServerLanes, down: Option<&Row<u32>>) {
    let (error_rate, latency) = (s.error_rate, s.latency);
    s.error_rate = drawn(&model.error_rate, s, &error_rate, &s.factors[0], down);
    s.latency = drawn(&model.latency, s, &latency, &s.factors[1], down);
}

/// The value in the first band whose conditions hold, times a factor.
#[inline(always)]
fn drawn(
    metric: &DrawnModel,
    s: &ServerLanes,
    units: &Row<f32>,
    factor: &Row<f32>,
    down: Option<&Row<u32>>,
) -> Row<f32> {
    let (health, cpu) = (&s.health, &s.usage[0]);
    let mut values = Row::of(0.0);
    for lane in 0..LANES {
        values[lane] = metric.otherwise.at(units[lane]);
    }
    // The first band that fits counts, so it is laid over the others.
    for &band in metric.bands.iter().rev() {
        if let Some(down) = down {
            let by_dependency = fits_dependency(&band, down);
            for lane in 0..LANES {
                let (value, before) = (band.range.at(units[lane]), values[lane]);
                let fits = (health[lane] < band.health_below) & (cpu[lane] > band.cpu_above);
                let fits = fits & (by_dependency[lane] != 0);
                values[lane] = if fits { value } else { before };
            }
            continue;
        }
        for lane in 0..LANES {
            let (value, before) = (band.range.at(units[lane]), values[lane]);
            let fits = (health[lane] < band.health_below) & (cpu[lane] > band.cpu_above);
            values[lane] = if fits { value } else { before };
        }
    }
    for lane in 0..LANES {
        values[lane] *= factor[lane];
    }
    values
}

/// The lanes in which what a band asks of the dependencies holds.
#[inline(always)]
fn fits_dependency(band: &BandModel, down: &Row<u32>) -> Row<u32> {
    let [with, without] = band.with_dependency;
    let with = if with { u32::MAX } else { 0 };
    let without = if without { u32::MAX } else { 0 };
    let mut fits = Row::of(0);
    for lane in 0..LANES {
        fits[lane] = if down[lane] != 0 { with } else { without };
    }
    fits
}
