//! Secrets that let someone in: API keys, sign-in links, sessions. Each is 256 random bits shown
//! once; only its SHA-256 is stored, which is enough for values that cannot be guessed. Nothing
//! here may log or store a secret itself.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
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
