//! A person's word on a scan: which serial it is, or that there is none.

use crate::access::caller::Caller;
use crate::api::scans::stored_scan;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem};
use axum::extract::State;
use pipeline::answer::Scan;
use pipeline::decisions::{self, Choice};
use pipeline::stored::scan_object;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a person decided about a scan.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"action": "confirm", "serial": "0821032398"}))]
pub(crate) struct DecisionBody {
    /// What to do.
    action: ActionWord,
    /// The serial: one of the candidates to confirm, or what a person typed to correct.
    #[schema(max_length = 64)]
    serial: Option<String>,
}

/// What a person may do about a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Choice)]
enum ActionWord {
    /// One of the candidates is the serial.
    Confirm,
    /// The serial is another one, typed.
    Correct,
    /// None of it is a serial.
    Reject,
}

impl DecisionBody {
    fn choice(self) -> Result<Choice, Problem> {
        let invalid = |why: &str| Err(Problem::new(Code::DecisionInvalid, why));
        match (self.action, self.serial) {
            (ActionWord::Reject, None) => Ok(Choice::Reject),
            (ActionWord::Reject, Some(_)) => invalid("a rejection takes no serial"),
            (_, None) => invalid("serial: missing"),
            (ActionWord::Confirm, Some(serial)) => Ok(Choice::Confirm(serial)),
            (ActionWord::Correct, Some(serial)) => Ok(Choice::Correct(serial)),
        }
    }
}

/// Decide about a scan
///
/// A technician decides about own scans. The same decision again changes nothing.
#[utoipa::path(
    post, path = "/v1/scans/{id}/decision", tag = "scans", params(("id" = Uuid, Path)),
    request_body = DecisionBody,
    responses((status = 200, description = "The scan as it stands now.", body = Scan), Problem),
)]
pub(crate) async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<DecisionBody>,
) -> Result<axum::Json<Scan>, Problem> {
    let scan = stored_scan(&app, &caller, id).await?;
    let choice = body.choice()?;
    let decided = decisions::decide(app.registrar(), &scan, &choice, &caller.name, app.now());
    Ok(axum::Json(scan_object(decided.await?)))
}
