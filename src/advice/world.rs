//! Advice on a world by itself: what in it can never have the effect that it was written for.

use serde_spanned::Spanned;

use super::reach::{
    Reach, USAGES, applies, drawn_metric, greatest_load, penalty_below, raises_health, shocked,
    shocked_base, shocks_are_seen, usage_metric,
};
use super::{Advice, durations, percent, services, short, target};
use crate::diagnostics::Span;
use crate::world::{
    Action, ActionEffect, AlertKind, AlertLevel, ChaosEffect, End, FiniteAt, Multiplied, Name,
    NameAt, RunbookLine, Scenario, Skill, Strikes, Usage, World,
};

const LEVELS: [AlertLevel; 2] = [AlertLevel::Warning, AlertLevel::Critical];

/// What is legal in a world and surely not meant.
pub fn of_world(world: &World) -> Vec<Advice> {
    let mut advice: Vec<Advice> = target::unresolved(world).into_iter().collect();
    advice.extend(of_parts(world));
    advice
}

/// The same of its parts, whatever its SLA.
pub fn of_parts(world: &World) -> Vec<Advice> {
    let reaches = Reach::of_all(world);
    let mut advice = percent::as_fractions(world);
    advice.extend(world.chaos.iter().flat_map(|s| idle_effects(world, s)));
    advice.extend(world.remediation.iter().flat_map(|a| idle_steps(world, a)));
    advice.extend(harmless(world, &reaches));
    advice.extend(endless(world));
    advice.extend(silent_thresholds(world, &reaches));
    advice.extend(unused_lines(world, &reaches));
    advice.extend(unused_actions(world, &reaches));
    advice.extend(capped_levels(world));
    advice.extend(doubled_repairs(world, &reaches));
    advice.extend(shares_of_none(world));
    advice.extend(durations::misread(world));
    advice.extend(services::idle(world));
    advice.extend(
        world
            .skills
            .iter()
            .flat_map(|skill| idle_response(world, skill)),
    );
    advice
}

/// Whether anything in the world follows from a usage: an alert, a loss of health, a band.
fn usage_is_read(world: &World, metric: Usage) -> bool {
    let of = usage_metric(world, metric);
    let alerts = of.warning.is_some() || of.critical.is_some();
    let drawn = [Multiplied::ErrorRate, Multiplied::LatencyP99];
    let banded = drawn.into_iter().any(|quantity| {
        let mut bands = drawn_metric(world, quantity).bands.iter();
        drawn_is_read(world, quantity) && bands.any(|band| band.cpu_above.is_some())
    });
    alerts || !of.penalties.is_empty() || metric == Usage::CpuUsage && banded
}

/// Whether anything follows from an error rate or latency, which is an alert.
fn drawn_is_read(world: &World, quantity: Multiplied) -> bool {
    let of = drawn_metric(world, quantity);
    of.warning.is_some() || of.critical.is_some()
}

fn usage_name(metric: Usage) -> &'static str {
    match metric {
        Usage::CpuUsage => "cpu_usage",
        Usage::MemoryUsage => "memory_usage",
        Usage::DiskUsage => "disk_usage",
    }
}

fn drawn_name(quantity: Multiplied) -> &'static str {
    match quantity {
        Multiplied::ErrorRate => "error_rate",
        Multiplied::LatencyP99 => "latency_p99",
        Multiplied::Load => "load",
    }
}

/// A metric of which nothing is read: as a user would have to declare it.
fn unread(owner: &NameAt, what: &str, metric: &str) -> Advice {
    let message = format!(
        "the {what} `{}` changes `{metric}`, of which nothing follows in this world",
        owner.get_ref()
    );
    let help = format!("[metrics.{metric}] lacks thresholds, and penalties if it is a usage");
    Advice::at(owner.span(), message, "changes nothing").help(help)
}

/// Scenarios that strike a share of 0, which is their target alone.
fn shares_of_none(world: &World) -> impl Iterator<Item = Advice> {
    let none = |scenario: &&Scenario| match scenario.strikes.get_ref() {
        Strikes::Share(share) => share.get() == 0.0,
        _ => false,
    };
    world.chaos.iter().filter(none).map(|scenario| {
        let name = scenario.name.get_ref();
        let message =
            format!("the chaos scenario `{name}` strikes a share of 0, and so its target alone");
        Advice::at(scenario.strikes.span(), message, "the same as \"one\"")
            .help("a share is rounded to servers, of which the target is always one")
    })
}

/// Effects of a scenario that can change nothing that counts.
fn idle_effects(world: &World, scenario: &Scenario) -> Vec<Advice> {
    let name = &scenario.name;
    let idle = |effect: &ChaosEffect| {
        let struck = world.servers.iter().map(|server| &server.kind);
        let mut struck = struck.filter(|kind| scenario.aims_at(kind.get_ref()));
        if !struck.any(|kind| applies(effect, kind.get_ref())) {
            let message = format!(
                "an effect of the chaos scenario `{}` is limited to server types that it never strikes",
                name.get_ref()
            );
            let help = "`server_types` of an effect are among the `target_types` of its scenario";
            return Some(Advice::at(name.span(), message, "never acts").help(help));
        }
        let usage = |metric| {
            (!usage_is_read(world, metric))
                .then(|| unread(name, "chaos scenario", usage_name(metric)))
        };
        let drawn = |quantity| {
            (!drawn_is_read(world, quantity))
                .then(|| unread(name, "chaos scenario", drawn_name(quantity)))
        };
        match effect {
            ChaosEffect::Hold(e) => usage(e.metric),
            ChaosEffect::Grow(e) => usage(e.metric),
            ChaosEffect::Multiply(e) if e.quantity == Multiplied::Load => usage(Usage::CpuUsage),
            ChaosEffect::Multiply(e) => drawn(e.quantity),
            ChaosEffect::Shock(e) => match (shocked_base(e.quantity), shocked(e.quantity)) {
                (Some(metric), _) => usage(metric),
                (None, Some(quantity)) if !shocks_are_seen(world) => {
                    let message = format!(
                        "the chaos scenario `{}` shocks `{}`, which is drawn anew before anyone looks",
                        name.get_ref(),
                        drawn_name(quantity)
                    );
                    let help = "`multiply` acts while the scenario is active; a shock needs `phases` \
                                with chaos between update and respond";
                    Some(Advice::at(name.span(), message, "changes nothing").help(help))
                }
                (None, quantity) => quantity.and_then(drawn),
            },
            ChaosEffect::CrashService(_) | ChaosEffect::Isolate(_) => None,
        }
    };
    scenario.effects.iter().filter_map(idle).collect()
}

/// Effects of an action on a metric that nothing follows from.
fn idle_steps(world: &World, action: &Action) -> Vec<Advice> {
    let metrics = action.effects.iter().filter_map(|effect| match effect {
        ActionEffect::Add(e) => Some(e.metric),
        ActionEffect::Multiply(e) => Some(e.metric),
        ActionEffect::Set(e) => Some(e.metric),
        ActionEffect::Draw(e) => Some(e.metric),
        ActionEffect::RestartService(_)
        | ActionEffect::End(_)
        | ActionEffect::PromoteReplica(_) => None,
    });
    let idle = metrics.filter(|metric| !usage_is_read(world, *metric));
    idle.map(|metric| unread(&action.name, "action", usage_name(metric)))
        .collect()
}

/// Scenarios that can't bring a server down, alone or with others.
fn harmless(world: &World, reaches: &[Reach]) -> Vec<Advice> {
    let harms = |scenario: &&Scenario| {
        reaches.iter().any(|reach| {
            let down = reach.health() <= world.up_health.get();
            let mut acting = scenario.effects.iter().filter(|e| applies(e, reach.kind));
            scenario.aims_at(reach.kind)
                && down
                && acting.any(|effect| costs_health(world, reach, effect))
        })
    };
    let harmless = world.chaos.iter().filter(|scenario| !harms(scenario));
    let advice = harmless.map(|scenario| {
        let name = scenario.name.get_ref();
        let message = format!(
            "the chaos scenario `{name}` can never bring a server down, alone or with others"
        );
        let help = "health is lost by `penalties` of cpu, memory and disk usage, by a service that is \
                    down and by isolation; what changes nothing of these only raises alerts";
        Advice::at(scenario.name.span(), message, "costs no health").help(help)
    });
    advice.collect()
}

/// Whether an effect can make a server of a type lose health.
fn costs_health(world: &World, reach: &Reach, effect: &ChaosEffect) -> bool {
    let costs = |metric, most| penalty_below(usage_metric(world, metric), most) > 0.0;
    match effect {
        ChaosEffect::Hold(e) => costs(e.metric, e.value.get()),
        ChaosEffect::Grow(e) => e.amount.get() > 0.0 && costs(e.metric, e.max.get()),
        ChaosEffect::Multiply(e) if e.quantity == Multiplied::Load => {
            let loaded = greatest_load(world, reach.kind, 100.0, e.factor.get());
            let gains = greatest_load(world, reach.kind, 0.0, e.factor.get()) > 0.0;
            e.factor.get() > 1.0 && gains && costs(Usage::CpuUsage, loaded)
        }
        ChaosEffect::Multiply(_) => false,
        ChaosEffect::Isolate(_) => true,
        ChaosEffect::CrashService(_) => reach.crashes && world.service_down_penalty.get() > 0.0,
        ChaosEffect::Shock(e) => shocked_base(e.quantity).is_some_and(|metric| {
            let lifts = e.set.is_some()
                || e.add.is_some_and(|add| add.get() > 0.0)
                || e.multiply.is_some_and(|factor| factor.get() > 1.0)
                || e.min.is_some_and(|min| min.get() > 0.0);
            let most = e.set.or(e.max).map_or(100.0, |most| most.get().min(100.0));
            lifts && costs(metric, most)
        }),
    }
}

/// What lasts until the end of the replication, in a world with actions, since none of them ends it.
fn endless(world: &World) -> Vec<Advice> {
    if world.remediation.is_empty() {
        return Vec::new();
    }
    let ends = |scenario: &Scenario| {
        let mut effects = world.remediation.iter().flat_map(|action| &action.effects);
        effects.any(|effect| ends(effect, scenario))
    };
    let lasting = |effect: &ChaosEffect| {
        !matches!(effect, ChaosEffect::CrashService(_) | ChaosEffect::Shock(_))
    };
    let endless = world.chaos.iter().filter(|scenario| {
        scenario.duration.get_ref().can_be_zero()
            && scenario.effects.iter().any(lasting)
            && !ends(scenario)
    });
    let mut advice: Vec<Advice> = endless
        .map(|scenario| {
            let why = match scenario.duration.get_ref().fixed() {
                Some(_) => "it has no duration",
                None => "0 is one of its durations",
            };
            let message = format!(
                "the chaos scenario `{}` lasts until the end of the replication: {why}, and no action ends it",
                scenario.name.get_ref()
            );
            Advice::at(scenario.name.span(), message, "never ends")
        })
        .collect();
    let crashes = |scenario: &&Scenario| {
        let mut effects = scenario.effects.iter();
        effects.any(|effect| matches!(effect, ChaosEffect::CrashService(e) if e.needs_restart()))
    };
    let mut steps = world.remediation.iter().flat_map(|action| &action.effects);
    let restarts = steps.any(|effect| matches!(effect, ActionEffect::RestartService(_)));
    if let (Some(scenario), false) = (world.chaos.iter().find(crashes), restarts) {
        let message = "a crashed service stays down until the end of the replication: no action has \
                       `restart_service`";
        advice.push(Advice::at(
            scenario.name.span(),
            message,
            "crashes services",
        ));
    }
    advice
}

fn ends(effect: &ActionEffect, scenario: &Scenario) -> bool {
    let is_it = |name: &NameAt| name.get_ref() == scenario.name.get_ref();
    match effect {
        ActionEffect::End(End::All) => true,
        ActionEffect::End(End::These(names)) => names.iter().any(is_it),
        _ => false,
    }
}

/// Thresholds that no server reaches.
fn silent_thresholds(world: &World, reaches: &[Reach]) -> Vec<Advice> {
    let usages = USAGES.map(|metric| {
        let of = usage_metric(world, metric);
        let most = reaches.iter().map(|reach| reach.usage(metric));
        let kind = match metric {
            Usage::CpuUsage => AlertKind::CpuUsage,
            Usage::MemoryUsage => AlertKind::MemoryUsage,
            Usage::DiskUsage => AlertKind::DiskUsage,
        };
        (
            kind,
            &of.warning,
            &of.critical,
            most.fold(0.0, f64::max),
            " %",
        )
    });
    let drawn = [
        (Multiplied::ErrorRate, AlertKind::ErrorRate, " %"),
        (Multiplied::LatencyP99, AlertKind::LatencyP99, " ms"),
    ];
    let drawn = drawn.map(|(quantity, kind, unit)| {
        let of = drawn_metric(world, quantity);
        let most = reaches.iter().map(|reach| reach.drawn(quantity));
        (
            kind,
            &of.warning,
            &of.critical,
            most.fold(0.0, f64::max),
            unit,
        )
    });
    let mut advice = Vec::new();
    for (kind, warning, critical, most, unit) in usages.into_iter().chain(drawn) {
        let mut look = |level, name: &str, threshold: &Option<FiniteAt>| {
            let Some(limit) = threshold else {
                return;
            };
            if reaches.iter().any(|reach| reach.rises(kind, level)) {
                return;
            }
            let metric = kind.name();
            let message = format!("the {name} alert on `{metric}` can't rise");
            let why = match most > limit.get_ref().get() {
                true => "whatever is above it is above `critical` too".to_owned(),
                false => format!("`{metric}` is {}{unit} at most", short(most)),
            };
            advice.push(Advice::at(limit.span(), message, "never exceeded").help(why));
        };
        look(AlertLevel::Warning, "warning", warning);
        look(AlertLevel::Critical, "critical", critical);
    }
    advice
}

/// Lines of the runbook that answer no alert.
fn unused_lines(world: &World, reaches: &[Reach]) -> Vec<Advice> {
    let mut advice = Vec::new();
    for line in &world.runbook {
        let alert = *line.alert.get_ref();
        let (mut rises, mut answers) = (false, false);
        for reach in reaches {
            for level in LEVELS {
                if !line.fits(reach.kind, alert, level) || !reach.rises(alert, level) {
                    continue;
                }
                rises = true;
                let best = world.runbook_line(reach.kind, alert, level);
                answers |= best.is_some_and(|best| std::ptr::eq(best, line));
            }
        }
        if answers {
            continue;
        }
        let message = format!("this line of the runbook answers no alert: {}", title(line));
        let help = match rises {
            true => "lines with more conditions answer all alerts that it fits",
            false => "no alert that it fits can rise",
        };
        advice.push(Advice::at(line.alert.span(), message, "never used").help(help));
    }
    advice
}

/// What a line answers, in its own words.
fn title(line: &RunbookLine) -> String {
    let mut text = format!("`{}`", line.alert.get_ref().name());
    match line.level {
        Some(AlertLevel::Warning) => text.push_str(", `warning`"),
        Some(AlertLevel::Critical) => text.push_str(", `critical`"),
        None => {}
    }
    if let Some(kind) = &line.server_type {
        text.push_str(&format!(", servers of type `{}`", kind.get_ref()));
    }
    text
}

/// The action that answers an alert.
fn answer<'a>(
    world: &'a World,
    kind: &Name,
    alert: AlertKind,
    level: AlertLevel,
) -> Option<&'a Name> {
    let line = world.runbook_line(kind, alert, level);
    let default = world.runbook_default.as_ref();
    let action = line.map(|l| &l.action).or(default.map(|d| &d.action))?;
    Some(action.get_ref())
}

/// Actions that nothing leads to, or nothing but a mistake.
fn unused_actions(world: &World, reaches: &[Reach]) -> Vec<Advice> {
    let mut used: Vec<&Name> = Vec::new();
    for reach in reaches {
        for alert in AlertKind::ALL {
            let rising = LEVELS
                .into_iter()
                .filter(|level| reach.rises(alert, *level));
            used.extend(rising.filter_map(|level| answer(world, reach.kind, alert, level)));
        }
    }
    let errs = |(_, skill): &(_, Skill)| skill.diagnosis_accuracy.get() < 1.0;
    let mistaken = !used.is_empty() && world.skills.iter().any(errs);
    let unused = world.remediation.iter();
    let unused = unused.filter(|action| !used.contains(&action.name.get_ref()));
    let advice = unused.map(|action| {
        let name = action.name.get_ref();
        let message = match mistaken {
            true => format!("the action `{name}` is only used by mistake, in a misdiagnosis"),
            false => format!("the action `{name}` can never be used"),
        };
        let help = "give it a line in [[runbook]], for an alert that can rise";
        Advice::at(action.name.span(), message, "nothing leads to it").help(help)
    });
    advice.collect()
}

/// Chaos levels that take a probability beyond 1.
fn capped_levels(world: &World) -> Vec<Advice> {
    let probabilities = world.chaos.iter().map(|s| s.probability.get());
    let likeliest = probabilities.fold(0.0, f64::max);
    let levels = world.chaos_levels.iter();
    let beyond = levels.filter(|(_, multiplier)| multiplier.get() * likeliest > 1.0);
    let advice = beyond.map(|(level, multiplier)| {
        let message = format!(
            "probabilities stop at 1: the chaos level `{}` multiplies by {}, and a probability of {} by \
             no more than {}",
            level.get_ref(),
            short(multiplier.get()),
            short(likeliest),
            short(1.0 / likeliest)
        );
        Advice::at(level.span(), message, "beyond certainty")
    });
    advice.collect()
}

/// Times and hands of a skill that can't have the effect that they were written for.
fn idle_response(world: &World, (name, skill): &(Spanned<String>, Skill)) -> Vec<Advice> {
    let mut advice = Vec::new();
    let servers = world.servers.len();
    if let Some(hands) = skill.parallel
        && hands.get() as usize >= servers
        && servers > 1
    {
        let message = format!(
            "`parallel` of the skill `{}` is no limit: it is {}, and there are {servers} servers",
            name.get_ref(),
            hands.get()
        );
        advice.push(Advice::at(name.span(), message, "attends to all"));
    }
    let ([detect, acknowledge], scale) = world.response_times(skill);
    // Those that are drawn may be shorter; what is fixed is as long, up to rounding.
    let fixed = detect.fixed().zip(acknowledge.fixed());
    let wait = fixed.map_or(0.0, |(detect, acknowledge)| {
        scale * f64::from(detect) + scale * f64::from(acknowledge)
    });
    if wait >= f64::from(world.rounds) + 1.0 {
        let message = format!(
            "with the skill `{}` nobody ever attends to a server: detection and acknowledgement take {} \
             rounds, and a replication has {}",
            name.get_ref(),
            short(wait),
            world.rounds
        );
        let help = "times are in rounds, of `round_minutes` each";
        advice.push(Advice::at(name.span(), message, "never attends").help(help));
    }
    advice
}

/// What happens to a server, as far as it takes an action to undo it.
enum Fault<'a> {
    Crash,
    Isolation(&'a Scenario),
}

impl Fault<'_> {
    fn is_undone(&self, effect: &ActionEffect) -> bool {
        match self {
            Self::Crash => matches!(effect, ActionEffect::RestartService(_)),
            Self::Isolation(scenario) => ends(effect, scenario),
        }
    }
}

/// Faults that raise two alerts, of which each brings an attempt to undo them.
fn doubled_repairs(world: &World, reaches: &[Reach]) -> Vec<Advice> {
    let isolates = |scenario: &&Scenario| {
        let mut effects = scenario.effects.iter();
        effects.any(|effect| matches!(effect, ChaosEffect::Isolate(_)))
    };
    let mut advice: Vec<Advice> = Vec::new();
    let crashed = 100.0 - world.service_down_penalty.get();
    for reach in reaches {
        if reach.crashes && raises_health(world, crashed) {
            advice.extend(doubled(world, reach.kind, &Fault::Crash));
        }
        let isolating = world.chaos.iter().filter(isolates);
        for scenario in isolating.filter(|s| s.aims_at(reach.kind)) {
            if raises_health(world, 0.0) {
                advice.extend(doubled(world, reach.kind, &Fault::Isolation(scenario)));
            }
        }
    }
    // Servers of several types have the same answers.
    advice.dedup();
    advice
}

fn doubled(world: &World, kind: &Name, fault: &Fault) -> Option<Advice> {
    let (alert, what) = match fault {
        Fault::Crash => (AlertKind::ServiceDown, "a service that is down".to_owned()),
        Fault::Isolation(scenario) => {
            let name = scenario.name.get_ref();
            (
                AlertKind::Network,
                format!("a server that `{name}` isolates"),
            )
        }
    };
    let attempt = |alert| {
        let name = answer(world, kind, alert, AlertLevel::Critical)?;
        let mut actions = world.remediation.iter();
        let action = actions.find(|action| action.name.get_ref() == name)?;
        let undoes = action.effects.iter().any(|effect| fault.is_undone(effect));
        undoes.then_some(action)
    };
    let (first, second) = (attempt(alert)?, attempt(AlertKind::Health)?);
    // While it is under way, the second alert waits.
    if first
        .duration
        .as_ref()
        .is_some_and(|time| !time.can_be_zero())
    {
        return None;
    }
    // An action that cools down is used once a round.
    let again = first.name.get_ref() != second.name.get_ref() || first.cooldown.get() == 0;
    let fails =
        |(_, skill): &(_, Skill)| first.success_rate.get() * skill.remediation_speed.get() < 1.0;
    if !again || !world.skills.iter().any(fails) {
        return None;
    }
    let message = format!(
        "{what} raises two alerts, `{}` and `health`, and each brings an attempt to repair it: two a \
         round, by `{}`{}",
        alert.name(),
        first.name.get_ref(),
        match first.name.get_ref() == second.name.get_ref() {
            true => String::new(),
            false => format!(" and `{}`", second.name.get_ref()),
        }
    );
    let help = "for one attempt a round, give the action a duration or a cooldown of 1, or answer \
                `health` with another action";
    let span: Span = first.name.span();
    Some(Advice::at(span, message, "has two chances a round").help(help))
}
