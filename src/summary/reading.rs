//! An estimate in the one form in which tables, gates, page and terminal read it.

use crate::simulation::in_rounds;
use crate::statistics::jackknife::{TtrDistribution, TtrQuantile};
use crate::statistics::mean::MeanEstimate;
use crate::statistics::sre::nines;
use crate::statistics::{Ends, Estimate, Interval, WITHHELD_FEW_EVENTS, WITHHELD_ONE_REPLICATION};

/// An estimate of one design point with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The estimate; `None` where there is no finite one: infinitely many nines, a quantile that is never
    /// reached.
    pub value: Option<f64>,
    /// Its interval; `None` where it is withheld.
    pub ends: Option<Ends>,
    /// The method of the interval; `withheld_…` says why there is none.
    pub method: &'static str,
}

impl From<Estimate> for Reading {
    fn from(estimate: Estimate) -> Self {
        Self {
            value: Some(estimate.value),
            ends: estimate.interval.map(Ends::Closed),
            method: estimate.method,
        }
    }
}

impl From<MeanEstimate> for Reading {
    fn from(mean: MeanEstimate) -> Self {
        Self {
            value: Some(mean.mean),
            ends: mean.interval.map(Ends::Closed),
            method: mean.method,
        }
    }
}

impl Reading {
    /// The interval, if it has both ends.
    pub fn interval(self) -> Option<Interval> {
        self.ends?.closed()
    }

    /// The lower and the upper end as tables have them; both missing where the interval is beyond
    /// what was observed.
    pub fn ends(self) -> [Option<f64>; 2] {
        match self.ends {
            None | Some(Ends::Beyond { .. }) => [None, None],
            Some(ends) => [Some(ends.least()), ends.most()],
        }
    }

    /// The nines of an availability. An availability of 1 has infinitely many, so the value, or the
    /// upper end, is missing there.
    pub(super) fn of_nines(mean: &MeanEstimate) -> Self {
        let ends = mean.interval.and_then(|interval| {
            let lo = nines(interval.lo)?;
            Some(match nines(interval.hi) {
                Some(hi) => Ends::Closed(Interval { lo, hi }),
                None => Ends::Open { lo },
            })
        });
        Self {
            value: nines(mean.mean),
            ends,
            method: mean.method,
        }
    }

    /// A quantile of the time to resolve in rounds, from the distribution over `n` replications.
    pub(super) fn of_quantile(ttr: &TtrDistribution, per_mille: u32, n: u64) -> Option<Self> {
        let TtrQuantile { value, lo, hi } = ttr.quantile(per_mille);
        let last = ttr.rows.last()?;
        let has_band = ttr.rows.iter().any(|row| row.interval.is_some());
        let ends = match (lo.map(in_rounds), hi.map(in_rounds)) {
            (Some(lo), Some(hi)) => Some(Ends::Closed(Interval { lo, hi })),
            (Some(lo), None) => Some(Ends::Open { lo }),
            (None, _) => last.interval.map(|_| Ends::Beyond {
                observed: in_rounds(last.step.half_round),
            }),
        };
        Some(Self {
            value: value.map(in_rounds),
            ends,
            method: match n {
                _ if has_band => "kaplan_meier_band",
                1 => WITHHELD_ONE_REPLICATION,
                _ => WITHHELD_FEW_EVENTS,
            },
        })
    }
}

/// An estimate in half rounds as one in rounds.
pub(super) fn estimate_in_rounds(half_rounds: &Estimate) -> Estimate {
    Estimate {
        value: in_rounds(half_rounds.value),
        interval: half_rounds.interval.map(|interval| Interval {
            lo: in_rounds(interval.lo),
            hi: in_rounds(interval.hi),
        }),
        method: half_rounds.method,
    }
}
