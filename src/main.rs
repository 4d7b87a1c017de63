//! The command line: parse, dispatch, print the error, exit code.

#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod array_index;
mod cli;
mod commands;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    commands::outlive_file_limits();
    let result = match Cli::parse().command {
        Command::Run(args) => commands::run(&args),
        Command::Plan(args) => commands::plan(&args),
        Command::Check(args) => commands::check(&args),
        Command::Simulate(args) => commands::simulate(&args),
        Command::Replay(args) => commands::replay(&args),
        Command::Summarize(args) => commands::summarize(&args),
        Command::Report(args) => commands::report(&args),
        Command::Gate(args) => commands::gate(&args),
        Command::Verify(args) => commands::verify(&args),
        Command::Status(args) => commands::status(&args),
        Command::Merge(args) => commands::merge(&args),
        Command::Job(args) => commands::job(&args),
        Command::Worlds(args) => commands::worlds(&args),
        Command::Schema(args) => commands::schema(&args),
        Command::Completions(args) => commands::completions(&args),
        Command::Man(args) => commands::man(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::complain(&error);
            ExitCode::from(sysworld::error::exit_code(&error))
        }
    }
}
