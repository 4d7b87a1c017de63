//! Simulating parts, on all threads that rayon has.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, Result};

use super::plan::{Part, Segment};
use crate::counts::PointCounts;
use crate::design::Design;
use crate::diagnostics::{Problems, Sources};
use crate::error::Interrupted;
use crate::experiment::RowTable;
use crate::simulation::{Alert, Incident, Model, Observer, Outcome, State, simulate};

/// One replication of a design point.
#[derive(Debug, Clone, Copy)]
pub struct RunRow {
    /// Index of the design point.
    pub point: usize,
    /// Which replication.
    pub replication: u64,
    /// What it counted.
    pub outcome: Outcome,
}

/// One incident of a replication.
#[derive(Debug, Clone)]
pub struct IncidentRow {
    /// Index of the design point.
    pub point: usize,
    /// Which replication.
    pub replication: u64,
    /// Its number within the replication, in the order of opening.
    pub number: u32,
    /// What happened.
    pub incident: Incident,
    /// Indices of the scenarios that were active, or just struck, when it opened.
    pub causes: Vec<usize>,
}

/// One round of a replication.
#[derive(Debug, Clone, Copy)]
pub struct RoundRow {
    /// Index of the design point.
    pub point: usize,
    /// Which replication.
    pub replication: u64,
    /// Which round.
    pub round: u32,
    /// Traffic as a ratio of the base traffic, as last drawn.
    pub traffic: f64,
    /// Servers that were up at the check.
    pub servers_up: u32,
    /// Whether the journey worked; `None` in a world without one.
    pub journey_up: Option<bool>,
    /// Injections of chaos.
    pub events: u32,
    /// Alerts raised.
    pub alerts: u32,
    /// Alerts handled.
    pub alerts_handled: u32,
}

/// What one part produced, in design order.
#[derive(Debug, Default)]
pub struct PartData {
    /// One row a replication.
    pub runs: Vec<RunRow>,
    /// One row an incident, if asked for.
    pub incidents: Vec<IncidentRow>,
    /// One row a round, if asked for.
    pub rounds: Vec<RoundRow>,
    /// The counts of each design point.
    pub counts: Vec<(usize, PointCounts)>,
}

/// Simulates `parts` and hands each to `finish`, about in their order. Stops at the first error,
/// and within a part once `stop` is set: then the error is [`Interrupted`].
///
/// Every thread of the pool takes the next part when it is done with one. There is nothing to
/// steal: encoding a table waits for threads of polars, and a thread that stole the next part
/// while it waits would begin part after part and finish none.
pub fn execute(
    design: &Design,
    parts: &[&Part],
    stop: &AtomicBool,
    finish: impl Fn(&Part, PartData) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let work = |_: rayon::BroadcastContext| {
        while !failed.load(Ordering::Relaxed) {
            let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) else {
                break;
            };
            let done = simulate_part(design, part, stop).and_then(|data| finish(part, data));
            if let Err(error) = done {
                failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    };
    rayon::broadcast(work).into_iter().collect()
}

/// Simulates one part, unless `stop` is set before it is done.
pub fn simulate_part(design: &Design, part: &Part, stop: &AtomicBool) -> Result<PartData> {
    let tables = &design.experiment().output.tables;
    let mut data = PartData::default();
    let mut state = State::new();
    let mut recorder = Recorder::new(
        tables.contains(&RowTable::Incidents),
        tables.contains(&RowTable::Rounds),
    );
    for segment in &part.segments {
        // The design was checked when it was made, so this does not fail.
        let model = design
            .compile(segment.point)
            .map_err(|problems| Problems::new(&Sources::default(), problems))
            .with_context(|| format!("design point {}", design.key(segment.point)))?;
        if recorder.idle() {
            simulate_segment(&model, segment, &mut state, &mut data, stop, &mut ())?;
        } else {
            simulate_segment(&model, segment, &mut state, &mut data, stop, &mut recorder)?;
        }
    }
    Ok(data)
}

/// Observers that are told which replication they watch, and give away what they recorded of it.
trait SegmentObserver: Observer {
    fn replication(&mut self, _point: usize, _replication: u64) {}
    fn drain(&mut self, _data: &mut PartData) {}
}

impl SegmentObserver for () {}

fn simulate_segment<O: SegmentObserver>(
    model: &Model,
    segment: &Segment,
    state: &mut State,
    data: &mut PartData,
    stop: &AtomicBool,
    observer: &mut O,
) -> Result<()> {
    let mut counts = PointCounts::default();
    for replication in segment.first..segment.first + segment.count {
        if stop.load(Ordering::Relaxed) {
            return Err(Interrupted.into());
        }
        observer.replication(segment.point, replication);
        let outcome =
            guard(|| simulate(model, replication, state, observer)).map_err(|message| Failed {
                segment: Segment {
                    first: replication,
                    count: 1,
                    ..*segment
                },
                message,
            })?;
        counts.add(
            replication,
            &outcome,
            model.has_journey(),
            state.closed_ttr(),
            state.censored_ttr(),
        );
        data.runs.push(RunRow {
            point: segment.point,
            replication,
            outcome,
        });
        observer.drain(data);
    }
    data.counts.push((segment.point, counts));
    Ok(())
}

/// Runs one replication; a panic, which would be a bug of ours, becomes its message.
fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // What the replication left half done is thrown away with its part.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned())
    })
}

/// A replication that panicked.
#[derive(Debug)]
pub struct Failed {
    /// Where: one replication.
    pub segment: Segment,
    /// What the panic said.
    pub message: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Segment { point, first, .. } = self.segment;
        write!(
            f,
            "replication {first} of design point {point} failed: {}",
            self.message
        )
    }
}

impl std::error::Error for Failed {}

/// Records incidents and rounds of one replication at a time.
#[derive(Debug, Default)]
struct Recorder {
    want_incidents: bool,
    want_rounds: bool,
    point: usize,
    replication: u64,
    incidents: Vec<IncidentRow>,
    /// By server: which of `incidents` is open.
    open: Vec<(usize, usize)>,
    rounds: Vec<RoundRow>,
    round: Option<RoundRow>,
}

impl Recorder {
    fn new(want_incidents: bool, want_rounds: bool) -> Self {
        Self {
            want_incidents,
            want_rounds,
            ..Self::default()
        }
    }

    fn idle(&self) -> bool {
        !self.want_incidents && !self.want_rounds
    }
}

impl SegmentObserver for Recorder {
    fn replication(&mut self, point: usize, replication: u64) {
        (self.point, self.replication) = (point, replication);
    }

    fn drain(&mut self, data: &mut PartData) {
        data.incidents.append(&mut self.incidents);
        data.rounds.append(&mut self.rounds);
        self.open.clear();
    }
}

impl Observer for Recorder {
    fn round_begins(&mut self, _: &Model, state: &State) {
        self.round = self.want_rounds.then_some(RoundRow {
            point: self.point,
            replication: self.replication,
            round: state.round,
            traffic: 1.0,
            servers_up: 0,
            journey_up: None,
            events: 0,
            alerts: 0,
            alerts_handled: 0,
        });
    }

    fn event(&mut self, _: usize, _: usize, _: bool) {
        if let Some(round) = &mut self.round {
            round.events += 1;
        }
    }

    fn alerts(&mut self, alerts: &[Alert]) {
        if let Some(round) = &mut self.round {
            round.alerts = alerts.len() as u32;
        }
    }

    fn handled(&mut self, _: &crate::simulation::Handling) {
        if let Some(round) = &mut self.round {
            round.alerts_handled += 1;
        }
    }

    fn opened(&mut self, model: &Model, state: &State, server: usize, half_round: u32) {
        if !self.want_incidents {
            return;
        }
        let caused = |scenario: &usize| {
            state.active(*scenario, server) || state.just_struck(*scenario, server)
        };
        self.open.push((server, self.incidents.len()));
        self.incidents.push(IncidentRow {
            point: self.point,
            replication: self.replication,
            number: self.incidents.len() as u32,
            incident: Incident {
                server,
                opened: half_round,
                handled: None,
                closed: None,
                ttr: 0,
            },
            causes: (0..model.scenarios()).filter(caused).collect(),
        });
    }

    fn incident(&mut self, incident: &Incident) {
        let open = self.open.iter().position(|(s, _)| *s == incident.server);
        if let Some(open) = open {
            let (_, row) = self.open.swap_remove(open);
            self.incidents[row].incident = *incident;
        }
    }

    fn assessed(&mut self, model: &Model, state: &State, journey: Option<bool>) {
        if let Some(round) = &mut self.round {
            round.servers_up = (0..model.servers()).filter(|s| state.is_up(*s)).count() as u32;
            round.journey_up = journey;
        }
    }

    fn round_ends(&mut self, _: &Model, state: &State) {
        if let Some(mut round) = self.round.take() {
            round.traffic = state.traffic;
            self.rounds.push(round);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A panic becomes an error with its message, whatever kind of message it is.
    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(guard(|| 7), Ok(7));
        assert_eq!(guard(|| -> u8 { panic!("plain") }), Err("plain".to_owned()));
        let number = 3;
        assert_eq!(
            guard(|| -> u8 { panic!("of {number}") }),
            Err("of 3".to_owned())
        );
    }
}
