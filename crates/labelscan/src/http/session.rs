//! Signing in with a one-time link, and out again. Opening the link shows a button and only
//! pressing it uses the link up, because messengers and scanners fetch links that they see.

use super::App;
use super::caller::{COOKIE_PLAIN, COOKIE_SECURE, session_secret};
use super::problem::{Code, Problem};
use crate::keys::{self, Role, Token};
use crate::pages;
use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::net::SocketAddr;

/// What a sign-in link carries.
#[derive(Deserialize)]
pub(super) struct Link {
    token: String,
}

/// `GET /sign-in?token=…`
pub(super) async fn page(
    headers: HeaderMap,
    link: Result<Query<Link>, QueryRejection>,
) -> Response {
    pages::sign_in(&headers, link.ok().map(|Query(link)| link.token), false)
}

/// `POST /sign-in`
pub(super) async fn enter(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    link: Result<Form<Link>, FormRejection>,
) -> Result<Response, Problem> {
    let Ok(Form(link)) = link else { return Err(Code::SignInInvalid.into()) };
    let session = Token::new_secret().map_err(|error| Problem::internal(&error))?;
    let Some(person) = app.redeem(&keys::hash(&link.token), &session.hash()).await? else {
        app.rate().count_stranger(address.ip())?;
        let mut response = pages::sign_in(&headers, None, true);
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return Ok(response);
    };
    let seconds = u64::from(app.settings().session_hours) * 3600;
    let first = if person.role >= Role::Operator { "/console" } else { "/" };
    Ok(with_cookie(&app, session.reveal(), seconds, Redirect::to(first).into_response()))
}

/// `POST /sign-out`
pub(super) async fn leave(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(secret) = session_secret(&headers) {
        app.store().delete_session(&keys::hash(secret)).await?;
    }
    Ok(with_cookie(&app, "", 0, Redirect::to("/sign-in").into_response()))
}

fn with_cookie(app: &App, secret: &str, seconds: u64, mut response: Response) -> Response {
    let (name, secure) =
        if app.is_encrypted() { (COOKIE_SECURE, "; Secure") } else { (COOKIE_PLAIN, "") };
    let cookie =
        format!("{name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
