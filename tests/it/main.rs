//! One integration binary; each module is one kind of promise.

mod chains;
mod properties;
mod random_worlds;
mod reference;
mod shipped;
mod statistics;
mod statistics_edges;
mod support;
mod worlds;
