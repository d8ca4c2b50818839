//! `labelscan keys`: keys for the API are made, listed and revoked.

use crate::cli::KeysCommand;
use jiff::{SignedDuration, Timestamp};
use pipeline::access::Token;
use pipeline::answer::new_id;
use pipeline::clock::Clock;
use pipeline::settings::Settings;
use pipeline::storage::with_store;
use std::io::Write;
use std::process::ExitCode;
use store::{Key, NewKey, Store};

/// Runs `labelscan keys`.
///
/// # Errors
/// If the database cannot be opened, or there is no such key to revoke.
pub(crate) fn run(command: KeysCommand, settings: Settings) -> anyhow::Result<ExitCode> {
    with_store(&settings, async |store| {
        run_in(&store, command).await?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn run_in(store: &Store, command: KeysCommand) -> anyhow::Result<()> {
    let now = Clock::System.now();
    let mut out = std::io::stdout().lock();
    match command {
        KeysCommand::Create { name, role, days } => {
            let end =
                |days: u32| now.saturating_add(SignedDuration::from_hours(24 * i64::from(days)));
            let expires_at = days.map(end).transpose()?;
            let key = Token::new_key()?;
            let id = new_id(now).to_string();
            let (role, hash) = (role.as_str().to_owned(), key.hash());
            let new = NewKey { id, name, role, hash, expires_at };
            store.create_key(new, now).await?;
            writeln!(out, "{}", key.reveal())?;
        }
        KeysCommand::List => {
            let (made, used, ends) = ("made", "last used", "ends");
            writeln!(out, "{:36}  {:10}  {made:20}  {used:20}  {ends:20}  name", "id", "role")?;
            for key in store.keys().await? {
                let never =
                    |at: Option<Timestamp>| at.map_or("never".into(), |at| format!("{at:.0}"));
                let made = format!("{:.0}", key.created_at);
                let used = never(key.used_at);
                let ends = match key.revoked_at {
                    Some(_) => "revoked".to_owned(),
                    None if key.has_expired(now) => "expired".to_owned(),
                    None => never(key.expires_at),
                };
                let Key { id, role, name, .. } = key;
                writeln!(out, "{id:36}  {role:10}  {made:20}  {used:20}  {ends:20}  {name}")?;
            }
        }
        KeysCommand::Revoke { id } => {
            store.revoke_key(&id, now).await?;
            writeln!(out, "revoked {id}")?;
        }
    }
    Ok(())
}
