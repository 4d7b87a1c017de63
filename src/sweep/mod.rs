//! From a design to finished parts: what is cut where, and who works on it.

mod execute;
mod plan;

pub use execute::{IncidentRow, PartData, RoundRow, RunRow, execute, simulate_part};
pub use plan::{Part, Plan, Segment};
