//! The manifest: what was run, readable by people and by the next run.

use serde::{Deserialize, Serialize};

use crate::design::Design;
use crate::experiment::Recipe;
use crate::simulation::{MODEL_VERSION, RANDOM_LAYOUT};

/// What `manifest.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Tells our folders from others.
    pub format: String,
    /// Version of the program that began the sweep.
    pub version: String,
    /// Version of the model: what is computed.
    pub model_version: u32,
    /// Layout of the random streams.
    pub random_layout: String,
    /// BLAKE3 of the generations, in hex.
    pub hash: String,
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
pub(super) const FORMAT: &str = "sysworld results 1";

impl Manifest {
    /// The manifest of a sweep that begins.
    pub(super) fn new(design: &Design) -> Self {
        let generations = vec![Recipe::of(design.experiment())];
        Self {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model_version: MODEL_VERSION,
            random_layout: RANDOM_LAYOUT.to_owned(),
            hash: hash(&generations),
            generations,
            looks: Vec::new(),
            facts: None,
            checksum: String::new(),
        }
    }

    /// Reads a manifest; the error says what is wrong with it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        // Straight into types: a JSON value would sort the keys, and the order of a world counts.
        let manifest: Self = serde_json::from_slice(text).map_err(|e| e.to_string())?;
        if manifest.generations.is_empty() || hash(&manifest.generations) != manifest.hash {
            return Err("its experiment is not the one that was run, by its hash".to_owned());
        }
        // The hash is of what was run; this is of the whole file, to the last byte.
        if manifest.encode().ok().as_deref() != Some(text) {
            return Err("its content is not what its checksum says".to_owned());
        }
        Ok(manifest)
    }

    /// The bytes of the file.
    pub(super) fn encode(&self) -> anyhow::Result<Vec<u8>> {
        let encode = |checksum| {
            let mut text = serde_json::to_vec_pretty(&Self {
                checksum,
                ..self.clone()
            })?;
            text.push(b'\n');
            anyhow::Ok(text)
        };
        encode(blake3::hash(&encode(String::new())?).to_string())
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
        self.hash = hash(&self.generations);
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

fn hash(generations: &[Recipe]) -> String {
    // Recipes are plain data, so this can't fail.
    let text = serde_json::to_string(generations).unwrap_or_default();
    blake3::hash(text.as_bytes()).to_string()
}
