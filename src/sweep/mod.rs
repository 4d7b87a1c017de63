//! From a design to finished parts: what is cut where, and who works on it.

mod execute;
mod names;
mod plan;
mod record;

pub use execute::{Failed, execute, simulate_part};
pub use plan::{Goal, Part, PartId, Plan, Segment, Shard, breadth_first, ranges};
pub use record::{DecisionRow, IncidentRow, ROW_GROUP, RoundRow, RowGroup, RunColumns};
