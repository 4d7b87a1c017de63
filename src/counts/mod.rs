//! The integers that every summary rests on: they add up in any order to the same totals.

mod answers;
mod tally;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use answers::{Answered, Answers};
use serde::{Serialize, Serializer};
pub use tally::Tally;

use crate::simulation::Count;
use crate::statistics::jackknife::{GROUPS, TtrCell};

/// What an incident waits for; each is over when the incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// To be resolved.
    Resolve,
    /// To be detected, in a world with cases.
    Detect,
    /// To be acknowledged, in a world with cases.
    Acknowledge,
}

impl Wait {
    const ALL: [Self; 3] = [Self::Resolve, Self::Detect, Self::Acknowledge];
}

/// What a stored count counts. The names are those of the `counts` tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Replications with `value` up checks.
    UpChecks,
    /// Replications with `value` rounds in which the journey worked; of several, by weight.
    JourneyUpRounds,
    /// Of several journeys, replications with `value` rounds in which number `group` worked.
    JourneyRounds,
    /// Incidents of group `group` whose wait was over after `value` half rounds.
    Ended(Wait),
    /// Incidents of group `group` that had waited for `value` half rounds at the end.
    Censored(Wait),
    /// The first replication with the worst value of the SLA's indicator is `count`; `value` are its
    /// up checks, or its rounds with a working journey if the SLA is held to the journey.
    Worst,
    /// The same, with the best value.
    Best,
    /// Replications whose error budget was exhausted in round `value`.
    BudgetExhaustedRound,
    /// Incidents of cause `cause`.
    CauseIncidents,
    /// Down checks in incidents of cause `cause`.
    CauseDownChecks,
    /// Replications that missed the SLA.
    SlaMissed,
    /// The sum of a count over the replications.
    Total(Count),
    /// What was answered by responders that have to be asked.
    Answered(Answered),
    /// Answers that took `value` milliseconds.
    AnswerLatency,
}

impl Measure {
    const PLAIN: [(Self, &'static str); 16] = [
        (Self::UpChecks, "up_checks"),
        (Self::JourneyUpRounds, "journey_up_rounds"),
        (Self::JourneyRounds, "journey_rounds"),
        (Self::Ended(Wait::Resolve), "ttr_closed"),
        (Self::Censored(Wait::Resolve), "ttr_censored"),
        (Self::Ended(Wait::Detect), "detect_ended"),
        (Self::Censored(Wait::Detect), "detect_censored"),
        (Self::Ended(Wait::Acknowledge), "acknowledge_ended"),
        (Self::Censored(Wait::Acknowledge), "acknowledge_censored"),
        (Self::Worst, "worst_replication"),
        (Self::Best, "best_replication"),
        (Self::BudgetExhaustedRound, "budget_exhausted_round"),
        (Self::CauseIncidents, "cause_incidents"),
        (Self::CauseDownChecks, "cause_down_checks"),
        (Self::SlaMissed, "sla_missed"),
        (Self::AnswerLatency, "answers_latency_ms"),
    ];

    /// Its name in the `counts` tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Total(count) => count.name(),
            Self::Answered(of) => of.name(),
            other => Self::PLAIN
                .iter()
                .find(|(measure, _)| *measure == other)
                .map_or("", |(_, name)| name),
        }
    }

    /// The measure of that name.
    pub fn find(name: &str) -> Option<Self> {
        let plain = Self::PLAIN.iter().find(|(_, n)| *n == name);
        let total = || Count::ALL.into_iter().find(|count| count.name() == name);
        plain
            .map(|(measure, _)| *measure)
            .or_else(|| total().map(Self::Total))
            .or_else(|| {
                let mut answered = Answered::ALL.into_iter();
                answered.find(|of| of.name() == name).map(Self::Answered)
            })
    }
}

/// One row of a `counts` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountRow {
    /// What is counted.
    pub measure: Measure,
    /// Group of replications (replication mod 100) or number of the journey, where it matters.
    pub group: u32,
    /// The value that is counted.
    pub value: u32,
    /// How often.
    pub count: u64,
    /// Names of scenarios joined by `+`, where it matters; `None` if there was none.
    pub cause: Option<Arc<str>>,
}

/// The incidents of one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseCounts {
    /// The scenarios that were active, or had just struck, when they opened: names joined by `+`,
    /// in file order; `None` if there was none.
    #[serde(serialize_with = "text")]
    pub cause: Option<Arc<str>>,
    /// How many.
    pub incidents: u64,
    /// Checks at assess that found a server down in one of them.
    pub down_checks: u64,
}

fn text<S: Serializer>(text: &Option<Arc<str>>, out: S) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(out)
}

/// All counts of one design point, over any number of replications.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PointCounts {
    /// Replications by their number of up checks.
    pub up_checks: BTreeMap<u32, u64>,
    /// Replications by their rounds with a working journey; empty in a world without one.
    pub journey_up_rounds: BTreeMap<u32, u64>,
    /// Of each of several journeys, in file order: replications by the rounds in which it worked.
    pub journeys: Vec<BTreeMap<u32, u64>>,
    /// By [`Wait`]: incidents by time and group.
    waits: [BTreeMap<u32, Box<TtrCell>>; 3],
    /// Of the replications that the SLA's indicator calls the worst and the best: what counts
    /// towards the SLA, and their numbers.
    worst: Option<(u32, u64)>,
    best: Option<(u32, u64)>,
    sla_missed: u64,
    totals: [u64; Count::ALL.len()],
    /// Replications by the round in which their error budget was exhausted.
    pub budget_exhausted_round: BTreeMap<u32, u64>,
    /// Incidents and down checks by cause.
    causes: BTreeMap<Option<Arc<str>>, [u64; 2]>,
    /// What was answered by a responder that has to be asked.
    pub answers: Answers,
}

/// A replication at one end of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extreme {
    /// Its number.
    pub replication: u64,
    /// What counts towards the SLA: up checks, or rounds with a working journey.
    pub good: u32,
}

impl Extreme {
    fn of((good, replication): (u32, u64)) -> Self {
        Self { replication, good }
    }
}

impl PointCounts {
    /// Number of replications.
    pub fn replications(&self) -> u64 {
        self.up_checks.values().sum()
    }

    /// Replications that missed the SLA.
    pub fn sla_missed(&self) -> u64 {
        self.sla_missed
    }

    /// The sum of a count over the replications.
    pub fn total(&self, count: Count) -> u64 {
        self.totals[count as usize]
    }

    /// The replication that is the worst by the SLA's indicator, of several the first, with what it
    /// has of it: up checks, or rounds with a working journey.
    pub fn worst(&self) -> Option<Extreme> {
        self.worst.map(Extreme::of)
    }

    /// The best one, of several the first.
    pub fn best(&self) -> Option<Extreme> {
        self.best.map(Extreme::of)
    }

    /// Takes note of a replication that may be the worst or the best.
    fn rank(&mut self, good: u32, replication: u64) {
        let this = (good, replication);
        self.worst = Some(self.worst.map_or(this, |worst| worst.min(this)));
        let higher = |best: (u32, u64)| {
            let better = good > best.0 || good == best.0 && replication < best.1;
            if better { this } else { best }
        };
        self.best = Some(self.best.map_or(this, higher));
    }

    /// The incidents by cause: those without one first, then in the order of the names.
    pub fn causes(&self) -> Vec<CauseCounts> {
        let causes = self.causes.iter();
        causes
            .map(|(cause, [incidents, down_checks])| CauseCounts {
                cause: cause.clone(),
                incidents: *incidents,
                down_checks: *down_checks,
            })
            .collect()
    }

    /// The incidents by time to resolve and group, in the order of time.
    pub fn ttr_cells(&self) -> Vec<TtrCell> {
        self.wait_cells(Wait::Resolve)
    }

    /// The incidents by the time of a wait and group, in the order of time; of detection and
    /// acknowledgement there are none in a world without cases.
    pub fn wait_cells(&self, wait: Wait) -> Vec<TtrCell> {
        let cells = self.waits[wait as usize].values();
        cells.map(|cell| **cell).collect()
    }

    /// The counts as rows, in a fixed order.
    pub fn rows(&self) -> Vec<CountRow> {
        let mut rows = Vec::new();
        let mut push = |measure, group: usize, value: u32, count: u64| {
            if count > 0 {
                rows.push(CountRow {
                    measure,
                    group: group as u32,
                    value,
                    count,
                    cause: None,
                });
            }
        };
        for (value, count) in &self.up_checks {
            push(Measure::UpChecks, 0, *value, *count);
        }
        for (value, count) in &self.journey_up_rounds {
            push(Measure::JourneyUpRounds, 0, *value, *count);
        }
        for (journey, rounds) in self.journeys.iter().enumerate() {
            for (value, count) in rounds {
                push(Measure::JourneyRounds, journey, *value, *count);
            }
        }
        for (wait, cells) in Wait::ALL.into_iter().zip(&self.waits) {
            for (value, cell) in cells {
                for group in 0..GROUPS {
                    push(Measure::Ended(wait), group, *value, cell.closed[group]);
                    push(Measure::Censored(wait), group, *value, cell.censored[group]);
                }
            }
        }
        for (round, count) in &self.budget_exhausted_round {
            push(Measure::BudgetExhaustedRound, 0, *round, *count);
        }
        push(Measure::SlaMissed, 0, 0, self.sla_missed);
        for count in Count::ALL {
            push(Measure::Total(count), 0, 0, self.total(count));
        }
        for of in Answered::ALL {
            push(Measure::Answered(of), 0, 0, self.answers.total(of));
        }
        for (latency, answers) in &self.answers.latency_ms {
            push(Measure::AnswerLatency, 0, *latency, *answers);
        }
        rows.extend(self.extreme_rows());
        rows.extend(self.cause_rows());
        rows
    }

    /// The worst and the best replication.
    fn extreme_rows(&self) -> impl Iterator<Item = CountRow> {
        let extremes = [(Measure::Worst, self.worst), (Measure::Best, self.best)];
        extremes.into_iter().filter_map(|(measure, extreme)| {
            let (value, replication) = extreme?;
            Some(CountRow {
                measure,
                group: 0,
                value,
                count: replication,
                cause: None,
            })
        })
    }

    /// What each cause brought.
    fn cause_rows(&self) -> impl Iterator<Item = CountRow> {
        const MEASURES: [Measure; 2] = [Measure::CauseIncidents, Measure::CauseDownChecks];
        self.causes.iter().flat_map(|(cause, counts)| {
            MEASURES
                .into_iter()
                .zip(counts)
                .map(|(measure, count)| CountRow {
                    measure,
                    group: 0,
                    value: 0,
                    count: *count,
                    cause: cause.clone(),
                })
        })
    }

    /// Adds a row.
    pub fn absorb(&mut self, row: &CountRow) {
        let group = row.group as usize % GROUPS;
        match row.measure {
            Measure::UpChecks => *self.up_checks.entry(row.value).or_default() += row.count,
            Measure::JourneyUpRounds => {
                *self.journey_up_rounds.entry(row.value).or_default() += row.count;
            }
            Measure::JourneyRounds => {
                let journey = row.group as usize;
                if journey >= self.journeys.len() {
                    self.journeys.resize_with(journey + 1, BTreeMap::new);
                }
                *self.journeys[journey].entry(row.value).or_default() += row.count;
            }
            Measure::Ended(wait) => self.cell(wait, row.value).closed[group] += row.count,
            Measure::Censored(wait) => self.cell(wait, row.value).censored[group] += row.count,
            Measure::Worst | Measure::Best => self.rank(row.value, row.count),
            Measure::SlaMissed => self.sla_missed += row.count,
            Measure::Total(count) => self.totals[count as usize] += row.count,
            Measure::BudgetExhaustedRound => {
                *self.budget_exhausted_round.entry(row.value).or_default() += row.count;
            }
            Measure::Answered(of) => self.answers.count(of, row.count),
            Measure::AnswerLatency => self.answers.took(row.value, row.count),
            Measure::CauseIncidents => self.cause(row)[0] += row.count,
            Measure::CauseDownChecks => self.cause(row)[1] += row.count,
        }
    }

    /// Adds the counts of other replications of the same design point.
    pub fn add(&mut self, other: &Self) {
        other.rows().iter().for_each(|row| self.absorb(row));
    }

    fn cause(&mut self, row: &CountRow) -> &mut [u64; 2] {
        self.causes.entry(row.cause.clone()).or_default()
    }

    fn cell(&mut self, wait: Wait, time: u32) -> &mut TtrCell {
        let cells = self.waits[wait as usize].entry(time);
        cells.or_insert_with(|| Box::new(TtrCell::empty(time)))
    }
}

/// A histogram as the statistics take it: values ascending, each with its count.
pub fn histogram(counts: &BTreeMap<u32, u64>) -> Vec<(u64, u64)> {
    let entries = counts.iter();
    entries
        .map(|(value, count)| (u64::from(*value), *count))
        .collect()
}
