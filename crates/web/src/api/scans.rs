//! Scans: sending photos, reading without recording, looking back, deciding.

use crate::access::caller::Caller;
use crate::app::App;
use crate::extract::{Path, Query};
use crate::problem::{Code, Problem};
use crate::upload::body::{self, Photos};
use crate::upload::resumable;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::Timestamp;
use pipeline::answer::{Scan, Status, new_id};
use pipeline::details::Details;
use serde::{Deserialize, Serialize};
use store::ScanId;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The header that makes a repeated upload harmless.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Characters of an Idempotency-Key.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

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
    let key = idempotency_key(request.headers(), app.now())?;
    let wait = !prefers_async(request.headers());
    if resumable::is_begun_by(request.headers()) {
        return resumable::begin(&app, &caller, key, request).await;
    }
    let photos = take(&app, request).await?;
    let id = app.receive(&caller, key, photos).await?;
    answered(&app, &caller, id, wait).await
}

/// The answer to an upload that is stored.
pub(crate) async fn answered(
    app: &App,
    caller: &Caller,
    id: ScanId,
    wait: bool,
) -> Result<Response, Problem> {
    let scan = app.answer(caller, id, wait).await?;
    let status =
        if scan.status == Status::Queued { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    let location = HeaderValue::from_str(&format!("/v1/scans/{}", scan.id));
    let location = location.map_err(|error| Problem::internal(&error))?;
    Ok((status, [(header::LOCATION, location)], axum::Json(scan)).into_response())
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
    let photos = take(&app, request).await?;
    Ok(axum::Json(app.read(&caller, photos).await?))
}

/// Which scans to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScanQuery {
    /// Only scans of this status.
    status: Option<Status>,
    /// Only scans older than this one: the last id of the page before.
    after: Option<Uuid>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200)]
    most: Option<u32>,
}

/// A page of scans.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScanList {
    /// Newest first.
    scans: Vec<Scan>,
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
    let scans = app.scans(&caller, query.status, query.after, most).await?;
    Ok(axum::Json(ScanList { scans }))
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
    Ok(axum::Json(app.scan(&caller, id).await?))
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
    let scan = app.stored_scan(&caller, id).await?;
    let photo = app.photo(scan.id, query.n.unwrap_or(0)).await?;
    Ok(photo_file(id, photo))
}

/// A photo as a file whose type follows from its content.
pub(crate) fn photo_file(id: Uuid, photo: Bytes) -> Response {
    let kind = scan::media_type(&photo).unwrap_or("application/octet-stream");
    let ending = kind.rsplit('/').next().unwrap_or("bin");
    let name = format!("inline; filename=\"{id}.{ending}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "private, max-age=3600".to_owned()),
    ];
    (headers, photo).into_response()
}

/// Takes an upload within its limits and its time.
pub(crate) async fn take(app: &App, request: Request) -> Result<Photos, Problem> {
    let taking = body::take(request, app.limits(), app.memory());
    match tokio::time::timeout(app.body_deadline(), taking).await {
        Ok(taken) => taken,
        Err(_) => Err(Code::RequestTimeout.into()),
    }
}

fn idempotency_key(headers: &HeaderMap, now: Timestamp) -> Result<String, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(new_id(now).to_string());
    };
    let visible = |key: &&str| key.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    let key = value.to_str().ok().filter(visible);
    let lengths = 1..=IDEMPOTENCY_KEY_CHARS_MAX;
    key.filter(|key| lengths.contains(&key.len())).map(str::to_owned).ok_or_else(|| {
        let detail = format!("1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters");
        Problem::new(Code::IdempotencyKeyInvalid, detail)
    })
}

/// RFC 7240: the preferences are a list, parameters may follow each.
fn prefers_async(headers: &HeaderMap) -> bool {
    headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|preference| {
            let name = preference.split(';').next().unwrap_or_default();
            name.trim().eq_ignore_ascii_case("respond-async")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_bytes(value).unwrap());
        headers
    }

    #[test]
    fn an_idempotency_key_is_visible_ascii_of_bounded_length() {
        let key = |value: &[u8]| {
            idempotency_key(&with("idempotency-key", value), Timestamp::UNIX_EPOCH).ok()
        };
        assert_eq!(key(b"0195b0c4-6b6e"), Some("0195b0c4-6b6e".to_owned()));
        assert_eq!(key(&[b'x'; 255]).map(|key| key.len()), Some(255));
        let refused: [&[u8]; 4] = [b"", b"a b", b"\xc3\xa9", &[b'x'; 256]];
        for value in refused {
            assert_eq!(key(value), None, "{value:?}");
        }
        let without = || idempotency_key(&HeaderMap::new(), Timestamp::UNIX_EPOCH).unwrap();
        assert_ne!(without(), without());
    }

    #[test]
    fn a_preference_counts_among_others_and_with_parameters() {
        for value in ["respond-async", "wait=10, Respond-Async", "respond-async; foo=1"] {
            assert!(prefers_async(&with("prefer", value.as_bytes())), "{value}");
        }
        for value in ["", "wait=10", "respond-asynchronously"] {
            assert!(!prefers_async(&with("prefer", value.as_bytes())), "{value}");
        }
    }
}
