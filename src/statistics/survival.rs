//! Time to resolve as a survival curve: Kaplan–Meier with right-censoring.
//!
//! Times are integer half rounds. An incident that is still open at the end is
//! censored at its age. At the same half round closings come before censorings.

/// `S(t)` counts as having reached `1 − p` within this relative distance: far
/// more than rounding, far less than one incident.
const TIE: f64 = 1e-11;

/// What happened to incidents at one age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TtrCount {
    /// The age, in half rounds.
    pub half_round: u32,
    /// Incidents closed at this age.
    pub closed: u64,
    /// Incidents still open at this age, when their replication ended.
    pub censored: u64,
}

/// One step of the Kaplan–Meier curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurvivalRow {
    /// The age, in half rounds.
    pub half_round: u32,
    /// Incidents closed at this age.
    pub closed: u64,
    /// Incidents censored at this age.
    pub censored: u64,
    /// Incidents known to be open just before this age.
    pub at_risk: u64,
    /// S(t): the share of incidents open beyond this age, 0 to 1.
    pub survival: f64,
}

/// The Kaplan–Meier curve, one row an age: S(t) = Π over ages u ≤ t of
/// (1 − closed(u) / at_risk(u)).
///
/// Kaplan and Meier (1958), Nonparametric estimation from incomplete
/// observations, JASA 53.
///
/// `None` where the ages do not ascend
/// strictly or the counts pass u64.
pub fn kaplan_meier(counts: &[TtrCount]) -> Option<Vec<SurvivalRow>> {
    if !counts
        .windows(2)
        .all(|pair| pair[0].half_round < pair[1].half_round)
    {
        return None;
    }
    let incidents = counts.iter().try_fold(0u64, |total, count| {
        total.checked_add(count.closed)?.checked_add(count.censored)
    })?;
    let mut curve = Curve::new(incidents);
    let rows = counts.iter().map(|count| {
        let at_risk = curve.at_risk;
        curve.step(count.closed, count.censored);
        SurvivalRow {
            half_round: count.half_round,
            closed: count.closed,
            censored: count.censored,
            at_risk,
            survival: curve.survival,
        }
    });
    Some(rows.collect())
}

/// The quantile of the time to resolve, in half rounds: the smallest t with
/// S(t) ≤ 1 − per_mille / 1000.
///
/// `None` where the curve does not come down to it, or the level is not within
/// 1 to 999.
pub fn quantile(rows: &[SurvivalRow], per_mille: u32) -> Option<u32> {
    let target = quantile_target(per_mille)?;
    rows.iter()
        .find(|row| row.survival <= target)
        .map(|row| row.half_round)
}

/// The restricted mean time to resolve, in half rounds: the area under S over
/// [0, horizon].
///
/// Open incidents count with their age. Beyond the last row, S stays where it
/// is: where incidents are open there, the true area may be smaller.
///
/// Irwin (1949), The standard error of an estimate of expectation of life, with
/// special reference to expectation of tumourless life, J. Hygiene 47.
///
/// `None` where there is no incident.
pub fn restricted_mean(rows: &[SurvivalRow], horizon_half_rounds: u32) -> Option<f64> {
    if rows.first().is_none_or(|row| row.at_risk == 0) {
        return None;
    }
    let mut area = 0.0;
    let mut survival = 1.0;
    let mut from = 0;
    for row in rows {
        let to = row.half_round.min(horizon_half_rounds);
        area += survival * f64::from(to - from);
        survival = row.survival;
        from = to;
    }
    Some(area + survival * f64::from(horizon_half_rounds - from))
}

/// The survival at which the quantile is reached, ties by rounding included.
pub(super) fn quantile_target(per_mille: u32) -> Option<f64> {
    let open = 1000u32.checked_sub(per_mille)?;
    (1..1000)
        .contains(&open)
        .then(|| f64::from(open) / 1000.0 * (1.0 + TIE))
}

/// A Kaplan–Meier curve, built from age to age.
///
/// Between censorings the product telescopes to a ratio of two integers, so S
/// is rounded once a censoring, not once a row.
#[derive(Clone, Copy, Debug)]
struct Curve {
    at_risk: u64,
    survival: f64,
    /// Survival and incidents at risk just after the last censoring.
    base: (f64, u64),
}

impl Curve {
    fn new(incidents: u64) -> Self {
        Self {
            at_risk: incidents,
            survival: 1.0,
            base: (1.0, incidents),
        }
    }

    /// Goes to the next age; `closed + censored` must not exceed `at_risk`.
    fn step(&mut self, closed: u64, censored: u64) {
        if closed > 0 {
            self.at_risk -= closed;
            self.survival = self.base.0 * (self.at_risk as f64 / self.base.1 as f64);
        }
        if censored > 0 {
            self.at_risk -= censored;
            self.base = (self.survival, self.at_risk);
        }
    }
}
