//! What a sweep tells of each replication: columns of counts, rows of incidents and rounds; and
//! of each segment, its counts.

use std::sync::Arc;

use anyhow::Result;

use super::names::Names;
use super::plan::Segment;
use crate::counts::{CountRow, PointCounts};
use crate::simulation::{
    Alert, Handling, Incident, Model, Observer, Outcome, Outcomes, Response, State, Strike,
};
use crate::world::AlertKind;

/// The outcomes of replications, and which replications these are.
#[derive(Debug, Default)]
pub struct RunColumns {
    /// Which replications, in the order of the outcomes.
    pub segments: Vec<Segment>,
    /// One a replication.
    pub outcomes: Outcomes,
}

impl RunColumns {
    fn with_capacity(rows: usize) -> Self {
        Self {
            segments: Vec::new(),
            outcomes: Outcomes::with_capacity(rows),
        }
    }

    /// How many replications.
    pub fn len(&self) -> usize {
        self.outcomes.up_checks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Says of which point and from which replication on the next ones are.
    fn begin(&mut self, point: usize, first: u64) {
        self.segments.push(Segment {
            point,
            first,
            count: 0,
        });
    }

    #[inline]
    fn push(&mut self, outcome: &Outcome) {
        if let Some(segment) = self.segments.last_mut() {
            segment.count += 1;
        }
        self.outcomes.push(outcome);
    }

    /// Removes all and keeps the memory.
    fn clear(&mut self) {
        self.segments.clear();
        self.outcomes.clear();
    }
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
    /// The name of its server.
    pub server: Arc<str>,
    /// The scenarios that were active on the server, or had just struck it, when it opened, joined
    /// by `+`; `None` if there was none.
    pub cause: Option<Arc<str>>,
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
    /// The weight of the journeys that worked; `None` in a world without one.
    pub journey_weight: Option<u32>,
    /// Injections of chaos.
    pub events: u32,
    /// Alerts raised.
    pub alerts: u32,
    /// Alerts handled.
    pub alerts_handled: u32,
    /// Alerts that waited.
    pub alerts_waiting: u32,
}

/// What was chosen for one alert of a replication.
#[derive(Debug, Clone)]
pub struct DecisionRow {
    /// Index of the design point.
    pub point: usize,
    /// Which replication.
    pub replication: u64,
    /// Which round.
    pub round: u32,
    /// The alert.
    pub alert: Alert,
    /// The name of its server.
    pub server: Arc<str>,
    /// The name of the runbook's action.
    pub runbook: Arc<str>,
    /// The name of the action that was chosen, and what came of it; `None` where it was declined.
    pub action: Option<(Arc<str>, Response)>,
}

/// Rows that are written together: memory follows them, however long a part is. Where a row group
/// ends depends on nothing but the rows before it in its part.
pub const ROW_GROUP: usize = 1 << 15;

/// The next rows of one table of a part: [`ROW_GROUP`] of them, at the end what is left.
#[derive(Debug, Clone, Copy)]
pub enum RowGroup<'a> {
    /// One row a replication.
    Runs(&'a RunColumns),
    /// One row an incident, if asked for.
    Incidents(&'a [IncidentRow]),
    /// One row a round, if asked for.
    Rounds(&'a [RoundRow]),
    /// One row an alert that was answered, if asked for.
    Decisions(&'a [DecisionRow]),
    /// The counts of each segment, each row with the index of its design point.
    Counts(&'a [(usize, CountRow)]),
}

/// What takes the row groups of a part.
pub(super) type Sink<'a> = dyn FnMut(RowGroup<'_>) -> Result<()> + 'a;

/// Rows of a part on their way to a sink. Some are kept until the end, so that only a table
/// without rows ends with an empty row group.
pub(super) struct Rows<'a> {
    sink: &'a mut Sink<'a>,
    runs: RunColumns,
    incidents: Vec<IncidentRow>,
    rounds: Vec<RoundRow>,
    decisions: Vec<DecisionRow>,
    counts: Vec<(usize, CountRow)>,
}

impl<'a> Rows<'a> {
    /// Rows of a part with so many replications.
    pub fn new(replications: u64, sink: &'a mut Sink<'a>) -> Self {
        let group = replications.min(ROW_GROUP as u64) as usize;
        Self {
            sink,
            runs: RunColumns::with_capacity(group),
            incidents: Vec::new(),
            rounds: Vec::new(),
            decisions: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// Says that the next replications are those of a segment.
    pub fn begin(&mut self, segment: &Segment) {
        self.runs.begin(segment.point, segment.first);
    }

    /// The next replication of the segment.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    #[inline]
    pub fn push(&mut self, outcome: &Outcome) -> Result<()> {
        if self.runs.len() == ROW_GROUP {
            (self.sink)(RowGroup::Runs(&self.runs))?;
            let last = self.runs.segments.last().copied();
            self.runs.clear();
            if let Some(Segment {
                point,
                first,
                count,
            }) = last
            {
                self.runs.begin(point, first + count);
            }
        }
        self.runs.push(outcome);
        Ok(())
    }

    /// The incidents and rounds of a replication.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    pub fn extend(&mut self, recorder: &mut Recorder) -> Result<()> {
        recorder.drain(&mut self.incidents, &mut self.rounds, &mut self.decisions);
        let sink = &mut self.sink;
        hand_on(&mut self.incidents, |rows| sink(RowGroup::Incidents(rows)))?;
        hand_on(&mut self.rounds, |rows| sink(RowGroup::Rounds(rows)))?;
        hand_on(&mut self.decisions, |rows| sink(RowGroup::Decisions(rows)))
    }

    /// The counts of a segment that is over. A part may have very many, so they too are handed on
    /// as they come.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    pub fn count(&mut self, point: usize, counts: &PointCounts) -> Result<()> {
        let rows = counts.rows().into_iter();
        self.counts.extend(rows.map(|row| (point, row)));
        let sink = &mut self.sink;
        hand_on(&mut self.counts, |rows| sink(RowGroup::Counts(rows)))
    }

    /// Hands on what is left of the tables, the recorded ones among them.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    pub fn finish(self, recorder: &Recorder) -> Result<()> {
        (self.sink)(RowGroup::Runs(&self.runs))?;
        (self.sink)(RowGroup::Counts(&self.counts))?;
        if recorder.want_incidents {
            (self.sink)(RowGroup::Incidents(&self.incidents))?;
        }
        if recorder.want_rounds {
            (self.sink)(RowGroup::Rounds(&self.rounds))?;
        }
        if recorder.want_decisions {
            (self.sink)(RowGroup::Decisions(&self.decisions))?;
        }
        Ok(())
    }
}

/// Hands on whole row groups, and keeps at least one row.
fn hand_on<T>(rows: &mut Vec<T>, sink: impl FnMut(&[T]) -> Result<()>) -> Result<()> {
    let whole = rows.len().saturating_sub(1) / ROW_GROUP * ROW_GROUP;
    rows[..whole].chunks(ROW_GROUP).try_for_each(sink)?;
    rows.drain(..whole);
    Ok(())
}

/// Records incidents, rounds and decisions of one replication at a time.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    want_incidents: bool,
    want_rounds: bool,
    want_decisions: bool,
    /// Where decisions are wanted: the runbook's action by server, alert and level.
    runbook: Vec<usize>,
    decisions: Vec<DecisionRow>,
    point: usize,
    names: Names,
    replication: u64,
    /// The round.
    now: u32,
    incidents: Vec<IncidentRow>,
    /// By server: which of `incidents` is open.
    open: Vec<(usize, usize)>,
    rounds: Vec<RoundRow>,
    round: Option<RoundRow>,
}

impl Recorder {
    pub fn new(want_incidents: bool, want_rounds: bool, want_decisions: bool) -> Self {
        Self {
            want_incidents,
            want_rounds,
            want_decisions,
            ..Self::default()
        }
    }

    pub fn idle(&self) -> bool {
        !self.want_incidents && !self.want_rounds && !self.want_decisions
    }

    /// Says of which point the next replications are, and the names of its world.
    pub fn begin(&mut self, point: usize, names: Names, model: &Model) {
        (self.point, self.names) = (point, names);
        self.runbook.clear();
        if self.want_decisions {
            let servers = 0..model.servers();
            let lines = servers.flat_map(|server| {
                let kinds = AlertKind::ALL.into_iter();
                kinds.flat_map(move |kind| [false, true].map(|level| (server, kind, level)))
            });
            self.runbook.extend(lines.map(|(server, kind, critical)| {
                model.runbook(&Alert {
                    server,
                    kind,
                    critical,
                    value: 0.0,
                })
            }));
        }
    }

    /// The names of the world that is watched.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Says which replication it watches next.
    pub fn watch(&mut self, replication: u64) {
        self.replication = replication;
    }

    /// Gives away what it recorded.
    fn drain(
        &mut self,
        incidents: &mut Vec<IncidentRow>,
        rounds: &mut Vec<RoundRow>,
        decisions: &mut Vec<DecisionRow>,
    ) {
        decisions.append(&mut self.decisions);
        incidents.append(&mut self.incidents);
        rounds.append(&mut self.rounds);
        self.open.clear();
    }

    fn decide(&mut self, alert: &Alert, action: Option<(usize, Response)>) {
        if !self.want_decisions {
            return;
        }
        let line = (alert.server * AlertKind::ALL.len() + alert.kind as usize) * 2;
        let runbook = self.runbook[line + usize::from(alert.critical)];
        self.decisions.push(DecisionRow {
            point: self.point,
            replication: self.replication,
            round: self.now,
            alert: *alert,
            server: self.names.server(alert.server),
            runbook: self.names.action(runbook),
            action: action.map(|(action, response)| (self.names.action(action), response)),
        });
    }
}

impl Observer for Recorder {
    fn round_begins(&mut self, _: &Model, state: &State) {
        self.now = state.round;
        self.round = self.want_rounds.then_some(RoundRow {
            point: self.point,
            replication: self.replication,
            round: state.round,
            traffic: 1.0,
            servers_up: 0,
            journey_weight: None,
            events: 0,
            alerts: 0,
            alerts_handled: 0,
            alerts_waiting: 0,
        });
    }

    fn event(&mut self, _: &Strike) {
        if let Some(round) = &mut self.round {
            round.events += 1;
        }
    }

    fn alerts(&mut self, alerts: &[Alert]) {
        if let Some(round) = &mut self.round {
            round.alerts = alerts.len() as u32;
        }
    }

    fn handled(&mut self, handling: &Handling) {
        if let Some(round) = &mut self.round {
            round.alerts_handled += 1;
        }
        let action = (handling.action, handling.response);
        self.decide(&handling.alert, Some(action));
    }

    fn declined(&mut self, alert: &Alert) {
        self.decide(alert, None);
    }

    fn waiting(&mut self, alerts: usize) {
        if let Some(round) = &mut self.round {
            round.alerts_waiting += alerts as u32;
        }
    }

    fn opened(&mut self, model: &Model, state: &State, server: usize, half_round: u32) {
        if !self.want_incidents {
            return;
        }
        self.open.push((server, self.incidents.len()));
        self.incidents.push(IncidentRow {
            point: self.point,
            replication: self.replication,
            number: self.incidents.len() as u32,
            incident: Incident {
                server,
                opened: half_round,
                handled: None,
                detected: None,
                acknowledged: None,
                closed: None,
                ttr: 0,
            },
            server: self.names.server(server),
            cause: self.names.cause(state.causes(model, server)),
        });
    }

    fn incident(&mut self, incident: &Incident) {
        let open = self.open.iter().position(|(s, _)| *s == incident.server);
        if let Some(open) = open {
            let (_, row) = self.open.swap_remove(open);
            self.incidents[row].incident = *incident;
        }
    }

    fn assessed(&mut self, model: &Model, state: &State, journeys: Option<u32>) {
        if let Some(round) = &mut self.round {
            round.servers_up = (0..model.servers()).filter(|s| state.is_up(*s)).count() as u32;
            round.journey_weight = journeys;
        }
    }

    fn round_ends(&mut self, _: &Model, state: &State) {
        if let Some(mut round) = self.round.take() {
            round.traffic = state.traffic;
            self.rounds.push(round);
        }
    }
}
