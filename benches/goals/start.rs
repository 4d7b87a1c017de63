//! How long the smallest things take.

use std::process::{Command, Stdio};

use crate::Goal;
use crate::clock::{median, seconds};
use crate::pipeline::sweep;

pub fn measure() -> Vec<Goal> {
    let time = |mut command: Command| {
        let times: Vec<f64> = (0..15)
            .map(|_| seconds(|| assert!(command.status().is_ok_and(|s| s.success()))))
            .collect();
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        format!("{:.1} ms ({:.1} ms)", 1e3 * median(&times), 1e3 * least)
    };
    let mut help = Command::new(env!("CARGO_BIN_EXE_sysworld"));
    help.arg("--help").stdout(Stdio::null());
    vec![
        Goal {
            what: "`--help`",
            goal: "10 ms",
            measured: time(help),
        },
        Goal {
            what: "the 12 × 1,000 sweep with all its files",
            goal: "300 ms",
            measured: time(sweep(1000)),
        },
    ]
}
