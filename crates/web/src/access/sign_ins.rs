//! Sign-in links that an operator hands out, to be sent or shown as a QR code to a phone.

use crate::access::caller::Caller;
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use pipeline::access::{Role, Token};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::{Deserialize, Serialize};
use store::{NewSignIn, StoreError};
use utoipa::ToSchema;

/// Characters of a person's name.
const NAME_CHARS_MAX: usize = 100;

/// Whom a link is for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInBody {
    /// The person's name; scans are listed under it.
    #[schema(min_length = 1, max_length = 100, example = "van 7")]
    name: String,
    /// What the person may do; not more than the caller.
    #[schema(example = "technician")]
    role: Role,
}

/// A link that signs in one device, once.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignInLink {
    /// The address to open. It is shown here and never again.
    link: String,
    /// The same as a picture for a phone's camera, an SVG document.
    qr_svg: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Make a sign-in link
///
/// For operators, who make links for technicians and operators, and admins.
#[utoipa::path(
    post, path = "/v1/sign-ins", tag = "people", request_body = SignInBody,
    responses((status = 201, description = "The link.", body = SignInLink), Problem),
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<SignInBody>,
) -> Result<(StatusCode, axum::Json<SignInLink>), Problem> {
    caller.at_least(Role::Operator)?;
    caller.at_least(body.role)?;
    let name = body.name.trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Problem::new(Code::ParameterInvalid, "name: empty, or control characters"));
    }
    crate::paging::at_most("name", Some(name), NAME_CHARS_MAX)?;
    let token = Token::new_secret().map_err(|error| Problem::internal(&error))?;
    let expires_at = make_link(&app, &caller.name, name, body.role, &token).await?;
    let link = address(&app, &token);
    let code = QrCode::new(&link).map_err(|error| Problem::internal(&error))?;
    let qr_svg = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok((StatusCode::CREATED, axum::Json(SignInLink { link, qr_svg, expires_at })))
}

/// Makes a sign-in link that `by` hands out usable, once and for a while; answers when it ends.
///
/// # Errors
/// If it cannot be stored.
pub async fn make_link(
    app: &App,
    by: &str,
    name: &str,
    role: Role,
    token: &Token,
) -> Result<Timestamp, StoreError> {
    let now = app.now();
    let minutes = i64::from(app.settings().sessions.sign_in_minutes.get());
    let expires_at = now.saturating_add(SignedDuration::from_mins(minutes));
    let expires_at = expires_at.unwrap_or(Timestamp::MAX);
    let (by, name, role) = (by.to_owned(), name.to_owned(), role.as_str().to_owned());
    let link = NewSignIn { by, hash: token.hash(), role, name, expires_at };
    app.store().create_sign_in(link, now).await?;
    Ok(expires_at)
}

/// The address to open to sign in.
pub fn address(app: &App, token: &Token) -> String {
    format!("{}/sign-in?token={}", app.base_url(), token.reveal())
}
