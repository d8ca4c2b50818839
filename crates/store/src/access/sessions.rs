//! Who comes in without a key: sign-in links, attempts at the company's identity provider, and
//! sessions. Only hashes of the secrets are stored; the caller makes the secrets and hashes them.

use crate::access::keys::Granted;
use crate::database::error::StoreError;
use crate::database::hash::hex;
use crate::database::row::{column, time};
use crate::database::tx::{Tx, WriteContext};
use crate::store::Store;
use jiff::Timestamp;
use serde::Serialize;

/// A sign-in link that is to be recorded.
#[derive(Clone, Debug)]
pub struct NewSignIn {
    /// Who hands it out.
    pub by: String,
    /// SHA-256 of the link's secret.
    pub hash: [u8; 32],
    /// What whoever follows it may do.
    pub role: String,
    /// What they are called.
    pub name: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What it may do.
    pub role: String,
    /// Who it is.
    pub name: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A session as those see it who may end it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Names it, and opens nothing: the beginning of its secret's hash.
    pub id: String,
    /// What it may do.
    pub role: String,
    /// Who it is.
    pub name: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl Store {
    /// Records a sign-in link, and in the audit trail who hands it out.
    ///
    /// # Errors
    /// If the secret exists already, or the database does not answer.
    pub async fn create_sign_in(&self, link: NewSignIn, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin(WriteContext::new(&link.by, now)).await?;
        sqlx::query(
            "INSERT INTO sign_ins (hash, role, name, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(hex(&link.hash))
        .bind(&link.role)
        .bind(&link.name)
        .bind(now.as_millisecond())
        .bind(link.expires_at.as_millisecond())
        .execute(&mut *tx.connection)
        .await?;
        let expires_at = Some(link.expires_at);
        let granted = Granted { name: link.name.clone(), role: link.role.clone(), expires_at };
        tx.audit("sign_in.created", &link.name, &granted)?;
        tx.commit().await.map(drop)
    }

    /// Makes the links useless that were made for this name and not followed.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn revoke_sign_ins(&self, name: &str, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE sign_ins SET expires_at = $1 WHERE name = $2 AND redeemed_at IS NULL")
            .bind(now.as_millisecond())
            .bind(name)
            .execute(self.database.writer())
            .await?;
        Ok(())
    }

    /// Turns a link into a session, once, and records that in the audit trail. `None` if the link is unknown, used or over.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn redeem_sign_in(
        &self,
        link: &[u8; 32],
        session: &[u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        // Who follows the link, only the link tells.
        let mut tx = self.begin(WriteContext::new("", now)).await?;
        let row = sqlx::query(
            "UPDATE sign_ins SET redeemed_at = $1 \
             WHERE hash = $2 AND redeemed_at IS NULL AND expires_at > $1 RETURNING role, name",
        )
        .bind(now.as_millisecond())
        .bind(hex(link))
        .fetch_optional(&mut *tx.connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let new = Session { role: column(&row, "role")?, name: column(&row, "name")?, expires_at };
        tx.act(WriteContext::new(&new.name, now));
        insert_session(&mut tx, session, &new).await?;
        tx.audit("sign_in.used", &new.name, &new.role)?;
        tx.commit().await?;
        Ok(Some(new))
    }

    /// Opens a session for somebody whom another vouched for, and records in the audit trail who they
    /// are and `how` that is known.
    ///
    /// # Errors
    /// If the secret exists already, or the database does not answer.
    pub async fn open_session(
        &self,
        session: &[u8; 32],
        new: &Session,
        how: &impl Serialize,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(WriteContext::new(&new.name, now)).await?;
        insert_session(&mut tx, session, new).await?;
        tx.audit("session.opened", &new.name, how)?;
        tx.commit().await.map(drop)
    }

    /// Records that an attempt to sign in was begun. False if `attempts_max` are under way; nodes that
    /// ask in the same moment may go over that by one each.
    ///
    /// # Errors
    /// If the attempt exists already, or the database does not answer.
    pub async fn begin_attempt(
        &self,
        attempt: &[u8; 32],
        expires_at: Timestamp,
        attempts_max: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin().await?;
        sqlx::query("DELETE FROM oidc_attempts WHERE expires_at <= $1")
            .bind(now.as_millisecond())
            .execute(&mut *transaction)
            .await?;
        let row = sqlx::query("SELECT COUNT(*) AS attempts FROM oidc_attempts")
            .fetch_one(&mut *transaction)
            .await?;
        let has_room = column::<i64>(&row, "attempts")? < i64::from(attempts_max);
        if has_room {
            sqlx::query("INSERT INTO oidc_attempts (hash, expires_at) VALUES ($1, $2)")
                .bind(hex(attempt))
                .bind(expires_at.as_millisecond())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(has_room)
    }

    /// Ends an attempt, once. False if it was not begun, is over, or was ended before.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn end_attempt(
        &self,
        attempt: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let ended = sqlx::query("DELETE FROM oidc_attempts WHERE hash = $1 AND expires_at > $2")
            .bind(hex(attempt))
            .bind(now.as_millisecond())
            .execute(self.database.writer())
            .await?;
        Ok(ended.rows_affected() == 1)
    }

    /// The session whose secret has this hash, unless it is over.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn session_by_hash(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let row = sqlx::query(
            "SELECT role, name, expires_at FROM sessions WHERE hash = $1 AND expires_at > $2",
        )
        .bind(hex(hash))
        .bind(now.as_millisecond())
        .fetch_optional(self.database.reader())
        .await?;
        row.map(|row| {
            Ok(Session {
                role: column(&row, "role")?,
                name: column(&row, "name")?,
                expires_at: time(&row, "expires_at")?,
            })
        })
        .transpose()
    }

    /// Every session that is not over, newest first.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn sessions(&self, now: Timestamp) -> Result<Vec<OpenSession>, StoreError> {
        let rows = sqlx::query(
            "SELECT SUBSTR(hash, 1, 16) AS id, role, name, created_at, expires_at FROM sessions \
             WHERE expires_at > $1 ORDER BY created_at DESC, hash LIMIT $2",
        )
        .bind(now.as_millisecond())
        .bind(self.limits.rows(0))
        .fetch_all(self.database.reader())
        .await?;
        let session = |row| {
            Ok(OpenSession {
                id: column(row, "id")?,
                role: column(row, "role")?,
                name: column(row, "name")?,
                created_at: time(row, "created_at")?,
                expires_at: time(row, "expires_at")?,
            })
        };
        rows.iter().map(session).collect()
    }

    /// Ends one session.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none with this id.
    pub async fn end_session(&self, id: &str, context: WriteContext<'_>) -> Result<(), StoreError> {
        let mut tx = self.begin(context).await?;
        let row = sqlx::query("DELETE FROM sessions WHERE SUBSTR(hash, 1, 16) = $1 RETURNING name")
            .bind(id)
            .fetch_optional(&mut *tx.connection)
            .await?;
        let name: String = column(&row.ok_or(StoreError::NotFound("session"))?, "name")?;
        tx.audit("session.ended", &name, &id)?;
        tx.commit().await.map(drop)
    }

    /// Ends every session of a name, and its links that nobody followed yet; how many sessions.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn end_sessions_of(
        &self,
        name: &str,
        context: WriteContext<'_>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.begin(context).await?;
        let ended = end_sessions(&mut tx, name).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Signs a browser out. An unknown session is signed out already.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn delete_session(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE hash = $1")
            .bind(hex(hash))
            .execute(self.database.writer())
            .await?;
        Ok(())
    }
}

/// Ends what a name can come in with besides its keys.
pub(crate) async fn end_sessions(tx: &mut Tx<'_>, name: &str) -> Result<u64, StoreError> {
    sqlx::query("DELETE FROM sign_ins WHERE name = $1 AND redeemed_at IS NULL")
        .bind(name)
        .execute(&mut *tx.connection)
        .await?;
    let ended = sqlx::query("DELETE FROM sessions WHERE name = $1")
        .bind(name)
        .execute(&mut *tx.connection)
        .await?
        .rows_affected();
    if ended > 0 {
        tx.audit("sessions.ended", name, &ended)?;
    }
    Ok(ended)
}

/// Records a session; what is over goes.
async fn insert_session(
    tx: &mut Tx<'_>,
    session: &[u8; 32],
    new: &Session,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (hash, role, name, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(hex(session))
    .bind(&new.role)
    .bind(&new.name)
    .bind(tx.now.as_millisecond())
    .bind(new.expires_at.as_millisecond())
    .execute(&mut *tx.connection)
    .await?;
    for spent in [
        "DELETE FROM sessions WHERE expires_at <= $1",
        "DELETE FROM sign_ins WHERE expires_at <= $1",
    ] {
        sqlx::query(spent).bind(tx.now.as_millisecond()).execute(&mut *tx.connection).await?;
    }
    Ok(())
}
