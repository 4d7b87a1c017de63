//! `simulate`: one replication of one world, told.

use std::path::Path;

use anyhow::Result;
use sysworld::design::Design;
use sysworld::diagnostics::{Problems, Sources};
use sysworld::error::usage;
use sysworld::experiment::{Experiment, Overrides, RecordingSettings};
use sysworld::narrate::Telling;
use sysworld::responders::{self, Recording, Wanted};

use super::signals;
use crate::cli::Simulate;

/// `simulate`: an experiment of one design point, of which one replication is told.
pub fn simulate(args: &Simulate) -> Result<()> {
    let mut sources = Sources::default();
    let mut design = design_of(args, args.responder.as_deref(), &mut sources)?;
    if args.use_llm {
        let model = the_model(&design, &sources)?;
        design = design_of(args, Some(&model), &mut sources)?;
    }
    let point = design.resolve(0);
    let point = point.map_err(|problems| Problems::new(&sources, problems))?;
    let telling = Telling {
        seed: args.seed,
        scope: 0,
        replication: args.replication,
        told: args.tell.told(),
    };
    super::check_rounds(&args.tell, point.world.rounds)?;
    let folder = super::recording_folder(args.recording.as_ref(), &design);
    if args.record {
        let wanted = Wanted::of(&design, [(0, args.replication, 1)].into_iter());
        let (stop, settings) = (signals::listen()?, RecordingSettings::default());
        if !wanted.is_empty() {
            let recording = Recording::extend(&folder)?;
            responders::record(&design, &wanted, &recording, &settings, &stop, || ())?;
        }
    }
    super::tell(&point, &telling, &folder)
}

fn design_of(args: &Simulate, responder: Option<&str>, sources: &mut Sources) -> Result<Design> {
    let levels = [
        ("chaos_level", args.chaos_level.as_deref()),
        ("skill", args.skill.as_deref()),
        ("responder", responder),
    ];
    let overrides = Overrides {
        seed: Some(args.seed),
        set: args.set.clone(),
        ..Overrides::default()
    };
    let single = Experiment::single(&args.world, &levels, &overrides, Path::new(""), sources);
    let design = single.and_then(Design::new);
    Ok(design.map_err(|problems| Problems::new(sources, problems))?)
}

/// The name of the only language model among the responders of the world.
fn the_model(design: &Design, sources: &Sources) -> Result<String> {
    let point = design.resolve(0);
    let point = point.map_err(|problems| Problems::new(sources, problems))?;
    let responders = point.world.responders.iter();
    let models = responders.filter(|(_, responder)| responder.llm().is_some());
    let models: Vec<&str> = models.map(|(name, _)| name.get_ref().as_str()).collect();
    match models[..] {
        [model] => Ok(model.to_owned()),
        [] => Err(usage(
            "--use-llm: the world has no responder of the kind `llm`; add [responders.NAME] with kind, model and \
             base_url",
        )),
        _ => Err(usage(format!(
            "--use-llm: the world has several models; choose one with --responder: {}",
            models.join(", ")
        ))),
    }
}
