//! The program around the crates: command line, settings, reader processes, HTTP and pages.
//!
//! It wires things together and talks to people; it never decides what a serial is (`validate`
//! does) and never touches a database or a registry itself (`store` and `outbound` do).

mod check;
pub mod cli;
pub mod clock;
mod desk;
mod estate;
mod eval;
mod expected;
pub mod formats;
#[cfg(fuzzing)]
pub mod fuzzing;
mod generate;
mod hex;
mod http;
mod inbox;
pub mod keys;
mod log;
mod metrics;
mod oidc;
mod pages;
mod pipeline;
mod print;
pub mod readers;
mod reconcile;
mod registration;
mod scan_command;
pub mod scan_object;
pub mod serve;
pub mod settings;
mod sheet;
mod storage;
mod tls;
mod turns;
mod upkeep;
mod watch;
mod work;

use cli::{Cli, Command};
use log::Log;
use settings::Settings;
use std::process::ExitCode;

/// Exit code of a command that could not run at all.
pub const COULD_NOT_RUN: u8 = 2;

/// Runs one command, everything but `reader`.
pub fn run(cli: Cli) -> ExitCode {
    let outcome = Settings::load(&cli.flags()).map_err(anyhow::Error::from).and_then(|settings| {
        let _log = Log::start(&settings)?;
        dispatch(cli.command, settings)
    });
    outcome.unwrap_or_else(|error| {
        eprintln!("labelscan: {error:#}");
        ExitCode::from(COULD_NOT_RUN)
    })
}

fn dispatch(command: Command, settings: Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Scan(args) => scan_command::run(&args, &settings),
        Command::Eval(args) => eval::run(&args, &settings),
        Command::Formats(args) => formats::run(&args, &settings),
        Command::Serve(_) => serve::run(settings),
        Command::Watch(args) => watch::run(args, settings),
        Command::Keys(command) => keys::run(command, settings),
        Command::Check(args) => check::run(&args, &settings),
        Command::Migrate => check::migrate(&settings),
        Command::Backup(args) => storage::backup(&args, &settings),
        Command::Restore(args) => storage::restore(&args, &settings),
        Command::Generate(args) => generate::run(&args, &settings),
        Command::Print(args) => print::run(&args, &settings),
        Command::Estate(command) => estate::run(&command, &settings),
        Command::Reconcile(args) => reconcile::run(&args, &settings),
        Command::Seal(command) => storage::seal(command, &settings),
        Command::Reader => unreachable!("main starts readers itself, before anything else"),
    }
}
