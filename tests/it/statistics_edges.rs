//! The statistics at the edges: no NaN, no infinity, no empty interval, no panic.

use sysworld::statistics::jackknife::{GROUPS, TtrCell, TtrDistribution, TtrQuantile};
use sysworld::statistics::mean::bounded_mean;
use sysworld::statistics::proportion::wilson;
use sysworld::statistics::quantile::quantile;
use sysworld::statistics::ratio::closed_mean;
use sysworld::statistics::survival::{self, TtrCount, kaplan_meier};
use sysworld::statistics::{Confidence, Interval, WITHHELD_NO_SPREAD, WITHHELD_ONE_REPLICATION};

#[track_caller]
fn assert_sound(interval: Option<Interval>) {
    if let Some(Interval { lo, hi }) = interval {
        assert!(lo.is_finite() && hi.is_finite() && lo <= hi, "[{lo}, {hi}]");
    }
}

fn empty_cell(half_round: u32) -> TtrCell {
    TtrCell {
        half_round,
        closed: [0; GROUPS],
        censored: [0; GROUPS],
    }
}

fn at(level: f64) -> Confidence {
    Confidence::new(level).expect("a level")
}

#[test]
fn one_replication_gives_an_estimate_and_no_interval() {
    let confidence = Confidence::default();
    let mean = bounded_mean(&[(7, 1)], 10, confidence).expect("an estimate");
    assert_eq!((mean.mean, mean.sd, mean.interval), (0.7, None, None));
    assert_eq!(mean.method, WITHHELD_ONE_REPLICATION);
    let share = wilson(1, 1, confidence).expect("an estimate");
    assert_eq!((share.value, share.interval), (1.0, None));
    let median = quantile(&[(7, 1)], 10, 500, confidence).expect("an estimate");
    assert_eq!((median.value, median.interval), (0.7, None));
    let mut cell = empty_cell(3);
    cell.closed[0] = 8;
    let repair = TtrDistribution::new(&[cell], 1, 20, confidence).expect("a distribution");
    assert_eq!(
        (repair.rows[0].standard_error, repair.rows[0].interval),
        (None, None)
    );
    let median = TtrQuantile {
        value: Some(3),
        lo: None,
        hi: None,
    };
    assert_eq!(repair.quantile(500), median);
    let mean = repair.restricted_mean.expect("a mean");
    assert_eq!((mean.estimate.value, mean.standard_error), (3.0, None));
    assert_eq!(mean.estimate.method, WITHHELD_ONE_REPLICATION);
}

#[test]
fn nothing_and_everything_missed() {
    for n in [2u64, 30, 1_000_000_000] {
        let none = wilson(0, n, Confidence::default()).and_then(|ours| ours.interval);
        let all = wilson(n, n, Confidence::default()).and_then(|ours| ours.interval);
        let (none, all) = (none.expect("an interval"), all.expect("an interval"));
        assert_eq!((none.lo, all.hi), (0.0, 1.0));
        assert!(none.hi > 0.0 && none.hi < 1.0 && all.lo > 0.0 && all.lo < 1.0);
    }
}

#[test]
fn no_spread_is_never_an_empty_interval() {
    let mean = bounded_mean(&[(10, 50)], 10, Confidence::default()).expect("an estimate");
    let interval = mean.interval.expect("an interval");
    assert_eq!((mean.sd, interval.hi), (Some(0.0), 1.0));
    assert!(interval.lo < 0.8);

    let cell = TtrCell {
        half_round: 4,
        closed: [3; GROUPS],
        censored: [0; GROUPS],
    };
    let repair = TtrDistribution::new(&[cell], 1000, 20, Confidence::default());
    let repair = repair.expect("a distribution");
    // At S = 0 the 100 groups bound the survival by 4 %: enough for p90, not p99.
    let limits = |per_mille| (repair.quantile(per_mille).lo, repair.quantile(per_mille).hi);
    assert_eq!(limits(500), (Some(4), Some(4)));
    assert_eq!(limits(900), (Some(4), Some(4)));
    assert_eq!(limits(990), (Some(4), None));
    let mean = repair.restricted_mean.expect("a mean").estimate;
    assert_eq!((mean.value, mean.method), (4.0, WITHHELD_NO_SPREAD));
    let closed = closed_mean(&[cell], 1000, Confidence::default()).expect("a mean");
    assert_eq!((closed.value, closed.method), (4.0, WITHHELD_NO_SPREAD));
}

#[test]
fn no_incident_and_only_open_incidents() {
    let confidence = Confidence::default();
    for cells in [vec![], vec![empty_cell(5)]] {
        let none = TtrDistribution::new(&cells, 50, 20, confidence).expect("a distribution");
        assert_eq!(none.restricted_mean, None);
        assert_eq!(none.quantile(500), TtrQuantile::default());
        assert_eq!(closed_mean(&cells, 50, confidence), None);
    }
    let mut open = empty_cell(5);
    open.censored = [1; GROUPS];
    assert_eq!(closed_mean(&[open], 100, confidence), None);
    let open = TtrDistribution::new(&[open], 100, 20, confidence).expect("a distribution");
    assert_eq!(open.rows[0].step.survival, 1.0);
    assert_sound(open.rows[0].interval);
    assert_eq!(open.quantile(500), TtrQuantile::default());
    let mean = open.restricted_mean.expect("a mean").estimate;
    assert_eq!((mean.value, mean.method), (20.0, WITHHELD_NO_SPREAD));
}

#[test]
fn too_few_groups_with_incidents_withhold_the_interval() {
    for with_incidents in 1..=8 {
        let mut cells = [empty_cell(2), empty_cell(8)];
        for group in 0..with_incidents {
            cells[group % 2].closed[group] = 5;
        }
        let repair = TtrDistribution::new(&cells, 100, 20, Confidence::default());
        let repair = repair.expect("a distribution");
        let mean = repair.restricted_mean.as_ref().expect("a mean");
        assert_eq!(mean.estimate.interval.is_some(), with_incidents >= 7);
        assert_eq!(mean.leave_one_out[0].is_some(), with_incidents > 1);
        assert_eq!(repair.rows[0].interval.is_some(), with_incidents >= 7);
        assert_eq!(repair.rows[0].standard_error.is_some(), with_incidents > 1);
    }
}

#[test]
fn malformed_counts_are_refused() {
    let confidence = Confidence::default();
    for level in [0.0, 1.0, -0.5, 2.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Confidence::new(level), None);
    }
    assert_eq!(wilson(0, 0, confidence), None);
    assert_eq!(wilson(3, 2, confidence), None);
    let max = u64::MAX;
    let refused: [(&[(u64, u64)], u64); 7] = [
        (&[], 10),
        (&[(1, 0)], 10),
        (&[(2, 1), (1, 1)], 10),
        (&[(1, 1), (1, 1)], 10),
        (&[(11, 1)], 10),
        (&[(0, 1)], 0),
        (&[(0, max), (1, 1)], 1),
    ];
    for (histogram, scale) in refused {
        assert_eq!(bounded_mean(histogram, scale, confidence), None);
        assert_eq!(quantile(histogram, scale, 500, confidence), None);
    }
    assert_eq!(bounded_mean(&[(1, max)], 2, confidence), None);
    for per_mille in [0, 1000, u32::MAX] {
        assert_eq!(quantile(&[(1, 2)], 2, per_mille, confidence), None);
        assert_eq!(survival::quantile(&[], per_mille), None);
    }
    let count = |half_round, closed| TtrCount {
        half_round,
        closed,
        censored: 0,
    };
    assert_eq!(kaplan_meier(&[count(2, 1), count(2, 1)]), None);
    assert_eq!(kaplan_meier(&[count(2, max), count(3, 1)]), None);
    let mut cell = empty_cell(2);
    cell.closed[60] = 1;
    let cells = [cell];
    assert!(TtrDistribution::new(&cells, 61, 9, confidence).is_some());
    assert_eq!(TtrDistribution::new(&cells, 60, 9, confidence), None);
    assert_eq!(TtrDistribution::new(&[], 0, 9, confidence), None);
    assert_eq!(closed_mean(&cells, 0, confidence), None);
    assert_eq!(closed_mean(&cells, 60, confidence), None);
}

/// Random small inputs at every confidence: finite, ordered, about the estimate.
#[test]
fn every_interval_is_finite_and_holds_its_estimate() {
    let mut state = 1u64;
    let mut draw = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    let holds = |interval: Option<Interval>, value: f64| {
        assert_sound(interval);
        if let Some(Interval { lo, hi }) = interval {
            assert!(
                lo - 1e-12 <= value && value <= hi + 1e-12,
                "{value} in [{lo}, {hi}]"
            );
        }
    };
    for round in 0..3000 {
        let level = [1e-300, 1e-9, 0.5, 0.95, 0.999_999, 1.0 - f64::EPSILON / 2.0][round % 6];
        let confidence = at(level);
        let scale = 1 + draw(50);
        let histogram: Vec<(u64, u64)> = (0..=scale).map(|v| (v, draw(3) * draw(40))).collect();
        if let Some(ours) = bounded_mean(&histogram, scale, confidence) {
            holds(ours.interval, ours.mean);
        }
        for per_mille in [1, 10, 500, 999] {
            if let Some(ours) = quantile(&histogram, scale, per_mille, confidence) {
                holds(ours.interval, ours.value);
            }
        }
        let n = 1 + draw(300);
        let share = wilson(draw(n + 1), n, confidence).expect("an estimate");
        holds(share.interval, share.value);
        let mut cells: Vec<TtrCell> = (0..draw(8) as u32).map(|i| empty_cell(3 * i)).collect();
        for cell in &mut cells {
            for _ in 0..draw(30) {
                cell.closed[draw(n.min(100)) as usize] += draw(4);
                cell.censored[draw(n.min(100)) as usize] += draw(2);
            }
        }
        let horizon = draw(30) as u32;
        let repair = TtrDistribution::new(&cells, n, horizon, confidence).expect("valid cells");
        for row in &repair.rows {
            holds(row.interval, row.step.survival);
            assert!(row.standard_error.is_none_or(|error| error.is_finite()));
        }
        if let Some(mean) = closed_mean(&cells, n, confidence) {
            holds(mean.interval, mean.value);
        }
        if let Some(mean) = &repair.restricted_mean {
            holds(mean.estimate.interval, mean.estimate.value);
        }
        let median = repair.quantile(500);
        assert!(
            median
                .lo
                .is_none_or(|lo| median.value.is_none_or(|value| lo <= value))
        );
        assert!(
            median
                .hi
                .is_none_or(|hi| median.value.is_some_and(|value| value <= hi))
        );
    }
}
