//! What the answers of a sweep take: which are missing, what those that are there took, and how many
//! replications tell a responder from another. Nothing is asked.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use super::questions::each;
use super::{Answering, Recording, Wanted, lock};
use crate::counts::{Answered, Answers};
use crate::design::{Design, Resolved};
use crate::simulation::{Choice, Model, Outcome, Responder, State, simulate_with};
use crate::world::Price;

/// Replications by which questions are counted where nothing is answered yet.
const GLANCED_AT: u64 = 20;

/// What the answers of a sweep take.
#[derive(Debug)]
pub struct Forecast {
    /// Whoever has to be asked, in the order of the design.
    pub responders: Vec<Asking>,
    /// The comparisons in which someone is asked and of which there are two answered replications.
    pub pairs: Vec<Pair>,
}

/// What one responder is asked at all its design points.
#[derive(Debug)]
pub struct Asking {
    /// Its name.
    pub name: String,
    /// Replications in which it is asked.
    pub replications: u64,
    /// Of these, all of whose questions are answered.
    pub answered: u64,
    /// The first replications, as many at each of its design points, up to one that lacks an answer.
    /// Further ones that lack none are quieter than most, and tell nothing of the others.
    pub sample: u64,
    /// What these took together.
    pub answers: Answers,
    /// What its tokens cost, if that is said.
    pub price: Option<Price>,
    /// Questions a replication where nobody acts, and where everyone acts by the runbook: what there is to
    /// know while nothing is answered.
    pub questions: Option<[f64; 2]>,
}

impl Asking {
    /// Replications that lack an answer.
    pub fn lacking(&self) -> u64 {
        self.replications - self.answered
    }

    /// The mean of a total over the sample.
    pub fn mean(&self, of: Answered) -> Option<f64> {
        (self.sample > 0).then(|| self.answers.total(of) as f64 / self.sample as f64)
    }

    /// About so many tokens of prompts and completions for all that lack an answer; `None` where nothing
    /// is known of any.
    pub fn tokens(&self) -> Option<[f64; 2]> {
        let tokens = [Answered::PromptTokens, Answered::CompletionTokens];
        let [prompt, completion] = tokens.map(|of| self.mean(of));
        let all = [prompt?, completion?].map(|mean| mean * self.lacking() as f64);
        (self.answers.total(Answered::PromptTokens) > 0).then_some(all)
    }

    /// About so many dollars for them.
    pub fn usd(&self) -> Option<f64> {
        let [prompt, completion] = self.tokens()?.map(|tokens| tokens as u64);
        Some(self.price?.of([prompt, completion]))
    }
}

/// A design point and the one that it is compared with, replication by replication.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The design point.
    pub point: usize,
    /// The one that it is compared with.
    pub other: usize,
    /// Replications that both have.
    pub replications: u64,
    /// The mean difference of the SLA's indicator, −1 to 1.
    pub mean: f64,
    /// Its standard deviation over replications.
    pub deviation: f64,
}

/// Tells what the answers of all replications of a design take, on so many threads.
///
/// # Errors
///
/// [`Interrupted`](crate::error::Interrupted) once `stop` is set.
pub fn forecast(
    design: &Design,
    recording: &Recording,
    threads: usize,
    stop: &AtomicBool,
) -> Result<Forecast> {
    let asked: Vec<usize> = (0..design.len())
        .filter(|point| design.variation(*point).asked)
        .collect();
    let replications = design.experiment().replications;
    let of = |points: &[usize], count: u64| {
        Wanted::of(design, points.iter().map(|point| (*point, 0, count)))
    };
    let answered = simulated(
        design,
        &of(&asked, replications),
        Some(recording),
        threads,
        stop,
    )?;
    let mut responders: Vec<Asking> = Vec::new();
    let mut points: BTreeMap<usize, usize> = BTreeMap::new();
    for point in &asked {
        let resolved = design.point_and_model(*point)?.0;
        points.insert(*point, number_of(&mut responders, &resolved));
    }
    let runs = |point: &usize| answered.get(point).map_or(&[][..], Vec::as_slice);
    let firsts: Vec<usize> = (0..responders.len())
        .map(|number| {
            let own = points.iter().filter(|(_, of)| **of == number);
            own.map(|(point, _)| unbroken(runs(point)))
                .min()
                .unwrap_or(0)
        })
        .collect();
    for (point, number) in &points {
        let asking = &mut responders[*number];
        asking.replications += replications;
        asking.answered += runs(point).len() as u64;
        for run in &runs(point)[..firsts[*number]] {
            asking.sample += 1;
            asking.answers.add(&run.answers);
        }
    }
    for asking in responders.iter_mut().filter(|asking| asking.sample == 0) {
        asking.questions = Some(questions(design, &asked, &asking.name)?);
    }
    let samples: BTreeMap<usize, &[Run]> = points
        .iter()
        .map(|(point, number)| (*point, &runs(point)[..firsts[*number]]))
        .collect();
    let pairs = pairs(design, &samples, threads, stop)?;
    Ok(Forecast { responders, pairs })
}

/// How many replications there are from the first on without a gap.
fn unbroken(runs: &[Run]) -> usize {
    let placed = runs.iter().zip(0..);
    placed
        .take_while(|(run, place)| run.replication == *place)
        .count()
}

/// A replication whose questions are all answered.
struct Run {
    replication: u64,
    outcome: Outcome,
    answers: Answers,
}

/// The number of the responder of a design point among those that are known.
fn number_of(responders: &mut Vec<Asking>, point: &Resolved) -> usize {
    let name = point.responder.name.to_string();
    let known = responders.iter().position(|asking| asking.name == name);
    known.unwrap_or_else(|| {
        responders.push(Asking {
            name,
            replications: 0,
            answered: 0,
            sample: 0,
            answers: Answers::default(),
            price: point.responder.llm().and_then(|llm| llm.price),
            questions: None,
        });
        responders.len() - 1
    })
}

/// The replications, by design point and in their order, that lack no answer.
fn simulated(
    design: &Design,
    wanted: &Wanted,
    recording: Option<&Recording>,
    threads: usize,
    stop: &AtomicBool,
) -> Result<BTreeMap<usize, Vec<Run>>> {
    let done = Mutex::new(BTreeMap::<usize, Vec<Run>>::new());
    each(
        wanted,
        threads,
        stop,
        |points, (replication, point), state| {
            let (resolved, model) = points.get(design, point)?;
            let mut answering = Answering::new(resolved, recording);
            let ended = simulate_with(model, replication, state, &mut (), &mut answering);
            if let ControlFlow::Continue(outcome) = ended {
                let answers = answering.answers().cloned().unwrap_or_default();
                let run = Run {
                    replication,
                    outcome,
                    answers,
                };
                lock(&done).entry(point).or_default().push(run);
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    for runs in done.values_mut() {
        runs.sort_unstable_by_key(|run| run.replication);
    }
    Ok(done)
}

/// The comparisons in which someone is asked, by the replications of the samples.
fn pairs(
    design: &Design,
    samples: &BTreeMap<usize, &[Run]>,
    threads: usize,
    stop: &AtomicBool,
) -> Result<Vec<Pair>> {
    let asked = |point: usize| design.variation(point).asked;
    let compared = design.compared();
    let compared: Vec<(usize, usize)> = compared
        .into_iter()
        .filter(|(point, other)| asked(*point) || asked(*other))
        .filter(|(point, other)| {
            let [point, other] = [*point, *other].map(|point| design.variation(point));
            point.sla_on_journey == other.sla_on_journey
        })
        .collect();
    let most = samples.values().map(|runs| runs.len()).max().unwrap_or(0) as u64;
    let mut others: Vec<usize> = compared.iter().flat_map(|(a, b)| [*a, *b]).collect();
    others.retain(|point| !asked(*point));
    others.sort_unstable();
    others.dedup();
    let wanted = Wanted::all(others.into_iter().map(|point| (point, 0, most)));
    let others = simulated(design, &wanted, None, threads, stop)?;
    let runs = |point| match others.get(&point) {
        Some(runs) => runs.as_slice(),
        None => samples.get(&point).copied().unwrap_or_default(),
    };
    let pair = |(point, other): (usize, usize)| {
        let differences = differences(design, [point, other], [runs(point), runs(other)]);
        let n = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
        (differences.len() > 1).then(|| Pair {
            point,
            other,
            replications: differences.len() as u64,
            mean,
            deviation: (squares / (n - 1.0)).sqrt(),
        })
    };
    Ok(compared.into_iter().filter_map(pair).collect())
}

/// The differences of the SLA's indicator in the replications that both have.
fn differences(design: &Design, points: [usize; 2], runs: [&[Run]; 2]) -> Vec<f64> {
    let share = |point: usize, run: &Run| {
        let variation = design.variation(point);
        let good = match variation.sla_on_journey {
            true => run.outcome.journey_up_rounds,
            false => run.outcome.up_checks,
        };
        f64::from(good) / variation.sla_checks() as f64
    };
    let [one, other] = runs;
    let both = one.iter().filter_map(|run| {
        let at = other.binary_search_by_key(&run.replication, |run| run.replication);
        Some(share(points[0], run) - share(points[1], &other[at.ok()?]))
    });
    both.collect()
}

/// Counts its questions.
struct Counting {
    choice: Choice,
    questions: u64,
}

impl Responder for Counting {
    fn decide(&mut self, _: &Model, _: &State) -> ControlFlow<()> {
        self.questions += 1;
        ControlFlow::Continue(())
    }

    fn choice(&self, _: usize) -> Choice {
        self.choice
    }
}

/// Questions a replication at the design points of a responder: where nobody acts, and by the runbook.
fn questions(design: &Design, asked: &[usize], name: &str) -> Result<[f64; 2]> {
    let mut state = State::new();
    let mut counting = [Choice::Nothing, Choice::Runbook].map(|choice| Counting {
        choice,
        questions: 0,
    });
    let mut replications = 0;
    for point in asked {
        let (resolved, model) = design.point_and_model(*point)?;
        if resolved.responder.name != name {
            continue;
        }
        let count = design.experiment().replications.min(GLANCED_AT);
        replications += count;
        for replication in 0..count {
            for counting in &mut counting {
                let _ = simulate_with(&model, replication, &mut state, &mut (), counting);
            }
        }
    }
    Ok(counting.map(|counting| counting.questions as f64 / replications.max(1) as f64))
}
