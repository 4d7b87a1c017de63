//! What the SLA is held to, and its target, over all design points.

use serde::Serialize;

use crate::design::{Design, Variation};

/// What the SLA is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Held {
    /// The checks of all servers.
    Servers,
    /// The rounds in which the user journey works.
    Journey,
    /// The one at some design points, the other at others.
    Mixed,
}

/// The agreement of a design.
#[derive(Debug, Clone, Serialize)]
pub struct Agreement {
    /// What it is held to.
    pub held: Held,
    /// Its target in percent; `None` where design points have several.
    pub target: Option<String>,
}

impl Agreement {
    /// Of all points of a design.
    pub fn of(design: &Design) -> Self {
        let first = design.variation(0);
        let all = |same: &dyn Fn(&Variation) -> bool| {
            (0..design.len()).all(|point| same(design.variation(point)))
        };
        Self {
            held: match first.sla_on_journey {
                on_journey if !all(&|other| other.sla_on_journey == on_journey) => Held::Mixed,
                true => Held::Journey,
                false => Held::Servers,
            },
            target: all(&|other| other.sla_target == first.sla_target)
                .then(|| first.sla_target.clone()),
        }
    }

    /// The column of the availability that it is held to; of the servers where it is mixed.
    pub fn key(&self) -> &'static str {
        match self.held {
            Held::Journey => "journey_availability",
            Held::Servers | Held::Mixed => "availability",
        }
    }

    /// The agreement, at the beginning of a sentence: `The 99.9 % availability SLA`.
    pub fn name(&self) -> String {
        let of = match self.held {
            Held::Servers => "availability ",
            Held::Journey => "journey-availability ",
            Held::Mixed => "",
        };
        match &self.target {
            Some(target) => format!("The {target} % {of}SLA"),
            None => format!("The {of}SLA of each design point"),
        }
    }

    /// What is missed, within a sentence: `the 99.9 % availability target`.
    pub fn goal(&self) -> String {
        let of = match self.held {
            Held::Servers => "availability ",
            Held::Journey => "journey-availability ",
            Held::Mixed => "",
        };
        match &self.target {
            Some(target) => format!("the {target} % {of}target"),
            None => format!("their {of}target"),
        }
    }
}
