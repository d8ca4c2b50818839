//! Keys: who may come in with one, and what a secret opens that somebody presents as a key.

use crate::access::sessions::end_sessions;
use crate::database::error::StoreError;
use crate::database::hash::hex;
use crate::database::row::{column, time, time_or_none};
use crate::database::tx::WriteContext;
use crate::store::Store;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

/// How often a key's last use is written, in milliseconds: writing it at every request would make
/// every read a write.
const USE_RECORDED_EVERY_MS: i64 = 60_000;
/// Who makes and revokes keys, at the command line.
const OPERATOR: &str = "operator";

/// A key that is to be recorded.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its id, made by the caller.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// When it ends by itself, if it does.
    pub expires_at: Option<Timestamp>,
}

/// What the audit trail keeps of a new key or sign-in link.
#[derive(Serialize, Deserialize)]
pub(crate) struct Granted {
    pub(crate) name: String,
    pub(crate) role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Timestamp>,
}

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// When it ends by itself, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
}

/// What a secret opens that somebody presents as a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// A key in force.
    InForce(Key),
    /// A key whose time is over.
    Expired(Key),
    /// A key that was revoked.
    Revoked(Key),
    /// Nothing: no key ever had this secret.
    Unknown,
}

impl Key {
    /// Whether its time is over; its last moment is the one before `expires_at`.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

impl Store {
    /// Records a key.
    ///
    /// # Errors
    /// If the id or the secret exists already, or the database does not answer.
    pub async fn create_key(&self, key: NewKey, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin(WriteContext::new(OPERATOR, now)).await?;
        sqlx::query(
            "INSERT INTO keys (id, name, role, hash, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&key.id)
        .bind(&key.name)
        .bind(&key.role)
        .bind(hex(&key.hash))
        .bind(now.as_millisecond())
        .bind(key.expires_at.map(Timestamp::as_millisecond))
        .execute(&mut *tx.connection)
        .await?;
        let granted =
            Granted { name: key.name.clone(), role: key.role.clone(), expires_at: key.expires_at };
        tx.audit("key.created", &key.id, &granted)?;
        tx.commit().await.map(drop)
    }

    /// The key whose secret has this hash. The use of one in force is recorded.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn key_by_hash(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Presented, StoreError> {
        let row = sqlx::query("SELECT * FROM keys WHERE hash = $1")
            .bind(hex(hash))
            .fetch_optional(self.database.reader())
            .await?;
        let Some(row) = row else { return Ok(Presented::Unknown) };
        let key = key_from(&row)?;
        if key.revoked_at.is_some() {
            return Ok(Presented::Revoked(key));
        }
        if key.has_expired(now) {
            return Ok(Presented::Expired(key));
        }
        let stale = now.as_millisecond().saturating_sub(USE_RECORDED_EVERY_MS);
        if key.used_at.is_none_or(|used| used.as_millisecond() < stale) {
            sqlx::query("UPDATE keys SET used_at = $1 WHERE id = $2")
                .bind(now.as_millisecond())
                .bind(&key.id)
                .execute(self.database.writer())
                .await?;
        }
        Ok(Presented::InForce(key))
    }

    /// Every key, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn keys(&self) -> Result<Vec<Key>, StoreError> {
        let rows = sqlx::query("SELECT * FROM keys ORDER BY created_at DESC, id LIMIT $1")
            .bind(self.limits.rows(0))
            .fetch_all(self.database.reader())
            .await?;
        rows.iter().map(key_from).collect()
    }

    /// Revokes a key for good, and ends the sessions of its name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such key, or it is revoked already.
    pub async fn revoke_key(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin(WriteContext::new(OPERATOR, now)).await?;
        let revoked = sqlx::query(
            "UPDATE keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL RETURNING name",
        )
        .bind(now.as_millisecond())
        .bind(id)
        .fetch_optional(&mut *tx.connection)
        .await?;
        let name: String = column(&revoked.ok_or(StoreError::NotFound("key in force"))?, "name")?;
        end_sessions(&mut tx, &name).await?;
        tx.audit("key.revoked", id, &())?;
        tx.commit().await.map(drop)
    }
}

fn key_from(row: &AnyRow) -> Result<Key, StoreError> {
    Ok(Key {
        id: column(row, "id")?,
        name: column(row, "name")?,
        role: column(row, "role")?,
        created_at: time(row, "created_at")?,
        revoked_at: time_or_none(row, "revoked_at")?,
        expires_at: time_or_none(row, "expires_at")?,
        used_at: time_or_none(row, "used_at")?,
    })
}
