//! Whether the service lives and whether it can do its work: for supervisors and load balancers.

use crate::app::App;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The process answers
#[utoipa::path(get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, description = "It does.", body = String, content_type = "text/plain")))]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// What the service needs to do its work.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// Everything below is well.
    ready: bool,
    /// The database answers and photos can be written.
    storage: bool,
    /// Reader processes that are up now.
    readers: usize,
}

/// The service can take photos
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses(
        (status = 200, description = "It can.", body = Readiness),
        (status = 503, description = "It cannot now.", body = Readiness),
    ))]
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, axum::Json<Readiness>) {
    let storage = storage_answers(&app).await;
    let readers = app.work().readers_up();
    let ready = storage && readers > 0;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(Readiness { ready, storage, readers }))
}

/// Whether the database and the photos' place answer.
async fn storage_answers(app: &App) -> bool {
    match app.store().ping(app.now()).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "the store does not answer");
            false
        }
    }
}
