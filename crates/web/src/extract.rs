//! axum's extractors with our problems in place of its plain texts.

use crate::app::App;
use crate::middleware::rate::network;
use crate::problem::{Code, Problem};
use crate::upload::body::list_body;
use crate::upload::intake::Intake;
use axum::body::Body;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::net::SocketAddr;

/// Bytes of a body that is no photo and no list.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// A JSON body that is an object.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (request, _memory) = small(request, app).await?;
        let axum::Json(fields) = axum::Json::<Fields>::from_request(request, app).await?;
        let body = T::deserialize(Value::Object(fields));
        body.map(Self).map_err(|error| Problem::new(Code::BodyMalformed, error.to_string()))
    }
}

/// A form of a page.
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (request, _memory) = small(request, app).await?;
        let form = axum::Form::from_request(request, app).await;
        let axum::Form(form) =
            form.map_err(|refused| Problem::new(Code::BodyMalformed, refused.body_text()))?;
        Ok(Self(form))
    }
}

/// The request with its body received, and the memory that was granted for it. Strangers send forms
/// too, so what counts as one sender is an address.
async fn small(request: Request, app: &App) -> Result<(Request, Intake), Problem> {
    let (head, body) = request.into_parts();
    let address = head.extensions.get::<ConnectInfo<SocketAddr>>();
    let owner = address.map_or_else(String::new, |ConnectInfo(it)| network(it.ip()).to_string());
    let received = Request::from_parts(head.clone(), body);
    let taking = list_body(received, BODY_BYTES_MAX, app.memory(), &owner);
    let (bytes, memory) = match tokio::time::timeout(app.body_deadline(), taking).await {
        Ok(taken) => taken?,
        Err(_) => return Err(Code::RequestTimeout.into()),
    };
    Ok((Request::from_parts(head, Body::from(bytes)), memory))
}

/// The fields of a JSON object.
type Fields = Map<String, Value>;

/// Path segments.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub(crate) struct Path<T>(pub(crate) T);

/// Query parameters.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub(crate) struct Query<T>(pub(crate) T);

impl From<JsonRejection> for Problem {
    fn from(refused: JsonRejection) -> Self {
        match refused.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge.into(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(Code::ContentTypeUnsupported, "Send application/json.")
            }
            _ => Self::new(Code::BodyMalformed, refused.body_text()),
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(refused: PathRejection) -> Self {
        Self::new(Code::ParameterInvalid, refused.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(refused: QueryRejection) -> Self {
        Self::new(Code::ParameterInvalid, refused.body_text())
    }
}
