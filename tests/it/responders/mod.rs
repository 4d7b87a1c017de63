//! Who responds, and what that changes.

mod kernel;
mod sweep;
