//! The cost of a server-round in longer, bigger and parallel runs.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use sysworld::simulation::{InstructionSet, LANES, LaneState, Model};

use crate::Goal;
use crate::clock::{Ratio, median, seconds};
use crate::kernel::lanes;
use crate::worlds::{default_model, model_with, models, more_servers, twelve_points};

const TURNS: Duration = Duration::from_secs(5);

pub fn measure() -> Vec<Goal> {
    println!("scaling: medium chaos, a mid-level SRE");
    let short = [default_model()];
    let cost = |what, goal, model: Model, blocks: u64| {
        let (own, other) = (
            RefCell::new(LaneState::new()),
            RefCell::new(LaneState::new()),
        );
        let (long_turn, short_turn) = (Cell::new(0), Cell::new(0));
        let take = |turn: &Cell<u64>, blocks| {
            turn.set(turn.get() + blocks);
            turn.get() - blocks..turn.get()
        };
        let server_rounds = |model: &Model| f64::from(model.checks());
        let long = [model];
        let best = InstructionSet::best();
        // Pieces that take as long, so that other work interrupts both as often.
        let as_much = blocks * u64::from(long[0].checks() / short[0].checks());
        let ratio = Ratio::of(
            TURNS,
            || {
                lanes(&long, take(&long_turn, blocks), &mut own.borrow_mut(), best)
                    * server_rounds(&long[0])
            },
            || {
                lanes(
                    &short,
                    take(&short_turn, as_much),
                    &mut other.borrow_mut(),
                    best,
                ) * server_rounds(&short[0])
            },
        );
        println!("  {what}: {ratio}");
        Goal::ratio(what, goal, &ratio)
    };
    vec![
        cost(
            "43,200 rounds, a round of 15",
            "1.1 ×",
            model_with("month", "rounds = 43_200\n"),
            1,
        ),
        cost(
            "24 servers, a server-round of six",
            "1.2 ×",
            model_with("two-dozen", &more_servers(24)),
            10,
        ),
        cost(
            "1,000 servers, a server-round of six",
            "2 ×",
            model_with("thousand", &more_servers(1000)),
            2,
        ),
        threads(),
    ]
}

/// The same work on one thread and on each of two.
fn threads() -> Goal {
    let models = models(&twelve_points(1));
    let blocks = 40;
    let work = || {
        let mut state = LaneState::new();
        lanes(&models, 0..blocks, &mut state, InstructionSet::best());
    };
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..60 {
        one.push(seconds(work));
        two.push(seconds(|| {
            std::thread::scope(|scope| {
                scope.spawn(work);
                work();
            });
        }));
    }
    let least = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
    let measured = format!(
        "{:.2} × ({:.2} ×)",
        2.0 * median(&one) / median(&two),
        2.0 * least(&one) / least(&two)
    );
    println!(
        "  2 threads, {} replications: {measured}",
        blocks * LANES as u64 * 12
    );
    Goal {
        what: "2 threads, replications of one",
        goal: "1.9 ×",
        measured,
    }
}
