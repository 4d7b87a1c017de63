//! The ledger: one line a finished part, appended and synced, never rewritten.
//!
//! A part counts only once its line is whole: files without a line are made again, and a line
//! that a crash cut short is no line.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// A finished part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Its number in the plan.
    pub part: usize,
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

/// The ledger of a folder, open for appending.
#[derive(Debug)]
pub struct Ledger {
    file: Mutex<File>,
}

impl Ledger {
    /// Opens or creates the ledger, and reads what is in it.
    pub fn open(path: &Path) -> Result<(Self, Vec<PartRecord>)> {
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
            file.write_all(b"\n")?;
        }
        file.seek(SeekFrom::End(0))?;
        let file = Mutex::new(file);
        Ok((Self { file }, records(&text)))
    }

    /// The parts in the ledger of a folder, without opening it for writing.
    pub fn read(path: &Path) -> Result<Vec<PartRecord>> {
        let text = std::fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
        Ok(records(&text))
    }

    /// Enters a part whose files are safely on disk.
    pub fn append(&self, record: &PartRecord) -> Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line).context("can't write the ledger")?;
        file.sync_data().context("can't sync the ledger")
    }
}

fn records(text: &[u8]) -> Vec<PartRecord> {
    text.split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}
