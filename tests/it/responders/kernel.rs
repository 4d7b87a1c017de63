//! The hook of the kernel: choices in the place of diagnoses, with the same luck.

use std::ops::ControlFlow;

use proptest::prelude::*;
use sysworld::simulation::{
    Choice, Count, Handling, Model, Outcome, Responder, State, simulate, simulate_with,
};

use crate::random_worlds::any_world;
use crate::support::{Watch, model, world};

/// The outcome with a responder that lacks nothing, and all that could be seen.
fn with(model: &Model, replication: u64, responder: &mut impl Responder) -> (Outcome, Watch) {
    let mut watch = Watch::default();
    match simulate_with(model, replication, &mut State::new(), &mut watch, responder) {
        ControlFlow::Continue(outcome) => (outcome, watch),
        ControlFlow::Break(()) => panic!("it lacks an answer"),
    }
}

/// Two models of a random world, whose skill `one` has these accuracies.
fn models(text: &str, accuracies: [&str; 2]) -> [Model; 2] {
    accuracies.map(|accuracy| {
        let mut table: toml::Table = text.parse().expect("TOML");
        let skill = table["skills"]["one"].as_table_mut().expect("a skill");
        let accuracy = accuracy.parse().expect("a number");
        skill.insert(
            "diagnosis_accuracy".to_owned(),
            toml::Value::Float(accuracy),
        );
        model(&world(&table.to_string()), 1.5, "one")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// A runbook that is followed is a diagnosis that never errs, and an action at random one that
    /// always does: every bit of the outcome and everything that can be watched.
    #[test]
    fn null_responders_are_rules_at_the_ends_of_accuracy(draft in any_world(), replication: u64) {
        let [half, sure] = models(&draft.text(), ["0.5", "1"]);
        let of_rules = with(&sure, replication, &mut sysworld::simulation::Rules);
        prop_assert_eq!(with(&half, replication, &mut Choice::Runbook), of_rules);

        let [half, wrong] = models(&draft.text(), ["0.5", "0"]);
        let (mut outcome, watch) = with(&wrong, replication, &mut Choice::Diagnosis);
        prop_assert_eq!(outcome.misdiagnoses, outcome.alerts_handled);
        outcome.misdiagnoses = 0;
        let (at_random, seen) = with(&half, replication, &mut Choice::Random);
        prop_assert_eq!(at_random, outcome);
        let actions = |watch: &Watch| -> Vec<_> {
            watch.handled.iter().map(|(round, h)| (*round, h.alert, h.action, h.response)).collect()
        };
        prop_assert_eq!(actions(&seen), actions(&watch));
    }

    /// Who does nothing handles nothing, and declines every alert that someone else would handle.
    #[test]
    fn doing_nothing_is_counted(draft in any_world(), replication: u64) {
        let [model, _] = models(&draft.text(), ["0.5", "1"]);
        let (outcome, watch) = with(&model, replication, &mut Choice::Nothing);
        prop_assert!(watch.handled.is_empty());
        let done = [Count::AlertsHandled, Count::Actions, Count::ActionsBlocked, Count::Misdiagnoses];
        prop_assert!(done.iter().all(|count| count.of(&outcome) == 0));
        prop_assert_eq!(outcome.actions_declined as usize, watch.declined.len());
        prop_assert!(watch.incidents.iter().all(|incident| incident.handled.is_none()));
        let rules = simulate(&model, replication, &mut State::new(), &mut ());
        prop_assert_eq!(rules.actions_declined, 0);
    }

    /// Stopped at each missing answer and begun again, a replication is what it would have been with
    /// all of them there; and what was chosen is what is done, alert by alert.
    #[test]
    fn answers_that_come_late_change_nothing(draft in any_world(), replication: u64) {
        let [model, _] = models(&draft.text(), ["0.5", "1"]);
        let mut state = State::new();
        let mut recorded = Recorded::default();
        let mut stops = 0;
        let outcome = loop {
            recorded.begin();
            match simulate_with(&model, replication, &mut state, &mut (), &mut recorded) {
                ControlFlow::Continue(outcome) => break outcome,
                ControlFlow::Break(()) => stops += 1,
            }
        };
        prop_assert_eq!(stops, recorded.answers.len());
        let at_once = with(&model, replication, &mut Every3rd::default());
        prop_assert_eq!(outcome, at_once.0);
        let kept: usize = recorded.answers.iter().map(Vec::len).sum();
        let done = outcome.alerts_handled + outcome.actions_declined;
        // An action that begins for an alert makes the next ones of its server wait.
        let most = done + outcome.alerts_waiting;
        prop_assert!((done..=most).contains(&(kept as u32)), "{done} {kept} {most}");
        prop_assert_eq!(recorded.told as u32, outcome.alerts_handled);
    }
}

/// Declines every third alert of a round, and does what the runbook says about the others.
fn every_3rd(model: &Model, state: &State) -> Vec<Choice> {
    let alerts = state.alerts().iter().enumerate();
    alerts
        .map(|(place, alert)| match place % 3 {
            2 => Choice::Nothing,
            _ => Choice::Act(model.runbook(alert)),
        })
        .collect()
}

#[derive(Default)]
struct Every3rd(Vec<Choice>);

impl Responder for Every3rd {
    fn decide(&mut self, model: &Model, state: &State) -> ControlFlow<()> {
        self.0 = every_3rd(model, state);
        ControlFlow::Continue(())
    }

    fn choice(&self, place: usize) -> Choice {
        self.0[place]
    }
}

/// The same as a recording that lacks the next answer.
#[derive(Default)]
struct Recorded {
    answers: Vec<Vec<Choice>>,
    next: usize,
    told: usize,
}

impl Recorded {
    fn begin(&mut self) {
        (self.next, self.told) = (0, 0);
    }
}

impl Responder for Recorded {
    fn decide(&mut self, model: &Model, state: &State) -> ControlFlow<()> {
        self.next += 1;
        if self.next <= self.answers.len() {
            return ControlFlow::Continue(());
        }
        self.answers.push(every_3rd(model, state));
        ControlFlow::Break(())
    }

    fn choice(&self, place: usize) -> Choice {
        self.answers[self.next - 1][place]
    }

    fn handled(&mut self, _: &Handling) {
        self.told += 1;
    }
}
