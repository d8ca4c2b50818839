//! Secrets that let someone in: API keys, sign-in links, sessions. Each is 256 random bits shown
//! once; only its SHA-256 is stored, which is enough for values that cannot be guessed. Nothing
//! here may log or store a secret itself.

use crate::cli::KeysCommand;
use crate::clock;
use crate::scan_object::new_id;
use crate::settings::Settings;
use crate::storage::open_store;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::Write;
use std::process::ExitCode;
use std::str::FromStr;
use store::{Key, NewKey, Store};
use utoipa::ToSchema;

/// How a key begins, so that people and secret scanners know what it is.
const KEY_PREFIX: &str = "lsk_";

/// What a key or a person may do; each role may do what those before it may.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    clap::ValueEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sends photos and sees own scans.
    Technician,
    /// Also decides reviews and sees every scan, terminal and delivery.
    Operator,
    /// Also manages keys and settings.
    Admin,
}

impl Role {
    /// The word that is stored and typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Technician => "technician",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> anyhow::Result<Self> {
        [Self::Technician, Self::Operator, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or_else(|| anyhow::anyhow!("there is no role {word:?}"))
    }
}

/// A secret in clear. It has no `Debug` that shows it.
pub struct Token(String);

impl Token {
    /// A new API key.
    ///
    /// # Errors
    /// If the operating system gives no random bytes.
    pub fn new_key() -> anyhow::Result<Self> {
        Self::random(KEY_PREFIX)
    }

    /// A new secret for a sign-in link or a session.
    ///
    /// # Errors
    /// If the operating system gives no random bytes.
    pub fn new_secret() -> anyhow::Result<Self> {
        Self::random("")
    }

    fn random(prefix: &str) -> anyhow::Result<Self> {
        let mut bytes = [0; 32];
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok(Self(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The secret itself, to be shown to its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token")
    }
}

/// What is stored of a secret that a client presents.
pub fn hash(presented: &str) -> [u8; 32] {
    Sha256::digest(presented.as_bytes()).into()
}

/// Runs `labelscan keys`.
///
/// # Errors
/// If the database cannot be opened, or there is no such key to revoke.
pub fn run(command: KeysCommand, settings: Settings) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = open_store(&settings).await?;
        let done = run_in(&store, command).await;
        store.close().await;
        done.map(|()| ExitCode::SUCCESS)
    })
}

async fn run_in(store: &Store, command: KeysCommand) -> anyhow::Result<()> {
    let now = clock::now();
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
