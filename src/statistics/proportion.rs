//! The share of replications with a property.

use super::{Confidence, Estimate, Interval, WITHHELD_ONE_REPLICATION, critical};

/// The share `k / n` with the Wilson score interval (`wilson`), 0 to 1.
///
/// With z the normal critical value and p = k / n:
/// (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
/// At k = 0 the lower limit is exactly 0, at k = n the upper exactly 1; the
/// interval is never empty.
///
/// Wilson (1927), Probable inference, the law of succession, and statistical
/// inference, JASA 22.
///
/// `None` where n = 0 or k > n; the interval is withheld at n = 1.
pub fn wilson(k: u64, n: u64, confidence: Confidence) -> Option<Estimate> {
    if n == 0 || k > n {
        return None;
    }
    let value = k as f64 / n as f64;
    if n == 1 {
        return Some(Estimate::withheld(value, WITHHELD_ONE_REPLICATION));
    }
    Some(Estimate {
        value,
        interval: Some(score_interval(
            value,
            n as f64,
            critical::normal(confidence),
        )),
        method: "wilson",
    })
}

/// The Wilson interval of a share of `size` (> 0, may be fractional) trials.
pub(super) fn score_interval(share: f64, size: f64, critical: f64) -> Interval {
    let square = critical * critical;
    let centre = (size * share + square / 2.0) / (size + square);
    let half_width =
        critical / (size + square) * (size * share * (1.0 - share) + square / 4.0).sqrt();
    // The limits meet 0 and 1 exactly in theory; rounding must not show.
    Interval {
        lo: if share <= 0.0 {
            0.0
        } else {
            (centre - half_width).max(0.0)
        },
        hi: if share >= 1.0 {
            1.0
        } else {
            (centre + half_width).min(1.0)
        },
    }
}
