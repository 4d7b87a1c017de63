//! JSON Schema (draft 2020-12) of the files that users write, for their editors.
//!
//! The schemas are files beside this one, kept by hand: a world file may be partial, and much of an
//! experiment is read without a type of its own, so no type could give them. `tests/it/schema` holds
//! them against the reader, key by key, name by name and bound by bound, and their descriptions,
//! units and defaults against `docs/`.

/// The schema of experiment files.
pub const EXPERIMENT: &str = include_str!("experiment.json");

/// The schema of world files.
pub const WORLD: &str = include_str!("world.json");
