//! Confidence sequences: intervals that hold at every look, so that a sweep may
//! be stopped, extended and looked at again as often as one likes.
//!
//! Each inverts a family of bets against "the true value is m": a capital that
//! starts at 1 and is not expected to grow if m is true. That it ever reaches
//! 1 / α has then at most the probability α (Ville 1939). Both depend on the
//! counts so far alone, not on the order of replications, nor on the looks.

use statrs::function::gamma::ln_gamma;

use super::root::edge;
use super::{Confidence, Estimate, Interval, WITHHELD_ONE_REPLICATION, histogram_total};

/// Limits are found to within this.
const TOLERANCE: f64 = 1e-13;

/// The mixture's pseudo-observations, by replications at the first look: so the
/// interval is sharpest at about 4 times as many, and near it up to 100 times.
const STRENGTH: f64 = 0.5;

/// The bets of the grid are 1, 1/2, 1/4, … 2^(1 − BETS) of the capital.
const BETS: i32 = 13;

/// The share `k / n` with its beta-binomial confidence sequence
/// (`beta_binomial_sequence`), 0 to 1.
///
/// The interval holds the p with M(p) < 1 / α, where M(p) =
/// B(rp + k, r(1 − p) + n − k) / (B(rp, r(1 − p)) p^k (1 − p)^(n − k)) is the
/// likelihood of a share drawn from beta(rp, r(1 − p)) over that of p. The
/// strength r is half of `first_look`, the replications at the first look, and
/// must not be chosen by what was seen.
///
/// Robbins (1970), Statistical methods related to the law of the iterated
/// logarithm, Annals of Mathematical Statistics 41; Howard, Ramdas, McAuliffe and
/// Sekhon (2021), Time-uniform, nonparametric, nonasymptotic confidence
/// sequences, Annals of Statistics 49, proposition 7 for the mixture.
///
/// `None` where n = 0, k > n or `first_look` = 0; withheld at n = 1.
pub fn beta_binomial_sequence(
    k: u64,
    n: u64,
    first_look: u64,
    confidence: Confidence,
) -> Option<Estimate> {
    if n == 0 || k > n || first_look == 0 {
        return None;
    }
    let value = k as f64 / n as f64;
    if n == 1 {
        return Some(Estimate::withheld(value, WITHHELD_ONE_REPLICATION));
    }
    let strength = STRENGTH * first_look as f64;
    let (yes, no) = (k as f64, (n - k) as f64);
    Some(Estimate {
        value,
        interval: Interval::new(
            lower_share(yes, no, strength, confidence),
            // The share of the others, from below.
            1.0 - lower_share(no, yes, strength, confidence),
        ),
        method: "beta_binomial_sequence",
    })
}

fn lower_share(yes: f64, no: f64, strength: f64, confidence: Confidence) -> f64 {
    let limit = -confidence.alpha().ln();
    let share = yes / (yes + no);
    let lo = edge(share, 0.0, TOLERANCE, |p| {
        log_mixture(yes, no, strength, p) < limit
    });
    if lo <= TOLERANCE { 0.0 } else { lo }
}

/// ln M(p), for 0 < p < 1.
fn log_mixture(yes: f64, no: f64, strength: f64, p: f64) -> f64 {
    let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let (a, b) = (strength * p, strength * (1.0 - p));
    ln_beta(a + yes, b + no) - ln_beta(a, b) - yes * p.ln() - no * (-p).ln_1p()
}

/// The mean of `value / scale` with its confidence sequence by betting
/// (`betting_sequence`), 0 to 1.
///
/// `histogram` holds `(value, replications with it)` of all blocks so far,
/// values ascending and at most `scale`. With x the values in 0 to 1 and b a bet
/// in 0 to 1, the capital Π (1 − b + b x / m) against "the mean is at most m" has
/// an expectation of at most 1 whatever the distribution; so has its average
/// over the bets b = 1, 1/2, 1/4, … 1/4096. It falls in m, and the lower limit
/// is where it meets 2 / α. The upper limit is that of 1 − x.
///
/// The bets are fixed beforehand, not learnt: so the capital is a function of
/// the counts, the same for any split into blocks, parts, shards or threads.
///
/// Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables
/// by betting, J. Royal Statistical Society B 86: the hedged grid-Kelly capital,
/// with a geometric grid.
///
/// `None` where the histogram is empty or malformed; withheld at n = 1.
pub fn betting_sequence(
    histogram: &[(u64, u64)],
    scale: u64,
    confidence: Confidence,
) -> Option<Estimate> {
    let n = histogram_total(histogram, scale)?;
    let sum = histogram.iter().map(|&(value, count)| {
        // Both are u64, so the product is exact.
        u128::from(value) * u128::from(count)
    });
    let sum = sum.fold(0u128, u128::saturating_add);
    let whole = n as f64 * scale as f64;
    let value = sum as f64 / whole;
    if n == 1 {
        return Some(Estimate::withheld(value, WITHHELD_ONE_REPLICATION));
    }
    let shares = |flip: bool| -> Vec<(f64, f64)> {
        let share = |&(value, count): &(u64, u64)| {
            let value = if flip { scale - value } else { value };
            (value as f64 / scale as f64, count as f64)
        };
        let met = histogram.iter().filter(|(_, count)| *count > 0);
        met.map(share).collect()
    };
    let lo = lower_mean(&shares(false), value, confidence);
    let hi = 1.0 - lower_mean(&shares(true), 1.0 - value, confidence);
    Some(Estimate {
        value,
        interval: Interval::new(lo.min(value), hi.max(value)),
        method: "betting_sequence",
    })
}

/// The m at which the capital of `(x, count)` against "at most m" meets 2 / α.
fn lower_mean(shares: &[(f64, f64)], mean: f64, confidence: Confidence) -> f64 {
    let limit = (2.0 / confidence.alpha()).ln();
    let lo = edge(mean, 0.0, TOLERANCE, |m| log_capital(shares, m) < limit);
    if lo <= TOLERANCE { 0.0 } else { lo }
}

/// The logarithm of the average capital over the bets, for m > 0.
fn log_capital(shares: &[(f64, f64)], m: f64) -> f64 {
    let logs: Vec<f64> = (0..BETS)
        .map(|halvings| {
            let bet = 0.5f64.powi(halvings);
            shares.iter().fold(0.0, |log, &(x, count)| {
                // A bet of everything that is lost leaves nothing: −∞.
                log + count * (bet * (x / m - 1.0)).ln_1p()
            })
        })
        .collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let capital: f64 = logs.iter().map(|log| (log - largest).exp()).sum();
    largest + (capital / f64::from(BETS)).ln()
}
