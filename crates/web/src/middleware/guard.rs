//! What every request passes before and after its handler: an id, a log line, a deadline, headers
//! that keep a browser from doing harm, and an answer even if a handler panics or reads no further.

use crate::app::App;
use crate::middleware::connections::note_work;
use crate::middleware::denied::{audit_denied, known};
use crate::middleware::linger::linger;
use crate::problem::{Code, Problem};
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::request_id::{
    MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps all routes. The last layer sees a request first.
pub(crate) fn guard(routes: Router<App>, app: &App) -> Router<App> {
    routes
        .layer(CsrfLayer::new().with_rejection_response(cross_site))
        .layer(from_fn_with_state(app.clone(), audit_denied))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), deadline))
        .layer(from_fn_with_state(app.clone(), browser_headers))
        .layer(from_fn_with_state(app.clone(), log))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(from_fn(forget_foreign_id))
        .layer(from_fn(linger))
        .layer(from_fn(note_work))
}

/// Ids are ours: one from outside could forge log lines.
async fn forget_foreign_id(mut request: Request, next: Next) -> Response {
    request.headers_mut().remove(REQUEST_ID);
    next.run(request).await
}

/// One line a request. The route's pattern is logged, never the path or the query: they hold
/// serials and sign-in tokens.
async fn log(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let route = route.unwrap_or("unmatched").to_owned();
    let id = request.extensions().get::<RequestId>();
    let id = id.and_then(|id| id.header_value().to_str().ok()).unwrap_or_default().to_owned();
    let method = known(request.method());
    let span = tracing::info_span!("request", %id, method, route);
    let watch = pipeline::clock::Stopwatch::start();
    async move {
        let response = next.run(request).await;
        let (status, ms) = (response.status().as_u16(), watch.elapsed().as_millis() as u64);
        app.metrics().answered(method, &route, status, watch.elapsed().as_secs_f64());
        match route.as_str() {
            "/healthz" | "/readyz" | "/assets/{name}" => tracing::debug!(status, ms, "answered"),
            _ => tracing::info!(status, ms, "answered"),
        }
        response
    }
    .instrument(span)
    .await
}

/// A request that takes longer is given up; what it has stored stays stored.
async fn deadline(State(app): State<App>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(app.request_deadline(), next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::from(Code::RequestTimeout).into_response(),
    }
}

/// Headers that every answer carries. A handler's own value stands.
async fn browser_headers(State(app): State<App>, request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 5] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
             media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let mut response = next.run(request).await;
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.is_only_encrypted() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn cross_site(_: ProtectionError) -> Response {
    Problem::from(Code::CrossSite).into_response()
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    // The panic hook has logged the message and the place.
    Problem::from(Code::Internal).into_response()
}
