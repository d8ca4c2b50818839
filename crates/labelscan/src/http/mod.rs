//! The HTTP interface: routes, their documentation, and nothing that decides. A handler reads a
//! request, asks [`App`], and answers; every refusal is a [`problem::Problem`] with a stable code.

mod app;
mod caller;
pub(crate) mod connections;
mod console;
mod cookie;
mod decision;
mod deliveries;
mod denied;
pub(crate) mod details;
mod estate;
mod extract;
mod formats;
mod guard;
mod health;
pub(crate) mod intake;
mod linger;
mod maintenance;
mod maintenance_photos;
mod metrics;
mod oidc;
pub(crate) mod problem;
mod rate;
mod reconciliation;
pub(crate) mod registry;
mod resumable;
mod reviews;
mod scans;
mod serials;
mod session;
mod sign_ins;
pub(crate) mod stored;
mod terminal_events;
mod terminal_search;
mod terminals;
pub(crate) mod upload;

pub(crate) use app::App;
pub(crate) use metrics::metrics_routes;

use crate::keys::Role;
use crate::pages;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use caller::Caller;
use problem::{Code, Problem};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the documentation says about the service as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "labelscan",
        description = "Photos of terminals' labels in, judged serial numbers out. Every refusal is \
            `application/problem+json` with a stable `code`.",
    ),
    components(schemas(problem::ProblemBody)),
    security(("key" = [])),
    modifiers(&KeyScheme),
)]
struct Documentation;

struct KeyScheme;

impl utoipa::Modify for KeyScheme {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        if let Some(components) = api.components.as_mut() {
            components.add_security_scheme("key", SecurityScheme::Http(scheme));
        }
    }
}

/// Every route of the service.
pub(crate) fn routes(app: App) -> Router {
    let (calls, api) = calls().split_for_parts();
    let body_bytes_max = app.limits().body_bytes_max();
    let pages = Router::new()
        .route("/", get(first_page))
        .route("/docs", get(async |headers: HeaderMap| pages::docs(&headers)))
        .route("/sign-in", get(session::page).post(session::enter))
        .route("/sign-out", axum::routing::post(session::leave))
        .route("/sw.js", get(pages::service_worker))
        .route("/assets/{name}", get(pages::asset))
        .route("/openapi.json", get(async || Json(api)));
    let routes = calls
        .merge(pages)
        .merge(console::routes())
        .fallback(async || Problem::from(Code::NotFound))
        .method_not_allowed_fallback(async || Problem::from(Code::MethodNotAllowed))
        .layer(DefaultBodyLimit::max(body_bytes_max));
    guard::guard(routes, &app).with_state(app)
}

/// The calls for programs, with their documentation.
fn calls() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Documentation::openapi())
        .routes(routes!(scans::receive, scans::list))
        .routes(routes!(scans::read))
        .routes(routes!(scans::get))
        .routes(routes!(resumable::look, resumable::part, resumable::cancel))
        .routes(routes!(scans::photo))
        .routes(routes!(decision::decide))
        .routes(routes!(reviews::next))
        .routes(routes!(reviews::aside))
        .routes(routes!(terminals::list))
        .routes(routes!(terminals::get))
        .routes(routes!(terminal_events::record))
        .routes(routes!(terminal_events::verify))
        .routes(routes!(terminal_search::export))
        .routes(routes!(maintenance::list, maintenance::add))
        .routes(routes!(maintenance::edit))
        .routes(routes!(maintenance_photos::add))
        .routes(routes!(maintenance_photos::get, maintenance_photos::remove))
        .routes(routes!(maintenance::set_warranty))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::replay_all))
        .routes(routes!(deliveries::replay))
        .routes(routes!(estate::list, estate::import))
        .routes(routes!(estate::remove))
        .routes(routes!(serials::issue))
        .routes(routes!(registry::get))
        .routes(routes!(registry::reopen))
        .routes(routes!(reconciliation::compare))
        .routes(routes!(formats::list))
        .routes(routes!(sign_ins::create))
        .routes(routes!(oidc::start))
        .routes(routes!(oidc::callback))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
}

/// The technician's page for whoever is signed in, the way to sign in for the others.
async fn first_page(
    State(app): State<App>,
    headers: HeaderMap,
    caller: Result<Caller, Problem>,
) -> Response {
    match caller {
        Ok(caller) => pages::capture(&headers, app.has_registry(), caller.role >= Role::Operator),
        Err(_) => Redirect::to("/sign-in").into_response(),
    }
}

/// Refuses a parameter that is longer than documented.
fn at_most(name: &str, text: Option<&str>, chars_max: usize) -> Result<(), Problem> {
    match text {
        Some(text) if text.chars().count() > chars_max => {
            let detail = format!("{name}: more than {chars_max} characters");
            Err(Problem::new(Code::ParameterInvalid, detail))
        }
        _ => Ok(()),
    }
}

/// Items of one page: 50 unless asked, 200 at most.
fn page_size(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(50) {
        most @ 1..=200 => Ok(most),
        _ => Err(Problem::new(Code::ParameterInvalid, "most: 1 to 200")),
    }
}
