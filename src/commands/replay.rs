//! `replay`: one replication of a finished sweep, told.

use std::sync::atomic::AtomicBool;

use anyhow::{Result, anyhow};
use sysworld::design::Design;
use sysworld::diagnostics::{Problem, Problems, Sources};
use sysworld::error::usage;
use sysworld::narrate::Telling;
use sysworld::results::{ByPoint, Sweep};

use super::note;
use super::select::{points_at, refuse};
use crate::cli::Replay;

/// `replay RESULTS`.
pub fn replay(args: &Replay) -> Result<()> {
    let sweep = Sweep::load(&args.results)?;
    let design = &sweep.design;
    let point = find_point(args, design)?;
    let replication = find_replication(args, &sweep, point)?;
    let resolved = design
        .resolve(point)
        .map_err(|problems| Problems::new(&Sources::default(), problems))?;
    let telling = Telling {
        seed: design.experiment().seed,
        scope: design.scope(point),
        replication,
        told: args.tell.told(),
    };
    super::check_rounds(&args.tell, resolved.world.rounds)?;
    let folder = super::recording_folder(args.recording.as_ref(), design);
    super::tell(&resolved, &telling, &folder)
}

fn find_point(args: &Replay, design: &Design) -> Result<usize> {
    let all = 0..design.len();
    if let Some(key) = &args.point {
        let mut points = all.clone();
        return points
            .find(|point| design.key(*point).to_string() == *key)
            .ok_or_else(|| {
                let keys: Vec<String> = all.map(|point| design.key(point).to_string()).collect();
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                refuse(Problem::general(format!("no design point `{key}`")).suggest(key, &keys))
            });
    }
    let at = args.at.as_deref().unwrap_or_default();
    let found = points_at(design, "--at", at)?;
    match found[..] {
        [point] => Ok(point),
        _ => Err(usage(format!(
            "which design point? Say its key with --point, or all its levels with --at {}",
            design.describe(0)
        ))),
    }
}

fn find_replication(args: &Replay, sweep: &Sweep, point: usize) -> Result<u64> {
    if !args.worst && !args.best {
        let replications = sweep.plan.replications(point);
        return match args.replication.unwrap_or(0) {
            n if n < replications => Ok(n),
            n => Err(usage(format!(
                "there is no replication {n}: the sweep has replications 0 to {}",
                replications - 1
            ))),
        };
    }
    let stop = AtomicBool::new(false);
    let counts = ByPoint::open(sweep, &stop)?.of(point)?;
    let (n, all) = (counts.replications(), sweep.plan.replications(point));
    if n < all {
        note(&format!(
            "the sweep is unfinished: chosen among {n} of {all} replications of this design point"
        ));
    }
    let extreme = if args.worst {
        counts.worst()
    } else {
        counts.best()
    };
    let extreme = extreme.map(|extreme| extreme.replication);
    extreme.ok_or_else(|| anyhow!("no replication of this design point is finished yet"))
}
