//! Comparing, deciding and stopping against third-party values (`data/statistics`).

use serde_json::Value;
use sysworld::statistics::holm::holm;
use sysworld::statistics::paired::{
    PairedCounts, PairedSums, mean_difference, mttr_difference, proportion_difference,
};
use sysworld::statistics::proportion::{ProportionMethod, proportion};
use sysworld::statistics::ratio::closed_mean;
use sysworld::statistics::sequence::{beta_binomial_sequence, betting_sequence};
use sysworld::statistics::{Confidence, Interval};

use crate::statistics::{
    TOLERANCE, assert_close, assert_interval, at, cells, distribution, float, histogram, int, list,
    reference,
};

#[test]
fn exact_and_jeffreys_intervals_agree_with_statsmodels() {
    for case in reference("exact_proportions") {
        let (k, n) = (int(&case["k"]), int(&case["n"]));
        for method in [ProportionMethod::ClopperPearson, ProportionMethod::Jeffreys] {
            let ours = proportion(k, n, method, at(float(&case["level"]))).expect("an estimate");
            assert_eq!(ours.method, method.name());
            let interval = ours.interval.expect("an interval");
            let theirs = list(&case[method.name()]);
            // At a million replications the logarithms of the gamma function cancel.
            for (ours, theirs) in [interval.lo, interval.hi].into_iter().zip(theirs) {
                let (error, theirs) = ((ours - float(theirs)).abs(), float(theirs));
                assert!(
                    error <= TOLERANCE * theirs + 1e-15,
                    "{method:?} {case}: {ours}"
                );
            }
        }
    }
}

#[test]
fn paired_shares_agree_with_mcnemar_and_a_closed_form_of_tango() {
    for case in reference("paired_proportions") {
        let counts = PairedCounts {
            both: int(&case["both"]),
            point_only: int(&case["b"]),
            baseline_only: int(&case["c"]),
            neither: int(&case["neither"]),
        };
        let what = case.to_string();
        let ours = proportion_difference(&counts, at(float(&case["level"]))).expect("a difference");
        assert_interval(ours.interval, &case["lo"], &case["hi"], &what);
        assert_close(ours.p_value.expect("a p-value"), float(&case["p"]), &what);
    }
    // The worked example of Fagerland, Lydersen and Laake (2014), to its three digits.
    let counts = PairedCounts {
        both: 1,
        point_only: 1,
        baseline_only: 7,
        neither: 12,
    };
    let ours = proportion_difference(&counts, Confidence::default()).expect("a difference");
    let Interval { lo, hi } = ours.interval.expect("an interval");
    assert!((lo - -0.517).abs() < 5e-4 && (hi - -0.026).abs() < 5e-4);
}

#[test]
fn paired_means_agree_with_scipy() {
    for case in reference("paired_means") {
        let what = case["name"].to_string();
        let scale = int(&case["scale"]);
        let pairs = list(&case["histogram"]).iter();
        let histogram: Vec<(i64, u64)> = pairs
            .map(|pair| (pair[0].as_i64().expect("an integer"), int(&pair[1])))
            .collect();
        let ours = mean_difference(&histogram, scale, Confidence::default()).expect("a difference");
        assert_close(ours.value, float(&case["value"]), &what);
        let error = ours.standard_error.expect("an error");
        assert_close(error, float(&case["se"]), &what);
        assert_eq!(ours.method, "paired_t_hall");
        let [t, hall] = ["t", "hall"].map(|name| list(&case[name]));
        let farther = |end: usize, pick: fn(f64, f64) -> f64| {
            Value::from(pick(float(&t[end]), float(&hall[end])))
        };
        let (lo, hi) = (farther(0, f64::min), farther(1, f64::max));
        assert_interval(ours.interval, &lo, &hi, &what);
        let p = ours.p_value.expect("a p-value");
        assert_close(p, float(&case["t_p"]).max(float(&case["hall_p"])), &what);

        let (point, baseline) = (list(&case["point"]), list(&case["baseline"]));
        let sums = point.iter().zip(baseline);
        let sums = sums.fold(PairedSums::default(), |sums, (a, b)| {
            sums.checked_add(PairedSums::of(int(a), int(b)))
                .expect("small sums")
        });
        let reduction = sums.variance_reduction().expect("a reduction");
        assert_close(reduction, float(&case["variance_reduction"]), &what);
    }
}

#[test]
fn holm_agrees_with_statsmodels_and_skips_what_has_no_p_value() {
    for case in reference("adjusted_p_values") {
        let p: Vec<Option<f64>> = list(&case["p"]).iter().map(|p| Some(float(p))).collect();
        let theirs: Vec<f64> = list(&case["holm"]).iter().map(float).collect();
        let ours = holm(&p);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_close(ours.expect("a p-value"), *theirs, &case.to_string());
        }
        let gaps: Vec<Option<f64>> = p.iter().flat_map(|p| [None, *p]).collect();
        let expected: Vec<Option<f64>> = ours.iter().flat_map(|p| [None, *p]).collect();
        assert_eq!(holm(&gaps), expected);
    }
}

#[test]
fn the_difference_of_restricted_means_agrees_with_lifelines() {
    let mut compared = 0;
    for case in reference("repairs") {
        let (what, expected) = (case["name"].to_string(), &case["difference"]);
        if expected.is_null() {
            continue;
        }
        let mut longer = case.clone();
        longer["incidents"] = expected["incidents"].clone();
        let mean = |case: &Value| distribution(case).restricted_mean.expect("a mean");
        let ours = mttr_difference(&mean(&longer), &mean(&case), Confidence::default());
        let ours = ours.expect("a difference");
        assert_close(ours.value, float(&expected["value"]), &what);
        if expected["lo"].is_null() {
            assert!(ours.method.starts_with("withheld"), "{what}: {ours:?}");
            assert_eq!((ours.interval, ours.p_value), (None, None), "{what}");
            continue;
        }
        let error = ours.standard_error.expect("an error");
        assert_close(error, float(&expected["se"]), &what);
        assert_interval(ours.interval, &expected["lo"], &expected["hi"], &what);
        let p = ours.p_value.expect("a p-value");
        // Very small ones in their logarithm: 8 standard errors and more.
        assert!((p.ln() - float(&expected["p"]).ln()).abs() < 1e-7, "{what}");
        compared += 1;
    }
    assert!(compared >= 4, "{compared} data sets");
}

#[test]
fn sequences_are_the_mixtures_of_the_papers() {
    for case in reference("beta_binomial_sequences") {
        let (k, n) = (int(&case["k"]), int(&case["n"]));
        let level = at(float(&case["level"]));
        let ours = beta_binomial_sequence(k, n, int(&case["first_look"]), level);
        let ours = ours.expect("an estimate");
        assert_interval(ours.interval, &case["lo"], &case["hi"], &case.to_string());
    }
    for case in reference("betting_sequences") {
        let ours = betting_sequence(
            &histogram(&case),
            int(&case["scale"]),
            Confidence::default(),
        );
        let ours = ours.expect("an estimate");
        let what = case["name"].to_string();
        assert_close(ours.value, float(&case["mean"]), &what);
        assert_interval(ours.interval, &case["lo"], &case["hi"], &what);
    }
}

#[test]
fn the_closed_mean_agrees_with_a_jackknife_group_by_group() {
    let mut compared = 0;
    for case in reference("repairs") {
        let (what, expected) = (case["name"].to_string(), &case["closed_jackknife"]);
        let ours = closed_mean(
            &cells(&case),
            int(&case["replications"]),
            Confidence::default(),
        );
        if expected.is_null() {
            assert_eq!(ours.and_then(|ours| ours.interval), None, "{what}");
            continue;
        }
        let ours = ours.expect("an estimate");
        assert_close(ours.value, float(&expected["value"]), &what);
        assert_interval(ours.interval, &expected["lo"], &expected["hi"], &what);
        compared += 1;
    }
    assert!(compared >= 4, "{compared} data sets");
}
