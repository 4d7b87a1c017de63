//! Files that are whole or not there, and what they hold.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use super::ledger::FileRecord;

/// How the names of files end that are still being written.
pub(super) const TEMPORARY: &str = ".tmp";
/// Bytes that are written at a time.
const BUFFER: usize = 1 << 16;

/// Writes a file so that it is whole or not there.
pub(super) fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let mut file = WholeFile::create(folder, name)?;
    let written = file.write_all(bytes);
    written.with_context(|| format!("can't write {}", file.target.display()))?;
    file.keep()?;
    Ok(())
}

/// A file that is being written, whole or not there: temporary name, sync, rename, sync of the
/// folder. One that is not kept is removed.
pub struct WholeFile {
    file: BufWriter<Summed>,
    folder: PathBuf,
    temporary: PathBuf,
    target: PathBuf,
    kept: bool,
}

/// A file and the sum of what was written to it.
struct Summed {
    file: File,
    bytes: u64,
    sum: blake3::Hasher,
}

impl WholeFile {
    /// Begins a file in a folder.
    pub fn create(folder: &Path, name: &str) -> Result<Self> {
        // Processes on several machines may share the folder, so their number alone is not unique.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let unique = now.map_or(0, |since| since.as_nanos());
        let process = std::process::id();
        let temporary = folder.join(format!(".{name}.{process}-{unique}{TEMPORARY}"));
        let target = folder.join(name);
        let file = File::create_new(&temporary)
            .with_context(|| format!("can't write {}", target.display()))?;
        let summed = Summed {
            file,
            bytes: 0,
            sum: blake3::Hasher::new(),
        };
        Ok(Self {
            file: BufWriter::with_capacity(BUFFER, summed),
            folder: folder.to_owned(),
            temporary,
            target,
            kept: false,
        })
    }

    /// Puts the file in its place, safely on disk; returns its size and its BLAKE3 checksum.
    pub fn keep(mut self) -> Result<(u64, blake3::Hash)> {
        let mut put = || -> std::io::Result<()> {
            self.file.flush()?;
            self.file.get_ref().file.sync_all()?;
            fs::rename(&self.temporary, &self.target)?;
            self.kept = true;
            File::open(&self.folder)?.sync_all()
        };
        let result = put();
        result.with_context(|| format!("can't write {}", self.target.display()))?;
        let summed = self.file.get_ref();
        Ok((summed.bytes, summed.sum.finalize()))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.kept {
            // Best effort: what is left of it is only litter.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Whether a write failed for want of room, which may be better at the next try.
pub(super) fn is_full(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref::<std::io::Error>();
    cause.is_some_and(|e| {
        let full = [
            ErrorKind::StorageFull,
            ErrorKind::QuotaExceeded,
            ErrorKind::FileTooLarge,
        ];
        full.contains(&e.kind())
    })
}

/// What is wrong with a file of a part, if anything.
pub(super) fn damage(root: &Path, record: &FileRecord) -> Option<String> {
    let mut sum = blake3::Hasher::new();
    let read = File::open(root.join(&record.path)).and_then(|file| {
        sum.update_reader(file)?;
        Ok(sum.count())
    });
    match read {
        Err(e) if e.kind() == ErrorKind::NotFound => Some("missing".to_owned()),
        Err(e) => Some(format!("unreadable: {e}")),
        Ok(bytes) if bytes != record.bytes => {
            Some(format!("{bytes} bytes long, not {}", record.bytes))
        }
        Ok(_) if sum.finalize().to_string() != record.blake3 => {
            Some("changed: its checksum is not the one in the ledger".to_owned())
        }
        Ok(_) => None,
    }
}

/// The names in a folder, in order; none where there is no folder.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Whether a file is the rest of a write that was killed.
pub(super) fn is_litter(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(TEMPORARY)
}

/// Removes a file or an empty folder; one that is not there is as good as removed.
pub(super) fn remove(path: &Path) -> Result<()> {
    // Of a link to a folder, the link.
    let result = if path.is_dir() && !path.is_symlink() {
        fs::remove_dir(path)
    } else {
        fs::remove_file(path)
    };
    match result {
        Err(e) if e.kind() != ErrorKind::NotFound => {
            Err(e).with_context(|| format!("can't remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
