//! What is inferred of a bounded mean from the moments of a histogram.

use super::{Confidence, Interval, critical};

/// A Student t interval, corrected for skewness, where at least this many
/// replications differ from the most common value. Below, the sample is mostly
/// one value, and what the rare ones cost is hardly seen.
pub(super) const ENOUGH_DIFFERENT: u64 = 30;

/// From this many on the plain t interval covers: the correction is not needed.
pub(super) const PLENTY_DIFFERENT: u64 = 100;

/// Moments over replications, in the unit of the values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    pub n: u64,
    /// The sum of the values.
    pub sum: i128,
    /// Replications that differ from the most common value.
    differ: u64,
    pub mean: f64,
    /// With divisor n − 1; `None` at n = 1.
    pub sd: Option<f64>,
    /// Third central moment over the cube of `sd`; 0 without spread.
    skewness: f64,
}

/// What a mean is of and for: which methods suit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// A value of one sign, at an ordinary level.
    Mean,
    /// The same, at levels so strict that skewness matters however much was seen.
    Skewed,
    /// A difference: its sign is not known.
    Difference,
}

/// How an interval of a mean is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Bernstein,
    Hall,
    Student,
    /// Each end the farther of Student's and Hall's.
    Either,
}

impl Moments {
    /// From `(value, replications)`, in the fixed order of the values; sums are
    /// exact integers. `None` where there is no replication or n × the largest
    /// value passes 9.2e18.
    pub fn new(histogram: &[(i64, u64)]) -> Option<Self> {
        let mut n = 0u64;
        let mut largest = 0u64;
        let (mut sum, mut squares) = (0i128, 0i128);
        let mut most_common = 0;
        for &(value, count) in histogram {
            n = n.checked_add(count)?;
            largest = largest.max(value.unsigned_abs());
            let part = i128::from(value).checked_mul(i128::from(count))?;
            sum = sum.checked_add(part)?;
            squares = squares.checked_add(part.checked_mul(i128::from(value))?)?;
            most_common = most_common.max(count);
        }
        // With n × value in i64, the products below stay in i128.
        i64::try_from(n.checked_mul(largest.max(1))?).ok()?;
        let size = n as f64;
        let mut moments = Self {
            n,
            sum,
            differ: n - most_common,
            mean: (n > 0).then(|| sum as f64 / size)?,
            sd: None,
            skewness: 0.0,
        };
        if n > 1 {
            let deviations = i128::from(n) * squares - sum * sum;
            let sd = (deviations as f64 / (size * (size - 1.0))).sqrt();
            moments.sd = Some(sd);
            if sd > 0.0 {
                let cubes = histogram.iter().fold(0.0, |cubes, &(value, count)| {
                    let deviation = (value as f64 - moments.mean) / sd;
                    cubes + count as f64 * deviation * deviation * deviation
                });
                moments.skewness = cubes / size;
            }
        }
        Some(moments)
    }

    /// The standard error of the mean; `None` at n = 1.
    pub fn standard_error(&self) -> Option<f64> {
        self.sd.map(|sd| sd / (self.n as f64).sqrt())
    }

    fn method(&self, rule: Rule) -> Method {
        match (self.differ, rule) {
            (0..ENOUGH_DIFFERENT, _) => Method::Bernstein,
            (_, Rule::Difference) => Method::Either,
            (PLENTY_DIFFERENT.., Rule::Mean) => Method::Student,
            (_, Rule::Mean | Rule::Skewed) => Method::Hall,
        }
    }

    /// The interval of the mean of a value within an interval of length `range`,
    /// and its method; not yet clipped to that range. `None` at n = 1.
    pub fn interval(
        &self,
        rule: Rule,
        range: f64,
        confidence: Confidence,
    ) -> Option<(Interval, Method)> {
        let error = self.standard_error()?;
        let method = self.method(rule);
        let (below, above) = match method {
            Method::Bernstein => {
                let log = (4.0 / confidence.alpha()).ln();
                let half_width = error * (2.0 * log).sqrt() + self.remainder(range) * log;
                (half_width, half_width)
            }
            Method::Student | Method::Hall | Method::Either => {
                let t = critical::student(self.n as f64 - 1.0, confidence)?;
                // Beyond the estimate also where hardly any confidence is asked.
                let below = uncorrected(t, self.slant()).max(0.0);
                let above = (-uncorrected(-t, self.slant())).max(0.0);
                let (below, above) = match method {
                    Method::Hall => (below, above),
                    Method::Either => (below.max(t), above.max(t)),
                    _ => (t, t),
                };
                (error * below, error * above)
            }
        };
        let interval = Interval::new(self.mean - below, self.mean + above)?;
        Some((interval, method))
    }

    /// The smallest α whose interval of a difference excludes 0; 1 where none does.
    /// `None` at n = 1.
    pub fn p_value(&self, range: f64) -> Option<f64> {
        let error = self.standard_error()?;
        match self.method(Rule::Difference) {
            Method::Student | Method::Hall | Method::Either => {
                let t = self.mean / error;
                let corrected = corrected(t, self.slant());
                // Hall's end that faces 0 is at the estimate where this has another sign.
                let nearer = if corrected * t > 0.0 {
                    t.abs().min(corrected.abs())
                } else {
                    0.0
                };
                critical::student_p_value(nearer, self.n as f64 - 1.0)
            }
            Method::Bernstein => {
                // The half-width is a quadratic in the root of the logarithm.
                let (linear, square) = (error * 2f64.sqrt(), self.remainder(range));
                let root = (linear * linear + 4.0 * square * self.mean.abs()).sqrt();
                let log = ((root - linear) / (2.0 * square)).powi(2);
                Some((4.0 * (-log).exp()).min(1.0))
            }
        }
    }

    /// What Bernstein's bound adds for what was not seen, per logarithm.
    fn remainder(&self, range: f64) -> f64 {
        range * 7.0 / (3.0 * (self.n as f64 - 1.0))
    }

    /// Skewness of the mean, γ / √n.
    fn slant(&self) -> f64 {
        self.skewness / (self.n as f64).sqrt()
    }
}

/// Hall's transformation of a t statistic with slant a: T + a T²/3 + a² T³/27 +
/// a/6, which rises in T throughout.
fn corrected(t: f64, a: f64) -> f64 {
    t + a * t * t / 3.0 + a * a * t * t * t / 27.0 + a / 6.0
}

/// Its inverse: (3 / a) (∛(1 + a (y − a/6)) − 1).
fn uncorrected(y: f64, a: f64) -> f64 {
    let shifted = y - a / 6.0;
    if a == 0.0 {
        return shifted;
    }
    let inner = a * shifted;
    let cube_root_less_one = if inner > -0.5 {
        // Keeps its digits where the slant is small.
        (inner.ln_1p() / 3.0).exp_m1()
    } else {
        (1.0 + inner).cbrt() - 1.0
    };
    3.0 / a * cube_root_less_one
}
