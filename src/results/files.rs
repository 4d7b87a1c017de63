//! Files that are whole or not there, and what they hold.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};

use super::ledger::FileRecord;

/// How the names of files end that are still being written.
pub(super) const TEMPORARY: &str = ".tmp";

/// Writes a file so that it is whole or not there: temporary name, sync, rename, sync of the
/// folder.
pub(super) fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    // Processes on several machines may share the folder, so their number alone is not unique.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let unique = now.map_or(0, |since| since.as_nanos());
    let process = std::process::id();
    let temporary = folder.join(format!(".{name}.{process}-{unique}{TEMPORARY}"));
    let target = folder.join(name);
    let write = || -> std::io::Result<()> {
        let mut file = File::create_new(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &target)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|e| {
        // Best effort: what is left of a failed write is only litter.
        let _ = fs::remove_file(&temporary);
        anyhow::Error::new(e).context(format!("can't write {}", target.display()))
    })
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
    match fs::read(root.join(&record.path)) {
        Err(e) if e.kind() == ErrorKind::NotFound => Some("missing".to_owned()),
        Err(e) => Some(format!("unreadable: {e}")),
        Ok(bytes) if bytes.len() as u64 != record.bytes => {
            Some(format!("{} bytes long, not {}", bytes.len(), record.bytes))
        }
        Ok(bytes) if blake3::hash(&bytes).to_string() != record.blake3 => {
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
