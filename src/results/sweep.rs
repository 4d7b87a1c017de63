//! A sweep as its folder holds it: what was asked, generation by generation, and the plan of it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Result, anyhow};

use super::files::{damage, is_litter, names};
use super::ledger::{PartRecord, is_ledger};
use super::manifest::{FORMAT, Manifest};
use super::tables::part_paths;
use crate::design::Design;
use crate::diagnostics::{Problems, Sources};
use crate::error::usage;
use crate::experiment::Recipe;
use crate::simulation::{MODEL_VERSION, RANDOM_LAYOUT};
use crate::sweep::{Goal, Plan};

pub(super) const MANIFEST: &str = "manifest.json";

/// What a sweep is: its manifest, its design, its plan.
#[derive(Debug)]
pub struct Sweep {
    /// What was asked.
    pub manifest: Manifest,
    /// The design points of the last generation, which has those of all others.
    pub design: Design,
    /// The parts of all generations.
    pub plan: Plan,
}

/// What a path leads to.
pub(super) enum Found {
    /// No folder, or an empty one.
    Nothing,
    /// A folder of something else.
    Foreign,
    /// A sweep.
    Ours(Box<Manifest>),
}

impl Sweep {
    /// A sweep that begins.
    pub fn begin(design: Design) -> Self {
        Self {
            manifest: Manifest::new(&design),
            plan: Plan::new(&design, &[Goal::of(&design)]),
            design,
        }
    }

    /// The sweep of a results folder.
    pub fn load(path: &Path) -> Result<Self> {
        let Found::Ours(manifest) = inspect(path)? else {
            let folder = path.display();
            return Err(usage(if path.exists() {
                format!("{folder} is not a results folder of sysworld")
            } else {
                format!("there is no folder {folder}")
            }));
        };
        if manifest.model_version != MODEL_VERSION {
            return Err(usage(format!(
                "{} was made by model version {}, and this program has version {MODEL_VERSION}; \
                 use sysworld {} to read it",
                path.display(),
                manifest.model_version,
                manifest.version
            )));
        }
        let rebuild = || {
            let last = manifest.recipe().ok_or("it has no experiment")?;
            let design = design_of(last)?;
            let goals = goals(&manifest, &design)?;
            Ok((Plan::new(&design, &goals), design))
        };
        let (plan, design) = rebuild().map_err(|why: String| damaged(path, &why))?;
        let manifest = *manifest;
        Ok(Self {
            manifest,
            design,
            plan,
        })
    }

    /// After how many replications a sweep was first looked at that got more since, or gets more
    /// by what is seen; `None` if its replications were fixed beforehand.
    pub fn first_look(&self) -> Option<u64> {
        let first = self.manifest.generations.first()?.replications;
        let last = self.manifest.recipe()?;
        (last.replications > first || !last.precision.is_empty()).then_some(first)
    }

    /// What is wrong with a part that is in the ledger, a line each; nothing if it is whole.
    pub(super) fn faults(&self, root: &Path, record: &PartRecord) -> Vec<String> {
        let id = record.id;
        let parts = &self.plan.parts;
        let Ok(at) = parts.binary_search_by_key(&id, |part| part.id) else {
            return vec![format!("part {id} is in the ledger, not in the plan")];
        };
        let mut faults = Vec::new();
        let planned = parts[at].replications();
        let paths = record.files.iter().map(|file| &file.path);
        if record.replications != planned || !paths.eq(&part_paths(&self.design, id)) {
            faults.push(format!(
                "part {id}: its line in the ledger is not the plan's"
            ));
        }
        for file in &record.files {
            if let Some(why) = damage(root, file) {
                faults.push(format!("{}: {why}", file.path));
            }
        }
        faults
    }

    /// This sweep as its folder already knows it, or as an extension of that; otherwise refused,
    /// with the differences.
    pub(super) fn after(self, path: &Path, old: Manifest) -> Result<Self> {
        let (Some(was), Some(now)) = (old.recipe(), self.manifest.recipe()) else {
            return Ok(self);
        };
        let same_model = old.model_version == MODEL_VERSION && old.random_layout == RANDOM_LAYOUT;
        if !same_model || was != now && !was.can_become(now) {
            return Err(refusal(path, &old, was, now));
        }
        let mut manifest = old.clone();
        if was != now {
            manifest.extend(now.clone());
        }
        // Points that are gone are the difference of two designs.
        match goals(&manifest, &self.design) {
            Ok(goals) => {
                let plan = Plan::new(&self.design, &goals);
                let newest = plan.parts.last().map(|part| part.id.generation as usize);
                if newest < Some(goals.len() - 1) {
                    // Nothing was added, so it is as finished as it was.
                    manifest.facts = old.facts;
                }
                Ok(Self {
                    plan,
                    manifest,
                    ..self
                })
            }
            Err(why) if was == now => Err(damaged(path, &why)),
            Err(_) => Err(refusal(path, &old, was, now)),
        }
    }

    /// Adds further replications of some design points, by their index, to the plan.
    pub(super) fn look(&mut self, points: &[usize], replications: u64) -> Result<()> {
        let keys = points
            .iter()
            .map(|point| self.design.key(*point).to_string());
        self.manifest.look(replications, keys.collect());
        let goals = goals(&self.manifest, &self.design).map_err(|why| anyhow!(why))?;
        self.plan = Plan::new(&self.design, &goals);
        Ok(())
    }
}

/// Whether a run of a design gives an existing sweep more replications than it began with.
pub fn gets_more(path: &Path, design: &Design) -> Result<bool> {
    Ok(match inspect(path)? {
        Found::Ours(old) => {
            let first = old.generations.first().map(|recipe| recipe.replications);
            first.is_some_and(|first| first < design.experiment().replications)
        }
        Found::Nothing | Found::Foreign => false,
    })
}

fn design_of(recipe: &Recipe) -> Result<Design, String> {
    let experiment = recipe.experiment().ok_or("the name is none")?;
    Design::new(experiment)
        .map_err(|problems| Problems::new(&Sources::default(), problems).to_string())
}

/// The goals of a sweep: of each generation, and of each look at it. `design` is the last one.
fn goals(manifest: &Manifest, design: &Design) -> Result<Vec<Goal>, String> {
    let points = design.by_key();
    let keys: Vec<String> = points.iter().map(|(key, _)| key.to_string()).collect();
    let index = |key: &str| {
        // Keys have one length, so they are in order as texts too.
        let found = keys.binary_search_by(|known| known.as_str().cmp(key));
        let at = found.map_err(|_| format!("the design point {key} is gone"))?;
        Ok::<usize, String>(points[at].1)
    };
    let mut goals = Vec::new();
    let last = manifest.generations.len() - 1;
    for (generation, recipe) in manifest.generations.iter().enumerate() {
        goals.push(if generation == last {
            Goal::of(design)
        } else {
            let old = design_of(recipe)?;
            let points = (0..old.len()).map(|point| index(&old.key(point).to_string()));
            Goal {
                points: points.collect::<Result<_, _>>()?,
                replications: recipe.replications,
            }
        });
        for look in manifest
            .looks
            .iter()
            .filter(|look| look.generation == generation)
        {
            goals.push(Goal {
                points: look
                    .points
                    .iter()
                    .map(|key| index(key))
                    .collect::<Result<_, _>>()?,
                replications: look.replications,
            });
        }
    }
    Ok(goals)
}

pub(super) fn inspect(path: &Path) -> Result<Found> {
    match fs::read_dir(path) {
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(e) if e.kind() == ErrorKind::NotADirectory => {
            let path = path.display();
            let message = format!("{path} can't be a results folder: it is a file, or below one");
            return Err(usage(message));
        }
        Err(e) => return Err(usage(format!("can't read {}: {e}", path.display()))),
    }
    let Ok(text) = fs::read(path.join(MANIFEST)) else {
        // A run that was stopped before its manifest leaves at most locks, an empty ledger and a
        // torn file.
        let foreign = names(path)
            .into_iter()
            .any(|name| !name.starts_with(".lock") && !is_litter(&name) && !is_ledger(&name));
        return Ok(if foreign {
            Found::Foreign
        } else {
            Found::Nothing
        });
    };
    if !String::from_utf8_lossy(&text).contains(FORMAT) {
        return Ok(Found::Foreign);
    }
    match Manifest::parse(&text) {
        Ok(manifest) => Ok(Found::Ours(Box::new(manifest))),
        Err(why) => Err(damaged(path, &why)),
    }
}

fn damaged(path: &Path, why: &str) -> anyhow::Error {
    usage(format!(
        "{} is damaged: {why}. Nothing was touched; restore it, or remove the folder yourself",
        path.join(MANIFEST).display()
    ))
}

/// Why a folder can't go on with an experiment: what differs.
fn refusal(path: &Path, old: &Manifest, was: &Recipe, now: &Recipe) -> anyhow::Error {
    const MOST: usize = 12;
    let mut lines = Vec::new();
    if old.model_version != MODEL_VERSION || old.random_layout != RANDOM_LAYOUT {
        lines.push(format!(
            "model version: {} in the folder, {MODEL_VERSION} now",
            old.model_version
        ));
    }
    let show = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
    let mut arranged = false;
    for difference in was.differences(now) {
        // The rows of a design are indices that mean nothing to a reader.
        if difference.path.starts_with("grid") {
            if !arranged {
                lines.push("the design: levels are combined in another way".to_owned());
            }
            arranged = true;
            continue;
        }
        let (before, now) = (show(difference.first), show(difference.second));
        let path = difference.path;
        lines.push(format!("{path}: {before} in the folder, {now} now"));
    }
    if was.compare.is_none() && now.compare.is_some() && !now.output.has_runs() {
        lines.push(
            "its parts keep no single replications to compare: that takes `runs` as Parquet, or \
             [compare] from the start"
                .to_owned(),
        );
    }
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    usage(format!(
        "{} holds another experiment:\n  {}\nNothing was touched. A sweep can be extended by more \
         replications (without [[precision]]) or new levels of its factors; for anything else choose another folder with \
         --out, or replace this one with --force",
        path.display(),
        lines.join("\n  ")
    ))
}
