//! What the page and the figures can show against x: names, units, meanings.

use serde::Serialize;

use super::agreement::{Agreement, Held};
use super::data::Point;
use super::words;
use crate::design::Design;

/// Something that can be shown against x.
#[derive(Debug, Clone, Serialize)]
pub struct Indicator {
    /// Its key: its column in the summary, or [`DOWNTIME`].
    pub key: &'static str,
    /// Its name.
    pub label: String,
    /// Its unit as it is shown.
    pub unit: String,
    /// What a value is multiplied with to be in that unit.
    pub scale: f64,
    /// The fewest decimals that it is shown with.
    pub decimals: usize,
    /// Whether a table on paper has it.
    pub main: bool,
    /// What it means, and what to beware of.
    pub about: String,
}

/// The one indicator that is no column of the summary: `downtime_minutes` of one server, or of
/// the journey, over the window that [`words::Downtime`] names.
pub const DOWNTIME: &str = "downtime";

const PERCENT: (&str, f64) = ("%", 100.0);
const ROUNDS: (&str, f64) = ("rounds", 1.0);
const BUDGET: (&str, f64) = ("× the budget", 1.0);

impl Indicator {
    fn new(
        key: &'static str,
        label: impl Into<String>,
        (unit, scale): (&str, f64),
        about: impl Into<String>,
    ) -> Self {
        Self {
            key,
            label: label.into(),
            unit: unit.to_owned(),
            scale,
            // As in the terminal's table.
            decimals: if key == "sla_miss" { 1 } else { 2 },
            main: false,
            about: about.into(),
        }
    }

    fn main(self) -> Self {
        Self { main: true, ..self }
    }
}

/// The indicators that some point has, in the order in which they are offered.
pub fn indicators(design: &Design, agreement: &Agreement, points: &[Point]) -> Vec<Indicator> {
    let known = |indicator: &Indicator| {
        let mut points = points.iter();
        points.any(|point| point.estimates.contains_key(indicator.key))
    };
    // These have a figure, whatever they show.
    let always = ["sla_miss", agreement.key()];
    let mut shown = all(design, agreement);
    shown.retain(|indicator| always.contains(&indicator.key) || known(indicator));
    shown
}

fn all(design: &Design, agreement: &Agreement) -> Vec<Indicator> {
    let within = words::within(design);
    let downtime = words::Downtime::of(design);
    let held_to = match agreement.held {
        Held::Servers => "the servers",
        Held::Journey => "the journey",
        Held::Mixed => "what the SLA of the design point is held to: the servers, or the journey",
    };
    let whose = match agreement.held {
        Held::Servers => (
            "server-min",
            "Downtime of a replication, all servers added up",
        ),
        Held::Journey => ("min", "Downtime of a replication, journey"),
        Held::Mixed => (
            "min",
            "Downtime of a replication, all servers added up or journey",
        ),
    };
    let quantile = |share: &str| {
        format!(
            "{share} of the incidents are resolved within so many rounds; a dash where the window ends before."
        )
    };
    let of_servers = |share: &str| {
        format!("Availability of the servers that {share} of the replications do not exceed.")
    };
    let of_budget = |share: &str| {
        format!("Multiple of the error budget that {share} of the replications do not exceed.")
    };
    vec![
        Indicator::new(
            "sla_miss",
            "SLA-miss probability",
            PERCENT,
            "Share of replications that miss the SLA.",
        )
        .main(),
        Indicator::new(
            "availability",
            "Server availability",
            PERCENT,
            "Mean share of checks that find the server up.",
        )
        .main(),
        Indicator::new(
            "journey_availability",
            "Journey availability",
            PERCENT,
            "Mean share of rounds in which the user journey works.",
        )
        .main(),
        Indicator::new(
            "nines",
            "Nines of availability",
            ("nines", 1.0),
            format!("−log10(1 − availability), of {held_to}."),
        )
        .main(),
        Indicator {
            unit: downtime.unit.to_owned(),
            ..Indicator::new(
                DOWNTIME,
                downtime.label(agreement.held),
                ("", 1.0),
                downtime.about(agreement.held),
            )
        }
        .main(),
        Indicator::new(
            "mttr_rounds",
            format!("Mean time to resolve within {within}"),
            ROUNDS,
            format!(
                "Open incidents count, each up to the end of its replication: a restricted mean, \
                 within {within}. In a longer replication it is longer."
            ),
        )
        .main(),
        Indicator::new(
            "mttr_closed_rounds",
            "Mean time to resolve, closed incidents",
            ROUNDS,
            "Closed incidents only: biased down where many incidents stay open, because those are \
             the long ones.",
        ),
        Indicator::new(
            "ttr_p50_rounds",
            "Median time to resolve",
            ROUNDS,
            quantile("Half"),
        ),
        Indicator::new(
            "ttr_p90_rounds",
            "90 % resolved within",
            ROUNDS,
            quantile("90 %"),
        ),
        Indicator::new(
            "ttr_p99_rounds",
            "99 % resolved within",
            ROUNDS,
            quantile("99 %"),
        ),
        Indicator::new(
            "downtime_minutes",
            whose.1,
            (whose.0, 1.0),
            format!(
                "Mean downtime of a replication: (1 − availability) × rounds × minutes a round, of \
                 {held_to}; servers are added up, so that two servers down for a minute are two \
                 server-minutes."
            ),
        ),
        Indicator::new(
            "budget_spent_mean",
            "Error budget spent, mean",
            BUDGET,
            "Failed checks of a replication by those that may fail, (1 − target) × checks rounded \
             down; above 1 the SLA is missed. A dash where none may fail.",
        ),
        Indicator::new(
            "budget_spent_p90",
            "Error budget spent, worst 10 %",
            BUDGET,
            of_budget("90 %"),
        ),
        Indicator::new(
            "budget_spent_p99",
            "Error budget spent, worst 1 %",
            BUDGET,
            of_budget("99 %"),
        ),
        Indicator::new(
            "availability_p01",
            "Server availability, worst 1 %",
            PERCENT,
            of_servers("1 %"),
        ),
        Indicator::new(
            "availability_p05",
            "Server availability, worst 5 %",
            PERCENT,
            of_servers("5 %"),
        ),
        Indicator::new(
            "availability_p50",
            "Server availability, median",
            PERCENT,
            of_servers("half"),
        ),
    ]
}
