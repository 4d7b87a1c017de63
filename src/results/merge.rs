//! Joining the shards of a sweep into one folder, which then has the bytes of a single run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use super::files::{names, remove};
use super::folder::{make, remove_litter};
use super::ledger::{PartRecord, rewrite};
use super::lock::{Held, Locking};
use super::names::{LEDGER, MANIFEST, is_ledger, is_shard_lock};
use super::obstacle;
use super::sweep::{Found, Sweep, foreign, inspect, of_other};
use super::tables::part_tables;
use super::verify::Verification;
use crate::error::usage;
use crate::sweep::{Shard, ranges};

/// Joins `folders` into `out`, which may be one of them. Any whole copy of a part will do; refuses
/// parts that no folder has whole, by name, before anything is written. Returns the lock of `out`
/// and its sweep, to summarise.
///
/// # Errors
///
/// The folders are of different sweeps, or lack parts, which it names; or `out` can't be
/// written.
pub fn merge(folders: &[PathBuf], out: &Path, locking: Locking) -> Result<(Held, Sweep)> {
    let mut sweeps = folders.iter().map(|folder| Sweep::load(folder));
    let first = sweeps
        .next()
        .unwrap_or_else(|| Err(usage("there is nothing to merge")))?;
    for (other, sweep) in folders[1..].iter().zip(sweeps) {
        if !sweep?.manifest.same_sweep(&first.manifest) {
            return Err(usage(format!(
                "{} and {} hold different sweeps; merge joins shards of one",
                folders[0].display(),
                other.display()
            )));
        }
    }
    refuse(out, &first)?;
    // Where shards share one folder, nobody writes to it from here on. Another one is made only when
    // there is something to put into it.
    obstacle::refuse(out, &part_tables(&first.design))?;
    let in_place = folders.iter().any(|folder| same_place(folder, out));
    let take = || Held::take(out, None, locking);
    let held = in_place.then(take).transpose()?;
    let sources = sources(folders, &first)?;
    let held = held.map_or_else(
        || {
            make(out)?;
            take()
        },
        Ok,
    )?;
    // What was seen before the lock was held may have changed.
    refuse(out, &first)?;
    if !in_place {
        held.write(MANIFEST, &first.manifest.encode()?)?;
    }
    for (folder, record) in sources
        .iter()
        .filter(|(folder, _)| !same_place(folder, out))
    {
        copy(folder, &held, record)?;
    }
    rewrite(&held, LEDGER, sources.iter().map(|(_, record)| record))?;
    // The ledgers and locks of the shards say nothing more.
    for name in names(out)? {
        if is_ledger(&name) && name != LEDGER || is_shard_lock(&name) {
            remove(&out.join(name))?;
        }
    }
    remove_litter(&held, &first)?;
    let root = out.to_owned();
    Ok((held, Sweep { root, ..first }))
}

/// Refuses a folder that can't take a sweep: it takes none but this one.
fn refuse(out: &Path, sweep: &Sweep) -> Result<()> {
    match inspect(out)? {
        // What a merge that was cut short left, or the folder that the shards share.
        Found::Ours(manifest) if manifest.same_sweep(&sweep.manifest) => Ok(()),
        Found::Nothing => Ok(()),
        Found::Ours(_) => Err(usage(format!(
            "{} holds another sweep; nothing in it was touched. Choose another with --out",
            out.display()
        ))),
        Found::OfOther(why) => Err(of_other(out, &why)),
        Found::Foreign(names) => Err(foreign(out, &names)),
    }
}

/// Where each part of the plan is whole, in the order of the plan.
fn sources<'a>(folders: &'a [PathBuf], sweep: &Sweep) -> Result<Vec<(&'a Path, PartRecord)>> {
    let mut states = Vec::new();
    for folder in folders {
        states.push((folder.as_path(), Verification::of(folder)?));
    }
    let (mut found, mut missing, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for (position, part) in sweep.plan.parts.iter().enumerate() {
        let whole = states
            .iter()
            .find_map(|(folder, state)| Some((*folder, state.whole.get(&part.id)?.clone())));
        match whole {
            Some(source) => found.push(source),
            None => {
                missing.push(position);
                problems.push(format!("part {} is missing", part.id));
                for (folder, state) in &states {
                    let faults = state.faults.get(&part.id).into_iter().flatten();
                    problems.extend(faults.map(|fault| format!("{}: {fault}", folder.display())));
                }
            }
        }
    }
    if problems.is_empty() {
        return Ok(found);
    }
    let in_the_way = states.iter().flat_map(|(folder, state)| {
        let lines = state.in_the_way.iter();
        lines.map(move |line| format!("{}/{line}", folder.display()))
    });
    let in_the_way: Vec<String> = in_the_way.collect();
    let lasting = !in_the_way.is_empty();
    let cut = states
        .iter()
        .flat_map(|(_, state)| state.shards.iter().copied());
    problems.splice(0..0, unfinished_shards(&missing, &cut.collect()));
    problems.splice(0..0, in_the_way);
    const MOST: usize = 20;
    let more = problems.len().saturating_sub(MOST);
    let mut text = problems[..problems.len().min(MOST)].join("\n  ");
    if more > 0 {
        text.push_str(&format!("\n  and {more} more"));
    }
    let text = format!("can't merge:\n  {text}");
    Err(if lasting { usage(text) } else { anyhow!(text) })
}

/// The shards that parts are missing of, and how to run them, if their number is known.
fn unfinished_shards(missing: &[usize], cut: &BTreeSet<u32>) -> Option<String> {
    let of = match cut.first() {
        Some(of) if cut.len() == 1 => *of,
        _ => return None,
    };
    let lacks = |shard: &Shard| missing.iter().any(|position| shard.takes(*position));
    let shards = (1..=of).map(|index| Shard { index, of }).filter(lacks);
    let indices: Vec<usize> = shards.map(|shard| shard.index as usize).collect();
    let (first, all) = (indices.first()?, ranges(&indices));
    let which = match indices.len() {
        1 => format!("shard {all} of {of} is not finished"),
        _ => format!("shards {all} of {of} are not finished"),
    };
    Some(format!("{which}: `run` with --shard {first}/{of} goes on"))
}

fn same_place(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(a).is_some() && real(a) == real(b)
}

/// Copies a part; its bytes are checked as they are read.
fn copy(from: &Path, to: &Held, record: &PartRecord) -> Result<()> {
    for file in &record.files {
        let bytes = file.read(from, &record.stamp)?;
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        to.write_in(folder, name, &bytes)?;
    }
    Ok(())
}
