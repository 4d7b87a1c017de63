//! The verdicts of gates in words and for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::numbers::{grouped, percent};
use crate::design::Design;
use crate::experiment::Level;
use crate::gate::{Decided, Decision, Gate, Why};
use crate::statistics::Ends;
use crate::statistics::gate::Verdict;
use crate::summary::catalogue::Unit;

/// Points that are listed of each verdict.
const MOST_LISTED: usize = 20;

/// The verdicts of gates, and the points that they are of.
pub fn gates(design: &Design, decided: &[Decided]) -> String {
    decided.iter().map(|one| told(design, one)).collect()
}

fn told(design: &Design, decided: &Decided) -> String {
    let Decided { gate, decisions } = decided;
    let number = decisions.len();
    let points = if number == 1 { "point" } else { "points" };
    let error = percent(1.0 - design.experiment().confidence);
    let mut text = format!(
        "gate {}: {} ({number} design {points}; all decisions hold together, up to an error of \
         {error} %)\n",
        with_unit(gate),
        name(decided.verdict())
    );
    for verdict in [Verdict::Fails, Verdict::Undecided, Verdict::Holds] {
        let of = || decisions.iter().filter(|d| d.verdict == verdict);
        for decision in of().take(MOST_LISTED) {
            let at = design.describe(decision.point);
            let said = of_point(gate, decision);
            text.push_str(&format!("  {:<9}  {at}  {said}\n", name(verdict)));
        }
        let more = of().count().saturating_sub(MOST_LISTED);
        if more > 0 {
            text.push_str(&format!("  {:<9}  … and {more} more\n", name(verdict)));
        }
    }
    text
}

/// The verdict of a gate, for programs.
#[derive(Debug, Serialize)]
pub(super) struct GateRow<'a> {
    /// As it could be given again.
    gate: String,
    /// A column of `summary`.
    estimate: &'static str,
    /// Of the bound, the values and their intervals.
    unit: &'static str,
    /// `<`, `<=`, `>` or `>=`.
    comparison: &'static str,
    /// In the unit of the estimate.
    bound: f64,
    /// `holds`, `fails` or `undecided`: that of all points together.
    verdict: &'static str,
    /// That all decisions on all gates of the command are right.
    confidence: f64,
    /// In design order.
    points: Vec<PointRow<'a>>,
}

/// What a gate says of one design point, for programs.
#[derive(Debug, Serialize)]
pub(super) struct PointRow<'a> {
    /// Key of the design point.
    point: String,
    /// Its levels, by factor.
    levels: BTreeMap<&'a str, &'a Level>,
    /// Replications.
    n: u64,
    /// The estimate.
    value: Option<f64>,
    /// The lower end of its interval.
    lo: Option<f64>,
    /// The upper end; missing where there is none.
    hi: Option<f64>,
    /// `holds`, `fails` or `undecided`.
    verdict: &'static str,
    /// Why it is undecided.
    why: Option<String>,
    /// Replications that would probably decide it.
    replications_to_decide: Option<u64>,
}

/// The verdict of a gate with all its points, for programs.
pub(super) fn row<'a>(design: &'a Design, decided: &Decided) -> GateRow<'a> {
    let gate = &decided.gate;
    GateRow {
        gate: gate.to_string(),
        estimate: gate.estimate(),
        unit: gate.unit().words(),
        comparison: gate.relation().sign(),
        bound: gate.bound(),
        verdict: name(decided.verdict()),
        confidence: design.experiment().confidence,
        points: decided.decisions.iter().map(|d| point(design, d)).collect(),
    }
}

fn point<'a>(design: &'a Design, decision: &Decision) -> PointRow<'a> {
    let factors = design.experiment().factors.iter().enumerate();
    let level = |index| design.level(decision.point, index);
    PointRow {
        point: design.key(decision.point).to_string(),
        levels: factors
            .map(|(index, factor)| (factor.name.get_ref().as_str(), level(index)))
            .collect(),
        n: decision.n,
        value: decision.value,
        lo: decision.ends.map(Ends::least),
        hi: decision.ends.and_then(Ends::most),
        verdict: name(decision.verdict),
        why: decision.why.map(|why| in_words(why, decision.n)),
        replications_to_decide: match decision.why {
            Some(Why::Within(needed)) => needed,
            _ => None,
        },
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "fails",
        Verdict::Undecided => "undecided",
    }
}

/// A gate with the unit of its bound; a fraction also in percent.
fn with_unit(gate: &Gate) -> String {
    let bound = gate.bound();
    let unit = match gate.unit() {
        Unit::Fraction => format!(" ({} %)", percent(bound)),
        Unit::Budget => format!(" ({} % of the error budget)", percent(bound)),
        Unit::Rounds => " rounds".to_owned(),
        Unit::Minutes => " minutes".to_owned(),
        Unit::Nines => {
            let percent = 100.0 * (1.0 - 10_f64.powf(-bound));
            format!(" ({percent:.*} %)", bound as usize + 1)
        }
    };
    format!("{gate}{unit}")
}

fn of_point(gate: &Gate, decision: &Decision) -> String {
    let (scale, unit) = match gate.unit() {
        Unit::Fraction | Unit::Budget => (100.0, " %"),
        Unit::Rounds => (1.0, " rounds"),
        Unit::Minutes => (1.0, " minutes"),
        Unit::Nines => (1.0, " nines"),
    };
    let closed = decision.ends.and_then(Ends::closed);
    let digits = digits(closed.map(|i| scale * (i.hi - i.lo) / 2.0));
    let value = decision.value.map_or("no value".to_owned(), |value| {
        format!("{:.digits$}{unit}", scale * value)
    });
    let interval = decision.ends.map_or(String::new(), |ends| {
        let lo = scale * ends.least();
        match ends.most() {
            Some(hi) => format!(" [{lo:.digits$}, {:.digits$}]", scale * hi),
            None => format!(" [{lo:.digits$}, no upper end]"),
        }
    });
    let Some(why) = decision.why.map(|why| in_words(why, decision.n)) else {
        return format!("{value}{interval}");
    };
    match (decision.value, decision.ends) {
        (None, None) => why,
        _ => format!("{value}{interval}: {why}"),
    }
}

fn in_words(why: Why, n: u64) -> String {
    let replications = match n {
        1 => "1 replication".to_owned(),
        n => format!("{} replications", grouped(n)),
    };
    match why {
        Why::NoIncident => format!("no incident in {replications}: nothing to decide on"),
        Why::NoneResolved => {
            format!("no incident was resolved in {replications}: nothing to decide on")
        }
        Why::Withheld(method) => {
            let reason = method.trim_start_matches("withheld_").replace('_', " ");
            format!("no interval ({reason} in {replications})")
        }
        Why::Within(None) => "the bound is within the interval".to_owned(),
        Why::Within(Some(needed)) => {
            format!("{} replications would probably decide it", grouped(needed))
        }
    }
}

/// Decimals that show half the width of an interval with two digits.
fn digits(half_width: Option<f64>) -> usize {
    const FEWEST: usize = 3;
    const MOST: usize = 12;
    let half_width = half_width.filter(|width| *width > 0.0).unwrap_or(1.0);
    let enough = |digits: &usize| half_width * 10_f64.powi(*digits as i32) >= 10.0;
    (FEWEST..MOST).find(enough).unwrap_or(MOST)
}
