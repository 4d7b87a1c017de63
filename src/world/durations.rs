//! Durations in rounds: a whole number, or a distribution of them.
//!
//! The distribution functions use `exp`, `ln` and `erfc`, which are not the same on every platform to
//! the last bit; `simulation::durations` rounds what they give to multiples of 2⁻³².

use std::fmt;

use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, LogNormal, Weibull as WeibullLaw};
use statrs::function::gamma::ln_gamma;

use super::numbers::{AtLeastOne, NonNegative, Positive, Rounds};
use super::{ChaosEffect, World};

/// How long something takes, in rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Duration {
    /// Geometric on 1, 2, …: it ends each round with the same probability.
    Geometric(Geometric),
    /// The logarithm is normal.
    Lognormal(Lognormal),
    /// Weibull.
    Weibull(Weibull),
    /// These rounds, each with its weight.
    Values(Vec<(Rounds, NonNegative)>),
    /// Uniform on the whole numbers from the first to the second.
    #[serde(untagged)]
    Between(Rounds, Rounds),
    /// Always as long.
    #[serde(untagged)]
    Fixed(Rounds),
}

/// Geometric on 1, 2, ….
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Geometric {
    /// Rounds.
    pub mean: AtLeastOne,
}

/// The logarithm is normal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lognormal {
    /// Rounds.
    pub median: Positive,
    /// Standard deviation of the natural logarithm.
    pub sigma: NonNegative,
}

/// Weibull.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weibull {
    /// Below 1 the longer it lasted the longer it goes on; 1 is exponential.
    pub shape: Positive,
    /// Rounds: 63.2 % end within it.
    pub scale: Positive,
}

impl Duration {
    /// The number of rounds, if nothing is drawn for it.
    pub fn fixed(&self) -> Option<u32> {
        match self {
            Self::Fixed(rounds) => Some(rounds.get()),
            _ => None,
        }
    }

    /// Whether it can be 0 rounds.
    pub fn can_be_zero(&self) -> bool {
        match self {
            Self::Fixed(rounds) => rounds.get() == 0,
            Self::Between(low, _) => low.get() == 0,
            Self::Values(values) => values
                .iter()
                .any(|(rounds, weight)| rounds.get() == 0 && weight.get() > 0.0),
            Self::Geometric(_) | Self::Lognormal(_) | Self::Weibull(_) => false,
        }
    }
}

impl Duration {
    /// Probability that it is within so many rounds, once it is multiplied by a scale.
    pub fn within(&self, rounds: f64, scale: f64) -> f64 {
        let rounds = rounds / scale;
        let ends = |end: &Rounds| f64::from(end.get()) <= rounds;
        match self {
            Self::Fixed(end) => f64::from(u8::from(ends(end))),
            Self::Between(low, high) => {
                let all = f64::from(high.get() - low.get()) + 1.0;
                ((rounds.floor() - f64::from(low.get()) + 1.0) / all).clamp(0.0, 1.0)
            }
            Self::Geometric(law) => 1.0 - (1.0 - 1.0 / law.mean.get()).powf(rounds),
            Self::Lognormal(law) => law.within(rounds),
            Self::Weibull(law) => law.within(rounds),
            Self::Values(values) => {
                let sum = |kept: &dyn Fn(&Rounds) -> bool| -> f64 {
                    let kept = values.iter().filter(|(end, _)| kept(end));
                    kept.map(|(_, weight)| weight.get()).sum()
                };
                sum(&ends) / sum(&|_| true)
            }
        }
    }
}

impl World {
    /// Every duration with its path and its scale.
    pub fn durations<'a>(&'a self) -> Vec<(String, &'a Duration, f64)> {
        let mut all = Vec::new();
        for scenario in &self.chaos {
            let path = format!("chaos.{}", scenario.name.get_ref());
            all.push((
                format!("{path}.duration"),
                scenario.duration.get_ref(),
                scenario.duration_scale.get(),
            ));
            for (at, effect) in scenario.effects.iter().enumerate() {
                if let ChaosEffect::CrashService(crash) = effect
                    && let Some(recovers) = &crash.recovers
                {
                    all.push((
                        format!("{path}.effects.{at}.crash_service.recovers"),
                        recovers.get_ref(),
                        crash.recovers_scale.get(),
                    ));
                }
            }
        }
        for action in &self.remediation {
            if let Some(duration) = &action.duration {
                let path = format!("remediation.{}.duration", action.name.get_ref());
                all.push((path, duration, action.duration_scale.get()));
            }
        }
        let scale = self
            .response
            .as_ref()
            .map_or(1.0, |r| r.duration_scale.get());
        let mut times =
            |path: &str, detect: &'a Option<Duration>, acknowledge: &'a Option<Duration>| {
                for (key, duration) in [("detect", detect), ("acknowledge", acknowledge)] {
                    all.extend(
                        duration
                            .as_ref()
                            .map(|d| (format!("{path}.{key}"), d, scale)),
                    );
                }
            };
        if let Some(response) = &self.response {
            times("response", &response.detect, &response.acknowledge);
        }
        for (name, skill) in &self.skills {
            let path = format!("skills.{}", name.get_ref());
            times(&path, &skill.detect, &skill.acknowledge);
        }
        all
    }
}

impl Lognormal {
    /// Probability of a number of rounds, or fewer.
    pub fn within(self, rounds: f64) -> f64 {
        let ratio = rounds / self.median.get();
        match LogNormal::new(0.0, self.sigma.get()) {
            Ok(law) => law.cdf(ratio),
            // Without spread all is at the median.
            Err(_) => f64::from(u8::from(ratio >= 1.0)),
        }
    }

    fn mean(self) -> f64 {
        self.median.get() * (self.sigma.get() * self.sigma.get() / 2.0).exp()
    }
}

impl Weibull {
    /// Probability of a number of rounds, or fewer.
    pub fn within(self, rounds: f64) -> f64 {
        let ratio = rounds / self.scale.get();
        WeibullLaw::new(self.shape.get(), 1.0).map_or(1.0, |law| law.cdf(ratio))
    }

    fn mean(self) -> f64 {
        self.scale.get() * ln_gamma(1.0 + 1.0 / self.shape.get()).exp()
    }
}

/// The kinds that are written as a table.
enum Kind {
    Geometric,
    Lognormal,
    Weibull,
    Values,
}

impl<'de> Deserialize<'de> for Kind {
    // By hand, so that an unknown name is told as one wherever a table has one key that names its kind.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KindVisitor;

        impl Visitor<'_> for KindVisitor {
            type Value = Kind;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a distribution")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Kind, E> {
                match name {
                    "geometric" => Ok(Kind::Geometric),
                    "lognormal" => Ok(Kind::Lognormal),
                    "weibull" => Ok(Kind::Weibull),
                    "values" => Ok(Kind::Values),
                    _ => Err(E::unknown_variant(
                        name,
                        &["geometric", "lognormal", "weibull", "values"],
                    )),
                }
            }
        }

        deserializer.deserialize_identifier(KindVisitor)
    }
}

/// A duration with a mean below 1 round is nearly always 1: it is probably meant in another unit.
fn at_least_a_round<E: de::Error>(duration: Duration, mean: f64) -> Result<Duration, E> {
    if mean >= 1.0 {
        return Ok(duration);
    }
    Err(E::custom(format!(
        "this duration has a mean of {mean:.3} rounds, and none is shorter than 1; allowed: a mean of 1 \
         round or more"
    )))
}

fn weighted<E: de::Error>(values: Vec<(Rounds, NonNegative)>) -> Result<Duration, E> {
    let all: f64 = values.iter().map(|(_, weight)| weight.get()).sum();
    if all > 0.0 && all.is_finite() {
        return Ok(Duration::Values(values));
    }
    Err(E::custom(
        "these values have no weight; allowed: [[rounds, weight], …] with a sum of the weights above 0",
    ))
}

impl<'de> Deserialize<'de> for Duration {
    // By hand, because serde's untagged enums lose where their values stand.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DurationVisitor)
    }
}

struct DurationVisitor;

impl<'de> Visitor<'de> for DurationVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a whole number of rounds, [low, high], or a distribution, as in \
             { lognormal = { median = 20, sigma = 1.1 } }",
        )
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Duration, E> {
        Rounds::new(value).map(Duration::Fixed).map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Duration, E> {
        Err(E::custom(format!(
            "expected a whole number, found the number {value}; allowed: {}",
            &self as &dyn de::Expected
        )))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Duration, A::Error> {
        let mut ends: Vec<Rounds> = Vec::new();
        while let Some(end) = seq.next_element()? {
            ends.push(end);
        }
        match ends[..] {
            [low, high] if low <= high => Ok(Duration::Between(low, high)),
            [low, high] => Err(de::Error::custom(format!(
                "the range [{}, {}] is empty; allowed: [low, high] with low ≤ high",
                low.get(),
                high.get()
            ))),
            _ => Err(de::Error::custom(
                "expected a range [low, high] of two whole numbers",
            )),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Duration, A::Error> {
        const ONE: &str = "expected a duration with exactly one key that names the distribution";
        let Some(kind) = map.next_key::<Kind>()? else {
            return Err(de::Error::custom(ONE));
        };
        let duration = match kind {
            Kind::Geometric => Duration::Geometric(map.next_value()?),
            Kind::Lognormal => {
                let law: Lognormal = map.next_value()?;
                at_least_a_round(Duration::Lognormal(law), law.mean())?
            }
            Kind::Weibull => {
                let law: Weibull = map.next_value()?;
                at_least_a_round(Duration::Weibull(law), law.mean())?
            }
            Kind::Values => weighted(map.next_value()?)?,
        };
        match map.next_key::<IgnoredAny>()? {
            None => Ok(duration),
            Some(_) => Err(de::Error::custom(ONE)),
        }
    }
}
