//! A results folder that this process writes: opened without overwriting anything.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, anyhow};

use super::files::{is_folder, names, remove, trouble};
use super::ledger::{Ledger, PartRecord, read_all, rewrite};
use super::lock::{Held, Locking};
use super::manifest::Facts;
use super::names::{
    MANIFEST, PAGE, PLOTS, is_figure, is_ledger, is_part, ledger_name, part_folders, tables, tag,
    temporary_of,
};
use super::obstacle;
use super::part_files::PartFiles;
use super::sweep::{Found, Sweep, foreign, inspect, of_other};
use super::tables::{part_paths, part_tables};
use crate::design::Design;
use crate::error::usage;
use crate::sweep::{Part, PartId, Shard, breadth_first};

/// The folder of one sweep, held by this process.
#[derive(Debug)]
pub struct Folder {
    held: Held,
    sweep: Sweep,
    ledger: Ledger,
    done: Mutex<BTreeSet<PartId>>,
}

impl Folder {
    /// Opens the folder of a sweep, begins it, or extends it; for the whole sweep or one shard.
    /// Refuses a folder of anything else; with `force` a sweep that is there is replaced.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::error::Usage) where the folder holds something else or another sweep,
    /// or the sweep can't run in shards; otherwise what the system refuses, and another run
    /// that holds the lock.
    pub fn open(
        path: &Path,
        design: Design,
        shard: Option<Shard>,
        force: bool,
        locking: Locking,
    ) -> Result<Self> {
        if path.as_os_str().is_empty() {
            return Err(usage("the results folder needs a name"));
        }
        if shard.is_some() {
            refuse_precision(&design)?;
            refuse_force(force)?;
        }
        // So that not even a lock is left in a folder of something else. What is decided, is
        // decided below.
        refuse(path, &inspect(path)?, force)?;
        let sweep = Sweep::begin(path, design);
        // A sweep that is replaced takes links to other folders away.
        let of_sweep = match force {
            true => Vec::new(),
            false => part_tables(&sweep.design),
        };
        obstacle::refuse(path, &of_sweep)?;
        make(path)?;
        let held = Held::take(path, shard, locking)?;
        let sweep = begin(&held, sweep, force)?;
        remove_litter(&held, &sweep)?;
        let done = repair_ledgers(&held, &sweep)?;
        Ok(Self {
            ledger: Ledger::open(&held)?,
            held,
            sweep,
            done: Mutex::new(done),
        })
    }

    /// The lock of the folder, which lets write to it.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// The sweep.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// The parts that are to be made, by this shard if it is one, in the order to make them in.
    pub fn missing(&self) -> Vec<&Part> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = self.sweep.plan.parts.iter().enumerate();
        let mut missing: Vec<&Part> = parts
            .filter(|(position, _)| makes(&self.held, *position))
            .map(|(_, part)| part)
            .filter(|part| !done.contains(&part.id))
            .collect();
        breadth_first(&mut missing);
        missing
    }

    /// Reads the folder back: an error unless the manifest is there, and in the ledgers every part
    /// that is made here, with all its files.
    ///
    /// # Errors
    ///
    /// The manifest, a part or a file of one is missing, or is of another sweep.
    pub fn check(&self) -> Result<()> {
        read_back(&self.held, &self.sweep)
    }

    /// Begins the files of a part.
    pub fn begin_part<'a>(&'a self, part: &'a Part) -> PartFiles<'a> {
        PartFiles::new(&self.held, &self.sweep.design, part)
    }

    /// Enters a part whose files are whole in the ledger.
    ///
    /// # Errors
    ///
    /// The ledger can't be written.
    pub fn enter(&self, record: &PartRecord) -> Result<()> {
        self.ledger.append(record)?;
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.insert(record.id);
        Ok(())
    }

    /// Adds further replications of some design points, by their index, to the sweep.
    ///
    /// # Errors
    ///
    /// The manifest can't be written.
    pub fn look(&mut self, points: &[usize], replications: u64) -> Result<()> {
        self.sweep.look(points, replications)?;
        self.held.write(MANIFEST, &self.sweep.manifest.encode()?)
    }

    /// Notes what the sweep took.
    ///
    /// # Errors
    ///
    /// The manifest can't be written.
    pub fn finish(&mut self, facts: Facts) -> Result<()> {
        self.sweep.manifest.facts = Some(facts);
        self.held.write(MANIFEST, &self.sweep.manifest.encode()?)
    }
}

/// Whether the part at a position of the plan is made by who holds a folder.
fn makes(held: &Held, position: usize) -> bool {
    held.shard().is_none_or(|shard| shard.takes(position))
}

/// Reads a folder back: an error unless the manifest is there, of this sweep, and in the ledgers every
/// part that is made here, with all its files.
///
/// # Errors
///
/// The manifest, a part or a file of one is missing, or is of another sweep.
pub fn read_back(held: &Held, sweep: &Sweep) -> Result<()> {
    let path = held.path();
    held.still_there()?;
    // Beside a shard another one may extend the sweep.
    let is_whole = held.shard().is_none();
    match inspect(path)? {
        Found::Ours(manifest) if !is_whole || manifest.same_sweep(&sweep.manifest) => {}
        _ => {
            let path = path.join(MANIFEST);
            return Err(anyhow!(
                "{} was lost, or replaced, while the folder was written to",
                path.display()
            ));
        }
    }
    let finished = sweep.finished()?;
    let parts = sweep.plan.parts.iter().enumerate();
    let lost: Vec<String> = parts
        .filter(|(position, _)| makes(held, *position))
        .map(|(_, part)| part.id)
        .filter(|id| {
            finished
                .binary_search_by_key(id, |record| record.id)
                .is_err()
        })
        .map(|id| id.to_string())
        .collect();
    match lost.first() {
        None => Ok(()),
        Some(first) => Err(anyhow!(
            "{} parts of {} were lost since they were written, part {first} first; `run` makes them \
             again",
            lost.len(),
            path.display()
        )),
    }
}

/// Takes the lock of a finished or unfinished sweep, to write what follows from its parts.
///
/// # Errors
///
/// The folder holds no sweep, or one of another version; or another run holds its lock.
pub fn hold(path: &Path, locking: Locking) -> Result<(Held, Sweep)> {
    // So that nothing is made in a folder of something else.
    let sweep = Sweep::load(path)?;
    obstacle::refuse(path, &part_tables(&sweep.design))?;
    let held = Held::take(path, None, locking)?;
    let sweep = Sweep::load(path)?;
    remove_litter(&held, &sweep)?;
    Ok((held, sweep))
}

/// Shards can't know when a design point is precise enough: that rests on all its replications.
///
/// # Errors
///
/// [`Usage`](crate::error::Usage) where the design asks for a precision.
pub fn refuse_precision(design: &Design) -> Result<()> {
    if design.experiment().precision.is_empty() {
        return Ok(());
    }
    Err(usage(
        "a precision can't be reached in shards: how many replications a design point gets is \
         decided from all that it has. Run it without --shard, or without [[precision]]",
    ))
}

fn refuse_force(force: bool) -> Result<()> {
    if !force {
        return Ok(());
    }
    Err(usage(
        "--force with --shard would remove what the other shards have made. Choose another --out, \
         or remove the folder yourself",
    ))
}

/// Refuses what can't become a results folder.
fn refuse(path: &Path, found: &Found, force: bool) -> Result<()> {
    match found {
        Found::Nothing | Found::Ours(_) => Ok(()),
        Found::OfOther(_) if force => Ok(()),
        Found::OfOther(why) => Err(of_other(path, why)),
        Found::Foreign(names) => Err(foreign(path, names)),
    }
}

/// Makes a folder with those above it.
pub(super) fn make(path: &Path) -> Result<()> {
    fs::create_dir_all(path)
        .map_err(|e| trouble(e, format!("can't make the folder {}", path.display())))
}

/// A sweep in a folder that is held: as it begins, goes on or is extended there. Its manifest is on
/// disk then.
fn begin(held: &Held, sweep: Sweep, force: bool) -> Result<Sweep> {
    let path = held.path();
    // Until the manifest is written, no other shard may begin another sweep.
    let _alone = held.manifest()?;
    let found = inspect(path)?;
    refuse(path, &found, force)?;
    let sweep = match found {
        Found::Ours(old) if !force => {
            let sweep = sweep.after((*old).clone())?;
            if sweep.manifest == *old {
                return Ok(sweep);
            }
            sweep
        }
        Found::Nothing => sweep,
        _ => {
            clear(held)?;
            sweep
        }
    };
    held.write(MANIFEST, &sweep.manifest.encode()?)?;
    Ok(sweep)
}

/// Removes what a sweep made, and nothing else; the manifest stays until there is another.
fn clear(held: &Held) -> Result<()> {
    let path = held.path();
    for folder in part_folders() {
        clear_folder(&path.join(folder), is_part)?;
    }
    clear_folder(&path.join(PLOTS), is_figure)?;
    for name in tables().chain([PAGE.to_owned()]) {
        remove(&path.join(name))?;
    }
    for name in names(path)?.into_iter().filter(|name| is_ledger(name)) {
        remove(&path.join(name))?;
    }
    Ok(())
}

/// Removes the files that are ours of a folder, and the folder if it is empty then.
fn clear_folder(folder: &Path, is_ours: fn(&str) -> bool) -> Result<()> {
    // A link leads to what is not in this folder: the link alone goes.
    if folder.is_symlink() {
        return remove(folder);
    }
    if !is_folder(folder)? {
        return Ok(());
    }
    for name in names(folder)? {
        if is_ours(&name) || temporary_of(&name).is_some() {
            remove(&folder.join(name))?;
        }
    }
    // It may hold something of the user's.
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// Removes what dead writers left half written: who holds a lock is the only living writer of the
/// names that it stands for. One who has the folder for himself also removes files with the names of
/// parts that no part has: who reads `runs/*.parquet` would count them.
pub(super) fn remove_litter(held: &Held, sweep: &Sweep) -> Result<()> {
    let (path, shard) = (held.path(), held.shard());
    let planned: BTreeSet<String> = match shard {
        // A shard judges its own files alone.
        Some(_) => BTreeSet::new(),
        None => {
            let parts = sweep.plan.parts.iter();
            parts
                .flat_map(|part| part_paths(&sweep.design, part.id))
                .collect()
        }
    };
    let own = tag(shard);
    obstacle::refuse(path, &part_tables(&sweep.design))?;
    for folder in ["", PLOTS].into_iter().chain(part_folders()) {
        if !folder.is_empty() && !is_folder(&path.join(folder))? {
            continue;
        }
        for name in names(&path.join(folder))? {
            let left = temporary_of(&name).is_some_and(|of| shard.is_none() || of == own);
            let stray = shard.is_none()
                && part_folders().any(|of_parts| of_parts == folder)
                && is_part(&name)
                && !planned.contains(&format!("{folder}/{name}"));
            if left || stray {
                remove(&path.join(folder).join(name))?;
            }
        }
    }
    Ok(())
}

/// The parts that are whole. Ledgers that this run has for itself lose the lines that are torn
/// or doubled, and those of parts that are not whole.
fn repair_ledgers(held: &Held, sweep: &Sweep) -> Result<BTreeSet<PartId>> {
    let (path, shard) = (held.path(), held.shard());
    let mut done = BTreeSet::new();
    for page in read_all(path)? {
        let mut sound = Vec::new();
        for record in &page.records {
            if sweep.faults(record)?.is_empty() {
                done.insert(record.id);
                sound.push(record);
            }
        }
        let own = shard.is_none() || page.name == ledger_name(shard);
        if own && (page.wrong > 0 || page.linked || sound.len() < page.records.len()) {
            rewrite(held, &page.name, sound)?;
        }
    }
    Ok(done)
}
