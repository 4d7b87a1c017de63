//! `run`: what is missing of an experiment, its summary, its table.

use std::io::Write;
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};
use sysworld::design::Design;
use sysworld::experiment::Overrides;
use sysworld::progress::Progress;
use sysworld::results::{Facts, Folder};
use sysworld::summary;
use sysworld::sweep::{self, Part, Plan};

use super::{load_design, print_summary};
use crate::cli::Run;

/// `run EXPERIMENT`.
pub fn run(args: &Run) -> Result<()> {
    let overrides = Overrides {
        replications: args.replications,
        seed: args.seed,
    };
    let design = load_design(&args.experiment, &overrides)?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| design.experiment().default_folder());
    let plan = Plan::new(&design);
    let mut folder = Folder::open(&out, &design, args.force)?;
    let missing: Vec<&Part> = plan.parts.iter().filter(|part| !folder.has(part)).collect();
    if !missing.is_empty() {
        let facts = simulate(args, &design, &plan, &folder, &missing)?;
        folder.finish(facts)?;
    }
    let summary = summary::summarize(&out, &design)?;
    summary.write(&out, &design)?;
    if args.quiet {
        return Ok(());
    }
    print_summary(&design, &summary, args.format)?;
    let done = if missing.is_empty() {
        "nothing was missing; "
    } else {
        ""
    };
    // A closed stderr is no reason to fail a finished sweep.
    let _ = writeln!(std::io::stderr(), "{done}results are in {}", out.display());
    Ok(())
}

fn simulate(
    args: &Run,
    design: &Design,
    plan: &Plan,
    folder: &Folder,
    missing: &[&Part],
) -> Result<Facts> {
    let threads = args.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("can't start the threads")?;
    let left: u64 = missing.iter().map(|part| part.work).sum();
    let progress = Progress::new(plan.work(), plan.work() - left, args.quiet);
    progress.say(format!("{} design points", design.len()));
    let begun = Instant::now();
    let result = pool.install(|| {
        sweep::execute(design, missing, |part, data| {
            folder.finish_part(design, part, &data)?;
            progress.advance(part.work);
            Ok(())
        })
    });
    progress.finish();
    result?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Ok(Facts {
        finished_unix_seconds: now.map_or(0, |since| since.as_secs()),
        seconds: begun.elapsed().as_secs_f64(),
        replications: missing.iter().map(|part| part.replications()).sum(),
        threads: pool.current_num_threads(),
    })
}
