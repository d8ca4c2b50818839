//! The program: the command line, the inbox and what operators run. It wires the crates together and
//! talks to people; it never decides what a serial is and never touches a database, a registry or a
//! request itself.
//!
//! Where to find what:
//! - [`cli`]: every command and flag
//! - `commands`: one file a command
//! - `inbox`: a folder whose photos are taken
//! - `operate` beside `src`: unit, container, alerts, dashboard

pub mod cli;
mod commands;
mod inbox;
mod log;
mod log_lines;

use cli::{Cli, Command};
use commands::{
    backup, check, estate, eval, explain, formats, generate, keys, print, reconcile, scan, serve,
    sessions, sign_in, watch,
};
use log::Log;
use nix::sys::stat::Mode;
use pipeline::settings::Settings;
use std::process::ExitCode;

/// Exit code of a command that could not run at all.
pub const COULD_NOT_RUN: u8 = 2;

/// Runs one command, everything but `reader`.
pub fn run(cli: Cli) -> ExitCode {
    if cli.command.keeps_state() {
        // What is kept is for whoever runs the service, file by file and folder by folder.
        nix::sys::stat::umask(Mode::S_IRWXG | Mode::S_IRWXO);
    }
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
        Command::Scan(args) => scan::run(&args, &settings),
        Command::Explain(args) => explain::run(&args, &settings),
        Command::Eval(args) => eval::run(&args, &settings),
        Command::Formats(args) => formats::run(&args, &settings),
        Command::Serve(_) => serve::run(settings),
        Command::Watch(args) => watch::run(args, settings),
        Command::Keys(command) => keys::run(command, settings),
        Command::Sessions(command) => sessions::run(command, settings),
        Command::SignIn(args) => sign_in::run(args, settings),
        Command::Check(args) => check::run(&args, &settings),
        Command::Migrate => check::migrate(&settings),
        Command::Backup(args) => backup::backup(&args, &settings),
        Command::Restore(args) => backup::restore(&args, &settings),
        Command::Generate(args) => generate::run(&args, &settings),
        Command::Print(args) => print::run(&args, &settings),
        Command::Estate(command) => estate::run(&command, &settings),
        Command::Reconcile(args) => reconcile::run(&args, &settings),
        Command::Seal(command) => backup::seal(command, &settings),
        Command::Reader => unreachable!("main starts readers itself, before anything else"),
    }
}
