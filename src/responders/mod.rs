//! Who responds instead of the rules: choices that follow from the alert alone, or recorded answers.
//!
//! A responder that has to be asked, a program of the user's or a language model, is a list of recorded answers, and the kernel
//! never waits for one. Where an answer is missing, the replication stops, its question is asked, and it is
//! simulated again from its first round. So what a sweep computes depends on the recording alone.

mod chat;
mod forecast;
#[cfg(feature = "llm")]
mod http;
mod observation;
mod process;
mod questions;
mod record;
mod recorded;
mod recording;

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::counts::Answers;
use crate::design::Resolved;
use crate::error::heard;
use crate::simulation::{Choice, Handling, Model, Responder, State};

pub use forecast::{Asking, Forecast, Pair, forecast};
pub use questions::{Unanswered, Wanted, unanswered};
pub use record::{Stopped, record};
pub use recorded::{Question, Recorded};
pub use recording::{Answer, Key, Recording};

/// How often the wish to stop is looked for.
const BLINK: Duration = Duration::from_millis(50);

/// Waits for a moment, unless `stop` is set before.
fn wait_until(moment: Instant, stop: &AtomicBool) -> Result<()> {
    while Instant::now() < moment {
        heard(stop)?;
        sleep(BLINK.min(moment - Instant::now()));
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The beginning of what was said, for an error.
fn shortened(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Answers for the kernel.
#[derive(Debug)]
pub enum Answering<'a> {
    /// The same choice for every alert.
    Always(Choice),
    /// What was recorded.
    Recorded(Box<Recorded<'a>>),
}

impl<'a> Answering<'a> {
    /// Who responds at a design point. Without a recording the runbook stands in for whoever would have to
    /// be asked.
    pub fn new(point: &'a Resolved, recording: Option<&'a Recording>) -> Self {
        match (Choice::of(*point.responder.kind.get_ref()), recording) {
            (Some(choice), _) => Self::Always(choice),
            (None, None) => Self::Always(Choice::Runbook),
            (None, Some(recording)) => Self::Recorded(Box::new(Recorded::new(point, recording))),
        }
    }
}

impl Answering<'_> {
    /// What was answered in the last replication, by a responder that has to be asked.
    pub fn answers(&self) -> Option<&Answers> {
        match self {
            Self::Always(_) => None,
            Self::Recorded(recorded) => Some(recorded.answers()),
        }
    }
}

impl Responder for Answering<'_> {
    fn begin(&mut self) {
        if let Self::Recorded(recorded) = self {
            recorded.begin();
        }
    }

    fn decide(&mut self, model: &Model, state: &State) -> ControlFlow<()> {
        match self {
            Self::Always(_) => ControlFlow::Continue(()),
            Self::Recorded(recorded) => recorded.decide(model, state),
        }
    }

    fn choice(&self, place: usize) -> Choice {
        match self {
            Self::Always(choice) => *choice,
            Self::Recorded(recorded) => recorded.choice(place),
        }
    }

    fn words(&self) -> Option<&str> {
        match self {
            Self::Always(_) => None,
            Self::Recorded(recorded) => recorded.words(),
        }
    }

    fn handled(&mut self, handling: &Handling) {
        if let Self::Recorded(recorded) = self {
            recorded.handled(handling);
        }
    }
}
