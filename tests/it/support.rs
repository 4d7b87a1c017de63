//! What the tests of the simulator share: worlds from text, samples, and an observer that keeps
//! everything it sees.

use std::fs;
use std::path::Path;

use rayon::prelude::*;
use sysworld::diagnostics::{Problems, Sources};
use sysworld::simulation::{
    Alert, CaseStep, Handling, Incident, Model, Observer, Outcome, Response, Setting, State,
    Strike, compile, simulate,
};
use sysworld::world::{Skill, World, WorldFile, WorldSource};

use crate::schema;

/// The master seed of all tests.
pub const SEED: u64 = 20_250_117;

/// A world that must be good.
pub fn load(source: &WorldSource) -> World {
    if let WorldSource::File(path) = source {
        let text = fs::read_to_string(path).expect("a text");
        schema::assert_accepted(schema::Kind::World, &text);
    }
    let mut sources = Sources::default();
    WorldFile::load(source, &mut sources)
        .and_then(|file| file.world())
        .unwrap_or_else(|problems| panic!("{}", Problems::new(&sources, problems)))
}

pub fn built_in(name: &str) -> World {
    load(&WorldSource::find(name, Path::new("")).expect("a built-in world"))
}

/// The world of a file with this text.
pub fn world(text: &str) -> World {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("world.toml");
    fs::write(&path, text).expect("a file");
    load(&WorldSource::File(path))
}

/// cloudinfra with these lines laid on it.
pub fn cloudinfra_with(lines: &str) -> World {
    world(&format!(
        "name = \"edited\"\nextends = \"cloudinfra\"\n{lines}"
    ))
}

pub fn skill<'a>(world: &'a World, name: &str) -> &'a Skill {
    let mut skills = world.skills.iter();
    let found = skills.find(|(skill, _)| skill.get_ref() == name);
    &found.expect("a skill").1
}

pub fn chaos_level(world: &World, name: &str) -> f64 {
    let mut levels = world.chaos_levels.iter();
    let found = levels.find(|(level, _)| level.get_ref() == name);
    found.expect("a chaos level").1.get()
}

pub fn model(world: &World, chaos_multiplier: f64, skill_name: &str) -> Model {
    let setting = Setting {
        chaos_multiplier,
        skill: skill(world, skill_name),
        seed: SEED,
        scope: 0,
    };
    compile(world, &setting)
}

/// Runs replications from 0 on all cores; what is seen comes in parts, in order.
pub fn sample<T: Default + Send>(
    model: &Model,
    replications: u64,
    see: impl Fn(&mut T, u64, &Outcome, &State) + Sync,
) -> Vec<T> {
    const PART: u64 = 10_000;
    let parts = (0..replications.div_ceil(PART)).into_par_iter();
    parts
        .map(|part| {
            let (mut state, mut seen) = (State::new(), T::default());
            for replication in part * PART..replications.min((part + 1) * PART) {
                let outcome = simulate(model, replication, &mut state, &mut ());
                see(&mut seen, replication, &outcome, &state);
            }
            seen
        })
        .collect()
}

/// Every outcome of a sample.
pub fn outcomes(model: &Model, replications: u64) -> Vec<Outcome> {
    let keep = |all: &mut Vec<Outcome>, _, outcome: &Outcome, _: &State| all.push(*outcome);
    sample(model, replications, keep).concat()
}

/// Central moments of a sample.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    pub n: f64,
    pub mean: f64,
    pub variance: f64,
    pub fourth: f64,
}

impl Moments {
    pub fn of<T>(sample: &[T], value: impl Fn(&T) -> f64) -> Self {
        let n = sample.len() as f64;
        let mean = sample.iter().map(&value).sum::<f64>() / n;
        let central = |power| {
            let powers = sample.iter().map(|x| (value(x) - mean).powi(power));
            powers.sum::<f64>()
        };
        Self {
            n,
            mean,
            variance: central(2) / (n - 1.0),
            fourth: central(4) / n,
        }
    }

    /// Standard error of the difference from the mean of `others` more.
    pub fn error_against(&self, others: f64) -> f64 {
        (self.variance * (1.0 / self.n + 1.0 / others)).sqrt()
    }
}

/// How many times as many replications as usual the exact checks take: what `SYSWORLD_EXACT` says, or 1.
pub fn as_many_times() -> u64 {
    let said = std::env::var("SYSWORLD_EXACT").ok();
    said.map_or(1, |said| said.parse().expect("a whole number"))
}

/// Within 4 standard errors; says by how many where output is shown.
#[track_caller]
pub fn assert_agrees(what: &str, ours: f64, theirs: f64, standard_error: f64) {
    let z = (ours - theirs) / standard_error;
    println!("{what}: {ours:.6}, expected {theirs:.6}: {z:+.2} standard errors");
    assert!(z.abs() <= 4.0, "{what}: {ours}, expected {theirs}, z = {z}");
}

/// Keeps all that can be observed of a replication.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Watch {
    round: u32,
    /// (round, scenario)
    pub strikes: Vec<(u32, usize)>,
    /// Whom they hit: (round, scenario, server)
    pub events: Vec<(u32, usize, usize)>,
    pub alerts: Vec<(u32, Alert)>,
    pub handled: Vec<(u32, Handling)>,
    pub declined: Vec<(u32, Alert)>,
    pub overwhelmed: u32,
    /// Alerts that waited.
    pub waiting: u32,
    /// (round, server, step)
    pub cases: Vec<(u32, usize, CaseStep)>,
    /// (round, whether it succeeded) of actions that took time.
    pub finished: Vec<(u32, bool)>,
    /// (server, half round)
    pub opened: Vec<(usize, u32)>,
    pub incidents: Vec<Incident>,
    /// By round: whether each server was up at the assess.
    pub up: Vec<Vec<bool>>,
    /// Weight of the journeys that worked.
    pub journeys: Vec<Option<u32>>,
    /// After each assess and each round: health and usage of each server.
    pub vitals: Vec<Vec<(f32, [f32; 3])>>,
}

impl Watch {
    fn note_vitals(&mut self, model: &Model, state: &State) {
        let vitals = (0..model.servers()).map(|i| (state.health(i), state.usage(i)));
        self.vitals.push(vitals.collect());
    }
}

impl Observer for Watch {
    fn round_begins(&mut self, _model: &Model, state: &State) {
        self.round = state.round;
    }

    fn event(&mut self, strike: &Strike) {
        self.strikes.push((self.round, strike.scenario));
        let hits = strike.hits.iter();
        let hits = hits.map(|hit| (self.round, strike.scenario, hit.server));
        self.events.extend(hits);
    }

    fn alerts(&mut self, alerts: &[Alert]) {
        let round = self.round;
        self.alerts.extend(alerts.iter().map(|a| (round, *a)));
    }

    fn overwhelmed(&mut self, _kept: usize) {
        self.overwhelmed += 1;
    }

    fn handled(&mut self, handling: &Handling) {
        self.handled.push((self.round, *handling));
    }

    fn declined(&mut self, alert: &Alert) {
        self.declined.push((self.round, *alert));
    }

    fn waiting(&mut self, alerts: usize) {
        self.waiting += alerts as u32;
    }

    fn case(&mut self, server: usize, step: CaseStep) {
        self.cases.push((self.round, server, step));
    }

    fn finished(&mut self, _server: usize, _action: usize, response: Response) {
        let succeeded = matches!(response, Response::Succeeded { .. });
        self.finished.push((self.round, succeeded));
    }

    fn opened(&mut self, _model: &Model, _state: &State, server: usize, half_round: u32) {
        self.opened.push((server, half_round));
    }

    fn incident(&mut self, incident: &Incident) {
        self.incidents.push(*incident);
    }

    fn assessed(&mut self, model: &Model, state: &State, journeys: Option<u32>) {
        let up = (0..model.servers()).map(|server| state.is_up(server));
        self.up.push(up.collect());
        self.journeys.push(journeys);
        self.note_vitals(model, state);
    }

    fn round_ends(&mut self, model: &Model, state: &State) {
        self.note_vitals(model, state);
    }
}

/// One replication and all that could be seen of it.
pub fn watch(model: &Model, replication: u64) -> (Outcome, Watch) {
    let mut watch = Watch::default();
    let outcome = simulate(model, replication, &mut State::new(), &mut watch);
    (outcome, watch)
}
