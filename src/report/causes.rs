//! Lost checks by cause.

use crate::counts::{CauseCounts, PointCounts};

/// The causes of a design point with the most downtime, and the lost checks of all causes together.
pub fn of(counts: &PointCounts, most: usize) -> (Vec<CauseCounts>, u64) {
    let mut causes = counts.causes();
    let lost = causes.iter().map(|cause| cause.down_checks).sum();
    // Stable, so that ties stay in the order of the counts.
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.down_checks));
    causes.truncate(most);
    (causes, lost)
}
