//! Recorded answers as the kernel asks for them.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chat;
use super::observation::{Came, Observation, WorldSeen, action_names};
use super::recording::{Answer, Key, Recording};
use crate::counts::{Answered, Answers};
use crate::design::Resolved;
use crate::simulation::{Choice, Handling, Model, Responder, State};
use crate::world::World;

/// What is to be asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its hash.
    pub key: Key,
    /// How many alerts are to be answered.
    pub(super) alerts: usize,
    pub(super) asked: Asked,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    /// A program: all that was said in the replication until now, a line each; the last is to be answered.
    Lines(Vec<String>),
    /// A model: the body of the request.
    Body(String),
}

/// What a program is told, a line each.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Said<'a> {
    /// A replication begins.
    Reset {
        trial: u64,
        world: &'a WorldSeen<'a>,
    },
    /// Alerts are to be answered.
    Observe(Observation<'a>),
}

/// What a program answers.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Heard {
    /// An action for each alert, or nothing.
    Act { actions: Vec<Option<String>> },
}

/// Answers from a recording.
#[derive(Debug)]
pub struct Recorded<'a> {
    world: &'a World,
    known: WorldSeen<'a>,
    responder: &'a crate::world::Responder,
    trial: u64,
    recording: &'a Recording,
    /// What a replication begins with, and the hash of that and of who responds.
    reset: (String, Key),
    /// The hash of all that was said and answered.
    so_far: Key,
    lines: Vec<String>,
    /// What came of the choices; the last of them are of the last question.
    came: Vec<Came>,
    /// How many of these are older.
    older: usize,
    round: u32,
    choices: Vec<Choice>,
    /// What was answered, if in words of a model.
    words: Option<Arc<Answer>>,
    missing: Option<Question>,
    /// Those of the replication.
    answers: Answers,
}

impl<'a> Recorded<'a> {
    /// The answers of whoever responds at a design point.
    pub fn new(point: &'a Resolved, recording: &'a Recording) -> Self {
        let world = &point.world;
        let known = WorldSeen::new(world);
        let reset = json(&Said::Reset {
            trial: point.trial,
            world: &known,
        });
        let identity = json(&(
            "sysworld answers 1",
            point.responder.identity(),
            point.trial,
        ));
        let begin = hash(&[identity.as_bytes(), reset.as_bytes()]);
        Self {
            world,
            known,
            responder: &point.responder,
            trial: point.trial,
            recording,
            reset: (reset, begin),
            so_far: begin,
            lines: Vec::new(),
            came: Vec::new(),
            older: 0,
            round: 0,
            choices: Vec::new(),
            words: None,
            missing: None,
            answers: Answers::default(),
        }
    }

    /// The answers of the last replication.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// The question whose answer stopped the last replication, if one did.
    pub fn missing(&mut self) -> Option<Question> {
        self.missing.take()
    }
}

impl Responder for Recorded<'_> {
    fn begin(&mut self) {
        self.lines.clear();
        self.lines.push(self.reset.0.clone());
        self.so_far = self.reset.1;
        self.came.clear();
        self.older = 0;
        self.missing = None;
        self.answers.clear();
    }

    fn decide(&mut self, model: &Model, state: &State) -> ControlFlow<()> {
        let alerts = state.alerts().len();
        let question = self.question(model, state, alerts);
        self.older = self.came.len();
        self.round = state.round;
        let answer = self.recording.get(&question.key);
        // What no program can have said was recorded by hand, and is asked for again.
        let understood =
            answer
                .as_deref()
                .and_then(|answer| match question.choices(self.world, answer) {
                    Ok(choices) => Some((choices, true, answer)),
                    Err(_) if self.responder.llm().is_some() => {
                        Some((vec![Choice::Nothing; alerts], false, answer))
                    }
                    Err(_) => None,
                });
        let Some((choices, valid, words)) = understood else {
            self.missing = Some(question);
            return ControlFlow::Break(());
        };
        self.so_far = hash(&[&question.key, words.text.as_bytes()]);
        if let Asked::Lines(lines) = question.asked {
            self.lines = lines;
        }
        let by_the_book = state.alerts().iter().zip(&choices);
        let by_the_book = by_the_book.filter(|(a, c)| **c == Choice::Act(model.runbook(a)));
        for (of, more) in [
            (Answered::Answers, 1),
            (Answered::Invalid, u64::from(!valid)),
            (Answered::Requests, words.attempts.into()),
            (Answered::Choices, alerts as u64),
            (Answered::Agreed, by_the_book.count() as u64),
            (Answered::PromptTokens, words.prompt_tokens.unwrap_or(0)),
            (
                Answered::CompletionTokens,
                words.completion_tokens.unwrap_or(0),
            ),
        ] {
            self.answers.count(of, more);
        }
        let latency = u32::try_from(words.latency_ms).unwrap_or(u32::MAX);
        self.answers.took(latency, 1);
        self.choices = choices;
        self.words = answer.filter(|_| self.responder.llm().is_some());
        ControlFlow::Continue(())
    }

    fn choice(&self, place: usize) -> Choice {
        self.choices.get(place).copied().unwrap_or(Choice::Nothing)
    }

    fn words(&self) -> Option<&str> {
        Some(&self.words.as_ref()?.text)
    }

    fn handled(&mut self, handling: &Handling) {
        self.came.push(Came::of(self.world, self.round, handling));
    }
}

impl Recorded<'_> {
    /// What is asked about a round with so many alerts; it takes what was said along.
    fn question(&mut self, model: &Model, state: &State, alerts: usize) -> Question {
        let seen = Observation::new(self.world, model, state, &self.came[self.older..]);
        if let Some(llm) = self.responder.llm() {
            let body = chat::body(&llm, self.world, &self.known, &seen, &self.came);
            let trial = self.trial.to_le_bytes();
            return Question {
                key: hash(&[b"sysworld completions 1", &trial, body.as_bytes()]),
                alerts,
                asked: Asked::Body(body),
            };
        }
        let line = json(&Said::Observe(seen));
        let key = hash(&[&self.so_far, line.as_bytes()]);
        self.lines.push(line);
        Question {
            key,
            alerts,
            asked: Asked::Lines(std::mem::take(&mut self.lines)),
        }
    }
}

impl Question {
    /// The choices of an answer, or why it has none.
    pub(super) fn choices(&self, world: &World, answer: &Answer) -> Result<Vec<Choice>, String> {
        match self.asked {
            Asked::Lines(_) => understand(world, &answer.text, self.alerts),
            Asked::Body(_) => {
                chat::understand(world, &answer.text, answer.finish.as_deref(), self.alerts)
            }
        }
    }
}

/// The choices of a program's answer to so many alerts.
fn understand(world: &World, text: &str, alerts: usize) -> Result<Vec<Choice>, String> {
    let Heard::Act { actions } = serde_json::from_str(text).map_err(|e| {
        format!(
            "{e}. Expected one line of JSON, as {{\"type\": \"act\", \"actions\": [\"an action\", null]}}; \
             logs belong on stderr"
        )
    })?;
    if actions.len() != alerts {
        let found = actions.len();
        return Err(format!(
            "{found} actions for {alerts} alerts: each has its own, or null"
        ));
    }
    let choices = actions.iter().map(|action| match action {
        None => Ok(Choice::Nothing),
        Some(name) => match action_names(world).position(|known| known == name) {
            Some(action) => Ok(Choice::Act(action)),
            None => {
                let known: Vec<&str> = action_names(world).collect();
                let known = known.join(", ");
                Err(format!(
                    "unknown action `{name}`; allowed: {known}, or null"
                ))
            }
        },
    });
    choices.collect()
}

fn json(value: &impl Serialize) -> String {
    // Texts and finite numbers, so this can't fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// Of several pieces, each with its length, so that no two lists of pieces look alike.
fn hash(pieces: &[&[u8]]) -> Key {
    let mut hash = blake3::Hasher::new();
    for piece in pieces {
        hash.update(&(piece.len() as u64).to_le_bytes());
        hash.update(piece);
    }
    *hash.finalize().as_bytes()
}
