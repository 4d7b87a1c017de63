//! The design: every combination of factor levels, checked, each with its key.

mod exposure;
mod key;
mod refuse;
mod resolve;
mod variation;

use std::collections::BTreeMap;
use std::path::Path;

use crate::diagnostics::{MOST_SHOWN, Sources};
use crate::document::Result;
use crate::experiment::{Experiment, Level, Overrides, Wrong};
use crate::simulation::Count;
use crate::world::{Price, World};

pub use exposure::{Exposed, Exposure};
pub use key::PointKey;
pub use resolve::Resolved;
pub use variation::Variation;

use exposure::exposure_of;
use key::canonical;

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
        let exposure = self.note_exposure(&world);
        let variation = Variation::of(&world, exposure);
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
    fn note_exposure(&mut self, world: &World) -> u32 {
        let exposure = exposure_of(world);
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
}
