//! Terminals: every device that was ever registered, and the history of one.

use crate::access::caller::Caller;
use crate::api::terminal_search::Wanted;
use crate::app::App;
use crate::extract::{Path, Query};
use crate::problem::{Code, Problem};
use axum::extract::State as FromApp;
use jiff::Timestamp;
use pipeline::access::Role;
use pipeline::answer::Registration;
use serde::{Deserialize, Serialize};
use store::{FoundTerminal, Terminal};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validate::terminal::State;

/// Characters of a serial in a path.
pub(crate) const SERIAL_CHARS_MAX: usize = 64;

/// A device that was seen.
#[derive(Serialize, ToSchema)]
pub(crate) struct TerminalObject {
    /// Its key at the registry.
    #[schema(example = "pax:0821032398")]
    pub(crate) device_key: String,
    /// Its serial.
    pub(crate) serial: String,
    /// The maker, or `unknown`.
    pub(crate) vendor: String,
    /// When it was recorded first.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    /// When it changed last.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) updated_at: Timestamp,
    /// Where it is in its life.
    #[schema(value_type = String, example = "registered")]
    pub(crate) state: State,
    /// The merchant that has it.
    pub(crate) merchant: Option<String>,
    /// The terminal number that it works under (TID).
    pub(crate) tid: Option<String>,
    /// Where it stands.
    pub(crate) site: Option<String>,
    /// Since when that is so.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) since: Option<Timestamp>,
    /// The device key of the terminal whose place it took.
    pub(crate) replaces: Option<String>,
    /// Where the event of its last operation stands.
    pub(crate) registration: Registration,
    /// The scan that showed it first.
    pub(crate) first_scan: Uuid,
    /// Every scan that shows it, oldest first; only in the answer about one terminal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) scans: Vec<Uuid>,
}

impl From<store::Terminal> for TerminalObject {
    fn from(terminal: store::Terminal) -> Self {
        Self {
            device_key: terminal.device_key,
            serial: terminal.serial,
            vendor: terminal.vendor,
            created_at: terminal.created_at,
            updated_at: terminal.updated_at,
            state: terminal.state,
            merchant: terminal.merchant,
            tid: terminal.tid,
            site: terminal.site,
            since: terminal.since,
            replaces: terminal.replaces,
            registration: Registration {
                status: terminal.delivery.into(),
                delivery_id: Some(terminal.event_id),
                code: terminal.code,
                ..Registration::default()
            },
            first_scan: terminal.first_scan.into(),
            scans: terminal.scans.into_iter().map(Uuid::from).collect(),
        }
    }
}

/// Which terminals to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TerminalQuery {
    /// Any part of a serial, with or without separators, of a maker, model, merchant, site or
    /// terminal number.
    #[param(max_length = 64)]
    q: Option<String>,
    /// Only terminals in this state of their life: `seen`, `verified`, `submitted`, `registered`,
    /// `refused`, `swapped`, `unbound`, `retired`, `withdrawn`.
    #[param(example = "registered")]
    state: Option<String>,
    /// Only terminals whose registration stands there: `queued`, `delivered`, `refused`,
    /// `exhausted`, `undone`.
    #[param(example = "delivered")]
    registration: Option<String>,
    /// Only terminals after this place in the list: `next` of the page before.
    #[param(max_length = 128)]
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    most: Option<u32>,
}

/// A page of terminals.
#[derive(Serialize, ToSchema)]
pub(crate) struct TerminalList {
    /// Newest first.
    terminals: Vec<TerminalObject>,
    /// What to send as `after` for the next page; null at the end.
    next: Option<String>,
}

/// List terminals
///
/// For operators.
#[utoipa::path(
    get, path = "/v1/terminals", tag = "terminals", params(TerminalQuery),
    responses((status = 200, description = "A page.", body = TerminalList), Problem),
)]
pub(crate) async fn list(
    FromApp(app): FromApp<App>,
    caller: Caller,
    Query(query): Query<TerminalQuery>,
) -> Result<axum::Json<TerminalList>, Problem> {
    caller.at_least(Role::Operator)?;
    let most = crate::paging::page_size(query.most)?;
    crate::paging::check_after(query.after.as_deref())?;
    let (state, registration) = (query.state.as_deref(), query.registration.as_deref());
    let wanted = Wanted::new(query.q.as_deref(), state, registration)?;
    let fits = |found: &FoundTerminal| wanted.fits(found);
    let found = app.store().find_terminals(query.after, most, fits).await?;
    let page = found.map(|found| found.terminal.into());
    Ok(axum::Json(TerminalList { terminals: page.items, next: page.next }))
}

/// The terminals with a serial
///
/// Two makers may use the same serial, so there may be several. For operators.
#[utoipa::path(
    get, path = "/v1/terminals/{serial}", tag = "terminals",
    params(NamedTerminal),
    responses((status = 200, description = "At least one terminal.", body = TerminalList), Problem),
)]
pub(crate) async fn get(
    FromApp(app): FromApp<App>,
    caller: Caller,
    Path(serial): Path<String>,
) -> Result<axum::Json<TerminalList>, Problem> {
    caller.at_least(Role::Operator)?;
    if serial.chars().count() > SERIAL_CHARS_MAX {
        return Err(Code::NotFound.into());
    }
    let serial = validate::canonical(&serial).map_err(|_| Code::NotFound)?;
    let terminals = app.store().terminal(&serial).await?;
    if terminals.is_empty() {
        return Err(Code::NotFound.into());
    }
    let terminals = terminals.into_iter().map(TerminalObject::from).collect();
    Ok(axum::Json(TerminalList { terminals, next: None }))
}

/// How a path names a terminal.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the parameter that `known` takes apart")]
pub(crate) struct NamedTerminal {
    /// The serial, or `vendor:serial` where two makers use the same.
    #[param(max_length = 64)]
    serial: String,
}

/// The terminal that a path names, if there is one.
pub(crate) async fn known(app: &App, named: &str) -> Result<Option<Terminal>, Problem> {
    if named.chars().count() > SERIAL_CHARS_MAX {
        return Ok(None);
    }
    let (vendor, serial) = match named.split_once(':') {
        Some((vendor, serial)) => (Some(vendor), serial),
        None => (None, named),
    };
    let Ok(serial) = validate::canonical(serial) else { return Ok(None) };
    let mut found = app.store().terminal(&serial).await?;
    found.retain(|terminal| vendor.is_none_or(|vendor| terminal.vendor == vendor));
    if found.len() > 1 {
        return Err(Code::SerialAmbiguous.into());
    }
    Ok(found.pop())
}

/// The one terminal that a path names.
pub(crate) async fn one_terminal(app: &App, named: &str) -> Result<Terminal, Problem> {
    known(app, named).await?.ok_or_else(|| Code::NotFound.into())
}
