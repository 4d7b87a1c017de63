//! What the design needs to know of a world that its factors make.

use crate::statistics::sre::Window;
use crate::world::{Indicator, World};

/// What the design needs to know of one world that the factors make, and of who responds there.
#[derive(Debug, Clone)]
pub struct Variation {
    /// Rounds of a replication.
    pub rounds: u32,
    /// Number of servers.
    pub servers: u32,
    /// Whether there is a user journey.
    pub journey: bool,
    /// The names of the user journeys, where there are several.
    pub journeys: Vec<String>,
    /// Their weights together; 1 for an only one without a weight, 0 without any.
    pub journey_weight: u32,
    /// Length of a round in minutes.
    pub round_minutes: f64,
    /// The SLA's target in percent.
    pub sla_target: String,
    /// The SLA's target, 0 to 1.
    pub sla_target_share: f64,
    /// Whether the SLA is held to the user journey, not to the servers.
    pub sla_on_journey: bool,
    /// Whether the response takes time, so that incidents are detected and acknowledged.
    pub cases: bool,
    /// Whether alerts are diagnosed by the accuracy of the skill.
    pub diagnoses: bool,
    /// Whether whoever responds has to be asked, so that the answers are recorded.
    pub asked: bool,
    /// Checks of a replication (rounds by weight, if it is held to the journey) that may fail without a
    /// miss: the error budget, a whole number.
    pub sla_budget: u64,
    pub(super) exposure: u32,
}

impl Variation {
    /// A world in outline, to which rules respond; `exposure` is the number of what it exposes to chaos.
    pub(super) fn of(world: &World, exposure: u32) -> Self {
        let mut variation = Self {
            rounds: world.rounds,
            servers: world.servers.len() as u32,
            journey: world.user_journeys().next().is_some(),
            journeys: match world.journeys.as_slice() {
                [] | [_] => Vec::new(),
                several => several
                    .iter()
                    .map(|j| j.name.get_ref().to_string())
                    .collect(),
            },
            journey_weight: world.journey_weight(),
            round_minutes: world.round_minutes.get(),
            sla_target: world.sla.target.percent().to_string(),
            sla_target_share: world.sla.target.share(),
            sla_on_journey: world.sla.indicator == Indicator::JourneyAvailability,
            exposure,
            cases: world.has_cases(),
            diagnoses: true,
            asked: false,
            sla_budget: 0,
        };
        let checks = variation.sla_checks();
        variation.sla_budget = checks - world.sla.target.least(checks);
        variation
    }

    /// Checks of a replication: servers × rounds.
    pub fn checks(&self) -> u64 {
        u64::from(self.servers) * u64::from(self.rounds)
    }

    /// The most that journey up rounds can be: rounds × weight of the journeys.
    pub fn journey_rounds(&self) -> u64 {
        u64::from(self.rounds) * u64::from(self.journey_weight)
    }

    /// What the SLA counts in a replication: checks, or if it is held to the journey rounds, each as
    /// often as the journeys weigh.
    pub fn sla_checks(&self) -> u64 {
        if self.sla_on_journey {
            self.journey_rounds()
        } else {
            self.checks()
        }
    }

    /// What downtime is stated over: a replication, of all servers or of the journey.
    pub fn window(&self) -> Window {
        Window {
            rounds: self.rounds,
            round_minutes: self.round_minutes,
            servers: if self.sla_on_journey { 1 } else { self.servers },
        }
    }
}
