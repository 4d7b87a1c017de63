//! A mean per incident, with the replication as cluster.

use super::clusters::{Clusters, ROUNDING as NO_SPREAD, spread};
use super::jackknife::{GROUPS, TtrCell};
use super::{Confidence, Estimate, WITHHELD_FEW_EVENTS, WITHHELD_NO_SPREAD};

/// The mean time to resolve of closed incidents, in half rounds, from counts by
/// age and group: R = Σ y / Σ x with the interval R exp(± t se(ln R))
/// (`ratio_jackknife_log`).
///
/// The error and the degrees of freedom are those of the delete-a-group
/// jackknife, as for the restricted mean in [`TtrDistribution::new`]: the delta
/// method over replications (Cochran 1977) covers 92 % where a few groups have
/// the long repairs, because it can't see that they are few.
///
/// Biased down where many incidents stay open: the long ones are missing.
///
/// `None` where there is no closed incident, no replication, a group has
/// incidents and no replication, or the counts pass u64. The interval is withheld
/// at one replication, where fewer than 7 groups (effectively) have closed
/// incidents, and where nothing varies.
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
