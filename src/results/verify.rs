//! What is missing of a sweep, what is damaged, and what does not belong to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::files::{is_litter, names};
use super::folder::{PART_FOLDERS, at_work};
use super::ledger::{LEDGER, Page, PartRecord, read_all};
use super::sweep::Sweep;
use super::tables::is_part_file;
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
    /// A run is at work: files that are in no ledger yet are no damage.
    pub running: bool,
}

impl Verification {
    /// Reads every file of every part.
    pub fn of(path: &Path) -> Result<Self> {
        let sweep = Sweep::load(path)?;
        // Before the ledgers are read, so that a run that ends meanwhile has listed its files.
        let running = at_work(path);
        let (mut whole, mut listed) = (BTreeMap::new(), BTreeSet::new());
        let mut damages = Vec::new();
        for page in read_all(path)? {
            if page.wrong > 0 {
                let Page { name, wrong, .. } = &page;
                damages.push(format!("{name}: {wrong} torn or doubled lines"));
            }
            for record in page.records {
                listed.extend(record.files.iter().map(|file| file.path.clone()));
                let faults = sweep.faults(path, &record);
                if faults.is_empty() {
                    whole.insert(record.id, record);
                }
                damages.extend(faults);
            }
        }
        for folder in PART_FOLDERS {
            for name in names(&path.join(folder)) {
                let file = format!("{folder}/{name}");
                if running && (is_litter(&name) || is_part_file(&name)) {
                    continue;
                } else if is_litter(&name) {
                    damages.push(format!("{file}: the rest of a write that was cut short"));
                } else if !is_part_file(&name) {
                    damages.push(format!("{file}: not ours, among the parts; move it away"));
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
            running,
        })
    }

    /// Whether it is the folder of a whole sweep, not one that shards share.
    pub fn is_merged(&self, path: &Path) -> bool {
        path.join(LEDGER).is_file()
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
