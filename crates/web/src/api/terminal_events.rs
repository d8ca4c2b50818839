//! What happens to a terminal without a photo: an operator reports an operation or a note, and
//! anybody asks whether a terminal is what and where it is said to be.

use crate::access::caller::Caller;
use crate::api::terminals::{NamedTerminal, TerminalObject, known, one_terminal};
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use pipeline::access::Role;
use pipeline::answer::{NothingNewObject, ReasonObject};
use pipeline::details::{Details, Operation};
use pipeline::terminal_operations;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::WriteContext;
use utoipa::ToSchema;

/// Something that happened to a terminal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"event": "unbind", "note": "the shop closed"}))]
pub(crate) struct EventBody {
    /// What happened.
    event: Event,
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
    /// Anything else.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// What can happen to a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Event {
    /// It goes to a merchant. The registry is told.
    Bind,
    /// It goes into stock. The registry is told.
    StockIn,
    /// It replaces another one. The registry is told.
    Swap,
    /// It leaves its merchant. The registry is told.
    Unbind,
    /// Its serial was wrong: there is no such terminal. The registry is told.
    Withdraw,
    /// It goes out of service for good.
    Retire,
    /// Anything else worth keeping.
    Note,
}

impl Event {
    fn operation(self) -> Option<Operation> {
        match self {
            Self::Bind => Some(Operation::Bind),
            Self::StockIn => Some(Operation::StockIn),
            Self::Swap => Some(Operation::Swap),
            Self::Unbind => Some(Operation::Unbind),
            Self::Withdraw | Self::Retire | Self::Note => None,
        }
    }
}

/// Record what happened to a terminal
///
/// An operation that may not follow what stands is refused with 409 and a code such as
/// `terminal_bound`; what changes nothing is answered with what stands (`nothing_new`) and tells the
/// registry nothing. For operators.
#[utoipa::path(
    post, path = "/v1/terminals/{serial}/events", tag = "terminals",
    params(NamedTerminal),
    request_body = EventBody,
    responses((status = 201, description = "The terminal as it stands now.", body = TerminalObject), Problem),
)]
pub(crate) async fn record(
    State(app): State<App>,
    caller: Caller,
    Path(serial): Path<String>,
    Json(body): Json<EventBody>,
) -> Result<(StatusCode, axum::Json<TerminalObject>), Problem> {
    caller.at_least(Role::Operator)?;
    let terminal = one_terminal(&app, &serial).await?;
    let device = &terminal.device_key;
    let (event, now, by) = (body.event, app.now(), &caller.name);
    let detail = json!({"note": body.note});
    let details = Details {
        site: body.site,
        merchant: body.merchant,
        tid: body.tid,
        operation: event.operation(),
        replaces: body.replaces,
        note: body.note,
        ..Details::default()
    };
    details.check_complete()?;
    let context = WriteContext::new(by, now);
    let nothing_new = match event {
        Event::Bind | Event::StockIn | Event::Swap | Event::Unbind => {
            terminal_operations::operate(app.registrar(), &terminal, &details, by, now).await?
        }
        Event::Withdraw => {
            terminal_operations::withdraw(app.registrar(), &terminal, by, now).await?
        }
        Event::Retire => {
            app.store().retire(device, &detail, context).await?;
            None
        }
        Event::Note => {
            app.store().note(device, &detail, context).await?;
            None
        }
    };
    let mut terminal = TerminalObject::from(one_terminal(&app, device).await?);
    terminal.registration.nothing_new = nothing_new.map(NothingNewObject::from);
    Ok((StatusCode::CREATED, axum::Json(terminal)))
}

/// What somebody says about a terminal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"merchant": "310100048140001"}))]
pub(crate) struct VerifyBody {
    /// The merchant where it was met, by name or number.
    #[schema(max_length = 200)]
    merchant: Option<String>,
    /// How it was met, for the record.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// Whether a terminal is what and where it is said to be.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verification {
    /// The answer in one word.
    verdict: Verified,
    /// What speaks against it.
    reasons: Vec<ReasonObject>,
    /// The terminal, if it is known.
    terminal: Option<TerminalObject>,
}

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Verified {
    /// It is known and nothing speaks against it.
    Matches,
    /// It is known, but not like this.
    Differs,
    /// No terminal with this serial was ever recorded.
    Unknown,
}

/// Compare a terminal with what is recorded
///
/// For whoever meets a serial, on a device or in a transaction, and wants to know whether it is
/// genuine and in its place. What was asked and answered stands in the terminal's history.
#[utoipa::path(
    post, path = "/v1/terminals/{serial}/verify", tag = "terminals",
    params(NamedTerminal),
    request_body = VerifyBody,
    responses((status = 200, description = "What is recorded says this.", body = Verification), Problem),
)]
pub(crate) async fn verify(
    State(app): State<App>,
    caller: Caller,
    Path(serial): Path<String>,
    Json(body): Json<VerifyBody>,
) -> Result<axum::Json<Verification>, Problem> {
    let said = Details { merchant: body.merchant, note: body.note, ..Details::default() };
    said.check()?;
    let Some(terminal) = known(&app, &serial).await? else {
        let (code, hint) = ("terminal_unknown", "No photo of this terminal was accepted.");
        let reasons = vec![ReasonObject { code: code.into(), hint: hint.into() }];
        let verdict = Verified::Unknown;
        return Ok(axum::Json(Verification { verdict, reasons, terminal: None }));
    };
    let reasons = terminal_operations::objections(&terminal, said.merchant.as_deref());
    let matches = reasons.is_empty();
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    let detail = json!({"said": said, "matches": matches, "reasons": codes});
    let device = terminal.device_key.clone();
    app.store()
        .verify(&device, matches, &detail, WriteContext::new(&caller.name, app.now()))
        .await?;
    let verdict = if matches { Verified::Matches } else { Verified::Differs };
    let terminal = known(&app, &device).await?.map(TerminalObject::from);
    // Whose terminal it is, is for operators.
    let terminal = terminal.filter(|_| caller.role >= Role::Operator);
    Ok(axum::Json(Verification { verdict, reasons, terminal }))
}
