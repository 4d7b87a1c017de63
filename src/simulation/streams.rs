//! Named random streams: every draw of a replication has one owner.
//!
//! A stream is a Xoshiro256++ generator. Its seed is a pure function of the master seed, the
//! replication, the purpose and the name (and of the design point only if random numbers are
//! asked to be independent), so neither threads nor batches nor other streams can change it:
//!
//! * `key` = the first 8 bytes, little endian, of BLAKE3 of the layout's name, the master seed
//!   (8 bytes, little endian), the scope (8 bytes, little endian; 0 for common random numbers),
//!   the purpose and the name, these two each ended by a zero byte;
//! * `seed` = mix(key ⊕ mix(replication)), with mix the output of one step of SplitMix64, which
//!   is a bijection: two replications never share a seed of the same stream;
//! * the 256 bits of state come from `seed` by SplitMix64, as the generator's authors advise.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::numbers::Number;

/// Name of the way seeds and draws are laid out; part of every stream's key.
pub const RANDOM_LAYOUT: &str = "sysworld streams 3";

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Events, targets and services of one chaos scenario.
    Chaos,
    /// The same of one chaos scenario at one server.
    ServerChaos,
    /// Initial values, drift, error rate and latency of one server.
    Environment,
    /// The traffic of the rounds.
    Traffic,
    /// Diagnoses, successes and what remediations draw.
    Response,
    /// How long the cases of one server take to be detected and acknowledged.
    Case,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Chaos => "chaos",
            Self::ServerChaos => "server_chaos",
            Self::Environment => "environment",
            Self::Traffic => "traffic",
            Self::Response => "response",
            Self::Case => "case",
        }
    }
}

/// The part of a stream's seed that all replications share.
pub fn stream_key(master_seed: u64, scope: u64, purpose: Purpose, name: &str) -> u64 {
    let mut hash = blake3::Hasher::new();
    hash.update(RANDOM_LAYOUT.as_bytes());
    hash.update(&master_seed.to_le_bytes());
    hash.update(&scope.to_le_bytes());
    hash.update(purpose.name().as_bytes());
    hash.update(&[0]);
    hash.update(name.as_bytes());
    hash.update(&[0]);
    let bytes = hash.finalize();
    bytes.as_bytes()[..8]
        .iter()
        .rev()
        .fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// The output of one step of SplitMix64 from a state (Steele, Lea and Flood 2014; constants by Stafford).
#[inline(always)]
pub(super) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(GOLDEN);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// What a state of SplitMix64 moves by in a step: 2⁶⁴ divided by the golden ratio, made odd.
pub(super) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The seed of one stream of one replication.
fn seed(key: u64, replication: u64) -> u64 {
    mixed_seed(key, mix(replication))
}

/// The seed of one stream of the replication whose [`mix`] this is.
#[inline(always)]
pub(super) fn mixed_seed(key: u64, mixed_replication: u64) -> u64 {
    mix(key ^ mixed_replication)
}

/// Bits of a case by the round in which it opens, of the replication whose [`mix`] this is: SplitMix64
/// as a counter, so that a case has the same whatever other cases there are.
#[inline(always)]
pub(super) fn case_bits(key: u64, mixed_replication: u64, round: u32) -> Bits {
    let steps = GOLDEN.wrapping_mul(u64::from(round));
    Bits(mix(mixed_seed(key, mixed_replication).wrapping_add(steps)))
}

/// One stream of one replication.
#[derive(Debug, Clone)]
pub(super) struct Stream(Xoshiro256PlusPlus);

impl Default for Stream {
    // Stands in a state that no replication has reset yet.
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl Stream {
    pub fn new(key: u64, replication: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed(key, replication)))
    }

    /// The next output.
    pub fn next(&mut self) -> Bits {
        Bits(self.0.next_u64())
    }

    /// Five uniform numbers: what a server needs at its start, and in every update.
    pub fn five(&mut self) -> [f32; 5] {
        let pair = [self.next(), self.next()];
        five(pair).map(unit)
    }
}

/// Five numbers of 24 bits from two outputs: the upper bits of their four halves, and a fifth
/// from what is left of three.
#[inline(always)]
pub(super) fn five([first, second]: [Bits; 2]) -> [u32; 5] {
    let [a, b] = [(first.0 >> 32) as u32, first.0 as u32];
    let [c, d] = [(second.0 >> 32) as u32, second.0 as u32];
    let rest = (a & 0xff) << 16 | (b & 0xff) << 8 | (c & 0xff);
    [a >> 8, b >> 8, c >> 8, d >> 8, rest]
}

/// 24 bits as a number in [0, 1), exactly.
#[inline(always)]
pub(super) fn unit(bits: u32) -> f32 {
    // Signed numbers are what vector instructions convert.
    bits as i32 as f32 * (1.0 / (1 << 24) as f32)
}

/// One output of a stream.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bits(pub u64);

impl Bits {
    #[inline(always)]
    pub fn upper(self) -> Half {
        Half(self.0 >> 32)
    }

    #[inline(always)]
    pub fn lower(self) -> Half {
        Half(self.0 & u64::from(u32::MAX))
    }

    /// The luck of the next alert: bits of SplitMix64 with these as its state.
    #[inline(always)]
    pub fn split(&mut self) -> Luck {
        let luck = Luck(Self(mix(self.0)));
        self.0 = self.0.wrapping_add(GOLDEN);
        luck
    }

    /// Rehashed bits, independent of the threshold comparison: the details of a rare event need no
    /// output of their own, and do not depend on the threshold.
    #[inline(always)]
    pub fn details(self) -> Self {
        Self(mix(self.0))
    }
}

/// What decides on one alert. Each decision has bits of its own, so none tells anything of another.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Luck(Bits);

impl Luck {
    /// That of these bits.
    #[inline(always)]
    pub fn of(bits: Bits) -> Self {
        Self(bits)
    }

    /// Its bits.
    #[inline(always)]
    pub fn bits(self) -> Bits {
        self.0
    }

    /// Whether the diagnosis is right.
    #[inline(always)]
    pub fn diagnoses(self, accuracy: Chance) -> bool {
        accuracy.happens_by_half(self.0.upper())
    }

    /// Whether the action succeeds.
    #[inline(always)]
    pub fn succeeds(self, success: Chance) -> bool {
        success.happens_by_half(self.0.lower())
    }

    /// The action that a misdiagnosis picks, the same whatever the accuracy. Its bits come from a
    /// multiplication by the golden ratio, whose multiples of numbers that share their upper or
    /// lower half are spread evenly.
    #[inline(always)]
    pub fn wrong_action(self, actions: usize) -> usize {
        let Bits(bits) = self.0;
        Bits(bits.wrapping_mul(GOLDEN)).upper().below(actions)
    }

    /// What says how long the action takes.
    #[inline(always)]
    pub fn duration(self) -> Half {
        self.details().upper()
    }

    /// What the first `draw` of the action takes, by its lower half; the next takes the details
    /// of these.
    #[inline(always)]
    pub fn details(self) -> Bits {
        self.0.details()
    }
}

/// 32 random bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Half(u64);

impl Half {
    /// The bits.
    #[inline(always)]
    pub fn bits(self) -> u32 {
        self.0 as u32
    }

    /// These bits.
    pub fn of(bits: u32) -> Self {
        Self(u64::from(bits))
    }

    /// A number in [0, 1), exactly h · 2⁻³²: the bits become the fraction of a number in [1, 2).
    #[inline(always)]
    pub fn unit(self) -> f64 {
        f64::from_bits(self.0 << 20 | 0x3ff0_0000_0000_0000) - 1.0
    }

    /// An index below `bound` (at most 2³²), by multiply and shift: the number of draws never
    /// depends on their values. Each index has ⌊2³² / bound⌋ of the 2³² values or one more, so its
    /// probability is off by less than 2⁻³².
    #[inline(always)]
    pub fn below(self, bound: usize) -> usize {
        ((self.0 * bound as u64) >> 32) as usize
    }
}

/// A probability as a threshold of whole numbers, rounded up: 0 never and 1 always happens, and
/// what is used is too great by less than 2⁻⁵³ for a whole output, by less than 2⁻³² for half one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    /// Of 2⁵³, for a whole output: rare events keep their probability.
    of_bits: u64,
    /// Of 2³², for half an output.
    of_half: u64,
}

impl Chance {
    pub fn new(probability: f64) -> Self {
        let threshold = |bits: u32| (probability * (1_u64 << bits) as f64).ceil() as u64;
        Self {
            of_bits: threshold(53),
            of_half: threshold(32),
        }
    }

    #[inline(always)]
    pub fn happens(self, bits: Bits) -> bool {
        bits.0 >> 11 < self.of_bits
    }

    #[inline(always)]
    pub fn happens_by_half(self, half: Half) -> bool {
        half.0 < self.of_half
    }
}

/// A uniform distribution on [low, high).
#[derive(Debug, Clone, Copy)]
pub(super) struct Uniform<T> {
    low: T,
    width: T,
}

impl<T: Number> Uniform<T> {
    /// The value at a number in [0, 1).
    #[inline(always)]
    pub fn at(self, unit: T) -> T {
        self.low + self.width * unit
    }
}

impl Uniform<f64> {
    pub fn new(low: f64, high: f64) -> Self {
        Self {
            low,
            width: high - low,
        }
    }

    /// The same for a value that is held in 32 bits.
    pub fn narrow(self) -> Uniform<f32> {
        Uniform {
            low: self.low as f32,
            width: self.width as f32,
        }
    }
}

#[cfg(test)]
mod tests;
