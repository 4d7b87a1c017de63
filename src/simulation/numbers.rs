//! Bounds of numbers that are never NaN: one comparison and one choice each, which is one
//! instruction for all lanes of a vector, and the same bits everywhere.

/// The greater of two numbers.
#[inline(always)]
pub(super) fn at_least(value: f64, low: f64) -> f64 {
    if value > low { value } else { low }
}

/// The smaller of two numbers.
#[inline(always)]
pub(super) fn at_most(value: f64, high: f64) -> f64 {
    if value < high { value } else { high }
}

/// `min(max(value, low), high)`.
#[inline(always)]
pub(super) fn clamp(value: f64, low: f64, high: f64) -> f64 {
    at_most(at_least(value, low), high)
}
