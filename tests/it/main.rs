//! One integration binary; each module is one kind of promise.

mod docs;
mod errors;
mod errors_of_use;
mod fuzz;
mod statistics;
mod statistics_edges;
