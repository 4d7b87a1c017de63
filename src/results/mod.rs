//! The results folder: its tables, its manifest, and how nothing in it is lost or overwritten.

mod files;
mod folder;
mod frame;
mod ledger;
mod manifest;
mod merge;
mod sweep;
mod tables;
mod verify;

pub use folder::Folder;
pub use frame::Frame;
pub use ledger::{FileRecord, PartRecord};
pub use manifest::{Facts, Manifest};
pub use merge::merge;
pub use sweep::Sweep;
pub use tables::{part_files, point_columns};
pub use verify::Verification;
