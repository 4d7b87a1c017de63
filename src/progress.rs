//! Progress on stderr, with the time left: a bar on a terminal, elsewhere a line a minute.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// At most 80 columns: 20 before the first word, and at most 55 after.
const TEMPLATE: &str = "{bar:20} {percent:>3} % · {elapsed} gone · {eta} left · {msg}";

/// Some of the work of a sweep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// In server-rounds, by which time is foretold.
    pub work: u64,
    /// In parts, which people are told.
    pub parts: u64,
}

/// Tells how far a sweep is.
#[derive(Debug)]
pub struct Progress(Shown);

#[derive(Debug)]
enum Shown {
    Nothing,
    Bar(ProgressBar),
    Lines(Lines),
}

impl Progress {
    /// Says nothing if `quiet`. Where stderr is no terminal, a line comes every `interval`.
    pub fn new(quiet: bool, interval: Duration) -> Self {
        Self(if quiet {
            Shown::Nothing
        } else if io::stderr().is_terminal() {
            Shown::Bar(bar(ProgressDrawTarget::stderr()))
        } else {
            Shown::Lines(Lines::every(interval))
        })
    }

    /// Begins to count work towards `all`, of which some is `done`; `of` says what is made.
    pub fn begin(&self, all: Amount, done: Amount, of: String) {
        match &self.0 {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                bar.reset();
                bar.set_length(all.work);
                bar.set_position(done.work);
                bar.reset_eta();
                bar.set_message(of);
                bar.enable_steady_tick(Duration::from_millis(250));
            }
            Shown::Lines(lines) => {
                lines.state().now = Some(Running {
                    all,
                    done,
                    before: done,
                    begun: Instant::now(),
                });
            }
        }
    }

    /// A part is finished.
    pub fn advance(&self, work: u64) {
        match &self.0 {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.inc(work),
            Shown::Lines(lines) => {
                if let Some(running) = &mut lines.state().now {
                    running.done.work += work;
                    running.done.parts += 1;
                }
            }
        }
    }

    /// Stops counting.
    pub fn finish(&self) {
        match &self.0 {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                bar.disable_steady_tick();
                bar.finish_and_clear();
            }
            Shown::Lines(lines) => lines.state().now = None,
        }
    }
}

fn bar(target: ProgressDrawTarget) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), target);
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style);
    }
    bar
}

/// A thread that writes a line now and then, also while a part takes long.
#[derive(Debug)]
struct Lines {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    now: Option<Running>,
    ended: bool,
}

impl Lines {
    fn every(interval: Duration) -> Self {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        // Without a thread there is no progress, which is no reason to fail.
        let thread = thread::Builder::new().spawn(move || of_thread.tell(interval));
        Self {
            shared,
            thread: thread.ok(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.state().ended = true;
        self.shared.ended.notify_all();
        if let Some(thread) = self.thread.take() {
            // It does not panic; if it did, its lines would only be missing.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, interval: Duration) {
        let mut state = self.lock();
        loop {
            let waited = self
                .ended
                .wait_timeout_while(state, interval, |state| !state.ended);
            let (found, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if found.ended {
                return;
            }
            if let Some(running) = &found.now {
                // Where stderr is closed there is nobody to tell.
                let _ = writeln!(io::stderr(), "{}", running.line(running.begun.elapsed()));
            }
            state = found;
        }
    }
}

/// Work that is being done.
#[derive(Debug, Clone, Copy)]
struct Running {
    all: Amount,
    done: Amount,
    /// What was done when it began.
    before: Amount,
    begun: Instant,
}

impl Running {
    /// How far it is after some time: done, left, time left.
    fn line(&self, elapsed: Duration) -> String {
        let Self {
            all, done, before, ..
        } = self;
        let percent = 100 * u128::from(done.work) / u128::from(all.work.max(1));
        let new = done.work.saturating_sub(before.work);
        let left = all.work.saturating_sub(done.work);
        let time = if new == 0 {
            "time not known yet".to_owned()
        } else {
            let seconds = elapsed.as_secs_f64() * left as f64 / new as f64;
            format!("about {} to go", in_words(seconds))
        };
        format!(
            "{percent} % done: {} of {} parts, {} left, {time}",
            done.parts,
            all.parts,
            all.parts.saturating_sub(done.parts)
        )
    }
}

fn in_words(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{:.0} s", s.ceil()),
        s if s < 90.0 * 60.0 => format!("{:.0} min", s / 60.0),
        s if s < 48.0 * 3600.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Done, left and time left, from what this run has done itself.
    #[test]
    fn a_line_says_done_left_and_time() {
        let amount = |work, parts| Amount { work, parts };
        let line = |done, seconds| {
            let running = Running {
                all: amount(1000, 100),
                done,
                before: amount(200, 20),
                begun: Instant::now(),
            };
            running.line(Duration::from_secs(seconds))
        };
        assert_eq!(
            line(amount(200, 20), 60),
            "20 % done: 20 of 100 parts, 80 left, time not known yet"
        );
        assert_eq!(
            line(amount(300, 30), 60),
            "30 % done: 30 of 100 parts, 70 left, about 7 min to go"
        );
        assert_eq!(
            line(amount(999, 99), 799),
            "99 % done: 99 of 100 parts, 1 left, about 1 s to go"
        );
        assert_eq!(
            line(amount(201, 21), 3600),
            "20 % done: 21 of 100 parts, 79 left, about 33.3 days to go"
        );
    }

    /// What a bar would draw on a terminal that is wide enough for all of it.
    #[derive(Debug, Clone, Default)]
    struct Wide(Arc<Mutex<Vec<String>>>);

    impl indicatif::TermLike for Wide {
        fn width(&self) -> u16 {
            500
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().expect("one thread").push(text.to_owned());
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The longest design, after days.
    #[test]
    fn the_bar_fits_80_columns() {
        let screen = Wide::default();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let bar = bar(target).with_elapsed(Duration::from_secs(100 * 86_400));
        let progress = Progress(Shown::Bar(bar));
        let all = Amount {
            work: 1_000_000,
            parts: 100,
        };
        progress.begin(all, Amount::default(), "10000000 design points".to_owned());
        progress.advance(500_000);
        let Progress(Shown::Bar(bar)) = &progress else {
            panic!("a bar");
        };
        bar.tick();
        let drawn = screen.0.lock().expect("one thread").clone();
        let widest = drawn
            .iter()
            .max_by_key(|text| text.trim_end().chars().count());
        let widest = widest.expect("something is drawn").trim_end();
        assert!(widest.contains("design points"), "{drawn:?}");
        assert!(widest.chars().count() <= 80, "{widest}");
        progress.finish();
    }
}
