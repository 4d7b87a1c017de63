//! `report`: the page for people, and figures as files.

use std::io::{self, Write};

use anyhow::Result;
use sysworld::error::usage;
use sysworld::report;
use sysworld::results::Sweep;
use sysworld::summary;

use super::print;
use crate::cli::Report;

/// `report RESULTS`.
pub fn report(args: &Report) -> Result<()> {
    let (folder, sweep) = (&args.results, Sweep::load(&args.results)?);
    let design = &sweep.design;
    let (counts, parts) = summary::read_counts(folder, design)?;
    let summary = summary::summarize_counts(folder, &sweep, &counts, parts)?;
    if summary.points.is_empty() {
        let folder = folder.display();
        return Err(usage(format!("{folder} holds no finished part yet")));
    }
    report::write_page(folder, design, &counts, &summary)?;
    let mut text = format!("{}\n", folder.join(report::PAGE).display());
    if args.plots {
        let data = report::Report::new(design, &counts, &summary);
        let (names, left_out) = report::write_plots(folder, &data)?;
        for name in names {
            let file = folder.join(report::PLOTS).join(name);
            text.push_str(&format!("{}\n", file.display()));
        }
        if let Some(said) = left_out {
            let _ = writeln!(io::stderr(), "{said}");
        }
    }
    print(&text)
}
