//! `run`: what is missing of an experiment, its summary, its table.

use std::borrow::Borrow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, anyhow};
use sysworld::design::Design;
use sysworld::experiment::Overrides;
use sysworld::precision;
use sysworld::progress::{Amount, Progress};
use sysworld::report;
use sysworld::responders::{self, Recording, Stopped, Wanted};
use sysworld::results::{self, ByPoint, Facts, Folder, Sweep};
use sysworld::summary;
use sysworld::sweep::{self, Failed, Part};

use super::gate::{self, Asked};
use super::{advise, load_design, note, print_summary, recording_folder, signals, write_summary};
use crate::cli::{Run, StdoutFormat};

/// `run EXPERIMENT`.
pub fn run(args: &Run) -> Result<()> {
    let mut overrides = Overrides {
        replications: args.replications,
        seed: args.seed,
        set: args.set.clone(),
    };
    let (mut design, mut sources) = load_design(&args.experiment, &overrides)?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| design.experiment().default_folder());
    // What was asked for on another command line is not lost on this one.
    if args.replications.is_none()
        && !args.force
        && let Some(more) = results::asked_before(&out, &design)?
    {
        say(
            args,
            &going_on(&out, more, design.experiment().replications),
        );
        overrides.replications = Some(more);
        (design, sources) = load_design(&args.experiment, &overrides)?;
    }
    gate::check(args, &out, &design)?;
    let mut folder = Folder::open(&out, design, args.shard, args.force, args.locks.locking())?;
    if !args.quiet {
        advise(&folder.sweep().design, &sources);
    }
    let mut runner = Runner::new(args)?;
    runner.recording = answers(&runner, &folder)?;
    let nothing_missing = complete(&runner, &mut folder)?;
    folder.check()?;
    let done = if nothing_missing {
        "nothing was missing; "
    } else {
        ""
    };
    if let Some(shard) = args.shard {
        let next = "; merge the shards when all are done";
        say(
            args,
            &format!("{done}shard {shard} is in {}{next}", out.display()),
        );
        return Ok(());
    }
    let design = &folder.sweep().design;
    let counts = ByPoint::open(folder.sweep(), &runner.stop)?.finished()?;
    let summary = write_summary(folder.held(), folder.sweep(), counts, &runner.stop)?;
    if !args.no_report {
        report::write_page(folder.held(), design, &summary)?;
    }
    let decided = match args.gate.is_empty() {
        true => Vec::new(),
        false => gate::decide(&Asked::of(args), folder.sweep(), &runner.stop)?,
    };
    // Summaries take their time, too.
    folder.check()?;
    // JSON was asked for by name; the table comes by itself.
    if !args.quiet || args.format == StdoutFormat::Json {
        print_summary(folder.sweep(), &summary, &decided, args.format)?;
    }
    // Who reads 3 % in the table finds 0.03 in the files, and may gate on either.
    let unit = match args.format {
        StdoutFormat::Table => ", percent as fractions (3 % is 0.03)",
        StdoutFormat::Json => "",
    };
    say(
        args,
        &format!("{done}results are in {}{unit}", out.display()),
    );
    gate::tell(args, design, &decided)?;
    gate::conclude(&decided)
}

/// That a folder has more replications than the file asks for.
fn going_on(out: &Path, more: u64, asked: u64) -> String {
    format!(
        "{} has {more} replications of each design point, more than the {asked} of the file: going on with \
         {more}, as by --replications {more}",
        out.display()
    )
}

/// The answers that the replications which a folder lacks need; with `--record` asked for, else it is an
/// error if some are missing.
fn answers(runner: &Runner, folder: &Folder) -> Result<Option<Recording>> {
    let (args, design) = (runner.args, &folder.sweep().design);
    let missing = folder.missing();
    let segments = missing.iter().flat_map(|part| &part.segments);
    let wanted = Wanted::of(design, segments.map(|s| (s.point, s.first, s.count)));
    if wanted.is_empty() {
        if args.record {
            say(
                args,
                "no answer is needed: nothing of a responder that has to be asked is missing",
            );
        }
        return Ok(None);
    }
    let path = recording_folder(args.recording.as_ref(), design);
    let mut spent = false;
    let recording = if args.record {
        let recording = Recording::extend(&path)?;
        spent = runner.record(design, &wanted, &recording)?;
        recording
    } else {
        Recording::read(&path)?
    };
    for (name, of) in recording.mixed().into_iter().filter(|_| !args.quiet) {
        note(&format!(
            "warning: the answers of the responder `{name}` came from {}, which may answer differently: {}",
            of.len(),
            of.join("; ")
        ));
    }
    let threads = runner.pool.current_num_threads();
    let lack = responders::unanswered(design, &wanted, &recording, threads, &runner.stop)?;
    let Some(lack) = lack else {
        return Ok(Some(recording));
    };
    let (replication, point) = lack.first;
    let why = match spent {
        true => "the budget is spent: ",
        false => "",
    };
    let prefix = match replication {
        0 => String::new(),
        n => format!(
            " The first {n} replications have theirs at all design points: --replications {n}."
        ),
    };
    Err(anyhow!(
        "{why}{} of {} replications lack an answer in {}, first replication {replication} of {}.{prefix} \
         `run --record` asks for what is missing",
        lack.replications,
        wanted.len(),
        recording.path().display(),
        design.describe(point),
    ))
}

/// Simulates what is missing, look after look where a precision is asked for. Returns whether
/// nothing was.
fn complete(runner: &Runner, folder: &mut Folder) -> Result<bool> {
    let confidence = summary::confidence(&folder.sweep().design)?;
    let mut nothing_missing = true;
    let mut total: Option<Facts> = None;
    loop {
        if !folder.missing().is_empty() {
            nothing_missing = false;
            let facts = runner
                .simulate(folder)
                .map_err(|error| with_replay(error, folder.sweep()))?;
            total = Some(facts.after(total));
        }
        let design = &folder.sweep().design;
        if design.experiment().precision.is_empty() {
            break;
        }
        let counts = ByPoint::open(folder.sweep(), &runner.stop)?.finished()?;
        match precision::next_look(design, counts, confidence)? {
            None => break,
            Some(look) => folder.look(&look.points, look.replications)?,
        }
    }
    if let (Some(facts), None) = (total, runner.args.shard) {
        folder.finish(facts)?;
    }
    Ok(nothing_missing)
}

/// The error of a replication that panicked, with the command that shows it.
fn with_replay(error: anyhow::Error, sweep: &Sweep) -> anyhow::Error {
    let design = &sweep.design;
    match error.downcast::<Failed>() {
        Err(error) => error,
        Ok(Failed { segment, message }) => anyhow!(
            "a bug of sysworld: experiment {}, design point {} ({}), replication {}: {message}. What \
             is finished is kept. To see it: sysworld replay '{}' --point {} --replication {}",
            design.experiment().name,
            design.key(segment.point),
            design.describe(segment.point),
            segment.first,
            sweep.root.display(),
            design.key(segment.point),
            segment.first,
        ),
    }
}

/// A closing word on stderr; where that is closed, it is no reason to fail a finished sweep.
fn say(args: &Run, text: &str) {
    if !args.quiet {
        note(text);
    }
}

/// Threads, and the wish to stop.
struct Runner<'a> {
    args: &'a Run,
    stop: Arc<AtomicBool>,
    pool: rayon::ThreadPool,
    progress: Progress,
    /// The answers of responders that have to be asked, if any has.
    recording: Option<Recording>,
}

impl<'a> Runner<'a> {
    fn new(args: &'a Run) -> Result<Self> {
        let stop = signals::listen()?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(args.threads.map_or(0, usize::from))
            .build()
            .context("can't start the threads")?;
        let interval = Duration::from_millis(args.progress_interval);
        Ok(Self {
            args,
            stop,
            pool,
            progress: Progress::new(args.quiet, interval),
            recording: None,
        })
    }

    /// Asks for the answers that replications lack. Returns whether the budget was spent before the end.
    fn record(&self, design: &Design, wanted: &Wanted, recording: &Recording) -> Result<bool> {
        let settings = design.experiment().recording.clone().unwrap_or_default();
        let all = Amount {
            work: wanted.len() as u64,
            parts: wanted.len() as u64,
        };
        let of = format!("{} replications recorded", wanted.len());
        self.progress.begin(all, Amount::default(), of);
        let done = || self.progress.advance(1);
        let stopped = responders::record(design, wanted, recording, &settings, &self.stop, done);
        self.progress.finish();
        Ok(stopped? == Stopped::Budget)
    }

    /// Simulates the parts that a folder lacks.
    fn simulate(&self, folder: &Folder) -> Result<Facts> {
        let missing = folder.missing();
        let design = &folder.sweep().design;
        let left = amount(&missing);
        let all = match self.args.shard {
            None => amount(&folder.sweep().plan.parts),
            Some(_) => left,
        };
        let done = Amount {
            work: all.work - left.work,
            parts: all.parts - left.parts,
        };
        let points = design.len();
        let of = if points == 1 {
            "1 design point".to_owned()
        } else {
            format!("{points} design points")
        };
        self.progress.begin(all, done, of);
        let begun = Instant::now();
        let result = self.pool.install(|| {
            sweep::execute(&missing, |part| {
                let mut files = folder.begin_part(part);
                let recording = self.recording.as_ref();
                sweep::simulate_part(design, part, recording, &self.stop, |rows| {
                    files.write(rows)
                })?;
                folder.enter(&files.finish()?)?;
                self.progress.advance(part.work);
                Ok(())
            })
        });
        self.progress.finish();
        result?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Ok(Facts {
            finished_unix_seconds: now.map_or(0, |since| since.as_secs()),
            seconds: begun.elapsed().as_secs_f64(),
            replications: missing.iter().map(|part| part.replications()).sum(),
            threads: self.pool.current_num_threads(),
        })
    }
}

fn amount<P: Borrow<Part>>(parts: &[P]) -> Amount {
    Amount {
        work: parts.iter().map(|part| part.borrow().work).sum(),
        parts: parts.len() as u64,
    }
}
