//! One integration binary; each module is one kind of promise.

mod architecture;
mod cli;
mod determinism;
mod docs;
mod sandbox;
mod statistics;
mod statistics_edges;
