//! `report`: the page for people, and figures as files.

use anyhow::Result;
use sysworld::error::usage;
use sysworld::report;
use sysworld::results::Sweep;
use sysworld::summary::{self, Summary};

use super::print;
use crate::cli::Report;

/// `report RESULTS`.
pub fn report(args: &Report) -> Result<()> {
    let (folder, design) = (&args.results, Sweep::load(&args.results)?.design);
    let (counts, parts) = summary::read_counts(folder, &design)?;
    let summary = Summary::new(&design, &counts, parts)?;
    if summary.points.is_empty() {
        let folder = folder.display();
        return Err(usage(format!("{folder} holds no finished part yet")));
    }
    report::write_page(folder, &design, &counts, &summary)?;
    print(&format!("{}\n", folder.join(report::PAGE).display()))
}
