//! From the counts of a sweep to its summary tables: one row a design point.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use polars::prelude::{NamedFrom, Series};

use crate::counts::{PointCounts, Total};
use crate::design::Design;
use crate::experiment::Format;
use crate::results::{Folder, Frame, point_columns};
use crate::statistics::jackknife::{TtrDistribution, TtrQuantile, TtrRow};
use crate::statistics::mean::{MeanEstimate, bounded_mean};
use crate::statistics::proportion::wilson;
use crate::statistics::quantile::quantile;
use crate::statistics::ratio::ratio_of_sums;
use crate::statistics::{Confidence, Estimate, Interval};

/// Every estimate of one design point; `None` where it is not defined.
#[derive(Debug, Clone)]
pub struct PointSummary {
    /// Index of the design point.
    pub point: usize,
    /// Number of replications.
    pub n: u64,
    /// Mean availability of the servers, 0 to 1.
    pub availability: Option<MeanEstimate>,
    /// Mean availability of the user journey, 0 to 1.
    pub journey_availability: Option<MeanEstimate>,
    /// Probability that a replication misses the SLA.
    pub sla_miss: Option<Estimate>,
    /// Restricted mean time to resolve, in rounds.
    pub mttr_rounds: Option<Estimate>,
    /// Mean time to resolve of closed incidents, in rounds.
    pub mttr_closed_rounds: Option<Estimate>,
    /// Median time to resolve, in half rounds.
    pub ttr_p50: TtrQuantile,
    /// 90 % of incidents are resolved within, in half rounds.
    pub ttr_p90: TtrQuantile,
    /// Quantiles of availability: 1 %, 5 % and the median.
    pub availability_quantiles: [Option<Estimate>; 3],
    /// The distribution of the time to resolve.
    pub ttr: Vec<TtrRow>,
    counts: [u64; Total::ALL.len()],
}

/// Summaries of all design points that have replications, in design order.
#[derive(Debug)]
pub struct Summary {
    /// One a design point.
    pub points: Vec<PointSummary>,
    /// The finished parts that they rest on.
    pub parts: usize,
}

/// The counts of every design point that a results folder holds, in design order, and how many
/// finished parts they come from.
pub fn read_counts(path: &Path, design: &Design) -> Result<(Vec<Option<PointCounts>>, usize)> {
    let mut order: Vec<(String, usize)> = (0..design.len())
        .map(|point| (design.key(point).to_string(), point))
        .collect();
    order.sort();
    let mut counts: Vec<Option<PointCounts>> = vec![None; design.len()];
    let mut foreign = None;
    let parts = Folder::counts(path, design, |key, row| {
        match order.binary_search_by(|(known, _)| known.as_str().cmp(key)) {
            Ok(at) => counts[order[at].1].get_or_insert_default().absorb(row),
            Err(_) => foreign = Some(key.to_owned()),
        }
    })?;
    if let Some(key) = foreign {
        return Err(anyhow!(
            "the counts hold a design point {key} that is not in the design"
        ));
    }
    Ok((counts, parts))
}

/// Summarises a results folder, from its counts.
pub fn summarize(path: &Path, design: &Design) -> Result<Summary> {
    let (counts, parts) = read_counts(path, design)?;
    Summary::new(design, &counts, parts)
}

impl PointSummary {
    /// Summarises the counts of one design point.
    pub fn new(
        design: &Design,
        point: usize,
        counts: &PointCounts,
        confidence: Confidence,
    ) -> Self {
        let variation = design.variation(point);
        let checks = variation.checks();
        let n = counts.replications();
        let list = |histogram: &std::collections::BTreeMap<u32, u64>| -> Vec<(u64, u64)> {
            let entries = histogram.iter();
            entries
                .map(|(value, count)| (u64::from(*value), *count))
                .collect()
        };
        let (up_checks, journey) = (list(&counts.up_checks), list(&counts.journey_up_rounds));
        let cells = counts.ttr_cells();
        let horizon = 2 * variation.rounds;
        let ttr = TtrDistribution::new(&cells, n, horizon, confidence);
        let ttr_quantile = |per_mille| {
            let ttr = ttr.as_ref();
            ttr.map(|ttr| ttr.quantile(per_mille)).unwrap_or_default()
        };
        let restricted = ttr.as_ref().and_then(|ttr| ttr.restricted_mean.as_ref());
        Self {
            point,
            n,
            availability: bounded_mean(&up_checks, checks, confidence),
            journey_availability: bounded_mean(&journey, u64::from(variation.rounds), confidence),
            sla_miss: wilson(counts.total(Total::SlaMissed), n, confidence),
            mttr_rounds: restricted.map(|mean| in_rounds(&mean.estimate)),
            mttr_closed_rounds: counts
                .closed_sums()
                .and_then(|sums| ratio_of_sums(&sums, confidence))
                .map(|estimate| in_rounds(&estimate)),
            ttr_p50: ttr_quantile(500),
            ttr_p90: ttr_quantile(900),
            availability_quantiles: [10, 50, 500]
                .map(|per_mille| quantile(&up_checks, checks, per_mille, confidence)),
            ttr: ttr.map(|ttr| ttr.rows).unwrap_or_default(),
            counts: Total::ALL.map(|total| counts.total(total)),
        }
    }

    /// A total over all replications.
    pub fn total(&self, total: Total) -> u64 {
        self.counts[total as usize]
    }
}

/// From half rounds to rounds.
fn in_rounds(half_rounds: &Estimate) -> Estimate {
    Estimate {
        value: half_rounds.value / 2.0,
        interval: half_rounds.interval.map(|interval| Interval {
            lo: interval.lo / 2.0,
            hi: interval.hi / 2.0,
        }),
        method: half_rounds.method,
    }
}

impl Summary {
    /// Summarises the counts of the design points, in design order.
    pub fn new(design: &Design, counts: &[Option<PointCounts>], parts: usize) -> Result<Self> {
        let confidence = Confidence::new(design.experiment().confidence)
            .ok_or_else(|| anyhow!("a confidence outside 0 to 1"))?;
        let points = counts
            .iter()
            .enumerate()
            .filter_map(|(point, counts)| {
                let counts = counts.as_ref()?;
                Some(PointSummary::new(design, point, counts, confidence))
            })
            .collect();
        Ok(Self { points, parts })
    }

    /// Writes `design`, `summary` and `ttr` into a results folder.
    pub fn write(&self, path: &Path, design: &Design) -> Result<()> {
        for (name, bytes) in self.files(design)? {
            Folder::write_file(path, &name, &bytes).context("can't write the summary tables")?;
        }
        Ok(())
    }

    /// The files `design`, `summary` and `ttr`, in both formats: name and content.
    pub fn files(&self, design: &Design) -> Result<Vec<(String, Vec<u8>)>> {
        let all: Vec<usize> = (0..design.len()).collect();
        let mut files = Vec::new();
        for (name, frame) in [
            ("design", point_columns(design, &all)),
            ("summary", self.summary_frame(design)),
            ("ttr", self.ttr_frame(design)),
        ] {
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
        columns.estimate(
            "mttr_rounds",
            "mean time to resolve in rounds, open incidents counted: area under Kaplan-Meier up \
             to the horizon",
            |row| row.mttr_rounds,
        );
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
        for total in Total::ALL {
            let about = "total over the replications";
            frame.column(&self.points, total.name(), about, |row| row.total(total));
        }
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
        let about = "method of the interval";
        self.add(&format!("{name}_method"), about, |row| {
            Some(of(row)?.method)
        });
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

    fn ttr_quantile(&mut self, name: &str, about: &str, of: fn(&PointSummary) -> TtrQuantile) {
        let rounds = |half_rounds: Option<u32>| half_rounds.map(|t| f64::from(t) / 2.0);
        self.add(name, about, |row| rounds(of(row).value));
        self.interval(name, |row| [rounds(of(row).lo), rounds(of(row).hi)]);
    }
}

fn ends(interval: Option<Interval>) -> [Option<f64>; 2] {
    [interval.map(|i| i.lo), interval.map(|i| i.hi)]
}
