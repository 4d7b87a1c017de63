//! `job`: a file for a scheduler. The user's engine submits, retries and reports; nothing here talks to it.

mod files;
mod quote;

use std::path::{Component, Path};

use anyhow::Result;
use sysworld::diagnostics::visible;
use sysworld::error::usage;
use sysworld::experiment::Overrides;
use sysworld::results::refuse_precision;
use sysworld::sweep::{Goal, Plan};

use super::plan::memory;
use super::shard_plan::empty_shards;
use super::{advise, load_design, note, print};
use crate::cli::{Engine, Job};

/// `job ENGINE EXPERIMENT --shards N`: prints one file, or refuses what no shard could run.
pub fn job(args: &Job) -> Result<()> {
    if args.image.is_some() && args.engine != Engine::Kubernetes {
        return Err(usage(
            "--image is for kubernetes; the others run what is installed",
        ));
    }
    let overrides = Overrides {
        replications: args.replications,
        seed: args.seed,
        set: args.set.clone(),
    };
    let (design, sources) = load_design(&args.experiment, &overrides)?;
    refuse_precision(&design)?;
    let experiment = word(&args.experiment)?;
    let default = design.experiment().default_folder();
    let out = word(args.out.as_deref().unwrap_or(&default))?;
    for set in &args.set {
        plain(set)?;
    }
    let job = Values {
        args,
        experiment,
        out,
        name: object_name(design.experiment().name.as_str()),
        memory: (2.0 * memory(&design) / 1e6 / 256.0).ceil() as u64 * 256,
    };
    let text = match args.engine {
        Engine::Slurm => job.slurm(),
        Engine::Kubernetes => {
            relative(out)?;
            job.kubernetes(&files::of(&args.experiment, &sources)?)
        }
        Engine::Snakemake if out.contains(['{', '}']) => {
            return Err(usage(format!(
                "--out {out}: Snakemake reads braces as wildcards"
            )));
        }
        Engine::Snakemake => job.snakemake(),
        Engine::Dask => job.dask(),
    };
    print(&text)?;
    advise(&design, &sources);
    let parts = Plan::new(&design, &[Goal::of(&design)]).parts.len();
    note(&empty_shards(parts, args.shards).unwrap_or_default());
    Ok(())
}

/// What a file says of the sweep.
struct Values<'a> {
    args: &'a Job,
    experiment: &'a str,
    out: &'a str,
    /// Of jobs, and of objects in Kubernetes.
    name: String,
    /// In MB: twice what a run takes at most, in steps of 256.
    memory: u64,
}

impl Values<'_> {
    fn slurm(&self) -> String {
        let options = self
            .options()
            .map(|option| format!(" {}", quote::shell(&option)));
        let own = [
            ("EXPERIMENT", quote::shell(self.experiment).into_owned()),
            ("OUT", quote::shell(self.out).into_owned()),
            ("OPTIONS", options.collect()),
            (
                "MERGE",
                self.merge_options()
                    .map(|o| format!(" {o}"))
                    .unwrap_or_default(),
            ),
        ];
        self.fill(include_str!("slurm.sh"), &own)
    }

    fn kubernetes(&self, files: &[files::Shipped]) -> String {
        let indented = |option: String| format!("\n            - {}", quote::string(&option));
        let version = concat!("sysworld:", env!("CARGO_PKG_VERSION"));
        let main = files.first().map_or("", |file| &file.path);
        let data = files
            .iter()
            .map(|file| format!("  {}: {}", file.key, quote::block(&file.text, "    ")));
        let items = files.iter().map(|file| {
            let path = quote::string(&file.path);
            format!(
                "              - key: {}\n                path: {path}",
                file.key
            )
        });
        let own = [
            ("EXPERIMENT", quote::string(&format!("/experiment/{main}"))),
            ("OUT", quote::string(self.out)),
            ("OUT_OPTION", quote::string(&format!("--out={}", self.out))),
            ("OPTIONS", self.options().map(indented).collect()),
            (
                "MERGE",
                self.merge_options().map(indented).unwrap_or_default(),
            ),
            (
                "IMAGE",
                quote::string(self.args.image.as_deref().unwrap_or(version)),
            ),
            ("FILES", data.collect::<Vec<_>>().join("\n")),
            ("ITEMS", items.collect::<Vec<_>>().join("\n")),
        ];
        self.fill(include_str!("kubernetes.yaml"), &own)
    }

    fn snakemake(&self) -> String {
        let options = self
            .options()
            .map(|option| format!(" {}", quote::shell(&option)));
        let options: String = options.collect();
        let own = [
            ("EXPERIMENT", quote::string(self.experiment)),
            ("OUT", quote::string(self.out)),
            ("OPTIONS", quote::string(options.trim_start())),
            (
                "MERGE",
                self.merge_options()
                    .map(|o| format!(" {o}"))
                    .unwrap_or_default(),
            ),
        ];
        self.fill(include_str!("snakemake.smk"), &own)
    }

    fn dask(&self) -> String {
        let options = self
            .options()
            .map(|option| format!(", {}", quote::string(&option)));
        let own = [
            ("EXPERIMENT", quote::string(self.experiment)),
            ("OUT", quote::string(self.out)),
            ("OPTIONS", options.collect()),
            (
                "MERGE",
                self.merge_options()
                    .map(|o| format!(", {}", quote::string(&o)))
                    .unwrap_or_default(),
            ),
        ];
        self.fill(include_str!("dask.py"), &own)
    }

    /// Options of `run` beside those that every shard has.
    fn options(&self) -> impl Iterator<Item = String> {
        let replications = self
            .args
            .replications
            .map(|n| format!("--replications={n}"));
        let seed = self.args.seed.map(|seed| format!("--seed={seed}"));
        let set = self.args.set.iter().map(|set| format!("--set={set}"));
        let options = replications.into_iter().chain(seed).chain(set);
        options.chain(self.merge_options())
    }

    /// Options of `merge`.
    fn merge_options(&self) -> Option<String> {
        self.args.locks.no_lock.then(|| "--no-lock".to_owned())
    }

    /// The command that prints this file.
    fn command(&self) -> String {
        let args = self.args;
        let engine = match args.engine {
            Engine::Slurm => "slurm",
            Engine::Kubernetes => "kubernetes",
            Engine::Snakemake => "snakemake",
            Engine::Dask => "dask",
        };
        let (experiment, out) = (quote::shell(self.experiment), quote::shell(self.out));
        let mut text = format!(
            "sysworld job {engine} {experiment} --shards {} --out {out} --threads {}",
            args.shards, args.threads
        );
        let image = args.image.as_ref().map(|image| format!("--image={image}"));
        for option in self.options().chain(image) {
            text.push(' ');
            text.push_str(&quote::shell(&option));
        }
        text
    }

    /// A template with its places filled: `@NAME@`. What is filled in is not looked through again.
    fn fill(&self, template: &str, own: &[(&str, String)]) -> String {
        let shared = [
            ("COMMAND", self.command()),
            ("NAME", format!("sysworld-{}", self.name)),
            ("SHARDS", self.args.shards.to_string()),
            ("THREADS", self.args.threads.to_string()),
            ("MEMORY", self.memory.to_string()),
        ];
        let mut pieces = template.split('@');
        let mut text = pieces.next().unwrap_or_default().to_owned();
        while let (Some(name), rest) = (pieces.next(), pieces.next()) {
            let value = own.iter().chain(&shared).find(|(known, _)| *known == name);
            text.push_str(value.map_or(name, |(_, value)| value));
            text.push_str(rest.unwrap_or_default());
        }
        text
    }
}

/// A path as a word of a printed file.
fn word(path: &Path) -> Result<&str> {
    let Some(text) = path.to_str() else {
        return Err(usage(format!(
            "{} is not UTF-8, and can't stand in a file for a scheduler",
            path.display()
        )));
    };
    if text.is_empty() || text.starts_with('-') {
        return Err(usage(format!(
            "the path `{text}` would be read as an option, or as none; write ./{text}"
        )));
    }
    plain(text).map(|()| text)
}

/// Refuses what would end a line of the file, or not be printed as it is.
fn plain(text: &str) -> Result<()> {
    if !text.contains(char::is_control) && visible(text) == text {
        return Ok(());
    }
    Err(usage(format!(
        "`{}` holds control characters, which can't stand in a file for a scheduler",
        text.escape_debug()
    )))
}

/// Refuses a folder that is not within the volume of the pods.
fn relative(out: &str) -> Result<()> {
    let within = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    match Path::new(out).components().all(within) {
        true => Ok(()),
        false => Err(usage(format!(
            "--out {out}: for kubernetes it is a folder of the volume claim, so a path without / at its \
             beginning and without .."
        ))),
    }
}

/// A name that Kubernetes takes: lower case, digits, hyphens, and short enough for `-shards-99999`.
fn object_name(experiment: &str) -> String {
    let name: String = experiment.to_lowercase().replace('_', "-");
    let name: String = name.chars().take(40).collect();
    match name.trim_matches('-') {
        "" => "sweep".to_owned(),
        name => name.to_owned(),
    }
}
