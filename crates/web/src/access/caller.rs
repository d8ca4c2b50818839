//! Who is asking: the holder of a key, or a person with a session. Nothing gets past here without
//! one of them, and a wrong key is never replaced by a cookie that happens to be there too.

use crate::access::cookie::SESSION;
use crate::app::App;
use crate::middleware::denied::Recognised;
use crate::problem::{Code, Problem};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use pipeline::access::{self, Role};
use std::net::SocketAddr;
use store::{Key, Presented};

/// A caller that was recognised.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The name of the key or the person; scans belong to it.
    pub(crate) name: String,
    /// What the caller may do.
    pub(crate) role: Role,
}

impl Caller {
    /// A caller of a stored role.
    pub(crate) fn new(name: String, role: &str) -> Result<Self, Problem> {
        let role = role.parse().map_err(|error| Problem::internal(&error))?;
        Ok(Self { name, role })
    }

    /// Refuses callers below a role.
    pub(crate) fn at_least(&self, role: Role) -> Result<(), Problem> {
        if self.role >= role {
            return Ok(());
        }
        tracing::warn!(caller = self.name, role = self.role.as_str(), "denied");
        Err(Code::Forbidden.into())
    }

    /// Whether the caller may see what belongs to `owner`.
    pub(crate) fn may_see(&self, owner: &str) -> bool {
        self.role >= Role::Operator || self.name == owner
    }

    /// Whose scans the caller sees: a technician's own, everybody's for the others.
    pub(crate) fn owner_filter(&self) -> Option<String> {
        (self.role < Role::Operator).then(|| self.name.clone())
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let recognised = parts.extensions.get::<Recognised>().cloned().unwrap_or_default();
        match recognise(&parts.headers, app, &recognised).await {
            Ok(caller) => {
                app.rate().count_caller(&caller.name)?;
                Ok(caller)
            }
            Err(refused) => {
                if let Some(ConnectInfo(address)) =
                    parts.extensions.get::<ConnectInfo<SocketAddr>>()
                {
                    app.rate().count_stranger(address.ip())?;
                }
                Err(refused)
            }
        }
    }
}

async fn recognise(
    headers: &HeaderMap,
    app: &App,
    recognised: &Recognised,
) -> Result<Caller, Problem> {
    let caller = match bearer(headers) {
        Some(key) => {
            key_holder(app.store().key_by_hash(&access::hash(key?), app.now()).await?, recognised)?
        }
        None => {
            let secret = session_secret(headers, app.is_encrypted()).ok_or(Code::NotSignedIn)?;
            let session = app.store().session_by_hash(&access::hash(secret), app.now()).await?;
            let session = session.ok_or(Code::NotSignedIn)?;
            Caller::new(session.name, &session.role)?
        }
    };
    recognised.is(&caller.name);
    Ok(caller)
}

/// The holder of a key in force. Whose key is over is known and denied.
fn key_holder(presented: Presented, recognised: &Recognised) -> Result<Caller, Problem> {
    let over = |key: Key, code: Code| {
        recognised.is(&key.name);
        Err(code.into())
    };
    match presented {
        Presented::InForce(key) => Caller::new(key.name, &key.role),
        Presented::Expired(key) => over(key, Code::KeyExpired),
        Presented::Revoked(key) => over(key, Code::NotSignedIn),
        Presented::Unknown => Err(Code::NotSignedIn.into()),
    }
}

/// The bearer key, or a refusal if the header holds anything else.
fn bearer(headers: &HeaderMap) -> Option<Result<&str, Problem>> {
    let value = headers.get(header::AUTHORIZATION)?;
    let key = value.to_str().ok().and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    Some(key.ok_or_else(|| Code::NotSignedIn.into()))
}

/// The session secret in the Cookie header.
pub(crate) fn session_secret(headers: &HeaderMap, is_encrypted: bool) -> Option<&str> {
    // Over TLS only the cookie that no other host can plant counts.
    SESSION.value(headers, is_encrypted)
}
