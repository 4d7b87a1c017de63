//! Comparing, deciding and stopping: what their numbers promise, also at the edges.

use proptest::prelude::*;
use sysworld::statistics::gate::{Relation, Verdict, replications_to_decide};
use sysworld::statistics::holm::holm;
use sysworld::statistics::jackknife::{GROUPS, RestrictedMean, TtrCell, TtrDistribution};
use sysworld::statistics::mean::bounded_mean;
use sysworld::statistics::paired::{
    PairedCounts, PairedSums, mean_difference, mttr_difference, proportion_difference,
};
use sysworld::statistics::proportion::{ProportionMethod, proportion};
use sysworld::statistics::sequence::{beta_binomial_sequence, betting_sequence};
use sysworld::statistics::sre::{Window, budget_spent, downtime_minutes, exhausted_by, nines};
use sysworld::statistics::survival::{TtrCount, kaplan_meier, restricted_mean};
use sysworld::statistics::unseen::{Seen, unseen};
use sysworld::statistics::{
    Confidence, Ends, Interval, WITHHELD_FEW_EVENTS, WITHHELD_NO_SPREAD, WITHHELD_ONE_REPLICATION,
};

fn at(level: f64) -> Confidence {
    Confidence::new(level).expect("a level")
}

/// Finite, in order, and about the estimate but for rounding.
#[track_caller]
fn assert_holds(interval: Option<Interval>, value: f64) {
    let Interval { lo, hi } = interval.expect("an interval");
    assert!(lo.is_finite() && hi.is_finite(), "[{lo}, {hi}]");
    assert!(
        lo - 1e-9 <= value && value <= hi + 1e-9,
        "{value} in [{lo}, {hi}]"
    );
}

/// No wider than another but for rounding.
#[track_caller]
fn assert_within(inner: Option<Interval>, outer: Option<Interval>) {
    let (inner, outer) = (inner.expect("an interval"), outer.expect("an interval"));
    let within = outer.lo <= inner.lo + 1e-9 && inner.hi <= outer.hi + 1e-9;
    assert!(within, "{inner:?} in {outer:?}");
}

// Edges

#[test]
fn one_replication_gives_a_difference_and_no_interval() {
    let level = Confidence::default();
    let ours = mean_difference(&[(-3, 1)], 10, level).expect("a difference");
    assert_eq!(
        (ours.value, ours.interval, ours.p_value),
        (-0.3, None, None)
    );
    assert_eq!(ours.method, WITHHELD_ONE_REPLICATION);
    let one = PairedCounts {
        point_only: 1,
        ..PairedCounts::default()
    };
    let ours = proportion_difference(&one, level).expect("a difference");
    assert_eq!((ours.value, ours.interval, ours.p_value), (1.0, None, None));
    assert_eq!(PairedSums::of(3, 4).variance_reduction(), None);
    for method in ProportionMethod::ALL {
        assert_eq!(
            proportion(1, 1, method, level).expect("a share").interval,
            None
        );
    }
    for sequence in [
        beta_binomial_sequence(1, 1, 100, level),
        betting_sequence(&[(7, 1)], 7, level),
    ] {
        let sequence = sequence.expect("an estimate");
        assert_eq!((sequence.value, sequence.interval), (1.0, None));
    }
    let mean = mean_of(&[(0, 2), (0, 9)], 1);
    let ours = mttr_difference(&mean, &mean, level).expect("a difference");
    assert_eq!(
        (ours.interval, ours.method),
        (None, WITHHELD_ONE_REPLICATION)
    );
}

#[test]
fn no_difference_at_all_is_no_evidence_and_no_certainty() {
    let level = Confidence::default();
    let ours = mean_difference(&[(0, 500)], 90, level).expect("a difference");
    assert_eq!(
        (ours.value, ours.standard_error, ours.p_value),
        (0.0, Some(0.0), Some(1.0))
    );
    let interval = ours.interval.expect("an interval");
    assert!(interval.lo < -0.01 && interval.hi > 0.01);

    let same = PairedCounts {
        both: 30,
        neither: 470,
        ..PairedCounts::default()
    };
    let ours = proportion_difference(&same, level).expect("a difference");
    assert_eq!(
        (ours.value, ours.standard_error, ours.p_value),
        (0.0, Some(0.0), Some(1.0))
    );
    // ± z² / (n + z²), by hand.
    let z2 = 1.959_963_984_540_054_f64.powi(2);
    let interval = ours.interval.expect("an interval");
    assert!((interval.hi - z2 / (500.0 + z2)).abs() < 1e-12);
    assert!((interval.lo + interval.hi).abs() < 1e-12);

    let sums = (0..9).fold(PairedSums::default(), |sums, i| {
        sums.checked_add(PairedSums::of(i, i)).expect("small sums")
    });
    assert_eq!(sums.variance_reduction(), None);
    // Incidents of each group take the same time: neither mean varies.
    let mean = mean_of(&(0..100).map(|group| (group, 4)).collect::<Vec<_>>(), 100);
    let ours = mttr_difference(&mean, &mean, level).expect("a difference");
    assert_eq!((ours.value, ours.interval), (0.0, None));
    assert_eq!(ours.method, WITHHELD_NO_SPREAD);
}

#[test]
fn everything_and_nothing_differ() {
    let level = Confidence::default();
    for (counts, value) in [
        (
            PairedCounts {
                point_only: 40,
                ..PairedCounts::default()
            },
            1.0,
        ),
        (
            PairedCounts {
                baseline_only: 40,
                ..PairedCounts::default()
            },
            -1.0,
        ),
    ] {
        let ours = proportion_difference(&counts, level).expect("a difference");
        assert_eq!(ours.value, value);
        assert_holds(ours.interval, value);
        assert!(ours.interval.is_some_and(|i| i.lo < i.hi));
        assert!(ours.p_value.is_some_and(|p| p < 1e-9));
    }
    // One sign, no spread: a wide interval, and little evidence at n = 40.
    let ours = mean_difference(&[(-90, 40)], 90, level).expect("a difference");
    assert_holds(ours.interval, -1.0);
    assert!(ours.interval.is_some_and(|i| i.lo < i.hi));
    for method in ProportionMethod::ALL {
        for n in [2, 40, 1000] {
            let none = proportion(0, n, method, level).and_then(|ours| ours.interval);
            let all = proportion(n, n, method, level).and_then(|ours| ours.interval);
            let (none, all) = (none.expect("an interval"), all.expect("an interval"));
            assert_eq!((none.lo, all.hi), (0.0, 1.0));
            assert!(none.hi > 0.0 && none.hi < 1.0 && all.lo > 0.0 && all.lo < 1.0);
        }
    }
    for n in [2, 40, 1000] {
        let none = beta_binomial_sequence(0, n, 100, level).expect("an estimate");
        let perfect = betting_sequence(&[(90, n)], 90, level).expect("an estimate");
        assert_eq!(none.interval.map(|i| i.lo), Some(0.0));
        assert_eq!(perfect.interval.map(|i| i.hi), Some(1.0));
        assert_holds(none.interval, 0.0);
        assert_holds(perfect.interval, 1.0);
        let failed = betting_sequence(&[(0, n)], 90, level).expect("an estimate");
        assert_eq!(failed.interval.map(|i| i.lo), Some(0.0));
    }
}

#[test]
fn malformed_pairs_are_refused() {
    let level = Confidence::default();
    let max = u64::MAX;
    let refused: [(&[(i64, u64)], u64); 7] = [
        (&[], 9),
        (&[(0, 0)], 9),
        (&[(2, 1), (1, 1)], 9),
        (&[(-10, 1)], 9),
        (&[(0, 1)], 0),
        (&[(0, max), (1, 1)], 9),
        (&[(0, max / 2)], 9),
    ];
    for (histogram, scale) in refused {
        assert_eq!(
            mean_difference(histogram, scale, level),
            None,
            "{histogram:?}"
        );
    }
    assert_eq!(proportion_difference(&PairedCounts::default(), level), None);
    let huge = PairedCounts {
        both: max,
        neither: 1,
        ..PairedCounts::default()
    };
    assert_eq!(proportion_difference(&huge, level), None);
    assert_eq!(proportion(3, 2, ProportionMethod::Jeffreys, level), None);
    assert_eq!(beta_binomial_sequence(3, 2, 9, level), None);
    assert_eq!(beta_binomial_sequence(1, 2, 0, level), None);
    assert_eq!(betting_sequence(&[(3, 1)], 2, level), None);
    assert_eq!(level.shared_by(0), None);
    let (few, many) = (mean_of(&[(0, 2)], 50), mean_of(&[(0, 2)], 60));
    assert_eq!(mttr_difference(&few, &many, level), None);
    let ours = mttr_difference(&few, &few, level).expect("a difference");
    assert_eq!((ours.interval, ours.method), (None, WITHHELD_FEW_EVENTS));
}

/// The restricted mean of closed incidents `(group, age)`.
fn mean_of(incidents: &[(usize, u32)], replications: u64) -> RestrictedMean {
    let mut cells: Vec<TtrCell> = Vec::new();
    for &(group, age) in incidents {
        let at = cells.partition_point(|cell| cell.half_round < age);
        if cells.get(at).is_none_or(|cell| cell.half_round != age) {
            let (closed, censored) = ([0; GROUPS], [0; GROUPS]);
            cells.insert(
                at,
                TtrCell {
                    half_round: age,
                    closed,
                    censored,
                },
            );
        }
        cells[at].closed[group] += 1;
    }
    let ttr = TtrDistribution::new(&cells, replications, 30, Confidence::default());
    ttr.and_then(|ttr| ttr.restricted_mean).expect("a mean")
}

// Gates

#[test]
fn a_gate_is_decided_on_the_interval() {
    use Verdict::{Fails, Holds, Undecided};
    let interval = Some(Interval { lo: 0.2, hi: 0.3 }.into());
    for (relation, bound, verdict) in [
        (Relation::Less, 0.31, Holds),
        (Relation::Less, 0.3, Undecided),
        (Relation::LessOrEqual, 0.3, Holds),
        (Relation::Less, 0.25, Undecided),
        (Relation::Less, 0.2, Fails),
        (Relation::LessOrEqual, 0.2, Undecided),
        (Relation::Greater, 0.1, Holds),
        (Relation::Greater, 0.2, Undecided),
        (Relation::GreaterOrEqual, 0.2, Holds),
        (Relation::Greater, 0.3, Fails),
        (Relation::GreaterOrEqual, 0.3, Undecided),
        (Relation::GreaterOrEqual, 0.31, Fails),
    ] {
        assert_eq!(
            relation.decide(interval, bound),
            verdict,
            "{relation:?} {bound}"
        );
        assert_eq!(relation.decide(None, bound), Undecided);
    }
    let open = Some(Ends::Open { lo: 0.2 });
    for (relation, bound, verdict) in [
        (Relation::Less, 0.2, Fails),
        (Relation::Less, f64::MAX, Undecided),
        (Relation::Greater, 0.1, Holds),
        (Relation::GreaterOrEqual, 0.2, Holds),
        (Relation::Greater, 0.2, Undecided),
    ] {
        let decided = relation.decide(open, bound);
        assert_eq!(decided, verdict, "{relation:?} {bound}");
    }
}

#[test]
fn the_advised_replications_decide() {
    let level = Confidence::default();
    // Wilson at 2.0 % of 1,000 is undecided about 1.5 %.
    let ours = proportion(20, 1000, ProportionMethod::Wilson, level).expect("a share");
    let interval = ours.interval.expect("an interval");
    let needed = replications_to_decide(1000, ours.value, interval, level, 0.015);
    let needed = needed.expect("a number");
    let more = proportion(needed / 50, needed, ProportionMethod::Wilson, level);
    let more = more.and_then(|more| more.interval).map(Ends::Closed);
    assert_eq!(Relation::Less.decide(more, 0.015), Verdict::Fails);
    assert!((5_000..8_000).contains(&needed), "{needed}");
    assert_eq!(
        replications_to_decide(1000, 0.02, interval, level, 0.02),
        None
    );
    assert_eq!(
        replications_to_decide(1000, 0.02, interval, level, 0.02 + 1e-17),
        None
    );
    assert_eq!(
        replications_to_decide(1000, 0.02, interval, level, 0.5),
        Some(1000)
    );
}

#[test]
fn a_family_shares_its_error() {
    let each = Confidence::default().shared_by(12).expect("a level");
    assert!((each.alpha() - 0.05 / 12.0).abs() < 1e-15);
}

// What was not seen

/// A kind of outage that most samples miss is bounded: the probability of none in n is α exactly,
/// and a simulation of it moves availability and the restricted mean by what is said.
#[test]
fn what_may_have_gone_unseen_is_bounded() {
    let level = Confidence::default();
    let seen = Seen {
        incidents: 120,
        mttr: 2.0,
        horizon: 15.0,
    };
    for n in [1u64, 50, 1000] {
        let ours = unseen(n, 6, Some(seen), level).expect("a bound");
        let none = (1.0 - ours.probability).powf(n as f64);
        assert!((none - 0.05).abs() < 1e-9, "{n}: {none}");
    }
    let ours = unseen(1000, 6, Some(seen), level).expect("a bound");
    assert!((ours.probability - 0.003).abs() < 1e-5);
    // By hand, over a million replications: outages that open at each of 15 rounds alike cost half
    // of a replication on one of 6 servers.
    let lost: f64 = (0..1000).map(|i| 1.0 - (f64::from(i) + 0.5) / 1000.0).sum();
    let lost = ours.probability * lost / 1000.0 / 6.0;
    assert!((ours.availability - lost).abs() < 1e-12);
    // 2,996 never resolved beside 120,000 of 2 rounds, censored at the end, by Kaplan and Meier.
    let never = (ours.probability * 1e6).round() as u64;
    let count = |half_round, closed, censored| TtrCount {
        half_round,
        closed,
        censored,
    };
    let rows = kaplan_meier(&[count(4, 120_000, 0), count(30, 0, never)]).expect("a curve");
    let mean = restricted_mean(&rows, 30).expect("a mean") / 2.0;
    let raised = ours.mttr.expect("incidents");
    assert!((mean - 2.0 - raised).abs() < 1e-4, "{mean} {raised}");

    assert_eq!(unseen(0, 6, Some(seen), level), None);
    assert_eq!(unseen(10, 0, Some(seen), level), None);
    let none = Seen {
        incidents: 0,
        ..seen
    };
    assert_eq!(unseen(10, 1, Some(none), level).and_then(|u| u.mttr), None);
}

// Differences of times to resolve

/// Groups of incidents `(group, age)` of 200 replications, of which the first few differ.
fn repairs(differ: usize, longer: u32) -> RestrictedMean {
    let age = |group: usize| 2 + (group % 5) as u32 + if group < differ { longer } else { 0 };
    let incidents: Vec<(usize, u32)> = (0..100).map(|group| (group, age(group))).collect();
    mean_of(&incidents, 200)
}

/// Where the incidents of fewer than 7 groups differ, so few decide that an interval would miss.
#[test]
fn differences_of_too_few_groups_are_withheld() {
    let level = Confidence::default();
    let baseline = repairs(0, 0);
    for (differ, method) in [
        (0, WITHHELD_NO_SPREAD),
        (6, WITHHELD_FEW_EVENTS),
        (7, "paired_jackknife_log"),
    ] {
        let ours = mttr_difference(&repairs(differ, 9), &baseline, level);
        let ours = ours.expect("a difference");
        assert_eq!(ours.method, method, "{differ}");
        assert_eq!(ours.interval.is_some(), differ == 7);
        assert_eq!(ours.p_value.is_some(), differ == 7);
    }
}

/// More confidence never narrows the interval, it holds the estimate, exchanging point and baseline
/// mirrors it, and the p-value is the α at which it begins to exclude 0.
#[test]
fn differences_of_times_to_resolve_hold_together() {
    let baseline = repairs(0, 0);
    for (differ, longer) in [(7, 1), (20, 3), (60, 12)] {
        let point = repairs(differ, longer);
        let mut outer: Option<Interval> = None;
        for level in [0.5, 0.9, 0.95, 0.99, 0.999].map(at) {
            let ours = mttr_difference(&point, &baseline, level).expect("a difference");
            let theirs = mttr_difference(&baseline, &point, level).expect("a difference");
            assert_holds(ours.interval, ours.value);
            if outer.is_some() {
                assert_within(outer, ours.interval);
            }
            outer = ours.interval;
            let (a, b) = (ours.interval.expect("one"), theirs.interval.expect("one"));
            assert!((a.lo + b.hi).abs() < 1e-9 && (a.hi + b.lo).abs() < 1e-9);
            let p = ours.p_value.expect("a p-value");
            assert!((p - theirs.p_value.expect("a p-value")).abs() < 1e-12);
            assert_eq!(a.lo > 0.0 || a.hi < 0.0, p < level.alpha(), "{p} {a:?}");
        }
    }
}

// SRE's quantities

#[test]
fn nines_and_downtime_are_what_operators_say() {
    assert!((nines(0.999).expect("nines") - 3.0).abs() < 1e-12);
    assert_eq!(nines(0.0).map(f64::to_bits), Some(0.0_f64.to_bits()));
    for none in [1.0, -0.1, 1.1, f64::NAN] {
        assert_eq!(nines(none), None);
    }
    // 99.9 % of a month of minutes: the well-known 43.2.
    let month = Window {
        rounds: 43_200,
        round_minutes: 1.0,
        servers: 1,
    };
    assert!((downtime_minutes(0.999, month).expect("minutes") - 43.2).abs() < 1e-9);
    assert_eq!(downtime_minutes(1.0, month), Some(0.0));
    assert_eq!(downtime_minutes(1.1, month), None);
    assert_eq!(downtime_minutes(f64::NAN, month), None);
}

#[test]
fn the_error_budget_is_spent_by_failed_checks() {
    let level = Confidence::default();
    // Of 1,000 checks 10 may fail; 900 replications spend none, 90 half, 10 twice of it.
    let histogram = [(980, 10), (995, 90), (1000, 900)];
    let ours = budget_spent(&histogram, 1000, 10, level).expect("a budget");
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    assert!(near(ours.mean.value, 0.065));
    assert!(near(ours.p50.value, 0.0) && near(ours.p90.value, 0.0) && near(ours.p99.value, 0.5));
    assert!(near(ours.p99.interval.expect("an interval").hi, 2.0));
    assert_holds(ours.mean.interval, 0.065);
    // Where no check may fail there is no budget that a share of could be spent.
    assert_eq!(budget_spent(&histogram, 1000, 0, level), None);
    assert_eq!(budget_spent(&[], 1000, 10, level), None);

    let ours = exhausted_by(&[(3, 10), (7, 30)], 200, level).expect("probabilities");
    let values: Vec<(u32, f64)> = ours.iter().map(|(round, p)| (*round, p.value)).collect();
    assert_eq!(values, [(3, 0.05), (7, 0.2)]);
    assert_eq!(exhausted_by(&[], 200, level), Some(vec![]));
    assert_eq!(exhausted_by(&[(7, 1), (3, 1)], 200, level), None);
    assert_eq!(exhausted_by(&[(3, 201)], 200, level), None);
    assert_eq!(exhausted_by(&[], 0, level), None);
}

// Properties

fn differences() -> impl Strategy<Value = Vec<(i64, u64)>> {
    let counts = proptest::collection::vec(prop_oneof![Just(0u64), 0..400u64], 21);
    counts.prop_map(|counts| (-10..=10).zip(counts).collect())
}

fn mirrored(histogram: &[(i64, u64)]) -> Vec<(i64, u64)> {
    histogram.iter().rev().map(|(d, c)| (-d, *c)).collect()
}

proptest! {
    /// Point and baseline exchanged: the same but for the sign.
    #[test]
    fn differences_have_no_side(histogram in differences(), tables in proptest::array::uniform4(0..200u64)) {
        let level = Confidence::default();
        let (ours, theirs) = (mean_difference(&histogram, 10, level), mean_difference(&mirrored(&histogram), 10, level));
        prop_assert_eq!(ours.is_some(), theirs.is_some());
        if let Some((ours, theirs)) = ours.zip(theirs) {
            prop_assert!((ours.value + theirs.value).abs() < 1e-12);
            if let Some((a, b)) = ours.interval.zip(theirs.interval) {
                prop_assert!((a.lo + b.hi).abs() < 1e-9 && (a.hi + b.lo).abs() < 1e-9);
            }
            if let Some((a, b)) = ours.p_value.zip(theirs.p_value) {
                prop_assert!((a - b).abs() < 1e-9);
            }
        }
        let [both, point_only, baseline_only, neither] = tables;
        let table = PairedCounts { both, point_only, baseline_only, neither };
        let other = PairedCounts { point_only: baseline_only, baseline_only: point_only, ..table };
        if let Some((a, b)) = proportion_difference(&table, level).zip(proportion_difference(&other, level)) {
            prop_assert_eq!(a.value, -b.value);
            if let Some((a, b)) = a.interval.zip(b.interval) {
                prop_assert!((a.lo + b.hi).abs() < 1e-9 && (a.hi + b.lo).abs() < 1e-9);
            }
        }
    }

    /// The p-value is the α at which the interval begins to exclude 0.
    #[test]
    fn p_values_and_intervals_agree(histogram in differences(), alpha in 0.001..0.5f64) {
        let ours = mean_difference(&histogram, 10, at(1.0 - alpha));
        if let Some((interval, p)) = ours.and_then(|ours| ours.interval.zip(ours.p_value)) {
            prop_assert!((0.0..=1.0).contains(&p));
            let excludes = interval.lo > 0.0 || interval.hi < 0.0;
            if (p - alpha).abs() > 1e-9 {
                prop_assert_eq!(excludes, p < alpha, "p = {}, alpha = {}", p, alpha);
            }
        }
    }

    /// More confidence never narrows an interval, and each holds its estimate.
    #[test]
    fn intervals_grow_with_confidence(
        histogram in differences(), k in 0..300u64, more in 0..300u64,
        low in 0.5..0.98f64, gain in 0.001..0.019f64,
    ) {
        let (narrow, wide) = (at(low), at(low + gain));
        let [a, b] = [narrow, wide].map(|level| mean_difference(&histogram, 10, level));
        if let Some((a, b)) = a.zip(b).filter(|(a, _)| a.interval.is_some()) {
            assert_holds(a.interval, a.value);
            assert_within(a.interval, b.interval);
        }
        let n = k + more + 2;
        for method in ProportionMethod::ALL {
            let [a, b] = [narrow, wide].map(|level| proportion(k, n, method, level).expect("a share"));
            assert_holds(a.interval, a.value);
            assert_within(a.interval, b.interval);
        }
        let [a, b] = [narrow, wide].map(|level| beta_binomial_sequence(k, n, 50, level).expect("a share"));
        assert_holds(a.interval, a.value);
        assert_within(a.interval, b.interval);
        let table = PairedCounts { both: 1, point_only: k, baseline_only: more, neither: 9 };
        let [a, b] = [narrow, wide].map(|level| proportion_difference(&table, level).expect("a share"));
        assert_holds(a.interval, a.value);
        assert_within(a.interval, b.interval);
    }

    /// A sequence is wider than the interval of one look, and holds the estimate.
    #[test]
    fn sequences_pay_for_every_look(counts in proptest::collection::vec(0..300u64, 11), k in 0..=500u64) {
        let level = Confidence::default();
        let histogram: Vec<(u64, u64)> = (0..=10).zip(counts).collect();
        if let Some(ours) = betting_sequence(&histogram, 10, level).filter(|ours| ours.interval.is_some()) {
            assert_holds(ours.interval, ours.value);
            let once = bounded_mean(&histogram, 10, level).expect("a mean");
            if once.method == "student_t" {
                assert_within(once.interval, ours.interval);
            }
        }
        let share = beta_binomial_sequence(k, 500, 100, level).expect("a share");
        assert_holds(share.interval, share.value);
        let once = proportion(k, 500, ProportionMethod::ClopperPearson, level).expect("a share");
        assert_within(once.interval, share.interval);
    }

    /// Successes and failures exchanged: the interval is mirrored, whatever the first look.
    #[test]
    fn a_sequence_is_its_own_mirror(k in 0..=400u64, first_look in 1..2000u64) {
        let level = Confidence::default();
        let [a, b] = [k, 400 - k].map(|k| beta_binomial_sequence(k, 400, first_look, level).and_then(|s| s.interval).expect("an interval"));
        prop_assert!((a.lo + b.hi - 1.0).abs() < 1e-9 && (a.hi + b.lo - 1.0).abs() < 1e-9);
    }

    /// Adjusted p-values are in the order of the raw ones, no smaller, and at most 1.
    #[test]
    fn holm_keeps_the_order(p in proptest::collection::vec(proptest::option::of(0.0..=1.0f64), 0..30)) {
        let adjusted = holm(&p);
        for (i, raw) in p.iter().enumerate() {
            prop_assert_eq!(raw.is_some(), adjusted[i].is_some());
            for (j, other) in p.iter().enumerate() {
                if let (Some((raw, other)), Some((a, b))) = (raw.zip(*other), adjusted[i].zip(adjusted[j])) {
                    prop_assert!(a >= raw && a <= 1.0);
                    prop_assert!(raw > other || a <= b);
                }
            }
        }
    }

    /// A verdict never changes where a bound is easier to meet, and opposite questions agree.
    #[test]
    fn verdicts_follow_the_bound(lo in 0.0..1.0f64, width in 0.0..0.5f64, bound in 0.0..1.5f64, ease in 0.0..0.5f64) {
        let interval = Some(Ends::Closed(Interval { lo, hi: lo + width }));
        let order = |verdict| match verdict { Verdict::Fails => 0, Verdict::Undecided => 1, Verdict::Holds => 2 };
        let less = |bound| order(Relation::Less.decide(interval, bound));
        prop_assert!(less(bound) <= less(bound + ease));
        let opposite = order(Relation::GreaterOrEqual.decide(interval, bound));
        prop_assert_eq!(less(bound) + opposite, 2);
    }
}
