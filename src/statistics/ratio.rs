//! A mean per incident, with the replication as cluster.

use super::clusters::{Clusters, ROUNDING as NO_SPREAD, spread};
use super::jackknife::{GROUPS, TtrCell};
use super::{
    Confidence, Estimate, Interval, WITHHELD_FEW_EVENTS, WITHHELD_NO_SPREAD,
    WITHHELD_ONE_REPLICATION, critical,
};

/// Below this effective number of replications with closed incidents, the
/// interval is withheld: it would miss far more often than it says.
const ENOUGH_CLUSTERS: f64 = 5.0;

/// Spread below this share of its largest term is rounding.
const ROUNDING: f64 = 1e-12;

/// Integer sums over replications, addable. In a replication, x is the number
/// of closed incidents and y the sum of their times to resolve in half rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClusterSums {
    /// Replications, those without a closed incident included.
    pub n: u64,
    /// Σ x.
    pub x: u64,
    /// Σ y.
    pub y: u64,
    /// Σ x².
    pub xx: u128,
    /// Σ x y.
    pub xy: u128,
    /// Σ y².
    pub yy: u128,
}

impl ClusterSums {
    /// The sums of one replication.
    pub fn of(closed: u64, half_rounds: u64) -> Self {
        let (x, y) = (u128::from(closed), u128::from(half_rounds));
        Self {
            n: 1,
            x: closed,
            y: half_rounds,
            xx: x * x,
            xy: x * y,
            yy: y * y,
        }
    }

    /// The sums over the replications of both; `None` where a sum overflows.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            n: self.n.checked_add(other.n)?,
            x: self.x.checked_add(other.x)?,
            y: self.y.checked_add(other.y)?,
            xx: self.xx.checked_add(other.xx)?,
            xy: self.xy.checked_add(other.xy)?,
            yy: self.yy.checked_add(other.yy)?,
        })
    }

    /// Σ (y − R x)² with R = Σ y / Σ x; `None` where an integer overflows.
    ///
    /// The whole part of R is taken out in exact integers: what is left to
    /// floating point has no digits to lose.
    fn residual_squares(&self) -> Option<f64> {
        let signed = |value: u128| i128::try_from(value).ok();
        let (xx, xy, yy) = (signed(self.xx)?, signed(self.xy)?, signed(self.yy)?);
        let whole = i128::from(self.y / self.x);
        let part = (self.y % self.x) as f64 / self.x as f64;
        let twice = xy.checked_mul(whole)?.checked_mul(2)?;
        let square = xx.checked_mul(whole)?.checked_mul(whole)?;
        let a = yy.checked_sub(twice)?.checked_add(square)? as f64;
        let b = xy.checked_sub(xx.checked_mul(whole)?)? as f64;
        let c = self.xx as f64;
        let squares = a - 2.0 * part * b + part * part * c;
        let largest = a.max(part * part * c);
        Some(if squares > ROUNDING * largest {
            squares
        } else {
            0.0
        })
    }
}

/// The ratio of sums R = Σ y / Σ x, such as the mean time to resolve of closed
/// incidents in half rounds, with the interval R exp(± t se / R)
/// (`ratio_log`), where se = √(n / (n − 1) × Σ (y − R x)²) / Σ x.
///
/// The delta method with the replication as cluster: Cochran (1977), Sampling
/// Techniques, 3rd ed., section 6.4. The log scale follows the skew of times.
/// Student t has m − 1 degrees of freedom, where m = (Σ x)² / Σ x² is the
/// effective number of replications with incidents (Kish 1965, Survey
/// Sampling): replications without one tell nothing of R.
///
/// Biased down where many incidents stay open: the long ones are missing.
///
/// `None` where there is no closed incident, or a sum of products passes i128.
/// The interval is withheld at n = 1, where m < 5, and where nothing varies.
pub fn ratio_of_sums(sums: &ClusterSums, confidence: Confidence) -> Option<Estimate> {
    if sums.n == 0 || sums.x == 0 {
        return None;
    }
    let x = sums.x as f64;
    let value = sums.y as f64 / x;
    if sums.n == 1 {
        return Some(Estimate::withheld(value, WITHHELD_ONE_REPLICATION));
    }
    let clusters = x * x / sums.xx as f64;
    if clusters < ENOUGH_CLUSTERS {
        return Some(Estimate::withheld(value, WITHHELD_FEW_EVENTS));
    }
    let squares = sums.residual_squares()?;
    if squares == 0.0 {
        return Some(Estimate::withheld(value, WITHHELD_NO_SPREAD));
    }
    let n = sums.n as f64;
    let standard_error = (n / (n - 1.0) * squares).sqrt() / x;
    let t = critical::student(clusters - 1.0, confidence)?;
    Some(Estimate {
        value,
        interval: Interval::around_log(value, t * standard_error / value),
        method: "ratio_log",
    })
}

/// The mean time to resolve of closed incidents, in half rounds, from counts by
/// age and group: R = Σ y / Σ x with the interval R exp(± t se(ln R))
/// (`ratio_jackknife_log`).
///
/// The error and the degrees of freedom are those of the delete-a-group
/// jackknife, as for the restricted mean in [`TtrDistribution::new`]: the delta
/// method of [`ratio_of_sums`] covers 92 % where a few groups have the long
/// repairs, because it can't see that they are few.
///
/// Biased down where many incidents stay open: the long ones are missing.
///
/// `None` where there is no closed incident, no replication, a group has
/// incidents and no replication, or the counts pass u64. The interval is withheld at one replication, where fewer than 7 groups
/// (effectively) have closed incidents, and where nothing varies.
///
/// [`TtrDistribution::new`]: super::jackknife::TtrDistribution::new
pub fn closed_mean(
    cells: &[TtrCell],
    replications: u64,
    confidence: Confidence,
) -> Option<Estimate> {
    let groups = usize::try_from(replications).unwrap_or(GROUPS).min(GROUPS);
    let mut sums = [(0u64, 0u64); GROUPS];
    for cell in cells {
        for ((x, y), &closed) in sums.iter_mut().zip(&cell.closed) {
            *x = x.checked_add(closed)?;
            *y = y.checked_add(closed.checked_mul(u64::from(cell.half_round))?)?;
        }
    }
    let (x, y) = sums.iter().try_fold((0u64, 0u64), |(x, y), group| {
        Some((x.checked_add(group.0)?, y.checked_add(group.1)?))
    })?;
    // A group with incidents and no replication would be a mistake.
    if x == 0 || groups == 0 || sums[groups..].iter().any(|group| group.0 > 0) {
        return None;
    }
    let value = y as f64 / x as f64;
    let incidents = sums.map(|(x, _)| x as f64);
    let clusters = match Clusters::new(&incidents, groups, confidence) {
        Ok(clusters) => clusters,
        Err(reason) => return Some(Estimate::withheld(value, reason)),
    };
    // With 7 effective groups and more no group has all incidents.
    let deleted: Vec<f64> = sums[..groups]
        .iter()
        .map(|group| (y - group.1) as f64 / (x - group.0) as f64)
        .collect();
    if spread(&deleted).error <= NO_SPREAD * value {
        return Some(Estimate::withheld(value, WITHHELD_NO_SPREAD));
    }
    Some(match clusters.log_interval(value, &deleted) {
        Some(interval) => Estimate {
            value,
            interval: Some(interval),
            method: "ratio_jackknife_log",
        },
        None => Estimate::withheld(value, WITHHELD_FEW_EVENTS),
    })
}
