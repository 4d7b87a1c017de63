//! The log of one replication, for people: an observer that writes what it sees.

use std::fmt::Write;

use crate::design::Resolved;
use crate::simulation::{
    Alert, ClosedBy, Handling, Incident, Model, Observer, Outcome, Response, State, simulate,
};
use crate::world::{AlertKind, Indicator, World};

/// Health above which a server is OK, and above which it is only WARN.
const OK_ABOVE: f32 = 80.0;
const WARN_ABOVE: f32 = 50.0;

/// Which replication is told, and how much of it.
#[derive(Debug, Clone, Copy)]
pub struct Telling {
    /// The master seed.
    pub seed: u64,
    /// What tells the design point's random numbers apart; 0 for common ones.
    pub scope: u64,
    /// The replication.
    pub replication: u64,
    /// Only the header and the verdict.
    pub quiet: bool,
}

/// Runs one replication and tells it.
pub fn narrate(point: &Resolved, telling: &Telling) -> (String, Outcome) {
    let model = point.compile(telling.seed, telling.scope);
    let mut narrator = Narrator {
        world: &point.world,
        text: header(point, telling, &model),
    };
    let mut state = State::new();
    let outcome = if telling.quiet {
        simulate(&model, telling.replication, &mut state, &mut ())
    } else {
        simulate(&model, telling.replication, &mut state, &mut narrator)
    };
    narrator.verdict(&model, &outcome);
    (narrator.text, outcome)
}

fn header(point: &Resolved, telling: &Telling, model: &Model) -> String {
    let world = &point.world;
    let chaos = match &point.chaos_level {
        Some(name) => format!("{name} (× {})", point.chaos_multiplier),
        None => format!("× {}", point.chaos_multiplier),
    };
    format!(
        "world {} · chaos {chaos} · skill {} · seed {} · replication {}\n\
         {} servers, {} rounds of {} min, {}\n",
        world.name,
        point.skill_name,
        telling.seed,
        telling.replication,
        model.servers(),
        model.rounds,
        world.round_minutes.get(),
        sla_text(world),
    )
}

fn sla_text(world: &World) -> String {
    let indicator = match world.sla.indicator {
        Indicator::Availability => "server availability",
        Indicator::JourneyAvailability => "journey availability",
    };
    format!("SLA {} % {indicator}", world.sla.target.percent())
}

struct Narrator<'a> {
    world: &'a World,
    text: String,
}

impl Narrator<'_> {
    /// One line of the log. Writing to a string does not fail.
    fn line(&mut self, what: &str, text: &str) {
        let _ = writeln!(self.text, "  {what:<8} {text}");
    }

    fn server(&self, server: usize) -> String {
        self.world.servers[server].name.get_ref().to_string()
    }

    fn time(&self, half_round: u32) -> String {
        let minutes = f64::from(half_round) / 2.0 * self.world.round_minutes.get();
        format!("minute {minutes}")
    }

    fn verdict(&mut self, model: &Model, outcome: &Outcome) {
        let percent = |good: u32, all: u32| 100.0 * f64::from(good) / f64::from(all);
        let servers = percent(outcome.up_checks, model.checks());
        let _ = writeln!(
            self.text,
            "\nserver availability   {servers:.3} % ({} of {} checks)",
            outcome.up_checks,
            model.checks()
        );
        let journey = percent(outcome.journey_up_rounds, model.rounds);
        if model.has_journey() {
            let _ = writeln!(
                self.text,
                "journey availability  {journey:.3} % ({} of {} rounds)",
                outcome.journey_up_rounds, model.rounds
            );
        }
        let _ = writeln!(
            self.text,
            "incidents             {} ({} open at the end), {} events, {} of {} alerts handled",
            outcome.incidents,
            outcome.incidents_open,
            outcome.events,
            outcome.alerts_handled,
            outcome.alerts
        );
        let verdict = if outcome.sla_met {
            "met".to_owned()
        } else {
            let (value, good, unit) = match self.world.sla.indicator {
                Indicator::Availability => (servers, outcome.up_checks, "checks"),
                Indicator::JourneyAvailability => (journey, outcome.journey_up_rounds, "rounds"),
            };
            let target = self.world.sla.target.percent().to_string();
            let short = target.parse::<f64>().unwrap_or_default() - value;
            let lacking = model.sla_least().saturating_sub(u64::from(good));
            format!("missed by {short:.3} percentage points ({lacking} {unit})")
        };
        let sla = sla_text(self.world);
        let _ = writeln!(self.text, "{sla}: {verdict}");
    }
}

/// The value of an alert with its unit; empty where the kind says it all.
fn value_text(alert: &Alert) -> String {
    match alert.kind {
        AlertKind::CpuUsage
        | AlertKind::MemoryUsage
        | AlertKind::ErrorRate
        | AlertKind::DiskUsage => format!(" {:.1} %", alert.value),
        AlertKind::LatencyP99 => format!(" {:.0} ms", alert.value),
        AlertKind::ServiceDown | AlertKind::Health => format!(" {:.0}", alert.value),
        AlertKind::Network => String::new(),
    }
}

impl Observer for Narrator<'_> {
    fn round_begins(&mut self, model: &Model, state: &State) {
        let time = self.time(2 * state.round);
        let (round, rounds) = (state.round + 1, model.rounds);
        let _ = writeln!(self.text, "\nround {round} of {rounds} · {time}");
    }

    fn event(&mut self, scenario: usize, server: usize, changed: bool) {
        let scenario = self.world.chaos[scenario].name.get_ref().to_string();
        let nothing = if changed { "" } else { " (changes nothing)" };
        let server = self.server(server);
        self.line("chaos", &format!("{scenario} hits {server}{nothing}"));
    }

    fn alerts(&mut self, alerts: &[Alert]) {
        for alert in alerts {
            let level = if alert.critical {
                "CRITICAL"
            } else {
                "WARNING"
            };
            let server = self.server(alert.server);
            let (kind, value) = (alert.kind.name(), value_text(alert));
            self.line("alert", &format!("{level:<8} {server} {kind}{value}"));
        }
    }

    fn overwhelmed(&mut self, kept: usize) {
        self.line(
            "panic",
            &format!("overwhelmed: only {kept} alerts are kept"),
        );
    }

    fn handled(&mut self, handling: &Handling) {
        let server = self.server(handling.alert.server);
        let kind = handling.alert.kind.name();
        let action = self.world.remediation[handling.action].name.get_ref();
        let guess = if handling.misdiagnosed {
            " (misdiagnosed)"
        } else {
            ""
        };
        let outcome = match handling.response {
            Response::Succeeded => "succeeded".to_owned(),
            Response::Failed => "failed".to_owned(),
            Response::Blocked(round) => format!("blocked until round {}", round + 1),
        };
        let text = format!("{action} on {server} for {kind}{guess}: {outcome}");
        self.line("action", &text);
    }

    fn opened(&mut self, _: &Model, _: &State, server: usize, half_round: u32) {
        let text = format!(
            "{} is down ({})",
            self.server(server),
            self.time(half_round)
        );
        self.line("incident", &text);
    }

    fn incident(&mut self, incident: &Incident) {
        let server = self.server(incident.server);
        let rounds = f64::from(incident.ttr) / 2.0;
        let text = match incident.closed {
            Some((_, by)) => {
                let by = match by {
                    ClosedBy::Action => "by an action",
                    ClosedBy::Recovery => "by itself",
                };
                format!("{server} is resolved {by} after {rounds} rounds")
            }
            None => format!("{server} is still down after {rounds} rounds"),
        };
        self.line("incident", &text);
    }

    fn assessed(&mut self, _: &Model, _: &State, journey: Option<bool>) {
        match journey {
            Some(true) => self.line("journey", "works"),
            Some(false) => self.line("journey", "broken"),
            None => {}
        }
    }

    fn round_ends(&mut self, model: &Model, state: &State) {
        let servers = self.world.servers.iter();
        let widest = servers
            .map(|s| s.name.get_ref().as_str().len())
            .max()
            .unwrap_or(0);
        for server in 0..model.servers() {
            let health = state.health(server);
            let status = match health {
                h if h > OK_ABOVE => "OK",
                h if h > WARN_ABOVE => "WARN",
                _ => "CRIT",
            };
            let name = self.server(server);
            let [cpu, ..] = state.usage(server);
            let text = format!("{name:<widest$} {status:<4} health {health:>3.0} cpu {cpu:>3.0} %");
            self.line("status", &text);
        }
    }
}
