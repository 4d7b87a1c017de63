//! One integration binary; each module is one kind of promise.

mod statistics;
mod statistics_edges;
