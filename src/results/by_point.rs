//! The counts of a results folder, point by point: memory follows a row group of each generation,
//! not the number of design points.

use std::collections::BTreeMap;
use std::path::Path;
use std::slice;
use std::sync::atomic::AtomicBool;
use std::vec;

use anyhow::{Result, anyhow};

use super::file_record::FileRecord;
use super::names::PartTable;
use super::stamp::stamp;
use super::sweep::Sweep;
use super::tables::CountRows;
use super::unfinished::Unfinished;
use crate::counts::PointCounts;
use crate::design::Design;
use crate::error::heard;
use crate::sweep::{Part, Segment};

/// The counts of each design point that has replications, in design order, from the finished parts
/// of a sweep.
///
/// The parts of a generation have its points in their order, so one part of each generation is open
/// at a time, and one row group of it is decoded.
pub struct ByPoint<'a> {
    sweep: &'a Sweep,
    generations: Vec<Generation<'a>>,
    parts: Vec<&'a Part>,
    stop: &'a AtomicBool,
}

impl<'a> ByPoint<'a> {
    /// Looks which parts are finished. With `stop` set, the next point is the error
    /// [`Interrupted`](crate::error::Interrupted).
    ///
    /// # Errors
    ///
    /// A file of counts can't be read, or is damaged.
    pub fn open(sweep: &'a Sweep, stop: &'a AtomicBool) -> Result<Self> {
        let (design, plan) = (&sweep.design, &sweep.plan.parts);
        let mut files: Vec<(FileRecord, &Part)> = Vec::new();
        for record in sweep.finished()? {
            // A part that is not planned was entered by a run that goes on meanwhile.
            let planned = plan.binary_search_by_key(&record.id, |part| part.id);
            let counts = record
                .files
                .into_iter()
                .find(|file| PartTable::Counts.has(&file.path));
            files.extend(counts.zip(planned.ok().map(|at| &plan[at])));
        }
        let parts = files.iter().map(|(_, part)| *part).collect();
        let mut generations = Vec::new();
        while let Some((_, first)) = files.first() {
            let generation = first.id.generation;
            let others = files.partition_point(|(_, part)| part.id.generation == generation);
            let rest = files.split_off(others);
            let own = std::mem::replace(&mut files, rest);
            generations.push(Generation::new(&sweep.root, design, own)?);
        }
        Ok(Self {
            sweep,
            generations,
            parts,
            stop,
        })
    }

    /// How far the sweep is, if it is not finished.
    pub fn unfinished(&self) -> Option<Unfinished> {
        Unfinished::of(self.sweep, &self.parts)
    }

    /// The counts of a finished sweep; an error if it is not: who says that it is done, or decides
    /// on it, asks for this.
    ///
    /// # Errors
    ///
    /// The sweep is not finished.
    pub fn finished(self) -> Result<Self> {
        match self.unfinished() {
            None => Ok(self),
            Some(unfinished) => {
                let path = self.sweep.root.display();
                Err(anyhow!("{path}: {unfinished}; `run` goes on"))
            }
        }
    }

    /// The counts of one design point; only the parts that have some of it are read.
    ///
    /// # Errors
    ///
    /// A file of counts can't be read, or is damaged.
    pub fn of(mut self, point: usize) -> Result<PointCounts> {
        let mut counts = PointCounts::default();
        for generation in &mut self.generations {
            generation.skip_to(point)?;
            generation.take(point, &mut counts)?;
        }
        Ok(counts)
    }

    /// The design points that will come, in order.
    pub fn points(&self) -> Vec<usize> {
        let mut has = vec![false; self.sweep.design.len()];
        for segment in self.parts.iter().flat_map(|part| &part.segments) {
            has[segment.point] = true;
        }
        (0..has.len()).filter(|point| has[*point]).collect()
    }
}

impl Iterator for ByPoint<'_> {
    type Item = Result<(usize, PointCounts)>;

    fn next(&mut self) -> Option<Self::Item> {
        let nexts = self.generations.iter().filter_map(Generation::point);
        let point = nexts.min()?;
        let mut counts = PointCounts::default();
        let read = heard(self.stop).and_then(|()| {
            let mut generations = self.generations.iter_mut();
            generations.try_for_each(|generation| generation.take(point, &mut counts))
        });
        if read.is_err() {
            // What comes after it can't be told.
            self.generations.clear();
        }
        Some(read.map(|()| (point, counts)))
    }
}

/// The counts of one generation.
enum Generation<'a> {
    /// Its points are in design order.
    InOrder(Parts<'a>),
    /// They are not, because levels have changed places since: so they are in memory.
    Gathered(BTreeMap<usize, PointCounts>),
}

impl<'a> Generation<'a> {
    fn new(path: &'a Path, design: &'a Design, files: Vec<(FileRecord, &'a Part)>) -> Result<Self> {
        let points = files.iter().flat_map(|(_, part)| &part.segments);
        let in_order = points.map(|segment| segment.point).is_sorted();
        let mut parts = Parts {
            path,
            design,
            files: files.into_iter(),
            open: None,
        };
        if in_order {
            return Ok(Self::InOrder(parts));
        }
        let mut gathered: BTreeMap<usize, PointCounts> = BTreeMap::new();
        while let Some(point) = parts.point() {
            parts.take(gathered.entry(point).or_default())?;
        }
        Ok(Self::Gathered(gathered))
    }

    /// The next point.
    fn point(&self) -> Option<usize> {
        match self {
            Self::InOrder(parts) => parts.point(),
            Self::Gathered(points) => points.keys().next().copied(),
        }
    }

    /// Leaves out the points before this one.
    fn skip_to(&mut self, point: usize) -> Result<()> {
        if let Self::InOrder(parts) = self {
            let last = |part: &Part| part.segments.last().map(|segment| segment.point);
            while parts
                .files
                .as_slice()
                .first()
                .is_some_and(|(_, part)| last(part) < Some(point))
            {
                parts.files.next();
            }
            while parts.point().is_some_and(|next| next < point) {
                parts.take(&mut PointCounts::default())?;
            }
        }
        Ok(())
    }

    /// Adds what there is of a point, if that comes next.
    fn take(&mut self, point: usize, counts: &mut PointCounts) -> Result<()> {
        match self {
            Self::InOrder(parts) => {
                while parts.point() == Some(point) {
                    parts.take(counts)?;
                }
            }
            Self::Gathered(points) => {
                if let Some(of_point) = points.remove(&point) {
                    counts.add(&of_point);
                }
            }
        }
        Ok(())
    }
}

/// The parts of a generation, segment by segment.
struct Parts<'a> {
    path: &'a Path,
    design: &'a Design,
    files: vec::IntoIter<(FileRecord, &'a Part)>,
    open: Option<(slice::Iter<'a, Segment>, CountRows)>,
}

impl<'a> Parts<'a> {
    /// The point of the next segment, which the plan knows.
    fn point(&self) -> Option<usize> {
        let here = self
            .open
            .as_ref()
            .and_then(|(left, _)| left.as_slice().first());
        let next = || self.files.as_slice().first()?.1.segments.first();
        here.or_else(next).map(|segment| segment.point)
    }

    /// Adds the counts of the next segment.
    fn take(&mut self, counts: &mut PointCounts) -> Result<()> {
        let done = |(left, _): &(slice::Iter<Segment>, CountRows)| left.len() == 0;
        if self.open.as_ref().is_none_or(done) {
            self.open = match self.files.next() {
                Some((file, part)) => {
                    let stamp = stamp(self.design, part);
                    let rows = CountRows::new(file.read(self.path, &stamp)?)?;
                    Some((part.segments.iter(), rows))
                }
                None => None,
            };
        }
        let Some((segments, rows)) = &mut self.open else {
            return Ok(());
        };
        let Some(segment) = segments.next() else {
            return Ok(());
        };
        let key = self.design.key(segment.point);
        let before = counts.replications();
        while let Some(row) = rows.next_of(key)? {
            counts.absorb(row);
        }
        let (planned, found) = (segment.count, counts.replications() - before);
        if found != planned {
            return Err(anyhow!(
                "the counts of design point {key} are of {found} replications, not of the {planned} \
                 that its part was to have; `run` makes a damaged part again"
            ));
        }
        Ok(())
    }
}
