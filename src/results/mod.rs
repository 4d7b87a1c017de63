//! The results folder: its tables, its manifest, and how nothing in it is lost or overwritten.

mod by_point;
mod files;
mod folder;
mod frame;
mod ledger;
mod lock;
mod manifest;
mod merge;
mod names;
mod outcomes;
mod part_files;
mod spans;
mod stamp;
mod sweep;
mod table_files;
mod tables;
mod unfinished;
mod verify;
mod writer;

pub use by_point::ByPoint;
pub use files::WholeFile;
pub use folder::{Folder, hold, refuse_precision};
pub use frame::{Frame, RowGroups, Rows, read_table};
pub use ledger::{FileRecord, PartRecord};
pub use lock::Held;
pub use manifest::{Facts, Look, Manifest};
pub use merge::merge;
pub use names::{FIGURES, PAGE, PLOTS};
pub use outcomes::{Outcomes, Replications};
pub use part_files::PartFiles;
pub use spans::point_columns;
pub use sweep::{Sweep, asked_before, gets_more};
pub use table_files::TableFiles;
pub use tables::row_tables;
pub use unfinished::Unfinished;
pub use verify::Verification;
