//! What `plan` says of responders that have to be asked: what is missing, what it takes, and how many
//! replications tell them from others.

use std::path::Path;

use anyhow::Result;
use sysworld::counts::Answered;
use sysworld::design::Design;
use sysworld::report::{fixed, grouped};
use sysworld::responders::{Asking, Forecast, Pair, Recording, forecast};
use sysworld::statistics::Confidence;
use sysworld::statistics::power::{POWER, least_told, pairs_to_tell};
use sysworld::summary;

use super::signals;

/// Comparisons that are listed.
const MOST_PAIRS: usize = 40;
/// From here on a difference is as good as none.
const COUNTLESS: f64 = 1e7;

/// Lines on the answers that a sweep needs; nothing where nobody has to be asked.
pub fn text(design: &Design, folder: &Path, threads: usize) -> Result<String> {
    if !design.asks() {
        return Ok(String::new());
    }
    let recording = Recording::read(folder)?;
    let stop = signals::listen()?;
    let Forecast { responders, pairs } = forecast(design, &recording, threads, &stop)?;
    let mut text = format!("answers       recorded in {}\n", folder.display());
    for asking in &responders {
        text.push_str(&format!("              {}\n", answers(asking)));
    }
    let confidence = summary::confidence(design)?;
    if !pairs.is_empty() {
        text.push_str(&format!(
            "to tell       (at {} % before Holm's adjustment, with power {} %, if the difference is what the \
             answered replications show)\n",
            fixed(100.0 * confidence.level(), 0),
            fixed(100.0 * POWER, 0)
        ));
    }
    for pair in pairs.iter().take(MOST_PAIRS) {
        text.push_str(&format!(
            "              {}\n",
            told(design, pair, confidence)
        ));
    }
    if pairs.len() > MOST_PAIRS {
        let more = pairs.len() - MOST_PAIRS;
        text.push_str(&format!("              … and {more} more\n"));
    }
    Ok(text)
}

/// What one responder lacks, and what that takes.
fn answers(asking: &Asking) -> String {
    let (name, all) = (&asking.name, grouped(asking.replications));
    let lacking = match asking.lacking() {
        0 => return format!("{name}: all of {all} replications have theirs"),
        lacking => format!(
            "{name}: {} of {all} replications lack some",
            grouped(lacking)
        ),
    };
    let about = |number: f64| grouped(number.round() as u64);
    let Some(requests) = asking.mean(Answered::Requests) else {
        let [idle, runbook] = asking.questions.unwrap_or_default();
        let [least, most] = [idle.min(runbook), idle.max(runbook)].map(|n| fixed(n, 1));
        return format!(
            "{lacking}, each {least} to {most} questions (by the runbook, and if nobody acts); what they \
             cost is known once some are recorded: run --record --replications 5"
        );
    };
    let tokens = asking
        .tokens()
        .map_or(String::new(), |[prompt, completion]| {
            let (prompt, completion) = (about(prompt), about(completion));
            format!(", {prompt} tokens of prompts and {completion} of completions")
        });
    let usd = match asking.usd() {
        Some(usd) => format!(", ${}", fixed(usd, 2)),
        None => String::new(),
    };
    format!(
        "{lacking}: about {} requests{tokens}{usd} (as the first {} took)",
        about(requests * asking.lacking() as f64),
        grouped(asking.sample)
    )
}

/// How many replications tell a design point from that which it is compared with.
fn told(design: &Design, pair: &Pair, confidence: Confidence) -> String {
    let factors = design.experiment().factors.iter().enumerate();
    let compare = design.experiment().compare.as_ref();
    let along = factors.filter(|(_, f)| compare.is_some_and(|c| c.factor == *f.name.get_ref()));
    let from: Vec<String> = along
        .map(|(at, factor)| factor.pair(design.level_index(pair.other, at)))
        .collect();
    let points = |share: f64| fixed(100.0 * share, 2);
    let n = pairs_to_tell(pair.mean, pair.deviation, confidence);
    let needed = match n.filter(|n| *n < COUNTLESS) {
        Some(n) => format!("about {} replications", grouped(n as u64)),
        None => "no number of replications".to_owned(),
    };
    let sign = if pair.mean > 0.0 { "+" } else { "" };
    let planned = design.experiment().replications;
    let least = least_told(pair.deviation, planned, confidence).map_or(String::new(), |least| {
        format!("; {} tell {} points", grouped(planned), points(least))
    });
    format!(
        "{} from {}: {needed} ({} differ by {sign}{} points, standard deviation {}{least})",
        design.describe(pair.point),
        from.join(","),
        grouped(pair.replications),
        points(pair.mean),
        points(pair.deviation),
    )
}
