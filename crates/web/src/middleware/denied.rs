//! Tells the audit trail what recognised callers were denied. Strangers are in the log alone: they are
//! without number.

use crate::app::App;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde::Serialize;
use std::sync::{Arc, OnceLock};
use store::WriteContext;

/// Whom a request comes from. The handler's side of the service finds out; what wraps it has to know.
#[derive(Clone, Default)]
pub(crate) struct Recognised(Arc<OnceLock<String>>);

impl Recognised {
    /// Notes the caller. The first word stands: a request has one caller.
    pub(crate) fn is(&self, name: &str) {
        let _ = self.0.set(name.to_owned());
    }
}

/// What the audit trail keeps of a denial.
#[derive(Serialize)]
struct Denial {
    /// The status of the answer.
    status: u16,
    /// Denials since the entry before, this one included.
    count: u64,
}

/// Adds what a recognised caller was denied to the audit trail, before the answer goes out.
pub(crate) async fn audit_denied(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    // The pattern, not the path, which holds serials.
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let action = format!("{} {}", known(request.method()), route.unwrap_or("/"));
    let recognised = Recognised::default();
    request.extensions_mut().insert(recognised.clone());
    let response = next.run(request).await;
    let status = response.status();
    let denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let Some(name) = recognised.0.get().filter(|_| denied) else { return response };
    let now = app.now();
    if let Some(count) = app.denials().count(name, &action, now) {
        let denial = Denial { status: status.as_u16(), count };
        let told =
            app.store().record("denied", &action, &denial, WriteContext::new(name, now)).await;
        if let Err(error) = told {
            tracing::error!(%error, "a denial is not in the audit trail");
        }
    }
    response
}

/// A method's name, if it is one that is served: a stranger may send any word.
pub(crate) fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}
