//! What chaos of the world as a whole may strike: to warn where worlds of different size are compared.

use std::collections::BTreeMap;

use crate::world::{NameAt, Per, Scenario, Server, Strikes, World};

/// How each scenario whose events are of the world as a whole exposes the servers that it may strike.
pub type Exposure = Vec<Exposed>;

/// How a scenario exposes servers.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposed {
    /// Its name.
    pub scenario: String,
    /// How many servers it may strike.
    pub servers: u32,
    /// How often an event hits one of them, on average: its share of all events.
    pub hits: f64,
    /// Whether an event hits one of several groups of them, which need not be of one size.
    pub grouped: bool,
}

/// What a world exposes to chaos.
pub(super) fn exposure_of(world: &World) -> Exposure {
    let shared = world.chaos.iter().filter(|s| s.per == Per::World);
    shared.map(|scenario| exposed(world, scenario)).collect()
}

/// How a scenario exposes the servers of a world.
fn exposed(world: &World, scenario: &Scenario) -> Exposed {
    let eligible = world.servers.iter();
    let eligible: Vec<_> = eligible
        .filter(|s| scenario.aims_at(s.kind.get_ref()))
        .collect();
    // The target is any of them, so a group is hit as often as it has servers, and hits them all.
    let group = |name: fn(&Server) -> Option<&NameAt>| {
        let mut sizes: BTreeMap<Option<&str>, u64> = BTreeMap::new();
        for server in &eligible {
            let name = name(server).map(|name| name.get_ref().as_str());
            *sizes.entry(name).or_default() += 1;
        }
        sizes.values().map(|size| size * size).sum::<u64>() as f64 / eligible.len() as f64
    };
    let all = eligible.len() as f64;
    let hit = match scenario.strikes.get_ref() {
        Strikes::One => 1.0,
        Strikes::Zone => group(|server| server.zone.as_ref()),
        Strikes::Type => group(|server| Some(&server.kind)),
        Strikes::All => all,
        Strikes::Share(share) => (share.get() * all).round().max(1.0),
    };
    Exposed {
        scenario: scenario.name.get_ref().to_string(),
        servers: eligible.len() as u32,
        hits: hit / all,
        grouped: matches!(scenario.strikes.get_ref(), Strikes::Zone | Strikes::Type),
    }
}
