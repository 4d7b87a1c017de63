//! Progress on stderr, with the time left.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts work; shown only where stderr is a terminal.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar for `work` units, of which `done` are finished; `quiet` shows nothing.
    pub fn new(work: u64, done: u64, quiet: bool) -> Self {
        if quiet {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(work);
        let template = "{bar:40} {percent:>3} % · {elapsed} gone · {eta} left · {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        bar.inc(done);
        bar.reset_eta();
        Self(bar)
    }

    /// Some more work is done.
    pub fn advance(&self, work: u64) {
        self.0.inc(work);
    }

    /// What is being done.
    pub fn say(&self, message: String) {
        self.0.set_message(message);
    }

    /// Clears the bar.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
