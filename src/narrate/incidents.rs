//! The incidents of one replication, a block each.

use std::fmt::Write;

use super::{
    Rounds, case_text, counted, declined_text, finished_text, handling_text, server_name, time_text,
};
use crate::simulation::{
    Alert, CaseStep, ClosedBy, Handling, Incident, Model, Observer, Response, State, in_rounds,
};
use crate::world::World;

/// Lines that are told of an incident at its begin, and at its end.
const FIRST: usize = 8;
const LAST: usize = 4;

/// Watches for incidents.
pub(super) struct Incidents<'a> {
    world: &'a World,
    rounds: Option<Rounds>,
    /// The round, from 1.
    round: u32,
    /// In the order of opening.
    stories: Vec<Story>,
}

struct Story {
    server: usize,
    /// The rounds in which it opened and closed, from 1; without an end while it is open.
    opened: u32,
    closed: Option<u32>,
    head: String,
    causes: String,
    /// What happened in it, and whether that is an alert that was handled.
    lines: Vec<(String, bool)>,
    end: String,
}

impl<'a> Incidents<'a> {
    pub fn new(world: &'a World, rounds: Option<Rounds>) -> Self {
        Self {
            world,
            rounds,
            round: 0,
            stories: Vec::new(),
        }
    }

    /// What was seen; of incidents that touch the rounds that are asked for.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (number, story) in (1..).zip(&self.stories) {
            let closed = story.closed.unwrap_or(u32::MAX);
            let within = |rounds: Rounds| story.opened <= rounds.last && closed >= rounds.first;
            if self.rounds.is_none_or(within) {
                story.tell(number, &mut text);
            }
        }
        if text.is_empty() {
            text.push_str("\nno incident\n");
        }
        text
    }

    fn open(&mut self, server: usize) -> Option<&mut Story> {
        let mut open = self.stories.iter_mut().rev();
        open.find(|story| story.server == server && story.closed.is_none())
    }

    /// Notes what happens to the incident that is open on a server, if there is one.
    fn note(&mut self, server: usize, text: &str, handled: bool) {
        let line = format!("round {:<2} {text}", self.round);
        if let Some(story) = self.open(server) {
            story.lines.push((line, handled));
        }
    }
}

impl Story {
    /// Writing to a string does not fail.
    fn tell(&self, number: usize, text: &mut String) {
        let _ = writeln!(text, "\nincident {number} · {}", self.head);
        let _ = writeln!(text, "  cause    {}", self.causes);
        let lines = self.lines.len();
        for (at, (line, _)) in self.lines.iter().enumerate() {
            if at < FIRST || at + LAST >= lines {
                let _ = writeln!(text, "  {line}");
            } else if at == FIRST {
                let more = &self.lines[FIRST..lines - LAST];
                let all_handled = more.iter().all(|(_, handled)| *handled);
                let what = if all_handled {
                    "alerts handled"
                } else {
                    "lines"
                };
                let _ = writeln!(text, "  … {} more {what}", more.len());
            }
        }
        if !self.lines.iter().any(|(_, handled)| *handled) {
            let _ = writeln!(text, "  no alert of it was handled");
        }
        let _ = writeln!(text, "  {}", self.end);
    }
}

impl Observer for Incidents<'_> {
    fn round_begins(&mut self, _: &Model, state: &State) {
        self.round = state.round + 1;
    }

    fn opened(&mut self, model: &Model, state: &State, server: usize, half_round: u32) {
        let causes = state.causes(model, server);
        let causes: Vec<&str> = causes.map(|cause| self.world.cause_name(cause)).collect();
        self.stories.push(Story {
            server,
            opened: self.round,
            closed: None,
            head: format!(
                "{} is down in round {} ({})",
                server_name(self.world, server),
                self.round,
                time_text(self.world, half_round)
            ),
            causes: match causes.is_empty() {
                true => "none at work".to_owned(),
                false => causes.join(", "),
            },
            lines: Vec::new(),
            end: String::new(),
        });
    }

    fn handled(&mut self, handling: &Handling) {
        let text = handling_text(self.world, handling);
        self.note(handling.alert.server, &text, true);
    }

    fn declined(&mut self, alert: &Alert) {
        let text = declined_text(self.world, alert);
        self.note(alert.server, &text, false);
    }

    fn case(&mut self, server: usize, step: CaseStep) {
        let text = case_text(self.world, server, step);
        self.note(server, &text, false);
    }

    fn finished(&mut self, server: usize, action: usize, response: Response) {
        let text = finished_text(self.world, server, action, response);
        self.note(server, &text, false);
    }

    fn incident(&mut self, incident: &Incident) {
        let round = self.round;
        let rounds = counted(in_rounds(incident.ttr), "round");
        let end = match incident.closed {
            Some((half_round, by)) => {
                let by = match by {
                    ClosedBy::Action => "by an action",
                    ClosedBy::Recovery => "by itself",
                };
                let time = time_text(self.world, half_round);
                format!("closed   {by} after {rounds}, in round {round} ({time})")
            }
            None => format!("open     at the end, after {rounds}"),
        };
        if let Some(story) = self.open(incident.server) {
            story.closed = Some(round);
            story.end = end;
        }
    }
}
