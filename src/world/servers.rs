//! Servers: as they are, and as a file lists them, several alike in one entry.

use std::collections::BTreeMap;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::numbers::{Name, Positive, Whole};
use super::{NameAt, Role};
use crate::diagnostics::Problem;

/// One server.
#[derive(Debug, Clone, Serialize)]
pub struct Server {
    /// Its name, which also names its random stream.
    pub name: NameAt,
    /// Its type: shares the load with its like, and is what scenarios aim at.
    #[serde(rename = "type")]
    pub kind: NameAt,
    /// Primary or replica, if it has a role.
    pub role: Option<Role>,
    /// Where it is: what one failure takes out together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<NameAt>,
    /// What runs on it, in the order of restarts.
    pub services: Vec<NameAt>,
    /// Capacity relative to 100.
    pub cpu_capacity: Positive,
    /// Memory in MB (descriptive: usage is in percent).
    pub memory_capacity: Option<Positive>,
}

/// An entry of `[[servers]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    name: NameAt,
    #[serde(rename = "type")]
    kind: NameAt,
    #[serde(default)]
    role: Option<Role>,
    #[serde(default)]
    zone: Option<NameAt>,
    /// So many servers, numbered from 1.
    #[serde(default)]
    count: Option<Count>,
    /// Their zones, in turn.
    #[serde(default)]
    zones: Option<Spanned<Vec<NameAt>>>,
    #[serde(default)]
    services: Vec<NameAt>,
    #[serde(default = "hundred")]
    cpu_capacity: Positive,
    #[serde(default)]
    memory_capacity: Option<Positive>,
}

fn hundred() -> Positive {
    Positive::HUNDRED
}

/// How many servers an entry stands for.
#[derive(Debug, Clone, Copy)]
struct Count(u32);

impl Count {
    const MOST: u32 = 10_000;
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Whole(value) = Whole::deserialize(deserializer)?;
        match u32::try_from(value) {
            Ok(count) if (1..=Self::MOST).contains(&count) => Ok(Self(count)),
            _ => Err(de::Error::custom(format!(
                "{value} is not allowed here; allowed: a whole number, 1 to {}",
                Self::MOST
            ))),
        }
    }
}

/// The most servers of a world.
const MOST_SERVERS: usize = 100_000;

/// All servers of some entries, in their order.
pub(super) fn servers(entries: &[Entry], problems: &mut Vec<Problem>) -> Vec<Server> {
    let (mut servers, mut owners) = (Vec::new(), Vec::new());
    for entry in entries {
        problems.extend(entry.zone_problem());
        let count = entry.count.map_or(1, |count| count.0);
        if servers.len() + count as usize > MOST_SERVERS {
            let message = format!("more than {MOST_SERVERS} servers");
            let problem = Problem::at(entry.name.span(), message, "too many");
            problems.push(problem.help(format!("allowed: at most {MOST_SERVERS} in a world")));
            break;
        }
        let made: Result<Vec<Server>, Problem> = (1..=count).map(|n| entry.server(n)).collect();
        match made {
            Ok(made) => {
                owners.extend(made.iter().map(|_| entry));
                servers.extend(made);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if entries.iter().any(|entry| entry.count.is_some()) {
        let names = servers.iter().map(|server| server.name.get_ref().as_str());
        let made = collisions(names.zip(owners));
        let written = entries.iter().map(|e| (e.name.get_ref().as_str(), e));
        // One that two entries make stands for both.
        match made.is_empty() {
            true => problems.extend(collisions(written)),
            false => problems.extend(made),
        }
    }
    servers
}

impl Entry {
    /// The server of a number.
    fn server(&self, number: u32) -> Result<Server, Problem> {
        let zones = self.zones.iter().flat_map(Spanned::get_ref);
        let mut in_turn = zones.cycle().skip(number as usize - 1);
        Ok(Server {
            name: self.name_of(number)?,
            kind: self.kind.clone(),
            role: self.role,
            zone: self.zone.as_ref().or(in_turn.next()).cloned(),
            services: self.services.clone(),
            cpu_capacity: self.cpu_capacity,
            memory_capacity: self.memory_capacity,
        })
    }

    fn name_of(&self, number: u32) -> Result<NameAt, Problem> {
        if self.count.is_none() {
            return Ok(self.name.clone());
        }
        let text = format!("{}-{number}", self.name.get_ref());
        let name = Name::new(&text).ok_or_else(|| {
            let message = format!("{text:?} can't be a name");
            Problem::at(self.name.span(), message, "too long with its number")
                .help("allowed: 1 to 100 letters, digits, `-` and `_`")
        })?;
        Ok(Spanned::new(self.name.span(), name))
    }

    fn zone_problem(&self) -> Option<Problem> {
        let zones = self.zones.as_ref()?;
        let problem = |message: &str, label: &str, help: &str| {
            Some(Problem::at(zones.span(), message, label).help(help))
        };
        if zones.get_ref().is_empty() {
            return problem(
                "no zone is listed",
                "empty",
                "allowed: one zone or more, which the servers are in by turns",
            );
        }
        if self.count.is_none() {
            return problem(
                "`zones` needs `count`",
                "zones of how many servers?",
                "add count = 2 or more, or give the one server a `zone`",
            );
        }
        self.zone.as_ref().and_then(|zone| {
            let both = problem(
                "servers have a `zone` or `zones`, not both",
                "in turn",
                "remove one of the two; of a world that is extended, as in remove = [\"servers.web.zone\"]",
            );
            both.map(|both| both.and(zone.span(), "all in this one"))
        })
    }
}

/// Names that two entries have, at least one of them with a count; each entry once. The names of two
/// servers without one are compared with all others later.
fn collisions<'a>(names: impl Iterator<Item = (&'a str, &'a Entry)>) -> Vec<Problem> {
    let mut met: BTreeMap<&str, &Entry> = BTreeMap::new();
    let mut problems: Vec<Problem> = Vec::new();
    let mut blamed: Option<&Entry> = None;
    for (name, entry) in names {
        let Some(other) = met.insert(name, entry) else {
            continue;
        };
        let counted = entry.count.is_some() || other.count.is_some();
        if !counted || blamed.is_some_and(|blamed| std::ptr::eq(blamed, entry)) {
            continue;
        }
        blamed = Some(entry);
        let label = |entry: &Entry| match entry.count {
            Some(_) => "with `count`",
            None => "without",
        };
        let message = format!("the server `{name}` is defined twice");
        problems.push(
            Problem::at(entry.name.span(), message, label(entry))
                .and(other.name.span(), label(other))
                .help("`count` makes servers that are called as the entry, `-` and their number"),
        );
    }
    problems
}
