//! What holds in every world, whatever its file says.

use proptest::prelude::*;
use proptest::sample::Index;
use sysworld::simulation::{CaseStep, Incident, Model, Response, State, simulate};
use sysworld::world::BUILT_IN;

use crate::random_worlds::{Draft, NEW_SERVER, any_world};
use crate::support::{
    Moments, Watch, chaos_level, cloudinfra_with, model, outcomes, skill, watch, world,
};

fn compiled(draft: &Draft, chaos_multiplier: f64, skill: &str) -> Model {
    model(&world(&draft.text()), chaos_multiplier, skill)
}

/// Inserted at a random place: the new list, and the place.
fn insert(list: &[String], at: Index, new: &str) -> (Vec<String>, usize) {
    let place = at.index(list.len() + 1);
    let mut list = list.to_vec();
    list.insert(place, new.to_owned());
    (list, place)
}

/// What it was called before a list grew by one at `place`; `None` for the new one.
fn before(place: usize, index: usize) -> Option<usize> {
    (index != place).then(|| index - usize::from(index > place))
}

/// The events of all scenarios but the one at `place`, by their former indices.
fn other_events(watch: &Watch, place: usize) -> Vec<(u32, usize, usize)> {
    let events = watch.events.iter();
    events
        .filter_map(|(round, scenario, server)| Some((*round, before(place, *scenario)?, *server)))
        .collect()
}

fn is_open_at(incident: &Incident, server: usize, half_round: u32) -> bool {
    let lasted = incident
        .closed
        .is_none_or(|(closed, _)| closed > half_round);
    incident.server == server && incident.opened <= half_round && lasted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// An outcome is what an observer counts; up checks ≤ checks; incidents = closed + open.
    #[test]
    fn an_outcome_is_what_an_observer_counts(
        draft in any_world(), multiplier in 0.0..3.0, replication in any::<u64>(),
    ) {
        let model = compiled(&draft, multiplier, "one");
        let (mut state, mut seen) = (State::new(), Watch::default());
        let outcome = simulate(&model, replication, &mut state, &mut seen);
        let count = |n: usize| n as u32;

        let up = seen.up.iter().flatten().filter(|up| **up).count();
        prop_assert_eq!(outcome.up_checks, count(up));
        prop_assert!(outcome.up_checks <= model.checks());
        let works: u32 = seen.journeys.iter().flatten().sum();
        prop_assert_eq!(outcome.journey_up_rounds, works);
        let world = world(&draft.text());
        let weights = world.journeys.iter().map(|j| j.weight.get_ref().get());
        let by_journey: Vec<u32> = state.journey_rounds().to_vec();
        if world.journeys.len() > 1 {
            let weighted = weights.zip(&by_journey).map(|(weight, rounds)| weight * rounds);
            prop_assert_eq!(weighted.sum::<u32>(), works);
        } else {
            prop_assert!(by_journey.is_empty());
        }
        let good = if draft.head.contains("\"journey_availability\"") { works as usize } else { up };
        prop_assert_eq!(outcome.sla_met, good as u64 >= model.sla_least());
        prop_assert_eq!(outcome.events, count(seen.strikes.len()));

        let ttrs = |open: bool| -> Vec<u32> {
            let incidents = seen.incidents.iter().filter(|i| i.closed.is_none() == open);
            incidents.map(|i| i.ttr).collect()
        };
        prop_assert_eq!(state.closed_ttr(), ttrs(false));
        prop_assert_eq!(state.censored_ttr(), ttrs(true));
        prop_assert_eq!(outcome.incidents, count(seen.opened.len()));
        prop_assert_eq!(outcome.incidents, count(ttrs(false).len()) + outcome.incidents_open);
        prop_assert_eq!(outcome.incidents_open, count(ttrs(true).len()));
        let sum = ttrs(false).iter().map(|ttr| u64::from(*ttr)).sum::<u64>();
        prop_assert_eq!(outcome.ttr_half_rounds, sum);

        let responses = |wanted: fn(Response) -> bool| {
            count(seen.handled.iter().filter(|(_, h)| wanted(h.response)).count())
        };
        let ended = |wanted: bool| count(seen.finished.iter().filter(|(_, done)| *done == wanted).count());
        let begun = responses(|r| matches!(r, Response::UnderWay(_)));
        let failed = responses(|r| r == Response::Failed);
        prop_assert_eq!(outcome.alerts_waiting, seen.waiting);
        prop_assert!(begun >= ended(true) + ended(false));
        prop_assert_eq!(outcome.alerts, count(seen.alerts.len()));
        prop_assert_eq!(outcome.alerts_handled, count(seen.handled.len()));
        prop_assert_eq!(outcome.alerts_handled, outcome.actions + outcome.actions_blocked);
        prop_assert_eq!(outcome.actions_failed, failed + ended(false));
        let succeeded = responses(|r| matches!(r, Response::Succeeded { .. }));
        prop_assert_eq!(outcome.actions, failed + succeeded + begun);
        let misdiagnosed = seen.handled.iter().filter(|(_, h)| h.misdiagnosed).count();
        prop_assert_eq!(outcome.misdiagnoses, count(misdiagnosed));
        prop_assert_eq!(outcome.overwhelmed_rounds, seen.overwhelmed);
    }

    /// A server is down at a check iff an incident of it is open then, in any order of phases.
    #[test]
    fn down_checks_follow_from_the_incident_table(
        draft in any_world(), multiplier in 0.0..3.0, replication in any::<u64>(),
    ) {
        let model = compiled(&draft, multiplier, "two");
        let (_, seen) = watch(&model, replication);
        for (round, up) in seen.up.iter().enumerate() {
            let check = 2 * round as u32 + 1;
            for (server, up) in up.iter().enumerate() {
                let open = seen.incidents.iter().filter(|i| is_open_at(i, server, check)).count();
                prop_assert_eq!(open, usize::from(!up), "server {}, round {}", server, round);
            }
        }
        for incident in &seen.incidents {
            let end = incident.closed.map_or(2 * model.rounds - 1, |(closed, _)| closed);
            // Only an update after the last check opens later than the end.
            prop_assert_eq!(incident.ttr, end.saturating_sub(incident.opened));
            prop_assert!(incident.closed.is_none() || incident.ttr > 0);
        }
    }

    /// Only servers that someone attends to, without an action under way, have their alerts handled;
    /// critical alerts keep warnings waiting, panic limits how many are handled, and an action rests
    /// for its cooldown.
    #[test]
    fn responses_keep_to_the_rules(draft in any_world(), replication in any::<u64>()) {
        let world = world(&draft.text());
        let (_, seen) = watch(&model(&world, 2.0, "one"), replication);
        let panic = skill(&world, "one").panic_threshold.get() as usize;
        let mut free_in = vec![0; world.remediation.len()];
        let mut attended = vec![!world.has_cases(); world.servers.len()];
        let mut busy_until = vec![0; world.servers.len()];
        for round in 0..world.rounds {
            for (_, server, step) in seen.cases.iter().filter(|(r, ..)| *r == round) {
                match step {
                    CaseStep::Attended => attended[*server] = true,
                    CaseStep::Left => attended[*server] = false,
                    _ => {}
                }
            }
            let raised = seen.alerts.iter().filter(|(r, _)| *r == round).map(|(_, alert)| alert);
            let heard: Vec<_> = raised
                .filter(|alert| attended[alert.server] && busy_until[alert.server] <= round)
                .collect();
            let critical = heard.iter().filter(|alert| alert.critical).count();
            let mut due = heard
                .into_iter()
                .filter(|alert| critical == 0 || alert.critical)
                .take(if critical > panic { panic } else { usize::MAX })
                .filter(|_| !world.remediation.is_empty());
            for (_, handling) in seen.handled.iter().filter(|(r, _)| *r == round) {
                let server = handling.alert.server;
                let alert = due.find(|alert| busy_until[alert.server] <= round);
                prop_assert_eq!(alert, Some(&handling.alert));
                let free = &mut free_in[handling.action];
                if let Response::Blocked(until) = handling.response {
                    prop_assert!(until == *free && round < until);
                } else {
                    prop_assert!(round >= *free);
                    *free = round + world.remediation[handling.action].cooldown.get();
                }
                if let Response::UnderWay(until) = handling.response {
                    prop_assert!(until > round);
                    busy_until[server] = until;
                }
            }
            prop_assert!(due.all(|alert| busy_until[alert.server] > round));
            // A case closes without an alert, or once its alerts are handled.
            let closed = seen.cases.iter().filter(|(r, _, step)| (*r, *step) == (round, CaseStep::Closed));
            closed.for_each(|(_, server, _)| attended[*server] = false);
        }
    }

    /// The events of a lower chaos level are among those of a higher one.
    #[test]
    fn events_are_nested_across_chaos_levels(
        draft in any_world(), levels in [0.0..3.0_f64, 0.0..3.0], replication in any::<u64>(),
    ) {
        let [low, high] = [f64::min(levels[0], levels[1]), f64::max(levels[0], levels[1])]
            .map(|level| watch(&compiled(&draft, level, "one"), replication).1.events);
        prop_assert!(low.iter().all(|event| high.contains(event)));
    }

    /// The same replication meets the same events whatever the skill.
    #[test]
    fn events_are_the_same_for_all_skills(draft in any_world(), replication in any::<u64>()) {
        let [one, two] = ["one", "two"]
            .map(|skill| watch(&compiled(&draft, 1.0, skill), replication).1.events);
        prop_assert_eq!(one, two);
    }

    /// A new server changes no event of the others, and, where nobody responds, nothing of them.
    #[test]
    fn a_new_server_leaves_the_other_streams_alone(
        draft in any_world(), at in any::<Index>(), replication in any::<u64>(), alone: bool,
    ) {
        let mut draft = draft.aimed();
        if alone {
            draft.remediation.clear();
            // A new server can serve what was missed, or need what is down.
            draft.penalty.clear();
        }
        let (_, without) = watch(&compiled(&draft, 1.0, "one"), replication);
        let (servers, place) = insert(&draft.servers, at, NEW_SERVER);
        let (_, with) = watch(&compiled(&Draft { servers, ..draft }, 1.0, "one"), replication);

        let events = with.events.iter();
        let events: Option<Vec<_>> = events
            .map(|(round, scenario, server)| Some((*round, *scenario, before(place, *server)?)))
            .collect();
        prop_assert_eq!(events, Some(without.events));
        if alone {
            let mut vitals = with.vitals;
            for servers in &mut vitals {
                servers.remove(place);
            }
            prop_assert_eq!(vitals, without.vitals);
        }
    }

    /// A new scenario changes no event of the others; one without effects changes nothing else.
    #[test]
    fn a_new_scenario_leaves_the_other_streams_alone(
        draft in any_world(), at in any::<Index>(), replication in any::<u64>(),
    ) {
        let idle = "[[chaos]]\nname = \"idle\"\nprobability = 0.5\nduration = 3\neffects = []\n";
        let (_, without) = watch(&compiled(&draft, 1.0, "one"), replication);
        let (scenarios, place) = insert(&draft.scenarios, at, idle);
        let with_idle = Draft { scenarios, ..draft.clone() };
        let (_, mut with) = watch(&compiled(&with_idle, 1.0, "one"), replication);
        with.events = other_events(&with, place);
        let strikes = with.strikes.iter();
        let strikes = strikes.filter_map(|(round, s)| Some((*round, before(place, *s)?)));
        with.strikes = strikes.collect();
        prop_assert_eq!(&with, &without);

        // The first random scenario, which no action ends by name, as the new one.
        if !draft.scenarios.is_empty() {
            let mut fewer = draft.clone();
            let new = fewer.scenarios.remove(0);
            let (_, without) = watch(&compiled(&fewer, 1.0, "one"), replication);
            let (scenarios, place) = insert(&fewer.scenarios, at, &new);
            let (_, with) = watch(&compiled(&Draft { scenarios, ..fewer }, 1.0, "one"), replication);
            prop_assert_eq!(other_events(&with, place), without.events);
        }
    }

    /// Without chaos and drift, healthy servers stay up: availability is 1.
    #[test]
    fn no_chaos_and_no_drift_is_no_downtime(draft in any_world(), replication in any::<u64>()) {
        let model = compiled(&draft.calm(), 0.0, "one");
        let (outcome, _) = watch(&model, replication);
        prop_assert_eq!(outcome.up_checks, model.checks());
        prop_assert_eq!((outcome.events, outcome.incidents), (0, 0));
    }

    /// Neither an observer nor what a state was used for before changes an outcome.
    #[test]
    fn an_outcome_depends_on_nothing_but_model_and_replication(
        draft in any_world(), other in any_world(), replications in [any::<u64>(), any::<u64>()],
    ) {
        let model = compiled(&draft, 1.5, "two");
        let used = &mut State::new();
        simulate(&compiled(&other, 2.0, "one"), replications[1], used, &mut ());
        simulate(&model, replications[1], used, &mut ());
        let (fresh, _) = watch(&model, replications[0]);
        prop_assert_eq!(simulate(&model, replications[0], used, &mut ()), fresh);
        let (mut seen, mut again) = (Watch::default(), Watch::default());
        simulate(&model, replications[0], used, &mut seen);
        simulate(&model, replications[0], &mut State::new(), &mut again);
        prop_assert_eq!(seen, again);
    }
}

/// The shipped worlds without chaos and drift have availability 1, and the journey works.
#[test]
fn shipped_worlds_without_chaos_and_drift_are_always_up() {
    for name in BUILT_IN.map(|world| world.name) {
        let still = world(&format!(
            "name = \"still\"\nextends = \"{name}\"\nrounds = 15\n\
             [metrics.cpu_usage]\ndrift = [0, 0]\nreversion = 0\n\
             [metrics.memory_usage]\ndrift = [0, 0]\nreversion = 0\n\
             [metrics.disk_usage]\ndrift = [0, 0]\n"
        ));
        let model = model(&still, 0.0, "junior");
        for outcome in outcomes(&model, 1000) {
            assert_eq!(outcome.up_checks, model.checks());
            assert_eq!(outcome.journey_up_rounds, 15 * model.journey_weight());
            assert_eq!(outcome.incidents, 0);
            assert!(outcome.sla_met);
        }
    }
}

/// A perfect SRE without a panic limit beats a junior on average, replication by replication.
#[test]
fn a_perfect_sre_is_better_than_a_junior() {
    let perfect = "[skills.perfect]\ndiagnosis_accuracy = 1\nremediation_speed = 1\n\
                   panic_threshold = 1_000_000_000\n";
    let classic = "name = \"edited\"\nextends = \"agentos-classic\"\n".to_owned() + perfect;
    for world in [cloudinfra_with(perfect), world(&classic)] {
        for level in ["low", "medium", "high", "extreme"] {
            let multiplier = chaos_level(&world, level);
            let [best, worst] = ["perfect", "junior"]
                .map(|skill| outcomes(&model(&world, multiplier, skill), 5000));
            let pairs: Vec<_> = best.iter().zip(&worst).collect();
            let gain = Moments::of(&pairs, |(best, worst)| {
                f64::from(best.up_checks) - f64::from(worst.up_checks)
            });
            let z = gain.mean / (gain.variance / gain.n).sqrt();
            assert!(z > 10.0, "{level}: {gain:?}");
        }
    }
}
