//! The plan: all replications of all design points, cut into parts.
//!
//! A part is the unit of work, of loss and of verification. Where it ends depends on the
//! experiment alone, never on the machine.

use crate::design::Design;

/// Work of a part, in server-rounds: about half a second.
const MOST_WORK: u64 = 10_000_000;
/// Below this a part is not worth its files.
const LEAST_WORK: u64 = 1 << 18;
/// A small sweep is still cut into about so many parts, so that many cores share it.
const PARTS_OF_A_SMALL_SWEEP: u64 = 32;
/// Rows of a part.
const MOST_ROWS: u64 = 200_000;

/// Replications of one design point, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Index of the design point.
    pub point: usize,
    /// The first replication.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// Segments that are simulated and written together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 0.
    pub number: usize,
    /// What it holds, in design order.
    pub segments: Vec<Segment>,
    /// Work in server-rounds.
    pub work: u64,
}

impl Part {
    /// Number of replications.
    pub fn replications(&self) -> u64 {
        self.segments.iter().map(|segment| segment.count).sum()
    }
}

/// All parts of a sweep, in design order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The parts.
    pub parts: Vec<Part>,
}

impl Plan {
    /// Cuts a design into parts.
    pub fn new(design: &Design) -> Self {
        let replications = design.experiment().replications;
        let total: u64 = (0..design.len())
            .map(|point| {
                design
                    .variation(point)
                    .checks()
                    .saturating_mul(replications)
            })
            .fold(0, u64::saturating_add);
        let work_of_a_part = (total / PARTS_OF_A_SMALL_SWEEP).clamp(LEAST_WORK, MOST_WORK);

        let mut parts: Vec<Part> = Vec::new();
        let mut open = Part {
            number: 0,
            segments: Vec::new(),
            work: 0,
        };
        let mut rows = 0;
        for point in 0..design.len() {
            let cost = design.variation(point).checks().max(1);
            let mut first = 0;
            while first < replications {
                let room = (work_of_a_part.saturating_sub(open.work) / cost).min(MOST_ROWS - rows);
                if room == 0 && rows > 0 {
                    let number = open.number + 1;
                    let next = Part {
                        number,
                        segments: Vec::new(),
                        work: 0,
                    };
                    parts.push(std::mem::replace(&mut open, next));
                    rows = 0;
                    continue;
                }
                let count = room.max(1).min(replications - first);
                open.segments.push(Segment {
                    point,
                    first,
                    count,
                });
                open.work += count * cost;
                rows += count;
                first += count;
            }
        }
        parts.push(open);
        Self { parts }
    }

    /// Work of the whole sweep, in server-rounds.
    pub fn work(&self) -> u64 {
        self.parts.iter().map(|part| part.work).sum()
    }
}
