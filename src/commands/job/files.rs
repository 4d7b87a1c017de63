//! The files of an experiment as they travel in a ConfigMap.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use anyhow::Result;
use sysworld::diagnostics::Sources;
use sysworld::error::usage;

/// What a ConfigMap may hold is 1 MiB; names and the like take some of it.
const MOST_BYTES: usize = 1_000_000;

/// A file that is read.
pub struct Shipped {
    /// Its key in the ConfigMap.
    pub key: String,
    /// Its path from the folder of the experiment.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// An experiment and all files that it reads, the experiment first.
pub fn of(experiment: &Path, sources: &Sources) -> Result<Vec<Shipped>> {
    let folder = experiment.parent().unwrap_or(Path::new(""));
    let main = experiment.to_string_lossy();
    let (mut seen, mut files) = (BTreeSet::new(), Vec::new());
    // Built-in worlds and values of --set are texts too, but no files.
    let read = sources
        .texts()
        .filter(|(name, _)| Path::new(name).is_file());
    for (name, text) in read {
        if !seen.insert(name) {
            continue;
        }
        let path = Path::new(name).strip_prefix(folder).ok();
        let below = |path: &&Path| {
            path.components()
                .all(|part| matches!(part, Component::Normal(_)))
        };
        let Some(path) = path.filter(below) else {
            return Err(usage(format!(
                "{name} is not in the folder of {main} or below it; for kubernetes all files of an \
                 experiment travel together, so move it there"
            )));
        };
        let path = path.to_string_lossy().into_owned();
        let key: String = path
            .chars()
            .map(|c| if allowed(c) { c } else { '_' })
            .collect();
        let key = format!("{}-{}", files.len(), &key[key.len().saturating_sub(100)..]);
        files.push(Shipped {
            key,
            path,
            text: text.to_owned(),
        });
    }
    let first = files
        .iter()
        .position(|file| folder.join(&file.path) == experiment);
    files.swap(0, first.unwrap_or(0));
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    if bytes > MOST_BYTES {
        return Err(usage(format!(
            "the files of {main} have {bytes} bytes, and a ConfigMap takes {MOST_BYTES}; put them on the \
             volume, and use a file with less as a pattern"
        )));
    }
    Ok(files)
}

fn allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}
