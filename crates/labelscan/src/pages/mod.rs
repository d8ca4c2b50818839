//! The pages: server-rendered HTML in two languages, with scripts and styles of our own only.
//! A page holds no data of a scan: its script fetches that over the same calls that everyone uses.

mod assets;
pub(crate) mod console;
mod texts;

use crate::http::problem::{Code, Problem};
use askama::Template;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use texts::{Language, Texts};

pub(crate) use assets::asset;

#[derive(Template)]
#[template(path = "capture.html")]
struct Capture {
    texts: &'static Texts,
    texts_json: String,
    registry: bool,
    operator: bool,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    texts: &'static Texts,
    token: Option<String>,
    failed: bool,
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs {
    texts: &'static Texts,
    problems: Vec<DocumentedProblem>,
}

/// One line of the table of problems.
struct DocumentedProblem {
    code: String,
    status: u16,
    title: &'static str,
}

/// The technician's page. `registry` says whether registrations have somewhere to go, `operator`
/// whether the person may see the console.
pub(crate) fn capture(headers: &HeaderMap, registry: bool, operator: bool) -> Response {
    let texts = Language::of(headers).texts();
    page(&Capture { texts, texts_json: texts.json(), registry, operator })
}

/// The page behind a sign-in link (`token`), or the one that says how to get such a link.
pub(crate) fn sign_in(headers: &HeaderMap, token: Option<String>, failed: bool) -> Response {
    page(&SignIn { texts: Language::of(headers).texts(), token, failed })
}

/// The documentation of the HTTP calls.
pub(crate) fn docs(headers: &HeaderMap) -> Response {
    let problems = Code::ALL.iter().map(|code| DocumentedProblem {
        code: code.name(),
        status: code.status().as_u16(),
        title: code.title(),
    });
    page(&Docs { texts: Language::of(headers).texts(), problems: problems.collect() })
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

/// `GET /sw.js`: at the root, because a service worker rules only what lies below it.
pub(crate) async fn service_worker(headers: HeaderMap) -> Response {
    asset(axum::extract::Path("sw.js".to_owned()), headers).await
}
