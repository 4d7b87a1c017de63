//! The names of everything that a sweep writes. What has another name is the user's, and is never
//! touched.

use crate::experiment::Format;
use crate::sweep::{PartId, Shard};

pub(super) const MANIFEST: &str = "manifest.json";
/// The lock of a folder.
pub(super) const LOCK: &str = ".lock";
/// Held by a shard for the moment in which it reads the manifest and writes it.
pub(super) const MANIFEST_LOCK: &str = ".lock-manifest";
/// The ledger of a whole run.
pub(super) const LEDGER: &str = "ledger.jsonl";
/// A table that is cut into parts: a folder of its name has a file or two of each part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartTable {
    /// A row a replication.
    Runs,
    /// A row an incident.
    Incidents,
    /// A row a round.
    Rounds,
    /// A row an alert that was answered.
    Decisions,
    /// The counts that summaries rest on.
    Counts,
    /// What comparisons need of each replication, where there is no table `runs`.
    Outcomes,
}

impl PartTable {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Runs,
        Self::Incidents,
        Self::Rounds,
        Self::Decisions,
        Self::Counts,
        Self::Outcomes,
    ];

    /// Its name, which is also that of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Incidents => "incidents",
            Self::Rounds => "rounds",
            Self::Decisions => "decisions",
            Self::Counts => "counts",
            Self::Outcomes => "outcomes",
        }
    }

    /// Whether a path within the results folder is that of one of its files.
    pub(super) fn has(self, path: &str) -> bool {
        let file = path.strip_prefix(self.name());
        file.is_some_and(|file| file.starts_with('/'))
    }
}

/// The names of the folders of parts.
pub(super) fn part_folders() -> impl Iterator<Item = &'static str> {
    PartTable::ALL.into_iter().map(PartTable::name)
}

/// Tables beside the manifest.
pub(super) const TABLES: [&str; 7] = [
    "design",
    "summary",
    "ttr",
    "budget",
    "causes",
    "responders",
    "comparisons",
];
/// The page for people.
pub const PAGE: &str = "report.html";
/// The folder of figures.
pub const PLOTS: &str = "plots";
/// The figures, each as SVG and PNG: of indicators, of the time to resolve, and of differences from a
/// baseline. Those of one combination of levels end with its number.
pub const FIGURES: [&str; 9] = [
    "sla_miss",
    "availability",
    "journey_availability",
    "mttr_rounds",
    "time_to_resolve",
    "difference_sla_miss",
    "difference_availability",
    "difference_journey_availability",
    "difference_mttr_rounds",
];

const FORMATS: [Format; 2] = [Format::Parquet, Format::Csv];
/// How the names of files end that are still being written.
const TEMPORARY: &str = ".tmp";
/// Stands in the temporary names of a writer that is no shard.
const WHOLE: &str = "whole";
/// What systems and tools put into folders by themselves; no data, and nobody's work.
const SYSTEM: [&str; 7] = [
    ".DS_Store",
    ".directory",
    ".gitkeep",
    ".ipynb_checkpoints",
    "Thumbs.db",
    "desktop.ini",
    "lost+found",
];
/// What NFS and Samba call a removed file that is still open.
const REMOVED: [&str; 2] = [".nfs", ".smbdelete"];

/// The name of a file of a part.
pub(super) fn part_name(id: PartId, format: Format) -> String {
    format!("part-{id}.{}", format.extension())
}

/// Whether a file has the name of some part, to the letter.
pub(super) fn is_part(name: &str) -> bool {
    let id = || {
        let (generation, part) = name.strip_prefix("part-")?.split_once('-')?;
        Some(PartId {
            generation: generation.parse().ok()?,
            part: part.split_once('.')?.0.parse().ok()?,
        })
    };
    id().is_some_and(|id| FORMATS.iter().any(|format| part_name(id, *format) == name))
}

/// The name of the ledger of a run.
pub(super) fn ledger_name(shard: Option<Shard>) -> String {
    match shard {
        None => LEDGER.to_owned(),
        Some(shard) => format!("ledger-{}.jsonl", tag(Some(shard))),
    }
}

/// The name of the lock of a shard.
pub(super) fn shard_lock_name(shard: Shard) -> String {
    format!("{LOCK}-{}", tag(Some(shard)))
}

/// The name of a table's file.
pub(super) fn table_name(table: &str, format: Format) -> String {
    format!("{table}.{}", format.extension())
}

/// Stands in the temporary names of a writer. Who holds the lock of the writer may remove them:
/// the writer is dead.
pub(super) fn tag(shard: Option<Shard>) -> String {
    match shard {
        None => WHOLE.to_owned(),
        Some(Shard { index, of }) => format!("{index}-of-{of}"),
    }
}

/// The name of a file while it is being written; `unique` is digits and hyphens.
pub(super) fn temporary_name(name: &str, tag: &str, unique: &str) -> String {
    format!(".{name}.{tag}.{unique}{TEMPORARY}")
}

/// The tag of the writer that a temporary file is of; `None` for other files.
pub(super) fn temporary_of(name: &str) -> Option<&str> {
    let rest = name.strip_prefix('.')?.strip_suffix(TEMPORARY)?;
    let (rest, unique) = rest.rsplit_once('.')?;
    let (target, of) = rest.rsplit_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (process, time) = unique.split_once('-')?;
    let ours = digits(process)
        && digits(time)
        && (of == WHOLE || shard_of(of).is_some())
        && (is_part(target) || is_top_level(target) || is_figure(target));
    ours.then_some(of)
}

/// Whether a file is a ledger.
pub(super) fn is_ledger(name: &str) -> bool {
    name == LEDGER || shard_of_ledger(name).is_some()
}

/// The shard whose ledger a file is.
pub(super) fn shard_of_ledger(name: &str) -> Option<Shard> {
    shard_of(name.strip_prefix("ledger-")?.strip_suffix(".jsonl")?)
}

/// Whether a file is the lock of a shard, or of the manifest.
pub(super) fn is_shard_lock(name: &str) -> bool {
    let shard = || name.strip_prefix(LOCK)?.strip_prefix('-');
    name == MANIFEST_LOCK || shard().is_some_and(|tag| shard_of(tag).is_some())
}

/// Whether a file is a figure.
pub(super) fn is_figure(name: &str) -> bool {
    let Some((stem, "svg" | "png")) = name.rsplit_once('.') else {
        return false;
    };
    let numbered = |figure: &str| {
        let number: Option<u32> = stem.strip_prefix(figure)?.strip_prefix('-')?.parse().ok();
        number.filter(|n| stem == format!("{figure}-{n}"))
    };
    FIGURES
        .iter()
        .any(|figure| stem == *figure || numbered(figure).is_some())
}

/// Whether a file is no one's work, so that a folder with it is as good as empty.
pub(super) fn is_system(name: &str) -> bool {
    SYSTEM.contains(&name) || REMOVED.iter().any(|start| name.starts_with(start))
}

/// The names of all tables beside the manifest.
pub(super) fn tables() -> impl Iterator<Item = String> {
    TABLES
        .iter()
        .flat_map(|table| FORMATS.map(|format| table_name(table, format)))
}

fn is_top_level(name: &str) -> bool {
    name == MANIFEST || name == PAGE || is_ledger(name) || tables().any(|table| table == name)
}

/// The shard that a tag names, to the letter.
fn shard_of(text: &str) -> Option<Shard> {
    let shard: Shard = text.replace("-of-", "/").parse().ok()?;
    (tag(Some(shard)) == text).then_some(shard)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names are ours to the letter: what only looks like one of them is the user's.
    #[test]
    fn names_are_exact() {
        assert!(is_part("part-00-000007.csv") && is_part("part-123-1234567.parquet"));
        for not in [
            "part-77-7.csv",
            "part-0-000007.csv",
            "part-00-000007.txt",
            "part-00-000007.csv.bak",
            "part-+0-000007.csv",
            "Part-00-000007.csv",
        ] {
            assert!(!is_part(not), "{not}");
        }
        assert!(is_ledger("ledger.jsonl") && is_ledger("ledger-2-of-7.jsonl"));
        for not in [
            "ledger-2024.jsonl",
            "ledger-8-of-7.jsonl",
            "ledger-02-of-7.jsonl",
            "ledger-2/7.jsonl",
            "ledger-.jsonl",
        ] {
            assert!(!is_ledger(not), "{not}");
        }
        assert!(is_shard_lock(".lock-1-of-2") && is_shard_lock(".lock-manifest"));
        assert!(!is_shard_lock(".lock-mine") && !is_shard_lock(".lock"));
        assert!(is_figure("sla_miss.png") && is_figure("time_to_resolve-12.svg"));
        for not in ["photo.png", "sla_miss-x.png", "sla_miss-01.png", "sla_miss"] {
            assert!(!is_figure(not), "{not}");
        }
        assert!(is_system(".nfs000123") && is_system("lost+found") && !is_system(".hidden"));
    }

    /// A temporary name tells its writer, and only names that we would write are ours.
    #[test]
    fn temporary_names_are_exact() {
        let shard = Shard { index: 2, of: 7 };
        for (target, shard) in [
            ("part-00-000007.csv", Some(shard)),
            ("manifest.json", None),
            ("ledger-2-of-7.jsonl", Some(shard)),
            ("summary.parquet", None),
            ("report.html", None),
            ("sla_miss-2.svg", None),
        ] {
            let tag = tag(shard);
            let name = temporary_name(target, &tag, "12-345");
            assert_eq!(temporary_of(&name), Some(tag.as_str()), "{name}");
        }
        for not in [
            ".mine.tmp",
            ".notes.csv.whole.12-345.tmp",
            ".part-00-000007.csv.tmp",
            ".part-00-000007.csv.12-345.tmp",
            ".part-00-000007.csv.half.12-345.tmp",
            ".part-00-000007.csv.whole.12-a.tmp",
            "part-00-000007.csv.whole.12-345.tmp",
        ] {
            assert_eq!(temporary_of(not), None, "{not}");
        }
    }
}
