//! What an owner keeps about a terminal: its warranty, and the work that was done on it.

use crate::access::caller::Caller;
use crate::api::terminals::{NamedTerminal, one_terminal};
use crate::app::App;
use crate::extract::{Json, Path, Query};
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use jiff::civil::Date;
use pipeline::access::Role;
use pipeline::answer::new_id;
use serde::{Deserialize, Serialize};
use store::{
    MaintenancePhoto, MaintenanceRecord, Page, ServiceHistory, StoreError, Terminal, Work,
    WriteContext,
};
use url::form_urlencoded;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Characters of a note.
const NOTE_CHARS_MAX: usize = 2_000;

/// Work that was done on a terminal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"on": "2026-11-23", "kind": "repair", "note": "New battery."}))]
pub(crate) struct WorkBody {
    /// The day it was done.
    #[schema(value_type = String, format = Date)]
    on: Date,
    /// What kind of work.
    kind: WorkKind,
    /// What was done.
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
}

/// Kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WorkKind {
    /// Something broken was mended.
    Repair,
    /// A part was exchanged.
    Part,
    /// It was looked at.
    Inspection,
    /// Its programs were changed.
    Software,
    /// Anything else.
    Other,
}

impl WorkKind {
    fn word(self) -> &'static str {
        match self {
            Self::Repair => "repair",
            Self::Part => "part",
            Self::Inspection => "inspection",
            Self::Software => "software",
            Self::Other => "other",
        }
    }
}

/// A record of maintenance.
#[derive(Serialize, ToSchema)]
pub(crate) struct MaintenanceObject {
    /// Its id.
    id: String,
    /// The day the work was done.
    #[schema(value_type = String, format = Date)]
    on: Date,
    /// What kind of work.
    #[schema(example = "repair")]
    kind: String,
    /// What was done.
    note: String,
    /// Its photos, oldest first.
    photos: Vec<MaintenancePhotoObject>,
    /// Who wrote it last.
    by: String,
    /// When it was written last.
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

/// A photo of work that was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct MaintenancePhotoObject {
    /// Its id.
    id: Uuid,
    /// Its media type, by content.
    #[schema(example = "image/jpeg")]
    content_type: String,
    /// How large the file is.
    bytes: u64,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    added_at: Timestamp,
}

impl From<MaintenancePhoto> for MaintenancePhotoObject {
    fn from(photo: MaintenancePhoto) -> Self {
        let MaintenancePhoto { id, content_type, bytes, added_at } = photo;
        Self { id, content_type, bytes, added_at }
    }
}

impl From<MaintenanceRecord> for MaintenanceObject {
    fn from(record: MaintenanceRecord) -> Self {
        Self {
            id: record.id,
            on: record.work.on,
            kind: record.work.kind,
            note: record.work.note,
            photos: record.photos.into_iter().map(MaintenancePhotoObject::from).collect(),
            by: record.by,
            changed_at: record.changed_at,
        }
    }
}

impl From<ServiceHistory> for UpkeepObject {
    fn from(history: ServiceHistory) -> Self {
        let Page { items, next } = history.records;
        let maintenance = items.into_iter().map(MaintenanceObject::from).collect();
        Self { warranty_until: history.warranty_until, maintenance, next }
    }
}

/// A terminal's warranty and a page of its maintenance.
#[derive(Serialize, ToSchema)]
pub(crate) struct UpkeepObject {
    /// The last day of the warranty, if it is known.
    #[schema(value_type = Option<String>, format = Date)]
    warranty_until: Option<Date>,
    /// The newest work first.
    maintenance: Vec<MaintenanceObject>,
    /// What to send as `after` for the next page; null at the end.
    next: Option<String>,
}

/// Which records of maintenance to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UpkeepQuery {
    /// Only records after this place in the list: `next` of the page before.
    #[param(max_length = 128)]
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    most: Option<u32>,
}

/// Warranty and maintenance of a terminal
///
/// For operators.
#[utoipa::path(
    get, path = "/v1/terminals/{serial}/maintenance", tag = "terminals",
    params(NamedTerminal, UpkeepQuery),
    responses((status = 200, description = "What is recorded.", body = UpkeepObject), Problem),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(serial): Path<String>,
    Query(query): Query<UpkeepQuery>,
) -> Result<axum::Json<UpkeepObject>, Problem> {
    caller.at_least(Role::Operator)?;
    let most = crate::paging::page_size(query.most)?;
    crate::paging::check_after(query.after.as_deref())?;
    let terminal = one_terminal(&app, &serial).await?;
    let history = app.store().service_history(&terminal.device_key, query.after.as_deref(), most);
    Ok(axum::Json(UpkeepObject::from(history.await?)))
}

/// Record work on a terminal
///
/// For operators.
#[utoipa::path(
    post, path = "/v1/terminals/{serial}/maintenance", tag = "terminals",
    params(NamedTerminal), request_body = WorkBody,
    responses(
        (status = 201, description = "What is recorded now.", body = UpkeepObject,
            headers(("Location" = String, description = "The record, to edit it or to add photos."))),
        Problem,
    ),
)]
pub(crate) async fn add(
    State(app): State<App>,
    caller: Caller,
    Path(serial): Path<String>,
    Json(body): Json<WorkBody>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1], axum::Json<UpkeepObject>), Problem> {
    let id = new_id(app.now());
    let (terminal, work) = checked(&app, &caller, &serial, body).await?;
    let (key, context) = (&terminal.device_key, WriteContext::new(&caller.name, app.now()));
    match app.store().record_maintenance(key, &id.to_string(), &work, context).await {
        Err(StoreError::Invalid(why)) => return Err(Problem::new(Code::Conflict, why)),
        recorded => recorded?,
    }
    let recorded = newest(&app, &terminal).await?;
    let named = form_urlencoded::byte_serialize(serial.as_bytes()).collect::<String>();
    let location = HeaderValue::from_str(&format!("/v1/terminals/{named}/maintenance/{id}"));
    let location = location.map_err(|error| Problem::internal(&error))?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], recorded))
}

/// Edit a record of maintenance
///
/// What it said before stays in the audit trail. For operators.
#[utoipa::path(
    put, path = "/v1/terminals/{serial}/maintenance/{id}", tag = "terminals",
    params(NamedTerminal, ("id" = Uuid, Path)),
    request_body = WorkBody,
    responses((status = 200, description = "What is recorded now.", body = UpkeepObject), Problem),
)]
pub(crate) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path((serial, id)): Path<(String, Uuid)>,
    Json(body): Json<WorkBody>,
) -> Result<axum::Json<UpkeepObject>, Problem> {
    let (terminal, work) = checked(&app, &caller, &serial, body).await?;
    let (key, context) = (&terminal.device_key, WriteContext::new(&caller.name, app.now()));
    app.store().edit_maintenance(key, &id.to_string(), &work, context).await?;
    newest(&app, &terminal).await
}

/// How long the warranty lasts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"until": "2028-01-31"}))]
pub(crate) struct WarrantyBody {
    /// Its last day; null if it is not known.
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<Date>,
}

/// Set the warranty of a terminal
///
/// For operators.
#[utoipa::path(
    put, path = "/v1/terminals/{serial}/warranty", tag = "terminals",
    params(NamedTerminal), request_body = WarrantyBody,
    responses((status = 200, description = "What is recorded now.", body = UpkeepObject), Problem),
)]
pub(crate) async fn set_warranty(
    State(app): State<App>,
    caller: Caller,
    Path(serial): Path<String>,
    Json(body): Json<WarrantyBody>,
) -> Result<axum::Json<UpkeepObject>, Problem> {
    caller.at_least(Role::Operator)?;
    let terminal = one_terminal(&app, &serial).await?;
    let key = &terminal.device_key;
    app.store().set_warranty(key, body.until, WriteContext::new(&caller.name, app.now())).await?;
    newest(&app, &terminal).await
}

/// The warranty and the first page of the maintenance, after a change.
pub(crate) async fn newest(
    app: &App,
    terminal: &Terminal,
) -> Result<axum::Json<UpkeepObject>, Problem> {
    let most = crate::paging::page_size(None)?;
    let history = app.store().service_history(&terminal.device_key, None, most).await?;
    Ok(axum::Json(UpkeepObject::from(history)))
}

/// The terminal and the work that a body says was done on it.
async fn checked(
    app: &App,
    caller: &Caller,
    serial: &str,
    body: WorkBody,
) -> Result<(Terminal, Work), Problem> {
    caller.at_least(Role::Operator)?;
    crate::paging::at_most("note", Some(&body.note), NOTE_CHARS_MAX)?;
    let note = body.note.trim();
    if note.is_empty() || note.chars().any(|c| c.is_control() && c != '\n' && c != '\r') {
        return Err(Problem::new(Code::ParameterInvalid, "note: empty, or control characters"));
    }
    let work = Work { on: body.on, kind: body.kind.word().to_owned(), note: note.to_owned() };
    Ok((one_terminal(app, serial).await?, work))
}
