//! The range of a difference of two means that are uncertain on the log scale.

use std::f64::consts::TAU;

use super::Interval;

/// Directions from the centre that are tried before the best is refined.
const DIRECTIONS: u32 = 360;
/// Steps of refinement: each leaves two thirds of an arc, and these the last bits.
const REFINEMENTS: u32 = 80;

/// Two means a and b whose logarithms lie in an ellipse about their estimates.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogEllipse {
    /// a and b, above 0.
    pub means: [f64; 2],
    /// How far ln a, and ln b, reaches to either side.
    pub reaches: [f64; 2],
    /// The correlation of their logarithms, −1 to 1.
    pub correlation: f64,
}

impl LogEllipse {
    /// The least and the largest a − b. They lie on the rim, since the difference has no extremum
    /// inside. `None` where an end is infinite.
    pub fn difference(&self) -> Option<Interval> {
        Interval::new(-self.farthest(-1.0), self.farthest(1.0))
    }

    /// The largest of `sign` × (a − b).
    fn farthest(&self, sign: f64) -> f64 {
        let value = |angle: f64| sign * self.at(angle);
        let step = TAU / f64::from(DIRECTIONS);
        let directions = (0..DIRECTIONS).map(|i| f64::from(i) * step);
        let best = directions
            .max_by(|a, b| value(*a).total_cmp(&value(*b)))
            .unwrap_or(0.0);
        let (mut from, mut to) = (best - step, best + step);
        for _ in 0..REFINEMENTS {
            let third = (to - from) / 3.0;
            if value(from + third) < value(to - third) {
                from += third;
            } else {
                to -= third;
            }
        }
        value(from + (to - from) / 2.0).max(value(best))
    }

    /// a − b on the rim.
    fn at(&self, angle: f64) -> f64 {
        let Self {
            means: [a, b],
            reaches,
            correlation,
        } = self;
        let (sin, cos) = angle.sin_cos();
        let across = (1.0 - correlation * correlation).max(0.0).sqrt();
        let (x, y) = (cos, correlation * cos + across * sin);
        // Sums of small numbers, so that narrow ellipses keep their digits.
        (a - b) + (a * (reaches[0] * x).exp_m1() - b * (reaches[1] * y).exp_m1())
    }
}
