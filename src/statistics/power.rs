//! How many pairs it takes to tell a difference from none.
//!
//! Source: Chow, Shao and Wang, Sample Size Calculations in Clinical Research, section 3.1 (test for
//! equality of one mean, here of the differences): n = ((z of the test + z of the power) σ / δ)².

use super::Confidence;
use super::critical::normal;

/// The probability with which a difference is to be told.
pub const POWER: f64 = 0.8;

/// Pairs after which a difference of a mean and a standard deviation is told from none with the
/// probability [`POWER`], if it is what it seems. `None` without a difference; at least 2.
pub fn pairs_to_tell(mean: f64, deviation: f64, confidence: Confidence) -> Option<f64> {
    let pairs = (quantiles(confidence)? * deviation / mean).powi(2);
    pairs.is_finite().then(|| pairs.ceil().max(2.0))
}

/// The least difference that so many pairs tell from none with the probability [`POWER`].
pub fn least_told(deviation: f64, pairs: u64, confidence: Confidence) -> Option<f64> {
    Some(quantiles(confidence)? * deviation / (pairs as f64).sqrt())
}

/// z of the test and z of the power. P(|Z| ≤ z) = 2 · power − 1 where P(Z ≤ z) = power.
fn quantiles(confidence: Confidence) -> Option<f64> {
    let power = Confidence::new(2.0 * POWER - 1.0)?;
    Some(normal(confidence) + normal(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (1.960 + 0.842)² · 50 / 5² = 15.7.
    #[test]
    fn a_difference_of_5_takes_16_pairs() {
        let confidence = Confidence::new(0.95).expect("a level");
        assert_eq!(pairs_to_tell(5.0, 50.0_f64.sqrt(), confidence), Some(16.0));
        assert_eq!(pairs_to_tell(0.0, 1.0, confidence), None);
        let least = least_told(50.0_f64.sqrt(), 16, confidence).expect("a number");
        assert!(least < 5.0 && least > 4.9, "{least}");
    }
}
