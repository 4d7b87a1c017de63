//! Quantiles over replications, with distribution-free intervals.

use super::{Confidence, Estimate, Interval, WITHHELD_ONE_REPLICATION, histogram_total};

/// Weights below this share of the largest are left out of binomial sums.
const NEGLIGIBLE: f64 = 1e-30;

/// The quantile of `value / scale` over the replications of a histogram, with
/// its order-statistics interval (`order_statistics`), 0 to 1.
///
/// `histogram` holds `(value, replications with it)`, values ascending and at
/// most `scale`; `per_mille` is the quantile's level, 1 to 999 (50 for p05).
/// The quantile is the smallest value whose cumulative count is at least
/// n × per_mille / 1000, compared in integers.
///
/// The interval runs from the l-th to the u-th smallest value, with B binomial
/// (n, p), l the largest rank with P(B < l) ≤ α/2 and u the smallest with
/// P(B ≥ u) ≤ α/2. It covers at least 1 − α for any distribution, discrete ones
/// included. Where the sample is too small for a rank, the limit is the bound
/// of the scale: 0 for l = 0, 1 for u = n + 1.
///
/// David and Nagaraja (2003), Order Statistics, 3rd ed., section 7.1.
///
/// `None` where the histogram is empty or malformed or the level is not within
/// 1 to 999; the interval is withheld at n = 1.
pub fn quantile(
    histogram: &[(u64, u64)],
    scale: u64,
    per_mille: u32,
    confidence: Confidence,
) -> Option<Estimate> {
    let n = histogram_total(histogram, scale)?;
    if !(1..1000).contains(&per_mille) {
        return None;
    }
    let rank = (u128::from(n) * u128::from(per_mille)).div_ceil(1000);
    let value = order_statistic(histogram, scale, u64::try_from(rank).ok()?)?;
    if n == 1 {
        return Some(Estimate::withheld(value, WITHHELD_ONE_REPLICATION));
    }
    let tail = confidence.alpha() / 2.0;
    let below = lower_rank(n, f64::from(per_mille) / 1000.0, tail);
    // P(B ≥ u) is the same tail of the binomial with 1 − p, counted from above.
    let above = lower_rank(n, f64::from(1000 - per_mille) / 1000.0, tail);
    let lo = match below {
        0 => 0.0,
        rank => order_statistic(histogram, scale, rank)?,
    };
    let hi = match above {
        0 => 1.0,
        rank => order_statistic(histogram, scale, n - rank + 1)?,
    };
    Some(Estimate {
        value,
        interval: Interval::new(lo, hi),
        method: "order_statistics",
    })
}

/// The value of the `rank`-th smallest replication, counted from 1.
fn order_statistic(histogram: &[(u64, u64)], scale: u64, rank: u64) -> Option<f64> {
    let mut cumulative = 0;
    for &(value, count) in histogram {
        cumulative += count;
        if cumulative >= rank {
            return Some(value as f64 / scale as f64);
        }
    }
    None
}

/// The largest l with P(B < l) ≤ tail, for B binomial (n, p); 0 if none.
///
/// The weights are taken relative to the mode and divided by their own sum, so
/// that no factorial is needed: exact to about 1e-12 at any n, in steps that
/// grow as √n.
fn lower_rank(n: u64, p: f64, tail: f64) -> u64 {
    let odds = p / (1.0 - p);
    // The weight of k over that of k − 1.
    let ratio = |k: u64| (n - k + 1) as f64 / k as f64 * odds;
    let mode = (((n as f64 + 1.0) * p) as u64).min(n);

    let mut total = 1.0;
    let mut weight = 1.0;
    let mut k = mode;
    while k < n && weight > NEGLIGIBLE {
        k += 1;
        weight *= ratio(k);
        total += weight;
    }
    weight = 1.0;
    k = mode;
    while k > 0 && weight > NEGLIGIBLE {
        weight /= ratio(k);
        k -= 1;
        total += weight;
    }
    // Back up from the far end: small weights first keeps the tail exact.
    let mut below = weight;
    while k < n && below <= tail * total {
        k += 1;
        weight *= ratio(k);
        below += weight;
    }
    k
}
