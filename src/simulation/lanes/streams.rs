//! The streams of all lanes: the same numbers as [`super::super::streams`], many at once.

use super::row::{LANES, Row};
use crate::simulation::streams::{Bits, GOLDEN, mix, seed};

/// One Xoshiro256++ generator a lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneStreams([Row<u64>; 4]);

impl LaneStreams {
    /// The streams of a key for the replications from `first` on.
    #[inline(always)]
    pub fn new(key: u64, first: u64) -> Self {
        let mut words = [Row::of(0); 4];
        for lane in 0..LANES {
            let seed = seed(key, first.wrapping_add(lane as u64));
            let mut state = seed;
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
            outputs[lane] = self.step(lane).0;
        }
        outputs
    }

    /// The next output of one lane.
    #[inline(always)]
    pub fn step(&mut self, lane: usize) -> Bits {
        let mut s = self.state(lane);
        let output = step(&mut s);
        self.set_state(lane, s);
        output
    }

    /// What the scalar stream of the same name gives as five uniform numbers.
    #[inline(always)]
    pub fn five(&mut self) -> [Row<f64>; 5] {
        let mut units = [Row::of(0.0); 5];
        for lane in 0..LANES {
            let mut s = self.state(lane);
            let [a, b, c] = [step(&mut s), step(&mut s), step(&mut s)];
            self.set_state(lane, s);
            units[0][lane] = a.upper().unit();
            units[1][lane] = a.lower().unit();
            units[2][lane] = b.upper().unit();
            units[3][lane] = b.lower().unit();
            units[4][lane] = c.upper().unit();
        }
        units
    }

    #[inline(always)]
    fn state(&self, lane: usize) -> [u64; 4] {
        [
            self.0[0][lane],
            self.0[1][lane],
            self.0[2][lane],
            self.0[3][lane],
        ]
    }

    #[inline(always)]
    fn set_state(&mut self, lane: usize, s: [u64; 4]) {
        for (word, value) in self.0.iter_mut().zip(s) {
            word[lane] = value;
        }
    }
}

/// One step of Xoshiro256++ (Blackman and Vigna 2021).
#[inline(always)]
fn step(s: &mut [u64; 4]) -> Bits {
    let output = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
    let shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = s[3].rotate_left(45);
    Bits(output)
}
