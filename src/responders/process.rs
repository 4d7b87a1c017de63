//! A program of the user's that responds: lines of JSON on its stdin and stdout.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use serde::Deserialize;

use super::{BLINK, lock, shortened};
use crate::error::{heard, usage};
use crate::world::Responder;

/// The protocol that it speaks.
const PROTOCOL: u32 = 1;
/// The most bytes of a line that it may say.
const MOST: u64 = 1 << 20;
/// How much of what it writes to stderr is told, if it fails.
const LAST_WORDS: usize = 2_000;
/// How much of a line is told in an error.
const SHOWN: usize = 200;
/// How long it may take to end once its stdin is closed.
const GRACE: Duration = Duration::from_secs(2);

/// A program that runs.
pub(super) struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Heard>,
    stderr: Arc<Mutex<Vec<u8>>>,
    timeout: Duration,
    /// What it was told of the replication that it is in.
    told: Vec<String>,
}

enum Heard {
    Line(String),
    TooLong,
    Ended,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Greeting {
    Hello { version: String },
}

impl Process {
    /// Starts it, and sees whether it is the version that the world names.
    pub fn start(responder: &Responder, timeout: Duration, stop: &AtomicBool) -> Result<Self> {
        let name = responder.name.clone();
        let command = responder.command.as_ref().map(|command| command.get_ref());
        let [program, args @ ..] = command.map_or(&[][..], Vec::as_slice) else {
            return Err(usage(format!("the responder `{name}` has no command")));
        };
        let spawned = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.map_err(|e| {
            usage(format!(
                "the responder `{name}`: can't start `{program}`: {e}"
            ))
        })?;
        let stdin = child.stdin.take();
        let (sender, lines) = sync_channel(1);
        if let Some(stdout) = child.stdout.take() {
            // It ends with the pipe, which ends with the program and whoever it left the pipe to.
            thread::spawn(move || {
                let mut reader = BufReader::new(stdout);
                loop {
                    let heard = next_line(&mut reader);
                    let ended = !matches!(heard, Heard::Line(_));
                    if sender.send(heard).is_err() || ended {
                        return;
                    }
                }
            });
        }
        let stderr = Arc::new(Mutex::new(Vec::new()));
        if let Some(pipe) = child.stderr.take() {
            let kept = Arc::clone(&stderr);
            thread::spawn(move || keep_last(pipe, &kept));
        }
        let mut process = Self {
            name,
            child,
            stdin,
            lines,
            stderr,
            timeout,
            told: Vec::new(),
        };
        process.greet(responder, stop)?;
        Ok(process)
    }

    fn greet(&mut self, responder: &Responder, stop: &AtomicBool) -> Result<()> {
        self.say(&format!("{{\"type\":\"hello\",\"protocol\":{PROTOCOL}}}"))?;
        let answer = self.hear("hello", stop)?;
        let wanted = responder
            .version
            .as_ref()
            .map_or("", |v| v.get_ref().as_str());
        match serde_json::from_str(&answer) {
            Ok(Greeting::Hello { version }) if version == wanted => Ok(()),
            Ok(Greeting::Hello { version }) => Err(usage(format!(
                "the responder `{}` is version {version}, and the world names version {wanted}: its \
                 answers would be recorded as those of another",
                self.name
            ))),
            Err(e) => Err(self.trouble(&format!(
                "answered hello with `{}`: {e}. Expected one line, as \
                 {{\"type\": \"hello\", \"version\": \"{wanted}\"}}; logs belong on stderr",
                shortened(&answer, SHOWN)
            ))),
        }
    }

    /// Its answer to the last of these lines, after it was told those before.
    pub fn ask(&mut self, lines: &[String], stop: &AtomicBool) -> Result<String> {
        let known = lines.starts_with(&self.told) && self.told.len() < lines.len();
        if !known || self.told.is_empty() {
            self.end()?;
        }
        let mut answer = String::new();
        for line in &lines[self.told.len()..] {
            self.say(line)?;
            let resets = self.told.is_empty();
            self.told.push(line.clone());
            if !resets {
                answer = self.hear("observe", stop)?;
            }
        }
        Ok(answer)
    }

    /// Tells it that the replication that it is in is over.
    pub fn end(&mut self) -> Result<()> {
        if self.told.is_empty() {
            return Ok(());
        }
        self.told.clear();
        self.say("{\"type\":\"end\"}")
    }

    /// The error of an answer that is none.
    pub fn refuse(&self, answer: &str, why: &str) -> anyhow::Error {
        self.trouble(&format!("answered `{}`: {why}", shortened(answer, SHOWN)))
    }

    fn say(&mut self, line: &str) -> Result<()> {
        let said = match &mut self.stdin {
            Some(stdin) => stdin
                .write_all(format!("{line}\n").as_bytes())
                .and_then(|()| stdin.flush()),
            None => Ok(()),
        };
        // Why it closed its stdin is what its end, or its last words, tell.
        said.map_err(|_| self.gone())
    }

    fn hear(&mut self, what: &str, stop: &AtomicBool) -> Result<String> {
        let begun = Instant::now();
        loop {
            heard(stop)?;
            match self.lines.recv_timeout(BLINK) {
                Ok(Heard::Line(line)) => return Ok(line),
                Ok(Heard::TooLong) => {
                    return Err(self.trouble(&format!("said a line of more than {MOST} bytes")));
                }
                Ok(Heard::Ended) | Err(RecvTimeoutError::Disconnected) => return Err(self.gone()),
                Err(RecvTimeoutError::Timeout) if begun.elapsed() < self.timeout => {}
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = self.timeout.as_secs_f64();
                    return Err(self.trouble(&format!(
                        "said nothing for {seconds} s after `{what}` ([recording] timeout_s)"
                    )));
                }
            }
        }
    }

    /// The error of a program that is no longer there.
    fn gone(&mut self) -> anyhow::Error {
        let until = Instant::now() + GRACE;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return self.trouble(&format!("ended ({status})")),
                Ok(None) if Instant::now() < until => thread::sleep(BLINK),
                _ => return self.trouble("closed its stdin or stdout"),
            }
        }
    }

    fn trouble(&self, what: &str) -> anyhow::Error {
        let stderr = lock(&self.stderr);
        let words = String::from_utf8_lossy(&stderr);
        let words = match words.trim() {
            "" => String::new(),
            words => format!("; its last words on stderr:\n{words}"),
        };
        anyhow!("the responder `{}` {what}{words}", self.name)
    }
}

/// No zombie, whatever happened.
impl Drop for Process {
    fn drop(&mut self) {
        self.stdin = None;
        let until = Instant::now() + GRACE;
        while Instant::now() < until {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                _ => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn next_line(reader: &mut impl BufRead) -> Heard {
    let mut line = Vec::new();
    match reader.take(MOST).read_until(b'\n', &mut line) {
        Ok(_) if line.last() == Some(&b'\n') => {
            line.pop();
            Heard::Line(String::from_utf8_lossy(&line).into_owned())
        }
        Ok(read) if read as u64 == MOST => Heard::TooLong,
        _ => Heard::Ended,
    }
}

fn keep_last(mut pipe: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = pipe.read(&mut piece) {
        let mut kept = lock(kept);
        kept.extend_from_slice(&piece[..read]);
        let surplus = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..surplus);
    }
}
