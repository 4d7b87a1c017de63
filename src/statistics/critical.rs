//! Critical values of the normal and the Student t distribution.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::erf::{erfc, erfc_inv};

use super::Confidence;
use super::root::edge;

/// From this many degrees of freedom on, the expansion is more exact than the
/// inverse incomplete beta function, which loses digits as they grow.
const LARGE_DF: f64 = 1000.0;

/// The two-sided standard normal critical value: P(|Z| ≤ z) = level.
pub(super) fn normal(confidence: Confidence) -> f64 {
    std::f64::consts::SQRT_2 * erfc_inv(confidence.alpha())
}

/// The two-sided Student t critical value: P(|T| ≤ t) = level.
///
/// `df` may be fractional. `None` unless it is positive and the value finite.
/// For large `df`: the Cornish–Fisher expansion of Abramowitz and Stegun,
/// 26.7.5, whose error is below 1e-13 at the usual levels.
pub(super) fn student(df: f64, confidence: Confidence) -> Option<f64> {
    // Written so that NaN is refused too.
    if !(df > 0.0 && df.is_finite()) {
        return None;
    }
    let t = if df < LARGE_DF {
        let distribution = StudentsT::new(0.0, 1.0, df).ok()?;
        -distribution.inverse_cdf(confidence.alpha() / 2.0)
    } else {
        expansion(df, normal(confidence))
    };
    t.is_finite().then_some(t)
}

fn expansion(df: f64, z: f64) -> f64 {
    let s = z * z;
    let g1 = z * (s + 1.0) / 4.0;
    let g2 = z * ((5.0 * s + 16.0) * s + 3.0) / 96.0;
    let g3 = z * (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0;
    let g4 = z * ((((79.0 * s + 776.0) * s + 1482.0) * s - 1920.0) * s - 945.0) / 92160.0;
    z + (g1 + (g2 + (g3 + g4 / df) / df) / df) / df
}

/// P(|Z| ≥ |z|) of a standard normal Z.
pub(super) fn normal_p_value(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// P(|T| ≥ |t|) of Student's T: the α at which [`student`] is |t|.
///
/// `None` unless `df` is positive and finite and `t` a number. For large `df`
/// the expansion is inverted, so that interval and p-value agree; above |t| of
/// about 10, where both are 0 for any use, it is inexact.
pub(super) fn student_p_value(t: f64, df: f64) -> Option<f64> {
    if !(df > 0.0 && df.is_finite()) || t.is_nan() {
        return None;
    }
    if t.is_infinite() {
        return Some(0.0);
    }
    if df < LARGE_DF {
        let distribution = StudentsT::new(0.0, 1.0, df).ok()?;
        return Some((2.0 * distribution.cdf(-t.abs())).min(1.0));
    }
    // Rises in z, and lies above it.
    let z = edge(0.0, t.abs(), 0.0, |z| expansion(df, z) <= t.abs());
    Some(normal_p_value(z))
}
