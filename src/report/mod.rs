//! Summaries for people and for pipes.

mod axes;
mod bars;
mod causes;
mod chart;
mod compare;
mod data;
mod made;
mod numbers;
mod page;
mod plots;
mod terminal;
mod thin;
mod verdict;

use std::path::Path;

use anyhow::Result;

use crate::design::Design;
use crate::results::Folder;
use crate::summary::Summary;

pub use data::Report;
pub use page::page;
pub use plots::{PLOTS, write as write_plots};
pub use terminal::{json, table};

/// Name of the page in a results folder.
pub const PAGE: &str = "report.html";

/// Of some design points those that the page and the terminal show, in order.
pub fn shown_points(design: &Design, all: &[usize]) -> Vec<usize> {
    let (mut shown, _) = thin::kept_points(design, all);
    shown.extend(all.iter().take(terminal::MOST_ROWS));
    shown.sort_unstable();
    shown.dedup();
    shown
}

/// Writes the page into a results folder.
pub fn write_page(path: &Path, design: &Design, summary: &Summary) -> Result<()> {
    let report = Report::new(design, summary);
    Folder::write_file(path, PAGE, page(&report)?.as_bytes())
}

/// The SLA's target and the length of a replication, in words.
fn setting(design: &Design) -> String {
    let first = design.variation(0);
    let all = || (0..design.len()).map(|point| design.variation(point));
    let target = if all().all(|other| other.sla_target == first.sla_target) {
        format!("SLA target {} %", first.sla_target)
    } else {
        "SLA target as the design says".to_owned()
    };
    let same_time = |other: &crate::design::Variation| {
        other.rounds == first.rounds && other.round_minutes == first.round_minutes
    };
    let rounds = if all().all(same_time) {
        format!("{} rounds of {} min", first.rounds, first.round_minutes)
    } else {
        "rounds as the design says".to_owned()
    };
    format!("{target}; {rounds}")
}
