//! What stands where a sweep writes, and can't be written over: a folder in the place of a file, a
//! link or a pipe in the place of a lock. Only the user can move it away.

use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

use super::files::{MOVE_IT, is_folder, names};
use super::names::{
    LOCK, MANIFEST, PAGE, PartTable, is_ledger, is_part, is_shard_lock, part_folders, tables,
};
use crate::error::usage;

/// Refuses a folder where something is in the way of a sweep that has parts of `of_sweep`.
pub(super) fn refuse(path: &Path, of_sweep: &[PartTable]) -> Result<()> {
    let found = obstacles(path, of_sweep)?;
    let Some(first) = found.first() else {
        return Ok(());
    };
    let more = match found.len() - 1 {
        0 => String::new(),
        more => format!("; {more} more like it are named by `verify`"),
    };
    let path = path.display();
    Err(usage(format!("{path}/{first}{more}")))
}

/// What is in the way in a results folder, a line each that begins with its name. `of_sweep` are
/// the tables that the sweep has parts of.
pub(super) fn obstacles(path: &Path, of_sweep: &[PartTable]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in names(path)? {
        let opened = name == LOCK || is_shard_lock(&name) || is_ledger(&name);
        // Another file takes the place of one with these names, whatever it is but a folder.
        let replaced = name == MANIFEST || name == PAGE || tables().any(|table| table == name);
        let of_parts = of_sweep.iter().any(|table| table.name() == name);
        if !(opened || replaced || of_parts) {
            continue;
        }
        let Some(kind) = kind(&path.join(&name))? else {
            continue;
        };
        let fits = match (opened, of_parts) {
            (true, _) => kind.is_file(),
            (_, true) => kind.is_dir(),
            _ => !kind.is_dir(),
        };
        if !fits {
            let wanted = if of_parts { "folder" } else { "file" };
            found.push(obstacle(&name, kind, wanted));
        }
    }
    for folder in part_folders() {
        let below = path.join(folder);
        if !is_folder(&below)? {
            continue;
        }
        for name in names(&below)?.into_iter().filter(|name| is_part(name)) {
            if let Some(kind) = kind(&below.join(&name))?.filter(FileType::is_dir) {
                found.push(obstacle(&format!("{folder}/{name}"), kind, "file"));
            }
        }
    }
    Ok(found)
}

/// What something is that stands where a file or folder of a sweep belongs.
fn obstacle(name: &str, kind: FileType, wanted: &str) -> String {
    let what = match kind {
        kind if kind.is_dir() => "a folder",
        kind if kind.is_symlink() => "a link",
        kind if kind.is_file() => "a file",
        _ => "a pipe, a socket or a device",
    };
    format!("{name} is {what}, where a {wanted} of the sweep belongs; {MOVE_IT}")
}

/// What stands at a path, links not followed.
fn kind(path: &Path) -> Result<Option<FileType>> {
    match fs::symlink_metadata(path) {
        Ok(facts) => Ok(Some(facts.file_type())),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| format!("can't read {}", path.display())),
    }
}
