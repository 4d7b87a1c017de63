//! The schema of each summary table: names, units, meanings.

use std::io::Write;

use anyhow::Result;

use super::catalogue::{CATALOGUE, Estimator, Spread, journey_column};
use super::{Asked, Comparison, PointSummary, Reading};
use crate::counts::{Answered, CauseCounts};
use crate::design::Design;
use crate::results::{Frame, TableFiles, point_columns};
use crate::statistics::jackknife::TtrRow;
use crate::statistics::{Estimate, Interval};

/// The summary tables of a sweep, written as its design points come.
pub struct Tables<'a, W: Write> {
    points: &'a Design,
    design: TableFiles<'a, usize, W>,
    summary: TableFiles<'a, PointSummary, W>,
    ttr: TableFiles<'a, (usize, TtrRow), W>,
    budget: TableFiles<'a, (usize, u32, Estimate), W>,
    causes: TableFiles<'a, (usize, CauseCounts), W>,
    comparisons: Option<TableFiles<'a, Comparison, W>>,
    responders: Option<TableFiles<'a, Asked, W>>,
}

impl<'a, W: Write> Tables<'a, W> {
    /// Begins all files; `create` says for the name of each where it goes.
    ///
    /// # Errors
    ///
    /// Those of `create`.
    pub fn new(design: &'a Design, mut create: impl FnMut(&str) -> Result<W>) -> Result<Self> {
        let compared = design.experiment().compare.is_some();
        let asked = design.asks();
        Ok(Self {
            design: TableFiles::new(design, "design", design_frame, &mut create)?,
            summary: TableFiles::new(design, "summary", summary_frame, &mut create)?,
            ttr: TableFiles::new(design, "ttr", ttr_frame, &mut create)?,
            budget: TableFiles::new(design, "budget", budget_frame, &mut create)?,
            causes: TableFiles::new(design, "causes", causes_frame, &mut create)?,
            comparisons: compared
                .then(|| TableFiles::new(design, "comparisons", comparisons_frame, &mut create))
                .transpose()?,
            responders: asked
                .then(|| TableFiles::new(design, "responders", responders_frame, &mut create))
                .transpose()?,
            points: design,
        })
    }

    /// Adds a design point, in design order.
    ///
    /// # Errors
    ///
    /// A file can't be written.
    pub fn push(&mut self, mut row: PointSummary) -> Result<()> {
        let point = row.point;
        for step in std::mem::take(&mut row.ttr) {
            self.ttr.push((point, step))?;
        }
        for (round, estimate) in std::mem::take(&mut row.budget_exhausted_by) {
            self.budget.push((point, round, estimate))?;
        }
        for cause in std::mem::take(&mut row.causes) {
            self.causes.push((point, cause))?;
        }
        if let Some(table) = &mut self.responders
            && let Some(asked) = Asked::of(self.points, &row)
        {
            table.push(asked)?;
        }
        self.summary.push(row)
    }

    /// Adds the comparisons and the `points` of the table `design`, and ends all tables; returns the name of each file and where it went.
    ///
    /// # Errors
    ///
    /// A file can't be written.
    pub fn finish(
        mut self,
        mut points: impl Iterator<Item = usize>,
        comparisons: &[Comparison],
    ) -> Result<Vec<(String, W)>> {
        points.try_for_each(|point| self.design.push(point))?;
        for row in comparisons {
            if let Some(table) = &mut self.comparisons {
                table.push(row.clone())?;
            }
        }
        let mut files = self.design.finish()?;
        files.extend(self.summary.finish()?);
        files.extend(self.ttr.finish()?);
        files.extend(self.budget.finish()?);
        files.extend(self.causes.finish()?);
        if let Some(table) = self.comparisons {
            files.extend(table.finish()?);
        }
        if let Some(table) = self.responders {
            files.extend(table.finish()?);
        }
        Ok(files)
    }
}

fn design_frame(design: &Design, points: &[usize]) -> Frame {
    point_columns(design, points)
}

/// Rows of the table `summary`.
fn summary_frame(design: &Design, rows: &[PointSummary]) -> Frame {
    let points: Vec<usize> = rows.iter().map(|row| row.point).collect();
    let mut frame = point_columns(design, &points);
    frame.column(rows, "n", "replications", |row| row.n);
    for estimator in CATALOGUE.iter().filter(|one| one.stands(design)) {
        estimate_columns(&mut frame, rows, estimator);
    }
    for journey in design.journeys() {
        let name = journey_column(journey);
        let about = format!("mean availability of the user journey {journey}, 0 to 1");
        let of = |row: &PointSummary| row.of_journey(design, journey);
        let read = |row: &PointSummary| of(row).map(Reading::from);
        value_columns(&mut frame, rows, [&name, &about], read);
        deviation_columns(&mut frame, rows, &name, |row| of(row)?.sd);
        method_column(&mut frame, rows, &name, read);
    }
    unseen_columns(&mut frame, rows);
    let about = "total over the replications";
    frame.column(rows, "sla_missed", about, |row| row.sla_missed);
    for count in design.counts() {
        let known = |row: &PointSummary| design.has_count(row.point, count);
        frame.column(rows, count.name(), about, |row| {
            known(row).then(|| row.total(count))
        });
    }
    frame
}

/// Rows of the table `comparisons`: each point less its baseline.
fn comparisons_frame(design: &Design, rows: &[Comparison]) -> Frame {
    let points: Vec<usize> = rows.iter().map(|row| row.point).collect();
    let mut frame = point_columns(design, &points);
    let about = "key of the point that it is compared with";
    let keys: Vec<String> = rows
        .iter()
        .map(|row| design.key(row.baseline).to_string())
        .collect();
    frame.column(&keys, "baseline_point", about, String::as_str);
    let about = "what is compared: a column of summary";
    frame.column(rows, "estimate", about, |row| row.estimate);
    let about = "replications that both points have";
    frame.column(rows, "n", about, |row| row.n);
    let about = "estimate of the point";
    frame.column(rows, "value", about, |row| row.value);
    let about = "estimate of the baseline";
    frame.column(rows, "baseline_value", about, |row| row.baseline_value);
    let of = |row: &Comparison| row.difference;
    let about = "point less baseline";
    frame.column(rows, "difference", about, |row| of(row).map(|d| d.value));
    let about = "lower end of its interval";
    frame.column(rows, "difference_lo", about, |row| {
        ends(of(row).and_then(|d| d.interval))[0]
    });
    let about = "upper end of its interval";
    frame.column(rows, "difference_hi", about, |row| {
        ends(of(row).and_then(|d| d.interval))[1]
    });
    let about = "its standard error";
    frame.column(rows, "difference_se", about, |row| of(row)?.standard_error);
    let about = "method of the interval";
    frame.column(rows, "method", about, |row| of(row).map(|d| d.method));
    let about = "two-sided p-value of no difference; 1e-16 stands for that or less";
    frame.column(rows, "p_value", about, Comparison::p_value);
    let about = "p-value adjusted for all rows of this table (Holm); an upper bound where p_value is \
                 1e-16";
    frame.column(rows, "p_holm", about, |row| row.p_holm);
    let about = "variance of the difference without common random numbers, by that with them; of \
                 mttr_rounds about, from the jackknife's standard errors";
    frame.column(rows, "variance_reduction", about, |row| {
        row.variance_reduction
    });
    frame
}

/// Rows of the table `budget`: when the error budget is exhausted.
fn budget_frame(design: &Design, rows: &[(usize, u32, Estimate)]) -> Frame {
    let points: Vec<usize> = rows.iter().map(|(point, _, _)| *point).collect();
    let mut frame = point_columns(design, &points);
    let about = "round from 0; the probability stays between the rounds of the table";
    frame.column(rows, "round", about, |(_, round, _)| *round);
    let about = "probability that the error budget is exhausted by the end of the round";
    frame.column(rows, "exhausted", about, |(_, _, estimate)| estimate.value);
    let about = "lower end of its interval";
    frame.column(rows, "exhausted_lo", about, |(_, _, e)| ends(e.interval)[0]);
    let about = "upper end of its interval";
    frame.column(rows, "exhausted_hi", about, |(_, _, e)| ends(e.interval)[1]);
    let about = "method of the interval";
    frame.column(rows, "exhausted_method", about, |(_, _, e)| e.method);
    frame
}

/// Rows of the table `responders`: what was answered where it had to be asked.
fn responders_frame(design: &Design, rows: &[Asked]) -> Frame {
    let points: Vec<usize> = rows.iter().map(|row| row.point).collect();
    let mut frame = point_columns(design, &points);
    let total = |of| move |row: &Asked| row.total(of);
    let about = "rounds in which alerts were answered";
    frame.column(rows, "answers", about, total(Answered::Answers));
    let about = "answers that could not be understood, so that nothing was done";
    frame.column(rows, "invalid", about, total(Answered::Invalid));
    let about = "alerts that were answered";
    frame.column(rows, "choices", about, total(Answered::Choices));
    let about = "alerts about which nothing was chosen";
    frame.column(rows, "declined", about, Asked::declined);
    let about = "share of the choices that are the runbook's, 0 to 1; null without any";
    frame.column(rows, "agreement", about, Asked::agreement);
    let about = "requests that the answers took";
    frame.column(rows, "requests", about, total(Answered::Requests));
    let about = "tokens of the prompts; null where none are told";
    frame.column(rows, "prompt_tokens", about, |row| {
        row.tokens().map(|[prompts, _]| prompts)
    });
    let about = "tokens of the completions; null where none are told";
    frame.column(rows, "completion_tokens", about, |row| {
        row.tokens().map(|[_, completions]| completions)
    });
    let about = "dollars that the tokens cost by the price of the responder; null without";
    frame.column(rows, "usd", about, Asked::usd);
    let about = "milliseconds that half of the answers took at most";
    frame.column(rows, "latency_p50_ms", about, |row| row.latency_ms(500));
    let about = "milliseconds that 95 % of the answers took at most";
    frame.column(rows, "latency_p95_ms", about, |row| row.latency_ms(950));
    frame
}

/// Rows of the table `causes`: incidents and downtime by the scenarios behind them.
fn causes_frame(design: &Design, rows: &[(usize, CauseCounts)]) -> Frame {
    let points: Vec<usize> = rows.iter().map(|(point, _)| *point).collect();
    let mut frame = point_columns(design, &points);
    let about = "scenarios active on the server, or that had just struck it, when the incident \
                     opened, joined by +; null if none";
    frame.column(rows, "cause", about, |(_, cause)| cause.cause.as_deref());
    let about = "incidents that opened";
    frame.column(rows, "incidents", about, |(_, cause)| cause.incidents);
    let about = "checks that found the server down in these incidents";
    frame.column(rows, "down_checks", about, |(_, cause)| cause.down_checks);
    frame
}

/// Rows of the table `ttr`: the Kaplan–Meier curve of each design point.
fn ttr_frame(design: &Design, rows: &[(usize, TtrRow)]) -> Frame {
    let points: Vec<usize> = rows.iter().map(|(point, _)| *point).collect();
    let mut frame = point_columns(design, &points);
    let about = "time since the incident opened, in half rounds";
    frame.column(rows, "half_round", about, |(_, row)| row.step.half_round);
    let about = "incidents that closed at that time";
    frame.column(rows, "closed", about, |(_, row)| row.step.closed);
    let about = "incidents open at that time when their replication ended";
    frame.column(rows, "censored", about, |(_, row)| row.step.censored);
    let about = "incidents open just before that time";
    frame.column(rows, "at_risk", about, |(_, row)| row.step.at_risk);
    let about = "share of incidents open beyond that time (Kaplan-Meier)";
    frame.column(rows, "survival", about, |(_, row)| row.step.survival);
    let about = "its standard error (jackknife over 100 groups)";
    frame.column(rows, "survival_se", about, |(_, row)| row.standard_error);
    let about = "lower end of its pointwise interval";
    frame.column(rows, "survival_lo", about, |(_, row)| {
        row.interval.map(|i| i.lo)
    });
    let about = "upper end of its pointwise interval";
    frame.column(rows, "survival_hi", about, |(_, row)| {
        row.interval.map(|i| i.hi)
    });
    frame
}

/// The columns of an estimate: its value, the ends of its interval, its spread, its method.
fn estimate_columns(frame: &mut Frame, rows: &[PointSummary], estimator: &Estimator) {
    let name = estimator.name;
    value_columns(frame, rows, [name, estimator.about], estimator.read);
    if let Spread::Deviation(deviation) = estimator.spread {
        deviation_columns(frame, rows, name, deviation);
    }
    if estimator.has_method_column {
        method_column(frame, rows, name, estimator.read);
    }
    if let Spread::Error(of) = estimator.spread {
        frame.column(rows, &format!("{name}_se"), STANDARD_ERROR, of);
    }
}

const STANDARD_ERROR: &str = "standard error of the estimate";

/// The value of an estimate and the ends of its interval.
fn value_columns(
    frame: &mut Frame,
    rows: &[PointSummary],
    [name, about]: [&str; 2],
    read: impl Fn(&PointSummary) -> Option<Reading>,
) {
    let end = |row: &PointSummary, end: usize| read(row)?.ends()[end];
    frame.column(rows, name, about, |row| read(row)?.value);
    let about = "lower end of the interval";
    frame.column(rows, &format!("{name}_lo"), about, |row| end(row, 0));
    let about = "upper end of the interval";
    frame.column(rows, &format!("{name}_hi"), about, |row| end(row, 1));
}

fn deviation_columns(
    frame: &mut Frame,
    rows: &[PointSummary],
    name: &str,
    deviation: impl Fn(&PointSummary) -> Option<f64>,
) {
    let about = "standard deviation over replications";
    frame.column(rows, &format!("{name}_sd"), about, &deviation);
    frame.column(rows, &format!("{name}_se"), STANDARD_ERROR, |row| {
        Some(deviation(row)? / (row.n as f64).sqrt())
    });
}

fn method_column(
    frame: &mut Frame,
    rows: &[PointSummary],
    name: &str,
    read: impl Fn(&PointSummary) -> Option<Reading>,
) {
    let about = "method of the interval";
    frame.column(rows, &format!("{name}_method"), about, |row| {
        Some(read(row)?.method)
    });
}

fn unseen_columns(frame: &mut Frame, rows: &[PointSummary]) {
    let about = "what availability (of the SLA's indicator) would lose to a kind of outage that \
                 may have gone unseen: of probability 1 - alpha^(1/n), about 3/n, from a uniform \
                 moment to the end, of one server or of the journey";
    frame.column(rows, "unseen_availability", about, |row| {
        Some(row.unseen?.availability)
    });
    let about = "by how much it would raise mttr_rounds";
    frame.column(rows, "unseen_mttr_rounds", about, |row| row.unseen?.mttr);
}

fn ends(interval: Option<Interval>) -> [Option<f64>; 2] {
    [interval.map(|i| i.lo), interval.map(|i| i.hi)]
}
