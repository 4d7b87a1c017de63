//! Everything that the page shows, as data: the page only draws it.

use std::borrow::Cow;

use serde::Serialize;

use super::agreement::Agreement;
use super::asked::{self, AskedPoint};
use super::axes::Axes;
use super::downsample::{Caps, distribution, kept_points, survival};
use super::indicators::{DOWNTIME, Indicator, indicators};
use super::numbers::grouped;
use super::plain::{self, Case, Cases};
use super::shown::{Point, Value};
use super::verdict::{Answer, answers};
use super::{causes, compare, provenance, words};
use crate::advice;
use crate::counts::PointCounts;
use crate::design::Design;
use crate::results::Unfinished;
use crate::simulation::Count;
use crate::summary::catalogue::{CATALOGUE, journey_column};
use crate::summary::{PointSummary, Reading, Summary};

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
    pub comparisons: Vec<compare::ShownDifference>,
    /// The factor and the level that they compare with.
    pub baseline: Option<compare::Baseline>,
    /// What is left out, and where it is.
    pub omissions: Vec<String>,
    /// What was answered at each point that is shown and where whoever responds has to be asked.
    #[serde(skip)]
    pub asked: Vec<AskedPoint>,
    /// How it was made: what, and its value.
    pub made: Vec<(String, String)>,
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
            asked: asked::of(design, &axes, &kept, &summary.points),
            made: provenance::facts(design, summary),
            points,
            axes,
            omissions,
        }
    }
}

/// How far a sweep is that is not finished.
fn unfinished(summary: &Summary) -> Option<String> {
    let count = |points: usize| grouped(points as u64);
    let how = match summary.unfinished? {
        Unfinished::Parts {
            points, all_points, ..
        } => format!(
            "it has {} of {} replications; {} of {} design points are complete",
            grouped(summary.replications),
            grouped(summary.planned),
            count(points),
            count(all_points)
        ),
        Unfinished::Looks { asking, all_points } => format!(
            "{} of {} design points are not known as precisely as is asked for, and get more \
             replications",
            count(asking),
            count(all_points)
        ),
    };
    Some(format!(
        "This sweep is unfinished: {how}. Everything below rests on these only; `sysworld run` \
         continues it."
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
        let read = CATALOGUE
            .iter()
            .map(|estimator| (Cow::from(estimator.name), (estimator.read)(row)));
        let of_one = row
            .downtime_minutes
            .map(|minutes| downtime.estimate(variation, minutes));
        let read = read.chain([(DOWNTIME.into(), of_one.map(Reading::from))]);
        let journeys = design.journeys().into_iter().map(|journey| {
            let reading = row.of_journey(design, journey).map(Reading::from);
            (journey_column(journey).into(), reading)
        });
        let read = read.chain(journeys);
        let known = read.filter_map(|(key, reading)| Some((key, Value::of(reading?)?)));
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
