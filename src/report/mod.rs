//! Summaries for people and for pipes.

mod terminal;

pub use terminal::{json, table};
