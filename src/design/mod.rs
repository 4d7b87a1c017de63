//! The design: every combination of factor levels, checked, each with its key.

mod refuse;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;
use serde_spanned::Spanned;

use crate::diagnostics::{MOST_SHOWN, Problem, Problems, Sources, Span};
use crate::document::{Node, Result, Value};
use crate::experiment::{Experiment, FactorKind, Level, Overrides, RandomNumbers, Wrong, set_path};
use crate::simulation::{Count, Model, Setting, compile};
use crate::statistics::sre::Window;
use crate::world::{
    Identity, Indicator, NameAt, NonNegative, Per, Price, Responder, Scenario, Server, Skill,
    Strikes, World, WorldFile,
};

/// The key of a design point: the same wherever the same world meets the same chaos, skill and
/// responder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PointKey(u64);

impl PointKey {
    /// The key that is written so, as [`Display`](fmt::Display) does.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('p').filter(|digits| digits.len() == 16)?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        u64::from_str_radix(digits, 16)
            .ok()
            .map(Self)
            .filter(|_| hex)
    }
}

impl fmt::Display for PointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A letter in front, or tables would be read with `07624333874770e5` as a number.
        write!(f, "p{:016x}", self.0)
    }
}

/// All design points of an experiment, in order; the last factor varies fastest.
#[derive(Debug)]
pub struct Design {
    experiment: Experiment,
    points: Vec<Point>,
    variations: Vec<Variation>,
    /// What the variations expose to chaos, each once.
    exposures: Vec<Exposure>,
    /// Whether the response takes time in any of its worlds.
    cases: bool,
    /// Whether someone else than the rules responds at any of its points.
    chosen: bool,
    capped: Capped,
}

/// How each scenario whose events are of the world as a whole exposes the servers that it may strike.
pub type Exposure = Vec<Exposed>;

/// How a scenario exposes servers.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposed {
    /// Its name.
    pub scenario: String,
    /// How many servers it may strike.
    pub servers: u32,
    /// How often an event hits one of them, on average: its share of all events.
    pub hits: f64,
    /// Whether an event hits one of several groups of them, which need not be of one size.
    pub grouped: bool,
}

/// Design points where the chaos multiplier takes a probability beyond 1, where it stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Capped {
    /// The first of them.
    pub first: usize,
    /// How many there are.
    pub points: usize,
}

impl Capped {
    fn add(&mut self, point: usize) {
        self.first = match self.points {
            0 => point,
            _ => self.first.min(point),
        };
        self.points += 1;
    }
}

#[derive(Debug, Clone, Copy)]
struct Point {
    key: PointKey,
    variation: u32,
    /// Its cell of the experiment's grid.
    cell: u32,
}

/// What the design needs to know of one world that the factors make, and of who responds there.
#[derive(Debug, Clone)]
pub struct Variation {
    /// Rounds of a replication.
    pub rounds: u32,
    /// Number of servers.
    pub servers: u32,
    /// Whether there is a user journey.
    pub journey: bool,
    /// The names of the user journeys, where there are several.
    pub journeys: Vec<String>,
    /// Their weights together; 1 for an only one without a weight, 0 without any.
    pub journey_weight: u32,
    /// Length of a round in minutes.
    pub round_minutes: f64,
    /// The SLA's target in percent.
    pub sla_target: String,
    /// The SLA's target, 0 to 1.
    pub sla_target_share: f64,
    /// Whether the SLA is held to the user journey, not to the servers.
    pub sla_on_journey: bool,
    /// Whether the response takes time, so that incidents are detected and acknowledged.
    pub cases: bool,
    /// Whether alerts are diagnosed by the accuracy of the skill.
    pub diagnoses: bool,
    /// Whether whoever responds has to be asked, so that the answers are recorded.
    pub asked: bool,
    /// Checks of a replication (rounds by weight, if it is held to the journey) that may fail without a
    /// miss: the error budget, a whole number.
    pub sla_budget: u64,
    exposure: u32,
}

impl Variation {
    /// Checks of a replication: servers × rounds.
    pub fn checks(&self) -> u64 {
        u64::from(self.servers) * u64::from(self.rounds)
    }

    /// The most that journey up rounds can be: rounds × weight of the journeys.
    pub fn journey_rounds(&self) -> u64 {
        u64::from(self.rounds) * u64::from(self.journey_weight)
    }

    /// What the SLA counts in a replication: checks, or if it is held to the journey rounds, each as
    /// often as the journeys weigh.
    pub fn sla_checks(&self) -> u64 {
        if self.sla_on_journey {
            self.journey_rounds()
        } else {
            self.checks()
        }
    }

    /// What downtime is stated over: a replication, of all servers or of the journey.
    pub fn window(&self) -> Window {
        Window {
            rounds: self.rounds,
            round_minutes: self.round_minutes,
            servers: if self.sla_on_journey { 1 } else { self.servers },
        }
    }
}

/// A design point as resolved: what a replication of it is compiled from.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Its world.
    pub world: World,
    /// Name of the chaos level, unless the experiment varies the multiplier.
    pub chaos_level: Option<String>,
    /// Multiplies the probability of every scenario.
    pub chaos_multiplier: f64,
    /// Name of the skill.
    pub skill_name: String,
    /// The skill.
    pub skill: Skill,
    /// Who responds.
    pub responder: Responder,
    /// Which of several answers to the same questions is taken, where it has to be asked.
    pub trial: u64,
}

impl Resolved {
    /// Compiles the point for a master seed.
    pub fn compile(&self, seed: u64, scope: u64) -> Model {
        let setting = Setting {
            chaos_multiplier: self.chaos_multiplier,
            skill: &self.skill,
            seed,
            scope,
        };
        compile(&self.world, &setting)
    }
}

/// Chaos, skill and responder of a design point; with the digest of its world they are its identity.
#[derive(Debug, Serialize)]
struct Conditions<'a> {
    chaos_level: Option<String>,
    chaos_multiplier: f64,
    skill_name: String,
    skill: &'a Skill,
    #[serde(skip_serializing_if = "Option::is_none")]
    responder: Option<Identity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trial: Option<u64>,
    #[serde(skip)]
    responds: Responder,
}

impl Conditions<'_> {
    fn key(&self, world_digest: &str) -> PointKey {
        let hash = blake3::hash(canonical(&(world_digest, self)).as_bytes());
        let first = hash.as_bytes()[..8].iter();
        PointKey(first.fold(0, |key, byte| key << 8 | u64::from(*byte)))
    }
}

/// The text that a hash is taken of: JSON with the fields in the order of the types.
fn canonical(value: &impl Serialize) -> String {
    // Our own types have only string keys and finite numbers, so this can't fail.
    serde_json::to_string(value).unwrap_or_default()
}

impl Design {
    /// The design of an experiment file, or all that is wrong with file and design.
    ///
    /// # Errors
    ///
    /// All that is wrong in the file and between its design points.
    pub fn load(path: &Path, overrides: &Overrides, sources: &mut Sources) -> Result<Self> {
        match Experiment::read(path, overrides, sources) {
            Ok(experiment) => Self::new(experiment),
            Err(Wrong { mut problems, rest }) => {
                let design = rest.map(|rest| Self::new(*rest));
                problems.extend(design.and_then(Result::err).unwrap_or_default());
                Err(problems)
            }
        }
    }

    /// Resolves and checks every design point.
    ///
    /// # Errors
    ///
    /// All that is wrong with the design points.
    pub fn new(experiment: Experiment) -> Result<Self> {
        let cells = experiment.grid.cells().into_iter();
        let unset = |cell| Point {
            key: PointKey(0),
            variation: 0,
            // There are at most `MOST_POINTS` cells.
            cell: cell as u32,
        };
        let mut design = Self {
            points: cells.map(unset).collect(),
            experiment,
            variations: Vec::new(),
            exposures: Vec::new(),
            cases: false,
            chosen: false,
            capped: Capped::default(),
        };
        // Each world is decoded once, whichever factors vary fastest.
        let mut problems = Vec::new();
        for points in design.points_by_world() {
            problems.extend(design.settle(&points).err().unwrap_or_default());
            // More would not be shown.
            if problems.len() >= MOST_SHOWN {
                break;
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        refuse::impossible(&design)?;
        Ok(design)
    }

    /// Gives points of one world their keys, and notes what is to be known of it.
    fn settle(&mut self, points: &[usize]) -> Result<()> {
        let levels = self.levels(points[0]);
        let world = self.world(&levels).map_err(|mut problems| {
            // A level that can't be does not hide names that are wrong beside it.
            let base = self.world_file(&levels).world();
            let people = base.and_then(|world| self.check_people(&world, points));
            problems.extend(people.err().unwrap_or_default());
            problems
        })?;
        self.check_people(&world, points)?;
        let digest = blake3::hash(canonical(&world).as_bytes()).to_string();
        let probabilities = world.chaos.iter().map(|s| s.probability.get());
        let likeliest = probabilities.fold(0.0, f64::max);
        // A variation for each way to respond that is met.
        let (first, mut ways) = (self.variations.len(), Vec::new());
        for point in points {
            let levels = self.levels(*point);
            let conditions = self.conditions(&world, &levels)?;
            let (key, multiplier) = (conditions.key(&digest), conditions.chaos_multiplier);
            if likeliest * multiplier > 1.0 {
                self.capped.add(*point);
            }
            let own = (
                conditions.responder.is_none(),
                conditions.responds.is_asked(),
            );
            self.chosen |= !own.0;
            let way = ways.iter().position(|way| *way == own);
            let way = way.unwrap_or_else(|| {
                ways.push(own);
                ways.len() - 1
            });
            self.points[*point].key = key;
            self.points[*point].variation = (first + way) as u32;
        }
        let exposure = self.exposure_of(&world);
        let mut variation = Variation {
            rounds: world.rounds,
            servers: world.servers.len() as u32,
            journey: world.user_journeys().next().is_some(),
            journeys: match world.journeys.as_slice() {
                [] | [_] => Vec::new(),
                several => several
                    .iter()
                    .map(|j| j.name.get_ref().to_string())
                    .collect(),
            },
            journey_weight: world.journey_weight(),
            round_minutes: world.round_minutes.get(),
            sla_target: world.sla.target.percent().to_string(),
            sla_target_share: world.sla.target.share(),
            sla_on_journey: world.sla.indicator == Indicator::JourneyAvailability,
            exposure,
            cases: world.has_cases(),
            diagnoses: true,
            asked: false,
            sla_budget: 0,
        };
        let checks = variation.sla_checks();
        variation.sla_budget = checks - world.sla.target.least(checks);
        self.cases |= variation.cases;
        let of_ways = ways.into_iter().map(|(diagnoses, asked)| Variation {
            diagnoses,
            asked,
            ..variation.clone()
        });
        self.variations.extend(of_ways);
        Ok(())
    }

    /// The number of what a world exposes to chaos.
    fn exposure_of(&mut self, world: &World) -> u32 {
        let shared = world.chaos.iter().filter(|s| s.per == Per::World);
        let exposure: Exposure = shared.map(|scenario| exposed(world, scenario)).collect();
        let known = self.exposures.iter().position(|known| *known == exposure);
        let index = known.unwrap_or_else(|| {
            self.exposures.push(exposure);
            self.exposures.len() - 1
        });
        index as u32
    }

    /// What the worlds of this design expose to chaos, each once.
    pub fn exposures(&self) -> &[Exposure] {
        &self.exposures
    }

    /// Whether the response takes time in any of its worlds.
    pub fn has_cases(&self) -> bool {
        self.cases
    }

    /// Whether anybody has to be asked at any of its points.
    pub fn asks(&self) -> bool {
        self.variations.iter().any(|variation| variation.asked)
    }

    /// What the tokens of whoever responds at a point cost, if that is said.
    pub fn price(&self, point: usize) -> Option<Price> {
        self.resolve(point).ok()?.responder.llm()?.price
    }

    /// The counts that any of its points can have; of the others there are no columns.
    pub fn counts(&self) -> impl Iterator<Item = Count> {
        let (cases, chosen) = (self.has_cases(), self.chosen);
        let stands = move |count: &Count| match count {
            Count::AlertsWaiting => cases,
            Count::ActionsDeclined => chosen,
            _ => true,
        };
        Count::ALL.into_iter().filter(stands)
    }

    /// Whether a count says something of a point; where it does not, it is missing and not 0.
    pub fn has_count(&self, point: usize, count: Count) -> bool {
        count != Count::Misdiagnoses || self.variation(point).diagnoses
    }

    /// Which of [`Design::exposures`] is that of a point.
    pub fn exposure(&self, point: usize) -> usize {
        self.variation(point).exposure as usize
    }

    /// Design points with a probability that is cut at 1.
    pub fn capped(&self) -> Capped {
        self.capped
    }

    /// The points of each world that the factors make.
    fn points_by_world(&self) -> Vec<Vec<usize>> {
        let mut worlds: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        let factors = &self.experiment.factors;
        for point in 0..self.len() {
            let levels = self.levels(point);
            let of_world = levels.iter().zip(factors);
            let of_world = of_world.filter(|(_, factor)| factor.kind.changes_world());
            let key = of_world.map(|(level, _)| *level).collect();
            worlds.entry(key).or_default().push(point);
        }
        worlds.into_values().collect()
    }

    /// The names of the user journeys of all worlds that have several, each once.
    pub fn journeys(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.variations.iter().flat_map(|v| &v.journeys) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The experiment.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// Number of design points.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is no design point, which never happens.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The key of a point.
    pub fn key(&self, point: usize) -> PointKey {
        self.points[point].key
    }

    /// All points by their keys, in the order of the keys.
    pub fn by_key(&self) -> Vec<(PointKey, usize)> {
        let mut order: Vec<_> = (0..self.len()).map(|p| (self.key(p), p)).collect();
        order.sort_unstable();
        order
    }

    /// The world of a point, in outline.
    pub fn variation(&self, point: usize) -> &Variation {
        &self.variations[self.points[point].variation as usize]
    }

    /// The index of the level of each factor.
    pub fn levels(&self, point: usize) -> Vec<usize> {
        self.experiment
            .grid
            .levels(self.points[point].cell as usize)
    }

    /// The index of the level of a factor at a point.
    pub fn level_index(&self, point: usize, factor: usize) -> usize {
        let cell = self.points[point].cell as usize;
        self.experiment.grid.level(cell, factor)
    }

    /// The level of a factor at a point.
    pub fn level(&self, point: usize, factor: usize) -> &Level {
        &self.experiment.factors[factor].levels[self.level_index(point, factor)]
    }

    /// Each design point with the one that it is compared with, in design order: the one that
    /// has the baseline's level of the factor and is like it in all others.
    pub fn compared(&self) -> Vec<(usize, usize)> {
        let Some(compare) = &self.experiment.compare else {
            return Vec::new();
        };
        let mut factors = self.experiment.factors.iter().enumerate();
        let Some((along, factor)) = factors.find(|(_, f)| *f.name.get_ref() == compare.factor)
        else {
            return Vec::new();
        };
        let baseline = factor.levels.iter().position(|l| *l == compare.baseline);
        let mut by_levels: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
        for point in 0..self.len() {
            by_levels.insert(self.levels(point), point);
        }
        let partner = |point: usize| {
            let mut levels = self.levels(point);
            let own = std::mem::replace(&mut levels[along], baseline?);
            let other = *by_levels.get(&levels)?;
            (Some(own) != baseline).then_some((point, other))
        };
        (0..self.len()).filter_map(partner).collect()
    }

    /// The levels of a point as `factor=level`, separated by commas, as the command line takes them.
    pub fn describe(&self, point: usize) -> String {
        let levels = self.levels(point);
        let factors = self.experiment.factors.iter().zip(levels);
        let texts: Vec<String> = factors.map(|(factor, level)| factor.pair(level)).collect();
        texts.join(",")
    }

    /// A point with its world, chaos, skill and responder.
    ///
    /// # Errors
    ///
    /// What is wrong with the point; a design that was checked has nothing.
    pub fn resolve(&self, point: usize) -> Result<Resolved> {
        let levels = self.levels(point);
        let world = self.world(&levels)?;
        let conditions = self.conditions(&world, &levels)?;
        Ok(Resolved {
            chaos_level: conditions.chaos_level,
            chaos_multiplier: conditions.chaos_multiplier,
            skill_name: conditions.skill_name,
            skill: conditions.skill.clone(),
            trial: conditions.trial.unwrap_or_default(),
            responder: conditions.responds,
            world,
        })
    }

    /// Compiles a point with the experiment's seed.
    ///
    /// # Errors
    ///
    /// As [`Self::resolve`].
    pub fn compile(&self, point: usize) -> Result<Model> {
        let scope = self.scope(point);
        Ok(self.resolve(point)?.compile(self.experiment.seed, scope))
    }

    /// A point and its model.
    ///
    /// # Errors
    ///
    /// As [`Self::resolve`], with the point named.
    pub fn point_and_model(&self, point: usize) -> anyhow::Result<(Resolved, Model)> {
        let resolved = self
            .resolve(point)
            .map_err(|problems| Problems::new(&Sources::default(), problems))
            .with_context(|| format!("design point {}", self.key(point)))?;
        let model = resolved.compile(self.experiment.seed, self.scope(point));
        Ok((resolved, model))
    }

    /// What tells the random numbers of a point from those of others: 0 where they are common.
    pub fn scope(&self, point: usize) -> u64 {
        match self.experiment.random_numbers {
            RandomNumbers::Common => 0,
            RandomNumbers::Independent => self.key(point).0,
        }
    }

    fn factor_level(&self, levels: &[usize], kind: &FactorKind) -> Option<&Level> {
        let factors = self.experiment.factors.iter().zip(levels);
        let mut found = factors.filter(|(factor, _)| factor.kind == *kind);
        found.next().map(|(factor, level)| &factor.levels[*level])
    }

    /// The file of the world at some levels.
    fn world_file(&self, levels: &[usize]) -> &WorldFile {
        let mut factors = self.experiment.factors.iter().zip(levels);
        let which = factors.find(|(factor, _)| factor.kind == FactorKind::World);
        &self.experiment.worlds[which.map_or(0, |(_, level)| *level)]
    }

    /// The world at some levels, decoded and checked.
    fn world(&self, levels: &[usize]) -> Result<World> {
        let factors = self.experiment.factors.iter().zip(levels);
        let mut file = self.world_file(levels).clone();
        for (factor, level) in factors.filter(|(f, _)| f.kind == FactorKind::Path) {
            set_path(&mut file, &factor.name, &factor.values[*level])?;
        }
        file.world()
            .map_err(|problems| self.with_levels(levels, problems))
    }

    /// Says with which levels a world can't be that can be without them: what is wrong between values
    /// is shown where the world file says it, which may be another value than that of the level.
    fn with_levels(&self, levels: &[usize], problems: Vec<Problem>) -> Vec<Problem> {
        let base = self.world_file(levels);
        let factors = self.experiment.factors.iter().zip(levels);
        let paths = factors.filter(|(factor, _)| factor.kind == FactorKind::Path);
        if paths.clone().next().is_none() || base.world().is_err() {
            return problems;
        }
        let alone = paths.clone().filter(|(factor, level)| {
            let mut file = base.clone();
            let set = set_path(&mut file, &factor.name, &factor.values[**level]);
            set.and_then(|()| file.world()).is_err()
        });
        let alone: Vec<_> = alone.collect();
        let blamed = match alone.is_empty() {
            true => paths.collect(),
            false => alone,
        };
        let spans: Vec<Span> = blamed
            .iter()
            .map(|(factor, level)| factor.values[**level].span.clone())
            .collect();
        let pairs: Vec<String> = blamed
            .iter()
            .map(|(factor, level)| factor.pair(**level))
            .collect();
        let help = format!("it is so at {}", pairs.join(","));
        let told = |problem: Problem| match problem.span() {
            Some(span) if spans.contains(&span) => problem,
            _ => problem.help(help.clone()),
        };
        problems.into_iter().map(told).collect()
    }

    /// A world with the chaos, skill and responder of some levels.
    fn conditions<'a>(&self, world: &'a World, levels: &[usize]) -> Result<Conditions<'a>> {
        let asked = |kind| match self.factor_level(levels, &kind) {
            Some(Level::Text(name)) => Some(name.as_str()),
            _ => None,
        };
        let name = asked(FactorKind::Skill);
        let (skill_name, skill) =
            self.choose("skill", &world.skills, name, &world.default_skill)?;
        let name = asked(FactorKind::Responder).map(str::to_owned);
        let name = name.unwrap_or_else(|| world.responder_of(skill));
        let responder = world.responder(&name).ok_or_else(|| {
            let place = self.place_of("responder", &name);
            let known = world.responder_names();
            vec![unknown_level("responder", &name, place, &known)]
        })?;
        let trial = self.factor_level(levels, &FactorKind::Trial);
        let trial = trial.and_then(Level::number).unwrap_or_default() as u64;
        let multiplier = self
            .factor_level(levels, &FactorKind::ChaosMultiplier)
            .and_then(Level::number);
        let (chaos_level, chaos_multiplier) = match multiplier {
            Some(multiplier) => (None, multiplier),
            None => {
                let name = asked(FactorKind::ChaosLevel);
                let default = &world.default_chaos_level;
                let (name, level) =
                    self.choose("chaos_level", &world.chaos_levels, name, default)?;
                (Some(name), NonNegative::get(*level))
            }
        };
        Ok(Conditions {
            chaos_level,
            chaos_multiplier,
            skill_name,
            skill,
            responder: responder.identity(),
            trial: responder.is_asked().then_some(trial),
            responds: responder,
        })
    }

    /// The entry of the name that is asked for, else of the default, else the only one.
    fn choose<'a, T>(
        &self,
        what: &str,
        entries: &'a [(Spanned<String>, T)],
        asked: Option<&str>,
        default: &Option<NameAt>,
    ) -> Result<(String, &'a T)> {
        let default = default.as_ref().map(|name| name.get_ref().as_str());
        let entry = match (asked.or(default), entries) {
            (None, [only]) => only,
            (None, _) => {
                let names: Vec<&str> = names(entries);
                return Err(vec![
                    Problem::general(format!(
                        "which {what}? The world has several, and no default"
                    ))
                    .help(format!(
                        "give the factor `{what}`, or `default_{what}` in the world: {}",
                        names.join(", ")
                    )),
                ]);
            }
            (Some(name), _) => entries
                .iter()
                .find(|(key, _)| key.get_ref() == name)
                .ok_or_else(|| {
                    let place = self.place_of(what, name);
                    vec![unknown_level(what, name, place, &names(entries))]
                })?,
        };
        Ok((entry.0.get_ref().clone(), &entry.1))
    }

    /// Every skill, chaos level and responder that points name is known to their world.
    fn check_people(&self, world: &World, points: &[usize]) -> Result<()> {
        let mut problems = Vec::new();
        for (index, factor) in self.experiment.factors.iter().enumerate() {
            let (what, known) = match factor.kind {
                FactorKind::Skill => ("skill", names(&world.skills)),
                FactorKind::ChaosLevel => ("chaos_level", names(&world.chaos_levels)),
                FactorKind::Responder => ("responder", world.responder_names()),
                _ => continue,
            };
            let named = points.iter().map(|point| self.level_index(*point, index));
            for level in named.collect::<BTreeSet<usize>>() {
                let value = &factor.values[level];
                let Level::Text(name) = &factor.levels[level] else {
                    continue;
                };
                if !known.contains(&name.as_str()) {
                    let place = (!value.span.is_empty()).then(|| value.span.clone());
                    problems.push(unknown_level(what, name, place, &known));
                }
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    /// Where a level of a factor was written.
    fn place_of(&self, factor: &str, level: &str) -> Option<Span> {
        let factor = self
            .experiment
            .factors
            .iter()
            .find(|f| f.name.get_ref() == factor)?;
        let is_level = |value: &&Value| value.node == Node::String(level.to_owned());
        let value = factor.values.iter().find(is_level)?;
        // A level from the command line was written in no file.
        (!value.span.is_empty()).then(|| value.span.clone())
    }
}

/// How a scenario exposes the servers of a world.
fn exposed(world: &World, scenario: &Scenario) -> Exposed {
    let eligible = world.servers.iter();
    let eligible: Vec<_> = eligible
        .filter(|s| scenario.aims_at(s.kind.get_ref()))
        .collect();
    // The target is any of them, so a group is hit as often as it has servers, and hits them all.
    let group = |name: fn(&Server) -> Option<&NameAt>| {
        let mut sizes: BTreeMap<Option<&str>, u64> = BTreeMap::new();
        for server in &eligible {
            let name = name(server).map(|name| name.get_ref().as_str());
            *sizes.entry(name).or_default() += 1;
        }
        sizes.values().map(|size| size * size).sum::<u64>() as f64 / eligible.len() as f64
    };
    let all = eligible.len() as f64;
    let hit = match scenario.strikes.get_ref() {
        Strikes::One => 1.0,
        Strikes::Zone => group(|server| server.zone.as_ref()),
        Strikes::Type => group(|server| Some(&server.kind)),
        Strikes::All => all,
        Strikes::Share(share) => (share.get() * all).round().max(1.0),
    };
    Exposed {
        scenario: scenario.name.get_ref().to_string(),
        servers: eligible.len() as u32,
        hits: hit / all,
        grouped: matches!(scenario.strikes.get_ref(), Strikes::Zone | Strikes::Type),
    }
}

fn unknown_level(what: &str, name: &str, place: Option<Span>, known: &[&str]) -> Problem {
    let label = what.replace('_', " ");
    match place {
        Some(span) => Problem::unknown(&label, name, span, known.iter().copied()),
        None => Problem::general(format!("unknown {label} `{name}`")).suggest(name, known),
    }
}

fn names<T>(map: &[(Spanned<String>, T)]) -> Vec<&str> {
    map.iter().map(|(key, _)| key.get_ref().as_str()).collect()
}
