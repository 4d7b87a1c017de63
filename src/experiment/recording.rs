//! How responders that have to be asked are asked: `[recording]`.

use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::whole;
use crate::diagnostics::Problem;
use crate::document::{Fields, Value};
use crate::world::{NonNegative, Whole};

/// The most that are asked at once.
const MOST_CONCURRENCY: u64 = 256;
/// The longest that an answer may take, in seconds: a day.
const MOST_SECONDS: f64 = 86_400.0;
/// The most requests of a minute.
const MOST_PER_MINUTE: u64 = 1_000_000;
/// The most requests of a budget.
const MOST_REQUESTS: u64 = 1_000_000_000;

/// Where answers are recorded, and how they are asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordingSettings {
    /// The folder of the recording, from where the program runs.
    pub folder: String,
    /// What asking may cost at most in one run.
    pub budget: Budget,
    /// How many are asked at once.
    pub concurrency: u32,
    /// How many requests begin in a minute at most, if that is bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Seconds until an answer that does not come is given up.
    pub timeout_s: f64,
    /// Seconds until a call that fails again and again is given up.
    pub give_up_s: f64,
}

/// What asking may cost at most in one run; what is missing is without a bound.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Requests that are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// Dollars that the tokens cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
}

impl Default for RecordingSettings {
    fn default() -> Self {
        Self {
            folder: "recordings".to_owned(),
            budget: Budget::default(),
            concurrency: 1,
            requests_per_minute: None,
            timeout_s: 60.0,
            give_up_s: 600.0,
        }
    }
}

/// Reads `[recording]`.
pub(super) fn read(fields: &mut Fields) -> Option<RecordingSettings> {
    let value = fields.raw("recording")?;
    let problems = &mut fields.problems;
    let mut fields = Fields::new(value.table("recording", problems)?);
    let standard = RecordingSettings::default();
    let folder: Option<Spanned<String>> = fields.optional("folder");
    let concurrency: Option<Spanned<Whole>> = fields.optional("concurrency");
    let per_minute: Option<Spanned<Whole>> = fields.optional("requests_per_minute");
    let timeout_s: Option<Spanned<f64>> = fields.optional("timeout_s");
    let give_up_s: Option<Spanned<f64>> = fields.optional("give_up_s");
    let budget = fields.raw("budget");
    let mut found = fields.finish();
    if let Some(folder) = folder.as_ref().filter(|folder| folder.get_ref().is_empty()) {
        let problem = Problem::at(folder.span(), "the folder has no name", "empty");
        found.push(problem.help("allowed: a path from where the program runs"));
    }
    let concurrency = whole(concurrency, "concurrency", 1, MOST_CONCURRENCY, &mut found);
    let most = MOST_PER_MINUTE;
    let per_minute = whole(per_minute, "requests_per_minute", 1, most, &mut found);
    let timeout_s = seconds(timeout_s, "timeout_s", &mut found);
    let give_up_s = seconds(give_up_s, "give_up_s", &mut found);
    let budget = budget.map_or_else(Budget::default, |value| read_budget(value, &mut found));
    problems.extend(found);
    Some(RecordingSettings {
        folder: folder.map_or(standard.folder, Spanned::into_inner),
        budget,
        concurrency: concurrency.map_or(standard.concurrency, |n| n as u32),
        requests_per_minute: per_minute.map(|n| n as u32),
        timeout_s: timeout_s.unwrap_or(standard.timeout_s),
        give_up_s: give_up_s.unwrap_or(standard.give_up_s),
    })
}

fn read_budget(value: &Value, problems: &mut Vec<Problem>) -> Budget {
    let Some(table) = value.table("budget", problems) else {
        return Budget::default();
    };
    let mut fields = Fields::new(table);
    let requests: Option<Spanned<Whole>> = fields.optional("requests");
    let usd: Option<NonNegative> = fields.optional("usd");
    problems.extend(fields.finish());
    Budget {
        requests: whole(requests, "requests", 0, MOST_REQUESTS, problems),
        usd: usd.map(NonNegative::get),
    }
}

fn seconds(value: Option<Spanned<f64>>, what: &str, problems: &mut Vec<Problem>) -> Option<f64> {
    let value = value?;
    let seconds = *value.get_ref();
    if seconds > 0.0 && seconds <= MOST_SECONDS {
        return Some(seconds);
    }
    let message = format!("{what} = {seconds} is not possible");
    let problem = Problem::at(value.span(), message, "not allowed");
    problems.push(problem.help(format!(
        "allowed: seconds, more than 0, at most {MOST_SECONDS}"
    )));
    None
}
