//! Who responds to alerts, where that is not the skill by its rules.

use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::{NameAt, NonNegative, Tokens, World};
use crate::diagnostics::{Problem, Span};

/// Who responds to alerts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Responder {
    /// Its name.
    #[serde(skip)]
    pub name: String,
    /// What chooses the actions.
    pub kind: Spanned<ResponderKind>,
    /// Of a process: the program and its arguments.
    #[serde(default)]
    pub command: Option<Spanned<Vec<String>>>,
    /// Of a process: which version of the program it is.
    #[serde(default)]
    pub version: Option<Spanned<String>>,
    /// Of a model: its name at the endpoint.
    #[serde(default)]
    pub model: Option<Spanned<String>>,
    /// Where it is called.
    #[serde(default)]
    pub base_url: Option<Spanned<String>>,
    /// The variable of the environment that has the key.
    #[serde(default)]
    pub api_key_env: Option<Spanned<String>>,
    /// How freely it answers.
    #[serde(default)]
    pub temperature: Option<Spanned<NonNegative>>,
    /// The most tokens of an answer.
    #[serde(default)]
    pub max_tokens: Option<Spanned<Tokens>>,
    /// What it is told beside the alerts; all of it, where this is missing.
    #[serde(default)]
    pub context: Option<Spanned<Vec<Context>>>,
    /// What tokens cost.
    #[serde(default)]
    pub price: Option<Spanned<Price>>,
}

/// What a model is told beside the alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Context {
    /// Usage, health and so on of all servers.
    Servers,
    /// Which actions cool down.
    Cooldowns,
    /// What came of its last choices.
    History,
    /// The runbook's action for each alert.
    Runbook,
    /// What runs where, and which services need which.
    Topology,
}

impl Context {
    const ALL: [Self; 5] = [
        Self::Servers,
        Self::Cooldowns,
        Self::History,
        Self::Runbook,
        Self::Topology,
    ];
}

/// What a million tokens cost, in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of prompts.
    pub input: NonNegative,
    /// Of completions.
    pub output: NonNegative,
}

impl Price {
    /// Dollars for so many tokens of prompts and completions.
    pub fn of(&self, [prompt, completion]: [u64; 2]) -> f64 {
        (self.input.get() * prompt as f64 + self.output.get() * completion as f64) / 1e6
    }
}

/// A model as a responder.
#[derive(Debug, Clone, Copy)]
pub struct Llm<'a> {
    /// Its name at the endpoint.
    pub model: &'a str,
    /// Where it is called.
    pub base_url: &'a str,
    /// The variable of the environment that has the key, if it needs one.
    pub api_key_env: Option<&'a str>,
    /// How freely it answers; 0: as surely as it can.
    pub temperature: f64,
    /// The most tokens of an answer.
    pub max_tokens: u32,
    /// What it is told beside the alerts.
    pub context: &'a [Context],
    /// What tokens cost, if that is known.
    pub price: Option<Price>,
}

impl Llm<'_> {
    /// Whether it is told something.
    pub fn sees(&self, context: Context) -> bool {
        self.context.contains(&context)
    }
}

/// The most tokens of an answer, where nothing else is said.
const MAX_TOKENS: u32 = 512;

/// Who a responder is, in the key of a design point: all that its answers may depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Identity {
    /// The runbook.
    Runbook,
    /// Chance.
    Random,
    /// Nobody.
    None,
    /// A program of the user's.
    Process {
        /// Its name in the world.
        name: String,
        /// Its version.
        version: String,
    },
    /// A model.
    Llm {
        /// Its name at the endpoint.
        model: String,
        /// How freely it answers, as text.
        temperature: String,
        /// The most tokens of an answer.
        max_tokens: u32,
        /// What it is told beside the alerts.
        context: Vec<Context>,
    },
}

/// What chooses the actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponderKind {
    /// The skill: the runbook's action, or by its accuracy a wrong one.
    Rules,
    /// The runbook's action, always.
    Runbook,
    /// An action at random.
    Random,
    /// Nothing is done.
    None,
    /// A program of the user's.
    Process,
    /// A language model behind an endpoint for chat completions.
    Llm,
}

impl ResponderKind {
    /// The kinds without keys. Each is also a name that every world knows.
    pub const PLAIN: [Self; 4] = [Self::Rules, Self::Runbook, Self::Random, Self::None];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Runbook => "runbook",
            Self::Random => "random",
            Self::None => "none",
            Self::Process => "process",
            Self::Llm => "llm",
        }
    }

    /// The kind without keys of a name.
    pub fn plain(name: &str) -> Option<Self> {
        Self::PLAIN.into_iter().find(|kind| kind.name() == name)
    }
}

impl Responder {
    fn plain(kind: ResponderKind) -> Self {
        Self {
            name: kind.name().to_owned(),
            kind: Spanned::new(0..0, kind),
            command: None,
            version: None,
            model: None,
            base_url: None,
            api_key_env: None,
            temperature: None,
            max_tokens: None,
            context: None,
            price: None,
        }
    }

    /// Whether alerts are diagnosed by the accuracy of the skill.
    pub fn diagnoses(&self) -> bool {
        *self.kind.get_ref() == ResponderKind::Rules
    }

    /// What makes a design point another one; nothing for the rules, which every point has that names
    /// no responder.
    pub fn identity(&self) -> Option<Identity> {
        Some(match self.kind.get_ref() {
            ResponderKind::Rules => return None,
            ResponderKind::Runbook => Identity::Runbook,
            ResponderKind::Random => Identity::Random,
            ResponderKind::None => Identity::None,
            ResponderKind::Process => Identity::Process {
                name: self.name.clone(),
                version: self
                    .version
                    .as_ref()
                    .map_or(String::new(), |v| v.get_ref().clone()),
            },
            ResponderKind::Llm => {
                let llm = self.llm()?;
                Identity::Llm {
                    model: llm.model.to_owned(),
                    temperature: llm.temperature.to_string(),
                    max_tokens: llm.max_tokens,
                    context: Context::ALL.into_iter().filter(|c| llm.sees(*c)).collect(),
                }
            }
        })
    }

    /// Whether it has to be asked, so that its answers are recorded.
    pub fn is_asked(&self) -> bool {
        matches!(
            self.kind.get_ref(),
            ResponderKind::Process | ResponderKind::Llm
        )
    }

    /// The model, if it is one.
    pub fn llm(&self) -> Option<Llm<'_>> {
        if *self.kind.get_ref() != ResponderKind::Llm {
            return None;
        }
        fn text(value: &Option<Spanned<String>>) -> Option<&str> {
            value.as_ref().map(|value| value.get_ref().as_str())
        }
        let max_tokens = self.max_tokens.as_ref();
        Some(Llm {
            model: text(&self.model).unwrap_or_default(),
            base_url: text(&self.base_url).unwrap_or_default(),
            api_key_env: text(&self.api_key_env),
            temperature: self.temperature.as_ref().map_or(0.0, |t| t.get_ref().get()),
            max_tokens: max_tokens.map_or(MAX_TOKENS, |most| most.get_ref().get()),
            context: self
                .context
                .as_ref()
                .map_or(&Context::ALL[..], |c| c.get_ref()),
            price: self.price.as_ref().map(|price| *price.get_ref()),
        })
    }

    /// Keys that belong to one kind, with where they stand, and whether that kind needs them.
    fn keys(&self) -> [(&'static str, Option<Span>, ResponderKind, bool); 9] {
        fn at<T>(value: &Option<Spanned<T>>) -> Option<Span> {
            value.as_ref().map(Spanned::span)
        }
        let (process, llm) = (ResponderKind::Process, ResponderKind::Llm);
        [
            ("command", at(&self.command), process, true),
            ("version", at(&self.version), process, true),
            ("model", at(&self.model), llm, true),
            ("base_url", at(&self.base_url), llm, true),
            ("api_key_env", at(&self.api_key_env), llm, false),
            ("temperature", at(&self.temperature), llm, false),
            ("max_tokens", at(&self.max_tokens), llm, false),
            ("context", at(&self.context), llm, false),
            ("price", at(&self.price), llm, false),
        ]
    }

    /// What is wrong between its keys.
    pub(super) fn check(&self, name: &Spanned<String>) -> Vec<Problem> {
        let kind = *self.kind.get_ref();
        let mut problems = Vec::new();
        for (key, at, of, needed) in self.keys() {
            let owner = of.name();
            match at {
                Some(at) if of != kind => {
                    let message = format!("`{key}` is a key of the kind `{owner}` alone");
                    let problem = Problem::at(at, message, "not of this kind");
                    problems.push(problem.and(self.kind.span(), "this kind"));
                }
                None if of == kind && needed => {
                    let message = format!("a responder of the kind `{owner}` needs `{key}`");
                    problems.push(Problem::at(name.span(), message, format!("has no `{key}`")));
                }
                _ => {}
            }
        }
        let command = self
            .command
            .as_ref()
            .filter(|_| kind == ResponderKind::Process);
        if let Some(command) = command
            && command.get_ref().first().is_none_or(String::is_empty)
        {
            let problem = Problem::at(command.span(), "the command is empty", "no program");
            problems.push(
                problem
                    .help("allowed: a program and its arguments, as [\"python3\", \"policy.py\"]"),
            );
        }
        let url = self
            .base_url
            .as_ref()
            .filter(|_| kind == ResponderKind::Llm);
        problems.extend(url.and_then(|url| {
            let text = url.get_ref().as_str();
            let rest = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
            let message = match rest.map(|rest| rest.split('/').next().unwrap_or_default()) {
                None | Some("") => "this is no URL of an endpoint",
                Some(authority) if authority.contains('@') => "a URL with a name or password",
                Some(_) => return None,
            };
            let problem = Problem::at(url.span(), message, "not allowed");
            let allowed = "allowed: http:// or https:// with a host, as \"http://127.0.0.1:8080/v1\"; a key \
                           stands in a variable that `api_key_env` names";
            Some(problem.help(allowed))
        }));
        problems
    }
}

impl World {
    /// The responder of a name: one of the world's, or a kind without keys.
    pub fn responder(&self, name: &str) -> Option<Responder> {
        let mut own = self.responders.iter();
        let own = own.find(|(own, _)| own.get_ref() == name);
        own.map(|(name, responder)| Responder {
            name: name.get_ref().clone(),
            ..responder.clone()
        })
        .or_else(|| ResponderKind::plain(name).map(Responder::plain))
    }

    /// The names that [`World::responder`] knows: the world's own, and the kinds without keys.
    pub fn responder_names(&self) -> Vec<&str> {
        let own = self
            .responders
            .iter()
            .map(|(name, _)| name.get_ref().as_str());
        let plain = ResponderKind::PLAIN.map(ResponderKind::name);
        let own: Vec<&str> = own.filter(|name| !plain.contains(name)).collect();
        own.into_iter().chain(plain).collect()
    }

    /// Who responds where an experiment does not say: whom the skill names, or else the rules.
    pub fn responder_of(&self, skill: &super::Skill) -> String {
        let named: Option<&NameAt> = skill.responder.as_ref();
        let name = named.map(|name| name.get_ref().as_str());
        name.unwrap_or(ResponderKind::Rules.name()).to_owned()
    }
}
