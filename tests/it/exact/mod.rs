//! Small worlds of random numbers, none of them round, against the probabilities of every course
//! that they can take: each place where a draw becomes an event, an index or a number.

mod chain;
mod spec;

use rayon::prelude::*;
use sysworld::simulation::{InstructionSet, LANES, LaneState, Outcome, fits_lanes, simulate_lanes};

use crate::support::{model, world};
use chain::{COUNTS, Chain, Truth};
pub use spec::ALERTS;
use spec::Spec;

const WORLDS: usize = 60;
const TIMED_WORLDS: usize = 40;
const BLOCKS: u64 = 8_000;
/// Worlds that need more are left out; what is left has all kinds of decisions.
const MOST_STATES: usize = 700;
const MOST_TIMED_STATES: usize = 8_000;
/// About 700 comparisons: one in 2,000 sets of worlds has one that is farther off by chance alone.
const MOST_Z: f64 = 5.0;

/// What was seen of a world.
#[derive(Debug, Clone)]
struct Sample {
    n: f64,
    up_checks: Vec<u64>,
    sums: [u64; COUNTS],
    squares: [u64; COUNTS],
}

/// The counts of a replication, in the order of [`chain::Count`].
fn counts(o: &Outcome) -> [u32; COUNTS] {
    [
        o.up_checks,
        o.events,
        o.incidents,
        o.incidents_open,
        o.alerts,
        o.alerts_handled,
        o.misdiagnoses,
        o.actions,
        o.actions_failed,
        o.actions_blocked,
        o.overwhelmed_rounds,
        o.alerts_waiting,
    ]
}

fn sample(spec: &Spec) -> Sample {
    let model = model(&world(&spec.text()), spec.multiplier, "one");
    assert!(fits_lanes(&model));
    let mut sample = Sample {
        n: (BLOCKS * LANES as u64) as f64,
        up_checks: vec![0; model.checks() as usize + 1],
        sums: [0; COUNTS],
        squares: [0; COUNTS],
    };
    let mut state = LaneState::new();
    for block in 0..BLOCKS {
        simulate_lanes(
            &model,
            block * LANES as u64,
            &mut state,
            InstructionSet::best(),
        );
        for replication in state.replications() {
            let counts = counts(&replication.outcome).map(u64::from);
            sample.up_checks[counts[0] as usize] += 1;
            for (i, count) in counts.into_iter().enumerate() {
                sample.sums[i] += count;
                sample.squares[i] += count * count;
            }
        }
    }
    sample
}

/// How far a mean is from the exact one, in standard errors; `None` where nearly all replications
/// are the same, so that no mean is normal, and the few that differ are as many as can be.
fn mean_z(sample: &Sample, truth: &Truth, i: usize) -> Option<f64> {
    let (sum, square) = (sample.sums[i] as f64, sample.squares[i] as f64);
    let (mean, expected) = (sum / sample.n, truth.means[i]);
    let variance = square / sample.n - mean * mean;
    if variance * sample.n < 25.0 {
        let differ = (sum - expected * sample.n).abs();
        return (differ > 60.0).then_some(f64::INFINITY);
    }
    Some((mean - expected) / (variance / sample.n).sqrt())
}

/// The chi-square of the up checks, as a standard normal number (Wilson and Hilferty). Values that
/// are too rare are one cell.
fn distribution_z(sample: &Sample, truth: &Truth) -> Option<f64> {
    let (mut square, mut cells, mut rare) = (0.0, 0, (0.0, 0.0));
    let mut add = |count: f64, expected: f64| {
        square += (count - expected).powi(2) / expected;
        cells += 1;
    };
    for (count, p) in sample.up_checks.iter().zip(&truth.up_checks) {
        let (count, expected) = (*count as f64, sample.n * p);
        if expected >= 10.0 {
            add(count, expected);
        } else {
            rare = (rare.0 + count, rare.1 + expected);
        }
    }
    if rare.1 >= 10.0 {
        add(rare.0, rare.1);
    } else if rare.0 > 45.0 {
        return Some(f64::INFINITY);
    }
    let freedom = f64::from(cells) - 1.0;
    let spread = 2.0 / (9.0 * freedom);
    (freedom > 0.0).then(|| ((square / freedom).cbrt() - 1.0 + spread) / spread.sqrt())
}

/// Worlds whose courses can be enumerated and are not all the same.
fn solved(
    specs: impl Iterator<Item = Spec>,
    most_states: usize,
) -> impl Iterator<Item = (Spec, Truth)> {
    specs.filter_map(move |spec| {
        let truth = Chain::solve(&spec, most_states)?;
        let checks = truth.up_checks.len() as f64 - 1.0;
        let interesting = (0.02..0.998).contains(&(truth.means[0] / checks));
        interesting.then_some((spec, truth))
    })
}

/// All counts of small random worlds, and the distribution of their availability, are those of
/// their enumeration.
#[test]
fn small_random_worlds_are_their_enumeration() {
    let worlds: Vec<_> = solved((0..).map(Spec::of), MOST_STATES)
        .take(WORLDS)
        .collect();
    let has = |what: fn(&Spec) -> bool| worlds.iter().filter(|(spec, _)| what(spec)).count();
    for (what, least) in [
        (has(|s| s.servers.len() == 2), 5),
        (
            has(|s| s.servers.iter().any(|server| server.services > 2)),
            5,
        ),
        (has(|s| s.scenarios.len() == 2), 10),
        (
            has(|s| s.accuracy > 0.0 && s.accuracy < 1.0 && s.actions.len() > 2),
            10,
        ),
        (
            has(|s| s.memory.is_some() && s.actions.iter().any(|a| a.draw.is_some())),
            10,
        ),
        (has(|s| s.cpu.is_some()), 3),
        (has(|s| s.disk.is_some()), 3),
        (has(|s| s.error_rate.is_some() || s.latency.is_some()), 3),
    ] {
        assert!(
            what >= least,
            "{what} worlds of a kind, at least {least} wanted"
        );
    }
    assert_enumerated(&worlds);
}

/// So are those of worlds in which the response takes time and has few hands.
#[test]
fn small_random_worlds_with_cases_are_their_enumeration() {
    let worlds: Vec<_> = solved((0..).map(Spec::timed), MOST_TIMED_STATES)
        .take(TIMED_WORLDS)
        .collect();
    let has = |what: fn(&Spec) -> bool| worlds.iter().filter(|(spec, _)| what(spec)).count();
    let hands = |spec: &Spec| spec.times.as_ref().and_then(|times| times.hands);
    for (what, least) in [
        (has(|s| s.servers.len() == 2), 5),
        (has(|s| s.error_rate.is_some() || s.latency.is_some()), 3),
        (has(|s| s.memory.is_some()), 5),
        (
            worlds
                .iter()
                .filter(|(s, _)| s.servers.len() == 2 && hands(s) == Some(1))
                .count(),
            3,
        ),
        (
            worlds
                .iter()
                .filter(|(_, truth)| truth.means[COUNTS - 1] > 0.1)
                .count(),
            30,
        ),
    ] {
        assert!(
            what >= least,
            "{what} worlds of a kind, at least {least} wanted"
        );
    }
    assert_enumerated(&worlds);
}

/// Holds samples of worlds to their enumeration.
fn assert_enumerated(worlds: &[(Spec, Truth)]) {
    let check = |(spec, truth): &(Spec, Truth)| {
        let sample = sample(spec);
        let mut zs: Vec<Option<f64>> = (0..COUNTS).map(|i| mean_z(&sample, truth, i)).collect();
        zs.push(distribution_z(&sample, truth));
        zs
    };
    let all: Vec<Vec<Option<f64>>> = worlds.par_iter().map(check).collect();
    let compared: Vec<f64> = all.iter().flatten().flatten().copied().collect();
    assert!(
        compared.len() > 8 * worlds.len(),
        "{} comparisons",
        compared.len()
    );
    for ((spec, truth), zs) in worlds.iter().zip(&all) {
        let worst = zs.iter().flatten().map(|z| z.abs()).fold(0.0, f64::max);
        assert!(
            worst <= MOST_Z,
            "{zs:.1?}\n{spec:#?}\n{truth:?}\n{}",
            spec.text()
        );
    }
    // Not only no outlier: together they are standard normal.
    let squares: f64 = compared.iter().map(|z| z * z).sum();
    let mean_square = squares / compared.len() as f64;
    assert!(
        (0.7..1.3).contains(&mean_square),
        "mean square {mean_square}"
    );
}
