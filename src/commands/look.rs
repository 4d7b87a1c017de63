//! What is known of the terminal that is written to.

use std::env;
use std::io::{self, IsTerminal};

use sysworld::report::Look;
use terminal_size::{Width, terminal_size};

/// How a table looks on stdout. `COLUMNS` goes before what the terminal says, also where there is
/// none; colours are for terminals, unless `NO_COLOR` is set to something (no-color.org).
pub fn of_stdout() -> Look {
    let terminal = io::stdout().is_terminal();
    let said = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let columns = said("COLUMNS").and_then(|columns| columns.parse().ok());
    let measured = || {
        let size = terminal.then(terminal_size).flatten();
        size.map(|(Width(columns), _)| usize::from(columns))
    };
    let dumb = said("TERM").is_some_and(|kind| kind == "dumb");
    let colour = terminal && !dumb && said("NO_COLOR").is_none();
    Look::new(columns.or_else(measured), colour)
}
