//! The integers that every summary rests on: they add up in any order to the same totals.

use std::collections::BTreeMap;

use crate::simulation::Outcome;
use crate::statistics::jackknife::{GROUPS, TtrCell};
use crate::statistics::ratio::ClusterSums;

/// Counts that are summed over replications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum Total {
    /// Replications that missed the SLA.
    SlaMissed,
    /// Injections of chaos.
    Events,
    /// Incidents that opened.
    Incidents,
    /// Incidents open at the end.
    IncidentsOpen,
    /// Alerts raised.
    Alerts,
    /// Alerts handled.
    AlertsHandled,
    /// Alerts handled without the runbook.
    Misdiagnoses,
    /// Actions executed.
    Actions,
    /// Actions executed in vain.
    ActionsFailed,
    /// Actions blocked by a cooldown.
    ActionsBlocked,
    /// Rounds with more critical alerts than the SRE can bear.
    OverwhelmedRounds,
}

impl Total {
    /// All of them, in the order of the columns.
    pub const ALL: [Self; 11] = [
        Self::SlaMissed,
        Self::Events,
        Self::Incidents,
        Self::IncidentsOpen,
        Self::Alerts,
        Self::AlertsHandled,
        Self::Misdiagnoses,
        Self::Actions,
        Self::ActionsFailed,
        Self::ActionsBlocked,
        Self::OverwhelmedRounds,
    ];

    /// Its column.
    pub fn name(self) -> &'static str {
        match self {
            Self::SlaMissed => "sla_missed",
            Self::Events => "events",
            Self::Incidents => "incidents",
            Self::IncidentsOpen => "incidents_open",
            Self::Alerts => "alerts",
            Self::AlertsHandled => "alerts_handled",
            Self::Misdiagnoses => "misdiagnoses",
            Self::Actions => "actions",
            Self::ActionsFailed => "actions_failed",
            Self::ActionsBlocked => "actions_blocked",
            Self::OverwhelmedRounds => "overwhelmed_rounds",
        }
    }

    fn of(self, outcome: &Outcome) -> u64 {
        u64::from(match self {
            Self::SlaMissed => u32::from(!outcome.sla_met),
            Self::Events => outcome.events,
            Self::Incidents => outcome.incidents,
            Self::IncidentsOpen => outcome.incidents_open,
            Self::Alerts => outcome.alerts,
            Self::AlertsHandled => outcome.alerts_handled,
            Self::Misdiagnoses => outcome.misdiagnoses,
            Self::Actions => outcome.actions,
            Self::ActionsFailed => outcome.actions_failed,
            Self::ActionsBlocked => outcome.actions_blocked,
            Self::OverwhelmedRounds => outcome.overwhelmed_rounds,
        })
    }
}

/// What a stored count counts. The names are those of the `counts` tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Replications with `value` up checks.
    UpChecks,
    /// Replications with `value` rounds in which the journey worked.
    JourneyUpRounds,
    /// Incidents of group `group` that closed after `value` half rounds.
    TtrClosed,
    /// Incidents of group `group` that were open for `value` half rounds at the end.
    TtrCensored,
    /// Sums of powers of a replication's closed incidents x and their half rounds y, in parts:
    /// the sum is that of count × 2^value.
    ClosedX,
    /// See [`Self::ClosedX`].
    ClosedY,
    /// See [`Self::ClosedX`].
    ClosedXX,
    /// See [`Self::ClosedX`].
    ClosedXY,
    /// See [`Self::ClosedX`].
    ClosedYY,
    /// The first replication with the fewest up checks is `count`, with `value` of them.
    Worst,
    /// The first replication with the most up checks is `count`, with `value` of them.
    Best,
    /// A total.
    Total(Total),
}

impl Measure {
    const PLAIN: [(Self, &'static str); 11] = [
        (Self::UpChecks, "up_checks"),
        (Self::JourneyUpRounds, "journey_up_rounds"),
        (Self::TtrClosed, "ttr_closed"),
        (Self::TtrCensored, "ttr_censored"),
        (Self::ClosedX, "closed_x"),
        (Self::ClosedY, "closed_y"),
        (Self::ClosedXX, "closed_xx"),
        (Self::ClosedXY, "closed_xy"),
        (Self::ClosedYY, "closed_yy"),
        (Self::Worst, "worst_replication"),
        (Self::Best, "best_replication"),
    ];

    /// Its name in the `counts` tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Total(total) => total.name(),
            other => Self::PLAIN
                .iter()
                .find(|(measure, _)| *measure == other)
                .map_or("", |(_, name)| name),
        }
    }

    /// The measure of that name.
    pub fn find(name: &str) -> Option<Self> {
        let plain = Self::PLAIN.iter().find(|(_, n)| *n == name);
        let total = || Total::ALL.into_iter().find(|t| t.name() == name);
        plain
            .map(|(measure, _)| *measure)
            .or_else(|| total().map(Self::Total))
    }
}

/// One row of a `counts` table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountRow {
    /// What is counted.
    pub measure: Measure,
    /// Group of replications, where it matters: replication mod 100.
    pub group: u32,
    /// The value that is counted.
    pub value: u32,
    /// How often.
    pub count: u64,
}

/// All counts of one design point, over any number of replications.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PointCounts {
    /// Replications by their number of up checks.
    pub up_checks: BTreeMap<u32, u64>,
    /// Replications by their rounds with a working journey; empty in a world without one.
    pub journey_up_rounds: BTreeMap<u32, u64>,
    /// Incidents by time and group.
    ttr: BTreeMap<u32, Box<TtrCell>>,
    /// Sums over replications for the closed incidents only.
    closed: [u128; 5],
    /// Up checks and number of the replications with the fewest and the most.
    worst: Option<(u32, u64)>,
    best: Option<(u32, u64)>,
    totals: [u64; Total::ALL.len()],
}

impl PointCounts {
    /// Counts one replication.
    pub fn add(
        &mut self,
        replication: u64,
        outcome: &Outcome,
        journey: bool,
        closed_ttr: &[u32],
        censored_ttr: &[u32],
    ) {
        *self.up_checks.entry(outcome.up_checks).or_default() += 1;
        self.rank(outcome.up_checks, replication);
        if journey {
            let rounds = outcome.journey_up_rounds;
            *self.journey_up_rounds.entry(rounds).or_default() += 1;
        }
        let group = (replication % GROUPS as u64) as usize;
        for ttr in closed_ttr {
            self.cell(*ttr).closed[group] += 1;
        }
        for ttr in censored_ttr {
            self.cell(*ttr).censored[group] += 1;
        }
        let (x, y) = (
            closed_ttr.len() as u128,
            u128::from(outcome.ttr_half_rounds),
        );
        for (sum, term) in self.closed.iter_mut().zip([x, y, x * x, x * y, y * y]) {
            *sum += term;
        }
        for total in Total::ALL {
            self.totals[total as usize] += total.of(outcome);
        }
    }

    /// Number of replications.
    pub fn replications(&self) -> u64 {
        self.up_checks.values().sum()
    }

    /// A total.
    pub fn total(&self, total: Total) -> u64 {
        self.totals[total as usize]
    }

    /// The replication with the fewest up checks; of several, the first.
    pub fn worst(&self) -> Option<u64> {
        self.worst.map(|(_, replication)| replication)
    }

    /// The replication with the most up checks; of several, the first.
    pub fn best(&self) -> Option<u64> {
        self.best.map(|(_, replication)| replication)
    }

    fn rank(&mut self, up_checks: u32, replication: u64) {
        let this = (up_checks, replication);
        self.worst = Some(self.worst.map_or(this, |worst| worst.min(this)));
        let higher = |best: (u32, u64)| {
            let better = up_checks > best.0 || up_checks == best.0 && replication < best.1;
            if better { this } else { best }
        };
        self.best = Some(self.best.map_or(this, higher));
    }

    /// The incidents by time and group, in the order of time.
    pub fn ttr_cells(&self) -> Vec<TtrCell> {
        self.ttr.values().map(|cell| **cell).collect()
    }

    /// The sums for the closed incidents with the replication as cluster; `None` where they
    /// would not fit.
    pub fn closed_sums(&self) -> Option<ClusterSums> {
        let [x, y, xx, xy, yy] = self.closed;
        Some(ClusterSums {
            n: self.replications(),
            x: u64::try_from(x).ok()?,
            y: u64::try_from(y).ok()?,
            xx,
            xy,
            yy,
        })
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
                });
            }
        };
        for (value, count) in &self.up_checks {
            push(Measure::UpChecks, 0, *value, *count);
        }
        for (value, count) in &self.journey_up_rounds {
            push(Measure::JourneyUpRounds, 0, *value, *count);
        }
        for (value, cell) in &self.ttr {
            for group in 0..GROUPS {
                push(Measure::TtrClosed, group, *value, cell.closed[group]);
                push(Measure::TtrCensored, group, *value, cell.censored[group]);
            }
        }
        for (measure, sum) in CLOSED.into_iter().zip(self.closed) {
            for digit in 0..4 {
                let bits = (sum >> (32 * digit)) as u64 & u64::from(u32::MAX);
                push(measure, 0, 32 * digit, bits);
            }
        }
        for total in Total::ALL {
            push(Measure::Total(total), 0, 0, self.total(total));
        }
        for (measure, extreme) in [(Measure::Worst, self.worst), (Measure::Best, self.best)] {
            rows.extend(extreme.map(|(value, replication)| CountRow {
                measure,
                group: 0,
                value,
                count: replication,
            }));
        }
        rows
    }

    /// Adds a row.
    pub fn absorb(&mut self, row: &CountRow) {
        let group = row.group as usize % GROUPS;
        match row.measure {
            Measure::UpChecks => *self.up_checks.entry(row.value).or_default() += row.count,
            Measure::JourneyUpRounds => {
                *self.journey_up_rounds.entry(row.value).or_default() += row.count;
            }
            Measure::TtrClosed => self.cell(row.value).closed[group] += row.count,
            Measure::TtrCensored => self.cell(row.value).censored[group] += row.count,
            Measure::Worst | Measure::Best => self.rank(row.value, row.count),
            Measure::Total(total) => self.totals[total as usize] += row.count,
            sum => {
                if let Some(i) = CLOSED.iter().position(|measure| *measure == sum) {
                    self.closed[i] += u128::from(row.count) << row.value.min(96);
                }
            }
        }
    }

    fn cell(&mut self, ttr: u32) -> &mut TtrCell {
        self.ttr.entry(ttr).or_insert_with(|| {
            Box::new(TtrCell {
                half_round: ttr,
                closed: [0; GROUPS],
                censored: [0; GROUPS],
            })
        })
    }
}

/// A histogram as the statistics take it: values ascending, each with its count.
pub fn histogram(counts: &BTreeMap<u32, u64>) -> Vec<(u64, u64)> {
    let entries = counts.iter();
    entries
        .map(|(value, count)| (u64::from(*value), *count))
        .collect()
}

const CLOSED: [Measure; 5] = [
    Measure::ClosedX,
    Measure::ClosedY,
    Measure::ClosedXX,
    Measure::ClosedXY,
    Measure::ClosedYY,
];
