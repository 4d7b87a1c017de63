//! A sweep as its folder holds it: what was asked, generation by generation, and the plan of it.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use super::files::{names, trouble};
use super::ledger::{PartRecord, read_all};
use super::manifest::{Manifest, Parsed};
use super::names::{LOCK, MANIFEST, is_shard_lock, is_system, temporary_of};
use super::stamp::stamp;
use super::tables::part_paths;
use crate::design::Design;
use crate::diagnostics::{Problems, Sources};
use crate::error::usage;
use crate::experiment::Recipe;
use crate::files::{read_regular, unfit};
use crate::sweep::{Goal, Part, PartId, Plan};

/// The most bytes of a manifest that are read.
const MOST: u64 = 1 << 30;

/// What a sweep is: where it stands, its manifest, its design, its plan.
#[derive(Debug)]
pub struct Sweep {
    /// Its results folder.
    pub root: PathBuf,
    /// What was asked.
    pub manifest: Manifest,
    /// The design points of the last generation, which has those of all others.
    pub design: Design,
    /// The parts of all generations.
    pub plan: Plan,
}

/// What a path leads to.
pub(super) enum Found {
    /// No folder, or one that holds nothing of anybody's.
    Nothing,
    /// A folder of something else: names in it.
    Foreign(Vec<String>),
    /// A sweep that this program can't read: why.
    OfOther(String),
    /// A sweep.
    Ours(Box<Manifest>),
}

impl Sweep {
    /// A sweep that begins in a folder.
    pub fn begin(root: &Path, design: Design) -> Self {
        Self {
            root: root.to_owned(),
            manifest: Manifest::new(&design),
            plan: Plan::new(&design, &[Goal::of(&design)]),
            design,
        }
    }

    /// The sweep of a results folder.
    ///
    /// # Errors
    ///
    /// The folder holds no sweep, a damaged one, or one of another version.
    pub fn load(path: &Path) -> Result<Self> {
        let manifest = match inspect(path)? {
            Found::Ours(manifest) => manifest,
            Found::OfOther(why) => return Err(of_other(path, &why)),
            Found::Nothing if !path.exists() => {
                return Err(usage(format!("there is no folder {}", path.display())));
            }
            Found::Nothing | Found::Foreign(_) => {
                let path = path.display();
                return Err(usage(format!("{path} is not a results folder of sysworld")));
            }
        };
        let rebuild = || {
            let last = manifest.recipe().ok_or("it has no experiment")?;
            let design = design_of(last)?;
            let goals = goals(&manifest, &design)?;
            Ok((Plan::new(&design, &goals), design))
        };
        let (plan, design) = rebuild().map_err(|why: String| damaged(path, &why))?;
        let manifest = *manifest;
        Ok(Self {
            root: path.to_owned(),
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

    /// A part of the plan.
    fn part(&self, id: PartId) -> Option<&Part> {
        let parts = &self.plan.parts;
        let at = parts.binary_search_by_key(&id, |part| part.id).ok()?;
        Some(&parts[at])
    }

    /// Why a line of the ledger is not of a part of this sweep, if it is not.
    fn stranger(&self, record: &PartRecord) -> Option<String> {
        let id = record.id;
        let Some(part) = self.part(id) else {
            return Some(format!("part {id} is in the ledger, not in the plan"));
        };
        if record.stamp != stamp(&self.design, part) {
            return Some(format!(
                "part {id}: its line in the ledger is of another sweep"
            ));
        }
        let paths = record.files.iter().map(|file| &file.path);
        let planned =
            record.replications == part.replications() && paths.eq(&part_paths(&self.design, id));
        (!planned).then(|| format!("part {id}: its line in the ledger is not the plan's"))
    }

    /// What is wrong with a part that is in the ledger, a line each; nothing if it is whole. An
    /// error where that can't be told.
    pub(super) fn faults(&self, record: &PartRecord) -> Result<Vec<String>> {
        // A line that is not ours may name any file, so none of them is looked at.
        if let Some(why) = self.stranger(record) {
            return Ok(vec![why]);
        }
        let mut faults = Vec::new();
        for file in &record.files {
            if let Some(why) = file.damage(&self.root, &record.stamp)? {
                faults.push(format!("{}: {why}", file.path));
            }
        }
        Ok(faults)
    }

    /// The parts that are in a ledger with all their files, in order. One whose files were lost is
    /// not finished; the next run makes it again.
    pub(super) fn finished(&self) -> Result<Vec<PartRecord>> {
        let (mut finished, mut known) = (Vec::new(), BTreeSet::new());
        for record in read_all(&self.root)?
            .into_iter()
            .flat_map(|page| page.records)
        {
            let mut there = !known.contains(&record.id) && self.stranger(&record).is_none();
            for file in &record.files {
                there = there && file.is_there(&self.root)?;
            }
            if there {
                known.insert(record.id);
                finished.push(record);
            }
        }
        finished.sort_by_key(|record| record.id);
        Ok(finished)
    }

    /// This sweep as its folder already knows it, or as an extension of that; otherwise refused,
    /// with the differences.
    pub(super) fn after(self, old: Manifest) -> Result<Self> {
        let (Some(was), Some(now)) = (old.recipe(), self.manifest.recipe()) else {
            return Ok(self);
        };
        if was != now && !was.can_become(now) {
            return Err(refusal(&self.root, was, now));
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
            Err(why) if was == now => Err(damaged(&self.root, &why)),
            Err(_) => Err(refusal(&self.root, was, now)),
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

/// The replications of the sweep in a folder, if it has more than a design asks for and is the same
/// sweep otherwise.
///
/// # Errors
///
/// The manifest can't be read.
pub fn asked_before(path: &Path, design: &Design) -> Result<Option<u64>> {
    let Found::Ours(old) = inspect(path)? else {
        return Ok(None);
    };
    let Some(was) = old.recipe() else {
        return Ok(None);
    };
    let replications = was.replications;
    let now = Recipe {
        replications,
        ..Recipe::of(design.experiment())
    };
    let same = *was == now || was.can_become(&now);
    Ok((same && replications > design.experiment().replications).then_some(replications))
}

/// Whether a run of a design gives an existing sweep more replications than it began with.
///
/// # Errors
///
/// The manifest can't be read.
pub fn gets_more(path: &Path, design: &Design) -> Result<bool> {
    Ok(match inspect(path)? {
        Found::Ours(old) => {
            let first = old.generations.first().map(|recipe| recipe.replications);
            first.is_some_and(|first| first < design.experiment().replications)
        }
        Found::Nothing | Found::Foreign(_) | Found::OfOther(_) => false,
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

/// What a path leads to. Reads alone; a decision on it holds only while the folder is locked.
pub(super) fn inspect(path: &Path) -> Result<Found> {
    // The names first: where somebody begins a sweep meanwhile, its manifest is older than
    // anything else of it.
    let names = match names(path) {
        Ok(names) => names,
        Err(e) => return Err(unreadable(path, e)),
    };
    let manifest = path.join(MANIFEST);
    let text = match read_regular(&manifest, MOST) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(without_manifest(names)),
        Err(e) if unfit(&e).is_some() => {
            return Err(usage(format!(
                "{}: {e}; move it away and put the manifest back, or use another folder",
                manifest.display()
            )));
        }
        Err(e) => return Err(trouble(e, format!("can't read {}", manifest.display()))),
    };
    match Manifest::parse(&text) {
        Parsed::Ours(manifest) => Ok(Found::Ours(manifest)),
        Parsed::OfOther(why) => Ok(Found::OfOther(why)),
        Parsed::Damaged(why) => Err(damaged(path, &why)),
        Parsed::Foreign => Ok(Found::Foreign(vec![MANIFEST.to_owned()])),
    }
}

/// A run that was stopped before its manifest leaves at most locks and a torn file.
fn without_manifest(mut names: Vec<String>) -> Found {
    names.retain(|name| {
        let ours = name == LOCK || is_shard_lock(name) || temporary_of(name).is_some();
        !ours && !is_system(name)
    });
    if names.is_empty() {
        Found::Nothing
    } else {
        Found::Foreign(names)
    }
}

/// The error of a folder whose names can't be read.
fn unreadable(path: &Path, error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<std::io::Error>() {
        Ok(e) if e.kind() == ErrorKind::NotADirectory => {
            let path = path.display();
            usage(format!(
                "{path} can't be a results folder: it is a file, or below one"
            ))
        }
        Ok(e) => trouble(e, format!("can't read {}", path.display())),
        Err(error) => error,
    }
}

/// The error of a folder that is not empty and not ours.
pub(super) fn foreign(path: &Path, names: &[String]) -> anyhow::Error {
    const MOST: usize = 3;
    let mut shown = names.iter().take(MOST).map(|name| format!("`{name}`"));
    let mut held = shown.by_ref().collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        held.push_str(&format!(" and {} more", names.len() - MOST));
    }
    usage(format!(
        "{} is not a results folder of sysworld, and not empty: it holds {held}; nothing in it was \
         touched. Choose another with --out",
        path.display()
    ))
}

/// The error of a sweep that another version of the program wrote.
pub(super) fn of_other(path: &Path, why: &str) -> anyhow::Error {
    usage(format!(
        "{} can't be read by this version: {why}. Nothing was touched; use the version that wrote \
         it, or another folder",
        path.join(MANIFEST).display()
    ))
}

fn damaged(path: &Path, why: &str) -> anyhow::Error {
    usage(format!(
        "{} is damaged: {why}. Nothing was touched; restore it, or remove the folder yourself",
        path.join(MANIFEST).display()
    ))
}

/// Why a folder can't go on with an experiment: what differs.
fn refusal(path: &Path, was: &Recipe, now: &Recipe) -> anyhow::Error {
    const MOST: usize = 12;
    let mut lines = Vec::new();
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
    if was.replications > now.replications {
        lines.push(format!(
            "replications are never taken away: leave --replications out, or repeat --replications {}",
            was.replications
        ));
    }
    usage(format!(
        "{} holds another experiment:\n  {}\nNothing was touched. A sweep can be extended by more \
         replications (without [[precision]]) or new levels of its factors; for anything else choose another folder with \
         --out, or replace this one with --force",
        path.display(),
        lines.join("\n  ")
    ))
}
