//! Lost checks by cause.

use serde::Serialize;

use crate::counts::PointCounts;

/// A cause of downtime.
#[derive(Debug, Clone, Serialize)]
pub struct Cause {
    /// The scenarios at work, joined by `+`; `None` where there was none.
    pub cause: Option<String>,
    /// Incidents that it opened.
    pub incidents: u64,
    /// Checks that found the server down in these incidents.
    pub down_checks: u64,
}

/// The causes of a design point with the most downtime, and the lost checks of all causes together.
pub fn of(counts: &PointCounts, most: usize) -> (Vec<Cause>, u64) {
    let mut causes: Vec<Cause> = counts
        .causes()
        .into_iter()
        .map(|cause| Cause {
            cause: cause.cause,
            incidents: cause.incidents,
            down_checks: cause.down_checks,
        })
        .collect();
    let lost = causes.iter().map(|cause| cause.down_checks).sum();
    // Stable, so that ties stay in the order of the counts.
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.down_checks));
    causes.truncate(most);
    (causes, lost)
}
