//! The ledger: one line a finished part, appended and synced.
//!
//! A part counts only once its line is whole: files without a line are made again, and a line
//! that a crash cut short is no line. Such lines, and those of parts that were lost, are dropped
//! by the next run. A whole run has `ledger.jsonl`, a shard has its own.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::files::{names, write_whole};
use crate::sweep::{PartId, Shard};

/// A finished part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Which part.
    #[serde(flatten)]
    pub id: PartId,
    /// Replications in it.
    pub replications: u64,
    /// Its files.
    pub files: Vec<FileRecord>,
}

/// One file of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Path within the results folder.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// BLAKE3 checksum in hex.
    pub blake3: String,
}

/// The ledger of one run, open for appending.
#[derive(Debug)]
pub struct Ledger {
    file: Mutex<File>,
}

/// The ledger of a whole run.
pub(super) const LEDGER: &str = "ledger.jsonl";

/// The name of the ledger of a run.
pub(super) fn ledger_name(shard: Option<Shard>) -> String {
    match shard {
        None => LEDGER.to_owned(),
        Some(Shard { index, of }) => format!("ledger-{index}-of-{of}.jsonl"),
    }
}

/// Whether a file is a ledger.
pub(super) fn is_ledger(name: &str) -> bool {
    name == LEDGER || name.starts_with("ledger-") && name.ends_with(".jsonl")
}

impl Ledger {
    /// Opens or creates a ledger.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .with_context(|| format!("can't open {}", path.display()))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)
            .with_context(|| format!("can't read {}", path.display()))?;
        // A torn last line is ended, so that it spoils no line after it.
        if text.last().is_some_and(|byte| *byte != b'\n') {
            file.write_all(b"\n")
                .with_context(|| format!("can't write {}", path.display()))?;
        }
        let file = Mutex::new(file);
        Ok(Self { file })
    }

    /// Enters a part whose files are safely on disk.
    pub(super) fn append(&self, record: &PartRecord) -> Result<()> {
        let line = line(record)?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line).context("can't write the ledger")?;
        file.sync_data().context("can't sync the ledger")
    }
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
}

/// All ledgers in a folder.
pub(super) fn read_all(root: &Path) -> Result<Vec<Page>> {
    let ledgers = names(root).into_iter().filter(|name| is_ledger(name));
    ledgers.map(|name| read(root, name)).collect()
}

fn read(root: &Path, name: String) -> Result<Page> {
    let path = root.join(&name);
    let text = std::fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
    let (mut records, mut wrong) = (Vec::new(), 0);
    let mut entered = BTreeSet::new();
    for line in text.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()) {
        match serde_json::from_slice::<PartRecord>(line) {
            Ok(record) if entered.insert(record.id) => records.push(record),
            _ => wrong += 1,
        }
    }
    Ok(Page {
        name,
        records,
        wrong,
    })
}

/// Writes a ledger that holds these records and nothing else.
pub(super) fn rewrite<'a>(
    root: &Path,
    name: &str,
    records: impl IntoIterator<Item = &'a PartRecord>,
) -> Result<()> {
    let lines: Result<Vec<_>> = records.into_iter().map(line).collect();
    write_whole(root, name, &lines?.concat())
}
