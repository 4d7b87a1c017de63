//! `check`: what is wrong with files, or else what is surely not meant.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use sysworld::advice::{self, Found};
use sysworld::diagnostics::{Problem, Problems, Sources};
use sysworld::error::usage;

use super::{print, print_json};
use crate::cli::{Check, CheckFormat};

/// What was found in a file.
type Checked<'a> = (&'a Path, std::result::Result<Found, Vec<Problem>>);

/// `check FILE…`: all errors of all files; advice on those without.
pub fn check(args: &Check) -> Result<()> {
    let mut sources = Sources::default();
    let files = args.files.iter();
    let checked = files.map(|path| (path.as_path(), advice::of_file(path, &mut sources)));
    let checked: Vec<Checked> = checked.collect();
    match args.format {
        CheckFormat::Text => tell(checked, &sources),
        CheckFormat::Json => list(&checked, &sources),
    }
}

fn tell(checked: Vec<Checked>, sources: &Sources) -> Result<()> {
    let (mut problems, mut text) = (Vec::new(), String::new());
    for (path, found) in checked {
        match found {
            Err(found) => problems.extend(found),
            Ok(found) => {
                for advice in &found.advice {
                    text.push_str(&format!("{}\n\n", advice.warning(sources)));
                }
                let said = match found.advice.len() {
                    0 => "nothing to advise".to_owned(),
                    more => warnings(more),
                };
                let built_in = of_built_in(&found).map(|said| format!("; {said}"));
                let built_in: String = built_in.collect();
                text.push_str(&format!(
                    "{}: no errors, {said}{built_in}\n",
                    path.display()
                ));
            }
        }
    }
    print(&text)?;
    if problems.is_empty() {
        return Ok(());
    }
    Err(Problems::new(sources, problems).into())
}

fn warnings(count: usize) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} warning{s}")
}

fn of_built_in(found: &Found) -> impl Iterator<Item = String> {
    found.built_in.iter().map(|(name, count)| {
        let count = warnings(*count);
        format!("{count} of the built-in {name} itself: `sysworld check {name}`")
    })
}

/// One finding, for programs.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Finding {
    /// The file where it stands, or that was checked.
    file: String,
    /// Counted from 1, as columns are; null where no single place is to blame.
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    kind: Kind,
    message: String,
    /// What stands under the text in messages for people.
    label: Option<String>,
    help: Vec<String>,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Error,
    Warning,
    Note,
}

impl Finding {
    fn new(kind: Kind, path: &Path, problem: &Problem, sources: &Sources) -> Self {
        let place = problem.place(sources);
        let (start, end) = (
            place.as_ref().map(|place| place.start),
            place.as_ref().map(|place| place.end),
        );
        let (message, label, help) = problem.texts();
        Self {
            file: place.map_or_else(|| path.display().to_string(), |place| place.file),
            line: start.map(|(line, _)| line),
            column: start.map(|(_, column)| column),
            end_line: end.map(|(line, _)| line),
            end_column: end.map(|(_, column)| column),
            kind,
            message: message.to_owned(),
            label: Some(label.to_owned()).filter(|label| !label.is_empty()),
            help: help.to_vec(),
        }
    }
}

/// All findings as a JSON array, each once: files share what they extend.
fn list(checked: &[Checked], sources: &Sources) -> Result<()> {
    let mut all = Vec::new();
    for (path, found) in checked {
        match found {
            Err(problems) => {
                let errors = problems.iter();
                all.extend(errors.map(|p| Finding::new(Kind::Error, path, p, sources)));
            }
            Ok(found) => {
                let advice = found.advice.iter().map(advice::Advice::problem);
                all.extend(advice.map(|p| Finding::new(Kind::Warning, path, p, sources)));
                let notes = of_built_in(found).map(Problem::general);
                all.extend(notes.map(|p| Finding::new(Kind::Note, path, &p, sources)));
            }
        }
    }
    let mut seen = BTreeSet::new();
    all.retain(|finding| seen.insert(finding.clone()));
    let errors = all.iter().filter(|finding| finding.kind == Kind::Error);
    let errors = errors.count();
    print_json(|out| {
        out.write_all(serde_json::to_string_pretty(&all)?.as_bytes())?;
        Ok(())
    })?;
    match errors {
        0 => Ok(()),
        1 => Err(usage("1 error in the files that were checked".to_owned())),
        more => Err(usage(format!(
            "{more} errors in the files that were checked"
        ))),
    }
}
