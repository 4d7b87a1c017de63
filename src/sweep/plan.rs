//! The plan: all replications of all design points, cut into parts.
//!
//! A part is the unit of work, of loss and of verification. Where it ends depends on the
//! experiment alone, never on the machine.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::design::Design;
use crate::simulation::LANES;

/// Work of a part, in server-rounds: about half a second.
const MOST_WORK: u64 = 40_000_000;
/// Below this a part is not worth its files.
const LEAST_WORK: u64 = 1 << 18;
/// A small sweep is still cut into about so many parts, so that many cores share it.
const PARTS_OF_A_SMALL_SWEEP: u64 = 32;
/// Rows of a part.
const MOST_ROWS: u64 = 250_000;

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
    /// Which part it is.
    pub id: PartId,
    /// What it holds, in the order of its generation.
    pub segments: Vec<Segment>,
    /// Work in server-rounds.
    pub work: u64,
}

/// Names a part within its results folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartId {
    /// The generation: how often the sweep had been extended.
    pub generation: u32,
    /// Its number within the generation, from 0.
    pub part: u32,
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:06}", self.generation, self.part)
    }
}

impl Part {
    /// Number of replications.
    pub fn replications(&self) -> u64 {
        self.segments.iter().map(|segment| segment.count).sum()
    }

    /// How far into a design point it lies: the first replication of its longest segment. A part
    /// that ends one point and begins the next is not as early as its shorter segment.
    fn depth(&self) -> u64 {
        let longest = self.segments.iter().max_by_key(|segment| segment.count);
        longest.map_or(0, |segment| segment.first)
    }
}

/// Puts parts in the order in which they are made: the beginnings of all design points first, so after
/// an interruption all points have about the same number of replications. Neither the content nor the
/// name of a part depends on this order.
pub fn breadth_first(parts: &mut [&Part]) {
    parts.sort_by_key(|part| (part.depth(), part.id));
}

/// What a generation is to reach: so many replications of each of these points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// Indices of design points, in the order of the generation.
    pub points: Vec<usize>,
    /// Replications of each.
    pub replications: u64,
}

impl Goal {
    /// What a design asks for.
    pub fn of(design: &Design) -> Self {
        Self {
            points: (0..design.len()).collect(),
            replications: design.experiment().replications,
        }
    }
}

/// All parts of a sweep: generation after generation, each in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The parts.
    pub parts: Vec<Part>,
}

impl Plan {
    /// Cuts what each generation adds to those before it into parts.
    pub fn new(design: &Design, goals: &[Goal]) -> Self {
        let mut reached = vec![0; design.len()];
        let mut parts = Vec::new();
        for (generation, goal) in goals.iter().enumerate() {
            let mut missing = Vec::new();
            for point in &goal.points {
                let first = reached[*point];
                if first < goal.replications {
                    missing.push(Segment {
                        point: *point,
                        first,
                        count: goal.replications - first,
                    });
                    reached[*point] = goal.replications;
                }
            }
            parts.extend(cut(design, generation as u32, &missing));
        }
        Self { parts }
    }

    /// Replications of one design point.
    pub fn replications(&self, point: usize) -> u64 {
        let segments = self.parts.iter().flat_map(|part| &part.segments);
        let own = segments.filter(|segment| segment.point == point);
        own.map(|segment| segment.count).sum()
    }

    /// Work of the whole sweep, in server-rounds.
    pub fn work(&self) -> u64 {
        self.parts.iter().map(|part| part.work).sum()
    }
}

/// One of several runs that share the parts of a sweep among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from 1.
    pub index: u32,
    /// How many there are.
    pub of: u32,
}

impl Shard {
    /// Whether a part, by its position in the plan, is this shard's.
    pub fn takes(self, position: usize) -> bool {
        self == Self::of_position(position, self.of)
    }

    /// Which of N shards takes a part, by its position in the plan.
    pub fn of_position(position: usize, of: u32) -> Self {
        let index = (position % of as usize) as u32 + 1;
        Self { index, of }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text
            .split_once('/')
            .and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match parsed {
            Some((index, of)) if (1..=of).contains(&index) && of <= 100_000 => {
                Ok(Self { index, of })
            }
            _ => Err("allowed: i/N with i from 1 to N, as 2/7; N at most 100000".to_owned()),
        }
    }
}

/// Ascending numbers as `1,5-7`, the form that job arrays take.
pub fn ranges(numbers: &[usize]) -> String {
    let runs: Vec<String> = numbers
        .chunk_by(|a, b| a + 1 == *b)
        .map(|run| match run {
            [only] => only.to_string(),
            [first, .., last] => format!("{first}-{last}"),
            [] => String::new(),
        })
        .collect();
    runs.join(",")
}

/// Parts end on block boundaries, except at a point's last replication: a block that is cut costs
/// as much as a whole one.
fn whole_blocks(room: u64, left: u64) -> u64 {
    if room < left {
        room - room % LANES as u64
    } else {
        room
    }
}

/// Cuts the segments of one generation at places that depend on nothing else.
fn cut(design: &Design, generation: u32, missing: &[Segment]) -> Vec<Part> {
    let cost = |segment: &Segment| design.variation(segment.point).checks().max(1);
    let total = missing
        .iter()
        .map(|segment| cost(segment).saturating_mul(segment.count))
        .fold(0, u64::saturating_add);
    let work_of_a_part = (total / PARTS_OF_A_SMALL_SWEEP).clamp(LEAST_WORK, MOST_WORK);
    let empty = |part| Part {
        id: PartId { generation, part },
        segments: Vec::new(),
        work: 0,
    };
    let mut parts: Vec<Part> = Vec::new();
    let (mut open, mut rows) = (empty(0), 0);
    for segment in missing {
        let (cost, end) = (cost(segment), segment.first + segment.count);
        let mut first = segment.first;
        while first < end {
            let room = work_of_a_part.saturating_sub(open.work) / cost;
            let room = whole_blocks(room.min(MOST_ROWS - rows), end - first);
            if room == 0 && open.work > 0 {
                let next = empty(open.id.part + 1);
                parts.push(std::mem::replace(&mut open, next));
                rows = 0;
                continue;
            }
            // A part takes a block, however much work it is.
            let count = room.max(LANES as u64).min(end - first);
            open.segments.push(Segment {
                point: segment.point,
                first,
                count,
            });
            open.work += count * cost;
            rows += count;
            first += count;
        }
    }
    if open.work > 0 {
        parts.push(open);
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostics::Sources;
    use crate::experiment::Experiment;

    fn design(text: &str) -> Design {
        let text = format!("name = \"e\"\n{text}");
        Experiment::parse("e.toml", &text, Path::new(""), &mut Sources::default())
            .and_then(Design::new)
            .expect("an experiment")
    }

    /// Wherever a sweep is cut short, each design point is at most a part ahead of a common number
    /// of replications, or a part behind it; in the order of the names they are as far apart as can
    /// be.
    #[test]
    fn all_points_advance_together() {
        let levels = "[factors]\nchaos_level = [\"low\", \"medium\", \"high\"]\n";
        for (text, replications) in [
            (format!("replications = 30_000\n{levels}"), 30_000),
            (
                format!("replications = 47_111\n{levels}rounds = [15, 40]\n"),
                47_111,
            ),
        ] {
            let design = design(&text);
            let plan = Plan::new(&design, &[Goal::of(&design)]);
            let mut parts: Vec<&Part> = plan.parts.iter().collect();
            let apart = |parts: &[&Part]| {
                let mut done = vec![0; design.len()];
                let mut most = 0;
                for part in parts {
                    for segment in &part.segments {
                        done[segment.point] += segment.count;
                    }
                    let ends = (done.iter().min(), done.iter().max());
                    most = most.max(ends.1.unwrap_or(&0) - ends.0.unwrap_or(&0));
                }
                most
            };
            let segments = plan.parts.iter().flat_map(|part| &part.segments);
            let part = segments.map(|s| s.count).max().expect("segments");
            assert!(replications > 2 * part, "{part} of {replications}");
            assert_eq!(apart(&parts), replications, "in the order of the names");
            breadth_first(&mut parts);
            assert!(apart(&parts) <= 2 * part, "{} {part}", apart(&parts));
            let mut names: Vec<PartId> = parts.iter().map(|part| part.id).collect();
            names.sort();
            assert!(names.iter().eq(plan.parts.iter().map(|part| &part.id)));
        }
    }
}
