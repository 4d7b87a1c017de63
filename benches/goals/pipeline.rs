//! The whole sweep: simulate, write, summarise; against the kernel alone.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sysworld::simulation::{InstructionSet, LANES, LaneState};

use crate::Goal;
use crate::clock::{Ratio, cpu_seconds};
use crate::kernel::lanes;
use crate::worlds::{models, scratch, twelve_points};

/// The program, a sweep of the 12 points into a folder.
pub fn sweep(replications: u64) -> Command {
    sweep_with(replications, "")
}

/// The same with other lines in the experiment.
fn sweep_with(replications: u64, lines: &str) -> Command {
    let experiment = scratch("bench.toml");
    let text = twelve_points(replications) + lines;
    fs::write(&experiment, text).expect("written");
    let out = scratch("results");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sysworld"));
    command
        .arg("run")
        .arg(experiment)
        .args(["--quiet", "--force", "--out"])
        .arg(&out);
    command.stdout(Stdio::null());
    command
}

/// What a child took: seconds of processors, and the most memory it had, in MB.
#[derive(Debug, Clone, Copy)]
struct Usage {
    cpu_seconds: f64,
    peak_mb: f64,
}

/// Runs a child and watches it by the files of `/proc`; `None` where there are none.
fn watched(mut command: Command) -> Option<Usage> {
    let before = children_seconds()?;
    let mut child = command.spawn().ok()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0.0_f64;
    while child.try_wait().ok()?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        peak_kb = peak_kb.max(number.unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(5));
    }
    Some(Usage {
        cpu_seconds: children_seconds()? - before,
        peak_mb: peak_kb / 1000.0,
    })
}

/// Seconds of processors of all children that ended, in hundredths.
fn children_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(13)? + ticks(14)?) / 100.0)
}

fn folder_bytes(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some(entry.metadata().ok()?.len()))
        .sum()
}

pub fn measure(full: bool) -> Vec<Goal> {
    const REPLICATIONS: u64 = 1_000_000;
    println!("pipeline: 12 points × {REPLICATIONS} replications, runs in Parquet");
    let models = models(&twelve_points(1));
    let mut state = LaneState::new();
    let (mut ratios, mut peak) = (Vec::new(), 0.0_f64);
    for _ in 0..3 {
        let Some(usage) = watched(sweep(REPLICATIONS)) else {
            println!("  not measured: no /proc");
            return Vec::new();
        };
        let blocks = REPLICATIONS / LANES as u64;
        let kernel = cpu_seconds(|| {
            lanes(&models, 0..blocks, &mut state, InstructionSet::best());
        });
        println!(
            "  {:.2} s, the kernel alone {kernel:.2} s",
            usage.cpu_seconds
        );
        ratios.push([usage.cpu_seconds, kernel]);
        peak = peak.max(usage.peak_mb);
    }
    let ratio = Ratio(ratios);
    let bytes = folder_bytes(&scratch("results").join("runs"));
    let mut again = Command::new(env!("CARGO_BIN_EXE_sysworld"));
    again.arg("summarize").arg(scratch("results"));
    again.stdout(Stdio::null()).stderr(Stdio::null());
    let without = sweep_with(REPLICATIONS, "[output]\ntables = []\n");
    let seconds = |command| watched(command).map_or(f64::NAN, |usage| usage.cpu_seconds);
    println!(
        "  of which to summarize {:.2} s; without the table of runs {:.2} s in all",
        seconds(again),
        seconds(without)
    );
    println!(
        "  {:.1} bytes a row of runs",
        bytes as f64 / (12 * REPLICATIONS) as f64
    );
    let mut goals = vec![
        Goal::ratio("`run` of 12 × 1,000,000, the kernel alone", "1.4 ×", &ratio),
        Goal {
            what: "its peak memory",
            goal: "300 MB",
            measured: format!("{peak:.0} MB"),
        },
    ];
    if full {
        let of = |replications: u64| watched(sweep(replications / 12)).map_or(0.0, |u| u.peak_mb);
        let (small, great) = (of(1_000_000), of(100_000_000));
        goals.push(Goal {
            what: "peak memory, 10⁶ and 10⁸ replications",
            goal: "within 10 %",
            measured: format!("{small:.0} and {great:.0} MB"),
        });
    }
    goals
}
