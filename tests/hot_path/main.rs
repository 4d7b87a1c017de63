//! The hot path costs what it should: no allocation a replication, and vectors. Counts and ratios
//! with room, so that they hold on a machine with other work to do. A program by itself, because its
//! allocator counts.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use sysworld::counts::Tally;
use sysworld::diagnostics::Sources;
use sysworld::simulation::{
    Accountant, InstructionSet, LANES, LaneState, Model, Setting, State, compile, simulate,
    simulate_lanes,
};
use sysworld::world::{WorldFile, WorldSource};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The allocator of the system, which counts for each thread.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: it does what the system's does; the counter needs no memory of its own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

fn busy_model() -> Model {
    let source = WorldSource::find("cloudinfra", Path::new("")).expect("a built-in world");
    let file = WorldFile::load(&source, &mut Sources::default()).expect("a file");
    let world = file.world().expect("a world");
    let mut skills = world.skills.iter();
    let junior = skills.find(|(name, _)| name.get_ref() == "junior");
    let setting = Setting {
        chaos_multiplier: 3.0,
        skill: &junior.expect("a skill").1,
        seed: 1,
        scope: 0,
    };
    compile(&world, &setting)
}

/// Simulating and counting a replication allocates nothing once the lists have grown; the counter
/// does see what allocates.
#[test]
fn a_replication_allocates_nothing() {
    let model = busy_model();
    let (mut lanes, mut tally) = (LaneState::new(), Tally::default());
    let mut in_lanes = || {
        for first in (0..100).map(|block| block * LANES as u64) {
            simulate_lanes(&model, first, &mut lanes, InstructionSet::best());
            for (number, replication) in (first..).zip(lanes.replications()) {
                tally.replication(number, &replication, &model);
            }
            for incident in lanes.incidents() {
                tally.incident(first, incident, &model);
            }
        }
    };
    assert!(allocations(&mut in_lanes) > 0);
    assert_eq!(allocations(&mut in_lanes), 0);

    let (mut state, mut accountant) = (State::new(), Accountant::default());
    let mut one_by_one = || {
        for replication in 0..100 {
            black_box(simulate(&model, replication, &mut state, &mut accountant));
        }
    };
    assert!(allocations(&mut one_by_one) > 0);
    assert_eq!(allocations(&mut one_by_one), 0);
}

/// Where there are vectors, lanes are at least three times as fast as one by one (seven times where this
/// was written). The best of many turns, because others work on the machine too.
#[test]
fn lanes_are_vectors() {
    if InstructionSet::best() == InstructionSet::Baseline {
        return;
    }
    let model = busy_model();
    let (mut lanes, mut state) = (LaneState::new(), State::new());
    let [mut side_by_side, mut one_by_one] = [Duration::MAX; 2];
    for _ in 0..60 {
        let begun = Instant::now();
        simulate_lanes(&model, 0, &mut lanes, InstructionSet::best());
        side_by_side = side_by_side.min(begun.elapsed());
        let begun = Instant::now();
        for replication in 0..LANES as u64 {
            black_box(simulate(&model, replication, &mut state, &mut ()));
        }
        one_by_one = one_by_one.min(begun.elapsed());
    }
    let ratio = one_by_one.as_secs_f64() / side_by_side.as_secs_f64();
    println!("lanes are {ratio:.1} times as fast");
    assert!(ratio > 3.0, "only {ratio} times as fast");
}
