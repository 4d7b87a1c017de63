//! The shipped worlds against implementations that are independent of this one
//! (`tests/data/reference/README.md`).

use std::collections::BTreeMap;

use sysworld::simulation::{Outcome, State};
use sysworld::statistics::Confidence;
use sysworld::statistics::jackknife::{GROUPS, TtrCell, TtrDistribution};

use crate::support::{Moments, assert_agrees, built_in, chaos_level, model, outcomes, sample};

const CLASSIC: &str = include_str!("../data/reference/classic.csv");
const CLOUDINFRA: &str = include_str!("../data/reference/cloudinfra_two_points.csv");

/// One design point of a reference: its fields by column.
struct Row(BTreeMap<&'static str, &'static str>);

impl Row {
    fn number(&self, column: &str) -> f64 {
        self.0[column].parse().expect("a number")
    }

    fn point(&self) -> String {
        format!("{}, {}", self.0["chaos_level"], self.0["skill"])
    }
}

fn rows(csv: &'static str) -> Vec<Row> {
    let mut lines = csv.lines().map(|line| line.split(','));
    let header: Vec<&str> = lines.next().expect("a header").collect();
    lines
        .map(|fields| Row(header.iter().copied().zip(fields).collect()))
        .collect()
}

/// agentos-classic agrees with the original program at all 12 design points.
#[test]
fn agentos_classic_agrees_with_the_original() {
    let world = built_in("agentos-classic");
    let rows = rows(CLASSIC);
    assert_eq!(rows.len(), 12);
    for row in rows {
        let level = chaos_level(&world, row.0["chaos_level"]);
        let model = model(&world, level, row.0["skill"]);
        let own = outcomes(&model, 200_000);
        let (own_n, their_n) = (own.len() as f64, row.number("replications"));

        let checks = f64::from(model.checks());
        let availability = Moments::of(&own, |o| 100.0 * f64::from(o.up_checks) / checks);
        let their_sd = row.number("availability_sd_pct");
        assert_agrees(
            &format!("{}: availability", row.point()),
            availability.mean,
            row.number("availability_mean_pct"),
            (availability.variance / own_n + their_sd * their_sd / their_n).sqrt(),
        );

        let missed = Moments::of(&own, |o| f64::from(u8::from(!o.sla_met)));
        assert_agrees(
            &format!("{}: SLA missed", row.point()),
            missed.mean,
            row.number("sla_missed") / their_n,
            missed.error_against(their_n),
        );

        let handled = Moments::of(&own, |o| f64::from(o.alerts_handled)).mean;
        let ratio = handled / row.number("alerts_handled_mean");
        println!("{}: alerts handled, ratio {ratio:.4}", row.point());
        assert!((ratio - 1.0).abs() <= 0.01, "{}: {ratio}", row.point());
    }
}

/// An indicator of one replication.
type Value<'a> = &'a dyn Fn(&Outcome) -> f64;

/// What a part of a sample of cloudinfra is kept as.
#[derive(Default)]
struct Part {
    outcomes: Vec<Outcome>,
    ages: BTreeMap<u32, TtrCell>,
}

impl Part {
    fn see(&mut self, replication: u64, outcome: &Outcome, state: &State) {
        self.outcomes.push(*outcome);
        let group = (replication % GROUPS as u64) as usize;
        for ttr in state.closed_ttr() {
            self.age(*ttr).closed[group] += 1;
        }
        for age in state.censored_ttr() {
            self.age(*age).censored[group] += 1;
        }
    }

    fn age(&mut self, half_round: u32) -> &mut TtrCell {
        self.ages.entry(half_round).or_insert(TtrCell {
            half_round,
            closed: [0; GROUPS],
            censored: [0; GROUPS],
        })
    }

    fn join(mut self, other: Self) -> Self {
        self.outcomes.extend(other.outcomes);
        for (half_round, more) in other.ages {
            let cell = self.age(half_round);
            for group in 0..GROUPS {
                cell.closed[group] += more.closed[group];
                cell.censored[group] += more.censored[group];
            }
        }
        self
    }
}

/// cloudinfra agrees with an independent implementation in every column.
#[test]
fn cloudinfra_agrees_with_an_independent_implementation() {
    const NOT_ESTIMATES: usize = 3; // chaos_level, skill, replications
    let world = built_in("cloudinfra");
    let rows = rows(CLOUDINFRA);
    assert_eq!(rows.len(), 2);
    for row in rows {
        let level = chaos_level(&world, row.0["chaos_level"]);
        let model = model(&world, level, row.0["skill"]);
        let parts = sample(&model, 300_000, Part::see);
        let own = parts.into_iter().reduce(Part::join).expect("a sample");
        let (own_n, their_n) = (own.outcomes.len() as f64, row.number("replications"));
        // From the error of the own sample to that of both.
        let both = (1.0 + own_n / their_n).sqrt();
        let mut compared = 0;
        let mut agree = |column: &str, ours: f64, own_error: f64| {
            let what = format!("{}: {column}", row.point());
            assert_agrees(&what, ours, row.number(column), own_error * both);
            compared += 1;
        };

        let (checks, rounds) = (f64::from(model.checks()), f64::from(model.rounds));
        let means: [(&str, Value); 12] = [
            ("availability_mean_pct", &|o| {
                100.0 * f64::from(o.up_checks) / checks
            }),
            ("journey_availability_pct", &|o| {
                100.0 * f64::from(o.journey_up_rounds) / rounds
            }),
            ("sla_miss", &|o| f64::from(u8::from(!o.sla_met))),
            ("incidents_mean", &|o| o.incidents.into()),
            ("incidents_open_mean", &|o| o.incidents_open.into()),
            ("events_mean", &|o| o.events.into()),
            ("alerts_handled_mean", &|o| o.alerts_handled.into()),
            ("actions_mean", &|o| o.actions.into()),
            ("misdiagnoses_mean", &|o| o.misdiagnoses.into()),
            ("actions_blocked_mean", &|o| o.actions_blocked.into()),
            ("actions_failed_mean", &|o| o.actions_failed.into()),
            ("overwhelmed_rounds_mean", &|o| o.overwhelmed_rounds.into()),
        ];
        for (column, value) in means {
            let moments = Moments::of(&own.outcomes, value);
            agree(column, moments.mean, (moments.variance / own_n).sqrt());
        }

        let availability = Moments::of(&own.outcomes, means[0].1);
        let sd = availability.variance.sqrt();
        let spread = availability.fourth - availability.variance.powi(2);
        agree(
            "availability_sd_pct",
            sd,
            (spread / own_n).sqrt() / (2.0 * sd),
        );

        // A ratio of sums, by the delta method; half rounds to rounds.
        let closed = |o: &Outcome| f64::from(o.incidents - o.incidents_open);
        let times = Moments::of(&own.outcomes, |o| o.ttr_half_rounds as f64 / 2.0).mean;
        let closings = Moments::of(&own.outcomes, closed).mean;
        let ratio = times / closings;
        let residual = |o: &Outcome| o.ttr_half_rounds as f64 / 2.0 - ratio * closed(o);
        let residual = Moments::of(&own.outcomes, residual).variance;
        agree(
            "mttr_closed_rounds",
            ratio,
            (residual / own_n).sqrt() / closings,
        );

        let cells: Vec<TtrCell> = own.ages.into_values().collect();
        let horizon = 2 * model.rounds;
        let ttr = TtrDistribution::new(&cells, 300_000, horizon, Confidence::default());
        let mean = ttr.expect("cells").restricted_mean.expect("incidents");
        let error = mean.standard_error.expect("an error");
        agree("mttr_rounds", mean.estimate.value / 2.0, error / 2.0);

        assert_eq!(compared, row.0.len() - NOT_ESTIMATES);
    }
}
