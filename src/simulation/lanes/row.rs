//! One value for each lane.

use std::ops::{Deref, DerefMut};

/// Replications that are simulated side by side.
pub const LANES: usize = 16;

/// One value for each lane. A loop over the lanes whose body only computes and chooses becomes
/// vector instructions; the alignment keeps each load within one line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Row<T>([T; LANES]);

impl<T: Copy> Row<T> {
    pub const fn of(value: T) -> Self {
        Self([value; LANES])
    }
}

impl<T> Deref for Row<T> {
    type Target = [T; LANES];

    #[inline(always)]
    fn deref(&self) -> &[T; LANES] {
        &self.0
    }
}

impl<T> DerefMut for Row<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T; LANES] {
        &mut self.0
    }
}

/// Several sets of lanes, one bit a lane. Packs them into one word, so one loop, and one
/// misprediction, serves all.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneSets([Row<u32>; 2]);

impl LaneSets {
    /// How many sets there are.
    pub const COUNT: usize = u64::BITS as usize / LANES;

    pub const fn empty() -> Self {
        Self([Row::of(0); 2])
    }

    /// Puts a lane into a set if something holds.
    #[inline(always)]
    pub fn put(&mut self, set: usize, lane: usize, holds: bool) {
        let bit = (1 << lane) << (set % 2 * LANES);
        self.0[set / 2][lane] |= if holds { bit } else { 0 };
    }

    /// Each set and lane in it, set by set.
    #[inline(always)]
    pub fn members(&self) -> Members {
        let mut halves = [0; 2];
        for (half, row) in halves.iter_mut().zip(&self.0) {
            for lane in 0..LANES {
                *half |= row[lane];
            }
        }
        Members(u64::from(halves[0]) | u64::from(halves[1]) << 32)
    }
}

/// What is left of the lanes in some sets.
pub(super) struct Members(u64);

impl Iterator for Members {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        let bit = self.0.trailing_zeros() as usize;
        let member = (self.0 != 0).then_some((bit / LANES, bit % LANES));
        self.0 &= self.0.wrapping_sub(1);
        member
    }
}
