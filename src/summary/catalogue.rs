//! The catalogue of estimates: each is declared once, with its name, unit, meaning, range and how
//! it is read. Summary tables, gates, page, terminal and error messages iterate over it.

use super::{PointSummary, Reading};
use crate::design::{Design, Variation};
use crate::simulation::in_rounds;
use crate::statistics::sre::{BudgetSpent, budget_spent, downtime_minutes, nines};
use crate::statistics::{Confidence, Estimate};

/// An estimate that every design point may have.
#[derive(Debug)]
pub struct Estimator {
    /// Its column of `summary`; the columns of its interval begin with it.
    pub name: &'static str,
    /// What it is, in one line: the meaning of its column.
    pub about: &'static str,
    /// Its name on the page. `{within}` and `{whose}` stand for words that depend on
    /// the design.
    pub label: &'static str,
    /// How to read it, on the page. `{within}` and `{held_to}` stand for words that depend on the
    /// design.
    pub note: &'static str,
    /// Its place on the page.
    pub place: Place,
    /// The fewest decimals that it is shown with, in the unit of its scale.
    pub decimals: usize,
    /// What it estimates.
    pub of: Quantity,
    /// Whether it is a mean, whose interval never is a single end of its range; the interval of a
    /// quantile can be.
    pub is_mean: bool,
    /// Whether it has a confidence sequence: an interval that holds at every look.
    pub has_sequence: bool,
    /// What the table says of its spread.
    pub spread: Spread,
    /// Whether `summary` has a column for the method of its interval.
    pub has_method_column: bool,
    /// Its value and interval at a design point; `None` where it is not defined.
    pub read: fn(&PointSummary) -> Option<Reading>,
}

/// Where the page shows an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Among the main columns, also on paper; by number.
    Main(u8),
    /// After them, by number.
    Further(u8),
}

/// Further columns of the table about the spread of an estimate.
#[derive(Debug, Clone, Copy)]
pub enum Spread {
    /// None.
    Unknown,
    /// The standard deviation over replications, from which the standard error follows.
    Deviation(fn(&PointSummary) -> Option<f64>),
    /// The standard error of the estimate.
    Error(fn(&PointSummary) -> Option<f64>),
}

/// What an estimate is of. Its unit and its range follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// The availability of the servers.
    Availability,
    /// The availability of the user journey.
    Journey,
    /// The probability that a replication misses the SLA.
    Miss,
    /// A time to resolve.
    Resolve,
    /// A part of it, in a world whose response takes time.
    ResolvePart,
    /// Nines of the SLA's indicator.
    Nines,
    /// Downtime of the SLA's indicator.
    Downtime,
    /// The error budget spent.
    Budget,
}

/// The unit of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share of 1, shown in percent.
    Fraction,
    /// A share of the error budget, which may exceed 1.
    Budget,
    /// Rounds.
    Rounds,
    /// Minutes.
    Minutes,
    /// −log10(1 − availability).
    Nines,
}

/// An entry with the properties that most have.
const ENTRY: Estimator = Estimator {
    name: "",
    about: "",
    label: "",
    note: "",
    place: Place::Further(u8::MAX),
    decimals: 2,
    of: Quantity::Availability,
    is_mean: false,
    has_sequence: false,
    spread: Spread::Unknown,
    has_method_column: true,
    read: |_| None,
};

const NOTE_TTR_P50: &str = "Half of the incidents are resolved within so many rounds; a dash where the \
                            window ends before.";

/// All estimates, in the order of the columns of `summary`.
pub static CATALOGUE: [Estimator; 20] = [
    Estimator {
        name: "availability",
        about: "mean availability of the servers, 0 to 1",
        label: "Server availability",
        note: "Mean share of checks that find the server up.",
        place: Place::Main(1),
        is_mean: true,
        has_sequence: true,
        spread: Spread::Deviation(|point| point.availability?.sd),
        read: |point| point.availability.map(Reading::from),
        ..ENTRY
    },
    Estimator {
        name: "journey_availability",
        about: "mean availability of the user journey, 0 to 1",
        label: "Journey availability",
        note: "Mean share of rounds in which the user journey works.",
        place: Place::Main(2),
        of: Quantity::Journey,
        is_mean: true,
        has_sequence: true,
        spread: Spread::Deviation(|point| point.journey_availability?.sd),
        read: |point| point.journey_availability.map(Reading::from),
        ..ENTRY
    },
    Estimator {
        name: "sla_miss",
        about: "probability that a replication misses the SLA",
        label: "SLA-miss probability",
        note: "Share of replications that miss the SLA.",
        place: Place::Main(0),
        decimals: 1,
        of: Quantity::Miss,
        is_mean: true,
        has_sequence: true,
        spread: Spread::Error(|point| {
            let share = point.sla_miss?.value;
            (point.n > 1).then(|| (share * (1.0 - share) / point.n as f64).sqrt())
        }),
        read: |point| point.sla_miss.map(Reading::from),
        ..ENTRY
    },
    Estimator {
        name: "mttr_rounds",
        about: "mean time to resolve in rounds, within the rounds of a replication, open incidents \
                counted: area under Kaplan-Meier up to the end",
        label: "Mean time to resolve within {within}",
        note: "Open incidents count, each up to the end of its replication: a restricted mean, \
               within {within}. In a longer replication it is longer.",
        place: Place::Main(5),
        of: Quantity::Resolve,
        is_mean: true,
        spread: Spread::Error(|point| point.mttr_se),
        read: |point| point.mttr_rounds.map(Reading::from),
        ..ENTRY
    },
    Estimator {
        name: "mttr_detect_rounds",
        about: "part of mttr_rounds until incidents are detected",
        label: "Of the mean time to resolve: until detected",
        note: "Mean time that an incident is open and not yet detected, within {within}. The three parts \
               add up to the mean time to resolve.",
        place: Place::Further(0),
        of: Quantity::ResolvePart,
        is_mean: true,
        read: |point| part(point, 0),
        ..ENTRY
    },
    Estimator {
        name: "mttr_acknowledge_rounds",
        about: "part of mttr_rounds from detection until incidents are acknowledged",
        label: "Of it: from there until acknowledged",
        note: "Mean time that an incident is open, detected and not yet acknowledged, within {within}.",
        place: Place::Further(1),
        of: Quantity::ResolvePart,
        is_mean: true,
        read: |point| part(point, 1),
        ..ENTRY
    },
    Estimator {
        name: "mttr_repair_rounds",
        about: "part of mttr_rounds from acknowledgement until incidents are resolved, waiting for a \
                free hand included",
        label: "Of it: from there until resolved",
        note: "Mean time that an incident is open and acknowledged, within {within}: waiting for a free \
               hand, and repairs, also those that fail.",
        place: Place::Further(2),
        of: Quantity::ResolvePart,
        is_mean: true,
        read: |point| part(point, 2),
        ..ENTRY
    },
    Estimator {
        name: "mttr_closed_rounds",
        about: "mean time to resolve of closed incidents only, in rounds; biased down where many \
                stay open",
        label: "Mean time to resolve, closed incidents",
        note: "Closed incidents only: biased down where many incidents stay open, because those are \
               the long ones.",
        place: Place::Further(3),
        of: Quantity::Resolve,
        is_mean: true,
        read: |point| point.mttr_closed_rounds.map(Reading::from),
        ..ENTRY
    },
    Estimator {
        name: "ttr_p50_rounds",
        about: "half of the incidents are resolved within, in rounds",
        label: "Median time to resolve",
        note: NOTE_TTR_P50,
        place: Place::Further(4),
        of: Quantity::Resolve,
        has_method_column: false,
        read: |point| point.ttr_p50,
        ..ENTRY
    },
    Estimator {
        name: "ttr_p90_rounds",
        about: "90 % of the incidents are resolved within, in rounds",
        label: "90 % resolved within",
        note: "90 % of the incidents are resolved within so many rounds; a dash where the window \
               ends before.",
        place: Place::Further(5),
        of: Quantity::Resolve,
        has_method_column: false,
        read: |point| point.ttr_p90,
        ..ENTRY
    },
    Estimator {
        name: "ttr_p99_rounds",
        about: "99 % of the incidents are resolved within, in rounds",
        label: "99 % resolved within",
        note: "99 % of the incidents are resolved within so many rounds; a dash where the window \
               ends before.",
        place: Place::Further(6),
        of: Quantity::Resolve,
        has_method_column: false,
        read: |point| point.ttr_p99,
        ..ENTRY
    },
    Estimator {
        name: "availability_p01",
        about: "availability that 1 % of the replications do not exceed",
        label: "Server availability, worst 1 %",
        note: "Availability of the servers that 1 % of the replications do not exceed.",
        place: Place::Further(12),
        read: |point| point.availability_quantiles[0].map(Reading::from),
        ..ENTRY
    },
    Estimator {
        name: "availability_p05",
        about: "availability that 5 % of the replications do not exceed",
        label: "Server availability, worst 5 %",
        note: "Availability of the servers that 5 % of the replications do not exceed.",
        place: Place::Further(13),
        read: |point| point.availability_quantiles[1].map(Reading::from),
        ..ENTRY
    },
    Estimator {
        name: "availability_p50",
        about: "availability that half of the replications do not exceed",
        label: "Server availability, median",
        note: "Availability of the servers that half of the replications do not exceed.",
        place: Place::Further(14),
        read: |point| point.availability_quantiles[2].map(Reading::from),
        ..ENTRY
    },
    Estimator {
        name: "nines",
        about: "-log10(1 - availability) of the SLA's indicator; null at 1",
        label: "Nines of availability",
        note: "−log10(1 − availability), of {held_to}.",
        place: Place::Main(3),
        of: Quantity::Nines,
        is_mean: true,
        has_sequence: true,
        read: |point| point.nines,
        ..ENTRY
    },
    Estimator {
        name: "downtime_minutes",
        about: "downtime to expect in a replication: server-minutes, those of all servers added up, \
                or minutes of the journey if the SLA is held to it",
        label: "Downtime of a replication, {whose}",
        note: "Mean downtime of a replication: (1 − availability) × rounds × minutes a round, of \
               {held_to}; servers are added up, so that two servers down for a minute are two \
               server-minutes.",
        place: Place::Further(7),
        decimals: 1,
        of: Quantity::Downtime,
        is_mean: true,
        has_sequence: true,
        read: |point| point.downtime_minutes.map(Reading::from),
        ..ENTRY
    },
    Estimator {
        name: "budget_spent_mean",
        about: "mean error budget spent by a replication: failed checks by the whole number that may \
                fail; null where that is 0",
        label: "Error budget spent, mean",
        note: "Failed checks of a replication by those that may fail, (1 − target) × checks rounded \
               down; above 1 the SLA is missed. A dash where none may fail.",
        place: Place::Further(8),
        of: Quantity::Budget,
        is_mean: true,
        has_sequence: true,
        read: |point| of_budget(point, |spent| spent.mean),
        ..ENTRY
    },
    Estimator {
        name: "budget_spent_p50",
        about: "median error budget spent by a replication: failed checks by the whole number that \
                may fail; null where that is 0",
        label: "Error budget spent, median",
        note: "Multiple of the error budget that half of the replications do not exceed.",
        place: Place::Further(9),
        of: Quantity::Budget,
        read: |point| of_budget(point, |spent| spent.p50),
        ..ENTRY
    },
    Estimator {
        name: "budget_spent_p90",
        about: "90 % quantile, error budget spent by a replication: failed checks by the whole number \
                that may fail; null where that is 0",
        label: "Error budget spent, worst 10 %",
        note: "Multiple of the error budget that 90 % of the replications do not exceed.",
        place: Place::Further(10),
        of: Quantity::Budget,
        read: |point| of_budget(point, |spent| spent.p90),
        ..ENTRY
    },
    Estimator {
        name: "budget_spent_p99",
        about: "99 % quantile, error budget spent by a replication: failed checks by the whole number \
                that may fail; null where that is 0",
        label: "Error budget spent, worst 1 %",
        note: "Multiple of the error budget that 99 % of the replications do not exceed.",
        place: Place::Further(11),
        of: Quantity::Budget,
        read: |point| of_budget(point, |spent| spent.p99),
        ..ENTRY
    },
];

/// The column of `summary` for one of several journeys, in a name that no other column can have.
pub fn journey_column(journey: &str) -> String {
    format!("journeys.{journey}.availability")
}

/// The estimate of that name.
pub fn find(name: &str) -> Option<&'static Estimator> {
    CATALOGUE.iter().find(|known| known.name == name)
}

/// The names of the estimates with a property, joined by commas.
pub fn names(which: impl Fn(&Estimator) -> bool) -> Vec<&'static str> {
    let known = CATALOGUE.iter().filter(|known| which(known));
    known.map(|known| known.name).collect()
}

fn of_budget(point: &PointSummary, which: fn(BudgetSpent) -> Estimate) -> Option<Reading> {
    point.budget_spent.map(|spent| which(spent).into())
}

fn part(point: &PointSummary, which: usize) -> Option<Reading> {
    point.mttr_parts.map(|parts| parts[which].into())
}

impl Estimator {
    /// Whether any design point can have it; else tables have no column for it.
    pub fn stands(&self, design: &Design) -> bool {
        self.of != Quantity::ResolvePart || design.has_cases()
    }

    /// Its unit.
    pub fn unit(&self) -> Unit {
        self.of.unit()
    }

    /// The least and the greatest value that it can have at a design point, whatever the
    /// replications; `None` where it is not defined.
    pub fn range(&self, variation: &Variation) -> Option<[f64; 2]> {
        match self.of {
            Quantity::Availability | Quantity::Miss => Some([0.0, 1.0]),
            Quantity::Journey => variation.journey.then_some([0.0, 1.0]),
            // The shortest incident lasts half a round; none is watched beyond the window.
            Quantity::Resolve => Some([in_rounds(1_u32), f64::from(variation.rounds)]),
            Quantity::ResolvePart => {
                let most = f64::from(variation.rounds);
                variation.cases.then_some([0.0, most])
            }
            // An availability below 1 is at most the greatest number below 1.
            Quantity::Nines => Some([0.0, nines(1.0 - f64::EPSILON / 2.0)?]),
            Quantity::Downtime => Some([0.0, downtime_minutes(0.0, variation.window())?]),
            Quantity::Budget => {
                let checks = variation.sla_checks();
                let none_good = [(0, 1)];
                let budget = variation.sla_budget;
                let most = budget_spent(&none_good, checks, budget, Confidence::default())?;
                Some([0.0, most.mean.value])
            }
        }
    }

    /// Why an estimate that has no range at a design point has none.
    pub fn undefined(&self) -> &'static str {
        match self.of {
            Quantity::Journey => "the world has no user journey",
            Quantity::ResolvePart => {
                "nothing in the response of the world takes time: see `[response]` in a world file"
            }
            _ => "its target leaves no check that may fail",
        }
    }
}

impl Quantity {
    /// Whether it is a time to resolve or a part of it, which takes a jackknife.
    pub fn is_time_to_resolve(self) -> bool {
        matches!(self, Self::Resolve | Self::ResolvePart)
    }

    fn unit(self) -> Unit {
        match self {
            Self::Availability | Self::Journey | Self::Miss => Unit::Fraction,
            Self::Resolve | Self::ResolvePart => Unit::Rounds,
            Self::Nines => Unit::Nines,
            Self::Downtime => Unit::Minutes,
            Self::Budget => Unit::Budget,
        }
    }
}

impl Unit {
    /// Whether it is a share, which may be given in percent.
    pub fn has_percent(self) -> bool {
        matches!(self, Self::Fraction | Self::Budget)
    }

    /// What a value is multiplied by to be shown: 100 for a share in percent.
    pub fn scale(self) -> f64 {
        match self {
            Self::Fraction => 100.0,
            Self::Budget | Self::Rounds | Self::Minutes | Self::Nines => 1.0,
        }
    }

    /// The unit after a shown value, on the page.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Fraction => "%",
            Self::Budget => "× the budget",
            Self::Rounds => "rounds",
            Self::Minutes => "min",
            Self::Nines => "nines",
        }
    }

    /// The unit in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Fraction => "a fraction, 0 to 1",
            Self::Budget => "a fraction of the error budget",
            Self::Rounds => "in rounds",
            Self::Minutes => "in minutes",
            Self::Nines => "in nines, 3 for 99.9 %",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and places on the page are unique, and no entry is incomplete.
    #[test]
    fn an_entry_is_whole_and_alone() {
        for (at, one) in CATALOGUE.iter().enumerate() {
            for text in [one.name, one.about, one.label, one.note] {
                assert!(!text.is_empty(), "{one:?}");
            }
            for other in &CATALOGUE[..at] {
                assert_ne!(one.name, other.name);
                assert_ne!(one.place, other.place, "{} and {}", one.name, other.name);
            }
        }
    }

    /// Only a mean has a confidence sequence.
    #[test]
    fn a_sequence_is_of_a_mean() {
        let sequences = CATALOGUE.iter().filter(|one| one.has_sequence);
        assert!(sequences.clone().count() > 0);
        assert!(sequences.clone().all(|one| one.is_mean));
    }
}
