//! What is missing of a sweep, what is damaged, and what does not belong to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::files::{is_folder, names};
use super::ledger::{PartRecord, at_work, read_all};
use super::names::{
    LEDGER, PLOTS, is_part, is_system, part_folders, shard_of_ledger, temporary_of,
};
use super::obstacle::obstacles;
use super::sweep::Sweep;
use super::tables::part_tables;
use crate::sweep::PartId;

/// The state of a results folder, part by part.
#[derive(Debug)]
pub struct Verification {
    /// The sweep.
    pub sweep: Sweep,
    /// Finished parts whose files are all whole, with their records.
    pub whole: BTreeMap<PartId, PartRecord>,
    /// What is wrong with parts that stand in a ledger and are nowhere whole, a line each.
    pub faults: BTreeMap<PartId, Vec<String>>,
    /// Files with names of parts that no ledger has, a line each.
    pub strange: Vec<String>,
    /// What is not ours among the parts, a line each: nothing removes it.
    pub not_ours: Vec<String>,
    /// What stands where the sweep writes, a line each: nothing goes on before it is moved away.
    pub in_the_way: Vec<String>,
    /// What dead writers left: nothing is read of it, and the next writer removes it. A line each.
    pub litter: Vec<String>,
    /// Into how many shards the sweep was cut, as its ledgers are called.
    pub shards: BTreeSet<u32>,
    /// A run is at work: files that are in no ledger yet are no damage.
    pub running: bool,
}

impl Verification {
    /// Reads every file of every part.
    ///
    /// # Errors
    ///
    /// The folder holds no sweep, or can't be read. What is damaged is no error, but what is
    /// told.
    pub fn of(path: &Path) -> Result<Self> {
        let sweep = Sweep::load(path)?;
        // Before the ledgers are read, so that a run that ends meanwhile has listed its files.
        let running = at_work(path);
        let mut state = Self {
            sweep,
            whole: BTreeMap::new(),
            faults: BTreeMap::new(),
            strange: Vec::new(),
            not_ours: Vec::new(),
            in_the_way: Vec::new(),
            litter: Vec::new(),
            shards: BTreeSet::new(),
            running,
        };
        state.in_the_way = obstacles(path, &part_tables(&state.sweep.design))?;
        let mut listed = BTreeSet::new();
        for page in read_all(path)? {
            state
                .shards
                .extend(shard_of_ledger(&page.name).map(|shard| shard.of));
            if page.wrong > 0 {
                let lines = format!("{}: {} torn or doubled lines", page.name, page.wrong);
                state.litter.push(lines);
            }
            for record in page.records {
                listed.extend(record.files.iter().map(|file| file.path.clone()));
                state.enter(record)?;
            }
        }
        state.faults.retain(|id, _| !state.whole.contains_key(id));
        state.look_for_strangers(path, &listed)?;
        Ok(state)
    }

    /// A line of a ledger: its part is whole if one of its lines says so.
    fn enter(&mut self, record: PartRecord) -> Result<()> {
        if self.whole.contains_key(&record.id) {
            return Ok(());
        }
        let faults = self.sweep.faults(&record)?;
        if faults.is_empty() {
            self.whole.insert(record.id, record);
        } else {
            let known = self.faults.entry(record.id).or_default();
            known.extend(faults);
            known.sort();
            known.dedup();
        }
        Ok(())
    }

    fn look_for_strangers(&mut self, path: &Path, listed: &BTreeSet<String>) -> Result<()> {
        for folder in ["", PLOTS].into_iter().chain(part_folders()) {
            if !folder.is_empty() && !is_folder(&path.join(folder))? {
                continue;
            }
            let of_parts = part_folders().any(|of_parts| of_parts == folder);
            for name in names(&path.join(folder))? {
                let file = if folder.is_empty() {
                    name.clone()
                } else {
                    format!("{folder}/{name}")
                };
                if temporary_of(&name).is_some() {
                    if !self.running {
                        self.litter.push(file);
                    }
                } else if !of_parts || is_system(&name) || listed.contains(&file) {
                    continue;
                } else if !is_part(&name) {
                    let what = "not ours, among the parts; move it away";
                    self.not_ours.push(format!("{file}: {what}"));
                } else if !self.running && !is_folder(&path.join(&file))? {
                    self.strange.push(format!("{file}: in no ledger"));
                }
            }
        }
        Ok(())
    }

    /// What is wrong, a line each: damaged parts, and what does not belong there.
    pub fn damages(&self) -> Vec<String> {
        let faults = self.faults.values().flatten();
        let others = self.strange.iter().chain(&self.not_ours);
        let others = others.chain(&self.in_the_way);
        let mut damages: Vec<String> = faults.chain(others).cloned().collect();
        damages.sort();
        damages
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
