//! Signing in with the company's account: the way to its identity provider and the way back. Each
//! attempt ends once, in time, and in the browser that began it, whatever comes of it.

use crate::access::company::{Oidc, Person};
use crate::access::cookie::{ATTEMPT, SESSION};
use crate::access::session::first_page;
use crate::app::App;
use crate::middleware::denied::Recognised;
use crate::pages::{self, SignInFailure};
use crate::problem::{Code, Problem};
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use outbound::{Attempt, IdentityError};
use pipeline::access::{self, Token};
use serde::Deserialize;
use std::net::SocketAddr;
use store::Session;
use utoipa::IntoParams;

/// Bytes of a code; providers' are some hundred, those that carry their content some thousand.
const CODE_BYTES_MAX: usize = 8192;
/// Characters of the provider's own words in the log.
const WORDS_CHARS_MAX: usize = 100;

/// What a browser brings back from the provider. What else providers add is passed over.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Returned {
    /// The attempt.
    state: Option<String>,
    /// What the person's claims are fetched with, once.
    code: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// Who answered (RFC 9207).
    iss: Option<String>,
}

/// Go to the company's identity provider to sign in
///
/// For browsers. They come back to `/v1/oidc/callback`.
#[utoipa::path(
    get, path = "/v1/oidc/start", tag = "people", security(()),
    responses(
        (status = 303, description = "The way to the provider; a cookie binds it to the browser.",
            headers(("Location" = String, description = "The provider's page."))),
        (status = 503, description = "A page: the provider does not answer, or too many people are \
            signing in.", body = String, content_type = "text/html"),
        Problem,
    ),
)]
pub(crate) async fn start(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let oidc = app.oidc().ok_or(Code::NotFound)?;
    // Whoever begins is a stranger still.
    app.rate().count_stranger(address.ip())?;
    let secret = Token::new_secret().map_err(|error| Problem::internal(&error))?;
    let attempt = Attempt::of(secret.reveal());
    let asked = oidc.provider.authorization_url(&attempt, &oidc.redirect_uri, app.now());
    let url = match asked.await {
        Ok(url) => url,
        Err(error) => {
            return Ok(pages::sign_in_failed(&headers, failure(&error), true));
        }
    };
    if !begin_attempt(&app, &access::hash(attempt.state())).await? {
        tracing::warn!("too many people are signing in: see `oidc_attempts_max`");
        return Ok(pages::sign_in_failed(&headers, SignInFailure::Busy, true));
    }
    let seconds = u64::from(app.settings().oidc.attempt_minutes.get()) * 60;
    let mut response = Redirect::to(url.as_str()).into_response();
    ATTEMPT.set(&mut response, app.is_encrypted(), secret.reveal(), seconds);
    Ok(response)
}

/// Come back from the company's identity provider
///
/// For browsers, which the provider sends here.
#[utoipa::path(
    get, path = "/v1/oidc/callback", tag = "people", security(()), params(Returned),
    responses(
        (status = 200, description = "A page that goes on; the browser is signed in.",
            body = String, content_type = "text/html"),
        (status = 400, description = "A page: the attempt was ended, took too long, or was begun \
            in another browser.", body = String, content_type = "text/html"),
        (status = 401, description = "A page: the provider did not confirm who this is.",
            body = String, content_type = "text/html"),
        (status = 403, description = "A page: the person has no role here.",
            body = String, content_type = "text/html"),
        (status = 503, description = "A page: the provider does not answer.",
            body = String, content_type = "text/html"),
        Problem,
    ),
)]
pub(crate) async fn callback(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Extension(recognised): Extension<Recognised>,
    headers: HeaderMap,
    returned: Result<Query<Returned>, QueryRejection>,
) -> Result<Response, Problem> {
    let oidc = app.oidc().ok_or(Code::NotFound)?;
    let returned = returned.ok().map(|Query(returned)| returned);
    let mut response = match sign_in(&app, oidc, &recognised, &headers, returned).await? {
        Ok((session, first)) => {
            let seconds = u64::from(app.settings().oidc.session_hours.get()) * 3600;
            let mut response = pages::signed_in(&headers, first);
            SESSION.set(&mut response, app.is_encrypted(), session.reveal(), seconds);
            response
        }
        Err(failure) => {
            app.rate().count_stranger(address.ip())?;
            pages::sign_in_failed(&headers, failure, true)
        }
    };
    ATTEMPT.set(&mut response, app.is_encrypted(), "", 0);
    // The page's address holds the code.
    let no_referrer = HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(header::REFERRER_POLICY, no_referrer);
    Ok(response)
}

/// The secret of a new session and where its person begins, or why there is none.
async fn sign_in(
    app: &App,
    oidc: &Oidc,
    recognised: &Recognised,
    headers: &HeaderMap,
    returned: Option<Returned>,
) -> Result<Result<(Token, &'static str), SignInFailure>, Problem> {
    let attempt = ATTEMPT.value(headers, app.is_encrypted()).map(Attempt::of);
    let (Some(attempt), Some(returned)) = (attempt, returned) else {
        return Ok(Err(SignInFailure::AttemptUnknown));
    };
    let began = access::hash(attempt.state());
    let came = returned.state.as_deref().map(access::hash);
    if came != Some(began) || !app.store().end_attempt(&began, app.now()).await? {
        return Ok(Err(SignInFailure::AttemptUnknown));
    }
    let code = match code_of(returned, oidc.provider.issuer()) {
        Ok(code) => code,
        Err(why) => {
            tracing::warn!(why, "nobody was signed in");
            return Ok(Err(SignInFailure::Refused));
        }
    };
    let asked = oidc.provider.claims(&code, &attempt, &oidc.redirect_uri, app.now());
    let claims = match asked.await {
        Ok(claims) => claims,
        Err(error) => return Ok(Err(failure(&error))),
    };
    let person = match oidc.person(&claims) {
        Ok(person) => person,
        Err(stranger) => {
            // They are known by name, so the audit trail tells of them.
            recognised.is(&stranger.name);
            tracing::warn!(name = stranger.name, why = stranger.why, "denied");
            return Ok(Err(SignInFailure::NoRole));
        }
    };
    let session = Token::new_secret().map_err(|error| Problem::internal(&error))?;
    open_session(app, &person, &session.hash()).await?;
    Ok(Ok((session, first_page(person.role))))
}

/// Notes that somebody goes to sign in at the company; false if too many are there.
async fn begin_attempt(app: &App, attempt: &[u8; 32]) -> Result<bool, Problem> {
    let now = app.now();
    let settings = app.settings();
    let longest = SignedDuration::from_mins(settings.oidc.attempt_minutes.get().into());
    let expires_at = now.saturating_add(longest).unwrap_or(Timestamp::MAX);
    let attempts_max = settings.oidc.attempts_max.get();
    Ok(app.store().begin_attempt(attempt, expires_at, attempts_max, now).await?)
}

/// Opens a session for a person of the company.
async fn open_session(app: &App, person: &Person, session: &[u8; 32]) -> Result<(), Problem> {
    let now = app.now();
    let longest = SignedDuration::from_hours(app.settings().oidc.session_hours.get().into());
    let expires_at = now.saturating_add(longest).unwrap_or(Timestamp::MAX);
    let (role, name) = (person.role.as_str().to_owned(), person.name.clone());
    let new = Session { role, name, expires_at };
    Ok(app.store().open_session(session, &new, person, now).await?)
}

/// The code that was brought back, or why there is none.
fn code_of(returned: Returned, issuer: &str) -> Result<String, String> {
    if returned.iss.is_some_and(|iss| iss != issuer) {
        return Err("another issuer answered".into());
    }
    if let Some(error) = returned.error {
        let words = error.chars().filter(|it| it.is_ascii_graphic()).take(WORDS_CHARS_MAX);
        return Err(format!("the provider says {}", words.collect::<String>()));
    }
    match returned.code {
        Some(code) if code.len() <= CODE_BYTES_MAX => Ok(code),
        Some(_) => Err(format!("the code has more than {CODE_BYTES_MAX} bytes")),
        None => Err("there is no code".into()),
    }
}

/// What the person is told of it; the operator finds the cause in the log.
fn failure(error: &IdentityError) -> SignInFailure {
    match error {
        IdentityError::Refused(_) | IdentityError::IdToken(_) => {
            tracing::warn!(%error, "nobody was signed in");
            SignInFailure::Refused
        }
        IdentityError::Issuer(_)
        | IdentityError::Client(_)
        | IdentityError::Unavailable(_)
        | IdentityError::Unusable(_) => {
            tracing::error!(%error, "nobody can sign in with an account of the company");
            SignInFailure::Unavailable
        }
    }
}
