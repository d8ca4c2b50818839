//! Scans: sending photos, reading without recording, looking back, deciding.

use crate::access::caller::Caller;
use crate::app::App;
use crate::extract::{Path, Query};
use crate::problem::{Code, Problem};
use crate::upload::receive::{answered, check_sender, idempotency_key, prefers_async, store, take};
use crate::upload::resumable;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use pipeline::answer::{Scan, Status, new_id};
use pipeline::details::Details;
use pipeline::stored::{scan_object, with_earlier};
use readers::{PhotoBytes, ReadRequest};
use serde::{Deserialize, Serialize};
use store::{Page, ScanFilter};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The parts of an upload, for the documentation.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the multipart body, which is taken off the wire by hand")]
pub(crate) struct UploadForm {
    /// Photos of the label, all of one terminal: JPEG, HEIC, PNG or WebP.
    #[schema(value_type = Vec<String>, format = Binary, min_items = 1)]
    photo: Vec<Vec<u8>>,
    /// Photos of the device's own screen, to compare with the label.
    #[schema(value_type = Option<Vec<String>>, format = Binary)]
    screen: Option<Vec<Vec<u8>>>,
    /// What else is known about the terminal.
    details: Option<Details>,
}

/// Send the photos of one terminal
///
/// They are stored before this answers. A repetition with the same `Idempotency-Key` and photos
/// answers the same scan; with other photos it is refused with `idempotency_key_reused`. A raw
/// image as the whole body is taken too.
#[utoipa::path(
    post, path = "/v1/scans", tag = "scans",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Chosen by the client, once a terminal. Without it a repetition is a new scan.", max_length = 255, min_length = 1),
        ("Labelscan-Sender" = Option<String>, Header, description = "Who took the photos, percent-encoded. Refused with `sender_changed` if that is not the caller: a phone is handed on while photos wait on it."),
        ("Upload-Complete" = Option<String>, Header, description = "`?0`: this begins a resumable upload; see `PATCH /v1/uploads/{id}`."),
        ("Upload-Length" = Option<u64>, Header, description = "Bytes of the whole body of a resumable upload."),
        ("Prefer" = Option<String>, Header, description = "`respond-async`: answer 202 without waiting for the verdict."),
    ),
    request_body(content((UploadForm = "multipart/form-data"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/heic"))),
    responses(
        (status = 201, description = "Read and judged.", body = Scan, headers(("Location" = String, description = "The scan."))),
        (status = 202, description = "Stored; it waits for a reader.", body = Scan, headers(("Location" = String, description = "Where the verdict will be."))),
        Problem,
    ),
)]
pub(crate) async fn receive(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    check_sender(request.headers(), &caller)?;
    let key = idempotency_key(request.headers(), app.now())?;
    let wait = !prefers_async(request.headers());
    if resumable::is_begun_by(request.headers()) {
        return resumable::begin(&app, &caller, key, request).await;
    }
    let photos = take(&app, &caller, request).await?;
    let id = store(&app, &caller, key, photos).await?;
    answered(&app, &caller, id, wait).await
}

/// Read photos without recording anything
///
/// For live viewfinders and integrators: the same body as `POST /v1/scans`, the same verdict.
#[utoipa::path(
    post, path = "/v1/read", tag = "scans",
    request_body(content((UploadForm = "multipart/form-data"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/heic"))),
    responses((status = 200, description = "Read and judged, not recorded.", body = Scan), Problem),
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<axum::Json<Scan>, Problem> {
    let photos = take(&app, &caller, request).await?;
    let photos = photos.photos.into_iter();
    let photos = photos.map(|photo| PhotoBytes { bytes: photo.bytes, surface: photo.surface });
    let request = ReadRequest { photos: photos.collect() };
    let now = app.now();
    let reading = app.work().read_for(&caller.name, request).await?;
    let judgement = app.work().judge(&reading).await?;
    let scan = Scan::judged(new_id(now), now, judgement, (&reading.took).into());
    Ok(axum::Json(with_earlier(app.store(), scan).await?))
}

/// Which scans to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScanQuery {
    /// Only scans of this status.
    status: Option<Status>,
    /// Only scans after this place in the list: `next` of the page before.
    #[param(max_length = 128)]
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    most: Option<u32>,
}

/// A page of scans.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScanList {
    /// Newest first.
    scans: Vec<Scan>,
    /// What to send as `after` for the next page; null at the end.
    next: Option<String>,
}

/// List scans, newest first
///
/// Technicians see their own.
#[utoipa::path(
    get, path = "/v1/scans", tag = "scans", params(ScanQuery),
    responses((status = 200, description = "A page.", body = ScanList), Problem),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ScanQuery>,
) -> Result<axum::Json<ScanList>, Problem> {
    let most = crate::paging::page_size(query.most)?;
    crate::paging::check_after(query.after.as_deref())?;
    let page = page(&app, &caller, query.status, query.after, most).await?;
    Ok(axum::Json(ScanList { scans: page.items, next: page.next }))
}

/// Scans that the caller may see, newest first.
pub(crate) async fn page(
    app: &App,
    caller: &Caller,
    status: Option<Status>,
    after: Option<String>,
    most: u32,
) -> Result<Page<Scan>, Problem> {
    let filter =
        ScanFilter { status: status.map(Into::into), owner: caller.owner_filter(), after, most };
    Ok(app.store().scans(&filter).await?.map(scan_object))
}

/// A stored scan that the caller may see.
pub(crate) async fn stored_scan(
    app: &App,
    caller: &Caller,
    id: Uuid,
) -> Result<store::Scan, Problem> {
    let stored = app.store().scan(id.into()).await?;
    let seen = stored.filter(|scan| caller.may_see(&scan.owner));
    seen.ok_or_else(|| Code::NotFound.into())
}

/// One scan
#[utoipa::path(
    get, path = "/v1/scans/{id}", tag = "scans", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The scan.", body = Scan), Problem),
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<Scan>, Problem> {
    let scan = scan_object(stored_scan(&app, &caller, id).await?);
    Ok(axum::Json(with_earlier(app.store(), scan).await?))
}

/// Which photo of a scan.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PhotoQuery {
    /// From 0, in the order sent.
    n: Option<usize>,
}

/// A scan's photo, as it was sent
#[utoipa::path(
    get, path = "/v1/scans/{id}/photo", tag = "scans",
    params(("id" = Uuid, Path), PhotoQuery),
    responses(
        (status = 200, description = "The file.", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/heic"))),
        Problem,
    ),
)]
pub(crate) async fn photo(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<PhotoQuery>,
) -> Result<Response, Problem> {
    let scan = stored_scan(&app, &caller, id).await?;
    let photos = app.store().photos(scan.id).await?;
    let photo = photos.into_iter().nth(query.n.unwrap_or(0)).ok_or(Code::NotFound)?;
    Ok(photo_file(id, photo.bytes))
}

/// A photo as a file whose type follows from its content.
pub(crate) fn photo_file(id: Uuid, photo: Bytes) -> Response {
    let kind = scan::media_type(&photo).unwrap_or("application/octet-stream");
    let ending = kind.rsplit('/').next().unwrap_or("bin");
    let name = format!("inline; filename=\"{id}.{ending}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)];
    (headers, photo).into_response()
}
