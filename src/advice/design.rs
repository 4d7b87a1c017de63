//! Advice on the design points of an experiment, as far as it changes how their results are read.

use std::collections::BTreeSet;

use super::{Advice, percent, short, target};
use crate::design::{Design, Exposed, Resolved};
use crate::diagnostics::Span;
use crate::experiment::FactorKind;

/// Pieces of advice of one kind; more are counted.
const MOST_OF_A_KIND: usize = 2;
/// Exposures that are looked at.
const MOST_EXPOSURES: usize = 16;
/// Names in a sentence; more are counted.
const MOST_NAMES: usize = 2;
/// Rates that differ by less are the same number, rounded by its author.
const SAME_RATE: f64 = 0.005;
/// The same of events that hit a zone or a type: a new server makes one of them greater than others, which is
/// nothing that anybody could even out.
const SAME_RATE_OF_GROUPS: f64 = 0.05;

/// What is legal in a design and surely not meant.
pub fn of_design(design: &Design) -> Vec<Advice> {
    let mut advice = unresolved_targets(design);
    advice.extend(mixed_indicators(design));
    advice.extend(diluted(design));
    advice.extend(capped(design));
    advice.extend(fractions(design));
    advice
}

/// Targets that are finer than the checks of a replication.
fn unresolved_targets(design: &Design) -> Vec<Advice> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut more = 0;
    for point in 0..design.len() {
        let world = design.variation(point);
        if world.sla_budget > 0 || world.sla_target_share >= 1.0 {
            continue;
        }
        let key = (&world.sla_target, world.sla_checks(), world.sla_on_journey);
        if !seen.insert(key) {
            continue;
        }
        if found.len() == MOST_OF_A_KIND {
            more += 1;
            continue;
        }
        let resolved = design.resolve(point).ok();
        found.extend(resolved.and_then(|r| target::unresolved(&r.world)));
    }
    if more > 0 {
        let message = format!("so are {more} further SLA targets of this design");
        found.push(Advice::general(message));
    }
    found
}

/// Percents that are written as fractions, at the first point and the last: who writes one level so
/// writes all.
fn fractions(design: &Design) -> Vec<Advice> {
    let mut found: Vec<Advice> = Vec::new();
    for point in BTreeSet::from([0, design.len() - 1]) {
        let world = design.resolve(point).ok().map(|resolved| resolved.world);
        let advice = world.iter().flat_map(percent::as_fractions);
        for advice in advice.collect::<Vec<_>>() {
            if !found.contains(&advice) {
                found.push(advice);
            }
        }
    }
    found
}

/// Points whose SLA is of servers beside points whose SLA is of the journey.
fn mixed_indicators(design: &Design) -> Option<Advice> {
    let on_journey = |point: &usize| design.variation(*point).sla_on_journey;
    let first = on_journey(&0);
    let other = (0..design.len()).find(|point| on_journey(point) != first)?;
    let (servers, journey) = if first { (other, 0) } else { (0, other) };
    let message = format!(
        "the SLA is of the servers at {}, and of the user journey at {}: their SLA misses, nines, \
         downtime and error budgets can't be compared",
        design.describe(servers),
        design.describe(journey)
    );
    let help = "give all worlds the same `sla.indicator`";
    Some(Advice::general(message).help(help))
}

/// Worlds with more or fewer servers for a scenario to strike, at the same rate for all together.
fn diluted(design: &Design) -> Vec<Advice> {
    if design.exposures().len() < 2 {
        return Vec::new();
    }
    let reference = reference(design);
    let kept = design.exposure(reference);
    // Each is looked for among all points; of very many the first tell enough.
    let others = (0..design.exposures().len()).filter(|exposure| *exposure != kept);
    let others = others.take(MOST_EXPOSURES);
    let mut found = Vec::new();
    let mut more = 0;
    for exposure in others {
        let Some((from, to)) = alike(design, reference, exposure) else {
            continue;
        };
        let Some(advice) = dilution(design, from, to) else {
            continue;
        };
        if found.len() < MOST_OF_A_KIND {
            found.push(advice);
        } else {
            more += 1;
        }
    }
    if more > 0 {
        let message = format!("so do {more} further worlds of this design");
        found.push(Advice::general(message));
    }
    found
}

/// A point that others are compared with.
fn reference(design: &Design) -> usize {
    let experiment = design.experiment();
    let compared = experiment.compare.as_ref().and_then(|compare| {
        let mut factors = experiment.factors.iter();
        let along = factors.position(|f| *f.name.get_ref() == compare.factor)?;
        (0..design.len()).find(|point| *design.level(*point, along) == compare.baseline)
    });
    compared.unwrap_or(0)
}

/// Two points, the first as exposed as `reference`, the second with an exposure, that differ in as
/// few factors as possible.
fn alike(design: &Design, reference: usize, exposure: usize) -> Option<(usize, usize)> {
    let to = (0..design.len()).find(|point| design.exposure(*point) == exposure)?;
    let wanted = design.levels(to);
    let differing = |point: &usize| {
        let levels = design.levels(*point);
        levels.iter().zip(&wanted).filter(|(a, b)| a != b).count()
    };
    let kept = design.exposure(reference);
    let as_exposed = (0..design.len()).filter(|point| design.exposure(*point) == kept);
    Some((as_exposed.min_by_key(differing)?, to))
}

/// How much more, or less, chaos a server meets at another point.
fn dilution(design: &Design, from: usize, to: usize) -> Option<Advice> {
    let (before, after) = (design.resolve(from).ok()?, design.resolve(to).ok()?);
    let (counts, others) = (
        &design.exposures()[design.exposure(from)],
        &design.exposures()[design.exposure(to)],
    );
    let mut said = Vec::new();
    let mut helps = Vec::new();
    for exposed in counts {
        let Exposed {
            scenario, servers, ..
        } = exposed;
        let Some(other) = others.iter().find(|other| other.scenario == *scenario) else {
            continue;
        };
        let more = &other.servers;
        let (Some(old), Some(new)) = (rate(&before, scenario), rate(&after, scenario)) else {
            continue;
        };
        let (old, new) = (old * exposed.hits, new * other.hits);
        let same = match exposed.grouped {
            true => SAME_RATE_OF_GROUPS,
            false => SAME_RATE,
        };
        if servers == more || (new - old).abs() <= same * old.max(new) {
            continue;
        }
        said.push(format!(
            "`{scenario}` strikes a server {} times a round instead of {} ({more} servers instead of \
             {servers})",
            short(new),
            short(old)
        ));
        let even = old / other.hits / after.chaos_multiplier;
        helps.push(format!("chaos.{scenario}.probability = {}", short(even)));
    }
    if said.is_empty() {
        return None;
    }
    let message = format!(
        "events are drawn for the production as a whole, so worlds of different size differ in the \
         chaos that a server meets: at {}, compared with {}, {}",
        design.describe(to),
        design.describe(from),
        listed(&said)
    );
    let help = format!(
        "if each server is to meet as much chaos as before: {}, at the same chaos level; or \
         per = \"server\" in these scenarios, with the probability for one server",
        listed(&helps)
    );
    Some(Advice::general(message).help(help))
}

/// Events of a scenario to expect in a round.
fn rate(point: &Resolved, scenario: &str) -> Option<f64> {
    let mut scenarios = point.world.chaos.iter();
    let found = scenarios.find(|s| s.name.get_ref().as_str() == scenario)?;
    Some((found.probability.get() * point.chaos_multiplier).min(1.0))
}

/// Multipliers that take a probability beyond 1.
fn capped(design: &Design) -> Option<Advice> {
    let capped = design.capped();
    if capped.points == 0 {
        return None;
    }
    let point = design.resolve(capped.first).ok()?;
    let multiplier = point.chaos_multiplier;
    let scenarios = point.world.chaos.iter();
    let beyond = scenarios.filter(|s| s.probability.get() * multiplier > 1.0);
    let names: Vec<String> = beyond.map(|s| format!("`{}`", s.name.get_ref())).collect();
    let probabilities = point.world.chaos.iter().map(|s| s.probability.get());
    let likeliest = probabilities.fold(0.0, f64::max);
    let others = match capped.points - 1 {
        0 => String::new(),
        1 => " and one more design point".to_owned(),
        more => format!(" and {more} more design points"),
    };
    let at = match design.describe(capped.first) {
        levels if levels.is_empty() => "at the chaos level of this design".to_owned(),
        levels => format!("at {levels}"),
    };
    let message = format!(
        "probabilities stop at 1: {at}{others} chaos is multiplied by {}, which takes {} beyond it",
        short(multiplier),
        listed(&names)
    );
    let help = format!(
        "up to a multiplier of {} all scenarios grow alike",
        short(1.0 / likeliest)
    );
    Some(match place(design, capped.first) {
        Some(span) => Advice::at(span, message, "beyond certainty").help(help),
        None => Advice::general(message).help(help),
    })
}

/// Where the chaos of a point was written.
fn place(design: &Design, point: usize) -> Option<Span> {
    let factors = design.experiment().factors.iter();
    let mut levels = factors.zip(design.levels(point));
    let chaos = [FactorKind::ChaosLevel, FactorKind::ChaosMultiplier];
    let (factor, level) = levels.find(|(factor, _)| chaos.contains(&factor.kind))?;
    Some(factor.values[level].span.clone())
}

/// The first texts, and how many more there are.
fn listed(texts: &[String]) -> String {
    let first = texts[..texts.len().min(MOST_NAMES)].join(", ");
    match texts.len().saturating_sub(MOST_NAMES) {
        0 => first,
        more => format!("{first}, and {more} more alike"),
    }
}
