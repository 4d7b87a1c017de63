//! Names in a world: those that stand twice, and those that are not known.

use std::collections::BTreeSet;

use super::NameAt;
use crate::diagnostics::{MOST_SHOWN, Problem};

/// The names as they are written.
pub(super) fn texts<'a>(names: impl IntoIterator<Item = &'a NameAt>) -> Vec<&'a str> {
    names.into_iter().map(|n| n.get_ref().as_str()).collect()
}

/// Notes every name that stands twice.
pub(super) fn unique(what: &str, names: &[&NameAt], problems: &mut Vec<Problem>) {
    let mut met = BTreeSet::new();
    for name in names {
        if !met.insert(name.get_ref().as_str()) {
            let message = format!("the {what} `{}` is defined twice", name.get_ref());
            problems.push(Problem::at(name.span(), message, "again"));
        }
    }
}

/// Notes every name that is not among the known ones.
pub(super) fn all_known(what: &str, names: &[NameAt], known: &Known, problems: &mut Vec<Problem>) {
    for name in names {
        let text = name.get_ref().as_str();
        if !known.has(text) {
            // Of those that are only counted, nothing is looked up.
            let known = match problems.len() {
                shown if shown < MOST_SHOWN => &known.names[..],
                _ => &[],
            };
            let known = known.iter().copied();
            problems.push(Problem::unknown(what, text, name.span(), known));
        }
    }
}

/// Names without repetition, in the order of the file.
pub(super) struct Known<'a> {
    pub(super) names: Vec<&'a str>,
    set: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    pub(super) fn new(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut set = BTreeSet::new();
        let names = names.into_iter().filter(|name| set.insert(*name)).collect();
        Self { names, set }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.set.contains(name)
    }
}
