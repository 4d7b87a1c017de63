//! What each command does, from its arguments to its output.

mod gate;
mod plan;
mod replay;
mod report;
mod run;
mod select;
mod shards;
mod simulate;

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anyhow::Result;
use clap::CommandFactory;
use sysworld::advice;
use sysworld::design::Design;
use sysworld::diagnostics::{Problem, Problems, Sources};
use sysworld::error::usage;
use sysworld::experiment::{Experiment, Overrides};
use sysworld::report as views;
use sysworld::results::Sweep;
use sysworld::schema;
use sysworld::summary::{self, Summary};
use sysworld::world::{BUILT_IN, WorldFile, WorldSource};

use crate::cli::{Cli, Completions, Schema, SchemaOf, StdoutFormat, Summarize, Worlds};

pub use plan::plan;
pub use replay::replay;
pub use report::report;
pub use run::run;
pub use shards::{merge, status, verify};
pub use simulate::simulate;

/// `summarize`: the summary tables again, from the counts.
pub fn summarize(args: &Summarize) -> Result<()> {
    let sweep = Sweep::load(&args.results)?;
    let summary = summary::summarize(&args.results, &sweep)?;
    let Sweep { design, plan, .. } = sweep;
    if summary.points.is_empty() {
        return Err(usage(format!(
            "{} holds no finished part yet",
            args.results.display()
        )));
    }
    summary.write(&args.results, &design)?;
    print_summary(&design, &summary, args.format)?;
    if summary.parts < plan.parts.len() {
        let (done, all) = (summary.parts, plan.parts.len());
        let _ = writeln!(
            io::stderr(),
            "unfinished: {done} of {all} parts, {} of {} design points; `run` goes on",
            summary.points.len(),
            design.len()
        );
    }
    Ok(())
}

/// `worlds`: a list, or one world file.
pub fn worlds(args: &Worlds) -> Result<()> {
    let Some(name) = &args.name else {
        let mut text = String::new();
        for built_in in BUILT_IN {
            let mut sources = Sources::default();
            let world = WorldFile::load(&WorldSource::BuiltIn(built_in.name), &mut sources)
                .and_then(|file| file.world())
                .map_err(|problems| Problems::new(&sources, problems))?;
            text.push_str(&format!("{:<17} {}\n", built_in.name, world.description));
        }
        text.push_str(
            "\nPrint one as a file to start from: sysworld worlds cloudinfra > my-world.toml\n",
        );
        return print(&text);
    };
    match BUILT_IN.iter().find(|world| world.name == name) {
        Some(world) => print(world.text),
        None => {
            let names = BUILT_IN.map(|world| world.name);
            let problem = Problem::general(format!("unknown world `{name}`"));
            let problem = problem.suggest(name, &names);
            Err(Problems::new(&Sources::default(), vec![problem]).into())
        }
    }
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

/// Prints an error with its causes on stderr.
pub fn complain(error: &anyhow::Error) {
    let text = if error.is::<Problems>() {
        format!("{error}")
    } else {
        format!("error: {error:#}")
    };
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints on stdout; a reader that has had enough (`| head`) is no error.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Makes the summary tables of a results folder and, if wanted, its report.
fn summarize_into(path: &Path, sweep: &Sweep, with_report: bool) -> Result<Summary> {
    let (counts, parts) = summary::read_counts(path, &sweep.design)?;
    let summary = summary::summarize_counts(path, sweep, &counts, parts)?;
    summary.write(path, &sweep.design)?;
    if with_report {
        views::write_page(path, &sweep.design, &counts, &summary)?;
    }
    Ok(summary)
}

fn print_summary(design: &Design, summary: &Summary, format: StdoutFormat) -> Result<()> {
    match format {
        StdoutFormat::Table => print(&views::table(design, summary)),
        StdoutFormat::Json => print(&(views::json(&summary.summary_frame(design))? + "\n")),
    }
}

/// An experiment file as a checked design. What is legal in it and surely not meant goes to stderr,
/// unless it is to be `quiet`.
fn load_design(path: &Path, overrides: &Overrides, quiet: bool) -> Result<Design> {
    let mut sources = Sources::default();
    let design = Experiment::load(path, overrides, &mut sources)
        .and_then(Design::new)
        .map_err(|problems| Problems::new(&sources, problems))?;
    if !quiet {
        for advice in advice::of_design(&design) {
            // Where stderr is closed there is nobody to tell.
            let _ = writeln!(io::stderr(), "{}", advice.warning(&sources));
        }
    }
    Ok(design)
}
