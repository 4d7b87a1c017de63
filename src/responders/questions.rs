//! Which replications need answers, and which of them lack one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Result, anyhow};

use super::{Answering, Recording, lock};
use crate::design::{Design, Resolved};
use crate::error::heard;
use crate::simulation::{Model, State, simulate_with};

/// Replications of design points whose responder has to be asked: in the order of the replications, so
/// that a stop leaves all points with the same ones.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Number of the replication, and design point.
    pub(super) tasks: Vec<(u64, usize)>,
}

impl Wanted {
    /// Those among replications that are given as design point, first, count.
    pub fn of(design: &Design, replications: impl Iterator<Item = (usize, u64, u64)>) -> Self {
        Self::all(replications.filter(|(point, ..)| design.variation(*point).asked))
    }

    /// All of them, whoever responds.
    pub(super) fn all(replications: impl Iterator<Item = (usize, u64, u64)>) -> Self {
        let mut tasks: Vec<(u64, usize)> = replications
            .flat_map(|(point, first, count)| (first..first + count).map(move |r| (r, point)))
            .collect();
        tasks.sort_unstable();
        Self { tasks }
    }

    /// Whether nobody has to be asked.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// How many replications.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }
}

/// Replications that lack an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unanswered {
    /// How many; each stops at its first missing answer.
    pub replications: usize,
    /// The first of them: replication and design point. Before it, all points have theirs.
    pub first: (u64, usize),
}

/// Looks which replications lack an answer, on so many threads; `None` if none does.
///
/// # Errors
///
/// [`Interrupted`](crate::error::Interrupted) once `stop` is set.
pub fn unanswered(
    design: &Design,
    wanted: &Wanted,
    recording: &Recording,
    threads: usize,
    stop: &AtomicBool,
) -> Result<Option<Unanswered>> {
    let lacking = Mutex::new(Vec::new());
    each(wanted, threads, stop, |points, task, state| {
        let (resolved, model) = points.get(design, task.1)?;
        let mut answering = Answering::new(resolved, Some(recording));
        if simulate_with(model, task.0, state, &mut (), &mut answering).is_break() {
            lock(&lacking).push(task);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let lacking = lacking.into_inner().unwrap_or_else(PoisonError::into_inner);
    let first = lacking.iter().min().copied();
    Ok(first.map(|first| Unanswered {
        replications: lacking.len(),
        first,
    }))
}

/// Design points that are compiled, each once.
#[derive(Default)]
pub(super) struct Points(BTreeMap<usize, (Resolved, Model)>);

impl Points {
    /// A point of a design.
    pub fn get(&mut self, design: &Design, point: usize) -> Result<(&Resolved, &Model)> {
        let (resolved, model) = match self.0.entry(point) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(design.point_and_model(point)?),
        };
        Ok((resolved, model))
    }
}

/// Does some work for each task, in their order, on so many threads, until one of them breaks off or
/// fails. Returns whether all was done.
pub(super) fn each(
    wanted: &Wanted,
    threads: usize,
    stop: &AtomicBool,
    work: impl Fn(&mut Points, (u64, usize), &mut State) -> Result<ControlFlow<()>> + Sync,
) -> Result<bool> {
    let (next, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
    let worker = || -> Result<bool> {
        let (mut points, mut state) = (Points::default(), State::new());
        while !ended.load(Ordering::Relaxed) {
            heard(stop).inspect_err(|_| ended.store(true, Ordering::Relaxed))?;
            let Some(task) = wanted.tasks.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return Ok(true);
            };
            match work(&mut points, *task, &mut state) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => ended.store(true, Ordering::Relaxed),
                Err(error) => {
                    ended.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(false)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(worker)).collect();
        let mut all = true;
        for thread in threads {
            all &= thread
                .join()
                .map_err(|_| anyhow!("a bug of sysworld: a thread panicked"))??;
        }
        Ok(all)
    })
}
