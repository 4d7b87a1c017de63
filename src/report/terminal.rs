//! The summary as a table and a small plot in the terminal.

use super::agreement::{Agreement, Held};
use super::axes::Axes;
use super::bars;
use super::differences;
use super::grid::{Column, Grid, MOST_ROWS};
use super::labels::factors;
use super::look::Look;
use super::numbers::{NOTHING, digits, fixed, grouped, lines, percent, with_interval};
use super::words::{self, withheld};
use crate::design::Design;
use crate::experiment::RandomNumbers;
use crate::summary::catalogue::{self, Estimator, Spread};
use crate::summary::{PointSummary, Summary};

/// From this width on there is room for what most readers do without.
const WIDE: usize = 100;

/// The summary as a table that fits the terminal, with what its numbers mean, a plot, and the
/// differences that are asked for.
pub fn table(design: &Design, summary: &Summary, look: Look) -> String {
    let rows = &summary.points[..summary.points.len().min(MOST_ROWS)];
    let points: Vec<usize> = rows.iter().map(|row| row.point).collect();
    let axes = Axes::new(design, &points);
    let mut grid = main_grid(design, &axes, rows, look);
    let dropped = grid.fit(look.width);
    if let Some(column) = downtime(design, rows).filter(|_| look.width >= WIDE) {
        grid.add_if_fits(column, look.width);
    }
    let unfinished = summary.unfinished.as_ref();
    let unfinished = unfinished.map(|how| lines(&format!("{how}; `run` goes on."), look.width));
    let mut text = unfinished.unwrap_or_default();
    let pages: Vec<String> = match grid.width() > look.width {
        true => grid
            .pages(look.width)
            .iter()
            .map(|page| page.draw(look))
            .collect(),
        false => vec![grid.draw(look)],
    };
    text.push_str(&pages.join("\n"));
    if rows.len() < summary.design_points.len() {
        let more = summary.design_points.len() - rows.len();
        text.push_str(&format!(
            "… {} more design points: summary.csv\n",
            grouped(more as u64)
        ));
    }
    if !dropped.is_empty() {
        let names = dropped.join(", ");
        text.push_str(&lines(
            &format!(
                "Left out to fit {} columns, see summary.csv: {names}.",
                look.width
            ),
            look.width,
        ));
    }
    text.push_str(&look.dim(&notes(design, rows, look.width)));
    text.push_str(&bars::plot(design, &axes, rows, look));
    text.push_str(&differences::table(design, &axes, summary, look));
    text
}

/// The factors, then what the SLA is held to and its miss, then the rest.
fn main_grid(design: &Design, axes: &Axes, rows: &[PointSummary], look: Look) -> Grid {
    let mut grid = Grid {
        columns: factors(design, axes, rows.iter().map(|row| row.point), look),
    };
    let held = Agreement::of(design).held;
    let mut add = |name: &str, sacrifice, cell: &dyn Fn(&PointSummary) -> String| {
        grid.columns.push(Column {
            name: name.to_owned(),
            cells: rows.iter().map(cell).collect(),
            is_name: false,
            sacrifice,
        });
    };
    let of = |name| move |row: &PointSummary| named(name, row);
    let (servers, journey) = (of("availability"), of("journey_availability"));
    let has_journey = rows.iter().any(|row| row.journey_availability.is_some());
    if held != Held::Servers {
        add("journey %", 0, &journey);
    }
    if held != Held::Journey {
        add("available %", 0, &servers);
    }
    if held == Held::Mixed {
        add("SLA on", 0, &|row| {
            let on_journey = design.variation(row.point).sla_on_journey;
            (if on_journey { "journey" } else { "servers" }).to_owned()
        });
    }
    add("SLA miss %", 0, &of("sla_miss"));
    add(&mttr_name(design), 3, &of("mttr_rounds"));
    if held == Held::Servers && has_journey {
        add("journey %", 4, &journey);
    }
    if held == Held::Journey {
        add("servers %", 4, &servers);
    }
    if rows.windows(2).any(|pair| pair[0].n != pair[1].n) {
        add("n", 0, &|row| row.n.to_string());
    }
    grid
}

/// The cell of an estimate of the catalogue.
fn named(name: &str, row: &PointSummary) -> String {
    catalogue::find(name).map_or_else(String::new, |estimator| cell(estimator, row))
}

/// Rounds of a replication, if all points have as many.
fn window(design: &Design) -> Option<u32> {
    words::common(design, |variation| variation.rounds)
}

/// The mean is cut at the end of a replication, so its name says where that is.
fn mttr_name(design: &Design) -> String {
    match window(design) {
        Some(rounds) => format!("MTTR within {} rounds", grouped(rounds.into())),
        None => "MTTR rounds".to_owned(),
    }
}

/// The downtime of a replication, where all points count it in the same unit.
fn downtime(design: &Design, rows: &[PointSummary]) -> Option<Column> {
    let name = match Agreement::of(design).held {
        Held::Journey => "downtime minutes",
        Held::Servers => "downtime server-minutes",
        Held::Mixed => return None,
    };
    Some(Column {
        name: name.to_owned(),
        cells: rows
            .iter()
            .map(|row| named("downtime_minutes", row))
            .collect(),
        is_name: false,
        sacrifice: 0,
    })
}

/// An estimate with its interval, or with the reason why there is none. A mean over replications
/// has ± where its interval is even.
fn cell(estimator: &Estimator, row: &PointSummary) -> String {
    let scale = estimator.unit().scale();
    let fewest = estimator.decimals;
    let reading = (estimator.read)(row);
    let Some((value, reading)) = reading.and_then(|reading| Some((reading.value?, reading))) else {
        return NOTHING.to_owned();
    };
    let Some(interval) = reading.interval() else {
        return format!(
            "{} ({})",
            fixed(scale * value, fewest),
            withheld(reading.method)
        );
    };
    let (below, above) = (value - interval.lo, interval.hi - value);
    let is_even = (above - below).abs() < 1e-11;
    if !(is_even && matches!(estimator.spread, Spread::Deviation(_))) {
        return with_interval(value, interval, scale, fewest);
    }
    let digits = digits(scale * above, fewest);
    let [value, above] = [value, above].map(|x| fixed(scale * x, digits));
    format!("{value} ±{above}")
}

/// What the numbers are of, in two lines of 80 columns.
fn notes(design: &Design, rows: &[PointSummary], width: usize) -> String {
    let experiment = design.experiment();
    let replications = match rows {
        [first, rest @ ..] if rest.iter().all(|row| row.n == first.n) => {
            let s = if first.n == 1 { "" } else { "s" };
            format!("; {} replication{s} a point", grouped(first.n))
        }
        _ => String::new(),
    };
    // Points that share random numbers are compared in pairs, by `[compare]`.
    let shared = rows.len() > 1
        && experiment.random_numbers == RandomNumbers::Common
        && experiment.compare.is_none();
    let shared = if shared { "; overlap is no test" } else { "" };
    let cut = match window(design) {
        Some(_) => "",
        None => " MTTR is cut at the end of a replication.",
    };
    let strict = rows
        .iter()
        .all(|row| design.variation(row.point).sla_budget == 0);
    let strict = if strict { " (all must pass)" } else { "" };
    let text = format!(
        "{} % intervals; {}{strict}; {} from a healthy start{replications}; seed {}{shared}.{cut}",
        percent(experiment.confidence),
        super::sla(design),
        super::length(design),
        experiment.seed
    );
    lines(&text, width)
}
