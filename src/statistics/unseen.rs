//! What a sample can't show: kinds of outage so rare that none was met.
//!
//! Every interval here is made of what was seen. Where outages are rare and long, most samples hold
//! none of them, and all of these are too good and too sure. Nothing in the sample tells; but what
//! may have been missed can be bounded.

use super::Confidence;

/// What a kind of outage would change that may have gone unseen: one that a replication meets with
/// `probability`, and that lasts from a moment drawn uniformly to the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unseen {
    /// The largest probability at which n replications meet none with a probability of α:
    /// 1 − α^(1 / n), about 3 / n at 95 %.
    pub probability: f64,
    /// The mean availability that it costs, 0 to 1.
    pub availability: f64,
    /// How much it raises the restricted mean time to resolve, in the unit of the horizon; `None`
    /// where no incident was seen.
    pub mttr: Option<f64>,
}

/// Incidents of a sample, for [`unseen`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Incidents of all replications.
    pub incidents: u64,
    /// Their restricted mean time to resolve.
    pub mttr: f64,
    /// Where it is cut: the length of a replication, in the same unit.
    pub horizon: f64,
}

/// What may have gone unseen in `n` replications: the rule of three.
///
/// With p the probability above, availability falls by p / 2 / `units`: half a replication on
/// average, on one of `units` servers (1 for a journey that it breaks). With r incidents a
/// replication, a share q = p / (p + r) of incidents would never be resolved and each count the
/// whole horizon h, so the restricted mean θ rises by q (h − θ).
///
/// Hanley and Lippman-Hand (1983), If nothing goes wrong, is everything all right?, JAMA 249.
///
/// `None` where n or `units` is 0.
pub fn unseen(n: u64, units: u64, seen: Option<Seen>, confidence: Confidence) -> Option<Unseen> {
    if n == 0 || units == 0 {
        return None;
    }
    let probability = -(confidence.alpha().ln() / n as f64).exp_m1();
    let mttr = seen.filter(|seen| seen.incidents > 0).map(|seen| {
        let rate = seen.incidents as f64 / n as f64;
        let share = probability / (probability + rate);
        share * (seen.horizon - seen.mttr).max(0.0)
    });
    Some(Unseen {
        probability,
        availability: probability / 2.0 / units as f64,
        mttr,
    })
}
