//! The ledger: one line a finished part, appended and synced.
//!
//! A part counts only once its line is whole: files without a line are made again, and a line
//! that a crash cut short is no line. Such lines, and those of parts that were lost, are dropped
//! by the next run. A whole run has `ledger.jsonl`, a shard has its own.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::file_record::FileRecord;
use super::files::{names, trouble, write_whole};
use super::lock::Held;
use super::names::{is_ledger, ledger_name, tag};
use crate::files::{open_regular, open_with, read_at_most};
use crate::sweep::PartId;

/// The most bytes of a ledger that are read: a line takes about 500, and there are fewer parts
/// than design points and row groups.
const MOST: u64 = 16 << 30;

/// A finished part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartRecord {
    /// Which part.
    #[serde(flatten)]
    pub id: PartId,
    /// BLAKE3 of what it is, in hex: seed, model, design points, replications.
    pub stamp: String,
    /// Replications in it.
    pub replications: u64,
    /// Its files.
    pub files: Vec<FileRecord>,
}

/// The ledger of one run, open for appending.
#[derive(Debug)]
pub struct Ledger {
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Whether its last line may be cut short.
    torn: bool,
}

impl Ledger {
    /// Opens or creates the ledger of a run.
    pub(super) fn open(held: &Held) -> Result<Self> {
        let path = held.path().join(ledger_name(held.shard()));
        let mut options = OpenOptions::new();
        let mut file = open_with(&path, options.create(true).read(true).append(true))
            .map_err(|e| trouble(e, format!("can't open {}", path.display())))?;
        let mut text = Vec::new();
        let read = (&mut file).take(MOST).read_to_end(&mut text);
        read.with_context(|| format!("can't read {}", path.display()))?;
        // By this a reader sees that somebody is at work. One that looks at this very moment has it
        // for itself; should it keep it, nobody sees us, and nothing depends on that.
        for _ in 0..20 {
            if file.try_lock_shared().is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let torn = text.last().is_some_and(|byte| *byte != b'\n');
        let open = Mutex::new(Open { file, torn });
        Ok(Self { open })
    }

    /// Enters a part whose files are safely on disk.
    pub(super) fn append(&self, record: &PartRecord) -> Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = Vec::new();
        if open.torn {
            // A torn line is ended, so that it spoils no line after it.
            text.push(b'\n');
        }
        text.extend(line(record)?);
        open.torn = true;
        let written = open.file.write_all(&text);
        written.context("can't write the ledger")?;
        open.torn = false;
        open.file.sync_data().context("can't sync the ledger")
    }
}

/// Whether a run, or a shard, is at work in a folder. Takes no lock that a writer needs.
pub(super) fn at_work(root: &Path) -> bool {
    let ledgers = names(root).unwrap_or_default();
    ledgers.iter().filter(|name| is_ledger(name)).any(|name| {
        let path = root.join(name);
        // Over a network a lock takes the right to write.
        let file = open_with(&path, OpenOptions::new().read(true).append(true))
            .or_else(|_| open_regular(&path, u64::MAX));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
    })
}

/// A record as a line.
fn line(record: &PartRecord) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    Ok(line)
}

/// What one ledger holds.
#[derive(Debug)]
pub(super) struct Page {
    /// Name of the file.
    pub(super) name: String,
    /// Its records.
    pub(super) records: Vec<PartRecord>,
    /// How many of its lines are no records, or enter a part once more.
    pub(super) wrong: usize,
    /// Whether the file has another name too, as in a copy of the folder by hard links: to append to
    /// it would change that.
    pub(super) linked: bool,
}

/// All ledgers in a folder.
pub(super) fn read_all(root: &Path) -> Result<Vec<Page>> {
    let names = names(root)?.into_iter();
    let mut pages = Vec::new();
    for name in names.filter(|name| is_ledger(name)) {
        // A merge may have removed it since.
        pages.extend(read(root, name)?);
    }
    Ok(pages)
}

fn read(root: &Path, name: String) -> Result<Option<Page>> {
    let path = root.join(&name);
    let cannot = |e| trouble(e, format!("can't read {}", path.display()));
    let file = match open_regular(&path, MOST) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(cannot)?,
    };
    let linked = is_linked(&file).map_err(cannot)?;
    let text = read_at_most(file, MOST).map_err(cannot)?;
    let (mut records, mut wrong) = (Vec::new(), 0);
    let mut entered = BTreeSet::new();
    for line in text.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()) {
        match serde_json::from_slice::<PartRecord>(line) {
            Ok(record) if entered.insert(record.clone()) => records.push(record),
            _ => wrong += 1,
        }
    }
    Ok(Some(Page {
        name,
        records,
        wrong,
        linked,
    }))
}

#[cfg(unix)]
fn is_linked(file: &File) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink() > 1)
}

#[cfg(not(unix))]
fn is_linked(_: &File) -> std::io::Result<bool> {
    Ok(false)
}

/// Writes a ledger that holds these records and nothing else.
pub(super) fn rewrite<'a>(
    held: &Held,
    name: &str,
    records: impl IntoIterator<Item = &'a PartRecord>,
) -> Result<()> {
    let lines: Result<Vec<_>> = records.into_iter().map(line).collect();
    write_whole(held.path(), name, &tag(held.shard()), &lines?.concat())
}
