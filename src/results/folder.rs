//! A results folder: opening it without overwriting anything, and writing files that are whole
//! or not there.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::frame::Frame;
use super::ledger::{FileRecord, Ledger, PartRecord};
use super::manifest::{FORMAT, Facts, Manifest};
use super::tables::{part_files, read_counts};
use crate::counts::CountRow;
use crate::design::Design;
use crate::diagnostics::{Problems, Sources};
use crate::error::usage;
use crate::experiment::Format;
use crate::simulation::MODEL_VERSION;
use crate::sweep::{Part, PartData};

const MANIFEST: &str = "manifest.json";
const LEDGER: &str = "ledger.jsonl";
const LOCK: &str = ".lock";
/// Folders of parts, and files, that we make and may therefore replace.
const OUR_FOLDERS: [&str; 4] = ["runs", "incidents", "rounds", "counts"];
const OUR_FILES: [&str; 9] = [
    "design.parquet",
    "design.csv",
    "summary.parquet",
    "summary.csv",
    "ttr.parquet",
    "ttr.csv",
    MANIFEST,
    LEDGER,
    LOCK,
];

/// The folder of one sweep, held by this process.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    manifest: Manifest,
    ledger: Ledger,
    done: Vec<PartRecord>,
    /// Held until the end of the process, or of this value.
    _lock: File,
}

impl Folder {
    /// Opens the folder of a sweep, or begins it. Refuses a folder of anything else; with
    /// `force` a finished or begun sweep of ours is replaced.
    pub fn open(path: &Path, design: &Design, force: bool) -> Result<Self> {
        if path.as_os_str().is_empty() {
            return Err(usage("the results folder needs a name"));
        }
        let manifest = Manifest::new(design);
        let old = match inspect(path)? {
            Found::Nothing => None,
            Found::Ours(old) => Some(*old),
            Found::Foreign => {
                return Err(usage(format!(
                    "{} is not empty, and is not a results folder of sysworld; nothing in it was \
                     touched. Choose another with --out",
                    path.display()
                )));
            }
        };
        if let (Some(old), false) = (&old, force) {
            same_sweep(path, old, &manifest)?;
        }
        fs::create_dir_all(path)
            .map_err(|e| usage(format!("can't make the folder {}: {e}", path.display())))?;
        let lock = lock(path)?;
        let manifest = match old {
            Some(old) if !force => old,
            old => {
                if old.is_some() {
                    clear(path)?;
                }
                write_whole(path, MANIFEST, &to_json(&manifest)?)
                    .map_err(|e| usage(format!("can't write to {}: {e:#}", path.display())))?;
                manifest
            }
        };
        sweep_up(path);
        let (ledger, done) = Ledger::open(&path.join(LEDGER))?;
        let done = done
            .into_iter()
            .filter(|record| is_whole(path, record))
            .collect();
        Ok(Self {
            path: path.to_owned(),
            manifest,
            ledger,
            done,
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a part is finished.
    pub fn has(&self, part: &Part) -> bool {
        self.done.iter().any(|record| record.part == part.number)
    }

    /// Writes the files of a part, then enters it in the ledger.
    pub fn finish_part(&self, design: &Design, part: &Part, data: &PartData) -> Result<()> {
        let mut files = Vec::new();
        for (folder, frame) in part_files(design, data) {
            // Counts are ours; the format of the row tables is the user's choice.
            let formats: &[Format] = match folder {
                "counts" => &[Format::Parquet],
                _ => &design.experiment().output.formats,
            };
            for format in formats {
                let name = format!("part-{:06}.{}", part.number, format.extension());
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
            part: part.number,
            replications: part.replications(),
            files,
        })
    }

    /// Notes what the sweep took.
    pub fn finish(&mut self, facts: Facts) -> Result<()> {
        self.manifest.facts = Some(facts);
        write_whole(&self.path, MANIFEST, &to_json(&self.manifest)?)
    }

    /// Writes a table beside the manifest, in both formats.
    pub fn write_table(path: &Path, name: &str, frame: &Frame) -> Result<()> {
        for format in [Format::Parquet, Format::Csv] {
            let file = format!("{name}.{}", format.extension());
            write_whole(path, &file, &frame.encode(format)?)?;
        }
        Ok(())
    }

    /// The design of a results folder, from its manifest alone.
    pub fn design(path: &Path) -> Result<Design> {
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
                "{} was made by model version {}, and this program has version {}; \
                 use sysworld {} to read it",
                path.display(),
                manifest.model_version,
                MODEL_VERSION,
                manifest.version
            )));
        }
        let damaged = |why: String| damaged(path, &why);
        let experiment = manifest.recipe.experiment();
        let experiment = experiment.ok_or_else(|| damaged("the name is none".to_owned()))?;
        Design::new(experiment)
            .map_err(|problems| damaged(Problems::new(&Sources::default(), problems).to_string()))
    }

    /// Hands the counts of every finished part to `take`, in the order of the parts; returns how
    /// many parts that were.
    pub fn counts(path: &Path, mut take: impl FnMut(&str, &CountRow)) -> Result<usize> {
        let mut records = Ledger::read(&path.join(LEDGER))?;
        // A part whose files were lost is not finished; the next run makes it again.
        records.retain(|record| is_there(path, record));
        records.sort_by_key(|record| record.part);
        records.dedup_by_key(|record| record.part);
        for record in &records {
            for file in record
                .files
                .iter()
                .filter(|f| f.path.starts_with("counts/"))
            {
                let target = path.join(&file.path);
                let read = || -> Result<_> {
                    let bytes = fs::read(&target)?;
                    if blake3::hash(&bytes).to_string() != file.blake3 {
                        return Err(anyhow!("its checksum is not the one in the ledger"));
                    }
                    read_counts(bytes)
                };
                let rows = read().with_context(|| format!("{} is damaged", target.display()))?;
                for (point, row) in &rows {
                    take(point, row);
                }
            }
        }
        Ok(records.len())
    }
}

/// What a path leads to.
enum Found {
    /// No folder, or an empty one.
    Nothing,
    /// A folder of something else.
    Foreign,
    /// A sweep.
    Ours(Box<Manifest>),
}

fn inspect(path: &Path) -> Result<Found> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(e) if e.kind() == ErrorKind::NotADirectory => {
            let path = path.display();
            let message = format!("{path} can't be a results folder: it is a file, or below one");
            return Err(usage(message));
        }
        Err(e) => return Err(usage(format!("can't read {}: {e}", path.display()))),
    };
    let Ok(text) = fs::read(path.join(MANIFEST)) else {
        // A run that was stopped before its manifest leaves at most a lock and a torn file.
        let foreign = entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name != LOCK && !name.ends_with(TEMPORARY)
        });
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

/// Refuses to go on with a sweep that is not the same; shows what differs.
fn same_sweep(path: &Path, old: &Manifest, new: &Manifest) -> Result<()> {
    let mut lines = Vec::new();
    if old.model_version != new.model_version || old.random_layout != new.random_layout {
        lines.push(format!(
            "model version: {} in the folder, {} now",
            old.model_version, new.model_version
        ));
    }
    let show = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
    for difference in old.recipe.differences(&new.recipe) {
        let (before, now) = (show(difference.first), show(difference.second));
        lines.push(format!(
            "{}: {before} in the folder, {now} now",
            difference.path
        ));
    }
    if lines.is_empty() {
        return Ok(());
    }
    const MOST: usize = 12;
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    Err(usage(format!(
        "{} holds another experiment:\n  {}\nNothing was touched. Choose another folder with \
         --out, or replace this one with --force",
        path.display(),
        lines.join("\n  ")
    )))
}

fn lock(path: &Path) -> Result<File> {
    let target = path.join(LOCK);
    let file = File::create(&target)
        .map_err(|e| usage(format!("can't write to the folder {}: {e}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(anyhow!(
            "another run is at work in {}; wait for it, or choose another folder with --out",
            path.display()
        )),
        Err(TryLockError::Error(e)) => {
            Err(e).with_context(|| format!("can't lock {}", target.display()))
        }
    }
}

/// Removes what we make, and nothing else.
fn clear(path: &Path) -> Result<()> {
    for name in OUR_FOLDERS {
        remove(fs::remove_dir_all(path.join(name)), path, name)?;
    }
    for name in OUR_FILES.into_iter().filter(|name| *name != LOCK) {
        remove(fs::remove_file(path.join(name)), path, name)?;
    }
    Ok(())
}

fn remove(result: std::io::Result<()>, path: &Path, name: &str) -> Result<()> {
    match result {
        Err(e) if e.kind() != ErrorKind::NotFound => {
            Err(e).with_context(|| format!("can't remove {}", path.join(name).display()))
        }
        _ => Ok(()),
    }
}

fn is_there(path: &Path, record: &PartRecord) -> bool {
    record.files.iter().all(|file| {
        fs::metadata(path.join(&file.path)).is_ok_and(|found| found.len() == file.bytes)
    })
}

/// Whether the files of a part are, byte for byte, what the ledger says.
fn is_whole(path: &Path, record: &PartRecord) -> bool {
    is_there(path, record)
        && record.files.iter().all(|file| {
            let bytes = fs::read(path.join(&file.path));
            bytes.is_ok_and(|bytes| blake3::hash(&bytes).to_string() == file.blake3)
        })
}

/// Removes what a killed run left half written. Best effort: it is only litter.
fn sweep_up(path: &Path) {
    let folders = OUR_FOLDERS.iter().map(|name| path.join(name));
    for folder in std::iter::once(path.to_owned()).chain(folders) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && name.ends_with(TEMPORARY) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

const TEMPORARY: &str = ".tmp";

/// Writes a file so that it is whole or not there: temporary name, sync, rename, sync of the
/// folder.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let temporary = folder.join(format!(".{name}.{}{TEMPORARY}", std::process::id()));
    let target = folder.join(name);
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &target)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|e| {
        // Best effort: what is left of a failed write is only litter.
        let _ = fs::remove_file(&temporary);
        anyhow!("can't write {}: {e}", target.display())
    })
}

fn to_json(manifest: &Manifest) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(manifest)?;
    text.push(b'\n');
    Ok(text)
}
