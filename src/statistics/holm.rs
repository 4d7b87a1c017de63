//! Several tests at once.

/// A p-value below this is not told from 0: the tails that it rests on are not known that far. It
/// stands for "below", so that no p-value is 0.
pub const SMALLEST_P: f64 = 1e-16;

/// Holm-adjusted p-values over the tests of a table, in their order; a test
/// without a p-value stays without and does not count.
///
/// With the m p-values in ascending order, the i-th (from 0) becomes the largest
/// (m − j) p(j) over j ≤ i, at most 1: rejecting what is below α keeps the
/// probability of any false rejection at α, however the tests depend.
///
/// Holm (1979), A simple sequentially rejective multiple test procedure,
/// Scandinavian J. of Statistics 6.
pub fn holm(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut tests: Vec<(f64, usize)> = p_values
        .iter()
        .enumerate()
        .filter_map(|(test, p)| p.map(|p| (p, test)))
        .collect();
    tests.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut adjusted = vec![None; p_values.len()];
    let mut largest = 0.0_f64;
    let count = tests.len();
    for (before, (p, test)) in tests.into_iter().enumerate() {
        largest = largest.max((count - before) as f64 * p).min(1.0);
        adjusted[test] = Some(largest);
    }
    adjusted
}
