//! The numbers of a replication, and their bounds.
//!
//! What adds up from round to round (the bases) is held in 64 bits, so that the smallest drift
//! counts; what every round evaluates anew (load, usage, health, error rate, latency) in 32, of
//! which a vector holds twice as many. Bounds are one comparison and one choice, for
//! numbers that are never NaN: one instruction for all lanes, and the same bits everywhere.

use std::ops::{Add, Mul};

/// A number of either width.
pub(super) trait Number:
    Copy + PartialOrd + Add<Output = Self> + Mul<Output = Self>
{
}

impl Number for f32 {}
impl Number for f64 {}

/// The greater of two numbers.
#[inline(always)]
pub(super) fn at_least<T: Number>(value: T, low: T) -> T {
    if value > low { value } else { low }
}

/// The smaller of two numbers.
#[inline(always)]
pub(super) fn at_most<T: Number>(value: T, high: T) -> T {
    if value < high { value } else { high }
}

/// `min(max(value, low), high)`.
#[inline(always)]
pub(super) fn clamp<T: Number>(value: T, low: T, high: T) -> T {
    at_most(at_least(value, low), high)
}
