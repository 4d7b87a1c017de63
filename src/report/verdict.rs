//! Whether the SLA is met: an interval against a tolerance that is said.

use serde::Serialize;

use super::axes::Axes;
use super::numbers::{digits, fixed, grouped, percent};
use super::plain::Case;
use super::shown::Point;
use crate::statistics::Interval;
use crate::summary::Overall;

/// Shares of replications that may miss the SLA, to choose from.
pub const TOLERANCES: [f64; 5] = [0.01, 0.05, 0.1, 0.25, 0.5];
/// The tolerance that the page opens with, as an index.
pub const DEFAULT: usize = 1;
/// Lines of the answer at most.
const MOST_LINES: usize = 24;

/// What an interval says of a tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SlaVerdict {
    /// All of the interval is within the tolerance.
    Met,
    /// All of it is beyond.
    Missed,
    /// The tolerance is within the interval.
    Undecided,
    /// There is no interval.
    Unknown,
}

impl SlaVerdict {
    /// The verdict on the probability of a miss.
    pub fn on(miss: Option<Interval>, tolerance: f64) -> Self {
        match miss {
            None => Self::Unknown,
            Some(interval) if interval.hi <= tolerance => Self::Met,
            Some(interval) if interval.lo > tolerance => Self::Missed,
            Some(_) => Self::Undecided,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Undecided => "undecided",
            Self::Unknown => "without a verdict",
        }
    }
}

/// The answer for one tolerance.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The tolerance, as a share of replications.
    pub tolerance: f64,
    /// The tolerance in percent, as text.
    pub label: String,
    /// The answer in a sentence.
    pub headline: String,
    /// How sure that is, in a sentence: the least and the highest risk.
    pub detail: String,
    /// For each series: where it is met, undecided, missed.
    pub lines: Vec<Line>,
    /// The verdict on each point.
    pub verdicts: Vec<SlaVerdict>,
}

/// The answer for one series.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The levels that make the series; empty where there is only one.
    pub name: String,
    /// Its answer.
    pub text: String,
}

/// The answers for all tolerances, of all design points (`overall`), with the verdicts of those
/// that are shown; `ends` are the cases with the fewest and the most misses, `sla` names the
/// agreement.
pub fn answers(
    overall: &Overall,
    ends: Option<&[Case; 2]>,
    (axes, points): (&Axes, &[Point]),
    sla: &str,
    confidence: f64,
) -> Vec<Answer> {
    let detail = ends.and_then(|ends| detail(ends, overall, confidence));
    let answer = |tolerance: &f64| {
        let on = |miss: Option<Interval>| SlaVerdict::on(miss, *tolerance);
        let every: Vec<(SlaVerdict, u64)> = overall
            .misses
            .iter()
            .map(|(miss, points)| (on(miss.interval()), *points))
            .collect();
        let miss = |point: &Point| point.estimates.get("sla_miss").and_then(|e| e.interval());
        let verdicts: Vec<SlaVerdict> = points.iter().map(|point| on(miss(point))).collect();
        Answer {
            tolerance: *tolerance,
            label: percent(*tolerance),
            headline: headline(&every, sla),
            detail: detail.clone().unwrap_or_default(),
            lines: lines(axes, points, &verdicts),
            verdicts,
        }
    };
    TOLERANCES.iter().map(answer).collect()
}

fn headline(verdicts: &[(SlaVerdict, u64)], sla: &str) -> String {
    let count = |wanted| -> u64 {
        let like = verdicts.iter().filter(|(verdict, _)| *verdict == wanted);
        like.map(|(_, points)| points).sum()
    };
    let all: u64 = verdicts.iter().map(|(_, points)| points).sum();
    let kinds = [
        SlaVerdict::Met,
        SlaVerdict::Undecided,
        SlaVerdict::Missed,
        SlaVerdict::Unknown,
    ];
    if let Some(only) = kinds.into_iter().find(|kind| count(*kind) == all) {
        let place = match all {
            1 => String::new(),
            2 => " at both design points".to_owned(),
            _ => format!(" at all {} design points", grouped(all)),
        };
        return match only {
            SlaVerdict::Unknown => format!("{sla}: no interval, so no verdict{place}."),
            SlaVerdict::Undecided if all == 1 => format!("{sla}: undecided."),
            _ => format!("{sla} is {}{place}.", only.word()),
        };
    }
    let parts: Vec<String> = kinds
        .into_iter()
        .filter(|kind| count(*kind) > 0)
        .map(|kind| format!("{} at {}", kind.word(), grouped(count(kind))))
        .collect();
    format!(
        "{sla} is {} of {} design points.",
        parts.join(", "),
        grouped(all)
    )
}

/// The points of least and highest risk, with their intervals.
fn detail([least, most]: &[Case; 2], overall: &Overall, confidence: f64) -> Option<String> {
    let say = |case: &Case, place: &str| {
        let miss = case.miss?;
        let (value, interval) = (miss.value?, miss.interval()?);
        let digits = digits(100.0 * interval.half_width(value), 1);
        let [value, lo, hi] = [value, interval.lo, interval.hi].map(|x| fixed(100.0 * x, digits));
        Some(format!(
            "{value} %{place}, {} % interval {lo} to {hi} %",
            percent(confidence)
        ))
    };
    let of = "Share of replications that miss it";
    if least.place == most.place && overall.misses.len() == 1 {
        return Some(format!("{of}: {}.", say(least, "")?));
    }
    Some(format!(
        "{of}: least {}; most {}.",
        say(least, &format!(" ({})", least.place))?,
        say(most, &format!(" ({})", most.place))?
    ))
}

/// Each series along x, with runs of the same verdict.
fn lines(axes: &Axes, points: &[Point], verdicts: &[SlaVerdict]) -> Vec<Line> {
    let Some(x) = axes.x else { return Vec::new() };
    if axes.sampled {
        return Vec::new();
    }
    let others: Vec<usize> = axes.panels.iter().copied().chain(axes.series).collect();
    let mut rows: Vec<(Vec<usize>, usize, SlaVerdict)> = points
        .iter()
        .zip(verdicts)
        .map(|(point, verdict)| {
            let line = others.iter().map(|factor| point.levels[*factor]).collect();
            (line, point.levels[x], *verdict)
        })
        .collect();
    rows.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let lines: Vec<Line> = rows
        .chunk_by(|a, b| a.0 == b.0)
        .map(|line| {
            let labels = &axes.factors[x].labels;
            let runs = line.chunk_by(|a, b| a.2 == b.2).map(|run| {
                let word = run.first().map_or("", |first| first.2.word());
                match run {
                    [first, .., last] if axes.factors[x].ordered && run.len() > 2 => {
                        format!("{word} from {} to {}", labels[first.1], labels[last.1])
                    }
                    _ => {
                        let at: Vec<&str> = run.iter().map(|r| labels[r.1].as_str()).collect();
                        format!("{word} at {}", at.join(", "))
                    }
                }
            });
            let name = others.iter().zip(&line[0].0);
            let name: Vec<&str> = name
                .map(|(factor, level)| axes.factors[*factor].labels[*level].as_str())
                .collect();
            Line {
                name: name.join(" · "),
                text: runs.collect::<Vec<_>>().join("; "),
            }
        })
        .collect();
    if lines.len() > MOST_LINES {
        return Vec::new();
    }
    lines
}
