//! `report`: the page for people, and figures as files.

use std::io;

use anyhow::Result;
use sysworld::error::usage;
use sysworld::report;
use sysworld::results::{self, ByPoint};

use super::{note, print, signals, summary_of};
use crate::cli::Report;

/// `report RESULTS`.
pub fn report(args: &Report) -> Result<()> {
    let folder = &args.results;
    if args.plots && !report::HAS_PLOTS {
        return Err(usage(
            "--plots: this program was built without the feature `plots`; the page has the same figures",
        ));
    }
    let (held, sweep) = results::hold(folder, args.locks.locking())?;
    let design = &sweep.design;
    let stop = signals::listen()?;
    let counts = ByPoint::open(&sweep, &stop)?;
    let summary = summary_of::<io::Sink>(&sweep, counts, None, &stop)?;
    report::write_page(&held, design, &summary)?;
    let mut text = format!("{}\n", folder.join(results::PAGE).display());
    if args.plots {
        let data = report::Report::new(design, &summary);
        let (names, left_out) = report::write_plots(&held, &data)?;
        for name in names {
            let file = folder.join(results::PLOTS).join(name);
            text.push_str(&format!("{}\n", file.display()));
        }
        if let Some(said) = left_out {
            note(&said);
        }
    }
    if let Some(unfinished) = &summary.unfinished {
        note(&format!("{unfinished}; `run` goes on"));
    }
    print(&text)
}
