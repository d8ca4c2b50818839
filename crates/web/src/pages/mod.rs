//! The pages: server-rendered HTML in two languages, with scripts and styles of our own only.
//! A page holds no data of a scan: its script fetches that over the same calls that everyone uses.

mod assets;
pub(crate) mod console;
mod texts;

use crate::access::caller::Caller;
use crate::problem::{Code, Problem};
use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use pipeline::access::Role;
use texts::{Language, Texts};

pub(crate) use assets::asset;

#[derive(Template)]
#[template(path = "capture.html")]
struct Capture {
    texts: &'static Texts,
    texts_json: String,
    /// Who is signed in: what is kept on a phone is kept under this name.
    caller: String,
    registry: bool,
    operator: bool,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    texts: &'static Texts,
    token: Option<String>,
    company: bool,
    failure: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedIn {
    texts: &'static Texts,
    first: &'static str,
}

/// Why somebody was not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInFailure {
    /// The link was used or is over.
    LinkSpent,
    /// The attempt was ended, is over, or is another browser's.
    AttemptUnknown,
    /// The identity provider or what it says does not hold.
    Refused,
    /// The person has no role here.
    NoRole,
    /// The identity provider cannot be used now.
    Unavailable,
    /// Too many attempts are under way.
    Busy,
}

impl SignInFailure {
    fn text(self, texts: &'static Texts) -> &'static str {
        match self {
            Self::LinkSpent => &texts.sign_in_failed,
            Self::AttemptUnknown => &texts.company_attempt_unknown,
            Self::Refused => &texts.company_refused,
            Self::NoRole => &texts.company_no_role,
            Self::Unavailable => &texts.company_unavailable,
            Self::Busy => &texts.company_busy,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::AttemptUnknown => StatusCode::BAD_REQUEST,
            Self::LinkSpent | Self::Refused => StatusCode::UNAUTHORIZED,
            Self::NoRole => StatusCode::FORBIDDEN,
            Self::Unavailable | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
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

/// The technician's page. `registry` says whether registrations have somewhere to go.
pub(crate) fn capture(headers: &HeaderMap, caller: &Caller, registry: bool) -> Response {
    let texts = Language::of(headers).texts();
    let operator = caller.role >= Role::Operator;
    let texts_json = texts.json();
    page(&Capture { texts, texts_json, caller: caller.name.clone(), registry, operator })
}

/// The page behind a sign-in link (`token`), or the one that says how to come in: with an account of
/// the company (`company`) or with such a link.
pub(crate) fn sign_in(headers: &HeaderMap, token: Option<String>, company: bool) -> Response {
    page(&SignIn { texts: Language::of(headers).texts(), token, company, failure: None })
}

/// The page for somebody who was not signed in, with the status that says so to programs.
pub(crate) fn sign_in_failed(
    headers: &HeaderMap,
    failure: SignInFailure,
    company: bool,
) -> Response {
    let texts = Language::of(headers).texts();
    let reason = Some(failure.text(texts));
    let mut response = page(&SignIn { texts, token: None, company, failure: reason });
    *response.status_mut() = failure.status();
    response
}

/// The page that goes on to `first` by itself. It is a page of ours that asks for the next one: a
/// redirect would still count as the other site's request, for which browsers keep the session back.
pub(crate) fn signed_in(headers: &HeaderMap, first: &'static str) -> Response {
    page(&SignedIn { texts: Language::of(headers).texts(), first })
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
