//! What the page and the figures can show against x: names, units, meanings.

use std::borrow::Cow;

use serde::Serialize;

use super::agreement::{Agreement, Held};
use super::shown::Point;
use super::words;
use crate::design::Design;
use crate::summary::catalogue::{CATALOGUE, Estimator, Place, Unit, journey_column};

/// Something that can be shown against x.
#[derive(Debug, Clone, Serialize)]
pub struct Indicator {
    /// Its key: its column in the summary, or [`DOWNTIME`].
    pub key: Cow<'static, str>,
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

/// The indicators that some point has, in the order in which they are offered.
pub fn indicators(design: &Design, agreement: &Agreement, points: &[Point]) -> Vec<Indicator> {
    let known = |indicator: &Indicator| {
        let mut points = points.iter();
        points.any(|point| point.estimates.contains_key(&indicator.key))
    };
    // These have a figure, whatever they show.
    let always = ["sla_miss", agreement.key()];
    let mut shown = all(design, agreement);
    shown.retain(|indicator| always.contains(&&*indicator.key) || known(indicator));
    shown
}

/// Every estimate of the catalogue, by its place, and the downtime of one server.
fn all(design: &Design, agreement: &Agreement) -> Vec<Indicator> {
    let words = Words::new(design, agreement);
    let mut estimators: Vec<&Estimator> = CATALOGUE.iter().collect();
    estimators.sort_by_key(|estimator| estimator.place);
    let mut all: Vec<Indicator> = estimators.iter().map(|one| words.indicator(one)).collect();
    let nines = all.iter().position(|indicator| indicator.key == "nines");
    let downtime = words::Downtime::of(design);
    let of_one = Indicator {
        key: DOWNTIME.into(),
        label: downtime.label(agreement.held),
        unit: downtime.unit.to_owned(),
        scale: 1.0,
        decimals: 2,
        main: true,
        about: downtime.about(agreement.held),
    };
    all.insert(nines.map_or(0, |at| at + 1), of_one);
    all.extend(design.journeys().into_iter().map(of_journey));
    all
}

/// The availability of one of several journeys.
fn of_journey(journey: &str) -> Indicator {
    Indicator {
        key: journey_column(journey).into(),
        label: format!("Availability of the journey {journey}"),
        unit: Unit::Fraction.symbol().to_owned(),
        scale: Unit::Fraction.scale(),
        decimals: 2,
        main: false,
        about: format!("Mean share of rounds in which the user journey {journey} works."),
    }
}

/// What stands for `{within}`, `{held_to}` and `{whose}` in the texts of the catalogue.
struct Words {
    within: String,
    held_to: &'static str,
    whose: &'static str,
    /// The unit of a downtime.
    downtime: &'static str,
}

impl Words {
    fn new(design: &Design, agreement: &Agreement) -> Self {
        let (held_to, whose, downtime) = match agreement.held {
            Held::Servers => ("the servers", "all servers added up", "server-min"),
            Held::Journey => ("the journey", "journey", Unit::Minutes.symbol()),
            Held::Mixed => (
                "what the SLA of the design point is held to: the servers, or the journey",
                "all servers added up or journey",
                Unit::Minutes.symbol(),
            ),
        };
        Self {
            within: words::within(design),
            held_to,
            whose,
            downtime,
        }
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{within}", &self.within)
            .replace("{held_to}", self.held_to)
            .replace("{whose}", self.whose)
    }

    fn indicator(&self, estimator: &Estimator) -> Indicator {
        Indicator {
            key: estimator.name.into(),
            label: self.filled(estimator.label),
            unit: match estimator.unit() {
                Unit::Minutes => self.downtime,
                unit => unit.symbol(),
            }
            .to_owned(),
            scale: estimator.unit().scale(),
            decimals: estimator.decimals,
            main: matches!(estimator.place, Place::Main(_)),
            about: self.filled(estimator.note),
        }
    }
}
