//! The schema of each summary table: names, units, meanings.

use std::path::Path;

use anyhow::{Context, Result};
use polars::prelude::{NamedFrom, Series};

use super::{Comparison, PointSummary, Summary};
use crate::counts::{CauseCounts, Total};
use crate::design::Design;
use crate::experiment::Format;
use crate::results::{Folder, Frame, point_columns};
use crate::statistics::jackknife::{TtrQuantile, TtrRow};
use crate::statistics::mean::MeanEstimate;
use crate::statistics::{Estimate, Interval};

impl Summary {
    /// Writes the summary tables into a results folder.
    pub fn write(&self, path: &Path, design: &Design) -> Result<()> {
        for (name, bytes) in self.files(design)? {
            Folder::write_file(path, &name, &bytes).context("can't write the summary tables")?;
        }
        Ok(())
    }

    /// The files of the summary tables, in both formats: name and content.
    pub fn files(&self, design: &Design) -> Result<Vec<(String, Vec<u8>)>> {
        let all: Vec<usize> = (0..design.len()).collect();
        let mut files = Vec::new();
        let mut tables = vec![
            ("design", point_columns(design, &all)),
            ("summary", self.summary_frame(design)),
            ("ttr", self.ttr_frame(design)),
            ("budget", self.budget_frame(design)),
            ("causes", self.causes_frame(design)),
        ];
        if design.experiment().compare.is_some() {
            tables.push(("comparisons", self.comparisons_frame(design)));
        }
        for (name, frame) in tables {
            for format in [Format::Parquet, Format::Csv] {
                let file = format!("{name}.{}", format.extension());
                files.push((file, frame.encode(format)?));
            }
        }
        Ok(files)
    }

    /// The table `summary`.
    pub fn summary_frame(&self, design: &Design) -> Frame {
        let points: Vec<usize> = self.points.iter().map(|row| row.point).collect();
        let mut frame = point_columns(design, &points);
        frame.column(&self.points, "n", "replications", |row| row.n);
        let mut columns = Columns {
            frame: &mut frame,
            rows: &self.points,
        };
        columns.mean(
            "availability",
            "mean availability of the servers, 0 to 1",
            |row| row.availability,
        );
        columns.mean(
            "journey_availability",
            "mean availability of the user journey, 0 to 1",
            |row| row.journey_availability,
        );
        columns.estimate(
            "sla_miss",
            "probability that a replication misses the SLA",
            |row| row.sla_miss,
        );
        columns.standard_error("sla_miss", |row| {
            let share = row.sla_miss?.value;
            (row.n > 1).then(|| (share * (1.0 - share) / row.n as f64).sqrt())
        });
        columns.estimate(
            "mttr_rounds",
            "mean time to resolve in rounds, open incidents counted: area under Kaplan-Meier up \
             to the horizon",
            |row| row.mttr_rounds,
        );
        columns.standard_error("mttr_rounds", |row| row.mttr_se);
        columns.estimate(
            "mttr_closed_rounds",
            "mean time to resolve of closed incidents only, in rounds; biased down where many \
             stay open",
            |row| row.mttr_closed_rounds,
        );
        columns.ttr_quantile(
            "ttr_p50_rounds",
            "half of the incidents are resolved within, in rounds",
            |row| row.ttr_p50,
        );
        columns.ttr_quantile(
            "ttr_p90_rounds",
            "90 % of the incidents are resolved within, in rounds",
            |row| row.ttr_p90,
        );
        columns.ttr_quantile(
            "ttr_p99_rounds",
            "99 % of the incidents are resolved within, in rounds",
            |row| row.ttr_p99,
        );
        for (i, (name, share)) in [
            ("availability_p01", "1 %"),
            ("availability_p05", "5 %"),
            ("availability_p50", "half"),
        ]
        .into_iter()
        .enumerate()
        {
            let about = format!("availability that {share} of the replications do not exceed");
            columns.estimate(name, &about, |row| row.availability_quantiles[i]);
        }
        columns.sre();
        for total in Total::ALL {
            let about = "total over the replications";
            frame.column(&self.points, total.name(), about, |row| row.total(total));
        }
        frame
    }

    /// The table `comparisons`: each point less its baseline.
    pub fn comparisons_frame(&self, design: &Design) -> Frame {
        let rows = &self.comparisons;
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
        let about = "two-sided p-value of no difference";
        frame.column(rows, "p_value", about, |row| of(row)?.p_value);
        let about = "p-value adjusted for all rows of this table (Holm)";
        frame.column(rows, "p_holm", about, |row| row.p_holm);
        let about = "variance of the difference without common random numbers, by that with them";
        frame.column(rows, "variance_reduction", about, |row| {
            row.variance_reduction
        });
        frame
    }

    /// The table `budget`: when the error budget is exhausted.
    pub fn budget_frame(&self, design: &Design) -> Frame {
        let rows: Vec<(usize, u32, Estimate)> = self
            .points
            .iter()
            .flat_map(|point| {
                let rounds = point.budget_exhausted_by.iter();
                rounds.map(|(round, estimate)| (point.point, *round, *estimate))
            })
            .collect();
        let points: Vec<usize> = rows.iter().map(|(point, _, _)| *point).collect();
        let mut frame = point_columns(design, &points);
        let about = "round from 0; the probability stays between the rounds of the table";
        frame.column(&rows, "round", about, |(_, round, _)| *round);
        let about = "probability that the error budget is exhausted by the end of the round";
        frame.column(&rows, "exhausted", about, |(_, _, estimate)| estimate.value);
        let about = "lower end of its interval";
        frame.column(&rows, "exhausted_lo", about, |(_, _, e)| {
            ends(e.interval)[0]
        });
        let about = "upper end of its interval";
        frame.column(&rows, "exhausted_hi", about, |(_, _, e)| {
            ends(e.interval)[1]
        });
        let about = "method of the interval";
        frame.column(&rows, "exhausted_method", about, |(_, _, e)| e.method);
        frame
    }

    /// The table `causes`: incidents and downtime by the scenarios behind them.
    pub fn causes_frame(&self, design: &Design) -> Frame {
        let rows: Vec<(usize, &CauseCounts)> = self
            .points
            .iter()
            .flat_map(|point| point.causes.iter().map(|cause| (point.point, cause)))
            .collect();
        let points: Vec<usize> = rows.iter().map(|(point, _)| *point).collect();
        let mut frame = point_columns(design, &points);
        let about = "scenarios active on the server, or that had just struck it, when the incident \
                     opened, joined by +; null if none";
        frame.column(&rows, "cause", about, |(_, cause)| cause.cause.as_deref());
        let about = "incidents that opened";
        frame.column(&rows, "incidents", about, |(_, cause)| cause.incidents);
        let about = "checks that found the server down in these incidents";
        frame.column(&rows, "down_checks", about, |(_, cause)| cause.down_checks);
        frame
    }

    /// The table `ttr`: the Kaplan–Meier curve of each design point.
    pub fn ttr_frame(&self, design: &Design) -> Frame {
        let rows: Vec<(usize, &TtrRow)> = self
            .points
            .iter()
            .flat_map(|point| point.ttr.iter().map(|row| (point.point, row)))
            .collect();
        let points: Vec<usize> = rows.iter().map(|(point, _)| *point).collect();
        let mut frame = point_columns(design, &points);
        let about = "time since the incident opened, in half rounds";
        frame.column(&rows, "half_round", about, |(_, row)| row.step.half_round);
        let about = "incidents that closed at that time";
        frame.column(&rows, "closed", about, |(_, row)| row.step.closed);
        let about = "incidents open at that time when their replication ended";
        frame.column(&rows, "censored", about, |(_, row)| row.step.censored);
        let about = "incidents open just before that time";
        frame.column(&rows, "at_risk", about, |(_, row)| row.step.at_risk);
        let about = "share of incidents open beyond that time (Kaplan-Meier)";
        frame.column(&rows, "survival", about, |(_, row)| row.step.survival);
        let about = "its standard error (jackknife over 100 groups)";
        frame.column(&rows, "survival_se", about, |(_, row)| row.standard_error);
        let about = "lower end of its pointwise interval";
        frame.column(&rows, "survival_lo", about, |(_, row)| {
            row.interval.map(|i| i.lo)
        });
        let about = "upper end of its pointwise interval";
        frame.column(&rows, "survival_hi", about, |(_, row)| {
            row.interval.map(|i| i.hi)
        });
        frame
    }
}

/// Adds the columns of an estimate: value, ends of its interval, and what else it has.
struct Columns<'a> {
    frame: &'a mut Frame,
    rows: &'a [PointSummary],
}

impl Columns<'_> {
    fn add<T, P: ?Sized>(&mut self, name: &str, about: &str, value: impl Fn(&PointSummary) -> T)
    where
        Series: NamedFrom<Vec<T>, P>,
    {
        self.frame.column(self.rows, name, about, value);
    }

    fn interval(&mut self, name: &str, ends: impl Fn(&PointSummary) -> [Option<f64>; 2]) {
        self.add(&format!("{name}_lo"), "lower end of the interval", |r| {
            ends(r)[0]
        });
        self.add(&format!("{name}_hi"), "upper end of the interval", |r| {
            ends(r)[1]
        });
    }

    fn mean(&mut self, name: &str, about: &str, of: fn(&PointSummary) -> Option<MeanEstimate>) {
        self.add(name, about, |row| of(row).map(|mean| mean.mean));
        self.interval(name, |row| ends(of(row).and_then(|mean| mean.interval)));
        let about = "standard deviation over replications";
        self.add(&format!("{name}_sd"), about, |row| of(row)?.sd);
        self.standard_error(name, |row| Some(of(row)?.sd? / (row.n as f64).sqrt()));
        let about = "method of the interval";
        self.add(&format!("{name}_method"), about, |row| {
            Some(of(row)?.method)
        });
    }

    fn standard_error(&mut self, name: &str, of: impl Fn(&PointSummary) -> Option<f64>) {
        self.add(&format!("{name}_se"), "standard error of the estimate", of);
    }

    fn estimate(
        &mut self,
        name: &str,
        about: &str,
        of: impl Fn(&PointSummary) -> Option<Estimate>,
    ) {
        self.add(name, about, |row| of(row).map(|estimate| estimate.value));
        self.interval(name, |row| {
            ends(of(row).and_then(|estimate| estimate.interval))
        });
        let about = "method of the interval";
        self.add(&format!("{name}_method"), about, |row| {
            Some(of(row)?.method)
        });
    }

    /// Availability in the quantities that operators speak in, of the SLA's indicator.
    fn sre(&mut self) {
        let about = "-log10(1 - availability) of the SLA's indicator; null at 1";
        self.add("nines", about, |row| row.nines.value);
        self.interval("nines", |row| [row.nines.lo, row.nines.hi]);
        let about = "method of the interval";
        self.add("nines_method", about, |row| row.nines.method);
        self.estimate(
            "downtime_minutes",
            "downtime to expect in a replication, in minutes: of all servers together, or of the \
             journey if the SLA is held to it",
            |row| row.downtime_minutes,
        );
        let about = "error budget spent by a replication: failed checks by the whole number that \
                     may fail; null where that is 0";
        self.estimate("budget_spent_mean", &format!("mean {about}"), |row| {
            Some(row.budget_spent?.mean)
        });
        self.estimate("budget_spent_p50", &format!("median {about}"), |row| {
            Some(row.budget_spent?.p50)
        });
        self.estimate(
            "budget_spent_p90",
            &format!("90 % quantile, {about}"),
            |row| Some(row.budget_spent?.p90),
        );
        self.estimate(
            "budget_spent_p99",
            &format!("99 % quantile, {about}"),
            |row| Some(row.budget_spent?.p99),
        );
    }

    fn ttr_quantile(&mut self, name: &str, about: &str, of: fn(&PointSummary) -> TtrQuantile) {
        let rounds = |half_rounds: Option<u32>| half_rounds.map(|t| f64::from(t) / 2.0);
        self.add(name, about, |row| rounds(of(row).value));
        self.interval(name, |row| [rounds(of(row).lo), rounds(of(row).hi)]);
    }
}

fn ends(interval: Option<Interval>) -> [Option<f64>; 2] {
    [interval.map(|i| i.lo), interval.map(|i| i.hi)]
}
