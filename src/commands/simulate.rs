//! `simulate`: one replication of one world, told.

use std::path::Path;

use anyhow::Result;
use sysworld::design::Design;
use sysworld::diagnostics::{Problems, Sources};
use sysworld::experiment::{Experiment, Overrides};
use sysworld::narrate::Telling;

use crate::cli::Simulate;

/// `simulate`: an experiment of one design point, of which one replication is told.
pub fn simulate(args: &Simulate) -> Result<()> {
    let mut sources = Sources::default();
    let levels = [
        ("chaos_level", &args.chaos_level),
        ("skill", &args.skill),
        ("responder", &args.responder),
    ];
    let levels = levels.map(|(name, level)| (name, level.as_deref()));
    let overrides = Overrides {
        seed: Some(args.seed),
        set: args.set.clone(),
        ..Overrides::default()
    };
    let point = Experiment::single(
        &args.world,
        &levels,
        &overrides,
        Path::new(""),
        &mut sources,
    )
    .and_then(Design::new)
    .and_then(|design| design.resolve(0))
    .map_err(|problems| Problems::new(&sources, problems))?;
    let telling = Telling {
        seed: args.seed,
        scope: 0,
        replication: args.replication,
        told: args.tell.told(),
    };
    super::check_rounds(&args.tell, point.world.rounds)?;
    super::tell(&point, &telling)
}
