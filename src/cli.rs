//! The command line: types only.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use sysworld::experiment::{DEFAULT_SEED, MOST_REPLICATIONS, MOST_SEED};
use sysworld::gate::Gate;
use sysworld::narrate::{Rounds, Told};
use sysworld::results::Locking;
use sysworld::sweep::Shard;

/// What availability, SLA risk and time to resolve should we expect, and how sure are we?
///
/// Simulates an infrastructure under chaos, with an SRE who responds, many thousand times from
/// fixed seeds, for every combination of the factors in an experiment file.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run what is missing of an experiment, summarise it, print a table
    Run(Run),
    /// Show the design points of an experiment, its replications, rows and size
    Plan(Plan),
    /// Check world and experiment files: all errors, or else what is surely not meant
    Check(Check),
    /// Tell one replication round by round
    Simulate(Simulate),
    /// Tell one replication of a finished sweep round by round
    Replay(Replay),
    /// Make the summary tables of a results folder again, without simulating
    Summarize(Summarize),
    /// Make the report of a results folder, a page for people; with --plots its figures as files
    Report(Report),
    /// Decide gates on a finished sweep, whose folder is only read
    Gate(GateResults),
    /// Check every part of a results folder against its ledger
    Verify(Verify),
    /// Say how far a sweep is, and what is missing
    Status(Status),
    /// Join the shards of a sweep into one folder, and summarise it
    Merge(Merge),
    /// Print a file for a scheduler, ready to submit: the shards of an experiment, and their merge
    Job(Job),
    /// List the built-in worlds, or print one as a file to start from
    Worlds(Worlds),
    /// Print the JSON Schema of experiment or world files, for editors
    Schema(Schema),
    /// Print shell completions
    Completions(Completions),
    /// Print a man page, as roff
    Man(Man),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Experiment file (TOML)
    pub experiment: PathBuf,
    /// Results folder [default: results/<name of the experiment>]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Threads [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Replications of each design point, instead of what the file says
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST_REPLICATIONS))]
    pub replications: Option<u64>,
    /// Master seed, instead of what the file says
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(..=MOST_SEED))]
    pub seed: Option<u64>,
    /// Set a value of the world, as chaos.cpu_spike.probability=0.3; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Only the i-th of N shards of the parts, as 2/7; `merge` joins them. With auto/N, i comes from
    /// the variable that a job array sets
    #[arg(long, value_name = "i/N", value_parser = crate::array_index::shard)]
    pub shard: Option<Shard>,
    /// Ask an estimate to hold to a bound at every design point, as "sla_miss < 5%" (a fraction:
    /// the same as 0.05) or "mttr_rounds <= 3"; may be repeated. Exit code 0 if all hold, 3 if one
    /// fails, 4 if one is undecided
    #[arg(long, value_name = "ESTIMATE < NUMBER", conflicts_with = "shard")]
    pub gate: Vec<Gate>,
    /// Gate only the points with these levels, as chaos_level=high,skill=mid; may be repeated
    #[arg(long, alias = "at", value_name = "FACTOR=LEVEL,…", requires = "gate")]
    pub gate_at: Vec<String>,
    /// Ask the responders of the world for the answers that the recording lacks: starts the programs,
    /// and calls the models, that the world names
    #[arg(long, conflicts_with = "shard")]
    pub record: bool,
    /// Folder of the recorded answers [default: that of [recording] in the file, or recordings]
    #[arg(long, value_name = "FOLDER")]
    pub recording: Option<PathBuf>,
    /// Replace the sweep that is in the results folder
    #[arg(long, conflicts_with = "shard")]
    pub force: bool,
    /// Write no report.html
    #[arg(long)]
    pub no_report: bool,
    /// Whether locks are taken
    #[command(flatten)]
    pub locks: Locks,
    /// No progress, no table, no closing word
    #[arg(long, short)]
    pub quiet: bool,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: StdoutFormat,
    /// Milliseconds between two lines of progress, where stderr is no terminal
    #[arg(long, hide = true, default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub progress_interval: u64,
}

/// What goes to stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum StdoutFormat {
    /// A table for people
    #[default]
    Table,
    /// JSON: the summary, and the verdicts of gates
    Json,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people: points, replications, work, size, time
    #[default]
    Text,
    /// The design points as CSV
    Csv,
    /// The design points as JSON
    Json,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// Experiment file (TOML)
    pub experiment: PathBuf,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: PlanFormat,
    /// Also say what each of N shards would do
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub shards: Option<u32>,
    /// Replications of each design point, instead of what the file says
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST_REPLICATIONS))]
    pub replications: Option<u64>,
    /// Set a value of the world, as chaos.cpu_spike.probability=0.3; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Measure for a second, in memory, how long the sweep would take
    #[arg(long)]
    pub pilot: bool,
    /// Folder of the recorded answers [default: that of [recording] in the file, or recordings]
    #[arg(long, value_name = "FOLDER")]
    pub recording: Option<PathBuf>,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// World or experiment files (TOML), told apart by their keys, or built-in worlds
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people, with the lines that they are about; errors on stderr
    #[default]
    Text,
    /// For programs: each finding with its file, line, column, kind and message
    Json,
}

/// Locks of results folders.
#[derive(Debug, Clone, Copy, Args)]
pub struct Locks {
    /// Take no lock on the results folder: where the file system has none, and nothing else writes to
    /// the folder. Two runs of one shard at once spoil each other's files
    #[arg(long)]
    pub no_lock: bool,
}

impl Locks {
    /// The same in the library's words.
    pub fn locking(self) -> Locking {
        match self.no_lock {
            true => Locking::Absent,
            false => Locking::System,
        }
    }
}

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub struct Simulate {
    /// World: built in, or the path of a world file
    #[arg(long, default_value = "cloudinfra")]
    pub world: String,
    /// Chaos level [default: the world's]
    #[arg(long)]
    pub chaos_level: Option<String>,
    /// Skill [default: the world's]
    #[arg(long)]
    pub skill: Option<String>,
    /// Who responds: rules, runbook, random, none, or one of the world's [responders] [default: the
    /// skill's, or else rules]
    #[arg(long)]
    pub responder: Option<String>,
    /// Set a value of the world, as chaos.cpu_spike.probability=0.3; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Master seed
    #[arg(long, default_value_t = DEFAULT_SEED, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(..=MOST_SEED))]
    pub seed: u64,
    /// The language model among the world's [responders] responds
    #[arg(long, conflicts_with = "responder")]
    pub use_llm: bool,
    /// Ask the responder for the answers that the recording lacks: starts the program, or calls the model,
    /// that the world names
    #[arg(long)]
    pub record: bool,
    /// Folder of the recorded answers [default: recordings]
    #[arg(long, value_name = "FOLDER")]
    pub recording: Option<PathBuf>,
    /// Replication, from 0
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub replication: u64,
    /// How much is told
    #[command(flatten)]
    pub tell: Tell,
}

/// How much `simulate` and `replay` tell.
#[derive(Debug, Clone, Copy, Args)]
pub struct Tell {
    /// Only the header and the verdict
    #[arg(long, short)]
    pub quiet: bool,
    /// Only the incidents: what caused each, what was done about it, and when it closed
    #[arg(long, conflicts_with = "quiet")]
    pub incidents: bool,
    /// Only these rounds, counted from 1, as 100-200; with --incidents, those that are open in them
    #[arg(long, value_name = "A-B", conflicts_with = "quiet")]
    pub rounds: Option<Rounds>,
}

impl Tell {
    /// The same in the library's words.
    pub fn told(self) -> Told {
        match (self.quiet, self.incidents) {
            (true, _) => Told::Nothing,
            (false, true) => Told::Incidents(self.rounds),
            (false, false) => Told::Rounds(self.rounds),
        }
    }
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// Results folder
    pub results: PathBuf,
    /// Key of the design point
    #[arg(long, conflicts_with = "at")]
    pub point: Option<String>,
    /// Levels of the design point, as chaos_level=high,skill=mid
    #[arg(long, value_name = "FACTOR=LEVEL,…")]
    pub at: Option<String>,
    /// Folder of the recorded answers [default: that of [recording] in the file, or recordings]
    #[arg(long, value_name = "FOLDER")]
    pub recording: Option<PathBuf>,
    /// Replication, from 0
    #[arg(long, group = "which", allow_negative_numbers = true)]
    pub replication: Option<u64>,
    /// The worst replication by what the SLA is held to, servers or journey; of several, the first
    #[arg(long, group = "which")]
    pub worst: bool,
    /// The best replication by what the SLA is held to; of several, the first
    #[arg(long, group = "which")]
    pub best: bool,
    /// How much is told
    #[command(flatten)]
    pub tell: Tell,
}

/// Arguments of `summarize`.
#[derive(Debug, Args)]
pub struct Summarize {
    /// Results folder
    pub results: PathBuf,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: StdoutFormat,
    /// Whether locks are taken
    #[command(flatten)]
    pub locks: Locks,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Results folder
    pub results: PathBuf,
    /// Also write the main figures as SVG and PNG into plots/ of the results folder
    #[arg(long)]
    pub plots: bool,
    /// Whether locks are taken
    #[command(flatten)]
    pub locks: Locks,
}

/// Arguments of `gate`.
#[derive(Debug, Args)]
pub struct GateResults {
    /// Results folder
    pub results: PathBuf,
    /// What is asked of every design point, as "sla_miss < 5%" (a fraction: the same as 0.05) or
    /// "mttr_rounds <= 3". Exit code 0 if all hold, 3 if one fails, 4 if one is undecided
    #[arg(required = true, value_name = "ESTIMATE < NUMBER")]
    pub gates: Vec<Gate>,
    /// Only the points with these levels, as chaos_level=high,skill=mid; may be repeated
    #[arg(long, alias = "gate-at", value_name = "FACTOR=LEVEL,…")]
    pub at: Vec<String>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    pub format: StdoutFormat,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Results folder
    pub results: PathBuf,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Results folder
    pub results: PathBuf,
    /// Only list what is missing, as 1,5-7: shards, if their number is given, else parts
    #[arg(long)]
    pub missing: bool,
    /// How many shards the sweep was cut into
    #[arg(long, requires = "missing", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub shards: Option<u32>,
}

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct Merge {
    /// Results folders of the shards; one folder that shards shared is merged in place
    #[arg(required = true)]
    pub folders: Vec<PathBuf>,
    /// Folder of the whole sweep
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Whether locks are taken
    #[command(flatten)]
    pub locks: Locks,
}

/// Arguments of `job`.
#[derive(Debug, Args)]
pub struct Job {
    /// What runs the shards
    #[arg(value_enum)]
    pub engine: Engine,
    /// Experiment file (TOML)
    pub experiment: PathBuf,
    /// How many shards; `plan --shards N` says what each would do
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub shards: u32,
    /// Results folder that the shards share [default: results/<name of the experiment>]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Threads of each shard
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
    /// Replications of each design point, instead of what the file says
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST_REPLICATIONS))]
    pub replications: Option<u64>,
    /// Master seed, instead of what the file says
    #[arg(long, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(..=MOST_SEED))]
    pub seed: Option<u64>,
    /// Set a value of the world, as chaos.cpu_spike.probability=0.3; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Container image, for kubernetes only [default: sysworld:<this version>]
    #[arg(long)]
    pub image: Option<String>,
    /// Whether locks are taken
    #[command(flatten)]
    pub locks: Locks,
}

/// Schedulers and libraries that `job` prints a file for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// A job array, and a job that merges (sbatch)
    Slurm,
    /// An Indexed Job, a Job that merges, a volume claim, and the experiment as a ConfigMap (YAML)
    Kubernetes,
    /// Rules with retries (Snakefile)
    Snakemake,
    /// A Python script; in a few words also one for Ray or submitit
    Dask,
}

/// Arguments of `worlds`.
#[derive(Debug, Args)]
pub struct Worlds {
    /// A built-in world to print, or a world file; below it, what its durations are drawn from
    pub name: Option<String>,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Which files
    #[arg(value_enum)]
    pub of: SchemaOf,
}

/// Files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Experiment files
    Experiment,
    /// World files
    World,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// A command [default: the program]
    pub of: Option<String>,
}
