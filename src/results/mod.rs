//! The results folder: its tables, its manifest, and how nothing in it is lost or overwritten.

mod folder;
mod frame;
mod ledger;
mod manifest;
mod tables;

pub use folder::Folder;
pub use frame::Frame;
pub use ledger::{FileRecord, Ledger, PartRecord};
pub use manifest::{Facts, Manifest};
pub use tables::{part_files, point_columns};
