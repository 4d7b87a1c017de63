//! `check`: what is wrong with files, or else what is surely not meant.

use anyhow::Result;
use sysworld::advice;
use sysworld::diagnostics::{Problems, Sources};

use super::print;
use crate::cli::Check;

/// `check FILE…`: all errors of all files; advice on those without.
pub fn check(args: &Check) -> Result<()> {
    let mut sources = Sources::default();
    let (mut problems, mut text) = (Vec::new(), String::new());
    for path in &args.files {
        match advice::of_file(path, &mut sources) {
            Err(found) => problems.extend(found),
            Ok(advice) => {
                for advice in &advice {
                    text.push_str(&format!("{}\n\n", advice.warning(&sources)));
                }
                let said = match advice.len() {
                    0 => "no errors, nothing to advise".to_owned(),
                    1 => "no errors, 1 warning".to_owned(),
                    more => format!("no errors, {more} warnings"),
                };
                text.push_str(&format!("{}: {said}\n", path.display()));
            }
        }
    }
    print(&text)?;
    if problems.is_empty() {
        return Ok(());
    }
    Err(Problems::new(&sources, problems).into())
}
