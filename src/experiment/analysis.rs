//! What is made of the replications: `[compare]`, `[[precision]]` and `[intervals]`.

use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::exclude::find_level;
use super::factor::{Factor, Level};
use super::{MOST_REPLICATIONS, whole};
use crate::diagnostics::{Problem, Span, hundredth};
use crate::document::Fields;
use crate::world::Whole;

/// Differences along a factor, from one of its levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compare {
    /// Name of the factor.
    pub factor: String,
    /// The level that the others are compared with.
    pub baseline: Level,
}

/// How well an estimate is to be known before a design point gets no more replications.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Precision {
    /// What is estimated.
    pub estimate: PreciseEstimate,
    /// The larger side of its interval is to be at most this, in the unit of the estimate (0–1).
    pub half_width: f64,
    /// The design point gets no more replications than this, whatever its interval.
    pub max_replications: u64,
}

/// An estimate that a precision can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreciseEstimate {
    /// The probability that a replication misses the SLA.
    SlaMiss,
    /// Mean availability of the servers.
    Availability,
    /// Mean availability of the user journey.
    JourneyAvailability,
}

impl PreciseEstimate {
    /// Its name, as in files and columns.
    pub fn name(self) -> &'static str {
        match self {
            Self::SlaMiss => "sla_miss",
            Self::Availability => "availability",
            Self::JourneyAvailability => "journey_availability",
        }
    }
}

/// Methods of intervals, where there is a choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intervals {
    /// Of the probability that a replication misses the SLA.
    pub sla_miss: ProportionInterval,
}

/// An interval of a proportion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProportionInterval {
    /// Wilson's score interval.
    #[default]
    Wilson,
    /// Clopper and Pearson's exact interval.
    ClopperPearson,
    /// Jeffreys' equal-tailed credible interval.
    Jeffreys,
}

/// Reads `[compare]`.
pub(super) fn compare(fields: &mut Fields, factors: &[Factor]) -> Option<Compare> {
    let value = fields.raw("compare")?;
    let problems = &mut fields.problems;
    let table = value.table("compare", problems)?;
    let mut fields = Fields::new(table);
    let name: Option<Spanned<String>> = fields.required("factor");
    let baseline = fields.raw("baseline");
    if baseline.is_none() {
        let message = "the required key `baseline` is missing";
        fields.problems.push(Problem::at(
            table.span.clone(),
            message,
            "`baseline` belongs here",
        ));
    }
    problems.extend(fields.finish());
    let (name, baseline) = (name?, baseline?);
    // Factors that can't be read are told of already.
    if !problems.is_empty() {
        return None;
    }
    let Some(factor) = factors.iter().find(|f| f.name.get_ref() == name.get_ref()) else {
        let known = factors.iter().map(|f| f.name.get_ref().as_str());
        problems.push(Problem::unknown(
            "factor",
            name.get_ref(),
            name.span(),
            known,
        ));
        return None;
    };
    match find_level(baseline, factor) {
        Ok(level) => Some(Compare {
            factor: name.into_inner(),
            baseline: factor.levels[level].clone(),
        }),
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

/// An interval of a fraction is at most 1 wide, so this asks for nothing.
const MOST_HALF_WIDTH: f64 = 0.5;

fn refused_half_width(half_width: f64, at: Span) -> Problem {
    let message = if half_width < MOST_HALF_WIDTH {
        format!("a half-width of {half_width} is impossible")
    } else {
        format!("a half-width of {half_width} asks for nothing: the estimate is a fraction, 0 to 1")
    };
    let problem = Problem::at(at, message, "out of range");
    let points = hundredth(half_width);
    let problem = if (0.5..50.0).contains(&half_width) {
        problem.help(format!(
            "did you mean {points}, that is ± {half_width} percentage points?"
        ))
    } else {
        problem
    };
    problem.help(format!(
        "allowed: a fraction above 0 and below {MOST_HALF_WIDTH}, as 0.005 for ± 0.5 percentage points"
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrecisionEntry {
    estimate: Spanned<PreciseEstimate>,
    half_width: Spanned<f64>,
    max_replications: Spanned<Whole>,
}

/// Reads `[[precision]]`; `replications` is what every design point gets first.
pub(super) fn precision(fields: &mut Fields, replications: Option<u64>) -> Vec<Precision> {
    let entries: Vec<PrecisionEntry> = fields.list("precision");
    let problems = &mut fields.problems;
    let mut list: Vec<Precision> = Vec::new();
    for entry in entries {
        let (half_width, at) = (*entry.half_width.get_ref(), entry.half_width.span());
        if !(half_width > 0.0 && half_width < MOST_HALF_WIDTH) {
            problems.push(refused_half_width(half_width, at));
        }
        let estimate = *entry.estimate.get_ref();
        if list.iter().any(|other| other.estimate == estimate) {
            let message = format!("a precision of {} is asked for twice", estimate.name());
            problems.push(Problem::at(entry.estimate.span(), message, "again"));
        }
        let at = entry.max_replications.span();
        let most = Some(entry.max_replications);
        let most = whole(most, "max_replications", 1, MOST_REPLICATIONS, problems);
        let (Some(max_replications), Some(first)) = (most, replications) else {
            continue;
        };
        if max_replications < first {
            let message =
                format!("at most {max_replications} replications, but {first} to begin with");
            problems.push(
                Problem::at(at, message, "below `replications`")
                    .help("every design point is looked at first after `replications`"),
            );
        }
        list.push(Precision {
            estimate,
            half_width,
            max_replications,
        });
    }
    list
}
