//! A results folder that this process writes: opened without overwriting anything.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, anyhow};

use super::files::{is_full, is_litter, names, remove, write_whole};
use super::ledger::{Ledger, PartRecord, is_ledger, ledger_name, read_all, rewrite};
use super::manifest::Facts;
use super::part_files::PartFiles;
use super::sweep::{Found, MANIFEST, Sweep, inspect};
use super::tables::{is_part_file, part_paths};
use crate::design::Design;
use crate::error::usage;
use crate::experiment::Format;
use crate::sweep::{Part, PartId, Shard};

const LOCK: &str = ".lock";
/// Folders of parts.
pub(super) const PART_FOLDERS: [&str; 5] = ["runs", "incidents", "rounds", "counts", "outcomes"];
/// Tables beside the manifest.
const TABLES: [&str; 6] = [
    "design",
    "summary",
    "ttr",
    "budget",
    "causes",
    "comparisons",
];

/// What is made of them for people.
const PAGE: &str = "report.html";
const PLOTS: &str = "plots";

/// The folder of one sweep, held by this process.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    sweep: Sweep,
    shard: Option<Shard>,
    ledger: Ledger,
    done: Mutex<BTreeSet<PartId>>,
    /// Held until the end of the process, or of this value.
    _locks: Vec<File>,
}

impl Folder {
    /// Opens the folder of a sweep, begins it, or extends it; for the whole sweep or one shard.
    /// Refuses a folder of anything else; with `force` a sweep that is there is replaced.
    pub fn open(path: &Path, design: Design, shard: Option<Shard>, force: bool) -> Result<Self> {
        if path.as_os_str().is_empty() {
            return Err(usage("the results folder needs a name"));
        }
        let found = inspect(path)?;
        if shard.is_some() {
            refuse_precision(&design)?;
        }
        let mut sweep = Sweep::begin(design);
        let replaces = force && matches!(found, Found::Ours(_));
        match found {
            Found::Nothing => {}
            Found::Ours(_) if force => {}
            Found::Ours(old) => sweep = sweep.after(path, *old)?,
            Found::Foreign => {
                return Err(usage(format!(
                    "{} is not empty, and is not a results folder of sysworld; nothing in it was \
                     touched. Choose another with --out",
                    path.display()
                )));
            }
        }
        fs::create_dir_all(path)
            .map_err(|e| usage(format!("can't make the folder {}: {e}", path.display())))?;
        let locks = lock(path, shard)?;
        if replaces {
            clear(path)?;
        }
        // Another process may have read the same manifest, but it writes the same one.
        let manifest = sweep.manifest.encode()?;
        write_whole(path, MANIFEST, &manifest).map_err(|e| {
            if is_full(&e) {
                e
            } else {
                usage(format!("{e:#}"))
            }
        })?;
        if shard.is_none() {
            sweep_up(path, &sweep);
        }
        let done = mend(path, &sweep, shard)?;
        Ok(Self {
            path: path.to_owned(),
            sweep,
            shard,
            ledger: Ledger::open(&path.join(ledger_name(shard)))?,
            done: Mutex::new(done),
            _locks: locks,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The sweep.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// The parts that are to be made, by this shard if it is one.
    pub fn missing(&self) -> Vec<&Part> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = self.sweep.plan.parts.iter().enumerate();
        parts
            .filter(|(position, _)| self.shard.is_none_or(|shard| shard.takes(*position)))
            .map(|(_, part)| part)
            .filter(|part| !done.contains(&part.id))
            .collect()
    }

    /// Begins the files of a part.
    pub fn begin_part<'a>(&'a self, part: &'a Part) -> PartFiles<'a> {
        PartFiles::new(self, part)
    }

    /// Enters a part whose files are whole in the ledger.
    pub(super) fn enter(&self, record: &PartRecord) -> Result<()> {
        self.ledger.append(record)?;
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.insert(record.id);
        Ok(())
    }

    /// Adds further replications of some design points, by their index, to the sweep.
    pub fn look(&mut self, points: &[usize], replications: u64) -> Result<()> {
        self.sweep.look(points, replications)?;
        write_whole(&self.path, MANIFEST, &self.sweep.manifest.encode()?)
    }

    /// Notes what the sweep took.
    pub fn finish(&mut self, facts: Facts) -> Result<()> {
        self.sweep.manifest.facts = Some(facts);
        write_whole(&self.path, MANIFEST, &self.sweep.manifest.encode()?)
    }

    /// Writes a file beside the manifest.
    pub fn write_file(path: &Path, name: &str, bytes: &[u8]) -> Result<()> {
        write_whole(path, name, bytes)
    }
}

/// Shards can't know when a design point is precise enough: that rests on all its replications.
pub fn refuse_precision(design: &Design) -> Result<()> {
    if design.experiment().precision.is_empty() {
        return Ok(());
    }
    Err(usage(
        "a precision can't be reached in shards: how many replications a design point gets is \
         decided from all that it has. Run it without --shard, or without [[precision]]",
    ))
}

/// The parts that are in a ledger with all their files, in order. One whose files were lost is
/// not finished; the next run makes it again.
pub(super) fn finished_parts(path: &Path, design: &Design) -> Result<Vec<PartRecord>> {
    let pages = read_all(path)?.into_iter();
    let mut records: Vec<PartRecord> = pages.flat_map(|page| page.records).collect();
    records.retain(|record| {
        let paths = part_paths(design, record.id);
        let listed = record.files.iter().map(|file| &file.path);
        listed.eq(&paths) && paths.iter().all(|file| path.join(file).is_file())
    });
    records.sort_by_key(|record| record.id);
    records.dedup_by_key(|record| record.id);
    Ok(records)
}

/// A whole run has the folder for itself; shards share it, each with a lock of its own.
pub(super) fn lock(path: &Path, shard: Option<Shard>) -> Result<Vec<File>> {
    let take = |name: &str, shared: bool, busy: &str| {
        let target = path.join(name);
        let file = File::create(&target)
            .map_err(|e| usage(format!("can't write to the folder {}: {e}", path.display())))?;
        let locked = if shared {
            file.try_lock_shared()
        } else {
            file.try_lock()
        };
        match locked {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(anyhow!(
                "{busy} is at work in {}; wait for it, or choose another folder with --out",
                path.display()
            )),
            Err(TryLockError::Error(e)) => {
                Err(e).with_context(|| format!("can't lock {}", target.display()))
            }
        }
    };
    let Some(shard) = shard else {
        return Ok(vec![take(LOCK, false, "another run")?]);
    };
    let own = format!("{LOCK}-{}-of-{}", shard.index, shard.of);
    Ok(vec![
        take(LOCK, true, "a run of the whole sweep")?,
        take(&own, false, "the same shard")?,
    ])
}

/// Whether a run, or a shard, is at work in a folder. Writes nothing.
pub(super) fn at_work(path: &Path) -> bool {
    File::open(path.join(LOCK))
        .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Removes what we make, and nothing else.
fn clear(path: &Path) -> Result<()> {
    for folder in PART_FOLDERS.map(|name| path.join(name)) {
        // A link leads to what is not in this folder: the link alone goes.
        if folder.is_symlink() {
            remove(&folder)?;
            continue;
        }
        let parts = names(&folder).into_iter();
        for name in parts.filter(|name| is_part_file(name) || is_litter(name)) {
            remove(&folder.join(name))?;
        }
        if names(&folder).is_empty() {
            remove(&folder)?;
        }
    }
    for name in TABLES {
        for format in [Format::Parquet, Format::Csv] {
            remove(&path.join(format!("{name}.{}", format.extension())))?;
        }
    }
    remove(&path.join(PAGE))?;
    let plots = path.join(PLOTS);
    if plots.is_symlink() {
        remove(&plots)?;
    }
    for name in names(&plots) {
        if name.ends_with(".svg") || name.ends_with(".png") || is_litter(&name) {
            remove(&plots.join(name))?;
        }
    }
    if names(&plots).is_empty() {
        remove(&plots)?;
    }
    for name in names(path).into_iter().filter(|name| is_ledger(name)) {
        remove(&path.join(name))?;
    }
    remove(&path.join(MANIFEST))
}

/// Removes what a killed run left half written, and files with the names of parts that no part
/// has: who reads `runs/*.parquet` would count them. Best effort: `verify` names what stays.
fn sweep_up(path: &Path, sweep: &Sweep) {
    let parts = sweep.plan.parts.iter();
    let planned: BTreeSet<String> = parts
        .flat_map(|part| part_paths(&sweep.design, part.id))
        .collect();
    let folders = PART_FOLDERS.map(|folder| format!("{folder}/"));
    let followed = |folder: &String| !path.join(folder.trim_end_matches('/')).is_symlink();
    let folders = folders.into_iter().filter(followed);
    for folder in std::iter::once(String::new()).chain(folders) {
        for name in names(&path.join(&folder)) {
            let file = format!("{folder}{name}");
            let stray = !folder.is_empty() && is_part_file(&name) && !planned.contains(&file);
            if is_litter(&name) || stray {
                let _ = fs::remove_file(path.join(file));
            }
        }
    }
}

/// The parts that are whole. Ledgers that this run has for itself lose the lines that are torn
/// or doubled, and those of parts that are not whole.
fn mend(path: &Path, sweep: &Sweep, shard: Option<Shard>) -> Result<BTreeSet<PartId>> {
    let mut done = BTreeSet::new();
    for page in read_all(path)? {
        let whole = |record: &&PartRecord| sweep.faults(path, record).is_empty();
        let sound: Vec<&PartRecord> = page.records.iter().filter(whole).collect();
        done.extend(sound.iter().map(|record| record.id));
        let own = shard.is_none() || page.name == ledger_name(shard);
        if own && (page.wrong > 0 || sound.len() < page.records.len()) {
            rewrite(path, &page.name, sound)?;
        }
    }
    Ok(done)
}
