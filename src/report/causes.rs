//! Lost checks by cause.

use serde::Serialize;

use crate::counts::PointCounts;

/// A cause of downtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The scenarios at work, joined by `+`; `None` where there was none.
    pub cause: Option<String>,
    /// Incidents that it opened.
    pub incidents: u64,
    /// Checks that found the server down in these incidents.
    pub down_checks: u64,
}

/// The causes of a design point, the most downtime first; `None` where they are not counted.
pub fn of(_counts: &PointCounts) -> Option<Vec<Cause>> {
    None
}
