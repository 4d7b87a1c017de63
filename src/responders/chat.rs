//! Questions to a language model: one chat completion a round, whose answer has one key an alert.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::observation::{Came, Observation, WorldSeen, action_names};
use crate::simulation::Choice;
use crate::world::{Context, Llm, World};

/// What declines an alert.
const NOTHING: &str = "nothing";
/// How much of what came of its choices it is told.
const HISTORY: usize = 8;

/// The body of a request, in the order of its fields.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: [Message<'a>; 2],
    temperature: f64,
    max_tokens: u32,
    response_format: Format<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'a str,
    content: String,
}

#[derive(Serialize)]
struct Format<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    json_schema: Named<'a>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    strict: bool,
    schema: Schema<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Schema<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    properties: InOrder<OneOf<'a>>,
    required: Vec<String>,
    additional_properties: bool,
}

#[derive(Serialize)]
struct OneOf<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(rename = "enum")]
    names: Vec<&'a str>,
}

/// A table whose keys keep their order, in which a model fills them in.
struct InOrder<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for InOrder<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The key of the alert at a place.
fn key(place: usize) -> String {
    format!("alert_{}", place + 1)
}

/// The body of the request that asks about a round.
pub(super) fn body(
    llm: &Llm,
    world: &World,
    known: &WorldSeen,
    seen: &Observation,
    history: &[Came],
) -> String {
    let keys: Vec<String> = (0..seen.alerts.len()).map(key).collect();
    let names: Vec<&str> = action_names(world).chain([NOTHING]).collect();
    let properties = keys.iter().map(|key| {
        let one_of = OneOf {
            kind: "string",
            names: names.clone(),
        };
        (key.clone(), one_of)
    });
    let body = Body {
        model: llm.model,
        messages: [
            Message {
                role: "system",
                content: instructions(llm, world, known),
            },
            Message {
                role: "user",
                content: situation(llm, world, seen, history),
            },
        ],
        temperature: llm.temperature,
        max_tokens: llm.max_tokens,
        response_format: Format {
            kind: "json_schema",
            json_schema: Named {
                name: "choices",
                strict: true,
                schema: Schema {
                    kind: "object",
                    properties: InOrder(properties.collect()),
                    required: keys,
                    additional_properties: false,
                },
            },
        },
    };
    // Texts and finite numbers, so this can't fail.
    serde_json::to_string(&body).unwrap_or_default()
}

fn instructions(llm: &Llm, world: &World, known: &WorldSeen) -> String {
    let mut text = "You are the engineer on call for a production. Choose an action for each alert, or \
                    \"nothing\". An action acts on the server of its alert. While it cools down it is blocked for \
                    all servers. Answer with JSON that has one key an alert.\nActions:\n"
        .to_owned();
    for action in &world.remediation {
        let (name, about) = (action.name.get_ref(), &action.description);
        let colon = if about.is_empty() { "" } else { ": " };
        text.push_str(&format!(
            "{name}{colon}{about} (cooldown {} rounds)\n",
            action.cooldown.get()
        ));
    }
    if llm.sees(Context::Topology) {
        text.push_str(&known.topology());
    }
    text
}

fn situation(llm: &Llm, world: &World, seen: &Observation, history: &[Came]) -> String {
    let mut text = format!("Round {} of {}.\nAlerts:\n", seen.round + 1, world.rounds);
    for (place, alert) in seen.alerts.iter().enumerate() {
        let threshold = alert
            .threshold
            .map_or(String::new(), |t| format!(" (threshold {t})"));
        let runbook = match llm.sees(Context::Runbook) {
            true => format!(", runbook: {}", alert.runbook),
            false => String::new(),
        };
        text.push_str(&format!(
            "{}: {} {} {}{threshold} on {}{runbook}\n",
            key(place),
            alert.level,
            alert.alert,
            alert.value,
            alert.server
        ));
    }
    if llm.sees(Context::Cooldowns) && !seen.cooldowns.is_empty() {
        text.push_str("Cooling down:\n");
        for (action, rounds) in &seen.cooldowns {
            text.push_str(&format!("{action}: {rounds} rounds\n"));
        }
    }
    if llm.sees(Context::Servers) {
        text.push_str("Servers:\n");
        for s in &seen.servers {
            let up = if s.up { "up" } else { "down" };
            text.push_str(&format!(
                "{}: {up}, health {}, cpu {} %, memory {} %, disk {} %, errors {} %, latency {} ms\n",
                s.name, s.health, s.cpu, s.memory, s.disk, s.error_rate, s.latency
            ));
        }
    }
    if llm.sees(Context::History) && !history.is_empty() {
        text.push_str("What came of your last actions:\n");
        for came in &history[history.len().saturating_sub(HISTORY)..] {
            text.push_str(&format!(
                "round {}: {} on {} for {}: {}\n",
                came.round + 1,
                came.action,
                came.server,
                came.alert,
                came.outcome.replace('_', " ")
            ));
        }
    }
    text
}

/// The choices of a completion for so many alerts, or why it has none.
pub(super) fn understand(
    world: &World,
    text: &str,
    finish: Option<&str>,
    alerts: usize,
) -> Result<Vec<Choice>, String> {
    match finish {
        Some("length") => return Err("it is truncated".to_owned()),
        Some("content_filter" | "refusal") => return Err("it is a refusal".to_owned()),
        _ => {}
    }
    let answer: serde_json::Value =
        serde_json::from_str(text).map_err(|e| format!("it is not JSON: {e}"))?;
    let choose = |place| {
        let name = answer.get(key(place)).and_then(serde_json::Value::as_str);
        let name = name.ok_or_else(|| format!("it lacks {}", key(place)))?;
        if name == NOTHING {
            return Ok(Choice::Nothing);
        }
        let action = action_names(world).position(|known| known == name);
        action
            .map(Choice::Act)
            .ok_or_else(|| format!("it has an unknown action `{name}`"))
    };
    (0..alerts).map(choose).collect()
}
