//! From a design to finished parts: what is cut where, and who works on it.

mod execute;
mod plan;

pub use execute::{Failed, IncidentRow, PartData, RoundRow, RunRow, execute, simulate_part};
pub use plan::{Goal, Part, PartId, Plan, Segment, Shard};
