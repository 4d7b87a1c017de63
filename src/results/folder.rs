//! A results folder that this process writes: opened without overwriting anything.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::files::{damage, is_litter, names, remove, write_whole};
use super::frame::Frame;
use super::ledger::{FileRecord, Ledger, PartRecord, is_ledger, ledger_name, read_all};
use super::manifest::Facts;
use super::sweep::{Found, MANIFEST, Sweep, inspect};
use super::tables::{part_files, read_counts};
use crate::counts::CountRow;
use crate::design::Design;
use crate::error::usage;
use crate::experiment::Format;
use crate::sweep::{Part, PartData, PartId, Shard};

const LOCK: &str = ".lock";
/// Folders of parts.
pub(super) const PART_FOLDERS: [&str; 4] = ["runs", "incidents", "rounds", "counts"];
/// Tables beside the manifest.
const TABLES: [&str; 3] = ["design", "summary", "ttr"];

/// The folder of one sweep, held by this process.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    sweep: Sweep,
    shard: Option<Shard>,
    ledger: Ledger,
    done: BTreeSet<PartId>,
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
        write_whole(path, MANIFEST, &sweep.manifest.encode()?)
            .map_err(|e| usage(format!("can't write to {}: {e:#}", path.display())))?;
        if shard.is_none() {
            sweep_up(path);
        }
        let ledger = Ledger::open(&path.join(ledger_name(shard)))?;
        let (records, _) = read_all(path)?;
        let whole = |record: &&PartRecord| {
            let mut files = record.files.iter();
            files.all(|file| damage(path, file).is_none())
        };
        Ok(Self {
            path: path.to_owned(),
            sweep,
            shard,
            ledger,
            done: records.iter().filter(whole).map(|r| r.id).collect(),
            _locks: locks,
        })
    }

    /// The sweep.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// The parts that are to be made, by this shard if it is one.
    pub fn missing(&self) -> Vec<&Part> {
        let parts = self.sweep.plan.parts.iter().enumerate();
        parts
            .filter(|(position, _)| self.shard.is_none_or(|shard| shard.takes(*position)))
            .map(|(_, part)| part)
            .filter(|part| !self.done.contains(&part.id))
            .collect()
    }

    /// Writes the files of a part, then enters it in the ledger.
    pub fn finish_part(&self, part: &Part, data: &PartData) -> Result<()> {
        let design = &self.sweep.design;
        let mut files = Vec::new();
        for (folder, frame) in part_files(design, data) {
            // Counts are ours; the format of the row tables is the user's choice.
            let formats: &[Format] = match folder {
                "counts" => &[Format::Parquet],
                _ => &design.experiment().output.formats,
            };
            for format in formats {
                let name = format!("part-{}.{}", part.id, format.extension());
                let bytes = frame.encode(*format)?;
                let target = self.path.join(folder);
                fs::create_dir_all(&target)
                    .with_context(|| format!("can't make the folder {}", target.display()))?;
                write_whole(&target, &name, &bytes)?;
                files.push(FileRecord {
                    path: format!("{folder}/{name}"),
                    bytes: bytes.len() as u64,
                    blake3: blake3::hash(&bytes).to_string(),
                });
            }
        }
        self.ledger.append(&PartRecord {
            id: part.id,
            replications: part.replications(),
            files,
        })
    }

    /// Notes what the sweep took.
    pub fn finish(&mut self, facts: Facts) -> Result<()> {
        self.sweep.manifest.facts = Some(facts);
        write_whole(&self.path, MANIFEST, &self.sweep.manifest.encode()?)
    }

    /// Writes a table beside the manifest, in both formats.
    pub fn write_table(path: &Path, name: &str, frame: &Frame) -> Result<()> {
        for format in [Format::Parquet, Format::Csv] {
            let file = format!("{name}.{}", format.extension());
            write_whole(path, &file, &frame.encode(format)?)?;
        }
        Ok(())
    }

    /// Hands the counts of every finished part to `take`, in the order of the parts; returns how
    /// many parts that were.
    pub fn counts(path: &Path, mut take: impl FnMut(&str, &CountRow)) -> Result<usize> {
        let (mut records, _) = read_all(path)?;
        // A part whose files were lost is not finished; the next run makes it again.
        records.retain(|record| record.files.iter().all(|f| path.join(&f.path).is_file()));
        records.sort_by_key(|record| record.id);
        records.dedup_by_key(|record| record.id);
        let files = records.iter().flat_map(|record| &record.files);
        for file in files.filter(|file| file.path.starts_with("counts/")) {
            if let Some(why) = damage(path, file) {
                let target = path.join(&file.path);
                return Err(anyhow!(
                    "{} is damaged ({why}); `run` makes it again",
                    target.display()
                ));
            }
            for (point, row) in &read_counts(fs::read(path.join(&file.path))?)? {
                take(point, row);
            }
        }
        Ok(records.len())
    }
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

/// Removes what we make, and nothing else.
fn clear(path: &Path) -> Result<()> {
    for folder in PART_FOLDERS.map(|name| path.join(name)) {
        let parts = names(&folder).into_iter();
        for name in parts.filter(|name| name.starts_with("part-") || is_litter(name)) {
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
    for name in names(path).into_iter().filter(|name| is_ledger(name)) {
        remove(&path.join(name))?;
    }
    remove(&path.join(MANIFEST))
}

/// Removes what a killed run left half written. Best effort: it is only litter.
fn sweep_up(path: &Path) {
    let folders = PART_FOLDERS.iter().map(|name| path.join(name));
    for folder in std::iter::once(path.to_owned()).chain(folders) {
        for name in names(&folder).into_iter().filter(|name| is_litter(name)) {
            let _ = fs::remove_file(folder.join(name));
        }
    }
}
