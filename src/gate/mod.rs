//! Gates for pipelines: whether estimates hold to a bound at every design point, decided on
//! intervals that all hold at once.

mod bounds;

use std::fmt;
use std::str::FromStr;

use crate::counts::PointCounts;
use crate::design::Design;
use crate::diagnostics::{hundredth, nearest};
use crate::precision::Looks;
use crate::simulation::Count;
use crate::statistics::gate::{Relation, Verdict, replications_to_decide};
use crate::statistics::{Confidence, Ends};
use crate::summary::catalogue::{self, Estimator, Unit};
use crate::summary::{PointSummary, Reading};

pub use bounds::refusal;

/// What is asked of every design point, as `sla_miss < 5%`.
#[derive(Debug, Clone, Copy)]
pub struct Gate {
    estimator: &'static Estimator,
    relation: Relation,
    bound: f64,
    /// Whether the bound was written in percent.
    in_percent: bool,
}

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "a gate is an estimate, a comparison and a number, as \"sla_miss < 5%\" or \
                    \"mttr_rounds <= 3\"";
        let at = text.find(['<', '>']).ok_or(form)?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let sign = if rest[1..].starts_with('=') {
            &rest[..2]
        } else {
            &rest[..1]
        };
        let relation = Relation::ALL.into_iter().find(|c| c.sign() == sign);
        let number = rest[sign.len()..].trim();
        let in_percent = number.strip_suffix('%');
        let bound = in_percent.unwrap_or(number).trim().parse().ok();
        let bound = bound.filter(|bound: &f64| bound.is_finite());
        let (relation, bound) = relation.zip(bound).ok_or(form)?;
        let estimator = catalogue::find(name).ok_or_else(|| unknown(name))?;
        if in_percent.is_some() && !estimator.unit().has_percent() {
            let words = estimator.unit().words();
            return Err(format!("`{name}` is {words}, so it has no percent"));
        }
        Ok(Self {
            estimator,
            relation,
            bound: in_percent.map_or(bound, |_| hundredth(bound)),
            in_percent: in_percent.is_some(),
        })
    }
}

fn unknown(name: &str) -> String {
    let names = catalogue::names(|_| true);
    let near = nearest(name, &names);
    let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
    let allowed = names.join(", ");
    format!("unknown estimate `{name}`; {near}allowed: {allowed}")
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, sign) = (self.estimator.name, self.relation.sign());
        write!(f, "{name} {sign} {}", self.bound)
    }
}

/// What a gate says of one design point.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Index of the design point.
    pub point: usize,
    /// Its replications.
    pub n: u64,
    /// The estimate; `None` where it is not defined.
    pub value: Option<f64>,
    /// Its interval, which holds at once with those of all other points and gates.
    pub ends: Option<Ends>,
    /// Decided on the interval.
    pub verdict: Verdict,
    /// Why it is undecided, where it is.
    pub why: Option<Why>,
}

/// Why a gate is undecided at a design point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// No incident happened, so there is no time to resolve.
    NoIncident,
    /// Incidents happened, and none was resolved.
    NoneResolved,
    /// The interval is withheld, for the reason that its method gives.
    Withheld(&'static str),
    /// The bound lies within the interval; so many replications would probably decide it, if that
    /// can be said.
    Within(Option<u64>),
}

impl Gate {
    /// The estimate that it is on: a column of `summary`.
    pub fn estimate(&self) -> &'static str {
        self.estimator.name
    }

    /// The unit of the estimate, and of the bound.
    pub fn unit(&self) -> Unit {
        self.estimator.unit()
    }

    /// How the estimate is to stand to the bound.
    pub fn relation(&self) -> Relation {
        self.relation
    }

    /// The bound, in the unit of the estimate.
    pub fn bound(&self) -> f64 {
        self.bound
    }

    /// Whether the estimate has intervals that hold at every look.
    pub fn has_sequence(&self) -> bool {
        self.estimator.has_sequence
    }

    /// Decides at one design point, on a summary whose intervals have this confidence.
    fn decide(&self, summary: &PointSummary, confidence: Confidence) -> Decision {
        let reading = (self.estimator.read)(summary);
        let ends = reading.and_then(|reading| reading.ends);
        let verdict = self.relation.decide(ends, self.bound);
        let undecided = verdict == Verdict::Undecided;
        Decision {
            point: summary.point,
            n: summary.n,
            value: reading.and_then(|reading| reading.value),
            ends,
            verdict,
            why: undecided.then(|| self.why(summary, reading, confidence)),
        }
    }

    fn why(&self, summary: &PointSummary, reading: Option<Reading>, confidence: Confidence) -> Why {
        let resolve = self.estimator.of.is_time_to_resolve();
        let incidents = summary.total(Count::Incidents);
        if resolve && incidents == 0 {
            return Why::NoIncident;
        }
        // What is not defined otherwise was refused.
        let Some(Reading {
            value,
            ends,
            method,
        }) = reading
        else {
            return Why::NoneResolved;
        };
        let Some(ends) = ends else {
            let none_resolved = resolve && incidents == summary.total(Count::IncidentsOpen);
            return match value {
                None if none_resolved => Why::NoneResolved,
                _ => Why::Withheld(method),
            };
        };
        let needed = value.zip(ends.closed()).and_then(|(value, interval)| {
            replications_to_decide(summary.n, value, interval, confidence, self.bound)
        });
        Why::Within(needed)
    }
}

/// Decides gates, one design point after the other.
#[derive(Debug)]
pub struct Decider<'a> {
    design: &'a Design,
    confidence: Confidence,
    looks: Looks,
    /// Whether some gate is on a time to resolve, whose intervals take a jackknife.
    times: bool,
    decided: Vec<Decided>,
}

impl<'a> Decider<'a> {
    /// With the confidence of one of all intervals, and what was looked at while the sweep went on.
    pub fn new(design: &'a Design, gates: &[Gate], confidence: Confidence, looks: Looks) -> Self {
        let decided = gates.iter().map(|gate| Decided {
            gate: *gate,
            decisions: Vec::new(),
        });
        Self {
            design,
            confidence,
            looks,
            times: gates
                .iter()
                .any(|gate| gate.estimator.of.is_time_to_resolve()),
            decided: decided.collect(),
        }
    }

    /// Decides all gates at the next design point.
    pub fn point(&mut self, point: usize, counts: &PointCounts) {
        let Self {
            design,
            confidence,
            looks,
            times,
            decided,
        } = self;
        let summary = PointSummary::for_gates(design, point, counts, *confidence, looks, *times);
        for Decided { gate, decisions } in decided {
            decisions.push(gate.decide(&summary, *confidence));
        }
    }

    /// What each gate says, in the order in which they were given.
    pub fn finish(self) -> Vec<Decided> {
        self.decided
    }
}

/// What one gate says of all its design points.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The gate.
    pub gate: Gate,
    /// Its design points, in design order.
    pub decisions: Vec<Decision>,
}

impl Decided {
    /// One failure fails, and all must hold to hold.
    pub fn verdict(&self) -> Verdict {
        together(self.decisions.iter().map(|decision| decision.verdict))
    }
}

/// What several verdicts say together: one failure fails, and all must hold to hold.
pub fn together(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    verdicts.fold(Verdict::Holds, |all, one| match (all, one) {
        (Verdict::Fails, _) | (_, Verdict::Fails) => Verdict::Fails,
        (Verdict::Undecided, _) | (_, Verdict::Undecided) => Verdict::Undecided,
        (Verdict::Holds, Verdict::Holds) => Verdict::Holds,
    })
}
