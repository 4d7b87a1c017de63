//! One experiment: a baseline and a point over common replications, and what is estimated of them.

use std::collections::BTreeMap;

use sysworld::counts::{CountRow, Measure, PointCounts, Wait};
use sysworld::simulation::{Outcome, State};
use sysworld::statistics::Confidence;
use sysworld::statistics::jackknife::{GROUPS, TtrDistribution};
use sysworld::statistics::mean::bounded_mean;
use sysworld::statistics::paired::{
    Difference, PairedCounts, mean_difference, mttr_difference, proportion_difference,
};
use sysworld::statistics::proportion::{ProportionMethod, proportion};
use sysworld::statistics::quantile::quantile;
use sysworld::statistics::ratio::closed_mean;

use super::tally::Tallies;
use super::truth::{AGES, QUANTILES, Scale, Truth, list};

pub const SLA: [(&str, ProportionMethod); 3] = [
    ("sla_miss", ProportionMethod::Wilson),
    ("sla_miss, exact", ProportionMethod::ClopperPearson),
    ("sla_miss, Jeffreys", ProportionMethod::Jeffreys),
];

/// One replication: what is counted of it.
#[derive(Debug, Clone)]
pub struct Replication {
    pub outcome: Outcome,
    pub closed: Vec<u32>,
    pub censored: Vec<u32>,
}

impl Replication {
    pub fn of(outcome: &Outcome, state: &State) -> Self {
        Self {
            outcome: *outcome,
            closed: state.closed_ttr().to_vec(),
            censored: state.censored_ttr().to_vec(),
        }
    }

    /// What it adds to the counts of its design point, as replication `number` of it.
    fn rows(&self, number: u64) -> Vec<CountRow> {
        let row = |measure, value| CountRow {
            measure,
            group: (number % GROUPS as u64) as u32,
            value,
            count: 1,
            cause: None,
        };
        let mut rows = vec![
            row(Measure::UpChecks, self.outcome.up_checks),
            row(Measure::JourneyUpRounds, self.outcome.journey_up_rounds),
        ];
        rows.extend(
            self.closed
                .iter()
                .map(|ttr| row(Measure::Ended(Wait::Resolve), *ttr)),
        );
        let censored = self.censored.iter();
        rows.extend(censored.map(|ttr| row(Measure::Censored(Wait::Resolve), *ttr)));
        if !self.outcome.sla_met {
            rows.push(row(Measure::SlaMissed, 0));
        }
        rows
    }
}

/// The counts of one experiment: a baseline, a point, and their pairs.
#[derive(Debug, Default)]
pub struct Experiment {
    pub counts: [PointCounts; 2],
    pub up_differences: BTreeMap<i64, u64>,
    pub missed: PairedCounts,
}

impl Experiment {
    pub fn add(&mut self, replication: u64, pair: &[Replication; 2]) {
        for (counts, one) in self.counts.iter_mut().zip(pair) {
            for row in one.rows(replication) {
                counts.absorb(&row);
            }
        }
        let [baseline, point] = pair.each_ref().map(|one| one.outcome);
        let difference = i64::from(point.up_checks) - i64::from(baseline.up_checks);
        *self.up_differences.entry(difference).or_default() += 1;
        let cell = match (point.sla_met, baseline.sla_met) {
            (false, false) => &mut self.missed.both,
            (false, true) => &mut self.missed.point_only,
            (true, false) => &mut self.missed.baseline_only,
            (true, true) => &mut self.missed.neither,
        };
        *cell += 1;
    }
}

impl Tallies {
    /// Every estimate of the summary of one design point.
    pub fn summarise(
        &mut self,
        counts: &PointCounts,
        scale: Scale,
        truth: &Truth,
        level: Confidence,
    ) {
        let n = counts.replications();
        let (up, journey) = (list(&counts.up_checks), list(&counts.journey_up_rounds));
        for (name, histogram, scale) in [
            ("availability", &up, scale.checks),
            ("journey", &journey, scale.rounds),
        ] {
            let mean = bounded_mean(histogram, scale, level).expect("a mean");
            self.note(name, n, mean.interval, mean.method, truth.values[name]);
        }
        for (name, method) in SLA {
            let missed = counts.sla_missed();
            let share = proportion(missed, n, method, level).expect("a share");
            let truth = truth.values["sla_miss"];
            self.note(name, n, share.interval, share.method, truth);
        }
        for (name, per_mille) in QUANTILES {
            let value = quantile(&up, scale.checks, per_mille, level).expect("a quantile");
            self.note(name, n, value.interval, value.method, truth.values[name]);
        }
        let (cells, horizon) = (counts.ttr_cells(), scale.horizon());
        let ttr = TtrDistribution::new(&cells, n, horizon, level).expect("a distribution");
        for (name, per_mille) in AGES {
            self.note_age(name, n, ttr.quantile(per_mille), truth.ages[name]);
        }
        let closed = closed_mean(&cells, n, level);
        for (name, estimate) in [
            ("mttr", ttr.restricted_mean.map(|mean| mean.estimate)),
            ("mttr_closed", closed),
        ] {
            let method = estimate.map_or("withheld_no_incident", |estimate| estimate.method);
            let interval = estimate.and_then(|estimate| estimate.interval);
            self.note(name, n, interval, method, truth.values[name]);
        }
    }

    /// Every difference of one experiment.
    pub fn compare(
        &mut self,
        experiment: &Experiment,
        scale: Scale,
        truth: &[Truth; 2],
        level: Confidence,
    ) {
        let n = experiment.counts[0].replications();
        let list: Vec<(i64, u64)> = experiment
            .up_differences
            .iter()
            .map(|(d, c)| (*d, *c))
            .collect();
        let [baseline, point] = experiment.counts.each_ref().map(|counts| {
            let (cells, n) = (counts.ttr_cells(), counts.replications());
            TtrDistribution::new(&cells, n, scale.horizon(), level)
                .expect("a distribution")
                .restricted_mean
        });
        let means = baseline.zip(point);
        let differences: [(_, _, Option<Difference>); 3] = [
            (
                "availability, difference",
                "availability",
                mean_difference(&list, scale.checks, level),
            ),
            (
                "sla_miss, difference",
                "sla_miss",
                proportion_difference(&experiment.missed, level),
            ),
            (
                "mttr, difference",
                "mttr",
                means.and_then(|(baseline, point)| mttr_difference(&point, &baseline, level)),
            ),
        ];
        for (name, of, ours) in differences {
            let method = ours.map_or("withheld_no_incident", |ours| ours.method);
            let interval = ours.and_then(|ours| ours.interval);
            let truth = truth[1].values[of] - truth[0].values[of];
            self.note(name, n, interval, method, truth);
        }
    }
}
