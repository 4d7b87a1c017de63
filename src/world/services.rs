//! What users need: the services of their journeys, and what those services need in turn.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use serde_spanned::Spanned;

use super::numbers::{Name, Rounds};
use super::{NameAt, World};

/// What users do, where all do the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    /// The service they enter by.
    pub entry: NameAt,
}

/// What some of the users do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedJourney {
    /// Its name.
    pub name: NameAt,
    /// The service they enter by.
    pub entry: NameAt,
    /// How many of the users they are, relative to the other journeys.
    #[serde(default = "one")]
    pub weight: Spanned<Rounds>,
}

fn one() -> Spanned<Rounds> {
    Spanned::new(0..0, Rounds::ONE)
}

/// What a service needs to be served.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Servers that are up and run it: at least so many.
    pub needs: Spanned<Rounds>,
}

/// A service that another depends on: its name, or `{ service, optional }`.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The service.
    pub service: NameAt,
    /// The other is served without it too, if only worse.
    pub optional: bool,
}

/// One that is not optional is its name alone, so that a world that has no other keeps its digest.
impl Serialize for Dependency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.optional {
            return self.service.serialize(serializer);
        }
        let mut long = serializer.serialize_struct("Dependency", 2)?;
        long.serialize_field("service", &self.service)?;
        long.serialize_field("optional", &true)?;
        long.end()
    }
}

impl<'de> Deserialize<'de> for Dependency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Spanned::<Form>::deserialize(deserializer)?;
        let span = form.span();
        Ok(match form.into_inner() {
            Form::Short(name) => Self {
                service: NameAt::new(span, name),
                optional: false,
            },
            Form::Long(long) => Self {
                service: long.service,
                optional: long.optional,
            },
        })
    }
}

/// How a dependency is written.
enum Form {
    Short(Name),
    Long(Long),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    service: NameAt,
    #[serde(default)]
    optional: bool,
}

impl<'de> Deserialize<'de> for Form {
    // By hand, because serde's untagged enums lose where their values stand.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FormVisitor;

        impl<'de> Visitor<'de> for FormVisitor {
            type Value = Form;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a service, or { service = \"a service\", optional = true }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Form, E> {
                Name::deserialize(de::value::StrDeserializer::new(text)).map(Form::Short)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Form, A::Error> {
                Long::deserialize(de::value::MapAccessDeserializer::new(map)).map(Form::Long)
            }
        }

        deserializer.deserialize_any(FormVisitor)
    }
}

/// One journey of a world, whichever way it is written.
#[derive(Debug, Clone, Copy)]
pub struct UserJourney<'a> {
    /// Its name; `None` for the only one.
    pub name: Option<&'a str>,
    /// The service that users enter by.
    pub entry: &'a NameAt,
    /// Its weight among all.
    pub weight: u32,
}

impl World {
    /// What users do: the only journey, or the weighted ones, in file order.
    pub fn user_journeys(&self) -> impl Iterator<Item = UserJourney<'_>> {
        let only = self.journey.iter().map(|journey| UserJourney {
            name: None,
            entry: &journey.entry,
            weight: 1,
        });
        only.chain(self.journeys.iter().map(|journey| UserJourney {
            name: Some(journey.name.get_ref().as_str()),
            entry: &journey.entry,
            weight: journey.weight.get_ref().get(),
        }))
    }

    /// The weights of all journeys together; 0 in a world without one.
    pub fn journey_weight(&self) -> u32 {
        // A checked world's fit.
        self.user_journeys().map(|journey| journey.weight).sum()
    }

    /// How many servers must run a service for it to be served.
    pub fn needs(&self, service: &str) -> u32 {
        let mut services = self.services.iter();
        let own = services.find(|(name, _)| name.get_ref().as_str() == service);
        own.map_or(1, |(_, service)| service.needs.get_ref().get())
    }

    /// What a service depends on.
    pub fn dependencies(&self, service: &str) -> impl Iterator<Item = &Dependency> {
        let lines = self.service_dependencies.iter();
        lines
            .filter(move |(name, _)| name.get_ref().as_str() == service)
            .flat_map(|(_, dependencies)| dependencies)
    }

    /// The name of a cause of an incident: of a scenario by its index, and after them of a
    /// dependency that is down, as no scenario can be called.
    pub fn cause_name(&self, cause: usize) -> &str {
        let scenario = self.chaos.get(cause);
        scenario.map_or("(dependency)", |s| s.name.get_ref().as_str())
    }

    /// Whether anything in the world follows from a dependency that is down, beside the journeys.
    pub fn has_symptoms(&self) -> bool {
        let metrics = [&self.metrics.error_rate, &self.metrics.latency_p99];
        let mut bands = metrics.into_iter().flat_map(|metric| &metric.bands);
        self.dependency_penalty.get() > 0.0 || bands.any(|band| band.dependency_down.is_some())
    }
}
