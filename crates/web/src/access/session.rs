//! Signing in with a one-time link, and out again. Opening the link shows a button and only
//! pressing it uses the link up, because messengers and scanners fetch links that they see.

use crate::access::caller::{Caller, session_secret};
use crate::access::cookie::SESSION;
use crate::app::App;
use crate::extract::Form;
use crate::pages::{self, SignInFailure};
use crate::problem::{Code, Problem};
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use pipeline::access::{self, Role, Token};
use serde::Deserialize;
use std::net::SocketAddr;

/// What a sign-in link carries.
#[derive(Deserialize)]
pub(crate) struct Link {
    token: String,
}

/// `GET /sign-in?token=…`
pub(crate) async fn page(
    State(app): State<App>,
    headers: HeaderMap,
    link: Result<Query<Link>, QueryRejection>,
) -> Response {
    let token = link.ok().map(|Query(link)| link.token);
    pages::sign_in(&headers, token, app.oidc().is_some())
}

/// `POST /sign-in`
pub(crate) async fn enter(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    link: Result<Form<Link>, Problem>,
) -> Result<Response, Problem> {
    let Form(link) = link.map_err(|refused| match refused.is(Code::BodyMalformed) {
        true => Code::SignInInvalid.into(),
        false => refused,
    })?;
    let session = Token::new_secret().map_err(|error| Problem::internal(&error))?;
    let Some(person) = redeem(&app, &access::hash(&link.token), &session.hash()).await? else {
        app.rate().count_stranger(address.ip())?;
        let company = app.oidc().is_some();
        return Ok(pages::sign_in_failed(&headers, SignInFailure::LinkSpent, company));
    };
    let seconds = u64::from(app.settings().sessions.hours.get()) * 3600;
    let mut response = Redirect::to(first_page(person.role)).into_response();
    SESSION.set(&mut response, app.is_encrypted(), session.reveal(), seconds);
    Ok(response)
}

/// Turns a link into a session; answers whom it signed in, none if the link is not good (any more).
async fn redeem(app: &App, link: &[u8; 32], session: &[u8; 32]) -> Result<Option<Caller>, Problem> {
    let now = app.now();
    let hours = i64::from(app.settings().sessions.hours.get());
    let expires_at = now.saturating_add(SignedDuration::from_hours(hours));
    let expires_at = expires_at.unwrap_or(Timestamp::MAX);
    let session = app.store().redeem_sign_in(link, session, expires_at, now).await?;
    session.map(|session| Caller::new(session.name, &session.role)).transpose()
}

/// `POST /sign-out`
pub(crate) async fn leave(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(secret) = session_secret(&headers, app.is_encrypted()) {
        app.store().delete_session(&access::hash(secret)).await?;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    SESSION.set(&mut response, app.is_encrypted(), "", 0);
    Ok(response)
}

/// Where somebody with this role begins.
pub(crate) fn first_page(role: Role) -> &'static str {
    if role >= Role::Operator { "/console" } else { "/" }
}
