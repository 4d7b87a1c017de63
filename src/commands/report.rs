//! `report`: the page for people, and figures as files.

use std::io::{self, Write};
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use sysworld::report;
use sysworld::results::Sweep;

use super::{print, summary_of};
use crate::cli::Report;

/// `report RESULTS`.
pub fn report(args: &Report) -> Result<()> {
    let (folder, sweep) = (&args.results, Sweep::load(&args.results)?);
    let design = &sweep.design;
    let summary = summary_of::<io::Sink>(folder, &sweep, None, &AtomicBool::new(false))?;
    report::write_page(folder, design, &summary)?;
    let mut text = format!("{}\n", folder.join(report::PAGE).display());
    if args.plots {
        let data = report::Report::new(design, &summary);
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
