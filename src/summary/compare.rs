//! Differences from the baseline of `[compare]`, over the replications that both points have.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use anyhow::Result;

use crate::design::Design;
use crate::error::heard;
use crate::results::{Outcomes, Replications, Sweep};
use crate::simulation::in_rounds;
use crate::statistics::Confidence;
use crate::statistics::holm::{SMALLEST_P, holm};
use crate::statistics::jackknife::RestrictedMean;
use crate::statistics::paired::{
    Difference, PairedCounts, PairedSums, mean_difference, mttr_difference, proportion_difference,
};

/// Replications that are paired at a time; of a whole part or more, so that few are read twice.
const BLOCK: u64 = 1 << 18;

/// An estimate of a design point less that of its baseline.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Index of the design point.
    pub point: usize,
    /// Index of the point that it is compared with.
    pub baseline: usize,
    /// What is compared: a column of `summary`.
    pub estimate: &'static str,
    /// Replications that both have.
    pub n: u64,
    /// The estimate of the point over these replications.
    pub value: Option<f64>,
    /// That of the baseline.
    pub baseline_value: Option<f64>,
    /// Point less baseline; `None` where it is not defined.
    pub difference: Option<Difference>,
    /// The p-value, adjusted for all comparisons of the table (Holm).
    pub p_holm: Option<f64>,
    /// Variance of the difference without pairing, by that with it.
    pub variance_reduction: Option<f64>,
}

impl Comparison {
    /// The two-sided p-value of no difference; [`SMALLEST_P`] where it is that or less.
    pub fn p_value(&self) -> Option<f64> {
        Some(self.difference?.p_value?.max(SMALLEST_P))
    }

    /// Whether the p-values are known; else they are bounds from above.
    pub fn p_is_known(&self) -> bool {
        self.p_value().is_some_and(|p| p > SMALLEST_P)
    }
}

/// The restricted mean of each design point, in half rounds.
pub(super) type Means = BTreeMap<usize, RestrictedMean>;

/// All comparisons of a sweep, in design order; none where none is asked for.
pub(super) fn compare(
    sweep: &Sweep,
    means: &Means,
    confidence: Confidence,
    stop: &AtomicBool,
) -> Result<Vec<Comparison>> {
    let design = &sweep.design;
    // Points with one baseline are read together.
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (point, baseline) in design.compared() {
        groups.entry(baseline).or_default().push(point);
    }
    let Some(largest) = groups.values().map(Vec::len).max() else {
        return Ok(Vec::new());
    };
    let mut replications = Replications::of(sweep, largest + 1)?;
    let mut found = Vec::new();
    for (baseline, compared) in groups {
        heard(stop)?;
        let pairs = pair(design, &mut replications, baseline, &compared)?;
        for pair in &pairs {
            found.extend(pair.comparisons(means, confidence));
        }
    }
    found.sort_by_key(|comparison| comparison.point);
    let p_values: Vec<Option<f64>> = found.iter().map(Comparison::p_value).collect();
    for (comparison, p) in found.iter_mut().zip(holm(&p_values)) {
        comparison.p_holm = p;
    }
    Ok(found)
}

/// What a point and its baseline came to, replication by replication.
struct Pair {
    point: usize,
    baseline: usize,
    n: u64,
    up_checks: Values,
    /// `None` where one of them has no journey.
    journey: Option<Values>,
    missed: PairedCounts,
}

/// Pairs of values in 0 to 1, as integers of one scale.
struct Values {
    scale: u64,
    /// What a value of the point, and of the baseline, is multiplied by.
    factors: [u64; 2],
    differences: BTreeMap<i64, u64>,
    sums: PairedSums,
    /// Whether the sums still fit.
    fits: bool,
}

impl Values {
    fn new(point: u64, baseline: u64) -> Self {
        let scale = point / gcd(point, baseline) * baseline;
        Self {
            scale,
            factors: [scale / point, scale / baseline],
            differences: BTreeMap::new(),
            sums: PairedSums::default(),
            fits: true,
        }
    }

    fn add(&mut self, point: u32, baseline: u32) {
        let [a, b] = [point, baseline].map(u64::from);
        let (a, b) = (a * self.factors[0], b * self.factors[1]);
        *self.differences.entry(a as i64 - b as i64).or_default() += 1;
        match self.sums.checked_add(PairedSums::of(a, b)) {
            Some(sums) => self.sums = sums,
            None => self.fits = false,
        }
    }

    fn means(&self) -> [Option<f64>; 2] {
        let whole = self.sums.n as f64 * self.scale as f64;
        [self.sums.a, self.sums.b].map(|sum| (self.fits && whole > 0.0).then(|| sum as f64 / whole))
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

fn pair(
    design: &Design,
    replications: &mut Replications,
    baseline: usize,
    compared: &[usize],
) -> Result<Vec<Pair>> {
    let reached = |point: usize, replications: &Replications| {
        replications
            .reached(point)
            .min(replications.reached(baseline))
    };
    let mut pairs: Vec<Pair> = compared
        .iter()
        .map(|point| Pair::new(design, *point, baseline, reached(*point, replications)))
        .collect();
    let longest = pairs.iter().map(|pair| pair.n).max().unwrap_or(0);
    let mut first = 0;
    while first < longest {
        let count = BLOCK.min(longest - first);
        let of_baseline = replications.read(baseline, first, count)?;
        for pair in pairs.iter_mut().filter(|pair| pair.n > first) {
            let of_point = replications.read(pair.point, first, count.min(pair.n - first))?;
            pair.add(&of_point, &of_baseline);
        }
        first += count;
    }
    Ok(pairs)
}

impl Pair {
    fn new(design: &Design, point: usize, baseline: usize, n: u64) -> Self {
        let (own, other) = (design.variation(point), design.variation(baseline));
        let journey = own.journey && other.journey;
        Self {
            point,
            baseline,
            n,
            up_checks: Values::new(own.checks(), other.checks()),
            journey: journey.then(|| Values::new(own.journey_rounds(), other.journey_rounds())),
            missed: PairedCounts::default(),
        }
    }

    fn add(&mut self, point: &Outcomes, baseline: &Outcomes) {
        for (a, b) in point.up_checks.iter().zip(&baseline.up_checks) {
            self.up_checks.add(*a, *b);
        }
        if let Some(journey) = &mut self.journey {
            let rounds = point.journey_up_rounds.iter();
            for (a, b) in rounds.zip(&baseline.journey_up_rounds) {
                journey.add(*a, *b);
            }
        }
        for pair in point.sla_met.iter().zip(&baseline.sla_met) {
            *match pair {
                (false, false) => &mut self.missed.both,
                (false, true) => &mut self.missed.point_only,
                (true, false) => &mut self.missed.baseline_only,
                (true, true) => &mut self.missed.neither,
            } += 1;
        }
    }

    fn comparisons(&self, means: &Means, confidence: Confidence) -> Vec<Comparison> {
        let mut found = vec![self.of_values("availability", &self.up_checks, confidence)];
        if let Some(journey) = &self.journey {
            found.push(self.of_values("journey_availability", journey, confidence));
        }
        found.push(self.of_sla_miss(confidence));
        found.push(self.of_mttr(means, confidence));
        found
    }

    fn row(&self, estimate: &'static str, values: [Option<f64>; 2]) -> Comparison {
        Comparison {
            point: self.point,
            baseline: self.baseline,
            estimate,
            n: self.n,
            value: values[0],
            baseline_value: values[1],
            difference: None,
            p_holm: None,
            variance_reduction: None,
        }
    }

    fn of_values(&self, estimate: &'static str, values: &Values, c: Confidence) -> Comparison {
        let histogram: Vec<(i64, u64)> = values.differences.iter().map(|(d, n)| (*d, *n)).collect();
        let reduction = values.fits.then(|| values.sums.variance_reduction());
        Comparison {
            difference: mean_difference(&histogram, values.scale, c),
            variance_reduction: reduction.flatten(),
            ..self.row(estimate, values.means())
        }
    }

    fn of_sla_miss(&self, confidence: Confidence) -> Comparison {
        let counts = &self.missed;
        let share = |missed: u64| (self.n > 0).then(|| missed as f64 / self.n as f64);
        let (a, b) = (
            counts.both + counts.point_only,
            counts.both + counts.baseline_only,
        );
        let sums = PairedSums {
            n: self.n,
            a,
            b,
            aa: a.into(),
            bb: b.into(),
            ab: counts.both.into(),
        };
        Comparison {
            difference: proportion_difference(counts, confidence),
            variance_reduction: sums.variance_reduction(),
            ..self.row("sla_miss", [share(a), share(b)])
        }
    }

    /// Over all replications of each: the groups of the jackknife pair them.
    fn of_mttr(&self, means: &Means, confidence: Confidence) -> Comparison {
        let (own, other) = (means.get(&self.point), means.get(&self.baseline));
        let values = [own, other].map(|mean| mean.map(|m| in_rounds(m.estimate.value)));
        let row = self.row("mttr_rounds", values);
        let (Some(own), Some(other)) = (own, other) else {
            return row;
        };
        let difference = mttr_difference(own, other, confidence);
        let variance = |error: Option<f64>| error.map(|error| error * error);
        let apart = variance(own.standard_error).zip(variance(other.standard_error));
        let together = difference.and_then(|d| variance(d.standard_error));
        let reduction = apart.zip(together).map(|((a, b), both)| (a + b) / both);
        Comparison {
            difference: difference.map(|d| d.scaled(in_rounds(1.0))),
            variance_reduction: reduction.filter(|ratio| ratio.is_finite()),
            ..row
        }
    }
}
