//! The HTTP interface: routes, their documentation, and nothing that decides. A handler reads a
//! request, asks [`App`], and answers; every refusal is a [`problem::Problem`] with a stable code.

use crate::access::caller::Caller;
use crate::access::{oidc, open_sessions, session, sign_ins};
use crate::api::{
    console, decision, deliveries, estate, formats, health, maintenance, maintenance_photos,
    reconciliation, registry, reviews, scans, serials, terminal_events, terminal_search, terminals,
};
use crate::app::App;
use crate::middleware::guard;
use crate::problem::{self, Code, Problem};
use crate::upload::resumable;
use crate::{examples, pages};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify as _, OpenApi};
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

/// Every route of the service; a request carries its peer's address as `ConnectInfo`.
pub fn routes(app: App) -> Router {
    let (calls, api) = described();
    // It is large and always the same: made once, sent as it is.
    let api = Bytes::from(serde_json::to_vec(&api).unwrap_or_default());
    let description = get(async || ([(header::CONTENT_TYPE, "application/json")], api));
    let body_bytes_max = app.limits().body_bytes_max();
    let pages = Router::new()
        .route("/", get(first_page))
        .route("/docs", get(async |headers: HeaderMap| pages::docs(&headers)))
        .route("/sign-in", get(session::page).post(session::enter))
        .route("/sign-out", axum::routing::post(session::leave))
        .route("/sw.js", get(pages::service_worker))
        .route("/assets/{name}", get(pages::asset))
        .route("/openapi.json", description);
    let routes = calls
        .merge(pages)
        .merge(console::routes())
        .fallback(async || Problem::from(Code::NotFound))
        .method_not_allowed_fallback(async || Problem::from(Code::MethodNotAllowed))
        .layer(DefaultBodyLimit::max(body_bytes_max));
    guard::guard(routes, &app).with_state(app)
}

/// The calls for programs and their description, whole.
fn described() -> (Router<App>, utoipa::openapi::OpenApi) {
    let (calls, mut api) = calls().split_for_parts();
    // Only now are the calls' own objects in it.
    examples::Examples.modify(&mut api);
    (calls, api)
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
        .routes(routes!(decision::operate))
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
        .routes(routes!(open_sessions::list, open_sessions::end_all))
        .routes(routes!(open_sessions::end))
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
        Ok(caller) => pages::capture(&headers, &caller, app.has_registry()),
        Err(_) => Redirect::to("/sign-in").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn description() -> Value {
        serde_json::to_value(described().1).expect("JSON")
    }

    #[test]
    fn the_description_of_the_calls_changes_only_on_purpose() {
        insta::assert_json_snapshot!("openapi", description());
    }

    /// Whether a body, or the object that it refers to, comes with an example.
    fn has_example(description: &Value, content: &Value) -> bool {
        let schema = match &content["schema"] {
            list if !list["items"].is_null() => &list["items"],
            schema => schema,
        };
        let named = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        let named = named.map(|name| &description["components"]["schemas"][name]);
        let fields = named.and_then(|object| object["properties"].as_object());
        let in_fields =
            fields.is_some_and(|it| it.values().any(|field| !field["example"].is_null()));
        let own = |it: &Value| ["example", "examples"].iter().any(|name| !it[name].is_null());
        own(content) || own(schema) || named.is_some_and(own) || in_fields
    }

    #[test]
    fn each_call_that_takes_or_gives_json_has_an_example() {
        let description = description();
        let mut without = Vec::new();
        for (path, calls) in description["paths"].as_object().expect("paths") {
            for (method, call) in calls.as_object().expect("calls") {
                let answers = call["responses"].as_object().expect("answers");
                let taken = answers.iter().filter(|(status, _)| status.starts_with('2'));
                let bodies = taken.map(|(_, answer)| answer).chain([&call["requestBody"]]);
                for body in bodies {
                    let content = &body["content"]["application/json"];
                    if !content.is_null() && !has_example(&description, content) {
                        without.push(format!("{method} {path}"));
                    }
                }
            }
        }
        assert!(without.is_empty(), "{without:#?}");
    }

    /// Asserts that an example has the fields of its schema, each of them known and none missing.
    fn assert_fits(description: &Value, schema: &Value, example: &Value, at: &str) {
        let choices = schema["oneOf"].as_array().map_or(&[][..], Vec::as_slice);
        let schema = choices.iter().find(|choice| !choice["$ref"].is_null()).unwrap_or(schema);
        let named = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        let schema = named.map_or(schema, |name| &description["components"]["schemas"][name]);
        for item in example.as_array().into_iter().flatten() {
            assert_fits(description, &schema["items"], item, at);
        }
        let allowed = schema["enum"].as_array().is_none_or(|allowed| allowed.contains(example));
        assert!(allowed, "{at}: {example}");
        let Some(fields) = schema["properties"].as_object() else { return };
        let example = example.as_object().unwrap_or_else(|| panic!("{at} is no object"));
        for (name, value) in example {
            let field = fields.get(name).unwrap_or_else(|| panic!("{at} has no {name}"));
            assert_fits(description, field, value, &format!("{at}.{name}"));
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            let name = required.as_str().expect("a name");
            assert!(example.contains_key(name), "{at} has a {name}");
        }
    }

    #[test]
    fn examples_are_what_is_answered() {
        let description = description();
        for (name, example) in examples::examples() {
            let schema = &description["components"]["schemas"][&name];
            assert!(!schema.is_null(), "there is no {name}");
            assert_fits(&description, schema, &example, &name);
        }
    }
}
