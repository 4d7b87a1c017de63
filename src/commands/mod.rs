//! What each command does, from its arguments to its output.

mod answer_plan;
mod check;
mod gate;
mod job;
mod look;
mod plan;
mod replay;
mod report;
mod run;
mod select;
mod shard_plan;
mod shards;
mod signals;
mod simulate;
mod worlds;

use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, anyhow};
use clap::CommandFactory;
use sysworld::advice;
use sysworld::design::{Design, Resolved};
use sysworld::diagnostics::{Problem, Problems, Sources, visible};
use sysworld::error::usage;
use sysworld::experiment::{Overrides, RecordingSettings};
use sysworld::gate::Decided;
use sysworld::narrate::{Telling, Told, narrate};
use sysworld::report as views;
use sysworld::responders::{Answering, Recording};
use sysworld::results::{self, ByPoint, Held, Sweep, read_table};
use sysworld::schema;
use sysworld::summary::{self, Summary, Tables};

use crate::cli::{Cli, Completions, Man, Schema, SchemaOf, StdoutFormat, Summarize, Tell};

pub use check::check;
pub use gate::gate;
pub use job::job;
pub use plan::plan;
pub use replay::replay;
pub use report::report;
pub use run::run;
pub use shards::{merge, status, verify};
pub use signals::outlive_file_limits;
pub use simulate::simulate;
pub use worlds::worlds;

/// `summarize`: the summary tables again, from the counts.
pub fn summarize(args: &Summarize) -> Result<()> {
    let (held, sweep) = results::hold(&args.results, args.locks.locking())?;
    let stop = signals::listen()?;
    let counts = ByPoint::open(&sweep, &stop)?;
    let summary = write_summary(&held, &sweep, counts, &stop)?;
    print_summary(&sweep, &summary, &[], args.format)?;
    // The table says it itself.
    if let (Some(unfinished), StdoutFormat::Json) = (&summary.unfinished, args.format) {
        note(&format!("{unfinished}; `run` goes on"));
    }
    Ok(())
}

/// `schema`: of experiment or of world files.
pub fn schema(args: &Schema) -> Result<()> {
    print(match args.of {
        SchemaOf::Experiment => schema::EXPERIMENT,
        SchemaOf::World => schema::WORLD,
    })
}

/// `completions`: for the shell that is asked for.
pub fn completions(args: &Completions) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "sysworld", &mut text);
    print(&String::from_utf8_lossy(&text))
}

/// `man`: the page of the program or of a command.
pub fn man(args: &Man) -> Result<()> {
    let mut program = Cli::command();
    // Fills in the names and usages of the commands.
    program.build();
    let command = match &args.of {
        None => &program,
        Some(name) => program.find_subcommand(name).ok_or_else(|| {
            let names: Vec<&str> = program.get_subcommands().map(|c| c.get_name()).collect();
            let problem = Problem::general(format!("unknown command `{name}`"));
            Problems::new(&Sources::default(), vec![problem.suggest(name, &names)])
        })?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    print(&String::from_utf8_lossy(&text))
}

/// Prints an error with its causes on stderr.
pub fn complain(error: &anyhow::Error) {
    let text = if error.is::<Problems>() {
        format!("{error}")
    } else {
        format!("error: {error:#}")
    };
    note(&text);
}

/// Says something, if it is anything, on stderr. Where that is closed there is nobody to tell.
fn note(text: &str) {
    if text.is_empty() {
        return;
    }
    let _ = writeln!(io::stderr(), "{}", visible(text.trim_end_matches('\n')));
}

/// Refuses rounds that a replication has not.
fn check_rounds(tell: &Tell, rounds: u32) -> Result<()> {
    match tell.rounds {
        Some(asked) if asked.last > rounds => Err(usage(format!(
            "--rounds: there is no round {}: a replication has rounds 1 to {rounds}",
            asked.last
        ))),
        _ => Ok(()),
    }
}

/// More rounds than anyone wants to read one by one.
const MANY_ROUNDS: u32 = 200;

/// Tells one replication of a design point, with the answers of a recording.
fn tell(point: &Resolved, telling: &Telling, folder: &Path) -> Result<()> {
    let asked = point.responder.is_asked();
    let recording = asked.then(|| Recording::read(folder)).transpose()?;
    let mut answering = Answering::new(point, recording.as_ref());
    match (narrate(point, telling, &mut answering), recording) {
        (ControlFlow::Continue((text, _)), _) => {
            print(&text)?;
            if telling.told == Told::Rounds(None) && point.world.rounds > MANY_ROUNDS {
                note(
                    "To see less: --incidents tells only what went down, --rounds 100-200 some of \
                     the rounds.",
                );
            }
            Ok(())
        }
        (ControlFlow::Break(()), recording) => Err(anyhow!(
            "replication {} lacks an answer of the responder `{}` in {}; `run --record` asks for it, and \
             --recording names another folder",
            telling.replication,
            point.responder.name,
            recording
                .map_or(folder.to_owned(), |r| r.path().to_owned())
                .display(),
        )),
    }
}

/// The folder of the recording: what the command line says, or the experiment, or the usual one.
fn recording_folder(asked: Option<&PathBuf>, design: &Design) -> PathBuf {
    let settings = design.experiment().recording.as_ref();
    let said = || settings.map_or(RecordingSettings::default().folder, |s| s.folder.clone());
    asked.cloned().unwrap_or_else(|| said().into())
}

/// Prints on stdout. What would steer a terminal shows as text; the colours of our own tables stay.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let printed = views::painted(text)
        .into_iter()
        .try_for_each(|(colour, text)| write!(out, "{colour}{}", visible(text)))
        .and_then(|()| out.flush());
    unless_closed(printed.map_err(anyhow::Error::from))
}

/// What was printed; a reader that has had enough (`| head`) is no error.
fn unless_closed(printed: Result<()>) -> Result<()> {
    let closed = |e: &anyhow::Error| {
        let io = e.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = e
            .downcast_ref::<serde_json::Error>()
            .and_then(|e| e.io_error_kind());
        io.or(json) == Some(ErrorKind::BrokenPipe)
    };
    match printed {
        Err(e) if closed(&e) => Ok(()),
        other => other,
    }
}

/// Makes the summary tables of a results folder, all of them or none.
fn write_summary(
    held: &Held,
    sweep: &Sweep,
    counts: ByPoint<'_>,
    stop: &AtomicBool,
) -> Result<Summary> {
    let mut tables = Tables::new(&sweep.design, |name| held.create(name))?;
    let summary = summary_of(sweep, counts, Some(&mut tables), stop)?;
    for (_, file) in tables.finish(0..sweep.design.len(), &summary.comparisons)? {
        file.keep().context("can't write the summary tables")?;
    }
    Ok(summary)
}

/// Summarises the counts of a results folder that has a finished part, point by point.
fn summary_of<W: Write>(
    sweep: &Sweep,
    counts: ByPoint<'_>,
    tables: Option<&mut Tables<'_, W>>,
    stop: &AtomicBool,
) -> Result<Summary> {
    let points = counts.points();
    if points.is_empty() {
        let path = sweep.root.display();
        return Err(usage(format!("{path} holds no finished part yet")));
    }
    let shown = views::shown_points(&sweep.design, &points);
    summary::summarize(sweep, counts, &shown, tables, stop)
}

/// Prints the summary, or its tables in the folder as JSON with the verdicts of gates.
fn print_summary(
    sweep: &Sweep,
    summary: &Summary,
    decided: &[Decided],
    format: StdoutFormat,
) -> Result<()> {
    let (path, design) = (&sweep.root, &sweep.design);
    match format {
        StdoutFormat::Table => print(&views::table(design, summary, look::of_stdout())),
        StdoutFormat::Json => {
            let compared = design.experiment().compare.is_some();
            let comparisons = compared.then(|| read_table(path, "comparisons"));
            let (summary, comparisons) = (read_table(path, "summary")?, comparisons.transpose()?);
            print_json(|out| views::document(out, design, Some(summary), comparisons, decided))
        }
    }
}

/// Prints what is written, JSON, and ends the line.
fn print_json(write: impl FnOnce(&mut BufWriter<StdoutLock>) -> Result<()>) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = write(&mut out);
    unless_closed(printed.and_then(|()| Ok(out.write_all(b"\n").and_then(|()| out.flush())?)))
}

/// An experiment file as a checked design, and the files that it was read from.
fn load_design(path: &Path, overrides: &Overrides) -> Result<(Design, Sources)> {
    let mut sources = Sources::default();
    let design = Design::load(path, overrides, &mut sources)
        .map_err(|problems| Problems::new(&sources, problems))?;
    Ok((design, sources))
}

/// Says on stderr what is legal in a design and surely not meant.
fn advise(design: &Design, sources: &Sources) {
    for advice in advice::of_design(design) {
        note(&advice.warning(sources));
    }
}
