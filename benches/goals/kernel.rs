//! The kernel against the yardstick of 390 draws, and where its time goes.

use std::hint::black_box;
use std::ops::Range;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sysworld::simulation::{
    InstructionSet, LANES, LaneState, Model, State, simulate, simulate_lanes,
    simulate_lanes_by_phase,
};
use sysworld::world::Phase;

use crate::Goal;
use crate::clock::{Ratio, median, seconds};
use crate::worlds::{models, twelve_points};

/// Draws of the yardstick, a replication.
const DRAWS: u32 = 390;
const TURNS: Duration = Duration::from_secs(6);

/// So many times 390 draws of a Xoshiro256++; says how many.
pub fn yardstick(replications: u64) -> f64 {
    for seed in 0..replications {
        let mut stream = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut sum = 0_u64;
        for _ in 0..DRAWS {
            sum = sum.wrapping_add(stream.next_u64());
        }
        black_box(sum);
    }
    replications as f64
}

/// Some blocks of each model; says how many replications that is. Each time others: a processor
/// learns what comes if it sees the same again and again.
pub fn lanes(
    models: &[Model],
    blocks: Range<u64>,
    state: &mut LaneState,
    instructions: InstructionSet,
) -> f64 {
    for model in models {
        for block in blocks.clone() {
            simulate_lanes(model, block * LANES as u64, state, instructions);
            black_box(&state);
        }
    }
    (models.len() * LANES) as f64 * (blocks.end - blocks.start) as f64
}

pub fn measure() -> Vec<Goal> {
    let models = models(&twelve_points(1));
    println!("kernel: default world, mean of 12 design points, one thread");
    let draws: Vec<f64> = (0..30)
        .map(|_| {
            seconds(|| {
                yardstick(2000);
            }) / 2000.0
        })
        .collect();
    let floor = median(&draws);
    println!("  yardstick, {DRAWS} draws: {:.0} ns", 1e9 * floor);

    let mut scalar = State::new();
    let mut turn = 0;
    let one_by_one = || {
        turn += 1;
        for model in &models {
            for replication in 4 * turn..4 * turn + 4 {
                black_box(simulate(model, replication, &mut scalar, &mut ()));
            }
        }
        4.0 * models.len() as f64
    };
    let ratio = Ratio::of(TURNS / 3, one_by_one, || yardstick(1000));
    println!("  one by one, the reference: {ratio}");

    let mut state = LaneState::new();
    let mut goals = Vec::new();
    for set in InstructionSet::available() {
        let mut turn = 0;
        let in_lanes = || {
            turn += 1;
            lanes(&models, 2 * turn..2 * turn + 2, &mut state, set)
        };
        let ratio = Ratio::of(TURNS, in_lanes, || yardstick(1000));
        println!("  in lanes, {set:?}: {ratio}");
        let goal = match set {
            InstructionSet::Baseline => ("kernel without AVX2, 390 draws", "8 ×"),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => ("kernel with AVX2, 390 draws", "4 ×"),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => ("kernel with AVX-512, 390 draws", "4 × (moonshot 2.5 ×)"),
        };
        goals.push(Goal::ratio(goal.0, goal.1, &ratio));
    }
    by_phase(&models, &mut state);
    goals
}

/// Prints the share of each phase in the time of a block: of many turns the best, phase by phase.
fn by_phase(models: &[Model], state: &mut LaneState) {
    let mut spent = [Duration::ZERO; 5];
    for model in models {
        let mut best = [Duration::MAX; 5];
        for _ in 0..200 {
            let mut turn = [Duration::ZERO; 5];
            let mut before = Instant::now();
            let mut over = |phase: Option<Phase>| {
                let now = Instant::now();
                turn[phase.map_or(4, |phase| phase as usize)] += now - before;
                before = now;
            };
            simulate_lanes_by_phase(model, 0, state, InstructionSet::best(), &mut over);
            for (best, turn) in best.iter_mut().zip(turn) {
                *best = turn.min(*best);
            }
        }
        for (spent, best) in spent.iter_mut().zip(best) {
            *spent += best;
        }
    }
    let all = spent.iter().sum::<Duration>().as_secs_f64();
    let share = |phase: usize| 100.0 * spent[phase].as_secs_f64() / all;
    println!(
        "  of which chaos {:.0} % (with the start), update {:.0} %, respond {:.0} %, assess {:.0} %, \
         the end {:.0} %",
        share(Phase::Chaos as usize),
        share(Phase::Update as usize),
        share(Phase::Respond as usize),
        share(Phase::Assess as usize),
        share(4)
    );
}
