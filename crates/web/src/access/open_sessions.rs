//! The sessions of people, for those who look after them: who is signed in, and ending it.

use crate::access::caller::Caller;
use crate::app::App;
use crate::extract::{Path, Query};
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use pipeline::access::Role;
use serde::{Deserialize, Serialize};
use store::{OpenSession, WriteContext};
use utoipa::{IntoParams, ToSchema};

/// A browser that is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionObject {
    /// Names it, to end it.
    #[schema(example = "0123456789abcdef")]
    id: String,
    /// Who it is.
    #[schema(example = "van 7")]
    name: String,
    /// What it may do.
    #[schema(example = "technician")]
    role: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Everybody who is signed in.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"sessions": [{
    "id": "0123456789abcdef",
    "name": "van 7",
    "role": "technician",
    "created_at": "2026-03-01T08:00:00Z",
    "expires_at": "2026-03-31T08:00:00Z",
}]}))]
pub(crate) struct SessionList {
    /// Newest first.
    sessions: Vec<SessionObject>,
}

/// Whose sessions to end.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NameQuery {
    /// The name.
    #[param(max_length = 100)]
    name: String,
}

/// How many were ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndedSessions {
    /// How many sessions.
    #[schema(example = 2)]
    ended: u64,
}

impl From<OpenSession> for SessionObject {
    fn from(session: OpenSession) -> Self {
        let OpenSession { id, role, name, created_at, expires_at } = session;
        Self { id, name, role, created_at, expires_at }
    }
}

/// Who is signed in
///
/// For operators.
#[utoipa::path(
    get, path = "/v1/sessions", tag = "people",
    responses((status = 200, description = "Every session that is not over.", body = SessionList), Problem),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<axum::Json<SessionList>, Problem> {
    caller.at_least(Role::Operator)?;
    let sessions = app.store().sessions(app.now()).await?;
    Ok(axum::Json(SessionList { sessions: sessions.into_iter().map(Into::into).collect() }))
}

/// Sign somebody out
///
/// For operators; admins are signed out by admins.
#[utoipa::path(
    delete, path = "/v1/sessions/{id}", tag = "people",
    params(("id" = String, Path, max_length = 16)),
    responses((status = 204, description = "The session is over."), Problem),
)]
pub(crate) async fn end(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.at_least(Role::Operator)?;
    let sessions = app.store().sessions(app.now()).await?;
    let session = sessions.into_iter().find(|it| it.id == id).ok_or(Code::NotFound)?;
    may_end(&caller, &session)?;
    app.store().end_session(&id, WriteContext::new(&caller.name, app.now())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign a person out everywhere
///
/// Links of this name that nobody followed yet are of no use any more either. For operators; admins
/// are signed out by admins.
#[utoipa::path(
    delete, path = "/v1/sessions", tag = "people", params(NameQuery),
    responses((status = 200, description = "What was ended.", body = EndedSessions), Problem),
)]
pub(crate) async fn end_all(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NameQuery>,
) -> Result<axum::Json<EndedSessions>, Problem> {
    caller.at_least(Role::Operator)?;
    for session in app.store().sessions(app.now()).await?.iter().filter(|it| it.name == query.name)
    {
        may_end(&caller, session)?;
    }
    let context = WriteContext::new(&caller.name, app.now());
    let ended = app.store().end_sessions_of(&query.name, context).await?;
    Ok(axum::Json(EndedSessions { ended }))
}

fn may_end(caller: &Caller, session: &OpenSession) -> Result<(), Problem> {
    let role: Role = session.role.parse().map_err(|error| Problem::internal(&error))?;
    caller.at_least(role)
}
