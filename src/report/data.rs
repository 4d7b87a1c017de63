//! Everything that the page shows, as data: the page only draws it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::agreement::Agreement;
use super::axes::Axes;
use super::indicators::{DOWNTIME, Indicator, indicators};
use super::numbers::grouped;
use super::plain::{self, Case, Cases};
use super::thin::{Caps, distribution, kept_points, survival};
use super::verdict::{Answer, answers};
use super::{causes, compare, made, words};
use crate::advice;
use crate::counts::PointCounts;
use crate::design::Design;
use crate::simulation::Count;
use crate::statistics::jackknife::TtrQuantile;
use crate::statistics::mean::MeanEstimate;
use crate::statistics::{Estimate, Interval};
use crate::summary::{Nines, PointSummary, Summary};

/// The data of a report: a function of design, counts and summary alone.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Name of the experiment.
    pub title: String,
    /// What the SLA is held to, and its target.
    pub agreement: Agreement,
    /// The answer in plain words.
    pub plain: Vec<String>,
    /// That a sweep is not finished, and how far it is; `None` where it is.
    pub unfinished: Option<String>,
    /// What is legal in the files and surely not meant.
    pub advice: Vec<String>,
    /// What a replication begins with.
    pub start: String,
    /// Where a time to resolve is cut: `15 rounds`.
    pub within: String,
    /// The length of a replication and the agreement, in words.
    pub setting: String,
    /// Level of confidence of the intervals, 0 to 1.
    pub confidence: f64,
    /// Whether design points share their random numbers.
    pub common_random_numbers: bool,
    /// What is varied, and in which roles.
    pub axes: Axes,
    /// What can be shown against x.
    pub indicators: Vec<Indicator>,
    /// The design points that are shown.
    pub points: Vec<Point>,
    /// Whether the SLA is met, for each tolerance.
    pub answers: Vec<Answer>,
    /// The tolerance that is shown first, as an index of the answers.
    pub tolerance: usize,
    /// Paired differences; empty where the experiment asks for none.
    pub comparisons: Vec<compare::Comparison>,
    /// The factor and the level that they compare with.
    pub baseline: Option<compare::Baseline>,
    /// What is left out, and where it is.
    pub omissions: Vec<String>,
    /// How it was made: what, and its value.
    pub made: Vec<(String, String)>,
}

/// A design point.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// Its key.
    pub key: String,
    /// Index of its level of each factor.
    pub levels: Vec<usize>,
    /// Replications.
    pub n: u64,
    /// Checks of a replication.
    pub checks: u64,
    /// Whether the SLA is held to the journey, not to the servers.
    pub on_journey: bool,
    /// What the SLA counts in a replication: rounds of the journey, or checks of the servers.
    pub sla_checks: u64,
    /// Its SLA target in percent.
    pub target: String,
    /// Estimates by their column in the summary.
    pub estimates: BTreeMap<&'static str, Value>,
    /// Incidents, and of these open at the end.
    pub incidents: [u64; 2],
    /// The distribution of what counts towards the SLA: up checks, or rounds with a working
    /// journey, and replications with at most so many.
    pub spread: Vec<(u32, u64)>,
    /// The Kaplan–Meier curve of the time to resolve.
    pub ttr: Vec<TtrStep>,
    /// The worst replication by the SLA's indicator, and what it has of `sla_checks`.
    pub worst: Option<(u64, u32)>,
    /// The causes of most lost checks, most first.
    pub causes: Vec<causes::Cause>,
    /// Lost checks of all causes together.
    pub lost_checks: u64,
}

/// One step of a Kaplan–Meier curve: half rounds, survival, the ends of its interval, closed,
/// censored since the step before that is shown.
#[derive(Debug, Clone, Serialize)]
pub struct TtrStep(
    pub u32,
    pub f64,
    pub Option<f64>,
    pub Option<f64>,
    pub u64,
    pub u64,
);

/// An estimate as the summary has it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Value {
    /// The estimate.
    pub value: Option<f64>,
    /// Lower end of its interval.
    pub lo: Option<f64>,
    /// Upper end.
    pub hi: Option<f64>,
    /// Method of the interval.
    pub method: &'static str,
}

impl Value {
    /// The interval, if both its ends are known.
    pub fn interval(&self) -> Option<Interval> {
        Some(Interval {
            lo: self.lo?,
            hi: self.hi?,
        })
    }

    fn new(value: f64, interval: Option<Interval>, method: &'static str) -> Self {
        Self {
            value: Some(value),
            lo: interval.map(|i| i.lo),
            hi: interval.map(|i| i.hi),
            method,
        }
    }

    pub(super) fn of_mean(mean: Option<MeanEstimate>) -> Option<Self> {
        mean.map(|mean| Self::new(mean.mean, mean.interval, mean.method))
    }

    pub(super) fn of(estimate: Option<Estimate>) -> Option<Self> {
        estimate.map(|e| Self::new(e.value, e.interval, e.method))
    }

    pub(super) fn of_nines(nines: Nines) -> Option<Self> {
        let known = nines.value.is_some() || nines.lo.is_some();
        known.then_some(Self {
            value: nines.value,
            lo: nines.lo,
            hi: nines.hi,
            method: nines.method?,
        })
    }

    fn of_quantile(quantile: TtrQuantile) -> Option<Self> {
        let rounds = |half: Option<u32>| half.map(|half| f64::from(half) / 2.0);
        let known = quantile.value.is_some() || quantile.lo.is_some();
        known.then(|| Self {
            value: rounds(quantile.value),
            lo: rounds(quantile.lo),
            hi: rounds(quantile.hi),
            method: "kaplan_meier_band",
        })
    }
}

impl Report {
    /// The data of a report.
    pub fn new(design: &Design, summary: &Summary) -> Self {
        let experiment = design.experiment();
        let (kept, mut omissions) = kept_points(design, &summary.design_points);
        let axes = Axes::new(design, &kept);
        let caps = Caps::new(kept.len());
        let downtime = words::Downtime::of(design);
        let rows = summary.points.iter().zip(&summary.counts);
        let rows = rows.filter(|(row, _)| {
            // Both are in the order of the design.
            kept.binary_search(&row.point).is_ok()
        });
        let points: Vec<Point> = rows
            .map(|(row, counts)| Point::new(design, &axes, row, counts, &caps, &downtime))
            .collect();
        omissions.extend(caps.omissions(design, summary));
        let agreement = Agreement::of(design);
        let keys = points.iter().map(|point| point.key.as_str());
        let keys: Vec<(usize, &str)> = kept.iter().copied().zip(keys).collect();
        // The answer is that of all points, whether they are shown or not.
        let overall = &summary.overall;
        let all_axes = Axes::new(design, &summary.design_points);
        let case = |row: &PointSummary| Case::new(design, &all_axes, row, &downtime);
        let missed = overall.missed().map(|ends| ends.map(case));
        let plain = [
            Some(plain::sentence(
                missed.as_ref(),
                Cases {
                    points: summary.design_points.len() as u64,
                    alike: overall.misses.len() == 1,
                },
                &agreement,
                words::window(design).as_deref(),
            )),
            overall
                .available()
                .and_then(|ends| plain::availability(ends.map(case), &agreement, &downtime.over())),
        ];
        Self {
            title: experiment.name.as_str().to_owned(),
            plain: plain.into_iter().flatten().collect(),
            unfinished: unfinished(summary),
            advice: advice::of_design(design)
                .iter()
                .map(|advice| plain::capital(&advice.text()))
                .collect(),
            start: words::start(design),
            within: words::within(design),
            answers: answers(
                overall,
                missed.as_ref(),
                (&axes, &points),
                &agreement.name(),
                experiment.confidence,
            ),
            tolerance: super::verdict::DEFAULT,
            setting: super::setting(design),
            confidence: experiment.confidence,
            common_random_numbers: design.len() > 1
                && experiment.random_numbers == crate::experiment::RandomNumbers::Common,
            indicators: indicators(design, &agreement, &points),
            agreement,
            baseline: compare::baseline(design, &axes),
            comparisons: compare::of(summary, &keys),
            made: made::facts(design, summary),
            points,
            axes,
            omissions,
        }
    }
}

/// How far a sweep is that is not finished.
fn unfinished(summary: &Summary) -> Option<String> {
    let unfinished = summary.unfinished?;
    Some(format!(
        "This sweep is unfinished: it has {} of {} replications; {} of {} design points are \
         complete. Everything below rests on these only; `sysworld run` continues it.",
        grouped(summary.replications),
        grouped(summary.planned),
        grouped(unfinished.points as u64),
        grouped(unfinished.all_points as u64)
    ))
}

impl Point {
    fn new(
        design: &Design,
        axes: &Axes,
        row: &PointSummary,
        counts: &PointCounts,
        caps: &Caps,
        downtime: &words::Downtime,
    ) -> Self {
        let variation = design.variation(row.point);
        let [p01, p05, p50] = row.availability_quantiles;
        let spent = row.budget_spent;
        let estimates = [
            ("sla_miss", Value::of(row.sla_miss)),
            ("availability", Value::of_mean(row.availability)),
            (
                "journey_availability",
                Value::of_mean(row.journey_availability),
            ),
            ("mttr_rounds", Value::of(row.mttr_rounds)),
            ("mttr_closed_rounds", Value::of(row.mttr_closed_rounds)),
            ("ttr_p50_rounds", Value::of_quantile(row.ttr_p50)),
            ("ttr_p90_rounds", Value::of_quantile(row.ttr_p90)),
            ("ttr_p99_rounds", Value::of_quantile(row.ttr_p99)),
            ("downtime_minutes", Value::of(row.downtime_minutes)),
            (
                DOWNTIME,
                Value::of(
                    row.downtime_minutes
                        .map(|estimate| downtime.estimate(variation, estimate)),
                ),
            ),
            ("nines", Value::of_nines(row.nines)),
            (
                "budget_spent_mean",
                Value::of(spent.map(|spent| spent.mean)),
            ),
            ("budget_spent_p90", Value::of(spent.map(|spent| spent.p90))),
            ("budget_spent_p99", Value::of(spent.map(|spent| spent.p99))),
            ("availability_p01", Value::of(p01)),
            ("availability_p05", Value::of(p05)),
            ("availability_p50", Value::of(p50)),
        ];
        let known = estimates
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)));
        let (causes, lost_checks) = causes::of(counts, caps.causes);
        let held_to = if variation.sla_on_journey {
            &counts.journey_up_rounds
        } else {
            &counts.up_checks
        };
        Self {
            key: design.key(row.point).to_string(),
            levels: axes.levels(design, row.point),
            n: row.n,
            checks: variation.checks(),
            on_journey: variation.sla_on_journey,
            sla_checks: variation.sla_checks(),
            target: variation.sla_target.clone(),
            estimates: known.collect(),
            incidents: [row.total(Count::Incidents), row.total(Count::IncidentsOpen)],
            spread: distribution(held_to, caps.steps),
            ttr: survival(&row.ttr, caps.steps),
            worst: counts.worst().map(|worst| (worst.replication, worst.good)),
            causes,
            lost_checks,
        }
    }
}
