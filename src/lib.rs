//! Batch Monte Carlo for infrastructure reliability: what availability, SLA risk and time to
//! resolve to expect of an architecture, under chaos, with an on-call of some skill.
//!
//! The modules are the pipeline, in one direction:
//!
//! ```text
//! world ─┐
//!        ├─► experiment ─► design ─► sweep (plan, execute) ─► results ─► summary ─► report
//! ───────┘                              ▲
//!                                 simulation (pure)
//! ```
//!
//! A [`world`] says what is simulated, an [`experiment`] what is varied, the [`design`] is every
//! combination of it. [`sweep`] cuts the replications into parts and runs them with the kernel in
//! [`simulation`], asking [`responders`] where these are not the rules; [`results`] keeps the parts; [`precision`] says which design points need more of
//! them; [`summary`] turns their integer [`counts`] into estimates with the [`statistics`]; a
//! [`gate`] decides on them, [`report`] shows them, and [`narrate`] tells one replication.
//! [`files`] opens files whatever stands in their place, [`document`] and [`diagnostics`] read them
//! and say what is wrong with them, [`advice`] what is legal and surely not meant; [`schema`] tells
//! editors what may stand in them.
//!
//! One replication, from a built-in world:
//!
//! ```
//! use std::path::Path;
//! use sysworld::design::Design;
//! use sysworld::diagnostics::Sources;
//! use sysworld::experiment::Experiment;
//! use sysworld::simulation::{State, simulate};
//!
//! let text = "name = \"one\"\nreplications = 1\n[factors]\nskill = [\"senior\"]";
//! let design = Experiment::parse("one.toml", text, Path::new(""), &mut Sources::default())
//!     .and_then(Design::new)
//!     .expect("the experiment is valid");
//! let model = design.compile(0).expect("so is its design point");
//! let outcome = simulate(&model, 0, &mut State::new(), &mut ());
//! assert!(outcome.up_checks <= model.checks());
//! ```

#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

pub mod advice;
pub mod counts;
pub mod design;
pub mod diagnostics;
pub mod document;
pub mod error;
pub mod experiment;
pub mod files;
pub mod gate;
pub mod narrate;
pub mod precision;
pub mod progress;
pub mod report;
pub mod responders;
pub mod results;
pub mod schema;
pub mod simulation;
pub mod statistics;
pub mod summary;
pub mod sweep;
pub mod world;
