//! The streams of all lanes: the same numbers as [`super::super::streams`], many at once.

use super::row::{LANES, Row};
use crate::simulation::streams::{Bits, GOLDEN, five, mix, mixed_seed, unit};

/// The part of a seed that all streams of a replication share, for those from `first` on.
#[inline(always)]
pub(super) fn mixed_replications(first: u64) -> Row<u64> {
    let mut mixed = Row::of(0);
    for lane in 0..LANES {
        mixed[lane] = mix(first.wrapping_add(lane as u64));
    }
    mixed
}

/// One Xoshiro256++ generator a lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneStreams([Row<u64>; 4]);

impl Default for LaneStreams {
    // Stands in a state that no block has reset yet.
    fn default() -> Self {
        Self([Row::of(0); 4])
    }
}

impl LaneStreams {
    /// The streams of a key for [`mixed_replications`].
    #[inline(always)]
    pub fn new(key: u64, replications: &Row<u64>) -> Self {
        let mut words = [Row::of(0); 4];
        for lane in 0..LANES {
            let mut state = mixed_seed(key, replications[lane]);
            for word in &mut words {
                word[lane] = mix(state);
                state = state.wrapping_add(GOLDEN);
            }
        }
        Self(words)
    }

    /// The next output of every lane.
    #[inline(always)]
    pub fn next(&mut self) -> Row<u64> {
        let mut outputs = Row::of(0);
        for lane in 0..LANES {
            let mut stream = self.lane(lane);
            outputs[lane] = stream.next().0;
            self.set_lane(lane, stream);
        }
        outputs
    }

    /// What the scalar stream of the same name gives as five uniform numbers.
    #[inline(always)]
    pub fn five(&mut self) -> [Row<f32>; 5] {
        let mut pair = [Row::of(0); 2];
        for lane in 0..LANES {
            let mut stream = self.lane(lane);
            pair[0][lane] = stream.next().0;
            pair[1][lane] = stream.next().0;
            self.set_lane(lane, stream);
        }
        let mut units = [Row::of(0.0); 5];
        for lane in 0..LANES {
            let numbers = five([Bits(pair[0][lane]), Bits(pair[1][lane])]);
            for (units, number) in units.iter_mut().zip(numbers) {
                units[lane] = unit(number);
            }
        }
        units
    }

    /// The stream of one lane, for those who draw alone.
    #[inline(always)]
    pub fn lane(&self, lane: usize) -> LaneStream {
        let [a, b, c, d] = &self.0;
        LaneStream([a[lane], b[lane], c[lane], d[lane]])
    }

    #[inline(always)]
    pub fn set_lane(&mut self, lane: usize, stream: LaneStream) {
        for (words, word) in self.0.iter_mut().zip(stream.0) {
            words[lane] = word;
        }
    }
}

/// The stream of one lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneStream([u64; 4]);

impl LaneStream {
    /// One step of Xoshiro256++ (Blackman and Vigna 2021).
    #[inline(always)]
    pub fn next(&mut self) -> Bits {
        let s = &mut self.0;
        let sum = s[0].wrapping_add(s[3]);
        let output = sum.rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        Bits(output)
    }
}
