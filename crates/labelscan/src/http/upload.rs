//! Takes the photos of one terminal off the wire: a form with `photo` and `screen` parts and
//! optional `details`, or one raw image. Every byte is counted as it arrives, and what a picture is
//! follows from its bytes: a client's content type and file name decide nothing.

use super::details::Details;
use super::problem::{Code, Problem};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use scan::UnreadableCode;
use validate::Surface;

/// What one upload may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UploadLimits {
    /// Bytes of one photo.
    pub(crate) photo_bytes_max: usize,
    /// Photos of one terminal.
    pub(crate) photos_max: usize,
    /// Bytes of the details.
    pub(crate) details_bytes_max: usize,
}

impl UploadLimits {
    /// Bytes of a whole body: the parts and room for their headers.
    pub(crate) fn body_bytes_max(&self) -> usize {
        self.photo_bytes_max * self.photos_max + self.details_bytes_max + 64 * 1024
    }
}

/// The photos of one terminal and what was said about it.
#[derive(Debug)]
pub(crate) struct Photos {
    /// At least one photo, in the order sent.
    pub(crate) photos: Vec<Photo>,
    /// Checked details.
    pub(crate) details: Details,
}

/// One photo as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Photo {
    /// The file, unaltered.
    pub(crate) bytes: Bytes,
    /// Its media type, by content.
    pub(crate) content_type: &'static str,
    /// What it was taken of.
    pub(crate) surface: Surface,
}

/// Reads the whole body of an upload.
pub(crate) async fn take(request: Request, limits: &UploadLimits) -> Result<Photos, Problem> {
    refuse_declared_oversize(request.headers(), limits)?;
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    if content_type.starts_with("multipart/form-data") {
        let form = Multipart::from_request(request, &())
            .await
            .map_err(|refused| Problem::new(Code::BodyMalformed, refused.body_text()))?;
        take_form(form, limits).await
    } else if content_type.starts_with("image/") {
        let stream = request.into_body().into_data_stream();
        let bytes = take_bytes(stream, limits.photo_bytes_max, Code::PhotoTooLarge, |error| {
            Problem::new(Code::BodyMalformed, error.to_string())
        });
        let photo = photo(bytes.await?, Surface::Label)?;
        Ok(Photos { photos: vec![photo], details: Details::default() })
    } else {
        Err(Code::ContentTypeUnsupported.into())
    }
}

/// An honest Content-Length spares both sides the transfer.
fn refuse_declared_oversize(headers: &HeaderMap, limits: &UploadLimits) -> Result<(), Problem> {
    let declared: Option<u64> = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok());
    match declared {
        Some(bytes) if bytes > limits.body_bytes_max() as u64 => Err(Problem::new(
            Code::BodyTooLarge,
            format!("at most {} bytes", limits.body_bytes_max()),
        )),
        _ => Ok(()),
    }
}

async fn take_form(mut form: Multipart, limits: &UploadLimits) -> Result<Photos, Problem> {
    let mut photos = Vec::new();
    let mut details = None;
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        let surface = match field.name() {
            Some("photo") => Surface::Label,
            Some("screen") => Surface::Screen,
            Some("details") if details.is_none() => {
                let json =
                    take_field(field, limits.details_bytes_max, Code::DetailsInvalid).await?;
                details = Some(Details::parse(&json)?);
                continue;
            }
            _ => {
                return Err(Problem::new(
                    Code::PartUnknown,
                    "the parts are photo, screen and at most one details",
                ));
            }
        };
        if photos.len() == limits.photos_max {
            let detail = format!("at most {} photos of one terminal", limits.photos_max);
            return Err(Problem::new(Code::TooManyPhotos, detail));
        }
        let bytes = take_field(field, limits.photo_bytes_max, Code::PhotoTooLarge).await?;
        photos.push(photo(bytes, surface)?);
    }
    if photos.is_empty() {
        return Err(Code::PhotoMissing.into());
    }
    Ok(Photos { photos, details: details.unwrap_or_default() })
}

async fn take_field(field: Field<'_>, bytes_max: usize, over: Code) -> Result<Bytes, Problem> {
    take_bytes(field, bytes_max, over, malformed).await
}

/// Collects a stream, giving up as soon as it exceeds `bytes_max`.
async fn take_bytes<E>(
    stream: impl Stream<Item = Result<Bytes, E>>,
    bytes_max: usize,
    over: Code,
    broken: impl Fn(E) -> Problem,
) -> Result<Bytes, Problem> {
    let mut stream = std::pin::pin!(stream);
    let mut bytes = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(&broken)?;
        if bytes.len() + chunk.len() > bytes_max {
            return Err(Problem::new(over, format!("at most {bytes_max} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn malformed(error: MultipartError) -> Problem {
    match error.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge.into(),
        _ => Problem::new(Code::BodyMalformed, error.body_text()),
    }
}

fn photo(bytes: Bytes, surface: Surface) -> Result<Photo, Problem> {
    let content_type = scan::media_type(&bytes).map_err(Code::from)?;
    Ok(Photo { bytes, content_type, surface })
}

impl From<UnreadableCode> for Code {
    fn from(code: UnreadableCode) -> Self {
        match code {
            UnreadableCode::PhotoEmpty => Self::PhotoEmpty,
            UnreadableCode::NotAPhoto => Self::NotAPhoto,
            UnreadableCode::FormatUnsupported => Self::FormatUnsupported,
            UnreadableCode::PhotoTooLarge => Self::PhotoTooLarge,
            UnreadableCode::TooManyPixels => Self::TooManyPixels,
            UnreadableCode::PhotoDamaged => Self::PhotoDamaged,
        }
    }
}
