//! Files that are whole or not there, and what they hold.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use super::names::temporary_name;
use crate::error::usage;
use crate::files::unfit;

/// What to do about what stands in the place of one of ours.
pub(super) const MOVE_IT: &str = "move it away, then run again";

/// Bytes that are written at a time.
const BUFFER: usize = 1 << 16;

/// Writes a file so that it is whole or not there.
pub(super) fn write_whole(folder: &Path, name: &str, tag: &str, bytes: &[u8]) -> Result<()> {
    let mut file = WholeFile::create(folder, name, tag)?;
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
    /// Begins a file; `tag` tells its writer from others that may write to the folder.
    pub(super) fn create(folder: &Path, name: &str, tag: &str) -> Result<Self> {
        // Processes on several machines may share the folder, so their number alone is not unique.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let unique = now.map_or(0, |since| since.as_nanos());
        let unique = format!("{}-{unique}", std::process::id());
        let temporary = folder.join(temporary_name(name, tag, &unique));
        let target = folder.join(name);
        if is_folder(&target)? {
            return Err(usage(format!(
                "{} is a folder, where a file of the sweep belongs; {MOVE_IT}",
                target.display()
            )));
        }
        let file = File::create_new(&temporary)
            .map_err(|e| trouble(e, format!("can't write {}", target.display())))?;
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
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn keep(mut self) -> Result<(u64, blake3::Hash)> {
        let mut put = || -> io::Result<()> {
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
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
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
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// An error of the system: of usage where another try meets the same.
pub(super) fn trouble(error: io::Error, what: String) -> anyhow::Error {
    let lasting = [
        ErrorKind::NotFound,
        ErrorKind::NotADirectory,
        ErrorKind::IsADirectory,
        ErrorKind::PermissionDenied,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::InvalidFilename,
    ];
    if lasting.contains(&error.kind()) || unfit(&error).is_some() {
        usage(format!("{what}: {error}"))
    } else {
        anyhow::Error::new(error).context(what)
    }
}

/// The names in a folder, in order; none where there is no folder.
pub(super) fn names(folder: &Path) -> Result<Vec<String>> {
    let cannot = || format!("can't read {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(cannot)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.with_context(cannot)?.file_name();
        names.push(name.to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Whether a path is a folder itself, not a link to one.
pub(super) fn is_folder(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(facts) => Ok(facts.is_dir()),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e).with_context(|| format!("can't read {}", path.display())),
    }
}

/// Removes a file, or of a link the link; one that is not there is as good as removed.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => {
            Err(e).with_context(|| format!("can't remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
