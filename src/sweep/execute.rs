//! Simulating parts, on all threads that rayon has.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Result, anyhow};

use super::names::Names;
use super::plan::{Part, Segment};
use super::record::{Recorder, RowGroup, Rows};
use crate::counts::{Answers, Tally};
use crate::design::Design;
use crate::error::heard;
use crate::experiment::RowTable;
use crate::responders::{Answering, Recording};
use crate::simulation::{
    Accountant, Causes, Choice, InstructionSet, LANES, LaneState, Model, Responder, Rules, State,
    fits_lanes, simulate, simulate_lanes_unless, simulate_with,
};

/// Does the work of `parts`, about in their order, and stops at the first error.
///
/// Every thread of the pool takes the next part when it is done with one. There is nothing to
/// steal: encoding a table waits for threads of polars, and a thread that stole the next part
/// while it waits would begin part after part and finish none.
///
/// # Errors
///
/// The first that `work` returns.
pub fn execute(parts: &[&Part], work: impl Fn(&Part) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let work = |_: rayon::BroadcastContext| {
        while !failed.load(Ordering::Relaxed) {
            let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) else {
                break;
            };
            if let Err(error) = work(part) {
                failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    };
    rayon::broadcast(work).into_iter().collect()
}

/// Simulates one part, unless `stop` is set before it is done: then the error is
/// [`Interrupted`](crate::error::Interrupted).
/// Its rows go to `sink` as they come, its counts among them. Without a recording the runbook stands in
/// for responders that have to be asked.
///
/// # Errors
///
/// Those of `sink`, or [`Interrupted`](crate::error::Interrupted) once `stop` is set.
pub fn simulate_part(
    design: &Design,
    part: &Part,
    recording: Option<&Recording>,
    stop: &AtomicBool,
    mut sink: impl FnMut(RowGroup<'_>) -> Result<()>,
) -> Result<()> {
    let tables = &design.experiment().output.tables;
    let mut worker = Worker {
        stop,
        lanes: LaneState::new(),
        instructions: InstructionSet::best(),
        state: State::new(),
        recorder: Recorder::new(
            tables.contains(&RowTable::Incidents),
            tables.contains(&RowTable::Rounds),
            tables.contains(&RowTable::Decisions),
        ),
        rows: Rows::new(part.replications(), &mut sink),
    };
    for segment in &part.segments {
        // The design was checked when it was made, so this does not fail.
        let (point, model) = design.point_and_model(segment.point)?;
        let names = Names::of(&point.world);
        match Answering::new(&point, recording) {
            Answering::Always(Choice::Diagnosis) => {
                worker.simulate(&model, names, segment, &mut Rules)?;
            }
            mut other => worker.simulate(&model, names, segment, &mut other)?,
        }
    }
    worker.rows.finish(&worker.recorder)
}

/// Who responds in a sweep.
trait Asked: Responder {
    /// What was answered in the last replication, by one that has to be asked.
    fn answers(&self) -> Option<&Answers> {
        None
    }
}

impl Asked for Rules {}

impl Asked for Answering<'_> {
    fn answers(&self) -> Option<&Answers> {
        Answering::answers(self)
    }
}

/// What simulates the segments of a part, one after another.
struct Worker<'a> {
    stop: &'a AtomicBool,
    lanes: LaneState,
    instructions: InstructionSet,
    state: State,
    recorder: Recorder,
    rows: Rows<'a>,
}

impl Worker<'_> {
    fn simulate<R: Asked>(
        &mut self,
        model: &Model,
        names: Names,
        segment: &Segment,
        responder: &mut R,
    ) -> Result<()> {
        let mut tally = Tally::default();
        self.rows.begin(segment);
        self.recorder.begin(segment.point, names, model);
        // Only the scalar way can be watched, or asks someone else than the rules.
        let in_lanes = R::BY_RULES && self.recorder.idle() && fits_lanes(model);
        let causes = if in_lanes {
            self.in_lanes(model, segment, &mut tally)?;
            Causes::default()
        } else {
            self.one_by_one(model, segment, &mut tally, responder)?
        };
        let names = self.recorder.names();
        let named = |cause| names.cause(causes.of(cause, model.causes()));
        let counts = tally.finish(named);
        self.rows.count(segment.point, &counts)
    }

    fn in_lanes(&mut self, model: &Model, segment: &Segment, tally: &mut Tally) -> Result<()> {
        let end = segment.first + segment.count;
        let mut first = segment.first;
        while first < end {
            guard(|| {
                simulate_lanes_unless(self.stop, model, first, &mut self.lanes, self.instructions);
            })
            .map_err(|message| self.failed(model, segment, first, message))?;
            heard(self.stop)?;
            // Lanes beyond the segment are another part's, or nobody's.
            let wanted = (end - first).min(LANES as u64) as usize;
            for (lane, (number, replication)) in
                (first..end).zip(self.lanes.replications()).enumerate()
            {
                tally.replication(number, &replication, model);
                tally.journeys(self.lanes.journey_rounds(lane));
                self.rows.push(&replication.outcome)?;
            }
            let incidents = self.lanes.incidents().iter();
            for incident in incidents.filter(|incident| incident.lane < wanted) {
                tally.incident(first, incident, model);
            }
            first += LANES as u64;
        }
        Ok(())
    }

    /// A block panicked: the scalar way may tell which of its replications that was.
    fn failed(&mut self, model: &Model, segment: &Segment, first: u64, message: String) -> Failed {
        let failing = (first..first + LANES as u64).find_map(|replication| {
            let alone = guard(|| simulate(model, replication, &mut self.state, &mut ()));
            Some((replication, alone.err()?))
        });
        let (replication, message) = failing.unwrap_or((first, message));
        Failed::new(segment, replication, message)
    }

    fn one_by_one(
        &mut self,
        model: &Model,
        segment: &Segment,
        tally: &mut Tally,
        responder: &mut impl Asked,
    ) -> Result<Causes> {
        let mut accountant = Accountant::default();
        for number in segment.first..segment.first + segment.count {
            self.recorder.watch(number);
            let mut stop = self.stop;
            let mut watching = (&mut self.recorder, &mut accountant);
            let mut observer = (&mut watching, &mut stop);
            let state = &mut self.state;
            let outcome = guard(|| simulate_with(model, number, state, &mut observer, responder))
                .map_err(|message| Failed::new(segment, number, message))?;
            heard(self.stop)?;
            let ControlFlow::Continue(outcome) = outcome else {
                return Err(anyhow!(
                    "replication {number} lacks an answer of its responder"
                ));
            };
            let replication = accountant.replication(outcome);
            tally.replication(number, &replication, model);
            tally.journeys(self.state.journey_rounds().iter().copied());
            if let Some(answers) = responder.answers() {
                tally.answers(answers);
            }
            for incident in accountant.incidents() {
                tally.incident(number, incident, model);
            }
            self.rows.push(&outcome)?;
            self.rows.extend(&mut self.recorder)?;
        }
        Ok(accountant.into_causes())
    }
}

/// Runs some replications; a panic, which would be a bug of ours, becomes its message.
fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // What they left half done is thrown away with its part.
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

impl Failed {
    fn new(segment: &Segment, replication: u64, message: String) -> Self {
        Self {
            segment: Segment {
                first: replication,
                count: 1,
                ..*segment
            },
            message,
        }
    }
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
