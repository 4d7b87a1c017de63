//! Whom chaos strikes: the draws of a round, their targets, and who is hit beside a target.

use super::streams::{Bits, Chance, Purpose};
use crate::world::{ChaosEffect, Per, Scenario, Server, Strikes, World};

/// What is drawn in a chaos phase: a scenario as a whole, or a scenario at one server.
#[derive(Debug, Clone)]
pub(super) struct DrawModel {
    pub scenario: usize,
    /// Probability of an event in a round, the chaos level included.
    pub chance: Chance,
    /// Whom an event may aim at, all equally likely.
    pub targets: Vec<Target>,
    pub key: u64,
}

/// A server that a scenario may strike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub server: u32,
    pub kind: u32,
    /// An event leaves something active there.
    pub lasting: bool,
    /// Its group in [`Others`].
    group: u32,
}

/// Whom an event hits beside its target.
#[derive(Debug, Clone)]
pub(super) struct Others {
    /// The eligible servers, by what fails together.
    groups: Vec<Vec<Target>>,
    /// So many of a group are hit, the target among them; the whole of a smaller one.
    most: usize,
}

impl Others {
    /// The others that an event hits: a uniform subset, by further details of the event, one for each
    /// server that may be in it. The first of these are not those that a duration takes.
    #[inline]
    pub fn hit(&self, target: Target, details: Bits) -> impl Iterator<Item = Target> {
        let group = &self.groups[target.group as usize];
        let mut left = group.len() - 1;
        let mut wanted = self.most.min(group.len()) - 1;
        let mut details = details.details();
        let others = group.iter().filter(move |o| o.server != target.server);
        others.copied().filter(move |_| {
            details = details.details();
            let taken = details.upper().below(left) < wanted;
            left -= 1;
            wanted -= usize::from(taken);
            taken
        })
    }
}

/// The draws of a scenario, in file order of the servers if each has its own.
pub(super) fn draws(
    world: &World,
    index: usize,
    targets: Vec<Target>,
    chaos_multiplier: f64,
    key: impl Fn(Purpose, &str) -> u64,
) -> Vec<DrawModel> {
    let scenario = &world.chaos[index];
    let name = scenario.name.get_ref().as_str();
    let probability = scenario.probability.get() * chaos_multiplier;
    let draw = |targets, key| DrawModel {
        scenario: index,
        chance: Chance::new(probability.min(1.0)),
        targets,
        key,
    };
    match scenario.per {
        Per::World => vec![draw(targets, key(Purpose::Chaos, name))],
        Per::Server => targets
            .into_iter()
            .map(|target| {
                let server = &world.servers[target.server as usize].name;
                let name = format!("{name}/{}", server.get_ref());
                draw(vec![target], key(Purpose::ServerChaos, &name))
            })
            .collect(),
    }
}

/// The servers that a scenario may strike, in file order, and whom it hits beside the one it aims at.
/// `applies` tells whether an effect acts on a server of a type, `kinds` the type of each server.
pub(super) fn targets(
    world: &World,
    scenario: &Scenario,
    kinds: &[usize],
    lasts: impl Fn(&ChaosEffect, usize) -> bool,
) -> (Vec<Target>, Option<Others>) {
    let mut names: Vec<Option<&str>> = Vec::new();
    let servers = world.servers.iter().zip(kinds).enumerate();
    let eligible = servers.filter(|(_, (server, _))| scenario.aims_at(server.kind.get_ref()));
    let targets: Vec<Target> = eligible
        .map(|(index, (server, kind))| {
            let name = group_name(server, *scenario.strikes.get_ref());
            let known = names.iter().position(|known| *known == name);
            let group = known.unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            Target {
                server: index as u32,
                kind: *kind as u32,
                lasting: scenario.effects.iter().any(|effect| lasts(effect, *kind)),
                group: group as u32,
            }
        })
        .collect();
    let most = match scenario.strikes.get_ref() {
        Strikes::One => return (targets, None),
        Strikes::Zone | Strikes::Type | Strikes::All => usize::MAX,
        Strikes::Share(share) => ((share.get() * targets.len() as f64).round() as usize).max(1),
    };
    let mut groups = vec![Vec::new(); names.len()];
    for target in &targets {
        groups[target.group as usize].push(*target);
    }
    (targets, Some(Others { groups, most }))
}

/// What the servers of a group have in common.
fn group_name(server: &Server, strikes: Strikes) -> Option<&str> {
    match strikes {
        Strikes::Zone => server.zone.as_ref().map(|zone| zone.get_ref().as_str()),
        Strikes::Type => Some(server.kind.get_ref().as_str()),
        Strikes::One | Strikes::All | Strikes::Share(_) => None,
    }
}
