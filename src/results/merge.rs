//! Joining the shards of a sweep into one folder, which then has the bytes of a single run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::files::{names, remove, write_whole};
use super::folder::lock;
use super::ledger::{LEDGER, PartRecord, is_ledger, rewrite};
use super::sweep::{Found, MANIFEST, Sweep, inspect};
use super::verify::Verification;
use crate::error::usage;

/// Joins `folders` into `out`, which may be one of them. Refuses what is missing, foreign or
/// damaged, by name, before anything is written. Returns the sweep, to summarise.
pub fn merge(folders: &[PathBuf], out: &Path) -> Result<Sweep> {
    let mut checked = Vec::new();
    for folder in folders {
        checked.push((folder, Verification::of(folder)?));
    }
    refuse_foreign(&checked)?;
    let problems = problems(&checked);
    if !problems.is_empty() {
        const MOST: usize = 20;
        let more = problems.len().saturating_sub(MOST);
        let mut text = problems[..problems.len().min(MOST)].join("\n  ");
        if more > 0 {
            text.push_str(&format!("\n  and {more} more"));
        }
        return Err(anyhow::anyhow!("can't merge:\n  {text}"));
    }
    let target_is_ours = folders.iter().any(|folder| same_place(folder, out));
    let goes_on = match inspect(out)? {
        Found::Nothing => true,
        // What a merge that was cut short left.
        Found::Ours(manifest) => manifest.hash == checked[0].1.sweep.manifest.hash,
        Found::Foreign => false,
    };
    if !target_is_ours && !goes_on {
        return Err(usage(format!(
            "{} holds something else; nothing in it was touched. Choose another with --out",
            out.display()
        )));
    }
    fs::create_dir_all(out)
        .map_err(|e| usage(format!("can't make the folder {}: {e}", out.display())))?;
    let _lock = lock(out, None)?;
    write_whole(out, MANIFEST, &checked[0].1.sweep.manifest.encode()?)?;
    let mut ledger = Vec::new();
    for part in &checked[0].1.sweep.plan.parts {
        let source = checked
            .iter()
            .find_map(|(folder, state)| Some((folder, state.whole.get(&part.id)?)));
        let Some((folder, record)) = source else {
            continue;
        };
        if !same_place(folder, out) {
            copy(folder, out, record)?;
        }
        ledger.push(record);
    }
    rewrite(out, LEDGER, ledger)?;
    // The ledgers and locks of the shards say nothing more.
    for name in names(out) {
        if is_ledger(&name) && name != LEDGER || name.starts_with(".lock-") {
            remove(&out.join(name))?;
        }
    }
    let (_, first) = checked.swap_remove(0);
    Ok(first.sweep)
}

fn same_place(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(a).is_some() && real(a) == real(b)
}

fn refuse_foreign(checked: &[(&PathBuf, Verification)]) -> Result<()> {
    let (first, state) = &checked[0];
    for (other, of_other) in &checked[1..] {
        if state.sweep.manifest.hash != of_other.sweep.manifest.hash {
            return Err(usage(format!(
                "{} and {} hold different sweeps; merge joins shards of one",
                first.display(),
                other.display()
            )));
        }
    }
    Ok(())
}

/// What stands in the way: damaged files of parts that no folder has whole, and missing parts.
fn problems(checked: &[(&PathBuf, Verification)]) -> Vec<String> {
    let mut problems = Vec::new();
    for (folder, state) in checked {
        for damage in &state.damages {
            problems.push(format!("{}: {damage}", folder.display()));
        }
    }
    for part in &checked[0].1.sweep.plan.parts {
        if !checked
            .iter()
            .any(|(_, state)| state.whole.contains_key(&part.id))
        {
            problems.push(format!("part {} is missing", part.id));
        }
    }
    problems
}

fn copy(from: &Path, to: &Path, record: &PartRecord) -> Result<()> {
    for file in &record.files {
        let source = from.join(&file.path);
        let bytes =
            fs::read(&source).with_context(|| format!("can't read {}", source.display()))?;
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let folder = to.join(folder);
        fs::create_dir_all(&folder)
            .with_context(|| format!("can't make the folder {}", folder.display()))?;
        write_whole(&folder, name, &bytes)?;
    }
    Ok(())
}
