//! Uploads that survive a network that breaks: the IETF's resumable uploads
//! (draft-ietf-httpbis-resumable-upload). `POST /v1/scans` with `Upload-Complete: ?0` begins one;
//! its parts are appended here, each at its offset, and the last one is answered as the whole
//! upload would have been. Whatever arrived before a break is kept.

use crate::access::caller::Caller;
use crate::app::App;
use crate::extract::Path;
use crate::problem::{Code, Problem};
use crate::upload::partial_uploads::{Announced, Progress};
use crate::upload::{body, receive};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pipeline::answer::new_id;
use uuid::Uuid;

const COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// The media type of a part.
const PART: &str = "application/partial-upload";

/// Whether a request to `POST /v1/scans` only begins an upload.
pub(crate) fn is_begun_by(headers: &HeaderMap) -> bool {
    headers.get(COMPLETE).is_some_and(|value| value == "?0")
}

/// Begins an upload; whatever the request carries is its first part.
pub(crate) async fn begin(
    app: &App,
    caller: &Caller,
    idempotency_key: String,
    request: Request,
) -> Result<Response, Problem> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let announced = Announced {
        owner: caller.name.clone(),
        idempotency_key,
        content_type: content_type.cloned().ok_or(Code::ContentTypeUnsupported)?,
        length_bytes: number(request.headers(), LENGTH)?,
    };
    if announced.length_bytes > app.limits().body_bytes_max() {
        return Err(Code::BodyTooLarge.into());
    }
    let id = new_id(app.now());
    app.held().begin(id, announced)?;
    append(app, caller, id, 0, request.into_body()).await?;
    let progress = app.held().progress(id, &caller.name)?;
    let location = HeaderValue::from_str(&format!("/v1/uploads/{id}"));
    let location = location.map_err(|error| Problem::internal(&error))?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], stand(&progress)).into_response())
}

/// How much of an upload has arrived
///
/// For a sender whose connection broke: it continues at `Upload-Offset`.
#[utoipa::path(
    head, path = "/v1/uploads/{id}", tag = "scans", params(("id" = Uuid, Path)),
    responses(
        (status = 204, description = "It is under way, or complete.", headers(
            ("Upload-Offset" = u64, description = "Bytes that have arrived."),
            ("Upload-Length" = u64, description = "Bytes of the whole."),
            ("Upload-Complete" = String, description = "`?1` if it is a scan already."),
        )),
        Problem,
    ),
)]
pub(crate) async fn look(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let progress = app.held().progress(id, &caller.name)?;
    Ok((StatusCode::NO_CONTENT, stand(&progress)).into_response())
}

/// Send the next part of an upload
///
/// A resumable upload begins with `POST /v1/scans`, `Upload-Complete: ?0` and `Upload-Length`; the
/// answer's `Location` is the upload. The part with `Upload-Complete: ?1` is the last and is
/// answered like `POST /v1/scans`. Uploads are dropped when idle: a 404 means to begin anew, with
/// the same Idempotency-Key.
#[utoipa::path(
    patch, path = "/v1/uploads/{id}", tag = "scans",
    params(
        ("id" = Uuid, Path),
        ("Upload-Offset" = u64, Header, description = "Where the part begins."),
        ("Upload-Complete" = String, Header, description = "`?1` with the last part, else `?0`."),
    ),
    request_body(content = Vec<u8>, content_type = "application/partial-upload"),
    responses(
        (status = 204, description = "The part has arrived."),
        (status = 201, description = "It was the last: read and judged.", body = pipeline::answer::Scan),
        (status = 202, description = "It was the last: stored, and waiting for a reader.", body = pipeline::answer::Scan),
        Problem,
    ),
)]
pub(crate) async fn part(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers();
    if headers.get(header::CONTENT_TYPE).is_none_or(|value| value != PART) {
        return Err(Problem::new(Code::ContentTypeUnsupported, format!("a part is {PART}")));
    }
    let offset = number(headers, OFFSET)?;
    let last = headers.get(COMPLETE).is_some_and(|value| value == "?1");
    let before = app.held().progress(id, &caller.name)?;
    if offset != before.offset_bytes {
        return Ok((stand(&before), Problem::from(Code::UploadOffsetMismatch)).into_response());
    }
    append(&app, &caller, id, offset, request.into_body()).await?;
    if last {
        return finish(&app, &caller, id).await;
    }
    let progress = app.held().progress(id, &caller.name)?;
    Ok((StatusCode::NO_CONTENT, stand(&progress)).into_response())
}

/// Give an upload up
#[utoipa::path(
    delete, path = "/v1/uploads/{id}", tag = "scans", params(("id" = Uuid, Path)),
    responses((status = 204, description = "What has arrived is forgotten."), Problem),
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    app.held().forget(id, &caller.name)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps the body as it comes, so that what arrived before a break counts.
async fn append(
    app: &App,
    caller: &Caller,
    id: Uuid,
    mut offset: usize,
    body: Body,
) -> Result<(), Problem> {
    let keeping = body::each_chunk(body, app.memory(), &caller.name, |chunk| {
        app.held().append(id, &caller.name, offset, &chunk)?;
        offset += chunk.len();
        Ok(())
    });
    match tokio::time::timeout(app.body_deadline(), keeping).await {
        Ok(kept) => kept,
        Err(_) => Err(Code::RequestTimeout.into()),
    }
}

/// Takes the whole as if it had come at once. A second call answers the same scan.
async fn finish(app: &App, caller: &Caller, id: Uuid) -> Result<Response, Problem> {
    let progress = app.held().progress(id, &caller.name)?;
    let scan = match progress.scan {
        Some(scan) => scan,
        None => {
            let whole = app.held().whole(id, &caller.name)?;
            let request = Request::builder()
                .header(header::CONTENT_TYPE, progress.announced.content_type)
                .body(Body::from(whole))
                .map_err(|error| Problem::internal(&error))?;
            let photos = receive::take(app, caller, request).await?;
            let scan =
                receive::store(app, caller, progress.announced.idempotency_key, photos).await?;
            app.held().became(id, scan);
            scan
        }
    };
    receive::answered(app, caller, scan, true).await
}

/// The headers that say how far an upload is.
fn stand(progress: &Progress) -> [(HeaderName, HeaderValue); 3] {
    let complete = if progress.scan.is_some() { "?1" } else { "?0" };
    [
        (COMPLETE, HeaderValue::from_static(complete)),
        (OFFSET, HeaderValue::from(progress.offset_bytes)),
        (LENGTH, HeaderValue::from(progress.announced.length_bytes)),
    ]
}

/// A header that is a whole number.
fn number(headers: &HeaderMap, name: HeaderName) -> Result<usize, Problem> {
    let value = headers.get(&name).and_then(|value| value.to_str().ok());
    let number = value.and_then(|value| value.trim().parse().ok());
    number.ok_or_else(|| Problem::new(Code::ParameterInvalid, format!("{name}: a whole number")))
}
