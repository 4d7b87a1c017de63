//! Roots of monotone functions, the same on every run: bisection.

/// Between `inside`, where `is_inside` holds, and `outside`, where it does not:
/// the last point inside, to within `tolerance` or to the last bit.
///
/// The limits may be in either order; both are finite.
pub(super) fn edge(
    mut inside: f64,
    mut outside: f64,
    tolerance: f64,
    is_inside: impl Fn(f64) -> bool,
) -> f64 {
    while (outside - inside).abs() > tolerance {
        let middle = inside + (outside - inside) / 2.0;
        if middle == inside || middle == outside {
            break;
        }
        if is_inside(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    inside
}
