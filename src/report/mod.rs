//! Summaries for people and for pipes.

mod agreement;
mod asked;
mod axes;
mod bars;
mod causes;
#[cfg(feature = "plots")]
mod chart;
mod compare;
mod data;
mod differences;
mod downsample;
mod gates;
mod grid;
mod indicators;
mod json;
mod labels;
mod look;
mod numbers;
mod page;
mod plain;
#[cfg(feature = "plots")]
mod plots;
mod provenance;
mod shown;
#[cfg(feature = "plots")]
mod strokes;
mod terminal;
mod verdict;
mod words;

use anyhow::Result;

use crate::design::{Design, Variation};
use crate::results::{Held, PAGE};
use crate::summary::Summary;

pub use data::Report;
pub use gates::gates;
pub use json::{document, json};
pub use look::{Look, painted};
pub use numbers::{fixed, grouped};
pub use page::page;
#[cfg(feature = "plots")]
pub use plots::write as write_plots;
pub use terminal::table;

/// Whether figures as files are built in, with the libraries that draw them.
pub const HAS_PLOTS: bool = cfg!(feature = "plots");

/// Without the feature `plots` there are no figures.
///
/// # Errors
///
/// Figures are not built in.
#[cfg(not(feature = "plots"))]
pub fn write_plots(_: &Held, _: &Report) -> Result<(Vec<String>, Option<String>)> {
    Err(anyhow::anyhow!("figures are not built in"))
}

/// Of some design points those that the page and the terminal show, in order.
pub fn shown_points(design: &Design, all: &[usize]) -> Vec<usize> {
    let (mut shown, _) = downsample::kept_points(design, all);
    shown.extend(all.iter().take(grid::MOST_ROWS));
    shown.sort_unstable();
    shown.dedup();
    shown
}

/// Writes the page into a results folder.
///
/// # Errors
///
/// The page can't be written.
pub fn write_page(held: &Held, design: &Design, summary: &Summary) -> Result<()> {
    let report = Report::new(design, summary);
    held.write(PAGE, page(&report)?.as_bytes())
}

/// The SLA and the length of a replication, in words.
fn setting(design: &Design) -> String {
    format!("{}; {}", sla(design), length(design))
}

/// The SLA in words.
fn sla(design: &Design) -> String {
    let of = |variation: &Variation| (variation.sla_target.clone(), variation.sla_on_journey);
    match words::common(design, of) {
        Some((target, true)) => format!("SLA {target} % of journey rounds"),
        Some((target, false)) => format!("SLA {target} % of server checks"),
        None => "SLA as the design says".to_owned(),
    }
}

/// The length of a replication, in words.
fn length(design: &Design) -> String {
    let of = |variation: &Variation| (variation.rounds, variation.round_minutes);
    match words::common(design, of) {
        Some((rounds, minutes)) => format!("{} rounds of {minutes} min", grouped(rounds.into())),
        None => "rounds as the design says".to_owned(),
    }
}
