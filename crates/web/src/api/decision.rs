//! A person's word on a scan: which serial it is, or that there is none.

use crate::access::caller::Caller;
use crate::api::scans::stored_scan;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem};
use axum::extract::State;
use pipeline::access::Role;
use pipeline::answer::Scan;
use pipeline::decisions::typed::Typist;
use pipeline::decisions::{self, Choice, Choosing, Person, Typed};
use pipeline::details::{Details, Operation};
use pipeline::stored::scan_object;
use pipeline::terminal_operations;
use serde::Deserialize;
use store::{Authority, WriteContext};
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
    /// The serial typed a second time. Only needed to correct to a serial that resembles nothing
    /// that was read: without it the call is refused with `type_again`.
    #[schema(max_length = 64)]
    typed_again: Option<String>,
    /// The serial that somebody else decided on and that this replaces, empty for none. Without it
    /// another person's decision is not replaced, and the call is refused with `conflict`.
    #[schema(max_length = 64)]
    instead_of: Option<String>,
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
    /// None of it is a serial. What it registered is withdrawn.
    Reject,
    /// The last decision is taken back, while the registry was not told: see
    /// `registration.undo_until`.
    Undo,
}

impl DecisionBody {
    /// What is decided; none to take the last decision back.
    fn choosing(self) -> Result<Option<Choosing>, Problem> {
        let invalid = |why: &str| Err(Problem::new(Code::DecisionInvalid, why));
        let choice = match (self.action, self.serial) {
            (ActionWord::Undo, None) => return Ok(None),
            (ActionWord::Undo, Some(_)) => return invalid("undo takes no serial"),
            (ActionWord::Reject, None) => Choice::Reject,
            (ActionWord::Reject, Some(_)) => return invalid("a rejection takes no serial"),
            (_, None) => return invalid("serial: missing"),
            (ActionWord::Confirm, Some(serial)) => Choice::Confirm(serial),
            (ActionWord::Correct, Some(serial)) => {
                Choice::Correct(Typed { serial, again: self.typed_again })
            }
        };
        // A rejection is replaced by naming nothing.
        let named = |named: String| validate::canonical(&named).unwrap_or_default();
        Ok(Some(Choosing { choice, instead_of: self.instead_of.map(named) }))
    }
}

/// Decide about a scan
///
/// A technician decides about own scans. The same decision again changes nothing. The registry is
/// told after `undo_ms`; until then whoever decided can undo it. A correction or a rejection of what
/// was registered tells it `terminal.corrected` or `terminal.withdrawn`. What a technician types and
/// nobody read waits for somebody else: then the answer's status is `review`, with a `proposal`.
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
    let (typist, authority) = match caller.role {
        Role::Technician => (Typist::Technician, Authority::Technician),
        Role::Operator | Role::Admin => (Typist::Operator, Authority::Operator),
    };
    let now = app.now();
    let Some(choosing) = body.choosing()? else {
        let undone = app.store().undo(scan.id, authority, WriteContext::new(&caller.name, now));
        return Ok(axum::Json(scan_object(undone.await?)));
    };
    let by = Person { name: &caller.name, typist };
    let decided = decisions::decide(app.registrar(), &scan, &choosing, by, now).await?;
    Ok(axum::Json(scan_object(decided)))
}

/// What is done with the terminal that a scan stands for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"operation": "bind", "merchant": "310100048140001"}))]
pub(crate) struct OperationBody {
    /// What is done.
    operation: Operation,
    /// Where the terminal stands now.
    #[schema(max_length = 200)]
    site: Option<String>,
    /// To whom it goes.
    #[schema(max_length = 200)]
    merchant: Option<String>,
    /// The terminal number that the acquirer gave (TID).
    #[schema(max_length = 200)]
    tid: Option<String>,
    /// The serial of the terminal that this one replaces, for a swap.
    #[schema(max_length = 200)]
    replaces: Option<String>,
}

/// Say what is done with the terminal of a scan
///
/// The photo is kept first and asked about afterwards: this says what was not said with it, as if it
/// had been. A technician says so of own scans.
#[utoipa::path(
    post, path = "/v1/scans/{id}/operation", tag = "scans", params(("id" = Uuid, Path)),
    request_body = OperationBody,
    responses((status = 200, description = "The scan as it stands now.", body = Scan), Problem),
)]
pub(crate) async fn operate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Json(body): Json<OperationBody>,
) -> Result<axum::Json<Scan>, Problem> {
    let scan = stored_scan(&app, &caller, id).await?;
    let details = Details {
        operation: Some(body.operation),
        site: body.site,
        merchant: body.merchant,
        tid: body.tid,
        replaces: body.replaces,
        ..Details::default()
    };
    details.check_complete()?;
    let (by, now) = (&caller.name, app.now());
    let done = terminal_operations::operate_on_shown(app.registrar(), &scan, &details, by, now);
    Ok(axum::Json(scan_object(done.await?)))
}
