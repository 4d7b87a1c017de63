//! Asking for the answers that are missing.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

#[cfg(feature = "llm")]
use super::http::Endpoint;
use super::process::Process;
use super::questions::{Wanted, each};
use super::recorded::{Asked, Question, Recorded};
use super::recording::{Answer, Key, Recording};
use super::{BLINK, lock, wait_until};
use crate::design::{Design, Resolved};
use crate::error::heard;
use crate::experiment::RecordingSettings;
use crate::simulation::simulate_with;

/// Why recording came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Every question has its answer.
    Done,
    /// The budget is spent.
    Budget,
}

/// Asks for all answers that replications lack, a replication at all design points before the next.
/// `done` is called after each replication that lacks none.
///
/// # Errors
///
/// A program or a model that fails, a recording that can't be written, or
/// [`Interrupted`](crate::error::Interrupted) once `stop` is set. What was answered until then is kept.
pub fn record(
    design: &Design,
    wanted: &Wanted,
    recording: &Recording,
    settings: &RecordingSettings,
    stop: &AtomicBool,
    done: impl Fn() + Sync,
) -> Result<Stopped> {
    let desk = Desk {
        settings,
        state: Mutex::default(),
        changed: Condvar::new(),
        next: Mutex::new(Instant::now()),
    };
    let threads = settings.concurrency as usize;
    let idle: Mutex<Vec<Callers>> = Mutex::new(Vec::new());
    let all = each(
        wanted,
        threads,
        stop,
        |points, (replication, point), state| {
            let (resolved, model) = points.get(design, point)?;
            let mut callers = lock(&idle).pop().unwrap_or_default();
            let mut recorded = Recorded::new(resolved, recording);
            loop {
                let flow = simulate_with(model, replication, state, &mut (), &mut recorded);
                let (ControlFlow::Break(()), Some(question)) = (flow, recorded.missing()) else {
                    break;
                };
                if !desk.take(&question, recording, stop)? {
                    // Somebody else asked the same meanwhile.
                    continue;
                }
                let answer = callers.ask(resolved, &question, &desk, stop);
                let added = answer.and_then(|answer| {
                    let spent = answer.is_none();
                    answer.map_or(Ok(()), |answer| recording.add(question.key, answer))?;
                    Ok(spent)
                });
                desk.give_back(&question.key);
                if added? {
                    return Ok(ControlFlow::Break(()));
                }
            }
            callers.end()?;
            lock(&idle).push(callers);
            done();
            Ok(ControlFlow::Continue(()))
        },
    );
    recording.sync()?;
    Ok(match all? {
        true => Stopped::Done,
        false => Stopped::Budget,
    })
}

/// What one thread asks by, by the name of the responder.
#[derive(Default)]
struct Callers {
    processes: BTreeMap<String, Process>,
    #[cfg(feature = "llm")]
    endpoints: BTreeMap<String, Endpoint>,
}

impl Callers {
    /// The answer to a question; `None` if the budget is spent.
    fn ask(
        &mut self,
        point: &Resolved,
        question: &Question,
        desk: &Desk,
        stop: &AtomicBool,
    ) -> Result<Option<Answer>> {
        match &question.asked {
            Asked::Lines(lines) => self.ask_process(point, question, lines, desk, stop),
            Asked::Body(body) => self.ask_model(point, question, body, desk, stop),
        }
    }

    fn ask_process(
        &mut self,
        point: &Resolved,
        question: &Question,
        lines: &[String],
        desk: &Desk,
        stop: &AtomicBool,
    ) -> Result<Option<Answer>> {
        let responder = &point.responder;
        let process = match self.processes.entry(responder.name.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let timeout = Duration::from_secs_f64(desk.settings.timeout_s);
                free.insert(Process::start(responder, timeout, stop)?)
            }
        };
        if !desk.admit(0.0, stop)? {
            return Ok(None);
        }
        let begun = Instant::now();
        let answer = Answer {
            text: process.ask(lines, stop)?,
            latency_ms: begun.elapsed().as_millis() as u64,
            ..Answer::of(&responder.name)
        };
        match question.choices(&point.world, &answer) {
            Ok(_) => Ok(Some(answer)),
            Err(why) => Err(process.refuse(&answer.text, &why)),
        }
    }

    #[cfg(not(feature = "llm"))]
    fn ask_model(
        &mut self,
        point: &Resolved,
        _: &Question,
        _: &str,
        _: &Desk,
        _: &AtomicBool,
    ) -> Result<Option<Answer>> {
        Err(crate::error::usage(format!(
            "the responder `{}` is a model, and this sysworld was built without the feature `llm`; it replays \
             recordings, and asks no model",
            point.responder.name
        )))
    }

    /// Asked once more if the first answer is none; the second counts, whatever it is.
    #[cfg(feature = "llm")]
    fn ask_model(
        &mut self,
        point: &Resolved,
        question: &Question,
        body: &str,
        desk: &Desk,
        stop: &AtomicBool,
    ) -> Result<Option<Answer>> {
        let (name, settings) = (&point.responder.name, desk.settings);
        let Some(llm) = point.responder.llm() else {
            return Ok(None);
        };
        let endpoint = match self.endpoints.entry(name.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let seconds = Duration::from_secs_f64;
                let (timeout, give_up) = (seconds(settings.timeout_s), seconds(settings.give_up_s));
                free.insert(Endpoint::new(name, &llm, timeout, give_up)?)
            }
        };
        if settings.budget.usd.is_some() && llm.price.is_none() {
            return Err(crate::error::usage(format!(
                "[recording] budget.usd needs the `price` of the responder `{name}`"
            )));
        }
        // A token has a byte at least, and the template around the messages is less than the JSON around them.
        let most = [body.len() as u64, u64::from(llm.max_tokens)];
        let most = llm.price.map_or(0.0, |price| price.of(most));
        let mut answer = Answer::of(name);
        answer.attempts = 0;
        while answer.attempts < 2 {
            let admit = || desk.admit(most, stop);
            let completed = endpoint.complete(body, stop, admit, |completion, costs| {
                let tokens = completion.and_then(|completion| completion.tokens);
                let known = llm
                    .price
                    .zip(tokens)
                    .map(|(price, tokens)| price.of(tokens));
                desk.settle(most, if costs { known.unwrap_or(most) } else { 0.0 });
            })?;
            let Some((completion, took)) = completed else {
                return Ok(None);
            };
            answer.attempts += 1;
            answer.latency_ms += took.as_millis() as u64;
            if let Some([prompt, completed]) = completion.tokens {
                *answer.prompt_tokens.get_or_insert(0) += prompt;
                *answer.completion_tokens.get_or_insert(0) += completed;
            }
            answer.text = completion.text;
            answer.finish = completion.finish;
            answer.model = completion.model;
            answer.fingerprint = completion.fingerprint;
            if question.choices(&point.world, &answer).is_ok() {
                break;
            }
        }
        Ok(Some(answer))
    }

    fn end(&mut self) -> Result<()> {
        self.processes.values_mut().try_for_each(Process::end)
    }
}

/// Keeps two threads from asking the same, and all of them within the budget and the pace.
struct Desk<'a> {
    settings: &'a RecordingSettings,
    state: Mutex<DeskState>,
    changed: Condvar,
    /// When the next request may begin.
    next: Mutex<Instant>,
}

#[derive(Default)]
struct DeskState {
    asked: BTreeSet<Key>,
    requests: u64,
    /// Dollars that were spent, and what requests in flight may cost at most.
    usd: f64,
    in_flight: f64,
    spent: bool,
}

impl Desk<'_> {
    /// Whether a question is to be asked; not if it has been asked meanwhile.
    fn take(&self, question: &Question, recording: &Recording, stop: &AtomicBool) -> Result<bool> {
        let mut state = lock(&self.state);
        while state.asked.contains(&question.key) {
            heard(stop)?;
            let wait = self.changed.wait_timeout(state, BLINK);
            state = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
        if recording.get(&question.key).is_some() {
            return Ok(false);
        }
        Ok(state.asked.insert(question.key))
    }

    fn give_back(&self, key: &Key) {
        lock(&self.state).asked.remove(key);
        self.changed.notify_all();
    }

    /// Whether the budget has room for a request that costs at most so much; waits for its turn.
    fn admit(&self, most: f64, stop: &AtomicBool) -> Result<bool> {
        let budget = &self.settings.budget;
        let mut state = lock(&self.state);
        loop {
            let full = budget
                .requests
                .is_some_and(|requests| state.requests >= requests);
            let left = budget
                .usd
                .map_or(f64::INFINITY, |usd| usd - state.usd - most);
            state.spent |= full || left < 0.0;
            if state.spent {
                return Ok(false);
            }
            if left >= state.in_flight {
                break;
            }
            // What is in flight may turn out to cost less.
            heard(stop)?;
            let wait = self.changed.wait_timeout(state, BLINK);
            state = wait.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.requests += 1;
        state.in_flight += most;
        drop(state);
        let Some(per_minute) = self.settings.requests_per_minute else {
            return Ok(true);
        };
        let turn = {
            let mut next = lock(&self.next);
            let turn = (*next).max(Instant::now());
            *next = turn + Duration::from_secs(60) / per_minute;
            turn
        };
        wait_until(turn, stop)?;
        Ok(true)
    }

    /// A request that was to cost at most so much cost that.
    #[cfg(feature = "llm")]
    fn settle(&self, most: f64, cost: f64) {
        let mut state = lock(&self.state);
        state.in_flight -= most;
        state.usd += cost;
        drop(state);
        self.changed.notify_all();
    }
}
