//! How far a sweep is whose parts are not all there.

use std::fmt;

use super::sweep::Sweep;
use crate::sweep::Part;

/// How far an unfinished sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// Some of its parts are missing.
    Parts {
        /// Design points that have all their replications.
        points: usize,
        /// Further points that have some.
        begun: usize,
        /// All design points.
        all_points: usize,
        /// Finished parts.
        parts: usize,
        /// All parts.
        all_parts: usize,
    },
    /// It was stopped between two looks: all that was planned so far is there.
    Looks {
        /// Design points that get more replications, because a precision asks for them.
        asking: usize,
        /// All design points.
        all_points: usize,
    },
}

impl Unfinished {
    /// How far a sweep is that has these parts of its plan; `None` if it is finished.
    pub(super) fn of(sweep: &Sweep, parts: &[&Part]) -> Option<Self> {
        let planned = &sweep.plan.parts;
        if parts.len() == planned.len() {
            return None;
        }
        let points = sweep.design.len();
        let reached = replications(parts.iter().copied(), points);
        let wanted = replications(planned, points);
        let pairs = || reached.iter().zip(&wanted);
        Some(Self::Parts {
            points: pairs().filter(|(n, all)| n == all).count(),
            begun: pairs().filter(|(n, all)| **n > 0 && n != all).count(),
            all_points: points,
            parts: parts.len(),
            all_parts: planned.len(),
        })
    }
}

/// Replications of each of so many design points in some parts.
fn replications<'a>(parts: impl IntoIterator<Item = &'a Part>, points: usize) -> Vec<u64> {
    let mut all = vec![0; points];
    for segment in parts.into_iter().flat_map(|part| &part.segments) {
        all[segment.point] += segment.count;
    }
    all
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parts {
                points,
                begun,
                all_points,
                parts,
                all_parts,
            } => write!(
                f,
                "unfinished: {points} of {all_points} design points are complete, {begun} begun; {parts} \
                 of {all_parts} parts are done"
            ),
            Self::Looks { asking, all_points } => write!(
                f,
                "unfinished: {asking} of {all_points} design points get more replications by \
                 [[precision]]"
            ),
        }
    }
}
