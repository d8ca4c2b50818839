//! Photos and serials at rest: sealed with XChaCha20-Poly1305 under a key that lies elsewhere, and
//! found again by a blind index.
//!
//! Each sealed value names its key in a header and is bound to its cell: the same bytes in another
//! row, column or photo do not open. Equal serials give equal values of the blind index
//! (HMAC-SHA256 under a key of its own), which is what an index is for, and nothing else gives them
//! away. Nothing here may put a serial or a key into an error, and with encryption on a value that
//! is not sealed is never taken for one that is.

use crate::database::engine::Database;
use crate::database::error::StoreError;
use crate::database::hash::hex;
use crate::database::row::{column, from_json, to_json};
use crate::seal::cipher::{self, TAG_BYTES};
use crate::seal::context::{IndexDomain, SealContext};
use crate::seal::header::{HEADER_BYTES, SealHeader};
use crate::seal::keys::KeyFile;
use crate::settings::Encryption;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// What the database holds as its mark if nothing in it is sealed.
const OPEN_MARK: &str = "off";

/// Seals and opens, or does neither if encryption is off.
#[derive(Clone)]
pub(crate) enum Seal {
    Off,
    On(Arc<KeyFile>),
}

impl Seal {
    /// The seal of a database: with the keys that its rows were sealed with, with new keys if it has
    /// no rows, and never in another way than its rows are. True if it had none.
    pub(crate) async fn open(
        database: &Database,
        encryption: &Encryption,
    ) -> Result<(Self, bool), StoreError> {
        let recorded = recorded_mark(database).await?;
        let is_new = recorded.is_none();
        let seal = match (encryption, recorded.as_deref()) {
            (Encryption::Off, None | Some(OPEN_MARK)) => Self::Off,
            (Encryption::Off, Some(_)) => {
                let why = "the data is sealed: take `encryption = \"off\"` out of the settings";
                return Err(StoreError::Settings(why.into()));
            }
            (Encryption::On { .. }, Some(OPEN_MARK)) => {
                let why = "the data was recorded with encryption off: write `encryption = \"off\"` \
                           (LABELSCAN_ENCRYPTION=off) to go on so, or begin with an empty data folder";
                return Err(StoreError::Settings(why.into()));
            }
            (Encryption::On { keys }, None) => Self::On(KeyFile::open_or_make(keys)?.into()),
            (Encryption::On { keys }, Some(_)) => Self::On(KeyFile::open(keys)?.into()),
        };
        let mark = seal.mark();
        let recorded = match recorded {
            Some(recorded) => recorded,
            None => record_mark(database, &mark).await?,
        };
        if recorded == mark { Ok((seal, is_new)) } else { Err(seal.refused()) }
    }

    /// Tells this seal from every other.
    fn mark(&self) -> String {
        match self {
            Self::Off => OPEN_MARK.into(),
            Self::On(file) => named(file, "mark", b""),
        }
    }

    fn refused(&self) -> StoreError {
        let keys = self.file().map(|file| file.path().display().to_string()).unwrap_or_default();
        StoreError::Settings(format!(
            "the data is sealed with other keys than those at {keys}: put the copy of the right key \
             file there, or say with `seal_keys` (LABELSCAN_SEAL_KEYS) where it is"
        ))
    }

    /// The key file, if it was made when it was opened.
    pub(crate) fn made(&self) -> Option<&Path> {
        match self {
            Self::On(file) if file.was_made() => Some(file.path()),
            _ => None,
        }
    }

    pub(crate) fn file(&self) -> Option<&KeyFile> {
        match self {
            Self::Off => None,
            Self::On(file) => Some(file),
        }
    }

    /// The bytes that are stored for a value.
    pub(crate) fn seal(&self, cell: SealContext<'_>, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let Self::On(file) = self else { return Ok(plain.to_vec()) };
        let keys = file.keys();
        let mut nonce = [0; 24];
        SysRng
            .try_fill_bytes(&mut nonce)
            .map_err(|error| StoreError::unavailable("the source of random numbers", error))?;
        let key = keys.current();
        let header = SealHeader { key, nonce }.to_bytes();
        let mut sealed = Vec::with_capacity(HEADER_BYTES + plain.len() + TAG_BYTES);
        sealed.extend_from_slice(&header);
        sealed.extend_from_slice(plain);
        let text = &mut sealed[HEADER_BYTES..];
        let tag = keys
            .get(key)
            .and_then(|secret| cipher::seal(secret, &nonce, &cell.associated(&header), text))
            .ok_or_else(|| StoreError::Invalid(format!("{cell} cannot be sealed")))?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// The same for many bytes, which are not copied if they are stored as they are.
    pub(crate) fn seal_bytes(
        &self,
        cell: SealContext<'_>,
        plain: Bytes,
    ) -> Result<Bytes, StoreError> {
        if matches!(self, Self::Off) { Ok(plain) } else { Ok(self.seal(cell, &plain)?.into()) }
    }

    /// The value behind stored bytes.
    pub(crate) fn open_value(
        &self,
        cell: SealContext<'_>,
        stored: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        Ok(self.open_bytes(cell, stored.to_vec())?.to_vec())
    }

    /// The same for many bytes, which are opened where they lie.
    pub(crate) fn open_bytes(
        &self,
        cell: SealContext<'_>,
        mut stored: Vec<u8>,
    ) -> Result<Bytes, StoreError> {
        let Self::On(file) = self else { return Ok(stored.into()) };
        let damaged =
            |why: &dyn fmt::Display| StoreError::Damaged(format!("{cell} cannot be opened: {why}"));
        let (SealHeader { key, nonce }, rest) =
            SealHeader::parse(&stored).map_err(|error| damaged(&error))?;
        if rest.len() < TAG_BYTES {
            return Err(damaged(&"it is cut off"));
        }
        let keys = file.keys();
        let Some(secret) = keys.get(key) else {
            return Err(StoreError::KeyMissing { key, file: file.path().to_owned() });
        };
        let associated = cell.associated(&stored[..HEADER_BYTES]);
        cipher::open(secret, &nonce, &associated, &mut stored[HEADER_BYTES..])
            .ok_or_else(|| damaged(&"it was changed, or belongs elsewhere"))?;
        stored.truncate(stored.len() - TAG_BYTES);
        Ok(Bytes::from(stored).slice(HEADER_BYTES..))
    }

    /// A value as JSON, sealed.
    pub(crate) fn seal_json(
        &self,
        cell: SealContext<'_>,
        value: &impl Serialize,
    ) -> Result<Vec<u8>, StoreError> {
        self.seal(cell, &to_json(value)?)
    }

    /// A value from sealed JSON.
    pub(crate) fn open_json<T: DeserializeOwned>(
        &self,
        cell: SealContext<'_>,
        stored: &[u8],
    ) -> Result<T, StoreError> {
        from_json(&self.open_value(cell, stored)?)
    }

    /// A text that was sealed.
    pub(crate) fn open_text(
        &self,
        cell: SealContext<'_>,
        stored: &[u8],
    ) -> Result<String, StoreError> {
        String::from_utf8(self.open_value(cell, stored)?)
            .map_err(|_| StoreError::Damaged(format!("{cell} is no text")))
    }

    /// What stands in an index in place of a value: the same for the same value, and no way back
    /// without the key. The value itself if encryption is off.
    pub(crate) fn blind(&self, what: IndexDomain, value: &str) -> String {
        match self {
            Self::Off => value.to_owned(),
            Self::On(file) => named(file, what.label(), value.as_bytes()),
        }
    }

    /// The hash of an entry in the audit trail's chain: with encryption on nobody without the keys
    /// can compute it, so nobody can forge an entry or guess at what is sealed in one.
    pub(crate) fn chained(&self, hash: [u8; 32]) -> [u8; 32] {
        match self {
            Self::Off => hash,
            Self::On(file) => derived(file.keys().index(), "audit", &hash),
        }
    }
}

/// 128 bits of the derived value: two of a billion are alike with a chance of 1 in 10^20.
fn named(file: &KeyFile, label: &str, value: &[u8]) -> String {
    hex(&derived(file.keys().index(), label, value)[..16])
}

/// HMAC-SHA256 of a value under a key derived for one use, as in HKDF's second step (RFC 5869).
fn derived(secret: &[u8; 32], label: &str, value: &[u8]) -> [u8; 32] {
    let keyed = |key: &[u8], message: &[u8]| -> [u8; 32] {
        // Any length of key will do for HMAC.
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key);
        mac.expect("a key").chain_update(message).finalize().into_bytes().into()
    };
    keyed(&keyed(secret, &[label.as_bytes(), &[1]].concat()), value)
}

/// How the database's rows are sealed, if it has any.
async fn recorded_mark(database: &Database) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT mark FROM sealing").fetch_optional(database.reader()).await?;
    if let Some(row) = row {
        return Ok(Some(column(&row, "mark")?));
    }
    // Rows without a mark are from before there was sealing.
    let written = sqlx::query("SELECT 1 FROM audit UNION ALL SELECT 1 FROM scans LIMIT 1");
    let written = written.fetch_optional(database.reader()).await?;
    Ok(written.map(|_| OPEN_MARK.to_owned()))
}

/// Records the mark; the one that stands, if another was first.
async fn record_mark(database: &Database, mark: &str) -> Result<String, StoreError> {
    sqlx::query(
        "INSERT INTO sealing (only_row, mark) VALUES (1, $1) ON CONFLICT (only_row) DO NOTHING",
    )
    .bind(mark)
    .execute(database.writer())
    .await?;
    let row = sqlx::query("SELECT mark FROM sealing").fetch_one(database.reader()).await?;
    column(&row, "mark")
}
