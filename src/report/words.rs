//! Windows and downtime in words.

use super::agreement::Held;
use crate::design::{Design, Variation};
use crate::statistics::{Estimate, Interval};

/// Minutes of a month of 30 days.
const MONTH: f64 = 30.0 * 24.0 * 60.0;

/// How long a replication is, in minutes.
pub fn minutes(variation: &Variation) -> f64 {
    f64::from(variation.rounds) * variation.round_minutes
}

/// A time in the largest unit that has few digits: `15 minutes`, `36 hours`, `30 days`.
pub fn span(minutes: f64) -> String {
    let whole = |unit: f64| (minutes / unit).fract() == 0.0 && minutes >= 2.0 * unit;
    let (count, unit) = if whole(1440.0) {
        (minutes / 1440.0, "day")
    } else if whole(60.0) {
        (minutes / 60.0, "hour")
    } else if minutes < 2.0 {
        (minutes * 60.0, "second")
    } else {
        (minutes, "minute")
    };
    let text = format!("{count:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} {unit}{}", if text == "1" { "" } else { "s" })
}

/// What all worlds of a design have in common; `None` where they differ.
pub fn common<T: PartialEq>(design: &Design, of: impl Fn(&Variation) -> T) -> Option<T> {
    let first = of(design.variation(0));
    let same = (1..design.len()).all(|point| of(design.variation(point)) == first);
    same.then_some(first)
}

/// Where a time to resolve is cut: `15 rounds`.
pub fn within(design: &Design) -> String {
    match common(design, |variation| variation.rounds) {
        Some(1) => "1 round".to_owned(),
        Some(rounds) => format!("{rounds} rounds"),
        None => "the rounds of its design point".to_owned(),
    }
}

/// How long a replication is, `15 minutes`; `None` where design points differ.
pub fn window(design: &Design) -> Option<String> {
    common(design, minutes).map(span)
}

/// What a replication begins with, and what follows from it for its figures.
pub fn start(design: &Design) -> String {
    let window = window(design);
    let long = (0..design.len()).all(|point| minutes(design.variation(point)) >= MONTH);
    let of = match &window {
        Some(window) => format!("hold for a window of {window}"),
        None => "hold for the window of their design point".to_owned(),
    };
    let longer = if long {
        ""
    } else {
        "; a longer window usually shows less availability"
    };
    format!("Every replication starts with all servers healthy, so its figures {of}{longer}.")
}

/// Over which time the downtime of one server, or of the journey, is stated.
///
/// A replication starts healthy, so a month is never derived from a shorter one; a longer one is
/// stated for 30 days.
#[derive(Debug, Clone)]
pub struct Downtime {
    /// Whether it is a month.
    month: bool,
    /// A replication; `None` where design points differ.
    window: Option<String>,
    /// Its unit.
    pub unit: &'static str,
}

impl Downtime {
    /// Of all points of a design.
    pub fn of(design: &Design) -> Self {
        let month = (0..design.len()).all(|point| minutes(design.variation(point)) >= MONTH);
        Self {
            month,
            window: window(design),
            unit: "min",
        }
    }

    /// The time that it is stated over: `15 minutes`.
    pub fn over(&self) -> String {
        match (&self.window, self.month) {
            (_, true) => "30 days".to_owned(),
            (Some(window), false) => window.clone(),
            (None, false) => "a replication".to_owned(),
        }
    }

    /// Its name as an indicator.
    pub fn label(&self, held: Held) -> String {
        let of = match held {
            Held::Servers => "of a server",
            Held::Journey => "of the journey",
            Held::Mixed => "of a server or the journey",
        };
        format!("Mean downtime {of} in {}", self.over())
    }

    /// What it means.
    pub fn about(&self, held: Held) -> String {
        let of = match held {
            Held::Servers => "one server",
            Held::Journey => "the journey",
            Held::Mixed => "one server, or of the journey where the SLA is held to it",
        };
        let over = self.over();
        if self.month {
            format!("(1 − availability) × {over}, of {of}.")
        } else {
            format!(
                "(1 − availability) × {over}, of {of}. It is stated for no longer time: a \
                 replication starts with all servers healthy, so a month would have more than its \
                 multiple."
            )
        }
    }

    /// From the downtime of a replication, of all servers together or of the journey.
    pub fn estimate(&self, variation: &Variation, downtime: Estimate) -> Estimate {
        let window = variation.window();
        let scale = if self.month {
            MONTH / minutes(variation)
        } else {
            1.0
        };
        let one = |minutes: f64| minutes / f64::from(window.servers) * scale;
        Estimate {
            value: one(downtime.value),
            interval: downtime.interval.map(|interval| Interval {
                lo: one(interval.lo),
                hi: one(interval.hi),
            }),
            method: downtime.method,
        }
    }
}

/// Why an interval is withheld, in two words.
pub fn withheld(method: &str) -> String {
    let reason = method.trim_start_matches("withheld_").replace('_', " ");
    reason.replace("replication", "run")
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_time_is_said_in_the_unit_with_few_digits() {
        let said = [
            0.5, 1.0, 15.0, 60.0, 90.0, 120.0, 1440.0, 2160.0, 43_200.0, 12.25,
        ]
        .map(span);
        let wanted = [
            "30 seconds",
            "60 seconds",
            "15 minutes",
            "60 minutes",
            "90 minutes",
            "2 hours",
            "24 hours",
            "36 hours",
            "30 days",
            "12.25 minutes",
        ];
        assert_eq!(said, wanted);
    }
}
