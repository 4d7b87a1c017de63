//! The share of replications with a property.

use statrs::function::beta::checked_beta_reg;

use super::root::edge;
use super::{Confidence, Estimate, Interval, WITHHELD_ONE_REPLICATION, critical};

/// With more replications than this on both sides, the incomplete beta function
/// loses its digits, and all three intervals are the same but for 1 in 1,000 of
/// their width: Wilson's is given.
const BETA_HOLDS: u64 = 1_000_000;

/// How the interval of a share is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProportionMethod {
    /// Wilson's score interval: covers the level on average over shares.
    #[default]
    Wilson,
    /// Exact: covers at least the level at every share, and so more than it.
    ClopperPearson,
    /// The equal-tailed posterior of Jeffreys' prior: covers the level on
    /// average over shares, nearer to each end than Wilson's.
    Jeffreys,
}

impl ProportionMethod {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Wilson, Self::ClopperPearson, Self::Jeffreys];

    /// Its name, as in the `_method` columns.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wilson => "wilson",
            Self::ClopperPearson => "clopper_pearson",
            Self::Jeffreys => "jeffreys",
        }
    }
}

/// The share `k / n` with its interval, 0 to 1, by one of three methods.
///
/// With z the normal critical value, p = k / n and B(q; a, b) the quantile of
/// the beta distribution:
/// - Wilson: (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
/// - Clopper–Pearson: B(α/2; k, n − k + 1) to B(1 − α/2; k + 1, n − k).
/// - Jeffreys: B(α/2; k + ½, n − k + ½) to B(1 − α/2; k + ½, n − k + ½).
///
/// At k = 0 the lower limit is exactly 0, at k = n the upper exactly 1; the
/// interval is never empty.
///
/// Wilson (1927), Probable inference, the law of succession, and statistical
/// inference, JASA 22. Clopper and Pearson (1934), The use of confidence or
/// fiducial limits illustrated in the case of the binomial, Biometrika 26.
/// Brown, Cai and DasGupta (2001), Interval estimation for a binomial
/// proportion, Statistical Science 16, whose Jeffreys interval this is.
///
/// `None` where n = 0 or k > n; the interval is withheld at n = 1.
pub fn proportion(
    k: u64,
    n: u64,
    method: ProportionMethod,
    confidence: Confidence,
) -> Option<Estimate> {
    if n == 0 || k > n {
        return None;
    }
    let value = k as f64 / n as f64;
    if n == 1 {
        return Some(Estimate::withheld(value, WITHHELD_ONE_REPLICATION));
    }
    let shift = match method {
        ProportionMethod::Wilson => return Some(by_score(value, n, confidence)),
        ProportionMethod::ClopperPearson => 0.0,
        ProportionMethod::Jeffreys => 0.5,
    };
    if k.min(n - k) > BETA_HOLDS {
        return Some(by_score(value, n, confidence));
    }
    let (yes, no) = (k as f64, (n - k) as f64);
    let tail = confidence.alpha() / 2.0;
    Some(Estimate {
        value,
        interval: Some(Interval {
            lo: lower_limit(yes + shift, no + 1.0 - shift, value, tail),
            // The share of the others, from below.
            hi: 1.0 - lower_limit(no + shift, yes + 1.0 - shift, 1.0 - value, tail),
        }),
        method: method.name(),
    })
}

/// The share `k / n` with the Wilson score interval: [`proportion`].
pub fn wilson(k: u64, n: u64, confidence: Confidence) -> Option<Estimate> {
    proportion(k, n, ProportionMethod::Wilson, confidence)
}

fn by_score(value: f64, n: u64, confidence: Confidence) -> Estimate {
    let z = critical::normal(confidence);
    Estimate {
        value,
        interval: Some(score_interval(value, n as f64, z)),
        method: ProportionMethod::Wilson.name(),
    }
}

/// The `tail` quantile of beta (a, b), at most `share`; 0 at a share of 0.
///
/// By bisection of the distribution function: the inverse of the library does
/// not return for some large parameters.
fn lower_limit(a: f64, b: f64, share: f64, tail: f64) -> f64 {
    if share <= 0.0 {
        return 0.0;
    }
    edge(share, 0.0, 0.0, |p| {
        checked_beta_reg(a, b, p).is_ok_and(|below| below >= tail)
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
