//! Measures this machine against the goals of `docs/performance.md`.
//!
//! ```sh
//! cargo bench --bench goals                  # the table of goals, and what is behind it
//! cargo bench --bench goals -- kernel        # one part of it: kernel, pipeline, scaling, start
//! cargo bench --bench goals -- full          # also the sweep of 10⁸ replications
//! ```
//!
//! What is compared runs in turns, in pieces that take as long, and a ratio is the median over
//! the turns: so other work on the machine hits both. The best turn is told beside it, because
//! work on the other thread of a core slows the kernel more than the yardstick, which waits most
//! of its time for the multiplier of its own chain.

mod clock;
mod kernel;
mod pipeline;
mod scaling;
mod start;
mod worlds;

use clock::Ratio;

/// One line of the table.
struct Goal {
    what: &'static str,
    goal: &'static str,
    measured: String,
}

impl Goal {
    fn ratio(what: &'static str, goal: &'static str, ratio: &Ratio) -> Self {
        Self {
            what,
            goal,
            measured: ratio.to_string(),
        }
    }
}

fn main() {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|a| a == part || a == "full");
    let full = asked.iter().any(|a| a == "full");
    let mut goals = Vec::new();
    if wanted("kernel") {
        goals.extend(kernel::measure());
    }
    if wanted("scaling") {
        goals.extend(scaling::measure());
    }
    if wanted("pipeline") {
        goals.extend(pipeline::measure(full));
    }
    if wanted("start") {
        goals.extend(start::measure());
    }
    println!("\n| what | goal | measured: median (best) |\n|---|---|---|");
    for Goal {
        what,
        goal,
        measured,
    } in goals
    {
        println!("| {what} | {goal} | {measured} |");
    }
}
