//! Who responds, and what that changes.

mod kernel;
mod llm;
mod process;
mod sweep;
