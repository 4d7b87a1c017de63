//! The schema of each table that a sweep writes: names, types, units, meanings.

use anyhow::Result;
use polars::prelude::{IntoSeries, NamedFrom, NewChunkedArray, Series, StringChunked};

use super::frame::{self, Frame};
use crate::counts::{CountRow, Measure, PointCounts};
use crate::design::Design;
use crate::experiment::{Level, RowTable};
use crate::simulation::{ClosedBy, Outcome};
use crate::sweep::{IncidentRow, PartData, RoundRow, RunRow};

/// `point` and one column a factor, for rows of the given design points.
pub fn point_columns(design: &Design, points: &[usize]) -> Frame {
    let mut frame = point_column(design, points);
    for (index, factor) in design.experiment().factors.iter().enumerate() {
        let name = factor.name.get_ref();
        let about = format!("level of the factor {name}");
        let levels = points.iter().map(|point| design.level(*point, index));
        frame.series(name, &about, level_series(name, levels));
    }
    frame
}

/// `point` alone, for rows of the given design points.
fn point_column(design: &Design, points: &[usize]) -> Frame {
    let mut frame = Frame::new();
    // Rows of one point are neighbours, so that each key is written as text once.
    let keys: Vec<(String, usize)> = points
        .chunk_by(|a, b| a == b)
        .map(|rows| (design.key(rows[0]).to_string(), rows.len()))
        .collect();
    let of_rows = keys
        .iter()
        .flat_map(|(key, rows)| std::iter::repeat_n(key.as_str(), *rows));
    let column = StringChunked::from_iter_values("point".into(), of_rows);
    frame.series("point", "key of the design point", column.into_series());
    frame
}

/// Levels of one factor have one type, so the first tells that of all.
fn level_series<'a>(name: &str, levels: impl Iterator<Item = &'a Level> + Clone) -> Series {
    let name = name.into();
    match levels.clone().next() {
        Some(Level::Flag(_)) => {
            let values: Vec<bool> = levels.map(|l| *l == Level::Flag(true)).collect();
            Series::new(name, values)
        }
        Some(Level::Integer(_)) => {
            let whole = |level: &Level| match level {
                Level::Integer(number) => *number,
                _ => 0,
            };
            Series::new(name, levels.map(whole).collect::<Vec<i64>>())
        }
        Some(Level::Number(_)) => {
            let values: Vec<Option<f64>> = levels.map(Level::number).collect();
            Series::new(name, values)
        }
        Some(Level::Text(_)) | None => {
            let text = |level: &'a Level| match level {
                Level::Text(text) => text.as_str(),
                _ => "",
            };
            StringChunked::from_iter_values(name, levels.map(text)).into_series()
        }
    }
}

/// The tables of one part: folder name and content.
pub fn part_files(design: &Design, data: &PartData) -> Vec<(&'static str, Frame)> {
    let mut files = vec![("counts", counts(design, &data.counts))];
    for table in &design.experiment().output.tables {
        files.push(match table {
            RowTable::Runs => ("runs", runs(design, &data.runs)),
            RowTable::Incidents => ("incidents", incidents(design, &data.incidents)),
            RowTable::Rounds => ("rounds", rounds(design, &data.rounds)),
        });
    }
    files
}

fn runs(design: &Design, rows: &[RunRow]) -> Frame {
    let points: Vec<usize> = rows.iter().map(|row| row.point).collect();
    let mut frame = point_columns(design, &points);
    let replications: Vec<u64> = rows.iter().map(|row| row.replication).collect();
    frame.column(
        "replication",
        "number of the replication, from 0",
        replications,
    );

    let variation = |row: &RunRow| design.variation(row.point);
    let checks = |row: &RunRow| variation(row).checks();
    // A world without a journey has no value there, which is not the same as 0.
    let journey = |row: &RunRow| {
        variation(row)
            .journey
            .then_some(row.outcome.journey_up_rounds)
    };
    let mut whole = |name: &str, about: &str, value: &dyn Fn(&RunRow) -> u32| {
        frame.column(name, about, rows.iter().map(value).collect::<Vec<u32>>());
    };
    whole("checks", "server checks: servers × rounds", &|r| {
        checks(r) as u32
    });
    whole("up_checks", "checks that found the server up", &|r| {
        r.outcome.up_checks
    });
    whole("rounds", "rounds of the replication", &|r| {
        variation(r).rounds
    });
    frame.column(
        "journey_up_rounds",
        "rounds in which the user journey worked; null in a world without one",
        rows.iter().map(journey).collect::<Vec<Option<u32>>>(),
    );
    let met: Vec<bool> = rows.iter().map(|row| row.outcome.sla_met).collect();
    frame.column("sla_met", "whether the SLA was met", met);
    type Field = (&'static str, &'static str, fn(&Outcome) -> u32);
    const BEFORE: [Field; 3] = [
        (
            "events",
            "injections of chaos, also those that changed nothing",
            |o| o.events,
        ),
        ("incidents", "incidents that opened", |o| o.incidents),
        ("incidents_open", "incidents open at the end", |o| {
            o.incidents_open
        }),
    ];
    const AFTER: [Field; 7] = [
        ("alerts", "alerts raised", |o| o.alerts),
        ("alerts_handled", "alerts handled", |o| o.alerts_handled),
        ("misdiagnoses", "alerts handled without the runbook", |o| {
            o.misdiagnoses
        }),
        ("actions", "remediations executed", |o| o.actions),
        ("actions_failed", "remediations executed in vain", |o| {
            o.actions_failed
        }),
        (
            "actions_blocked",
            "remediations blocked by a cooldown",
            |o| o.actions_blocked,
        ),
        (
            "overwhelmed_rounds",
            "rounds with more critical alerts than the panic threshold",
            |o| o.overwhelmed_rounds,
        ),
    ];
    let fields = |frame: &mut Frame, list: &[Field]| {
        for (name, about, value) in list {
            let values: Vec<u32> = rows.iter().map(|row| value(&row.outcome)).collect();
            frame.column(name, about, values);
        }
    };
    fields(&mut frame, &BEFORE);
    let ttr: Vec<u64> = rows.iter().map(|row| row.outcome.ttr_half_rounds).collect();
    frame.column(
        "ttr_half_rounds",
        "sum of the times to resolve of the closed incidents, in half rounds",
        ttr,
    );
    fields(&mut frame, &AFTER);
    let availability = |row: &RunRow| f64::from(row.outcome.up_checks) / checks(row) as f64;
    frame.column(
        "availability",
        "up_checks / checks, 0 to 1",
        rows.iter().map(availability).collect::<Vec<f64>>(),
    );
    let works = |row: &RunRow| {
        journey(row).map(|rounds| f64::from(rounds) / f64::from(variation(row).rounds))
    };
    frame.column(
        "journey_availability",
        "journey_up_rounds / rounds, 0 to 1; null in a world without a journey",
        rows.iter().map(works).collect::<Vec<Option<f64>>>(),
    );
    frame
}

fn incidents(design: &Design, rows: &[IncidentRow]) -> Frame {
    let points: Vec<usize> = rows.iter().map(|row| row.point).collect();
    let mut frame = point_column(design, &points);
    let replications: Vec<u64> = rows.iter().map(|row| row.replication).collect();
    frame.column(
        "replication",
        "number of the replication, from 0",
        replications,
    );
    let numbers: Vec<u32> = rows.iter().map(|row| row.number).collect();
    frame.column("incident", "number within the replication, from 0", numbers);
    let (servers, causes) = incident_names(design, rows);
    frame.column("server", "name of the server", servers);
    frame.column(
        "cause",
        "scenarios active on the server, or that had just struck it, when the incident opened, \
         joined by +; null if none",
        causes,
    );
    let mut whole = |name: &str, about: &str, value: &dyn Fn(&IncidentRow) -> Option<u32>| {
        frame.column(
            name,
            about,
            rows.iter().map(value).collect::<Vec<Option<u32>>>(),
        );
    };
    whole(
        "opened_half_round",
        "when it opened, in half rounds",
        &|r| Some(r.incident.opened),
    );
    whole(
        "handled_half_round",
        "when the first alert of the server was handled while it was open, in half rounds; null if none was",
        &|r| r.incident.handled,
    );
    whole(
        "closed_half_round",
        "when it closed, in half rounds; null if it was open at the end",
        &|r| r.incident.closed.map(|(at, _)| at),
    );
    whole(
        "ttr_half_rounds",
        "time to resolve in half rounds; if censored, time open until the last check",
        &|r| Some(r.incident.ttr),
    );
    let censored: Vec<bool> = rows.iter().map(|r| r.incident.closed.is_none()).collect();
    frame.column("censored", "whether it was open at the end", censored);
    let closed_by: Vec<Option<&str>> = rows
        .iter()
        .map(|row| {
            row.incident.closed.map(|(_, by)| match by {
                ClosedBy::Action => "action",
                ClosedBy::Recovery => "recovery",
            })
        })
        .collect();
    frame.column(
        "closed_by",
        "action if a remediation succeeded on the server since the check before, else recovery; \
         null if open",
        closed_by,
    );
    frame
}

/// Server and cause of each incident; rows of one point are neighbours, so that its world is
/// looked at once.
fn incident_names(design: &Design, rows: &[IncidentRow]) -> (Vec<String>, Vec<Option<String>>) {
    let (mut servers, mut causes) = (Vec::new(), Vec::new());
    for rows in rows.chunk_by(|a, b| a.point == b.point) {
        let Ok(resolved) = design.resolve(rows[0].point) else {
            continue;
        };
        let world = resolved.world;
        for row in rows {
            servers.push(
                world.servers[row.incident.server]
                    .name
                    .get_ref()
                    .to_string(),
            );
            let names: Vec<&str> = row
                .causes
                .iter()
                .map(|scenario| world.chaos[*scenario].name.get_ref().as_str())
                .collect();
            causes.push((!names.is_empty()).then(|| names.join("+")));
        }
    }
    (servers, causes)
}

fn rounds(design: &Design, rows: &[RoundRow]) -> Frame {
    let points: Vec<usize> = rows.iter().map(|row| row.point).collect();
    let mut frame = point_column(design, &points);
    let replications: Vec<u64> = rows.iter().map(|row| row.replication).collect();
    frame.column(
        "replication",
        "number of the replication, from 0",
        replications,
    );
    type Field = (&'static str, &'static str, fn(&RoundRow) -> u32);
    const FIELDS: [Field; 5] = [
        ("round", "number of the round, from 0", |r| r.round),
        ("servers_up", "servers that the check found up", |r| {
            r.servers_up
        }),
        ("events", "injections of chaos", |r| r.events),
        ("alerts", "alerts raised", |r| r.alerts),
        ("alerts_handled", "alerts handled", |r| r.alerts_handled),
    ];
    for (name, about, value) in FIELDS {
        frame.column(name, about, rows.iter().map(value).collect::<Vec<u32>>());
    }
    let journey: Vec<Option<bool>> = rows.iter().map(|row| row.journey_up).collect();
    frame.column(
        "journey_up",
        "whether the user journey worked; null in a world without one",
        journey,
    );
    let traffic: Vec<f64> = rows.iter().map(|row| row.traffic).collect();
    frame.column("traffic", "traffic as a ratio of base_traffic", traffic);
    frame
}

fn counts(design: &Design, counts: &[(usize, PointCounts)]) -> Frame {
    let mut points = Vec::new();
    let mut rows: Vec<CountRow> = Vec::new();
    for (point, counts) in counts {
        let more = counts.rows();
        points.extend(std::iter::repeat_n(
            design.key(*point).to_string(),
            more.len(),
        ));
        rows.extend(more);
    }
    let mut frame = Frame::new();
    frame.column("point", "key of the design point", points);
    let measures: Vec<&str> = rows.iter().map(|row| row.measure.name()).collect();
    frame.column("measure", "what is counted", measures);
    let groups: Vec<u32> = rows.iter().map(|row| row.group).collect();
    frame.column(
        "group",
        "replication mod 100, for times to resolve; else 0",
        groups,
    );
    let values: Vec<u32> = rows.iter().map(|row| row.value).collect();
    frame.column(
        "value",
        "the value that was met count times; for closed_*, count × 2^value is a term of the sum",
        values,
    );
    let numbers: Vec<u64> = rows.iter().map(|row| row.count).collect();
    frame.column("count", "how often", numbers);
    frame
}

/// The counts of a part from the bytes of its `counts` file: key of the point, and row.
pub(crate) fn read_counts(bytes: Vec<u8>) -> Result<Vec<(String, CountRow)>> {
    let data = frame::decode(bytes)?;
    let text = |name| anyhow::Ok(data.column(name)?.str()?);
    let whole = |name| anyhow::Ok(data.column(name)?.u32()?);
    let (points, measures) = (text("point")?, text("measure")?);
    let (groups, values) = (whole("group")?, whole("value")?);
    let counts = data.column("count")?.u64()?;
    let mut rows = Vec::with_capacity(data.height());
    for i in 0..data.height() {
        let row = || {
            let measure = Measure::find(measures.get(i)?)?;
            let row = CountRow {
                measure,
                group: groups.get(i)?,
                value: values.get(i)?,
                count: counts.get(i)?,
            };
            Some((points.get(i)?.to_owned(), row))
        };
        rows.push(row().ok_or_else(|| anyhow::anyhow!("row {i} is not a count"))?);
    }
    Ok(rows)
}
