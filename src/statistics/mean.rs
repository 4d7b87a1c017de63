//! The mean of a value in [0, 1] over replications.

use super::{Confidence, Interval, WITHHELD_ONE_REPLICATION, critical, histogram_total};

/// Student t is used where at least this many replications differ from the
/// most common value. Below, the sample is mostly one value, and the t interval
/// under-covers badly.
const ENOUGH_DIFFERENT: u64 = 30;

/// A mean with its spread and interval, all in units of `scale` (0 to 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanEstimate {
    /// The sample mean.
    pub mean: f64,
    /// The sample standard deviation with divisor n − 1; `None` at n = 1.
    pub sd: Option<f64>,
    /// The interval, within [0, 1]; `None` at n = 1.
    pub interval: Option<Interval>,
    /// `student_t`, `empirical_bernstein`, or `withheld_one_replication`.
    pub method: &'static str,
}

/// The mean of `value / scale` over the replications of a histogram.
///
/// `histogram` holds `(value, replications with it)`, values ascending and at
/// most `scale`. Sums are exact integers, so the mean and the standard
/// deviation carry the rounding of the last operations only.
///
/// With mean m and standard deviation s of n replications:
/// - Student t, where at least 30 replications differ from the most common
///   value: m ± t(n − 1) s / √n.
/// - Empirical Bernstein elsewhere: m ± (s √(2 L / n) + 7 L / (3 (n − 1))) with
///   L = ln(4 / α). It holds for any distribution on [0, 1] at any n, and is
///   never empty. Maurer and Pontil (2009), Empirical Bernstein bounds and
///   sample variance penalization, COLT, Theorem 4, with δ = α / 2 a side.
///
/// Both are clipped to [0, 1].
///
/// `None` where the histogram is empty or malformed, or where n × scale passes
/// 1.8e19.
pub fn bounded_mean(
    histogram: &[(u64, u64)],
    scale: u64,
    confidence: Confidence,
) -> Option<MeanEstimate> {
    let n = histogram_total(histogram, scale)?;
    // With n × scale in u64, every sum below stays in u128.
    let whole = u128::from(n.checked_mul(scale)?);
    let mut sum = 0u128;
    let mut squares = 0u128;
    let mut most_common = 0;
    for &(value, count) in histogram {
        let part = u128::from(value) * u128::from(count);
        sum += part;
        squares += part * u128::from(value);
        most_common = most_common.max(count);
    }
    let mean = sum as f64 / whole as f64;
    if n == 1 {
        return Some(MeanEstimate {
            mean,
            sd: None,
            interval: None,
            method: WITHHELD_ONE_REPLICATION,
        });
    }
    let size = n as f64;
    let deviations = u128::from(n) * squares - sum * sum;
    let sd = (deviations as f64 / (size * (size - 1.0))).sqrt() / scale as f64;
    let (half_width, method) = if n - most_common >= ENOUGH_DIFFERENT {
        let t = critical::student(size - 1.0, confidence)?;
        (t * sd / size.sqrt(), "student_t")
    } else {
        (bernstein(sd, size, confidence), "empirical_bernstein")
    };
    Some(MeanEstimate {
        mean,
        sd: Some(sd),
        interval: Interval::new(mean - half_width, mean + half_width).map(Interval::clipped),
        method,
    })
}

fn bernstein(sd: f64, n: f64, confidence: Confidence) -> f64 {
    let log = (4.0 / confidence.alpha()).ln();
    sd * (2.0 * log / n).sqrt() + 7.0 * log / (3.0 * (n - 1.0))
}
