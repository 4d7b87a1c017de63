//! What is missing of a sweep, what is damaged, and what does not belong to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::files::{damage, is_litter, names};
use super::folder::PART_FOLDERS;
use super::ledger::{PartRecord, read_all};
use super::sweep::Sweep;
use crate::sweep::PartId;

/// The state of a results folder, part by part.
#[derive(Debug)]
pub struct Verification {
    /// The sweep.
    pub sweep: Sweep,
    /// Finished parts whose files are all whole, with their records.
    pub whole: BTreeMap<PartId, PartRecord>,
    /// What is wrong, a line each: damaged or unlisted files, torn lines of a ledger.
    pub damages: Vec<String>,
}

impl Verification {
    /// Reads every file of every part.
    pub fn of(path: &Path) -> Result<Self> {
        let sweep = Sweep::load(path)?;
        let (records, torn) = read_all(path)?;
        let mut damages = Vec::new();
        if torn > 0 {
            damages.push(format!("{torn} lines of the ledger are torn"));
        }
        let mut whole = BTreeMap::new();
        let mut listed = BTreeSet::new();
        let planned: BTreeSet<PartId> = sweep.plan.parts.iter().map(|part| part.id).collect();
        for record in records {
            if !planned.contains(&record.id) {
                damages.push(format!(
                    "part {} is in the ledger, not in the plan",
                    record.id
                ));
                continue;
            }
            listed.extend(record.files.iter().map(|file| file.path.clone()));
            let mut sound = true;
            for file in &record.files {
                if let Some(why) = damage(path, file) {
                    damages.push(format!("{}: {why}", file.path));
                    sound = false;
                }
            }
            if sound {
                whole.insert(record.id, record);
            }
        }
        for folder in PART_FOLDERS {
            for name in names(&path.join(folder)) {
                let file = format!("{folder}/{name}");
                if is_litter(&name) {
                    damages.push(format!("{file}: the rest of a write that was cut short"));
                } else if !listed.contains(&file) {
                    damages.push(format!("{file}: in no ledger"));
                }
            }
        }
        damages.sort();
        damages.dedup();
        Ok(Self {
            sweep,
            whole,
            damages,
        })
    }

    /// Parts that are not there, or not whole, by their position in the plan.
    pub fn missing(&self) -> Vec<(usize, PartId)> {
        let parts = self.sweep.plan.parts.iter().map(|part| part.id);
        parts
            .enumerate()
            .filter(|(_, id)| !self.whole.contains_key(id))
            .collect()
    }
}
