//! Signals: the wish to stop, and what would end the program without a word.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// A flag that the signals to stop set: Ctrl-C, SIGTERM and, where a terminal closes, SIGHUP; a second
/// one ends the program at once. A signal that is ignored when the program starts stays ignored, so
/// `nohup` protects a sweep.
pub fn listen() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let ignored = ignored();
    let heard = signals_to_stop().into_iter();
    for signal in heard.filter(|signal| ignored >> (signal - 1) & 1 == 0) {
        // In this order: the first one finds the flag still unset.
        flag::register_conditional_default(signal, Arc::clone(&stop))
            .and_then(|_| flag::register(signal, Arc::clone(&stop)))
            .context("can't listen for signals")?;
    }
    Ok(stop)
}

/// Writing more than the limit for a file is an error that is told, not a death.
pub fn outlive_file_limits() {
    #[cfg(unix)]
    {
        // Best effort: without it the program ends as any other does.
        let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    }
}

fn signals_to_stop() -> Vec<i32> {
    let mut signals = vec![SIGINT, SIGTERM];
    // Only Linux tells which signals are ignored; elsewhere nohup must not be undone.
    if cfg!(target_os = "linux") {
        signals.push(HANGUP);
    }
    signals
}

#[cfg(unix)]
const HANGUP: i32 = signal_hook::consts::SIGHUP;
#[cfg(not(unix))]
const HANGUP: i32 = 1;

/// The signals that are ignored, a bit each from that of signal 1.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
