//! The schema of each table that a sweep writes: names, types, units, meanings.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use polars_core::prelude::{DataFrame, IntoSeries, UInt32Chunked};

use super::frame::{Frame, RowGroups};
use super::names::{PartTable, part_name};
use super::spans::Spans;
use crate::counts::{CountRow, Measure};
use crate::design::{Design, PointKey};
use crate::experiment::{Format, RowTable};
use crate::simulation::{ClosedBy, Count};
use crate::sweep::{DecisionRow, IncidentRow, PartId, RoundRow, RowGroup, RunColumns};

/// The tables that have the rows of a row group, and their rows.
pub fn row_tables(design: &Design, rows: RowGroup<'_>) -> Vec<(PartTable, Frame)> {
    match rows {
        RowGroup::Incidents(rows) => vec![(PartTable::Incidents, incidents(design, rows))],
        RowGroup::Rounds(rows) => vec![(PartTable::Rounds, rounds(design, rows))],
        RowGroup::Decisions(rows) => vec![(PartTable::Decisions, decisions(design, rows))],
        RowGroup::Counts(rows) => vec![(PartTable::Counts, counts(design, rows))],
        RowGroup::Runs(rows) => {
            let tables = part_tables(design).into_iter();
            let tables = tables.filter_map(|table| match table {
                PartTable::Runs => Some((table, runs(design, rows))),
                PartTable::Outcomes => Some((table, outcomes(design, rows))),
                _ => None,
            });
            tables.collect()
        }
    }
}

/// The tables that a part has files of, in the order they are written.
pub(super) fn part_tables(design: &Design) -> Vec<PartTable> {
    let experiment = design.experiment();
    let mut parts = vec![PartTable::Counts];
    parts.extend(experiment.output.tables.iter().map(|table| match table {
        RowTable::Runs => PartTable::Runs,
        RowTable::Incidents => PartTable::Incidents,
        RowTable::Rounds => PartTable::Rounds,
        RowTable::Decisions => PartTable::Decisions,
    }));
    // Comparisons pair replications, so these are kept one by one.
    if experiment.compare.is_some() && !experiment.output.has_runs() {
        parts.push(PartTable::Outcomes);
    }
    parts
}

/// The formats of the files of a part in one of its tables. Counts and outcomes are ours; the
/// format of the row tables is the user's choice.
pub(super) fn formats_of(design: &Design, table: PartTable) -> &[Format] {
    match table {
        PartTable::Counts | PartTable::Outcomes => &[Format::Parquet],
        PartTable::Runs | PartTable::Incidents | PartTable::Rounds | PartTable::Decisions => {
            &design.experiment().output.formats
        }
    }
}

/// The paths within the results folder of all files of a part, in the order they are written.
pub(super) fn part_paths(design: &Design, id: PartId) -> Vec<String> {
    let tables = part_tables(design).into_iter();
    let paths = tables.flat_map(|table| {
        let formats = formats_of(design, table).iter();
        formats.map(move |format| format!("{}/{}", table.name(), part_name(id, *format)))
    });
    paths.collect()
}

fn runs(design: &Design, runs: &RunColumns) -> Frame {
    let (spans, outcomes) = (Spans::of_runs(runs), &runs.outcomes);
    let mut frame = spans.point_columns(design);
    replication(
        &mut frame,
        runs.segments
            .iter()
            .flat_map(|s| s.first..s.first + s.count),
    );
    let checks = |point| design.variation(point).checks() as u32;
    let rounds = |point| design.variation(point).rounds;
    let about = "server checks: servers × rounds";
    spans.column(&mut frame, "checks", about, checks);
    let about = "checks that found the server up";
    frame.values("up_checks", about, &outcomes.up_checks);
    let about = "rounds of the replication";
    spans.column(&mut frame, "rounds", about, rounds);
    journey_up_rounds(&mut frame, design, runs, &spans);
    frame.values("sla_met", "whether the SLA was met", &outcomes.sla_met);
    for count in design.counts() {
        let (name, counts) = (count.name(), outcomes.counts(count));
        match spans.validity(|point| design.has_count(point, count)) {
            None => frame.values(name, count.about(), counts),
            known => {
                let counts = UInt32Chunked::from_vec_validity("".into(), counts.to_vec(), known);
                frame.series(name, count.about(), counts.into_series());
            }
        }
        if count == Count::IncidentsOpen {
            let about = "sum of the times to resolve of the closed incidents, in half rounds";
            frame.values("ttr_half_rounds", about, &outcomes.ttr_half_rounds);
        }
    }
    let about = "up_checks / checks, 0 to 1";
    spans.shares(
        &mut frame,
        "availability",
        about,
        &outcomes.up_checks,
        |point| Some(checks(point)),
    );
    let about = "journey_up_rounds / rounds, 0 to 1; null in a world without a journey";
    let (name, parts) = ("journey_availability", &outcomes.journey_up_rounds);
    spans.shares(&mut frame, name, about, parts, |point| {
        let variation = design.variation(point);
        variation.journey.then(|| variation.journey_rounds() as u32)
    });
    if !design.journeys().is_empty() {
        let about = "what a round adds to journey_up_rounds if all user journeys work: the sum of their weights";
        spans.column(&mut frame, "journey_weight", about, |point| {
            design.variation(point).journey_weight
        });
    }
    frame
}

fn replication(frame: &mut Frame, numbers: impl Iterator<Item = u64>) {
    frame.steps("replication", "number of the replication, from 0", numbers);
}

/// Rounds in which the journey worked. A world without a journey has no value there, which is not
/// the same as 0.
fn journey_up_rounds(frame: &mut Frame, design: &Design, runs: &RunColumns, spans: &Spans) {
    let with_journey = spans.validity(|point| design.variation(point).journey);
    let about = "rounds in which the user journey worked; null in a world without one";
    let rounds = runs.outcomes.journey_up_rounds.clone();
    let rounds = UInt32Chunked::from_vec_validity("".into(), rounds, with_journey);
    frame.series("journey_up_rounds", about, rounds.into_series());
}

/// Of `runs` what comparisons need.
fn outcomes(design: &Design, runs: &RunColumns) -> Frame {
    let mut frame = Frame::new();
    let about = "checks that found the server up";
    frame.values("up_checks", about, &runs.outcomes.up_checks);
    journey_up_rounds(&mut frame, design, runs, &Spans::of_runs(runs));
    frame.values("sla_met", "whether the SLA was met", &runs.outcomes.sla_met);
    frame
}

fn incidents(design: &Design, rows: &[IncidentRow]) -> Frame {
    let spans = Spans::of(rows.iter().map(|row| row.point));
    let mut frame = spans.point_column(design);
    replication(&mut frame, rows.iter().map(|row| row.replication));
    let about = "number within the replication, from 0, in the order of opening";
    frame.column(rows, "incident", about, |r| r.number);
    frame.column(rows, "server", "name of the server", |row| &*row.server);
    let about = "scenarios active on the server, or that had just struck it, when the incident \
                 opened, joined by +; null if none";
    frame.column(rows, "cause", about, |row| row.cause.as_deref());
    let about = "when it opened, in half rounds";
    frame.column(rows, "opened_half_round", about, |r| r.incident.opened);
    let about = "when the first alert of the server was handled while it was open, in half \
                 rounds; null if none was";
    frame.column(rows, "handled_half_round", about, |r| r.incident.handled);
    if design.has_cases() {
        let about = "when it was detected, in half rounds; null if it was not before it ended";
        frame.column(rows, "detected_half_round", about, |r| r.incident.detected);
        let about = "when it was acknowledged, in half rounds; null if it was not before it ended";
        frame.column(rows, "acknowledged_half_round", about, |r| {
            r.incident.acknowledged
        });
    }
    let about = "when it closed, in half rounds; null if it was open at the end";
    frame.column(rows, "closed_half_round", about, |r| {
        r.incident.closed.map(|(at, _)| at)
    });
    let about = "time to resolve in half rounds; if censored, time open until the last check";
    frame.column(rows, "ttr_half_rounds", about, |r| r.incident.ttr);
    let about = "whether it was open at the end";
    frame.column(rows, "censored", about, |r| r.incident.closed.is_none());
    let about = "action if a remediation succeeded on the server since the check before, else \
                 recovery; null if open";
    frame.column(rows, "closed_by", about, |r| {
        r.incident.closed.map(|(_, by)| match by {
            ClosedBy::Action => "action",
            ClosedBy::Recovery => "recovery",
        })
    });
    frame
}

fn rounds(design: &Design, rows: &[RoundRow]) -> Frame {
    let spans = Spans::of(rows.iter().map(|row| row.point));
    let mut frame = spans.point_column(design);
    replication(&mut frame, rows.iter().map(|row| row.replication));
    frame.column(rows, "round", "number of the round, from 0", |r| r.round);
    frame.column(rows, "servers_up", "servers that the check found up", |r| {
        r.servers_up
    });
    frame.column(rows, "events", "injections of chaos", |r| r.events);
    frame.column(rows, "alerts", "alerts raised", |r| r.alerts);
    frame.column(rows, "alerts_handled", "alerts handled", |r| {
        r.alerts_handled
    });
    if design.has_cases() {
        let about = Count::AlertsWaiting.about();
        frame.column(rows, "alerts_waiting", about, |r| r.alerts_waiting);
    }
    let about = "whether the user journey worked; null in a world without one";
    let weight = |r: &RoundRow| design.variation(r.point).journey_weight;
    frame.column(rows, "journey_up", about, |r| {
        r.journey_weight.map(|working| working == weight(r))
    });
    if !design.journeys().is_empty() {
        let about = "weight of the user journeys that worked, by that of all, 0 to 1; journey_up is \
                     whether all worked";
        frame.column(rows, "journey_share", about, |r| {
            r.journey_weight
                .map(|working| f64::from(working) / f64::from(weight(r)))
        });
    }
    let about = "traffic as a ratio of base_traffic";
    frame.column(rows, "traffic", about, |r| r.traffic);
    frame
}

fn decisions(design: &Design, rows: &[DecisionRow]) -> Frame {
    let spans = Spans::of(rows.iter().map(|row| row.point));
    let mut frame = spans.point_column(design);
    replication(&mut frame, rows.iter().map(|row| row.replication));
    frame.column(rows, "round", "number of the round, from 0", |r| r.round);
    frame.column(rows, "server", "name of the server", |r| &*r.server);
    let about = "what the alert is about";
    frame.column(rows, "alert", about, |r| r.alert.kind.name());
    let about = "whether the alert is critical, else a warning";
    frame.column(rows, "critical", about, |r| r.alert.critical);
    let about = "what raised it: percent, milliseconds, health, or services down";
    frame.column(rows, "value", about, |r| r.alert.value);
    let about = "the runbook's action";
    frame.column(rows, "runbook", about, |r| &*r.runbook);
    let about = "the action that was chosen; null if the alert was declined";
    frame.column(rows, "action", about, |r| {
        r.action.as_ref().map(|(action, _)| &**action)
    });
    let about = "what came of it: succeeded, failed, blocked or under_way; null if declined";
    frame.column(rows, "outcome", about, |r| {
        r.action.as_ref().map(|(_, response)| response.name())
    });
    frame
}

fn counts(design: &Design, rows: &[(usize, CountRow)]) -> Frame {
    let spans = Spans::of(rows.iter().map(|(point, _)| *point));
    let mut frame = spans.point_column(design);
    frame.column(rows, "measure", "what is counted", |(_, r)| {
        r.measure.name()
    });
    let about = "replication mod 100, for times to resolve; else 0";
    frame.column(rows, "group", about, |(_, r)| r.group);
    let about = "the value that was met";
    frame.column(rows, "value", about, |(_, r)| r.value);
    frame.column(rows, "count", "how often", |(_, r)| r.count);
    let about = "scenarios behind incidents, joined by +, for cause_*; null if none, and else";
    frame.column(rows, "cause", about, |(_, r)| r.cause.as_deref());
    frame
}

/// The rows of a `counts` file, of which one row group is in memory.
pub(super) struct CountRows {
    file: RowGroups,
    rows: Vec<(PointKey, CountRow)>,
    /// Which of them is next.
    next: usize,
}

impl CountRows {
    /// Those of a file with these bytes.
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self> {
        Ok(Self {
            file: RowGroups::new(bytes)?,
            rows: Vec::new(),
            next: 0,
        })
    }

    /// The next row, if it is of this design point.
    pub(super) fn next_of(&mut self, point: PointKey) -> Result<Option<&CountRow>> {
        while self.next == self.rows.len() {
            let Some(data) = self.file.next() else {
                return Ok(None);
            };
            (self.rows, self.next) = (count_rows(&data?)?, 0);
        }
        let (of, row) = &self.rows[self.next];
        if *of != point {
            return Ok(None);
        }
        self.next += 1;
        Ok(Some(row))
    }
}

/// Key of the point and count of each row of a `counts` table.
fn count_rows(data: &DataFrame) -> Result<Vec<(PointKey, CountRow)>> {
    let text = |name| anyhow::Ok(data.column(name)?.str()?);
    let whole = |name| anyhow::Ok(data.column(name)?.i64()?);
    let (points, measures) = (text("point")?, text("measure")?);
    let (groups, values) = (whole("group")?, whole("value")?);
    let (counts, causes) = (data.column("count")?.i64()?, text("cause")?);
    let row = |i| {
        let row = CountRow {
            measure: Measure::find(measures.get(i)?)?,
            group: groups.get(i)?.try_into().ok()?,
            value: values.get(i)?.try_into().ok()?,
            count: counts.get(i)?.try_into().ok()?,
            cause: causes.get(i).map(Arc::from),
        };
        Some((PointKey::parse(points.get(i)?)?, row))
    };
    (0..data.height())
        .map(|i| row(i).ok_or_else(|| anyhow!("row {i} is not a count")))
        .collect()
}
