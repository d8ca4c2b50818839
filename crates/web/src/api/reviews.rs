//! Reviews: handing the scans that wait for a person to people, each to one at a time. Deciding is
//! `POST /v1/scans/{id}/decision`, as for everyone.

use crate::access::caller::Caller;
use crate::api::scans::stored_scan;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use pipeline::access::Role;
use pipeline::answer::Scan;
use pipeline::stored::scan_object;
use serde::{Deserialize, Serialize};
use store::{Lease, StoreError};
use utoipa::ToSchema;
use uuid::Uuid;

/// Characters of a holder's name.
const HOLDER_CHARS_MAX: usize = 64;

/// Who asks for a review.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"holder": "3f1c0a9e5b7d4e2f"}))]
pub(crate) struct ReviewBody {
    /// A word of the client's choice for this one window or program, kept for as long as it is
    /// open: two windows of one person get different scans.
    #[schema(min_length = 1, max_length = 64)]
    holder: String,
}

/// What there is to review.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewObject {
    /// How many scans wait for a person, this one included.
    #[schema(example = 12)]
    waiting: u64,
    /// The scan that nobody else gets until the lease ends; null if there is none.
    review: Option<LeasedReview>,
}

/// A scan and everything that helps to decide about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeasedReview {
    /// The scan.
    scan: Scan,
    /// When others may get it. Ask again before, and it is leased anew.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// Who sent it.
    #[schema(example = "van 7")]
    owner: String,
    /// How many photos it has.
    #[schema(example = 1)]
    photos: usize,
    /// What was said with the upload.
    #[schema(value_type = Object, example = json!({"site": "Pier 3"}))]
    details: serde_json::Value,
}

/// Get a scan to review
///
/// The oldest one that nobody else looks at, or again the one that this holder has. For operators.
#[utoipa::path(
    post, path = "/v1/reviews/next", tag = "reviews", request_body = ReviewBody,
    responses((status = 200, description = "The scan, if there is one.", body = ReviewObject), Problem),
)]
pub(crate) async fn next(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ReviewBody>,
) -> Result<axum::Json<ReviewObject>, Problem> {
    caller.at_least(Role::Operator)?;
    let holder = holder(&caller, &body)?;
    let now = app.now();
    let ms = app.settings().queue.review_lease_ms.get();
    let claimed = app.store().claim_review(&holder, Lease::from_millis(ms), now).await?;
    let waiting = app.store().reviews_waiting().await?;
    let Some(id) = claimed else {
        return Ok(axum::Json(ReviewObject { waiting, review: None }));
    };
    let stored = stored_scan(&app, &caller, id.into()).await?;
    let lease = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    let review = LeasedReview {
        until: now.saturating_add(lease).unwrap_or(Timestamp::MAX),
        owner: stored.owner.clone(),
        photos: stored.photos.len(),
        details: stored.details.clone(),
        scan: scan_object(stored),
    };
    Ok(axum::Json(ReviewObject { waiting, review: Some(review) }))
}

/// Put a review aside
///
/// Nobody gets it for a while (`review_aside_ms`). For operators.
#[utoipa::path(
    post, path = "/v1/reviews/{id}/aside", tag = "reviews", params(("id" = Uuid, Path)),
    request_body = ReviewBody,
    responses((status = 204, description = "It comes back later."), Problem),
)]
pub(crate) async fn aside(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<ReviewBody>,
) -> Result<StatusCode, Problem> {
    caller.at_least(Role::Operator)?;
    let holder = holder(&caller, &body)?;
    let pause = Lease::from_millis(app.settings().queue.review_aside_ms.get());
    match app.store().put_review_aside(id.into(), &holder, pause, app.now()).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(StoreError::LeaseLost) => {
            Err(Problem::new(Code::Conflict, "The lease is over, or somebody has decided."))
        }
        Err(error) => Err(error.into()),
    }
}

/// The lease's holder: the caller's name keeps one person from taking another's by the word alone.
fn holder(caller: &Caller, body: &ReviewBody) -> Result<String, Problem> {
    let word = &body.holder;
    let fits = (1..=HOLDER_CHARS_MAX).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !fits {
        let detail = format!("holder: 1 to {HOLDER_CHARS_MAX} letters, digits and dashes");
        return Err(Problem::new(Code::ParameterInvalid, detail));
    }
    Ok(format!("{}/{word}", caller.name))
}
