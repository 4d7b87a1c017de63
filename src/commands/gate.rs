//! `run --gate` and `gate`: whether estimates hold to a bound, decided and told.

use std::iter;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, anyhow};
use sysworld::design::Design;
use sysworld::error::{Gated, usage};
use sysworld::gate::{Decided, Decider, Gate, Why, refusal, together};
use sysworld::precision::{self, Looks};
use sysworld::report;
use sysworld::results::{self, ByPoint, Sweep, Unfinished};
use sysworld::statistics::Confidence;
use sysworld::statistics::gate::Verdict;
use sysworld::summary::{self, catalogue};

use super::select::points_at;
use super::{note, print, print_json};
use crate::cli::{self, Run, StdoutFormat};

/// Gates, and the design points that they are asked of.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    gates: &'a [Gate],
    at: &'a [String],
    /// The option that names the points.
    option: &'static str,
}

impl<'a> Asked<'a> {
    /// Those of `run`.
    pub fn of(args: &'a Run) -> Self {
        Self {
            gates: &args.gate,
            at: &args.gate_at,
            option: "--gate-at",
        }
    }
}

/// `gate RESULTS`: gates of a finished sweep, whose folder is only read.
pub fn gate(args: &cli::GateResults) -> Result<()> {
    let asked = Asked {
        gates: &args.gates,
        at: &args.at,
        option: "--at",
    };
    let sweep = Sweep::load(&args.results)?;
    let design = &sweep.design;
    let decided = decide(&asked, &sweep, &AtomicBool::new(false))?;
    match args.format {
        StdoutFormat::Table => print(&report::gates(design, &decided))?,
        StdoutFormat::Json => {
            let none = None::<iter::Empty<_>>;
            print_json(|out| report::document(out, design, none.clone(), none, &decided))?;
        }
    }
    conclude(&decided)
}

/// Refuses the gates of `run` that could not be decided, or are decided already, before anything
/// is written.
pub fn check(args: &Run, out: &Path, design: &Design) -> Result<()> {
    let asked = Asked::of(args);
    if asked.gates.is_empty() {
        // Levels without a gate are clap's to refuse.
        return Ok(());
    }
    let gets_more = !args.force && results::gets_more(out, design)?;
    let looked_at = gets_more || !design.experiment().precision.is_empty();
    refuse(&asked, design, looked_at)
}

fn refuse(asked: &Asked, design: &Design, looked_at: bool) -> Result<()> {
    let points = selected(asked, design)?;
    shared(asked, design, points.len())?;
    let refused = |gate| refusal(gate, design, &points);
    let refused: Vec<String> = asked.gates.iter().filter_map(refused).collect();
    if !refused.is_empty() {
        return Err(usage(refused.join("\n")));
    }
    match asked.gates.iter().find(|gate| !gate.has_sequence()) {
        Some(gate) if looked_at => {
            let others = catalogue::names(|estimator| estimator.has_sequence).join(", ");
            Err(usage(format!(
                "the gate `{gate}` can't be decided: this sweep was looked at before it got more \
                 replications, and that estimate has no interval that holds at every look. Gate on \
                 one of {others}; or begin anew with --force or another --out"
            )))
        }
        _ => Ok(()),
    }
}

/// Decides all gates of a finished sweep; an unfinished one is not decided on.
pub fn decide(asked: &Asked, sweep: &Sweep, stop: &AtomicBool) -> Result<Vec<Decided>> {
    let design = &sweep.design;
    // What `run` saw before it locked the folder may have changed.
    refuse(asked, design, sweep.first_look().is_some())?;
    let points = selected(asked, design)?;
    let looks = sweep.first_look().map_or_else(Looks::default, Looks::all);
    let one = shared(asked, design, points.len())?;
    refuse_unlooked(sweep, stop)?;
    let mut decider = Decider::new(design, asked.gates, one, looks);
    for entry in ByPoint::open(sweep, stop)?.finished()? {
        let (point, counts) = entry?;
        if points.binary_search(&point).is_ok() {
            decider.point(point, &counts);
        }
    }
    Ok(decider.finish())
}

/// What a precision still asks for would be missing of a verdict.
fn refuse_unlooked(sweep: &Sweep, stop: &AtomicBool) -> Result<()> {
    let design = &sweep.design;
    if design.experiment().precision.is_empty() {
        return Ok(());
    }
    let counts = ByPoint::open(sweep, stop)?.finished()?;
    let confidence = summary::confidence(design)?;
    match precision::asking(design, counts, confidence)? {
        0 => Ok(()),
        asking => {
            let all_points = design.len();
            let unfinished = Unfinished::Looks { asking, all_points };
            Err(anyhow!(
                "{}: {unfinished}; `run` goes on",
                sweep.root.display()
            ))
        }
    }
}

/// Tells the verdicts of `run`: on stdout, unless that is for JSON alone or nothing.
pub fn tell(args: &Run, design: &Design, decided: &[Decided]) -> Result<()> {
    let text = report::gates(design, decided);
    if args.format == StdoutFormat::Json || args.quiet {
        // Where stderr is closed the exit code still tells.
        note(&text);
        return Ok(());
    }
    print(&text)
}

/// Fails unless all gates hold.
pub fn conclude(decided: &[Decided]) -> Result<()> {
    let undecided = decided.iter().flat_map(|one| &one.decisions);
    let mut undecided = undecided.filter_map(|decision| decision.why);
    match together(decided.iter().map(Decided::verdict)) {
        Verdict::Holds => Ok(()),
        Verdict::Fails => Err(Gated::Fails.into()),
        Verdict::Undecided if undecided.all(|why| why == Why::NoIncident) => {
            Err(Gated::NoIncident.into())
        }
        Verdict::Undecided => Err(Gated::Undecided.into()),
    }
}

/// The confidence of one interval, so that all hold at once with that of the experiment.
fn shared(asked: &Asked, design: &Design, points: usize) -> Result<Confidence> {
    let confidence = design.experiment().confidence;
    let all = Confidence::new(confidence);
    let one = all.and_then(|all| all.shared_by(points * asked.gates.len()));
    one.ok_or_else(|| {
        let decisions = points * asked.gates.len();
        usage(format!(
            "{decisions} decisions can't share a confidence of {confidence}: each would need one of 1"
        ))
    })
}

fn selected(asked: &Asked, design: &Design) -> Result<Vec<usize>> {
    let option = asked.option;
    if asked.at.is_empty() {
        return Ok((0..design.len()).collect());
    }
    let mut points = Vec::new();
    for at in asked.at {
        if at.split(',').all(|pair| pair.trim().is_empty()) {
            return Err(usage(format!(
                "{option} needs levels, as chaos_level=high,skill=mid"
            )));
        }
        let found = points_at(design, option, at)?;
        if found.is_empty() {
            return Err(usage(format!(
                "no design point has the levels {option} {at}"
            )));
        }
        points.extend(found);
    }
    points.sort_unstable();
    points.dedup();
    Ok(points)
}
