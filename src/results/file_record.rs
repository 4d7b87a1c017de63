//! One file of a part as the ledger has it, and whether what is on disk is still that.

use std::fs;
use std::io::{self, Cursor, ErrorKind, Seek};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};

use super::writer::stamp_of;
use crate::files::{open_regular, read_regular, unfit};

/// One file of a part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileRecord {
    /// Path within the results folder.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// BLAKE3 checksum in hex.
    pub blake3: String,
}

impl FileRecord {
    /// What is wrong with a file of a part whose stamp is given, if anything; an error where that can't
    /// be told.
    pub(super) fn damage(&self, root: &Path, stamp: &str) -> Result<Option<String>> {
        let path = root.join(&self.path);
        let cannot = || format!("can't read {}", path.display());
        let mut file = match open_regular(&path, u64::MAX) {
            Err(e) if is_absent(&e) => return Ok(Some("missing".to_owned())),
            Err(e) => match unfit(&e) {
                Some(why) => {
                    return Ok(Some(why.to_string()));
                }
                None => return Err(e).with_context(cannot),
            },
            Ok(file) => file,
        };
        let bytes = file.metadata().with_context(cannot)?.len();
        if bytes != self.bytes {
            return Ok(Some(self.of_other_size(bytes)));
        }
        let mut sum = blake3::Hasher::new();
        sum.update_reader(&mut file).with_context(cannot)?;
        if let Some(why) = self.changed(&sum) {
            return Ok(Some(why));
        }
        file.rewind().with_context(cannot)?;
        Ok(self.foreign(&mut file, stamp))
    }

    /// The bytes of a file of a part, which must be whole.
    pub(super) fn read(&self, root: &Path, stamp: &str) -> Result<Vec<u8>> {
        let path = root.join(&self.path);
        let damaged = |why: String| {
            let path = path.display();
            anyhow!("{path} is damaged ({why}); `run` makes it again")
        };
        let bytes = match read_regular(&path, self.bytes) {
            Err(e) if unfit(&e).is_some() => return Err(damaged(e.to_string())),
            read => read.with_context(|| format!("can't read {}", path.display()))?,
        };
        let mut sum = blake3::Hasher::new();
        sum.update(&bytes);
        let why = self
            .changed(&sum)
            .or_else(|| self.foreign(&mut Cursor::new(&bytes), stamp));
        why.map_or(Ok(bytes), |why| Err(damaged(why)))
    }

    fn of_other_size(&self, bytes: u64) -> String {
        format!("{bytes} bytes long, not {}", self.bytes)
    }

    fn changed(&self, sum: &blake3::Hasher) -> Option<String> {
        if sum.count() != self.bytes {
            return Some(self.of_other_size(sum.count()));
        }
        let same = sum.finalize().to_string() == self.blake3;
        (!same).then(|| "changed: its checksum is not the one in the ledger".to_owned())
    }

    /// A Parquet file says itself of which part of which sweep it is.
    fn foreign(&self, file: &mut (impl io::Read + Seek), stamp: &str) -> Option<String> {
        if !self.path.ends_with(".parquet") {
            return None;
        }
        match stamp_of(file) {
            Ok(Some(found)) if found == stamp => None,
            Ok(_) => Some("it is of another sweep, by its metadata".to_owned()),
            Err(why) => Some(format!("{why:#}")),
        }
    }

    /// Whether a regular file of the recorded size is there; what it holds is not read.
    pub(super) fn is_there(&self, root: &Path) -> Result<bool> {
        let path = root.join(&self.path);
        match fs::symlink_metadata(&path) {
            Ok(facts) => Ok(facts.is_file() && facts.len() == self.bytes),
            Err(e) if is_absent(&e) => Ok(false),
            Err(e) => Err(e).with_context(|| format!("can't read {}", path.display())),
        }
    }
}

/// Whether an error says that there is no such file, nor any below what stands in the place of its folder.
fn is_absent(error: &io::Error) -> bool {
    [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind())
}
