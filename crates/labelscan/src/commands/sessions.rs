//! `labelscan sessions`: who is signed in, and signing people out.

use crate::cli::SessionsCommand;
use pipeline::clock::Clock;
use pipeline::settings::Settings;
use pipeline::storage::with_store;
use std::io::Write;
use std::process::ExitCode;
use store::{OpenSession, Store, WriteContext};

/// Runs `labelscan sessions`.
///
/// # Errors
/// If the database cannot be opened, or there is no such session.
pub(crate) fn run(command: SessionsCommand, settings: Settings) -> anyhow::Result<ExitCode> {
    with_store(&settings, async |store| {
        run_in(&store, command).await?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn run_in(store: &Store, command: SessionsCommand) -> anyhow::Result<()> {
    let now = Clock::System.now();
    let context = WriteContext::new("operator", now);
    let mut out = std::io::stdout().lock();
    match command {
        SessionsCommand::List => {
            let (began, ends) = ("began", "ends");
            writeln!(out, "{:16}  {:10}  {began:20}  {ends:20}  name", "id", "role")?;
            for session in store.sessions(now).await? {
                let OpenSession { id, role, name, created_at, expires_at } = session;
                let (began, ends) = (format!("{created_at:.0}"), format!("{expires_at:.0}"));
                writeln!(out, "{id:16}  {role:10}  {began:20}  {ends:20}  {name}")?;
            }
        }
        SessionsCommand::End { name: Some(name), .. } => {
            let ended = store.end_sessions_of(&name, context).await?;
            writeln!(out, "ended {ended} sessions of {name}")?;
        }
        SessionsCommand::End { id, name: None } => {
            let id = id.unwrap_or_default();
            store.end_session(&id, context).await?;
            writeln!(out, "ended {id}")?;
        }
    }
    Ok(())
}
