//! The manifest: what was run, readable by people and by the next run.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::design::Design;
use crate::experiment::Recipe;
use crate::simulation::{MODEL_VERSION, RANDOM_LAYOUT};

/// What `manifest.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Tells our folders from others.
    pub format: String,
    /// Version of the program that began the sweep, or extended it last.
    pub version: String,
    /// Version of the model: what is computed.
    pub model_version: u32,
    /// Layout of the random streams.
    pub random_layout: String,
    /// The experiment and its worlds as resolved, as it was begun and each time it was extended;
    /// the last is what the sweep is now.
    pub generations: Vec<Recipe>,
    /// Further replications of design points that were not known well enough, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<Look>,
    /// Facts of the machine and the clock; `None` while the sweep is not finished.
    pub facts: Option<Facts>,
    /// BLAKE3 of this file as it is while this is empty, in hex.
    pub checksum: String,
}

/// What was decided at a look at the precision of the design points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Which of the generations was looked at, from 0.
    pub generation: usize,
    /// Replications that the points are to have.
    pub replications: u64,
    /// Keys of the points, in design order.
    pub points: Vec<String>,
}

/// What a sweep took. Nothing that is computed depends on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// When the last run ended, in seconds since 1970-01-01 UTC.
    pub finished_unix_seconds: u64,
    /// Seconds of the last run that simulated something.
    pub seconds: f64,
    /// Replications that run simulated.
    pub replications: u64,
    /// Threads it used.
    pub threads: usize,
}

impl Facts {
    /// With those of what the same run did before.
    #[must_use]
    pub fn after(self, before: Option<Self>) -> Self {
        let (seconds, replications) = before.map_or((0.0, 0), |b| (b.seconds, b.replications));
        Self {
            seconds: seconds + self.seconds,
            replications: replications + self.replications,
            ..self
        }
    }
}

/// The value of [`Manifest::format`].
pub(super) const FORMAT: &str = "sysworld results 2";
/// How those of all versions begin.
const FORMATS: &str = "sysworld results ";
/// The end of a manifest after its checksum, and what stands before that.
const CHECKSUM: (&[u8], &[u8]) = (b"\"checksum\": \"", b"\"\n}\n");
/// Bytes of a checksum in hex.
const HEX: usize = 64;

/// What the text of a manifest is.
#[derive(Debug)]
pub(super) enum Parsed {
    /// Something else's.
    Foreign,
    /// Of a program whose results this one can't read: which that is.
    OfOther(String),
    /// Ours, and not as it was written: why.
    Damaged(String),
    /// Ours.
    Ours(Box<Manifest>),
}

/// What every version of the program writes into a manifest, and all that is read of another's.
#[derive(Deserialize)]
struct Header {
    format: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    model_version: u32,
    #[serde(default)]
    random_layout: String,
}

impl Manifest {
    /// The manifest of a sweep that begins.
    pub(super) fn new(design: &Design) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model_version: MODEL_VERSION,
            random_layout: RANDOM_LAYOUT.to_owned(),
            generations: vec![Recipe::of(design.experiment())],
            looks: Vec::new(),
            facts: None,
            checksum: String::new(),
        }
    }

    /// Reads a manifest: first which program's it is, then whether it is whole, then what it says.
    pub(super) fn parse(text: &[u8]) -> Parsed {
        let header = match serde_json::from_slice::<Header>(text) {
            Ok(header) if header.format.starts_with(FORMATS) => header,
            Err(e) if String::from_utf8_lossy(text).contains(FORMATS) => {
                return Parsed::Damaged(e.to_string());
            }
            _ => return Parsed::Foreign,
        };
        let Header { version, .. } = &header;
        let same_model =
            header.model_version == MODEL_VERSION && header.random_layout == RANDOM_LAYOUT;
        if header.format != FORMAT || !same_model {
            return Parsed::OfOther(format!(
                "it was written by sysworld {version} with model version {} as `{}`, and this is \
                 sysworld {} with model version {MODEL_VERSION} and `{FORMAT}`",
                header.model_version,
                header.format,
                env!("CARGO_PKG_VERSION"),
            ));
        }
        // Of the text as it stands: another version may write the same with keys of its own.
        if !is_whole(text) {
            return Parsed::Damaged("its content is not what its checksum says".to_owned());
        }
        // Straight into types: a JSON value would sort the keys, and the order of a world counts.
        let manifest: Self = match serde_json::from_slice(text) {
            Ok(manifest) => manifest,
            Err(e) => return Parsed::OfOther(format!("sysworld {version} wrote it: {e}")),
        };
        if manifest.generations.is_empty() {
            return Parsed::Damaged("it has no experiment".to_owned());
        }
        match manifest.unknown_key(text) {
            Some(key) => Parsed::OfOther(format!(
                "sysworld {version} wrote `{key}` into it, which this version does not know"
            )),
            None => Parsed::Ours(Box::new(manifest)),
        }
    }

    /// A key of the text that was not read. It may change what the sweep is.
    fn unknown_key(&self, text: &[u8]) -> Option<String> {
        let stored: Json = serde_json::from_slice(text).ok()?;
        let known = serde_json::to_value(self).ok()?;
        missing_key("", &stored, &known)
    }

    /// The bytes of the file.
    pub(super) fn encode(&self) -> anyhow::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(&Self {
            checksum: String::new(),
            ..self.clone()
        })?;
        text.push(b'\n');
        let sum = blake3::hash(&text).to_string();
        let at = text.len() - CHECKSUM.1.len();
        text.splice(at..at, sum.into_bytes());
        Ok(text)
    }

    /// Whether another manifest is of the same sweep: it has the same experiments, and was decided
    /// alike at each look.
    pub(super) fn same_sweep(&self, other: &Self) -> bool {
        self.generations == other.generations && self.looks == other.looks
    }

    /// What the sweep is now.
    pub(super) fn recipe(&self) -> Option<&Recipe> {
        self.generations.last()
    }

    /// Adds a generation; one that asks for the same work only takes the place of the last.
    pub(super) fn extend(&mut self, recipe: Recipe) {
        match self.generations.last_mut() {
            Some(last) if last.same_work(&recipe) => *last = recipe,
            _ => {
                self.generations.push(recipe);
                self.facts = None;
            }
        }
        env!("CARGO_PKG_VERSION").clone_into(&mut self.version);
    }

    /// Adds a look at the last generation.
    pub(super) fn look(&mut self, replications: u64, points: Vec<String>) {
        self.looks.push(Look {
            generation: self.generations.len() - 1,
            replications,
            points,
        });
        self.facts = None;
    }
}

/// Whether a text ends with the checksum of itself without it.
fn is_whole(text: &[u8]) -> bool {
    let (before, after) = CHECKSUM;
    let Some(at) = text.len().checked_sub(HEX + after.len()) else {
        return false;
    };
    let (head, tail) = text.split_at(at);
    let (sum, end) = tail.split_at(HEX);
    let mut hash = blake3::Hasher::new();
    hash.update(head).update(after);
    head.ends_with(before) && end == after && hash.finalize().to_string().as_bytes() == sum
}

/// The path of a key that one value has and another lacks, if any.
fn missing_key(path: &str, has: &Json, lacks: &Json) -> Option<String> {
    match (has, lacks) {
        (Json::Object(has), Json::Object(lacks)) => has.iter().find_map(|(key, value)| {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            match lacks.get(key) {
                Some(known) => missing_key(&path, value, known),
                None => Some(path),
            }
        }),
        (Json::Array(has), Json::Array(lacks)) => {
            let mut pairs = has.iter().zip(lacks).enumerate();
            pairs.find_map(|(i, (has, lacks))| missing_key(&format!("{path}.{i}"), has, lacks))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostics::Sources;
    use crate::experiment::Experiment;

    fn manifest() -> Manifest {
        let text = "name = \"e\"\nreplications = 1\n";
        let experiment = Experiment::parse("e.toml", text, Path::new(""), &mut Sources::default());
        let design = experiment.and_then(Design::new).expect("it is valid");
        Manifest::new(&design)
    }

    /// The text with a change, and the checksum of that.
    fn signed(text: &str, from: &str, to: &str) -> Vec<u8> {
        let at = text.len() - HEX - CHECKSUM.1.len();
        let unsigned = text[..at].to_owned() + &text[at + HEX..];
        assert!(unsigned.contains(from), "no {from} in {unsigned}");
        let mut changed = unsigned.replacen(from, to, 1).into_bytes();
        let sum = blake3::hash(&changed).to_string();
        let at = changed.len() - CHECKSUM.1.len();
        changed.splice(at..at, sum.into_bytes());
        changed
    }

    /// What is written is read again, and every change of a byte is damage, not another version,
    /// unless it hits the very words that name the version.
    #[test]
    fn every_byte_counts() {
        let text = manifest().encode().expect("it can be written");
        assert!(matches!(Manifest::parse(&text), Parsed::Ours(m) if m.same_sweep(&manifest())));
        for at in (0..text.len()).step_by(7) {
            let mut changed = text.clone();
            changed[at] ^= 4;
            assert!(
                !matches!(Manifest::parse(&changed), Parsed::Ours(_)),
                "byte {at}"
            );
        }
        let cut = Manifest::parse(&text[..text.len() / 2]);
        assert!(matches!(cut, Parsed::Damaged(_)));
    }

    /// A key that is missing gets its default, and one that is not known names the version that
    /// wrote it; so does another model, or another layout of the folder.
    #[test]
    fn versions_are_told_apart() {
        let text = manifest().encode().expect("it can be written");
        let text = String::from_utf8(text).expect("UTF-8");
        let of = |from: &str, to: &str| Manifest::parse(&signed(&text, from, to));
        assert!(matches!(of("\"facts\": null,", ""), Parsed::Ours(m) if m.facts.is_none()));
        let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
        let newer = text.replace(&version, "\"version\": \"9.8.7\"");
        for (from, to) in [
            ("results 2", "results 3"),
            ("\"seed\": 42", "\"seed\": 42, \"stopping\": {}"),
            ("\"seed\": 42", "\"seed\": \"42\""),
            (
                &*format!("\"model_version\": {MODEL_VERSION}"),
                "\"model_version\": 99",
            ),
        ] {
            match Manifest::parse(&signed(&newer, from, to)) {
                Parsed::OfOther(why) => assert!(why.contains("sysworld 9.8.7"), "{why}"),
                other => panic!("{to}: {other:?}"),
            }
        }
        assert!(matches!(
            Manifest::parse(b"{\"name\": \"a web page\"}"),
            Parsed::Foreign
        ));
        assert!(matches!(Manifest::parse(b"[1]"), Parsed::Foreign));
    }
}
