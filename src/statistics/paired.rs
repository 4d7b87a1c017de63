//! Differences from a baseline over common replications.
//!
//! Replication i of a design point and of its baseline share random numbers, so
//! their difference varies less than either. Everything here is "point minus
//! baseline", over replications that both have.

use super::clusters::{ENOUGH_GROUPS, ROUNDING, spread};
use super::ellipse::LogEllipse;
use super::jackknife::RestrictedMean;
use super::moments::{Method, Moments, Rule};
use super::root::edge;
use super::{
    Confidence, Interval, WITHHELD_FEW_EVENTS, WITHHELD_NO_SPREAD, WITHHELD_ONE_REPLICATION,
    critical,
};

/// A difference from the baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The difference, finite.
    pub value: f64,
    /// Its standard error; `None` where it is not known.
    pub standard_error: Option<f64>,
    /// The interval, or `None` where it is withheld.
    pub interval: Option<Interval>,
    /// The p-value, two-sided, of no difference: the smallest α whose interval
    /// excludes 0, and 1 where none does. `None` where the interval is withheld.
    pub p_value: Option<f64>,
    /// The name of the interval's method; `withheld_…` says why there is none.
    pub method: &'static str,
}

impl Difference {
    /// The difference in another unit, of which the present one is `factor` (above 0).
    pub fn scaled(self, factor: f64) -> Self {
        let of = |value: f64| value * factor;
        Self {
            value: of(self.value),
            standard_error: self.standard_error.map(of),
            interval: self.interval.map(|interval| Interval {
                lo: of(interval.lo),
                hi: of(interval.hi),
            }),
            ..self
        }
    }

    fn withheld(value: f64, reason: &'static str) -> Self {
        Self {
            value,
            standard_error: None,
            interval: None,
            p_value: None,
            method: reason,
        }
    }
}

/// The mean difference of a value in [0, 1], such as availability.
///
/// `histogram` holds `(difference, replications with it)` in units of `scale`
/// (checks, or rounds), ascending, from −scale to scale. With the notation of
/// [`bounded_mean`](super::mean::bounded_mean), for values on [−1, 1]:
/// - where d ≥ 30 (`paired_t_hall`), each end is the farther of Student's t and of
///   Hall's correction for skewness. Differences on one side of 0 are skewed, and
///   Student's t misses on the long side; differences on both sides are not, and
///   there the correction follows the chance skewness of the sample and misses on
///   both.
/// - elsewhere (`paired_bernstein`) empirical Bernstein. Without any difference
///   its p-value is 1.
///
/// `None` where the histogram is empty or malformed, or n × scale passes 9.2e18.
pub fn mean_difference(
    histogram: &[(i64, u64)],
    scale: u64,
    confidence: Confidence,
) -> Option<Difference> {
    let ascends = histogram.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let within = histogram
        .iter()
        .all(|&(value, _)| value.unsigned_abs() <= scale);
    if scale == 0 || !ascends || !within {
        return None;
    }
    let moments = Moments::new(histogram)?;
    let whole = scale as f64;
    i64::try_from(moments.n.checked_mul(scale)?).ok()?;
    let value = moments.mean / whole;
    let range = 2.0 * whole;
    let Some((interval, method)) = moments.interval(Rule::Difference, range, confidence) else {
        return Some(Difference::withheld(value, WITHHELD_ONE_REPLICATION));
    };
    Some(Difference {
        value,
        standard_error: moments.standard_error().map(|error| error / whole),
        interval: Interval::new(
            (interval.lo / whole).clamp(-1.0, 1.0),
            (interval.hi / whole).clamp(-1.0, 1.0),
        ),
        p_value: moments.p_value(range),
        method: match method {
            Method::Bernstein => "paired_bernstein",
            Method::Student | Method::Hall | Method::Either => "paired_t_hall",
        },
    })
}

/// Replications by a property (such as a missed SLA) of the point and of the
/// baseline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairedCounts {
    /// Both have it.
    pub both: u64,
    /// Only the point has it.
    pub point_only: u64,
    /// Only the baseline has it.
    pub baseline_only: u64,
    /// Neither has it.
    pub neither: u64,
}

/// The difference of two paired shares, with Tango's score interval (`tango`)
/// and the p-value of the score test at 0, which is McNemar's without
/// correction: P(|Z| ≥ |b − c| / √(b + c)).
///
/// With n pairs, b in the point only and c in the baseline only, the interval
/// holds the δ with |b − c − nδ| ≤ z √(n (2 q + δ (1 − δ))), q being the maximum
/// likelihood estimate of the probability of `baseline_only` given δ. It is
/// never empty, also without any pair that differs. The standard error is
/// √(b + c − (b − c)² / n) / n, not used in the interval.
///
/// Tango (1998), Equivalence test and confidence interval for the difference in
/// proportions for the paired-sample design, Statistics in Medicine 17.
///
/// `None` where there is no pair or the counts pass u64.
pub fn proportion_difference(counts: &PairedCounts, confidence: Confidence) -> Option<Difference> {
    let PairedCounts {
        both,
        point_only,
        baseline_only,
        neither,
    } = *counts;
    let pairs = [both, point_only, baseline_only, neither];
    let pairs = pairs
        .into_iter()
        .try_fold(0u64, |sum, count| sum.checked_add(count))
        .filter(|&pairs| pairs > 0)?;
    let (n, b, c) = (pairs as f64, point_only as f64, baseline_only as f64);
    let value = (b - c) / n;
    if pairs == 1 {
        return Some(Difference::withheld(value, WITHHELD_ONE_REPLICATION));
    }
    let z = critical::normal(confidence);
    let inside = |delta: f64| score(n, b, c, delta).abs() <= z;
    let test = if b + c > 0.0 {
        (b - c) / (b + c).sqrt()
    } else {
        0.0
    };
    Some(Difference {
        value,
        standard_error: Some(((b + c) - (b - c) * (b - c) / n).max(0.0).sqrt() / n),
        interval: Interval::new(
            edge(value, -1.0, 0.0, inside),
            edge(value, 1.0, 0.0, inside),
        ),
        p_value: Some(critical::normal_p_value(test)),
        method: "tango",
    })
}

/// Tango's score statistic of a difference `delta`; it falls in `delta`, and is
/// 0 at the estimate.
fn score(n: f64, b: f64, c: f64, delta: f64) -> f64 {
    let distance = b - c - n * delta;
    if distance == 0.0 {
        return 0.0;
    }
    // The larger root of 2n q² + half q + free = 0, without cancellation.
    let half = (2.0 * n - b + c) * delta - b - c;
    let free = -c * delta * (1.0 - delta);
    let root = (half * half - 8.0 * n * free).max(0.0).sqrt();
    let q = if half <= 0.0 {
        (root - half) / (4.0 * n)
    } else {
        -2.0 * free / (root + half)
    };
    let variance = n * (2.0 * q + delta * (1.0 - delta));
    // Without variance any distance is too far.
    if variance > 0.0 {
        distance / variance.sqrt()
    } else {
        distance.signum() * f64::MAX
    }
}

/// Integer sums over pairs (point a, baseline b), addable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairedSums {
    /// Pairs.
    pub n: u64,
    /// Σ a.
    pub a: u64,
    /// Σ b.
    pub b: u64,
    /// Σ a².
    pub aa: u128,
    /// Σ b².
    pub bb: u128,
    /// Σ a b.
    pub ab: u128,
}

impl PairedSums {
    /// The sums of one pair.
    pub fn of(point: u64, baseline: u64) -> Self {
        let (a, b) = (u128::from(point), u128::from(baseline));
        Self {
            n: 1,
            a: point,
            b: baseline,
            aa: a * a,
            bb: b * b,
            ab: a * b,
        }
    }

    /// The sums over the pairs of both; `None` where a sum overflows.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            n: self.n.checked_add(other.n)?,
            a: self.a.checked_add(other.a)?,
            b: self.b.checked_add(other.b)?,
            aa: self.aa.checked_add(other.aa)?,
            bb: self.bb.checked_add(other.bb)?,
            ab: self.ab.checked_add(other.ab)?,
        })
    }

    /// The variance reduction that pairing achieved: (var a + var b) /
    /// var(a − b). Independent replications would need so many times as many for
    /// the same standard error; below 1 pairing harmed.
    ///
    /// `None` where there are fewer than 2 pairs, a − b does not vary (there is
    /// no limit to the reduction then), or a product passes i128.
    pub fn variance_reduction(&self) -> Option<f64> {
        let signed = |value: u128| i128::try_from(value).ok();
        let n = i128::from(self.n);
        let moment = |products: u128, x: u64, y: u64| {
            let crossed = i128::from(x).checked_mul(i128::from(y))?;
            n.checked_mul(signed(products)?)?.checked_sub(crossed)
        };
        let a = moment(self.aa, self.a, self.a)?;
        let b = moment(self.bb, self.b, self.b)?;
        let both = a.checked_add(b)?;
        let twice = moment(self.ab, self.a, self.b)?.checked_mul(2)?;
        let difference = both.checked_sub(twice)?;
        (self.n > 1 && difference > 0).then(|| both as f64 / difference as f64)
    }
}

/// The difference of two restricted means, in half rounds, over the same
/// replications: the delete-a-group jackknife with the same groups in both
/// (`paired_jackknife_log`).
///
/// The interval is a − b for all (ln a, ln b) in the ellipse about the two
/// estimates that has their jackknife covariance and the radius t: the profile
/// likelihood interval of a function of two normal estimates (Venzon and Moolgavkar
/// 1988, A method for computing profile-likelihood-based confidence intervals,
/// Applied Statistics 37). For small errors it is δ ± t se(δ), which covers too
/// little where repairs are skewed: a sample without long ones has a small mean and
/// a small error. Its p-value is that of T = ln(a / b) / se(ln(a / b)), since a = b
/// is a line there.
///
/// The degrees of freedom are the least of the effective numbers of groups with
/// incidents, less 1, and of Satterthwaite's for the differences δ(g) without each
/// group, as in [`TtrDistribution::new`](super::jackknife::TtrDistribution::new), but
/// without its floor. The standard error is that of δ, √((G − 1) / G Σ (δ(g) − δ̄)²).
///
/// `None` where one has no incident, or the two rest on different groups. The
/// interval is withheld where that of either mean is, where the difference does not
/// vary, and where the incidents of fewer than 7 groups differ: so few decide it that
/// it would cover 50 to 90 %.
pub fn mttr_difference(
    point: &RestrictedMean,
    baseline: &RestrictedMean,
    confidence: Confidence,
) -> Option<Difference> {
    let groups = point.leave_one_out.len();
    if groups != baseline.leave_one_out.len() {
        return None;
    }
    let means = [point.estimate.value, baseline.estimate.value];
    let value = means[0] - means[1];
    if groups == 1 {
        return Some(Difference::withheld(value, WITHHELD_ONE_REPLICATION));
    }
    let few = Some(Difference::withheld(value, WITHHELD_FEW_EVENTS));
    let (Some(of_point), Some(of_baseline)) = (point.effective_groups, baseline.effective_groups)
    else {
        return few;
    };
    let Some(without) = Without::each_group(point, baseline) else {
        return few;
    };
    let spread = spread(&without.differences);
    if spread.error <= ROUNDING * means[0].max(means[1]) {
        return Some(Difference {
            standard_error: Some(0.0),
            ..Difference::withheld(value, WITHHELD_NO_SPREAD)
        });
    }
    let known = Difference {
        standard_error: Some(spread.error),
        ..Difference::withheld(value, WITHHELD_NO_SPREAD)
    };
    if [point, baseline]
        .iter()
        .any(|mean| mean.estimate.interval.is_none())
    {
        return Some(known);
    }
    let groups = point.groups.iter().zip(&baseline.groups);
    let differ = groups.filter(|(a, b)| a != b).count() as f64;
    if differ < ENOUGH_GROUPS {
        return Some(Difference {
            method: WITHHELD_FEW_EVENTS,
            ..known
        });
    }
    let df = spread.df.min(of_point - 1.0).min(of_baseline - 1.0);
    let t = critical::student(df, confidence)?;
    let Some(interval) = without.ellipse(means, t).difference() else {
        return few;
    };
    let ratio = (means[0] / means[1]).ln() / without.ratio_error();
    Some(Difference {
        interval: Some(interval),
        p_value: critical::student_p_value(ratio, df),
        method: "paired_jackknife_log",
        ..known
    })
}

/// Two means without each group of replications in turn.
struct Without {
    differences: Vec<f64>,
    /// The logarithms of each.
    logs: [Vec<f64>; 2],
}

impl Without {
    /// `None` where one is not defined without some group, or is 0.
    fn each_group(point: &RestrictedMean, baseline: &RestrictedMean) -> Option<Self> {
        let all = |mean: &RestrictedMean| mean.leave_one_out.iter().copied().collect();
        let (a, b): (Option<Vec<f64>>, Option<Vec<f64>>) = (all(point), all(baseline));
        let (a, b) = (a?, b?);
        if a.iter().chain(&b).any(|&mean| mean <= 0.0) {
            return None;
        }
        let logs = |deleted: &[f64], whole: f64| deleted.iter().map(|x| (x / whole).ln()).collect();
        Some(Self {
            differences: a.iter().zip(&b).map(|(a, b)| a - b).collect(),
            logs: [
                logs(&a, point.estimate.value),
                logs(&b, baseline.estimate.value),
            ],
        })
    }

    /// Of `t` standard errors about both means.
    fn ellipse(&self, means: [f64; 2], t: f64) -> LogEllipse {
        let [a, b] = self.logs.each_ref().map(|logs| spread(logs).error);
        // var(a − b) = var a + var b − 2 cov(a, b).
        let ratio = self.ratio_error();
        let correlation = (a * a + b * b - ratio * ratio) / (2.0 * a * b);
        LogEllipse {
            means,
            reaches: [t * a, t * b],
            correlation: correlation.clamp(-1.0, 1.0),
        }
    }

    /// The standard error of ln(a / b).
    fn ratio_error(&self) -> f64 {
        let [a, b] = &self.logs;
        let ratios: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        spread(&ratios).error
    }
}
