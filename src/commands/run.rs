//! `run`: what is missing of an experiment, its summary, its table.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, anyhow};
use sysworld::design::Design;
use sysworld::experiment::Overrides;
use sysworld::progress::Progress;
use sysworld::results::{Facts, Folder};
use sysworld::sweep::{self, Failed, Part};

use super::{load_design, print_summary, summarize_into};
use crate::cli::{Run, StdoutFormat};

/// `run EXPERIMENT`.
pub fn run(args: &Run) -> Result<()> {
    let overrides = Overrides {
        replications: args.replications,
        seed: args.seed,
        set: args.set.clone(),
    };
    let design = load_design(&args.experiment, &overrides)?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| design.experiment().default_folder());
    let mut folder = Folder::open(&out, design, args.shard, args.force)?;
    let missing = folder.missing();
    let nothing_missing = missing.is_empty();
    if !nothing_missing {
        let facts = simulate(args, &folder, &missing)
            .map_err(|error| with_replay(error, &out, &folder.sweep().design))?;
        if args.shard.is_none() {
            folder.finish(facts)?;
        }
    }
    let done = if nothing_missing {
        "nothing was missing; "
    } else {
        ""
    };
    if let Some(shard) = args.shard {
        let next = "; merge the shards when all are done";
        return say(
            args,
            &format!("{done}shard {shard} is in {}{next}", out.display()),
        );
    }
    let design = &folder.sweep().design;
    let summary = summarize_into(&out, design, !args.no_report)?;
    // JSON was asked for by name; the table comes by itself.
    if !args.quiet || args.format == StdoutFormat::Json {
        print_summary(design, &summary, args.format)?;
    }
    say(args, &format!("{done}results are in {}", out.display()))
}

/// The error of a replication that panicked, with the command that shows it.
fn with_replay(error: anyhow::Error, out: &Path, design: &Design) -> anyhow::Error {
    match error.downcast::<Failed>() {
        Err(error) => error,
        Ok(Failed { segment, message }) => anyhow!(
            "a bug of sysworld: experiment {}, design point {} ({}), replication {}: {message}. What \
             is finished is kept. To see it: sysworld replay '{}' --point {} --replication {}",
            design.experiment().name,
            design.key(segment.point),
            design.describe(segment.point),
            segment.first,
            out.display(),
            design.key(segment.point),
            segment.first,
        ),
    }
}

/// A closing word on stderr; where that is closed, it is no reason to fail a finished sweep.
fn say(args: &Run, text: &str) -> Result<()> {
    if !args.quiet {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
    Ok(())
}

fn simulate(args: &Run, folder: &Folder, missing: &[&Part]) -> Result<Facts> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .context("can't listen for Ctrl-C")?;
    let threads = args.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("can't start the threads")?;
    let design = &folder.sweep().design;
    let all: u64 = match args.shard {
        None => folder.sweep().plan.work(),
        Some(_) => missing.iter().map(|part| part.work).sum(),
    };
    let left: u64 = missing.iter().map(|part| part.work).sum();
    let progress = Progress::new(all, all - left, args.quiet);
    progress.say(format!("{} design points", design.len()));
    let begun = Instant::now();
    let result = pool.install(|| {
        sweep::execute(design, missing, &stop, |part, data| {
            folder.finish_part(part, &data)?;
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
