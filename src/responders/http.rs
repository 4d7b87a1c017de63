//! Calls of a chat completion: what is tried again, what ends at once, and nothing that tells the key.

use std::env;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use serde::Deserialize;
use ureq::{Agent, Proxy};

use super::{BLINK, shortened, wait_until};
use crate::error::{heard, usage};
use crate::world::Llm;

/// The most bytes of a reply.
const MOST: u64 = 1 << 20;
/// The first pause before another try, and the longest one that nobody asked for.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];
/// How much of a reply is told in an error.
const SHOWN: usize = 300;

/// What is called.
pub(super) struct Endpoint {
    agent: Agent,
    url: String,
    name: String,
    key: Option<String>,
    timeout: Duration,
    give_up: Duration,
}

/// What came of one call.
enum Called {
    Completed(Completion),
    /// Not this time: why, after which time it may be tried again, and whether it may cost something.
    Later(String, Option<Duration>, bool),
    Never(String),
}

impl Endpoint {
    /// That of a model, with the key that its variable holds.
    pub fn new(name: &str, llm: &Llm, timeout: Duration, give_up: Duration) -> Result<Self> {
        let key = llm.api_key_env.map(|variable| {
            env::var(variable).map_err(|_| {
                usage(format!(
                    "the responder `{name}`: the environment has no variable {variable} (`api_key_env`)"
                ))
            })
        });
        let proxy = match is_loopback(llm.base_url) {
            true => None,
            false => Proxy::try_from_env(),
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .user_agent(concat!("sysworld/", env!("CARGO_PKG_VERSION")));
        Ok(Self {
            agent: config.build().new_agent(),
            url: format!("{}/chat/completions", llm.base_url.trim_end_matches('/')),
            name: name.to_owned(),
            // As it is sent: without the end of the line of the file that it is from.
            key: key
                .transpose()?
                .map(|key| key.trim().to_owned())
                .filter(|key| !key.is_empty()),
            timeout,
            give_up,
        })
    }

    /// A completion for a body, and how long its calls and the pauses between them took. `admit` is asked
    /// before each call, waits for its turn, and says whether it may be made; `settle` is told of each that
    /// was made whether it may have cost something, and what it is known to have. `None` if one may not be
    /// made.
    pub fn complete(
        &self,
        body: &str,
        stop: &AtomicBool,
        mut admit: impl FnMut() -> Result<bool>,
        mut settle: impl FnMut(Option<&Completion>, bool),
    ) -> Result<Option<(Completion, Duration)>> {
        let (mut took, mut pause) = (Duration::ZERO, PAUSES[0]);
        loop {
            heard(stop)?;
            if !admit()? {
                return Ok(None);
            }
            let begun = Instant::now();
            let (why, asked, costs) = match self.call(body, self.give_up.saturating_sub(took)) {
                Called::Completed(completion) => {
                    settle(Some(&completion), true);
                    return Ok(Some((completion, took + begun.elapsed())));
                }
                Called::Later(why, asked, costs) => (why, asked, costs),
                Called::Never(why) => {
                    settle(None, false);
                    return Err(self.trouble(&why));
                }
            };
            settle(None, costs);
            // Whoever asks for no pause is not besieged either.
            let wait = asked.filter(|asked| !asked.is_zero()).unwrap_or(pause);
            if (took + begun.elapsed()).saturating_add(wait) >= self.give_up {
                let seconds = self.give_up.as_secs_f64();
                return Err(self.trouble(&format!(
                    "{why}; given up, for the next call would be after {seconds} s ([recording] give_up_s)"
                )));
            }
            wait_until(Instant::now() + wait, stop)?;
            took += begun.elapsed();
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    /// A call that takes no longer than it may, nor than what is left.
    fn call(&self, body: &str, left: Duration) -> Called {
        let request = self
            .agent
            .post(&self.url)
            .header("Content-Type", "application/json")
            .config()
            .timeout_global(Some(self.timeout.min(left).max(BLINK)))
            .build();
        let request = match &self.key {
            Some(key) => request.header("Authorization", format!("Bearer {key}")),
            None => request,
        };
        let mut response = match request.send(body) {
            Ok(response) => response,
            Err(error @ (ureq::Error::BadUri(_) | ureq::Error::Http(_))) => {
                return Called::Never(format!("can't be called: {error}"));
            }
            // It may have been answered, and only its answer was lost.
            Err(error) => return Called::Later(format!("did not answer: {error}"), None, true),
        };
        let status = response.status().as_u16();
        let after = response.headers().get("retry-after");
        let after = after.and_then(|after| after.to_str().ok()?.trim().parse().ok());
        let after = after.map(Duration::from_secs);
        let read = response.body_mut().with_config().limit(MOST).read_to_vec();
        let text = match read {
            Ok(text) => text,
            Err(error) => {
                return Called::Later(format!("did not end its answer: {error}"), after, true);
            }
        };
        let text = self.without_key(&String::from_utf8_lossy(&text));
        let said = || format!("answered with status {status}: {}", shortened(&text, SHOWN));
        match status {
            200 => match Completion::parse(&text) {
                Some(completion) => Called::Completed(self.told(completion)),
                None => Called::Later(
                    format!(
                        "answered with what is no chat completion: {}",
                        shortened(&text, SHOWN)
                    ),
                    after,
                    true,
                ),
            },
            408 | 409 | 425 | 429 | 500..=599 => Called::Later(said(), after, false),
            _ => Called::Never(said()),
        }
    }

    /// A server may echo what it was sent, as it is or as a text in JSON, where a slash may be escaped.
    fn without_key(&self, text: &str) -> String {
        let Some(key) = &self.key else {
            return text.to_owned();
        };
        let quoted = serde_json::to_string(key).unwrap_or_default();
        let quoted = quoted.trim_matches('"');
        let forms = [key, quoted, &quoted.replace('/', "\\/")];
        let hide = |text: String, form: &str| text.replace(form, "[the key]");
        forms.into_iter().fold(text.to_owned(), hide)
    }

    /// A completion without the key, which in JSON may look different.
    fn told(&self, completion: Completion) -> Completion {
        let clean = |text: Option<String>| text.map(|text| self.without_key(&text));
        Completion {
            text: self.without_key(&completion.text),
            finish: clean(completion.finish),
            model: clean(completion.model),
            fingerprint: clean(completion.fingerprint),
            tokens: completion.tokens,
        }
    }

    fn trouble(&self, what: &str) -> anyhow::Error {
        let text = format!("the responder `{}` at {} {what}", self.name, self.url);
        anyhow!("{}", self.without_key(&text))
    }
}

/// A completion, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Completion {
    /// What the model said; of a refusal that.
    pub text: String,
    pub finish: Option<String>,
    pub model: Option<String>,
    pub fingerprint: Option<String>,
    /// Tokens of the prompt and of the completion.
    pub tokens: Option<[u64; 2]>,
}

#[derive(Deserialize)]
struct Reply {
    choices: Vec<Alternative>,
    model: Option<String>,
    system_fingerprint: Option<String>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Alternative {
    message: Said,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
    refusal: Option<String>,
}

/// What is missing, or more than anything can have, is not known.
#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

impl Usage {
    fn tokens(&self) -> Option<[u64; 2]> {
        let tokens = [self.prompt_tokens?, self.completion_tokens?];
        let possible = tokens.iter().all(|tokens| *tokens <= u32::MAX.into());
        possible.then_some(tokens)
    }
}

impl Completion {
    /// That of a body; `None` if it is no chat completion.
    pub fn parse(body: &str) -> Option<Self> {
        let reply: Reply = serde_json::from_str(body).ok()?;
        let first = reply.choices.into_iter().next()?;
        let refused = first.message.refusal.is_some();
        Some(Self {
            text: first
                .message
                .content
                .or(first.message.refusal)
                .unwrap_or_default(),
            finish: match refused {
                true => Some("refusal".to_owned()),
                false => first.finish_reason,
            },
            model: reply.model,
            fingerprint: reply.system_fingerprint,
            tokens: reply.usage.and_then(|usage| usage.tokens()),
        })
    }
}

/// Whether a URL leads to this machine.
fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    /// This machine has several names; others only look like one.
    #[test]
    fn this_machine_is_known() {
        for url in [
            "http://localhost:8080/v1",
            "http://127.0.0.1/v1",
            "https://[::1]:1/v1",
            "http://127.9.9.9",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://localhost.example.com",
            "https://10.0.0.1/127.0.0.1",
            "http://model.test",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
