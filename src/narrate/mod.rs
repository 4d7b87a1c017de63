//! The log of one replication, for people: an observer that writes what it sees.

mod incidents;

use std::fmt::Write;
use std::ops::ControlFlow;
use std::str::FromStr;

use incidents::Incidents;

use crate::design::Resolved;
use crate::simulation::{
    Alert, CaseStep, ClosedBy, Handling, Incident, Model, Observer, Outcome, Responder, Response,
    State, Strike, in_rounds, simulate_with,
};
use crate::world::{AlertKind, Indicator, World};

/// Health above which a server that is up is OK, and not only WARN.
const OK_ABOVE: f32 = 80.0;

/// What is said of an event or an action that leaves everything as it is.
const CHANGES_NOTHING: &str = " (changes nothing)";

/// Which replication is told, and how much of it.
#[derive(Debug, Clone, Copy)]
pub struct Telling {
    /// The master seed.
    pub seed: u64,
    /// What tells the design point's random numbers apart; 0 for common ones.
    pub scope: u64,
    /// The replication.
    pub replication: u64,
    /// What is told between the header and the verdict.
    pub told: Told,
}

/// What is told of a replication between its header and its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nothing.
    Nothing,
    /// Each round, or only some.
    Rounds(Option<Rounds>),
    /// Each incident, or only those that are open in some rounds.
    Incidents(Option<Rounds>),
}

/// Some rounds, counted from 1 as the log does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounds {
    /// The first of them.
    pub first: u32,
    /// The last of them, not before the first.
    pub last: u32,
}

impl FromStr for Rounds {
    type Err = String;

    /// `7`, or `100-200`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.trim().parse().ok();
        match (number(first), number(last)) {
            (Some(first), Some(last)) if 1 <= first && first <= last => Ok(Self { first, last }),
            (Some(first), Some(last)) if 1 <= last && last < first => Err(format!(
                "the last round stands before the first; did you mean {last}-{first}?"
            )),
            _ => Err("rounds are counted from 1: one as 7, or several as 100-200".to_owned()),
        }
    }
}

/// Runs one replication and tells it. A break says that the responder lacks an answer.
pub fn narrate(
    point: &Resolved,
    telling: &Telling,
    responder: &mut impl Responder,
) -> ControlFlow<(), (String, Outcome)> {
    let model = point.compile(telling.seed, telling.scope);
    let mut text = header(point, telling, &model);
    let mut state = State::new();
    let (world, replication) = (&point.world, telling.replication);
    let outcome = match telling.told {
        Told::Nothing => simulate_with(&model, replication, &mut state, &mut (), responder)?,
        Told::Rounds(rounds) => {
            let mut narrator = Narrator {
                world,
                rounds,
                tells: true,
                text: String::new(),
            };
            let outcome = simulate_with(&model, replication, &mut state, &mut narrator, responder)?;
            text.push_str(&narrator.text);
            outcome
        }
        Told::Incidents(rounds) => {
            let mut incidents = Incidents::new(world, rounds);
            let outcome =
                simulate_with(&model, replication, &mut state, &mut incidents, responder)?;
            text.push_str(&incidents.text());
            outcome
        }
    };
    text.push_str(&verdict(world, &model, &outcome, state.journey_rounds()));
    ControlFlow::Continue((text, outcome))
}

fn header(point: &Resolved, telling: &Telling, model: &Model) -> String {
    let world = &point.world;
    let chaos = match &point.chaos_level {
        Some(name) => format!("{name} (× {})", point.chaos_multiplier),
        None => format!("× {}", point.chaos_multiplier),
    };
    let responder = match point.responder.diagnoses() {
        true => String::new(),
        false => format!(" · responder {}", point.responder.name),
    };
    format!(
        "world {} · chaos {chaos} · skill {}{responder} · seed {} · replication {}\n\
         {}, {} of {} min, {}\n",
        world.name,
        point.skill_name,
        telling.seed,
        telling.replication,
        counted(model.servers() as f64, "server"),
        counted(model.rounds, "round"),
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

/// What happens to the case of a server.
fn case_text(world: &World, server: usize, step: CaseStep) -> String {
    let server = server_name(world, server);
    match step {
        CaseStep::Opened => format!("{server} has its first alert"),
        CaseStep::Detected => format!("{server} is detected"),
        CaseStep::Acknowledged => format!("{server} is acknowledged"),
        CaseStep::Attended => format!("{server} is attended to"),
        CaseStep::Left => format!("{server} waits for a free hand"),
        CaseStep::Closed => format!("{server} has no more alerts"),
    }
}

/// What came of an action that took time.
fn finished_text(world: &World, server: usize, action: usize, response: Response) -> String {
    let action = world.remediation[action].name.get_ref();
    let outcome = response_text(response);
    format!("{action} on {}: {outcome}", server_name(world, server))
}

/// What came of an action.
fn response_text(response: Response) -> String {
    match response {
        Response::Succeeded { changed: true } => "succeeded".to_owned(),
        Response::Succeeded { changed: false } => format!("succeeded{CHANGES_NOTHING}"),
        Response::Failed => "failed".to_owned(),
        Response::Blocked(round) => format!("blocked until round {}", round + 1),
        Response::UnderWay(round) => format!("under way until round {}", round + 1),
    }
}

/// So many of something, in words.
fn counted(number: impl Into<f64>, unit: &str) -> String {
    let number = number.into();
    let plural = if number == 1.0 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// The name of a server.
fn server_name(world: &World, server: usize) -> String {
    world.servers[server].name.get_ref().to_string()
}

/// A time of the replication.
fn time_text(world: &World, half_round: u32) -> String {
    let minutes = in_rounds(half_round) * world.round_minutes.get();
    format!("minute {minutes}")
}

/// An event, whom it hit, and how long it lasts if that was drawn.
fn strike_text(world: &World, strike: &Strike) -> String {
    let scenario = &world.chaos[strike.scenario];
    let hits = strike.hits.iter().map(|hit| {
        let nothing = if hit.changed { "" } else { CHANGES_NOTHING };
        server_name(world, hit.server) + nothing
    });
    let hits: Vec<String> = hits.collect();
    let lasts = match (scenario.duration.get_ref().fixed(), strike.rounds) {
        (Some(_), _) => String::new(),
        (None, 0) => " until remediated".to_owned(),
        (None, rounds) => format!(" for {}", counted(rounds, "round")),
    };
    let scenario = scenario.name.get_ref();
    format!("{scenario} hits {}{lasts}", hits.join(", "))
}

/// What was done about an alert, and what came of it.
fn handling_text(world: &World, handling: &Handling) -> String {
    let server = server_name(world, handling.alert.server);
    let kind = handling.alert.kind.name();
    let action = world.remediation[handling.action].name.get_ref();
    let guess = if handling.misdiagnosed {
        " (misdiagnosed)"
    } else {
        ""
    };
    let outcome = response_text(handling.response);
    format!("{action} on {server} for {kind}{guess}: {outcome}")
}

/// An alert about which nothing is done by choice.
fn declined_text(world: &World, alert: &Alert) -> String {
    let server = server_name(world, alert.server);
    format!("nothing on {server} for {}: declined", alert.kind.name())
}

/// What journey up rounds are counted in.
fn journey_unit(world: &World) -> &'static str {
    match world.journey_weight() {
        1 => "rounds",
        _ => "rounds by weight",
    }
}

fn verdict(world: &World, model: &Model, outcome: &Outcome, journey_rounds: &[u32]) -> String {
    let percent = |good: u32, all: u32| 100.0 * f64::from(good) / f64::from(all);
    let servers = percent(outcome.up_checks, model.checks());
    let mut text = format!(
        "\nserver availability   {servers:.3} % ({} of {} checks)\n",
        outcome.up_checks,
        model.checks()
    );
    let all = model.rounds * model.journey_weight();
    let journey = percent(outcome.journey_up_rounds, all);
    let unit = journey_unit(world);
    if model.has_journey() {
        text.push_str(&format!(
            "journey availability  {journey:.3} % ({} of {all} {unit})\n",
            outcome.journey_up_rounds
        ));
    }
    for (journey, rounds) in world.journeys.iter().zip(journey_rounds) {
        text.push_str(&format!(
            "  {:<20}{:.3} % ({rounds} of {} rounds, weight {})\n",
            journey.name.get_ref().as_str(),
            percent(*rounds, model.rounds),
            model.rounds,
            journey.weight.get_ref().get()
        ));
    }
    let waited = match model.has_cases() {
        true => format!(", {} waited", outcome.alerts_waiting),
        false => String::new(),
    };
    let declined = match outcome.actions_declined {
        0 => String::new(),
        declined => format!(", {declined} declined"),
    };
    text.push_str(&format!(
        "incidents             {} ({} open at the end), {} events, {} of {} alerts handled{waited}{declined}\n",
        outcome.incidents,
        outcome.incidents_open,
        outcome.events,
        outcome.alerts_handled,
        outcome.alerts
    ));
    let verdict = if outcome.sla_met {
        "met".to_owned()
    } else {
        let (value, unit) = match world.sla.indicator {
            Indicator::Availability => (servers, "checks"),
            Indicator::JourneyAvailability => (journey, unit),
        };
        let target = world.sla.target.percent().to_string();
        let short = target.parse::<f64>().unwrap_or_default() - value;
        let lacking = model
            .sla_least()
            .saturating_sub(u64::from(outcome.good(model)));
        format!("missed by {short:.3} percentage points ({lacking} {unit})")
    };
    text.push_str(&format!("{}: {verdict}\n", sla_text(world)));
    text
}

struct Narrator<'a> {
    world: &'a World,
    /// The rounds that are told; all, if there are none.
    rounds: Option<Rounds>,
    /// Whether the present round is one of them.
    tells: bool,
    text: String,
}

impl Narrator<'_> {
    /// One line of the log. Writing to a string does not fail.
    fn line(&mut self, what: &str, text: &str) {
        if self.tells {
            let _ = writeln!(self.text, "  {what:<8} {text}");
        }
    }

    fn server(&self, server: usize) -> String {
        server_name(self.world, server)
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
        let (round, rounds) = (state.round + 1, model.rounds);
        let told = |rounds: Rounds| (rounds.first..=rounds.last).contains(&round);
        self.tells = self.rounds.is_none_or(told);
        if self.tells {
            let time = time_text(self.world, 2 * state.round);
            let _ = writeln!(self.text, "\nround {round} of {rounds} · {time}");
        }
    }

    fn event(&mut self, strike: &Strike) {
        let text = strike_text(self.world, strike);
        self.line("chaos", &text);
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

    fn waiting(&mut self, alerts: usize) {
        let alerts = match alerts {
            1 => "1 alert waits".to_owned(),
            alerts => format!("{alerts} alerts wait"),
        };
        self.line("waiting", &alerts);
    }

    fn case(&mut self, server: usize, step: CaseStep) {
        let text = case_text(self.world, server, step);
        self.line("case", &text);
    }

    fn recovered(&mut self, server: usize, service: usize) {
        let service = self.world.servers[server].services[service].get_ref();
        let text = format!("{service} on {} is back by itself", self.server(server));
        self.line("recovery", &text);
    }

    fn answered(&mut self, words: &str) {
        let words: Vec<&str> = words.split_whitespace().collect();
        self.line("answer", &words.join(" "));
    }

    fn handled(&mut self, handling: &Handling) {
        let text = handling_text(self.world, handling);
        self.line("action", &text);
    }

    fn declined(&mut self, alert: &Alert) {
        let text = declined_text(self.world, alert);
        self.line("action", &text);
    }

    fn finished(&mut self, server: usize, action: usize, response: Response) {
        let text = finished_text(self.world, server, action, response);
        self.line("done", &text);
    }

    fn opened(&mut self, _: &Model, _: &State, server: usize, half_round: u32) {
        let text = format!(
            "{} is down ({})",
            self.server(server),
            time_text(self.world, half_round)
        );
        self.line("incident", &text);
    }

    fn incident(&mut self, incident: &Incident) {
        let server = self.server(incident.server);
        let rounds = counted(in_rounds(incident.ttr), "round");
        let text = match incident.closed {
            Some((_, by)) => {
                let by = match by {
                    ClosedBy::Action => "by an action",
                    ClosedBy::Recovery => "by itself",
                };
                format!("{server} is resolved {by} after {rounds}")
            }
            None => format!("{server} is still down after {rounds}"),
        };
        self.line("incident", &text);
    }

    // Health and usage are those of the check, so they are told here: in a world whose update
    // follows its assess, the end of the round has others.
    fn assessed(&mut self, model: &Model, state: &State, _: Option<u32>) {
        for journey in 0..model.journeys() {
            let works = if state.journey_works(model, journey) {
                "works"
            } else {
                "broken"
            };
            match self.world.journeys.get(journey) {
                Some(named) => self.line("journey", &format!("{} {works}", named.name.get_ref())),
                None => self.line("journey", works),
            }
        }
        let servers = self.world.servers.iter();
        let widest = servers
            .map(|s| s.name.get_ref().as_str().len())
            .max()
            .unwrap_or(0);
        for server in 0..model.servers() {
            let health = state.health(server);
            let status = match state.is_up(server) {
                true if health > OK_ABOVE => "OK",
                true => "WARN",
                false => "CRIT",
            };
            let name = self.server(server);
            let [cpu, ..] = state.usage(server);
            let dependency = match state.dependency_down(server) {
                true => "  misses a dependency",
                false => "",
            };
            let text = format!(
                "{name:<widest$} {status:<4} health {health:>3.0} cpu {cpu:>3.0} %{dependency}"
            );
            self.line("status", &text);
        }
    }
}
