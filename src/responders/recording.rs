//! Recordings: a file that only grows, a line an answer, by the hash of what was asked.
//!
//! The first answer to a question counts, whatever is appended later. A torn last line, which a killed
//! process leaves, is no answer. Nothing of a request is in it, so no key or header can be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};

use super::lock;
use crate::error::usage;
use crate::files::{open_named, open_with};

/// The file of a recording's folder.
const FILE: &str = "answers.jsonl";
/// The most bytes of a recording.
const MOST: u64 = 1 << 33;

/// The hash of a question: BLAKE3 of all that the answer may depend on.
pub type Key = [u8; 32];

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The name of who answered.
    pub responder: String,
    /// What was answered.
    pub text: String,
    /// Why a model stopped: `length` if the answer is truncated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<String>,
    /// The model that says it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its fingerprint: another one may answer differently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Tokens of the prompts, of all attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u64>,
    /// Tokens of the completions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<u64>,
    /// How often it was asked until there was an answer: twice, if the first was none.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub attempts: u32,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
}

impl Answer {
    /// One of somebody, yet without words.
    pub(super) fn of(responder: &str) -> Self {
        Self {
            responder: responder.to_owned(),
            text: String::new(),
            finish: None,
            model: None,
            fingerprint: None,
            prompt_tokens: None,
            completion_tokens: None,
            attempts: 1,
            latency_ms: 0,
        }
    }
}

fn once() -> u32 {
    1
}

fn is_once(attempts: &u32) -> bool {
    *attempts == 1
}

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    #[serde(flatten)]
    answer: Answer,
}

/// The answers that are known, and where further ones go.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    answers: RwLock<BTreeMap<Key, Arc<Answer>>>,
    /// Open and locked, if answers may be added.
    file: Option<Mutex<File>>,
}

impl Recording {
    /// The recording of a folder, to be read alone; one that is not there has no answers.
    ///
    /// # Errors
    ///
    /// A file that can't be read, or has a line that is no answer.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let answers = match open_named(&path, MOST) {
            Ok(file) => load(&path, &file)?.0,
            Err(e) if e.kind() == ErrorKind::NotFound => BTreeMap::new(),
            Err(e) => return Err(e).with_context(|| format!("can't read {}", path.display())),
        };
        Ok(Self {
            path,
            answers: RwLock::new(answers),
            file: None,
        })
    }

    /// The recording of a folder, to be added to; nobody else adds to it meanwhile.
    ///
    /// # Errors
    ///
    /// The same, and a folder that can't be written to, or that another run records to.
    pub fn extend(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let what = || format!("can't record to {}", path.display());
        fs::create_dir_all(folder).with_context(what)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = open_with(&path, &mut options).with_context(what)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.display();
                return Err(anyhow!("another run records to {path}; wait for it"));
            }
            // A file system without locks: whoever records there does so alone.
            Err(TryLockError::Error(e)) if e.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(e)) => return Err(e).with_context(what),
        }
        let (answers, whole) = load(&path, &file)?;
        // What was torn would spoil the next line.
        file.set_len(whole).with_context(what)?;
        file.seek(SeekFrom::End(0)).with_context(what)?;
        Ok(Self {
            path,
            answers: RwLock::new(answers),
            file: Some(Mutex::new(file)),
        })
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The models and fingerprints that answered as one responder, where there are several.
    pub fn mixed(&self) -> Vec<(String, Vec<String>)> {
        let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let answers = self.answers.read().unwrap_or_else(PoisonError::into_inner);
        for answer in answers.values() {
            let known = [&answer.model, &answer.fingerprint].into_iter().flatten();
            let known: Vec<&str> = known.map(String::as_str).collect();
            if !known.is_empty() {
                let of = seen.entry(answer.responder.clone()).or_default();
                of.insert(known.join(" "));
            }
        }
        let several = seen.into_iter().filter(|(_, of)| of.len() > 1);
        several
            .map(|(name, of)| (name, of.into_iter().collect()))
            .collect()
    }

    /// The answer to a question.
    pub fn get(&self, key: &Key) -> Option<Arc<Answer>> {
        let answers = self.answers.read().unwrap_or_else(PoisonError::into_inner);
        answers.get(key).cloned()
    }

    /// Adds an answer, unless the question has one.
    pub(super) fn add(&self, key: Key, answer: Answer) -> Result<()> {
        let file = self.file.as_ref().context("this recording is only read")?;
        let mut file = lock(file);
        if self.get(&key).is_some() {
            return Ok(());
        }
        let line = Line {
            key: blake3::Hash::from_bytes(key).to_string(),
            answer,
        };
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        // In one piece, so that at most the last line is torn.
        let written = file.write_all(text.as_bytes());
        written.with_context(|| format!("can't record to {}", self.path.display()))?;
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        answers.insert(key, Arc::new(line.answer));
        Ok(())
    }

    /// Sees to it that what was added outlives the machine.
    pub(super) fn sync(&self) -> Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let file = lock(file);
        let synced = file.sync_data();
        synced.with_context(|| format!("can't record to {}", self.path.display()))
    }
}

/// The answers of a file, and how many of its bytes are whole lines.
fn load(path: &Path, file: &File) -> Result<(BTreeMap<Key, Arc<Answer>>, u64)> {
    let mut answers = BTreeMap::new();
    let (mut reader, mut line) = (BufReader::new(file), Vec::new());
    let mut whole = 0;
    for number in 1_u64.. {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        let read = read.with_context(|| format!("can't read {}", path.display()))?;
        if line.pop() != Some(b'\n') {
            break;
        }
        let (key, answer) = parse(&line).ok_or_else(|| {
            usage(format!(
                "line {number} of {} is not an answer; restore the file, or remove the line",
                path.display()
            ))
        })?;
        answers.entry(key).or_insert_with(|| Arc::new(answer));
        whole += read as u64;
    }
    Ok((answers, whole))
}

fn parse(line: &[u8]) -> Option<(Key, Answer)> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let key = blake3::Hash::from_hex(&line.key).ok()?;
    Some((*key.as_bytes(), line.answer))
}
