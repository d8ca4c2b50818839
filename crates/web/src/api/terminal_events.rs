//! What happens to a terminal without a photo: an operator reports an operation or a note, and
//! anybody asks whether a terminal is what and where it is said to be.

use crate::access::caller::Caller;
use crate::api::terminals::{NamedTerminal, TerminalObject, known, one_terminal};
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use outbound::{Review, Standing};
use pipeline::access::Role;
use pipeline::answer::ReasonObject;
use pipeline::details::{Details, Operation};
use pipeline::registration::{Accepted, registration};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Registration, Terminal};
use utoipa::ToSchema;
use validate::terminal::{Forbidden, State as TerminalState};
use validate::{Serial, Source, Verdict};

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
            Self::Retire | Self::Note => None,
        }
    }
}

/// Record what happened to a terminal
///
/// An operation that may not follow what stands is refused with 409 and a code such as
/// `terminal_bound`; the same operation again changes nothing. For operators.
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
    details.check()?;
    match event {
        Event::Bind | Event::StockIn | Event::Swap | Event::Unbind => {
            let owed = owed(&app, &caller, &terminal, &details, now).await?;
            app.store().operate(terminal.first_scan, &owed, by, now).await?;
        }
        Event::Retire => app.store().retire(device, &detail, by, now).await?,
        Event::Note => app.store().note(device, &detail, by, now).await?,
    }
    let terminal = one_terminal(&app, device).await?;
    Ok((StatusCode::CREATED, axum::Json(TerminalObject::from(terminal))))
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
        let reasons = vec![reason("terminal_unknown", "No photo of this terminal was accepted.")];
        let verdict = Verified::Unknown;
        return Ok(axum::Json(Verification { verdict, reasons, terminal: None }));
    };
    let reasons = objections(&terminal, said.merchant.as_deref());
    let matches = reasons.is_empty();
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    let detail = json!({"said": said, "matches": matches, "reasons": codes});
    let device = terminal.device_key.clone();
    app.store().verify(&device, matches, &detail, &caller.name, app.now()).await?;
    let verdict = if matches { Verified::Matches } else { Verified::Differs };
    let terminal = known(&app, &device).await?.map(TerminalObject::from);
    // Whose terminal it is, is for operators.
    let terminal = terminal.filter(|_| caller.role >= Role::Operator);
    Ok(axum::Json(Verification { verdict, reasons, terminal }))
}

/// What speaks against a terminal that is met at a merchant.
fn objections(terminal: &Terminal, merchant: Option<&str>) -> Vec<ReasonObject> {
    let state = match terminal.state {
        TerminalState::Retired => Some(("terminal_retired", "It is retired: keep it.")),
        TerminalState::Swapped => Some(("terminal_swapped", "Another terminal took its place.")),
        TerminalState::Unbound => Some(("terminal_unbound", "It left its merchant.")),
        TerminalState::Refused => Some(("terminal_refused", "The registry refused it.")),
        TerminalState::Seen
        | TerminalState::Verified
        | TerminalState::Submitted
        | TerminalState::Registered => None,
    };
    let elsewhere = matches!((merchant, &terminal.merchant), (Some(a), Some(b)) if a != b);
    let place =
        elsewhere.then_some(("merchant_differs", "It is recorded at another merchant: ask there."));
    state.into_iter().chain(place).map(|(code, hint)| reason(code, hint)).collect()
}

fn reason(code: &str, hint: &str) -> ReasonObject {
    ReasonObject { code: code.into(), hint: hint.into() }
}

/// The registration that an operation owes: the serial as the terminal's first scan showed it.
async fn owed(
    app: &App,
    caller: &Caller,
    terminal: &Terminal,
    details: &Details,
    now: Timestamp,
) -> Result<Registration, Problem> {
    let scan = app.store().scan(terminal.first_scan).await?.ok_or(Code::NotFound)?;
    let shown = shown(&scan).filter(|serial| serial.device_key() == terminal.device_key);
    let photos = if shown.is_some() { &scan.photos[..] } else { &[] };
    let identifiers = scan.judgement.as_ref().map_or(&[][..], |found| &found.identifiers);
    let serial = shown.cloned().unwrap_or_else(|| named(terminal));
    let details = serde_json::to_value(details).unwrap_or(Value::Null);
    let accepted = Accepted {
        scan: scan.id,
        serial: &serial,
        identifiers: if shown.is_some() { identifiers } else { &[] },
        replaces: app.work().replaced(&details).await?,
        details: &details,
        owner: &caller.name,
        photos_sha256: photos.iter().map(|photo| photo.sha256.as_str()).collect(),
        standing: Standing::Confirmed,
        review: Some(Review { by: caller.name.clone(), at: now }),
    };
    let base = app.settings().public_url.as_deref();
    registration(&accepted, base, now).map_err(|error| Problem::internal(&error))
}

/// The serial that stands for a scan.
fn shown(scan: &store::Scan) -> Option<&Serial> {
    match &scan.decision {
        Some(decided) => decided.action.serial(),
        None => match &scan.judgement.as_ref()?.verdict {
            Verdict::Accepted { serial } => Some(serial),
            _ => None,
        },
    }
}

/// The serial of a terminal that no photo shows: somebody wrote it.
fn named(terminal: &Terminal) -> Serial {
    Serial {
        checks: vec![validate::Check::Person],
        ..Serial::vouched(&terminal.serial, &terminal.vendor, "unknown", Source::Person)
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
        };
        debug_assert_eq!(code.name(), forbidden.code());
        Self::new(code, forbidden.to_string())
    }
}
