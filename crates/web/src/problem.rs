//! What a client hears when a request is refused: an RFC 9457 problem with a stable code.
//!
//! One enum holds every code, so that a client can act on it and the documentation can list it.
//! A problem never carries an internal message: causes go to the log under the request's id.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pipeline::decisions::DecisionError;
use pipeline::details::DetailsError;
use readers::ReadFailure;
use serde::Serialize;
use std::collections::BTreeMap;
use store::StoreError;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};
use validate::terminal::Forbidden;

/// Defines the codes in one table: name, HTTP status, and a sentence that is true wherever the code
/// occurs.
macro_rules! codes {
    ($($code:ident $status:ident $title:literal,)+) => {
        /// Why a request was refused. The spelling on the wire is snake_case and never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Code {
            $(#[doc = $title] $code,)+
        }

        impl Code {
            /// Every code, for the documentation.
            pub(crate) const ALL: &[Self] = &[$(Self::$code,)+];

            /// The HTTP status that always goes with the code.
            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)+ }
            }

            /// What the code means, for people.
            pub(crate) fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)+ }
            }
        }
    };
}

codes! {
    BodyMalformed BAD_REQUEST "The body is not what its content type says.",
    ParameterInvalid BAD_REQUEST "A parameter is not valid.",
    IdempotencyKeyInvalid BAD_REQUEST "The Idempotency-Key is not valid.",
    NotSignedIn UNAUTHORIZED "Send a valid key as a bearer token, or sign in.",
    KeyExpired UNAUTHORIZED "This key has expired: ask for a new one.",
    SignInInvalid UNAUTHORIZED "This sign-in link was used or has expired.",
    Forbidden FORBIDDEN "Your role does not allow this.",
    CrossSite FORBIDDEN "Requests from other sites' pages are refused.",
    NotFound NOT_FOUND "There is nothing here, or nothing that you may see.",
    MethodNotAllowed METHOD_NOT_ALLOWED "This method is not offered here.",
    RequestTimeout REQUEST_TIMEOUT "The request took too long.",
    UploadOffsetMismatch CONFLICT "The part begins elsewhere than the upload ends: see Upload-Offset.",
    Conflict CONFLICT "The state of this item does not allow it.",
    SenderChanged CONFLICT "Somebody else is signed in than who took the photo.",
    SerialAmbiguous CONFLICT "Several makers use this serial: write vendor:serial.",
    TerminalRetired CONFLICT "The terminal is retired.",
    TerminalSwapped CONFLICT "Another terminal took its place.",
    TerminalBound CONFLICT "The terminal is at a merchant already.",
    TerminalNotBound CONFLICT "The terminal is at no merchant.",
    ReplacedNotInService CONFLICT "The terminal to be replaced is not in service.",
    SwapWithItself CONFLICT "A terminal cannot replace itself.",
    ReplacesMissing CONFLICT "The swap does not name the terminal that is replaced.",
    ReplacedUnknown CONFLICT "Nobody has seen the terminal to be replaced.",
    MerchantMissing CONFLICT "The bind names neither the merchant nor the terminal number.",
    BodyTooLarge PAYLOAD_TOO_LARGE "The body is too large.",
    PhotoTooLarge PAYLOAD_TOO_LARGE "The photo has too many bytes.",
    TooManyPhotos PAYLOAD_TOO_LARGE "There are too many photos in the request.",
    ContentTypeUnsupported UNSUPPORTED_MEDIA_TYPE "The body has a content type that is not taken here.",
    NotAPhoto UNSUPPORTED_MEDIA_TYPE "This is not a photo.",
    FormatUnsupported UNSUPPORTED_MEDIA_TYPE "This picture format is not read: send JPEG, HEIC, PNG or WebP.",
    IdempotencyKeyReused UNPROCESSABLE_ENTITY "This Idempotency-Key belongs to other photos or details.",
    PartUnknown UNPROCESSABLE_ENTITY "The form has a part with an unknown name.",
    PhotoMissing UNPROCESSABLE_ENTITY "There is no photo in the request.",
    PhotoEmpty UNPROCESSABLE_ENTITY "The photo is empty.",
    TooManyPixels UNPROCESSABLE_ENTITY "The photo has too many pixels.",
    PhotoDamaged UNPROCESSABLE_ENTITY "The photo is damaged.",
    ReaderTimeout UNPROCESSABLE_ENTITY "Reading the photo took too long.",
    ReaderFailed UNPROCESSABLE_ENTITY "The photo could not be read.",
    DetailsInvalid UNPROCESSABLE_ENTITY "The details are not valid.",
    DecisionInvalid UNPROCESSABLE_ENTITY "The decision is not valid.",
    TypeAgain UNPROCESSABLE_ENTITY "Nothing that was read resembles this serial: type it a second time.",
    RateLimited TOO_MANY_REQUESTS "Too many requests.",
    Overloaded SERVICE_UNAVAILABLE "The service is busy.",
    StorageFull INSUFFICIENT_STORAGE "There is no space left to store anything.",
    Internal INTERNAL_SERVER_ERROR "Something failed inside the service.",
}

impl Code {
    /// The code as it stands in the answer.
    pub(crate) fn name(self) -> String {
        let name = serde_json::to_value(self).ok();
        name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Seconds after which a client may try again, for the codes where that helps.
    fn retry_after_s(self) -> Option<u32> {
        match self {
            Self::RateLimited | Self::Overloaded => Some(2),
            Self::StorageFull => Some(60),
            _ => None,
        }
    }
}

/// A refusal on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: Option<String>,
    retry_after_s: Option<u32>,
}

impl Problem {
    /// A refusal with what the client can do about it. `detail` must hold nothing internal and no
    /// whole serial.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::from(code) }
    }

    /// A failure that is not the client's: the cause is logged and not told.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::from(Code::Internal)
    }

    /// Whether the refusal is for this reason.
    pub(crate) fn is(&self, code: Code) -> bool {
        self.code == code
    }

    /// Says when a retry may succeed, in seconds.
    pub(crate) fn retry_after_s(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self { code, detail: None, retry_after_s: code.retry_after_s() }
    }
}

/// The body of a refusal (RFC 9457, `application/problem+json`).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A link to the code's entry in the documentation.
    #[serde(rename = "type")]
    #[schema(example = "/docs#not_found")]
    kind: String,
    /// What the code means.
    #[schema(example = "There is nothing here.")]
    title: &'static str,
    /// The HTTP status, repeated.
    #[schema(example = 404)]
    status: u16,
    /// The stable code to act on.
    code: Code,
    /// What is special about this occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let body = ProblemBody {
            kind: format!("/docs#{}", self.code.name()),
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code,
            detail: self.detail,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Documents refusals: any call may be answered with a problem.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let refused = |description: &str| {
            let schema = Ref::from_schema_name("Problem");
            let content = ContentBuilder::new().schema(Some(schema)).build();
            ResponseBuilder::new()
                .description(description)
                .content("application/problem+json", content)
                .build()
        };
        BTreeMap::from([
            ("4XX".to_owned(), refused("The request is refused; `code` says why.").into()),
            ("5XX".to_owned(), refused("The service cannot do it now.").into()),
        ])
    }
}
/// What a client hears of a store that could not do what was asked.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(_) => Code::NotFound.into(),
            StoreError::AlreadyDecided(_) | StoreError::UndoOver => {
                Self::new(Code::Conflict, error.to_string())
            }
            StoreError::Forbidden(forbidden) => forbidden.into(),
            StoreError::Cursor => Self::new(Code::ParameterInvalid, error.to_string()),
            StoreError::Full(_) => {
                tracing::error!(%error, "the store is full");
                Code::StorageFull.into()
            }
            StoreError::Unavailable { retry_after, .. } => {
                tracing::error!(%error, "the store is not available");
                Self::from(Code::Overloaded).retry_after_s(retry_after.as_secs() as u32)
            }
            StoreError::KeyMissing { .. } => {
                tracing::error!(%error, "the store cannot open what it holds");
                Code::Overloaded.into()
            }
            other => Self::internal(&other),
        }
    }
}

impl From<Forbidden> for Problem {
    fn from(forbidden: Forbidden) -> Self {
        let code = match forbidden {
            Forbidden::Retired => Code::TerminalRetired,
            Forbidden::Swapped => Code::TerminalSwapped,
            Forbidden::Bound => Code::TerminalBound,
            Forbidden::NotBound => Code::TerminalNotBound,
            Forbidden::ReplacedNotInService => Code::ReplacedNotInService,
            Forbidden::SwapWithItself => Code::SwapWithItself,
            Forbidden::ReplacesMissing => Code::ReplacesMissing,
            Forbidden::ReplacedUnknown => Code::ReplacedUnknown,
            Forbidden::MerchantMissing => Code::MerchantMissing,
        };
        debug_assert_eq!(code.name(), forbidden.code());
        Self::new(code, forbidden.to_string())
    }
}

impl From<DecisionError> for Problem {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::Invalid(why) => Self::new(Code::DecisionInvalid, why),
            DecisionError::TypeAgain => Code::TypeAgain.into(),
            DecisionError::Store(error) => error.into(),
        }
    }
}

impl From<ReadFailure> for Problem {
    fn from(failure: ReadFailure) -> Self {
        match failure {
            ReadFailure::Unreadable(unreadable) => {
                Problem::new(unreadable.code.into(), unreadable.to_string())
            }
            ReadFailure::Timeout { .. } => Code::ReaderTimeout.into(),
            ReadFailure::Crashed { .. } => Code::ReaderFailed.into(),
            ReadFailure::Busy | ReadFailure::Closed => Code::Overloaded.into(),
        }
    }
}

impl From<DetailsError> for Problem {
    fn from(refused: DetailsError) -> Self {
        Self::new(Code::DetailsInvalid, refused.to_string())
    }
}
