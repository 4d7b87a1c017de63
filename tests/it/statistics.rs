//! The statistics against third-party values and their own promises.
//!
//! `data/statistics/reference.json` holds values of scipy, statsmodels and
//! lifelines; `make_reference.py` beside it made them.

use serde_json::Value;
use sysworld::statistics::jackknife::{GROUPS, TtrCell, TtrDistribution};
use sysworld::statistics::mean::bounded_mean;
use sysworld::statistics::proportion::wilson;
use sysworld::statistics::quantile::quantile;
use sysworld::statistics::survival::{self, TtrCount, kaplan_meier};
use sysworld::statistics::{Confidence, Interval, WITHHELD_FEW_EVENTS};

pub const TOLERANCE: f64 = 1e-9;

pub fn reference(section: &str) -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/statistics/reference.json"
    );
    let text = std::fs::read_to_string(path).expect("the reference is there");
    let mut all: Value = serde_json::from_str(&text).expect("the reference is JSON");
    match all[section].take() {
        Value::Array(cases) if !cases.is_empty() => cases,
        other => panic!("{section}: {other}"),
    }
}

pub fn float(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("a number: {value}"))
}

pub fn int(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("a count: {value}"))
}

pub fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("a list: {value}"))
}

/// Relative, with an absolute floor for values near 0.
#[track_caller]
pub fn assert_close(ours: f64, theirs: f64, what: &str) {
    let error = (ours - theirs).abs() / theirs.abs().max(1e-3);
    assert!(error <= TOLERANCE, "{what}: {ours} is not {theirs}");
}

#[track_caller]
pub fn assert_interval(ours: Option<Interval>, lo: &Value, hi: &Value, what: &str) {
    let ours = ours.unwrap_or_else(|| panic!("{what}: no interval"));
    assert_close(ours.lo, float(lo), what);
    assert_close(ours.hi, float(hi), what);
}

#[track_caller]
fn assert_sound(interval: Option<Interval>) {
    if let Some(Interval { lo, hi }) = interval {
        assert!(lo.is_finite() && hi.is_finite() && lo <= hi, "[{lo}, {hi}]");
    }
}

pub fn histogram(case: &Value) -> Vec<(u64, u64)> {
    let pairs = list(&case["histogram"]).iter();
    pairs.map(|pair| (int(&pair[0]), int(&pair[1]))).collect()
}

pub fn at(level: f64) -> Confidence {
    Confidence::new(level).expect("a level")
}

// Third-party values

#[test]
fn wilson_agrees_with_scipy_and_statsmodels() {
    for case in reference("proportions") {
        let (k, n) = (int(&case["k"]), int(&case["n"]));
        let ours = wilson(k, n, at(float(&case["level"]))).expect("an estimate");
        // Relative even at one in a million.
        let interval = ours.interval.expect("an interval");
        for (ours, theirs) in [
            (interval.lo, float(&case["lo"])),
            (interval.hi, float(&case["hi"])),
        ] {
            let error = (ours - theirs).abs();
            assert!(error <= TOLERANCE * theirs + 1e-16, "{case}: {ours}");
        }
    }
}

#[test]
fn means_agree_with_scipy() {
    let mut methods = Vec::new();
    for case in reference("means") {
        let name = case["name"].as_str().expect("a name");
        let ours = bounded_mean(
            &histogram(&case),
            int(&case["scale"]),
            Confidence::default(),
        );
        let ours = ours.expect("an estimate");
        assert_close(ours.mean, float(&case["mean"]), name);
        assert_close(ours.sd.expect("a deviation"), float(&case["sd"]), name);
        assert_sound(ours.interval);
        if ours.method == "student_t" {
            assert_interval(ours.interval, &case["t_lo"], &case["t_hi"], name);
        }
        methods.push((name.to_owned(), ours.method));
    }
    let of = |name: &str| {
        methods
            .iter()
            .find(|(found, _)| found == name)
            .map(|found| found.1)
    };
    assert_eq!(of("even"), Some("student_t"));
    assert_eq!(of("near one"), Some("student_t"));
    assert_eq!(of("rare failures"), Some("empirical_bernstein"));
    assert_eq!(of("small"), Some("empirical_bernstein"));
}

#[test]
fn student_critical_values_agree_with_scipy_at_any_size() {
    // Half the replications at 0, half at 1: mean 1/2, and the half-width gives t.
    for n in [60u64, 200, 1000, 1002, 100_000, 1_000_000, 1_000_000_000] {
        let case = reference("critical_values_of_even_samples");
        let case = case
            .iter()
            .find(|case| int(&case["n"]) == n)
            .expect("a case");
        let ours = bounded_mean(&[(0, n / 2), (1, n / 2)], 1, Confidence::default());
        let ours = ours.expect("an estimate");
        assert_interval(ours.interval, &case["lo"], &case["hi"], &format!("n = {n}"));
    }
}

#[test]
fn quantiles_agree_with_scipy() {
    for case in reference("means") {
        let (histogram, scale) = (histogram(&case), int(&case["scale"]));
        for expected in list(&case["quantiles"]) {
            let per_mille = int(&expected["per_mille"]) as u32;
            let what = format!("{} {expected}", case["name"]);
            let ours = quantile(&histogram, scale, per_mille, Confidence::default());
            let ours = ours.expect("an estimate");
            assert_close(ours.value, float(&expected["value"]), &what);
            assert_interval(ours.interval, &expected["lo"], &expected["hi"], &what);
        }
    }
}

#[test]
fn order_statistic_ranks_agree_with_scipy() {
    for case in reference("ranks") {
        let (n, per_mille) = (int(&case["n"]), int(&case["per_mille"]) as u32);
        // Each rank is its own value; 0 and n + 1 are the bounds of the scale.
        let ranks: Vec<(u64, u64)> = (1..=n).map(|rank| (rank, 1)).collect();
        let ours = quantile(&ranks, n + 1, per_mille, Confidence::default());
        let interval = ours.and_then(|ours| ours.interval).expect("an interval");
        let scale = (n + 1) as f64;
        assert_eq!(
            (interval.lo * scale).round() as u64,
            int(&case["l"]),
            "{case}"
        );
        assert_eq!(
            (interval.hi * scale).round() as u64,
            int(&case["u"]),
            "{case}"
        );
    }
}

pub fn cells(case: &Value) -> Vec<TtrCell> {
    let mut cells: Vec<TtrCell> = Vec::new();
    for incident in list(&case["incidents"]) {
        let (group, age) = (
            int(&incident[0]) as usize % GROUPS,
            int(&incident[1]) as u32,
        );
        let at = cells.binary_search_by_key(&age, |cell| cell.half_round);
        let at = at.unwrap_or_else(|at| {
            cells.insert(at, empty_cell(age));
            at
        });
        if incident[2].as_bool() == Some(true) {
            cells[at].closed[group] += 1;
        } else {
            cells[at].censored[group] += 1;
        }
    }
    cells
}

fn empty_cell(half_round: u32) -> TtrCell {
    TtrCell {
        half_round,
        closed: [0; GROUPS],
        censored: [0; GROUPS],
    }
}

pub fn distribution(case: &Value) -> TtrDistribution {
    let (n, horizon) = (int(&case["replications"]), int(&case["horizon"]) as u32);
    TtrDistribution::new(&cells(case), n, horizon, Confidence::default()).expect("a distribution")
}

#[test]
fn survival_agrees_with_lifelines() {
    for case in reference("repairs") {
        let what = case["name"].to_string();
        let ours = distribution(&case);
        let expected = list(&case["rows"]);
        assert_eq!(ours.rows.len(), expected.len(), "{what}");
        let steps: Vec<_> = ours.rows.iter().map(|row| row.step).collect();
        for (step, expected) in steps.iter().zip(expected) {
            assert_eq!(
                u64::from(step.half_round),
                int(&expected["half_round"]),
                "{what}"
            );
            assert_eq!(step.closed, int(&expected["closed"]), "{what}");
            assert_eq!(step.censored, int(&expected["censored"]), "{what}");
            assert_eq!(step.at_risk, int(&expected["at_risk"]), "{what}");
            assert_close(step.survival, float(&expected["survival"]), &what);
        }
        for expected in list(&case["quantiles"]) {
            let per_mille = int(&expected["per_mille"]) as u32;
            let theirs = expected["value"].as_u64();
            assert_eq!(
                survival::quantile(&steps, per_mille).map(u64::from),
                theirs,
                "{what}"
            );
            assert_eq!(
                ours.quantile(per_mille).value.map(u64::from),
                theirs,
                "{what}"
            );
        }
        let mean = ours.restricted_mean.expect("a mean").estimate.value;
        assert_close(mean, float(&case["restricted_mean"]), &what);
    }
}

#[test]
fn the_jackknife_agrees_with_lifelines_fitted_without_each_group() {
    let mut compared = 0;
    for case in reference("repairs") {
        let (what, expected) = (case["name"].to_string(), &case["jackknife"]);
        if expected.is_null() {
            continue;
        }
        let ours = distribution(&case);
        for (row, expected) in ours.rows.iter().zip(list(&expected["survival_se"])) {
            assert_close(
                row.standard_error.expect("an error"),
                float(expected),
                &what,
            );
        }
        let mean = ours.restricted_mean.expect("a mean");
        if expected["lo"].is_null() {
            assert_eq!(mean.estimate.method, WITHHELD_FEW_EVENTS, "{what}");
            continue;
        }
        let error = mean.standard_error.expect("an error");
        assert_close(error, float(&expected["mean_se"]), &what);
        assert_interval(
            mean.estimate.interval,
            &expected["lo"],
            &expected["hi"],
            &what,
        );
        for (row, limits) in ours.rows.iter().zip(list(&expected["band"])) {
            assert_sound(row.interval);
            if !limits.is_null() {
                assert_interval(row.interval, &limits[0], &limits[1], &what);
            }
        }
        compared += 1;
    }
    assert!(compared >= 6, "{compared} data sets");
}

// Coverage, where it is exact

/// The Wilson interval's coverage swings about 95 % with k's discreteness; its
/// dips lie near 0 and 1, and its mean is at the level.
#[test]
fn wilson_covers_as_it_should() {
    for n in [50u64, 200, 1000] {
        let intervals: Vec<Interval> = (0..=n)
            .map(|k| wilson(k, n, Confidence::default()).and_then(|ours| ours.interval))
            .collect::<Option<_>>()
            .expect("intervals");
        for pair in intervals.windows(2) {
            assert!(pair[0].lo < pair[1].lo && pair[0].hi < pair[1].hi);
        }
        let grid: Vec<f64> = (1..1000).map(|i| f64::from(i) / 1000.0).collect();
        let covered: Vec<f64> = grid.iter().map(|&p| coverage(&intervals, p)).collect();
        let mean = covered.iter().sum::<f64>() / covered.len() as f64;
        assert!((mean - 0.95).abs() < 0.005, "n = {n}: mean {mean}");
        let middle = grid
            .iter()
            .zip(&covered)
            .filter(|(p, _)| (0.2..=0.8).contains(*p));
        let least = middle.map(|(_, &c)| c).fold(1.0, f64::min);
        assert!(least > 0.925, "n = {n}: least {least}");
        let least = covered.iter().copied().fold(1.0, f64::min);
        // The infimum over p and n of the Wilson interval at 95 % is 0.838.
        assert!(least > 0.835, "n = {n}: least {least}");
    }
}

/// P(the interval of k holds p), k binomial (n, p).
fn coverage(intervals: &[Interval], p: f64) -> f64 {
    let n = intervals.len() as f64 - 1.0;
    let mut log_weight = n * (1.0 - p).ln();
    let mut covered = 0.0;
    for (k, interval) in intervals.iter().enumerate() {
        if interval.lo <= p && p <= interval.hi {
            covered += log_weight.exp();
        }
        let k = k as f64;
        log_weight += ((n - k) / (k + 1.0)).ln() + (p / (1.0 - p)).ln();
    }
    covered
}

// Exact values

#[test]
fn the_mean_is_exact_where_floating_sums_are_not() {
    let scale = 10_000_000;
    let histogram = [(scale - 1, 500_000_000), (scale, 500_000_000)];
    let ours = bounded_mean(&histogram, scale, Confidence::default()).expect("an estimate");
    let (n, size) = (1e9_f64, 1e7_f64);
    assert_eq!(ours.mean, (size - 0.5) / size);
    let sd = (n * 0.25 / (n - 1.0)).sqrt() / size;
    assert!((ours.sd.expect("a deviation") / sd - 1.0).abs() < 1e-14);
}

#[test]
fn empirical_bernstein_is_the_formula_of_the_paper() {
    let ours = bounded_mean(&[(900, 5), (1000, 95)], 1000, Confidence::default());
    let ours = ours.expect("an estimate");
    assert_eq!(ours.method, "empirical_bernstein");
    let variance: f64 = 0.05 * 0.95 * 0.01 * 100.0 / 99.0;
    let log = 80f64.ln();
    let half_width = (2.0 * variance * log / 100.0).sqrt() + 7.0 * log / (3.0 * 99.0);
    let interval = ours.interval.expect("an interval");
    assert_close(interval.lo, 0.995 - half_width, "lo");
    assert_eq!(interval.hi, 1.0);
}

#[test]
fn student_starts_at_thirty_that_differ_and_needs_no_correction_from_a_hundred() {
    let method = |differ| {
        let ours = bounded_mean(&[(0, differ), (1, 100)], 1, Confidence::default());
        ours.expect("an estimate").method
    };
    assert_eq!(method(29), "empirical_bernstein");
    assert_eq!(method(30), "student_t_hall");
    assert_eq!(method(99), "student_t_hall");
    assert_eq!(method(100), "student_t");
}

#[test]
fn quantile_ranks_are_integers() {
    // 0.07 × 100 is above 7 in floating point; the seventh value is meant.
    let ranks: Vec<(u64, u64)> = (1..=100).map(|rank| (rank, 1)).collect();
    let ours = quantile(&ranks, 100, 70, Confidence::default()).expect("an estimate");
    assert_eq!(ours.value, 0.07);
}

/// Where the exact curve meets the level, rounding must not push it past.
#[test]
fn survival_quantiles_hold_at_ties() {
    let count = |half_round, closed, censored| TtrCount {
        half_round,
        closed,
        censored,
    };
    let rows = |counts: &[TtrCount]| kaplan_meier(counts).expect("a curve");
    // 9/10 × 5/9 = 1/2, in whole incidents.
    let halved = rows(&[count(1, 1, 0), count(2, 4, 0), count(3, 5, 0)]);
    assert_eq!(survival::quantile(&halved, 500), Some(2));
    // 3/4, a censoring, then 2/3 of it: S(3) = 1/2 through a product.
    let product = rows(&[
        count(1, 3, 0),
        count(2, 0, 3),
        count(3, 2, 0),
        count(5, 4, 0),
    ]);
    assert_eq!(product[2].at_risk, 6);
    assert_eq!(survival::quantile(&product, 500), Some(3));
    // In floating point 4/5 × 3/4 and 11/18 × 9/11 pass 0.6 and 0.5.
    let fifths = rows(&[count(1, 2, 4), count(3, 1, 0), count(4, 3, 0)]);
    assert_eq!(survival::quantile(&fifths, 400), Some(3));
    let elevenths = rows(&[count(1, 14, 11), count(3, 2, 0), count(4, 9, 0)]);
    assert_eq!(survival::quantile(&elevenths, 500), Some(3));
    // 99/100 × 98/99 × …, with a censoring, and so a rounding, after each.
    let mut counts = Vec::new();
    for left in (1..100).rev() {
        let age = 100 - left as u32;
        counts.push(count(age, 900 + left, left));
    }
    counts.push(count(100, 0, 900));
    let chain = rows(&counts);
    assert_eq!(chain[0].at_risk, 100 * 999);
    for age in 1..100 {
        assert_eq!(survival::quantile(&chain, 10 * age), Some(age));
    }
    for n in 1..=200u64 {
        for k in 1..n {
            // S = (n − k)/n exactly: reached at k closings, not before.
            let ages: Vec<TtrCount> = (1..=n).map(|age| count(age as u32, 1, 0)).collect();
            if (k * 1000).is_multiple_of(n) {
                let per_mille = (k * 1000 / n) as u32;
                assert_eq!(survival::quantile(&rows(&ages), per_mille), Some(k as u32));
            }
        }
    }
}

#[test]
fn closings_come_before_censorings() {
    let rows = kaplan_meier(&[TtrCount {
        half_round: 4,
        closed: 1,
        censored: 1,
    }])
    .expect("rows");
    assert_eq!((rows[0].at_risk, rows[0].survival), (2, 0.5));
}

#[test]
fn the_restricted_mean_stops_at_the_horizon() {
    let count = |half_round, closed| TtrCount {
        half_round,
        closed,
        censored: 0,
    };
    let rows = kaplan_meier(&[count(2, 1), count(10, 1)]).expect("rows");
    for (horizon, area) in [
        (0, 0.0),
        (1, 1.0),
        (2, 2.0),
        (4, 3.0),
        (10, 6.0),
        (86_400, 6.0),
    ] {
        assert_eq!(survival::restricted_mean(&rows, horizon), Some(area));
    }
}
