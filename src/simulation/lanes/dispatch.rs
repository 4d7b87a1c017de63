//! The instruction sets that the lanes are compiled for. Whichever runs, the bits are the same.

use super::state::LaneState;
use crate::simulation::model::Model;
use crate::world::Phase;

/// What the processor offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstructionSet {
    /// What every processor of this architecture has.
    Baseline,
    /// 256-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl InstructionSet {
    /// What this processor has, the best last.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut sets = vec![Self::Baseline];
        #[cfg(target_arch = "x86_64")]
        {
            sets.extend(has_avx2().then_some(Self::Avx2));
            sets.extend(has_avx512().then_some(Self::Avx512));
        }
        sets
    }

    /// The best that this processor has.
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if has_avx512() {
            return Self::Avx512;
        } else if has_avx2() {
            return Self::Avx2;
        }
        Self::Baseline
    }
}

// What these ask for is what the functions below are compiled with. The answers are cached.

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx2(model: &Model, first: u64, state: &mut LaneState, after: impl FnMut(Phase) -> bool) {
    super::run(model, first, state, after);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx512(model: &Model, first: u64, state: &mut LaneState, after: impl FnMut(Phase) -> bool) {
    super::run(model, first, state, after);
}

/// Runs a block with an instruction set, or with the baseline where the processor lacks it.
#[allow(unsafe_code)]
pub(super) fn run(
    model: &Model,
    first: u64,
    state: &mut LaneState,
    set: InstructionSet,
    after: impl FnMut(Phase) -> bool,
) {
    match set {
        // SAFETY: the processor has the features of these functions, as `available` found.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 if has_avx512() => unsafe { run_avx512(model, first, state, after) },
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 if has_avx2() => unsafe { run_avx2(model, first, state, after) },
        _ => super::run(model, first, state, after),
    }
}
