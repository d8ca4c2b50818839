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
use store::{NewSignIn, Store, StoreError};
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
    let link = NewLink { by: &caller.name, name, role: body.role };
    let minutes = app.settings().sessions.sign_in_minutes.get();
    let expires_at = make_link(app.store(), link, &token, minutes, app.now()).await?;
    let link = address(app.base_url(), &token);
    let code = QrCode::new(&link).map_err(|error| Problem::internal(&error))?;
    let qr_svg = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok((StatusCode::CREATED, axum::Json(SignInLink { link, qr_svg, expires_at })))
}

/// Whom a link is for, and who hands it out.
#[derive(Clone, Copy, Debug)]
pub struct NewLink<'a> {
    /// Who hands it out.
    pub by: &'a str,
    /// What whoever follows it is called.
    pub name: &'a str,
    /// What they may do.
    pub role: Role,
}

/// Makes a sign-in link usable, once and for so many minutes; answers when it ends.
///
/// # Errors
/// If it cannot be stored.
pub async fn make_link(
    store: &Store,
    link: NewLink<'_>,
    token: &Token,
    minutes: u32,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let expires_at = now.saturating_add(SignedDuration::from_mins(minutes.into()));
    let expires_at = expires_at.unwrap_or(Timestamp::MAX);
    let (by, name, role) =
        (link.by.to_owned(), link.name.to_owned(), link.role.as_str().to_owned());
    let link = NewSignIn { by, hash: token.hash(), role, name, expires_at };
    store.create_sign_in(link, now).await?;
    Ok(expires_at)
}

/// The address to open to sign in, where people reach the service at `base_url`.
pub fn address(base_url: &str, token: &Token) -> String {
    format!("{base_url}/sign-in?token={}", token.reveal())
}
