//! Gates whose verdict is known before anything is simulated: their bound is one that nobody means.

use super::Gate;
use crate::design::{Design, Variation};
use crate::diagnostics::hundredth;
use crate::statistics::gate::Relation;
use crate::statistics::sre::nines;
use crate::summary::catalogue::{Quantity, Unit};

/// What is known of a gate at a design point, whatever its replications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Foregone {
    /// The estimate is not defined there.
    Undefined,
    /// It holds for every value that the estimate can have.
    Holds,
    /// It holds for none.
    Fails,
    /// It would not hold only for a value that no interval is narrow enough to show.
    NeverFails,
    /// It would hold only for such a value.
    NeverHolds,
}

/// Why a gate is not to be asked of these design points, with what it may have meant; `None`
/// where the replications decide.
///
/// One point where it can't hold or is not defined is enough to know the verdict; where it can't
/// fail, that takes all of them.
pub fn refusal(gate: &Gate, design: &Design, points: &[usize]) -> Option<String> {
    if let Some(twice) = gate.twice_a_fraction() {
        return Some(twice);
    }
    let mut certain = 0;
    for point in points {
        let variation = design.variation(*point);
        match gate.foregone(variation) {
            None => {}
            Some(Foregone::Holds | Foregone::NeverFails) => certain += 1,
            Some(Foregone::Undefined) => {
                let (name, why) = (gate.estimator.name, gate.estimator.undefined());
                let at = design.describe(*point);
                let at = if at.is_empty() {
                    at
                } else {
                    format!(" ({at})")
                };
                return Some(format!(
                    "the gate `{gate}` can't be decided: {why}{at}, so it has no `{name}`"
                ));
            }
            Some(known) => return Some(gate.refused(known, variation)),
        }
    }
    let first = design.variation(*points.first()?);
    let known = gate.foregone(first)?;
    (certain == points.len()).then(|| gate.refused(known, first))
}

impl Gate {
    fn foregone(&self, variation: &Variation) -> Option<Foregone> {
        let Some([least, most]) = self.estimator.range(variation) else {
            return Some(Foregone::Undefined);
        };
        let holds = |value| self.relation.holds(value, self.bound);
        let at_an_end = self.bound == least || self.bound == most;
        match (holds(least), holds(most)) {
            (true, true) => Some(Foregone::Holds),
            (false, false) => Some(Foregone::Fails),
            // An interval of a mean is never an end of its range alone.
            _ if self.estimator.is_mean && at_an_end => Some(match self.relation {
                Relation::Less | Relation::Greater => Foregone::NeverFails,
                Relation::LessOrEqual | Relation::GreaterOrEqual => Foregone::NeverHolds,
            }),
            _ => None,
        }
    }

    /// A fraction with a percent sign behind it: nobody asks whether 1 % is available.
    fn twice_a_fraction(&self) -> Option<String> {
        let available = matches!(
            self.estimator.of,
            Quantity::Availability | Quantity::Journey
        );
        let twice = self.in_percent && available && 0.0 < self.bound && self.bound < 0.01;
        let (name, sign, bound) = (self.estimator.name, self.relation.sign(), self.bound);
        twice.then(|| {
            let (written, percent) = (self.written(bound), rounded(1e4 * bound));
            format!(
                "the gate `{name} {sign} {written}` is on an availability below 1 %, which is a \
                 fraction with a percent sign. Did you mean `{name} {sign} {percent}%`? If not, write \
                 the fraction: `{name} {sign} {bound}`"
            )
        })
    }

    fn refused(&self, known: Foregone, variation: &Variation) -> String {
        let name = self.estimator.name;
        let [least, most] = self.estimator.range(variation).unwrap_or_default();
        let [least, most, bound] = [least, most, self.bound].map(|value| self.written(value));
        let is = match self.estimator.unit() {
            Unit::Fraction if self.in_percent => format!("is {least} to {most}"),
            Unit::Budget if self.in_percent => {
                format!("is a share of the error budget, {least} to {most}")
            }
            Unit::Fraction => "is a fraction, 0 to 1".to_owned(),
            Unit::Budget => format!("is a fraction of the error budget, 0 to {most}"),
            Unit::Rounds => format!("is {least} to {most} rounds, the length of a replication"),
            Unit::Minutes if variation.sla_on_journey => {
                format!("is 0 to {most} minutes, the length of a replication")
            }
            Unit::Minutes => format!("is 0 to {most} minutes, of all servers together"),
            Unit::Nines => format!("is in nines, 3 for 99.9 %, and none above {most} can be told"),
        };
        let never = match known {
            Foregone::Holds | Foregone::NeverFails => "can't fail",
            _ => "can't hold",
        };
        let exactly = match known {
            Foregone::NeverFails | Foregone::NeverHolds => {
                format!(", and no number of replications shows that it is exactly {bound}")
            }
            _ => String::new(),
        };
        let meant = self.meant(variation).unwrap_or_else(|| {
            let percent = match self.estimator.unit() {
                Unit::Fraction | Unit::Budget if !self.in_percent => ", as 0.05 or 5%",
                _ => "",
            };
            format!("Allowed: a bound between {least} and {most}{percent}")
        });
        let sign = self.relation.sign();
        format!(
            "the gate `{name} {sign} {bound}` {never}, so it decides nothing: `{name}` {is}{exactly}. {meant}"
        )
    }

    /// A value as the bound was written: a fraction, or in percent.
    fn written(&self, value: f64) -> String {
        match self.in_percent {
            true => format!("{}%", rounded(100.0 * value)),
            false => rounded(value).to_string(),
        }
    }

    /// What the bound may have meant, where that decides something.
    fn meant(&self, variation: &Variation) -> Option<String> {
        let sensible = |bound: f64| {
            let other = Self { bound, ..*self };
            other.foregone(variation).is_none().then_some(other)
        };
        let (name, sign, bound) = (self.estimator.name, self.relation.sign(), self.bound);
        match self.estimator.unit() {
            // Who writes a percent means it.
            Unit::Fraction | Unit::Budget if self.in_percent => None,
            // By an availability of 1 nobody means 1 %.
            Unit::Fraction | Unit::Budget
                if bound > 1.0 || bound == 1.0 && self.estimator.of == Quantity::Miss =>
            {
                let other = sensible(hundredth(bound))?;
                Some(format!(
                    "Did you mean `{name} {sign} {bound}%`, that is {}?",
                    other.bound
                ))
            }
            Unit::Nines => {
                let percent = bound;
                let rounded = (nines(hundredth(percent))? * 100.0).round() / 100.0;
                let other = sensible(rounded)?;
                Some(format!("Did you mean `{other}`, that is {percent} %?"))
            }
            Unit::Rounds if variation.round_minutes != 1.0 => {
                let other = sensible(bound / variation.round_minutes)?;
                Some(format!("Did you mean `{other}`, that is {bound} minutes?"))
            }
            _ => None,
        }
    }
}

/// A number without the digits that are not its own.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostics::Sources;
    use crate::experiment::Experiment;
    use crate::summary::catalogue::CATALOGUE;

    /// cloudinfra with an error budget and cases.
    fn variation() -> Variation {
        let text = "name = \"e\"\nreplications = 1\n[factors]\n\"sla.target\" = [95]";
        let design = Experiment::parse("e.toml", text, Path::new(""), &mut Sources::default())
            .and_then(Design::new)
            .expect("an experiment");
        let mut variation = design.variation(0).clone();
        // As if its response took time, so that every estimate is defined.
        variation.cases = true;
        variation
    }

    /// Every estimate refuses a bound below, above and at the ends of its range where that decides
    /// nothing, and takes one amid it.
    #[test]
    fn a_bound_that_decides_nothing_is_known_for_every_estimate() {
        let variation = variation();
        for estimator in &CATALOGUE {
            let [least, most] = estimator.range(&variation).expect("a range");
            let foregone = |relation, bound| {
                let gate = Gate {
                    estimator,
                    relation,
                    bound,
                    in_percent: false,
                };
                gate.foregone(&variation)
            };
            for relation in Relation::ALL {
                let middle = foregone(relation, (least + most) / 2.0);
                assert_eq!(middle, None, "{}", estimator.name);
                for beyond in [least - 1.0, most + 1.0] {
                    let known = foregone(relation, beyond);
                    let known = known.expect("a bound beyond the range decides nothing");
                    assert!(matches!(known, Foregone::Holds | Foregone::Fails));
                }
            }
            let ends = [
                (Relation::GreaterOrEqual, least, Some(Foregone::Holds)),
                (Relation::LessOrEqual, most, Some(Foregone::Holds)),
                (Relation::Less, least, Some(Foregone::Fails)),
                (Relation::Greater, most, Some(Foregone::Fails)),
            ];
            for (relation, bound, known) in ends {
                assert_eq!(foregone(relation, bound), known, "{}", estimator.name);
            }
            // A quantile can be an end of its range and be known to be; a mean can't.
            let known = |known| estimator.is_mean.then_some(known);
            let ends = [
                (Relation::Less, most, known(Foregone::NeverFails)),
                (Relation::Greater, least, known(Foregone::NeverFails)),
                (Relation::LessOrEqual, least, known(Foregone::NeverHolds)),
                (Relation::GreaterOrEqual, most, known(Foregone::NeverHolds)),
            ];
            for (relation, bound, known) in ends {
                assert_eq!(foregone(relation, bound), known, "{}", estimator.name);
            }
        }
    }

    /// What a world does not have is said, not decided.
    #[test]
    fn an_estimate_that_is_not_there_is_known() {
        let mut lacking = variation();
        lacking.journey = false;
        lacking.sla_budget = 0;
        let known = |text: &str| {
            let gate: Gate = text.parse().expect("a gate");
            gate.foregone(&lacking)
        };
        assert_eq!(
            known("journey_availability > 0.9"),
            Some(Foregone::Undefined)
        );
        assert_eq!(known("budget_spent_p90 < 0.9"), Some(Foregone::Undefined));
        assert_eq!(known("availability > 0.9"), None);
    }
}
