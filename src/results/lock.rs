//! Who may write to a results folder.
//!
//! A whole run, a merge, and who makes summaries or a page have the folder for themselves. Shards
//! share it, each with a lock of its own, and one at a time reads and writes the manifest. Nothing
//! is decided before the lock is held. Locks are the system's (`flock`), so they end with the
//! process, however it ends; what stands in the lock files does not matter and is not changed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use super::files::{MOVE_IT, WholeFile, trouble, write_whole};
use super::names::{LOCK, MANIFEST_LOCK, shard_lock_name, tag};
use crate::error::usage;
use crate::files::open_with;
use crate::sweep::Shard;

/// How long a shard waits for others that read or write the manifest.
const PATIENCE: Duration = Duration::from_secs(300);

/// Whether the locks of the file system are relied on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Locking {
    /// They keep others out.
    #[default]
    System,
    /// There are none: whoever started the program sees to it that nothing else writes to the folder.
    Absent,
}

/// A results folder that this process alone may write to; or, if it is a shard, what that writes.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    shard: Option<Shard>,
    locking: Locking,
    lock: File,
    /// That of the shard.
    _own: Option<File>,
}

impl Held {
    /// Takes the locks of a folder that is there; an error says who has them.
    pub(super) fn take(path: &Path, shard: Option<Shard>, locking: Locking) -> Result<Self> {
        let busy = |who: &str| {
            anyhow!(
                "{who} is at work in {}; wait for it, or use another folder",
                path.display()
            )
        };
        let (all, own) = match shard {
            None => {
                let all = lock(path, LOCK, false, locking)?;
                (all.ok_or_else(|| busy("another run"))?, None)
            }
            Some(shard) => {
                let all = lock(path, LOCK, true, locking)?;
                let all = all.ok_or_else(|| busy("a run of the whole sweep"))?;
                let own = lock(path, &shard_lock_name(shard), false, locking)?;
                (all, Some(own.ok_or_else(|| busy("the same shard"))?))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            shard,
            locking,
            lock: all,
            _own: own,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The shard that writes to it, if it is not the whole sweep.
    pub(super) fn shard(&self) -> Option<Shard> {
        self.shard
    }

    /// Until the value that it gives is dropped, no other shard reads or writes the manifest.
    pub(super) fn manifest(&self) -> Result<Option<File>> {
        if self.shard.is_none() {
            return Ok(None);
        }
        let begun = Instant::now();
        loop {
            let file = lock(&self.path, MANIFEST_LOCK, false, self.locking)?;
            if file.is_some() {
                return Ok(file);
            }
            if begun.elapsed() > PATIENCE {
                let path = self.path.display();
                return Err(anyhow!(
                    "another shard has held the manifest of {path} for minutes"
                ));
            }
            sleep(Duration::from_millis(5));
        }
    }

    /// An error unless the folder is still the one whose lock is held.
    pub(super) fn still_there(&self) -> Result<()> {
        if stands_at(&self.lock, &self.path.join(LOCK))? {
            return Ok(());
        }
        Err(anyhow!(
            "{} was moved or removed while it was written to",
            self.path.display()
        ))
    }

    /// Begins a file beside the manifest.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn create(&self, name: &str) -> Result<WholeFile> {
        WholeFile::create(&self.path, name, &tag(self.shard))
    }

    /// Writes a file beside the manifest so that it is whole or not there.
    ///
    /// # Errors
    ///
    /// Those of the system; the file is then as it was.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write_whole(&self.path, name, &tag(self.shard), bytes)
    }

    /// Writes a file in a folder beside the manifest.
    ///
    /// # Errors
    ///
    /// Those of the system, and a link in place of the folder.
    pub fn write_in(&self, folder: &str, name: &str, bytes: &[u8]) -> Result<()> {
        let folder = self.subfolder(folder)?;
        write_whole(&folder, name, &tag(self.shard), bytes)
    }

    /// A folder beside the manifest, which is made if it is missing. A link is refused: it leads
    /// to what is not in this folder.
    pub(super) fn subfolder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.path.join(name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => {
                let what = format!("can't make the folder {}", folder.display());
                return Err(e).context(what);
            }
        }
        let kind = fs::symlink_metadata(&folder)
            .with_context(|| format!("can't read {}", folder.display()))?;
        if kind.is_dir() {
            return Ok(folder);
        }
        let what = if kind.is_symlink() {
            "a link"
        } else {
            "a file"
        };
        Err(usage(format!(
            "{} is {what}, where a folder of the sweep belongs; {MOVE_IT}",
            folder.display()
        )))
    }
}

/// Takes a lock; `None` if somebody else has it. The file is there also where locks are absent: by it
/// one sees that the folder is still the same.
fn lock(path: &Path, name: &str, shared: bool, locking: Locking) -> Result<Option<File>> {
    const TRIES: usize = 100;
    let target = path.join(name);
    for _ in 0..TRIES {
        let mut options = OpenOptions::new();
        // Whatever it holds stays.
        options.read(true).write(true).create(true).truncate(false);
        let file = open_with(&target, &mut options)
            .map_err(|e| trouble(e, format!("can't lock {}", target.display())))?;
        let locked = match (locking, shared) {
            (Locking::Absent, _) => Ok(()),
            (Locking::System, true) => file.try_lock_shared(),
            (Locking::System, false) => file.try_lock(),
        };
        match locked {
            // A merge may have removed it since it was opened.
            Ok(()) if stands_at(&file, &target)? => return Ok(Some(file)),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(no_lock(&e, &target)),
        }
    }
    Err(anyhow!(
        "can't lock {}: it is replaced again and again",
        target.display()
    ))
}

/// The error of a lock that the system refuses; a file system that has none gets advice.
fn no_lock(error: &io::Error, target: &Path) -> anyhow::Error {
    let target = target.display();
    match error.kind() {
        ErrorKind::Unsupported => usage(format!(
            "can't lock {target}: this file system has no locks ({error}). Run on a local disk and copy \
             the folder from there (`merge` joins copies), or pass --no-lock if nothing else writes to \
             this folder: two runs of one shard at once, or a merge beside a shard, would then spoil \
             each other's files"
        )),
        _ => anyhow!("can't lock {target}: {error}"),
    }
}

/// Whether a file is still what stands at a path.
#[cfg(unix)]
fn stands_at(file: &File, path: &Path) -> Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let what = || format!("can't read {}", path.display());
    let ours = file.metadata().with_context(what)?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e).with_context(what),
    }
}

/// Where open files can't be removed, it does.
#[cfg(not(unix))]
fn stands_at(_: &File, _: &Path) -> Result<bool> {
    Ok(true)
}
