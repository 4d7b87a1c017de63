//! Single replications, read again from the parts: for comparisons, which pair them.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result, anyhow};

use super::file_record::FileRecord;
use super::frame;
use super::names::PartTable;
use super::sweep::Sweep;
use crate::sweep::PartId;

/// Parts that stay in memory, beside those that a reader asks for.
const SPARE_PARTS: usize = 2;

/// What some replications of a design point came to, one after another.
#[derive(Debug, Clone, Default)]
pub struct Outcomes {
    /// Checks that found the server up.
    pub up_checks: Vec<u32>,
    /// Rounds in which the journey worked; 0 in a world without one.
    pub journey_up_rounds: Vec<u32>,
    /// Whether the SLA was met.
    pub sla_met: Vec<bool>,
}

/// Where a run of replications stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    part: PartId,
    first: u64,
    count: u64,
    /// The row of the first one in the part.
    row: usize,
}

/// The replications of a results folder that are finished.
#[derive(Debug)]
pub struct Replications {
    path: PathBuf,
    /// The file of each part, and the stamp of the part.
    files: BTreeMap<PartId, (FileRecord, String)>,
    /// By design point, in the order of the replications.
    places: Vec<Vec<Place>>,
    cache: VecDeque<(PartId, Rc<Outcomes>)>,
    parts_in_memory: usize,
}

impl Replications {
    /// Looks where they are, in the table `runs` or, where that was not asked for, in the folder
    /// that is kept for comparisons. As many parts stay in memory as `readers` points need.
    ///
    /// # Errors
    ///
    /// The ledger can't be read.
    pub fn of(sweep: &Sweep, readers: usize) -> Result<Self> {
        let table = if sweep.design.experiment().output.has_runs() {
            PartTable::Runs
        } else {
            PartTable::Outcomes
        };
        let mut files = BTreeMap::new();
        for record in sweep.finished()? {
            let wanted =
                |file: &FileRecord| table.has(&file.path) && file.path.ends_with(".parquet");
            if let Some(file) = record.files.into_iter().find(wanted) {
                files.insert(record.id, (file, record.stamp));
            }
        }
        let mut places = vec![Vec::new(); sweep.design.len()];
        for part in sweep
            .plan
            .parts
            .iter()
            .filter(|part| files.contains_key(&part.id))
        {
            let mut row = 0;
            for segment in &part.segments {
                places[segment.point].push(Place {
                    part: part.id,
                    first: segment.first,
                    count: segment.count,
                    row,
                });
                row += segment.count as usize;
            }
        }
        Ok(Self {
            path: sweep.root.clone(),
            files,
            places,
            cache: VecDeque::new(),
            parts_in_memory: readers + SPARE_PARTS,
        })
    }

    /// How many replications of a point are there, from the first without a gap.
    pub fn reached(&self, point: usize) -> u64 {
        let places = self.places[point].iter();
        places.fold(0, |reached, place| {
            if place.first == reached {
                reached + place.count
            } else {
                reached
            }
        })
    }

    /// Some replications of a point, which must be there.
    ///
    /// # Errors
    ///
    /// A file can't be read, or lacks the replications.
    pub fn read(&mut self, point: usize, first: u64, count: u64) -> Result<Outcomes> {
        let mut found = Outcomes::default();
        let (mut at, end) = (first, first + count);
        for place in self.places[point].clone() {
            if at < place.first || at >= place.first + place.count || at == end {
                continue;
            }
            let stop = end.min(place.first + place.count);
            let from = place.row + (at - place.first) as usize;
            let rows = from..from + (stop - at) as usize;
            let part = self.part(place.part)?;
            let lost = || anyhow!("part {} has too few rows", place.part);
            let part_rows = |len: usize| (rows.end <= len).then_some(rows.clone());
            let rows = part_rows(part.sla_met.len()).ok_or_else(lost)?;
            found.up_checks.extend(&part.up_checks[rows.clone()]);
            found
                .journey_up_rounds
                .extend(&part.journey_up_rounds[rows.clone()]);
            found.sla_met.extend(&part.sla_met[rows]);
            at = stop;
        }
        if at < end {
            return Err(anyhow!("replication {at} of a design point is missing"));
        }
        Ok(found)
    }

    fn part(&mut self, id: PartId) -> Result<Rc<Outcomes>> {
        if let Some(at) = self.cache.iter().position(|(known, _)| *known == id)
            && let Some(entry) = self.cache.remove(at)
        {
            let part = Rc::clone(&entry.1);
            self.cache.push_back(entry);
            return Ok(part);
        }
        let (file, stamp) = self.files.get(&id).context("a part without a file")?;
        let part = decode(file.read(&self.path, stamp)?);
        let part = part.with_context(|| {
            let target = self.path.join(&file.path);
            format!("{} is not a table of replications", target.display())
        })?;
        let part = Rc::new(part);
        self.cache.push_back((id, Rc::clone(&part)));
        if self.cache.len() > self.parts_in_memory {
            self.cache.pop_front();
        }
        Ok(part)
    }
}

fn decode(bytes: Vec<u8>) -> Result<Outcomes> {
    let data = frame::decode_columns(bytes, &["up_checks", "journey_up_rounds", "sla_met"])?;
    let whole = |name: &str| -> Result<Vec<u32>> {
        let column = data.column(name)?.i64()?;
        let whole = column
            .iter()
            .map(|value| u32::try_from(value.unwrap_or_default()));
        Ok(whole.collect::<std::result::Result<_, _>>()?)
    };
    let sla_met = data.column("sla_met")?.bool()?;
    Ok(Outcomes {
        up_checks: whole("up_checks")?,
        journey_up_rounds: whole("journey_up_rounds")?,
        sla_met: sla_met.iter().map(Option::unwrap_or_default).collect(),
    })
}
