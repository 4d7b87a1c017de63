//! `run --gate`: whether estimates hold to a bound, decided and told.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, anyhow};
use sysworld::design::Design;
use sysworld::error::{Gated, usage};
use sysworld::gate::{Decision, Gate, together};
use sysworld::precision::Looks;
use sysworld::results::{self, ByPoint, Sweep};
use sysworld::statistics::Confidence;
use sysworld::statistics::gate::Verdict;

use super::print;
use super::select::points_at;
use crate::cli::{Run, StdoutFormat};

/// Points that are listed of each verdict.
const MOST_LISTED: usize = 20;

/// Decides all gates of a finished sweep, says which points decided, and fails unless they hold.
pub fn gate(args: &Run, out: &Path, sweep: &Sweep, stop: &AtomicBool) -> Result<()> {
    if args.gate.is_empty() {
        return Ok(());
    }
    let design = &sweep.design;
    let points = selected(args, design)?;
    let looks = sweep.first_look().map_or_else(Looks::default, Looks::all);
    let one = shared(args, design, points.len())?;
    let mut by_gate: Vec<Vec<Decision>> = vec![Vec::new(); args.gate.len()];
    for entry in ByPoint::open(out, sweep, stop)?.finished()? {
        let (point, counts) = entry?;
        if points.binary_search(&point).is_err() {
            continue;
        }
        for (gate, decided) in args.gate.iter().zip(&mut by_gate) {
            decided.push(gate.decide(design, point, &counts, one, &looks));
        }
    }
    let (mut text, mut decisions) = (String::new(), Vec::new());
    for (gate, decided) in args.gate.iter().zip(by_gate) {
        if decided.len() < points.len() {
            return Err(anyhow!("design points are missing; `run` goes on"));
        }
        text.push_str(&told(design, gate, &decided));
        decisions.extend(decided);
    }
    if args.format == StdoutFormat::Json || args.quiet {
        // stdout is for the JSON alone; where stderr is closed the exit code still tells.
        let _ = io::stderr().write_all(text.as_bytes());
    } else {
        print(&text)?;
    }
    match together(&decisions) {
        Verdict::Holds => Ok(()),
        Verdict::Fails => Err(Gated::Fails.into()),
        Verdict::Undecided => Err(Gated::Undecided.into()),
    }
}

/// Refuses gates that could not be decided, before anything is written.
pub fn check(args: &Run, out: &Path, design: &Design) -> Result<()> {
    let points = selected(args, design)?;
    if args.gate.is_empty() {
        return Ok(());
    }
    shared(args, design, points.len())?;
    let looked_at = !args.force && results::gets_more(out, design)?;
    if !looked_at && design.experiment().precision.is_empty() {
        return Ok(());
    }
    match args.gate.iter().find(|gate| !gate.has_sequence()) {
        None => Ok(()),
        Some(gate) => Err(usage(format!(
            "the gate `{gate}` can't be decided: this sweep was looked at before it got more \
             replications, and that estimate has no interval that holds at every look. Gate on \
             availability, journey_availability, sla_miss, nines, downtime_minutes or \
             budget_spent_mean, or begin anew with --force or another --out"
        ))),
    }
}

/// The confidence of one interval, so that all hold at once with that of the experiment.
fn shared(args: &Run, design: &Design, points: usize) -> Result<Confidence> {
    let confidence = design.experiment().confidence;
    let all = Confidence::new(confidence);
    let one = all.and_then(|all| all.shared_by(points * args.gate.len()));
    one.ok_or_else(|| {
        let decisions = points * args.gate.len();
        usage(format!(
            "{decisions} decisions can't share a confidence of {confidence}: each would need one of 1"
        ))
    })
}

fn selected(args: &Run, design: &Design) -> Result<Vec<usize>> {
    if args.gate_at.is_empty() {
        return Ok((0..design.len()).collect());
    }
    let mut points = Vec::new();
    for at in &args.gate_at {
        if at.split(',').all(|pair| pair.trim().is_empty()) {
            let form = "--gate-at needs levels, as chaos_level=high,skill=mid";
            return Err(usage(form));
        }
        let found = points_at(design, "--gate-at", at)?;
        if found.is_empty() {
            return Err(usage(format!(
                "no design point has the levels --gate-at {at}"
            )));
        }
        points.extend(found);
    }
    points.sort_unstable();
    points.dedup();
    Ok(points)
}

/// The verdicts on a gate, and the points that they are of.
fn told(design: &Design, gate: &Gate, decisions: &[Decision]) -> String {
    let (verdict, number) = (together(decisions), decisions.len());
    let points = if number == 1 { "point" } else { "points" };
    let error = 100.0 * (1.0 - design.experiment().confidence);
    let mut text = format!(
        "gate {gate}: {} ({number} design {points}; all decisions hold together, up to an error \
         of {error:.3} %)\n",
        name(verdict)
    );
    for verdict in [Verdict::Fails, Verdict::Undecided, Verdict::Holds] {
        let of = || decisions.iter().filter(|d| d.verdict == verdict);
        for decision in of().take(MOST_LISTED) {
            text.push_str(&line(design, decision));
        }
        let more = of().count().saturating_sub(MOST_LISTED);
        if more > 0 {
            text.push_str(&format!("  {:<9}  … and {more} more\n", name(verdict)));
        }
    }
    text
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "fails",
        Verdict::Undecided => "undecided",
    }
}

fn line(design: &Design, decision: &Decision) -> String {
    let value = decision
        .value
        .map_or("none".to_owned(), |v| format!("{v:.5}"));
    let interval = match decision.interval {
        Some(i) if i.hi < f64::MAX => format!(" [{:.5}, {:.5}]", i.lo, i.hi),
        Some(i) => format!(" [{:.5}, no upper end]", i.lo),
        None => " (no interval)".to_owned(),
    };
    let advice = decision.replications.map_or(String::new(), |n| {
        format!("; {n} replications would probably decide it")
    });
    format!(
        "  {:<9}  {}  {value}{interval}{advice}\n",
        name(decision.verdict),
        design.describe(decision.point)
    )
}
