//! New serials for devices that an operator numbers.

use crate::access::caller::Caller;
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use pipeline::access::Role;
use pipeline::issue::{self, DEFAULT_FORMAT, IssueError, Order};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most serials of one request.
const COUNT_MAX: usize = 10_000;
/// Characters of a batch's name.
const BATCH_CHARS_MAX: usize = 200;

/// Serials that are wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"count": 2, "batch": "pallet 7"}))]
pub(crate) struct SerialsBody {
    /// How many.
    #[schema(minimum = 1, maximum = 10000)]
    count: usize,
    /// The name of the format; without one, sixteen letters and digits.
    #[schema(max_length = 64)]
    format: Option<String>,
    /// What the list of expected serials remembers them by.
    #[schema(max_length = 200)]
    batch: Option<String>,
    /// Whether the last character is a check character (ISO/IEC 7064, MOD 37,36).
    #[serde(default)]
    check: bool,
}

/// Serials that nobody else has.
#[derive(Serialize, ToSchema)]
pub(crate) struct Serials {
    /// In canonical form.
    #[schema(example = json!(["QW2F45K8T61XZWA9"]))]
    serials: Vec<String>,
}

/// Make new serials
///
/// Random within their format, without characters that look alike, and never one that stands in the
/// list of expected serials or belongs to a terminal; they are expected from now on. For operators.
#[utoipa::path(
    post, path = "/v1/serials", tag = "estate", request_body = SerialsBody,
    responses((status = 201, description = "The new serials.", body = Serials), Problem),
)]
pub(crate) async fn issue(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<SerialsBody>,
) -> Result<(StatusCode, axum::Json<Serials>), Problem> {
    caller.at_least(Role::Operator)?;
    crate::paging::at_most("batch", body.batch.as_deref(), BATCH_CHARS_MAX)?;
    if !(1..=COUNT_MAX).contains(&body.count) {
        let detail = format!("count: 1 to {COUNT_MAX}");
        return Err(Problem::new(Code::ParameterInvalid, detail));
    }
    let name = body.format.as_deref().unwrap_or(DEFAULT_FORMAT);
    let format = issue::format_named(app.work().formats(), name, body.check)
        .map_err(|error| Problem::new(Code::ParameterInvalid, error.to_string()))?;
    let order = Order { format, count: body.count, batch: body.batch, by: caller.name.clone() };
    let mut serials = Vec::with_capacity(order.count);
    let issued = issue::issue(app.store(), &order, app.clock(), |part| {
        serials.extend(part);
        Ok(())
    });
    match issued.await {
        Ok(_) => Ok((StatusCode::CREATED, axum::Json(Serials { serials }))),
        Err(IssueError::Generate(error)) => {
            Err(Problem::new(Code::ParameterInvalid, error.to_string()))
        }
        Err(IssueError::Store(error)) => Err(error.into()),
        Err(error) => Err(Problem::internal(&error)),
    }
}
