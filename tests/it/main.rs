//! One integration binary; each module is one kind of promise.

mod architecture;
mod chains;
mod cli;
mod crash;
mod damage;
mod designs;
mod determinism;
mod docs;
mod errors;
mod errors_of_use;
mod fuzz;
mod properties;
mod random_worlds;
mod reference;
mod report;
mod report_browser;
mod sandbox;
mod shards;
mod shipped;
mod statistics;
mod statistics_edges;
mod support;
mod worlds;
