//! `verify`, `status` and `merge`: what is there of a sweep, what is not, and joining it.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, anyhow};
use sysworld::error::usage;
use sysworld::files;
use sysworld::precision;
use sysworld::report;
use sysworld::results::{self, ByPoint, Verification};
use sysworld::summary::{self, Tables};
use sysworld::sweep::{Shard, ranges};

use super::{print, print_summary, signals, summary_of, write_summary};
use crate::cli::{Merge, Status, StdoutFormat, Verify};

/// `verify RESULTS`: every file of every part against the ledger.
pub fn verify(args: &Verify) -> Result<()> {
    let state = Verification::of(&args.results)?;
    let (missing, mut damages) = (state.missing(), state.damages());
    // Shards that are not merged yet have no summary.
    let blocked = !state.in_the_way.is_empty();
    if missing.is_empty() && state.is_merged(&args.results) && !blocked {
        damages.extend(damaged_tables(&state)?);
    }
    let mut text = String::new();
    for damage in &damages {
        text.push_str(&format!("{damage}\n"));
    }
    for left in &state.litter {
        text.push_str(&format!(
            "{left}: left by a run that was cut short; no damage, and the next run removes it\n"
        ));
    }
    for (_, id) in &missing {
        text.push_str(&format!("part {id}: missing\n"));
    }
    text.push_str(at_work(&state));
    text.push_str(&format!(
        "{} of {} parts are whole\n",
        state.whole.len(),
        state.sweep.plan.parts.len()
    ));
    print(&text)?;
    if damages.is_empty() && missing.is_empty() {
        return Ok(());
    }
    let found = format!(
        "{} damages and {} missing parts",
        damages.len(),
        missing.len()
    );
    if blocked {
        return Err(usage(format!(
            "{found}; `run` repairs them only after what is in its way was moved"
        )));
    }
    // What is the user's is no more than named.
    let (mine, all) = (state.not_ours.len(), damages.len() + missing.len());
    Err(match mine {
        0 => anyhow!("{found}; `run` repairs them"),
        mine if mine == all => {
            anyhow!("{found}; `run` leaves files that are not ours where they are")
        }
        _ => anyhow!("{found}; `run` repairs them, but for the files that are not ours"),
    })
}

/// Summary tables and the report of a finished sweep that are not what its counts say.
fn damaged_tables(state: &Verification) -> Result<Vec<String>> {
    let (path, design) = (&state.sweep.root, &state.sweep.design);
    let begin = |name: &str| Ok(Compared::begin(&path.join(name)));
    let mut tables = Tables::new(design, begin)?;
    let stop = AtomicBool::new(false);
    let counts = ByPoint::open(&state.sweep, &stop)?.finished()?;
    let summary = summary_of(&state.sweep, counts, Some(&mut tables), &stop)?;
    let mut files = tables.finish(0..design.len(), &summary.comparisons)?;
    // Whoever wants no report has none.
    if path.join(results::PAGE).exists() {
        let page = report::page(&report::Report::new(design, &summary))?;
        let mut file = begin(results::PAGE)?;
        file.write_all(page.as_bytes())?;
        files.push((results::PAGE.to_owned(), file));
    }
    let damages = files.into_iter().filter_map(|(name, file)| {
        let why = file.difference()?;
        Some(format!("{name}: {why}"))
    });
    Ok(damages.collect())
}

/// Compares what is written with what a file holds.
struct Compared {
    file: Option<BufReader<File>>,
    /// Why the file is not what was written.
    why: Option<String>,
}

impl Compared {
    fn begin(path: &Path) -> Self {
        match files::open_regular(path, u64::MAX) {
            Ok(file) => Self {
                file: Some(BufReader::new(file)),
                why: None,
            },
            Err(e) => Self {
                file: None,
                why: Some(e.to_string()),
            },
        }
    }

    fn compare(&mut self, bytes: &[u8]) {
        let mut found = vec![0; bytes.len()];
        if let (Some(file), None) = (&mut self.file, &self.why)
            && (file.read_exact(&mut found).is_err() || found != bytes)
        {
            self.why = Some(OTHER.to_owned());
        }
    }

    /// What is wrong with the file, after all was written.
    fn difference(mut self) -> Option<String> {
        let more = self.file.as_mut().map(|file| file.read(&mut [0]));
        self.why.or_else(|| match more? {
            Ok(0) => None,
            Ok(_) => Some(OTHER.to_owned()),
            Err(e) => Some(e.to_string()),
        })
    }
}

const OTHER: &str = "not what the counts say";

impl Write for Compared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.compare(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `status RESULTS`: how far a sweep is.
pub fn status(args: &Status) -> Result<()> {
    let state = Verification::of(&args.results)?;
    let missing = state.missing();
    if args.missing {
        // Which shards have work left; without shards, which parts.
        let numbers: Vec<usize> = match args.shards {
            Some(of) => (1..=of)
                .filter(|index| {
                    let shard = Shard { index: *index, of };
                    missing.iter().any(|(position, _)| shard.takes(*position))
                })
                .map(|index| index as usize)
                .collect(),
            None => missing.iter().map(|(position, _)| *position).collect(),
        };
        return print(&(ranges(&numbers) + "\n"));
    }
    let parts = &state.sweep.plan.parts;
    let all: u64 = parts.iter().map(|part| part.replications()).sum();
    let done: u64 = state.whole.values().map(|record| record.replications).sum();
    let generations = state.sweep.manifest.generations.len();
    let wanting = wanting(&state)?;
    let damages = state.damages();
    print(&format!(
        "generations   {generations}\n\
         parts         {} of {} finished\n\
         replications  {done} of {all} finished\n\
         damages       {}{}\n{}{wanting}",
        state.whole.len(),
        parts.len(),
        damages.len(),
        if damages.is_empty() {
            ""
        } else {
            " (`verify` names them)"
        },
        at_work(&state)
    ))
}

fn at_work(state: &Verification) -> &'static str {
    if state.running {
        "a run is at work here; what it has not finished counts as missing\n"
    } else {
        ""
    }
}

/// How many design points a precision gives more replications than are planned so far.
fn wanting(state: &Verification) -> Result<String> {
    let design = &state.sweep.design;
    if design.experiment().precision.is_empty() || !state.missing().is_empty() {
        return Ok(String::new());
    }
    let confidence = summary::confidence(design)?;
    let stop = AtomicBool::new(false);
    let counts = ByPoint::open(&state.sweep, &stop)?;
    let points = precision::asking(design, counts, confidence)?;
    Ok(format!(
        "precision     {points} of {} design points are to get more replications\n",
        design.len()
    ))
}

/// `merge FOLDER…`: shards into one folder, and its summary.
pub fn merge(args: &Merge) -> Result<()> {
    let out = match (&args.out, &args.folders[..]) {
        (Some(out), _) => out,
        (None, [only]) => only,
        (None, _) => {
            return Err(usage(
                "where to? Say it with --out when several folders are merged",
            ));
        }
    };
    let (held, sweep) = results::merge(&args.folders, out, args.locks.locking())?;
    let stop = signals::listen()?;
    let counts = ByPoint::open(&sweep, &stop)?.finished()?;
    let summary = write_summary(&held, &sweep, counts, &stop)?;
    report::write_page(&held, &sweep.design, &summary)?;
    results::read_back(&held, &sweep)?;
    print_summary(&sweep, &summary, &[], StdoutFormat::Table)
}
