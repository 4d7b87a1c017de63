//! From the levels of a point to its world, chaos, skill and responder.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde_spanned::Spanned;

use super::Design;
use super::key::Conditions;
use crate::diagnostics::{Problem, Problems, Sources, Span};
use crate::document::{Node, Result, Value};
use crate::experiment::{FactorKind, Level, RandomNumbers, set_path};
use crate::simulation::{Model, Setting, compile};
use crate::world::{NameAt, NonNegative, Responder, Skill, World, WorldFile};

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

impl Design {
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
    pub(super) fn world_file(&self, levels: &[usize]) -> &WorldFile {
        let mut factors = self.experiment.factors.iter().zip(levels);
        let which = factors.find(|(factor, _)| factor.kind == FactorKind::World);
        &self.experiment.worlds[which.map_or(0, |(_, level)| *level)]
    }

    /// The world at some levels, decoded and checked.
    pub(super) fn world(&self, levels: &[usize]) -> Result<World> {
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
    pub(super) fn conditions<'a>(
        &self,
        world: &'a World,
        levels: &[usize],
    ) -> Result<Conditions<'a>> {
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
    pub(super) fn check_people(&self, world: &World, points: &[usize]) -> Result<()> {
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
