//! Errors by what a user or a scheduler should do about them.

use std::fmt;

use crate::diagnostics::Problems;

/// A command that was used wrongly, or can't work where it was told to: trying again is useless.
#[derive(Debug)]
pub struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// The user, or the system, asked the program to stop.
#[derive(Debug)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "interrupted; what is finished is kept, and the same command goes on from there",
        )
    }
}

impl std::error::Error for Interrupted {}

/// An error of usage, ready to be returned.
pub fn usage(message: impl Into<String>) -> anyhow::Error {
    Usage(message.into()).into()
}

/// The exit code of an error: 2 for wrong usage or files, 130 for an interruption, 1 for what is
/// worth a retry.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Usage>() || error.is::<Problems>() {
        2
    } else if error.is::<Interrupted>() {
        130
    } else {
        1
    }
}
