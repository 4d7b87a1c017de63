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

/// The lanes in a set, one bit each.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneSet(pub u64);

impl LaneSet {
    /// The lanes for which something holds.
    #[inline(always)]
    pub fn of(holds: impl Fn(usize) -> bool) -> Self {
        let mut bits = Row::of(0);
        for (lane, bit) in bits.iter_mut().enumerate() {
            *bit = u64::from(holds(lane)) << lane;
        }
        Self(bits.iter().fold(0, |set, bit| set | bit))
    }

    /// The first lane; any, if there is none.
    #[inline(always)]
    pub fn first(self) -> usize {
        // Never more: it tells the compiler that every row has the lane.
        self.0.trailing_zeros() as usize % LANES
    }

    /// All but the first lane.
    #[inline(always)]
    pub fn rest(self) -> Self {
        Self(self.0 & self.0.wrapping_sub(1))
    }
}

impl Iterator for LaneSet {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let first = (self.0 != 0).then(|| self.first());
        *self = self.rest();
        first
    }
}
