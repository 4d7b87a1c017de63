//! SLA targets that are finer than the checks of a replication.

use super::Advice;
use crate::world::{Indicator, World};

/// Says so where any failed check misses a target below 100 %.
pub(super) fn unresolved(world: &World) -> Option<Advice> {
    let (target, rounds) = (world.sla.target, u64::from(world.rounds));
    let servers = world.servers.len() as u64;
    let on_journey = world.sla.indicator == Indicator::JourneyAvailability;
    let a_round = if on_journey {
        world.journey_weight().into()
    } else {
        servers
    };
    let checks = rounds * a_round;
    let coarsest = target.coarsest(checks)?;
    let percent = target.percent().normalize();
    let (what, one) = if on_journey && a_round > 1 {
        (
            format!("{rounds} rounds can tell"),
            "any round in which a user journey fails misses it",
        )
    } else if on_journey {
        (
            format!("{rounds} rounds can tell"),
            "any round without the user journey misses it",
        )
    } else {
        (
            format!("{checks} checks can tell ({servers} servers × {rounds} rounds)"),
            "any failed check misses it",
        )
    };
    let message = format!("the SLA target of {percent} % is finer than {what}: {one}");
    let needed = target.checks_to_spare_one()?.div_ceil(a_round.max(1));
    let means = match coarsest == percent {
        true => "100 % means the same".to_owned(),
        false => format!("{coarsest} % and 100 % mean the same"),
    };
    let one = if on_journey {
        "such round"
    } else {
        "failed check"
    };
    let help = format!("{means}; with {needed} rounds or more, {percent} % allows one {one}");
    Some(Advice::general(message).help(help))
}
