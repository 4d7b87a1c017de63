//! Counting while simulating: plain lists where the maps of [`PointCounts`] would cost more than
//! the replication.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Answers, PointCounts, Wait};
use crate::simulation::{CauseSet, Count, CountedIncident, Model, Replication};
use crate::statistics::jackknife::{GROUPS, TtrCell};

/// The counts of one design point while its replications are being simulated. After the first
/// few, counting another allocates nothing.
#[derive(Debug, Default)]
pub struct Tally {
    up_checks: Histogram<u64>,
    journey_up_rounds: Histogram<u64>,
    journeys: Vec<Histogram<u64>>,
    budget_exhausted_round: Histogram<u64>,
    /// By [`Wait`].
    waits: [Histogram<Option<Box<TtrCell>>>; 3],
    /// Incidents and down checks by cause.
    causes: Histogram<[u64; 2]>,
    worst: Option<(u32, u64)>,
    best: Option<(u32, u64)>,
    sla_missed: u64,
    totals: [u64; Count::ALL.len()],
    answers: Answers,
}

impl Tally {
    /// Counts one replication. Those of a tally come in ascending order.
    pub fn replication(&mut self, number: u64, replication: &Replication, model: &Model) {
        let outcome = &replication.outcome;
        *self.up_checks.at(outcome.up_checks.into()) += 1;
        if model.has_journey() {
            *self.journey_up_rounds.at(outcome.journey_up_rounds.into()) += 1;
        }
        if let Some(round) = replication.budget_exhausted {
            *self.budget_exhausted_round.at(round.into()) += 1;
        }
        // Of several that are equal the first counts, and the first comes first.
        let good = outcome.good(model);
        if self.worst.is_none_or(|(least, _)| good < least) {
            self.worst = Some((good, number));
        }
        if self.best.is_none_or(|(most, _)| good > most) {
            self.best = Some((good, number));
        }
        self.sla_missed += u64::from(!outcome.sla_met);
        for count in Count::ALL {
            self.totals[count as usize] += u64::from(count.of(outcome));
        }
    }

    /// Counts the answers of a replication.
    pub fn answers(&mut self, answers: &Answers) {
        self.answers.add(answers);
    }

    /// Counts the rounds in which each of several journeys worked in a replication.
    pub fn journeys(&mut self, rounds: impl Iterator<Item = u32>) {
        for (journey, rounds) in rounds.enumerate() {
            if journey == self.journeys.len() {
                self.journeys.push(Histogram::default());
            }
            *self.journeys[journey].at(rounds.into()) += 1;
        }
    }

    /// Counts one incident; `first` is the replication of lane 0.
    pub fn incident(&mut self, first: u64, incident: &CountedIncident, model: &Model) {
        let [incidents, down_checks] = self.causes.at(incident.cause.0);
        *incidents += 1;
        *down_checks += u64::from(incident.down_checks);
        let group = ((first + incident.lane as u64) % GROUPS as u64) as usize;
        self.wait(Wait::Resolve, incident.ttr, incident.censored, group);
        if model.has_cases() {
            self.response(incident, group);
        }
    }

    /// Counts when an incident was detected and acknowledged.
    fn response(&mut self, incident: &CountedIncident, group: usize) {
        for (wait, known) in [Wait::Detect, Wait::Acknowledge]
            .into_iter()
            .zip(incident.known)
        {
            // One that closes before has waited until then, too.
            let (time, censored) = match known {
                Some(time) => (time, false),
                None => (incident.ttr, incident.censored),
            };
            self.wait(wait, time, censored, group);
        }
    }

    fn wait(&mut self, wait: Wait, time: u32, censored: bool, group: usize) {
        let cell = self.waits[wait as usize].at(time.into());
        let cell = cell.get_or_insert_with(|| Box::new(TtrCell::empty(time)));
        let counts = if censored {
            &mut cell.censored
        } else {
            &mut cell.closed
        };
        counts[group] += 1;
    }

    /// The counts, with causes by name.
    pub fn finish(self, name: impl Fn(CauseSet) -> Option<Arc<str>>) -> PointCounts {
        let plain = |histogram: Histogram<u64>| {
            let met = histogram.into_values().filter(|(_, count)| *count > 0);
            met.map(|(value, count)| (value as u32, count)).collect()
        };
        let causes = self.causes.into_values();
        PointCounts {
            up_checks: plain(self.up_checks),
            journey_up_rounds: plain(self.journey_up_rounds),
            journeys: self.journeys.into_iter().map(plain).collect(),
            budget_exhausted_round: plain(self.budget_exhausted_round),
            waits: self.waits.map(|times| {
                let cells = times.into_values();
                let met = cells.filter_map(|(time, cell)| Some((time as u32, cell?)));
                met.collect()
            }),
            worst: self.worst,
            best: self.best,
            sla_missed: self.sla_missed,
            totals: self.totals,
            answers: self.answers,
            causes: causes
                .filter(|(_, [incidents, _])| *incidents > 0)
                .map(|(cause, counts)| (name(CauseSet(cause)), counts))
                .collect(),
        }
    }
}

/// Counts by value: small values in a list, for speed; great ones, of long replications, in a map.
#[derive(Debug, Default)]
struct Histogram<T> {
    near: Vec<T>,
    far: BTreeMap<u64, T>,
}

impl<T: Default> Histogram<T> {
    /// Values below are near.
    const NEAR: u64 = 1 << 12;

    fn at(&mut self, value: u64) -> &mut T {
        if value >= Self::NEAR {
            return self.far.entry(value).or_default();
        }
        let value = value as usize;
        if value >= self.near.len() {
            self.near.resize_with(value + 1, T::default);
        }
        &mut self.near[value]
    }

    /// All values up to the greatest, in order, also those that were not met.
    fn into_values(self) -> impl Iterator<Item = (u64, T)> {
        (0..).zip(self.near).chain(self.far)
    }
}
