//! axum's extractors with our problems in place of its plain texts.

use crate::problem::{Code, Problem};
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A JSON body that is an object.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let axum::Json(fields) = axum::Json::<Fields>::from_request(request, state).await?;
        let body = T::deserialize(Value::Object(fields));
        body.map(Self).map_err(|error| Problem::new(Code::BodyMalformed, error.to_string()))
    }
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
