pub mod diagnostics;
pub mod document;
pub mod simulation;
pub mod statistics;
pub mod world;
