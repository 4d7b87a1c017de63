//! Errors by what a user or a scheduler should do about them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// An error once `stop` is set.
///
/// # Errors
///
/// [`Interrupted`] once `stop` is set.
pub fn heard(stop: &AtomicBool) -> anyhow::Result<()> {
    match stop.load(Ordering::Relaxed) {
        true => Err(Interrupted.into()),
        false => Ok(()),
    }
}

/// A gate that does not let pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gated {
    /// Some design point is beyond the bound.
    Fails,
    /// None is, but some may be.
    Undecided,
    /// None is, and at some there is nothing to decide on: no incident happened.
    NoIncident,
}

impl fmt::Display for Gated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fails => "a gate fails",
            Self::Undecided => "a gate is undecided: more replications may decide it",
            Self::NoIncident => {
                "a gate on the time to resolve is undecided: where no incident happens there is \
                 none. Gate `sla_miss` or `availability` there, and the time to resolve only at \
                 the points that have incidents"
            }
        })
    }
}

impl std::error::Error for Gated {}

/// An error of usage, ready to be returned.
pub fn usage(message: impl Into<String>) -> anyhow::Error {
    Usage(message.into()).into()
}

/// The exit code of an error: 2 for wrong usage or files, 3 and 4 for a gate that fails or is
/// undecided, 130 for an interruption, 1 for what is worth a retry.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Usage>() || error.is::<Problems>() {
        2
    } else if error.is::<Interrupted>() {
        130
    } else if let Some(gated) = error.downcast_ref() {
        match gated {
            Gated::Fails => 3,
            Gated::Undecided | Gated::NoIncident => 4,
        }
    } else {
        1
    }
}
