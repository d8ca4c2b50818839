//! Takes the photos of one terminal off the wire: a form with `photo` and `screen` parts and
//! optional `details`, or one raw image. Every byte is counted as it arrives, and what a picture is
//! follows from its bytes: a client's content type and file name decide nothing.

use crate::problem::{Code, Problem};
use crate::upload::form::{Form, SharedIntake, form_part};
use crate::upload::intake::{Intake, UploadBudget};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use pipeline::details::Details;
use scan::UnreadableCode;
use std::sync::Arc;
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
    /// The memory that they fill, until they are dropped.
    _memory: SharedIntake,
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
pub(crate) async fn take(
    request: Request,
    limits: &UploadLimits,
    memory: &UploadBudget,
    owner: &str,
) -> Result<Photos, Problem> {
    refuse_encoded(request.headers())?;
    refuse_declared_oversize(request.headers(), limits.body_bytes_max())?;
    let mut intake = Intake::begin(memory, owner);
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    if content_type.starts_with("multipart/form-data") {
        take_form(Form::open(request, intake).await?, limits).await
    } else if content_type.starts_with("image/") {
        let photo = take_image(request, limits, &mut intake).await?;
        Ok(Photos {
            photos: vec![photo],
            details: Details::default(),
            _memory: Arc::new(intake.into()),
        })
    } else {
        Err(Code::ContentTypeUnsupported.into())
    }
}

/// Reads a body that is one raw image, and the memory that was granted for it.
pub(crate) async fn take_one(
    request: Request,
    limits: &UploadLimits,
    memory: &UploadBudget,
    owner: &str,
) -> Result<(Photo, Intake), Problem> {
    refuse_encoded(request.headers())?;
    let declared = request.headers().get(header::CONTENT_TYPE);
    if !declared.is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"image/")) {
        return Err(Code::ContentTypeUnsupported.into());
    }
    refuse_declared_oversize(request.headers(), limits.photo_bytes_max)?;
    let mut intake = Intake::begin(memory, owner);
    Ok((take_image(request, limits, &mut intake).await?, intake))
}

async fn take_image(
    request: Request,
    limits: &UploadLimits,
    intake: &mut Intake,
) -> Result<Photo, Problem> {
    let most = (limits.photo_bytes_max, Code::PhotoTooLarge);
    photo(take_body(request, most, intake).await?, Surface::Label)
}

/// An honest Content-Length that is too large spares both sides the transfer.
fn refuse_declared_oversize(headers: &HeaderMap, most: usize) -> Result<(), Problem> {
    let Some(declared) = headers.get(header::CONTENT_LENGTH) else { return Ok(()) };
    match declared.to_str().ok().and_then(|value| value.parse::<u64>().ok()) {
        Some(bytes) if bytes <= most as u64 => Ok(()),
        _ => Err(Problem::new(Code::BodyTooLarge, format!("at most {most} bytes"))),
    }
}

/// What is compressed is not taken: a few bytes could become any number.
fn refuse_encoded(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => Err(Problem::new(
            Code::ContentTypeUnsupported,
            "send the body without Content-Encoding",
        )),
        _ => Ok(()),
    }
}

async fn take_form(mut form: Form, limits: &UploadLimits) -> Result<Photos, Problem> {
    let mut photos = Vec::new();
    let mut details = None;
    let refused = form.refused.clone();
    while let Some((name, field)) = form.next_part().await? {
        let surface = match name.as_str() {
            "photo" => Surface::Label,
            "screen" => Surface::Screen,
            "details" if details.is_none() => {
                let most = (limits.details_bytes_max, Code::DetailsInvalid);
                let json = form_part(field, most, &refused).await?;
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
        let most = (limits.photo_bytes_max, Code::PhotoTooLarge);
        let bytes = form_part(field, most, &refused).await?;
        photos.push(photo(bytes, surface)?);
    }
    if photos.is_empty() {
        return Err(Code::PhotoMissing.into());
    }
    Ok(Photos { photos, details: details.unwrap_or_default(), _memory: form.memory })
}

/// The body of a list of at most `bytes_max` bytes, and the memory that was granted for it.
pub(crate) async fn list_body(
    request: Request,
    bytes_max: usize,
    memory: &UploadBudget,
    owner: &str,
) -> Result<(Bytes, Intake), Problem> {
    refuse_encoded(request.headers())?;
    refuse_declared_oversize(request.headers(), bytes_max)?;
    let mut intake = Intake::begin(memory, owner);
    let bytes = take_body(request, (bytes_max, Code::BodyTooLarge), &mut intake).await?;
    Ok((bytes, intake))
}

/// Hands over the body's bytes as they come, as long as they come in time.
pub(crate) async fn each_chunk(
    body: Body,
    memory: &UploadBudget,
    owner: &str,
    mut keep: impl FnMut(Bytes) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut intake = Intake::begin(memory, owner);
    let mut stream = body.into_data_stream();
    while let Some(chunk) = intake.next(&mut stream).await? {
        let chunk = chunk.map_err(|error| Problem::new(Code::BodyMalformed, error.to_string()))?;
        intake.admit(chunk.len()).await?;
        keep(chunk)?;
    }
    Ok(())
}

/// Collects a body, giving up with the code as soon as it exceeds `most` bytes.
async fn take_body(
    request: Request,
    most: (usize, Code),
    intake: &mut Intake,
) -> Result<Bytes, Problem> {
    let (bytes_max, over) = most;
    let mut stream = request.into_body().into_data_stream();
    let mut bytes = BytesMut::new();
    while let Some(chunk) = intake.next(&mut stream).await? {
        let chunk = chunk.map_err(|error| Problem::new(Code::BodyMalformed, error.to_string()))?;
        if bytes.len() + chunk.len() > bytes_max {
            return Err(Problem::new(over, format!("at most {bytes_max} bytes")));
        }
        intake.admit(chunk.len()).await?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn photo(bytes: Bytes, surface: Surface) -> Result<Photo, Problem> {
    let content_type =
        scan::media_type(&bytes).map_err(|code| match scan::unsupported_detail(&bytes) {
            Some(detail) => Problem::new(code.into(), detail),
            None => Code::from(code).into(),
        })?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    const LIMITS: UploadLimits =
        UploadLimits { photo_bytes_max: 64, photos_max: 2, details_bytes_max: 100 };
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

    /// The code of the refusal, or what was taken.
    async fn taken(content_type: &str, body: Vec<u8>) -> Result<Photos, String> {
        let request = Request::builder().header(header::CONTENT_TYPE, content_type);
        let request = request.body(Body::from(body)).unwrap();
        match take(request, &LIMITS, &UploadBudget::new(1 << 20, 0), "ann").await {
            Ok(photos) => Ok(photos),
            Err(problem) => {
                let body = problem.into_response().into_body();
                let json = axum::body::to_bytes(body, 4096).await.unwrap();
                let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
                Err(json["code"].as_str().unwrap().to_owned())
            }
        }
    }

    /// Names and contents of a form's parts.
    type Parts<'a> = &'a [(&'a str, &'a [u8])];

    async fn form(parts: Parts<'_>) -> Result<Photos, String> {
        let mut body = Vec::new();
        for (name, bytes) in parts {
            let head = format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"../x.exe\"\r\n\
                 Content-Type: text/html\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--b--\r\n");
        taken("multipart/form-data; boundary=b", body).await
    }

    #[tokio::test]
    async fn a_form_is_taken_by_content_whatever_it_claims() {
        let details = br#"{"site":"S"}"#;
        let parts = [("photo", PNG), ("details", details.as_slice()), ("screen", b"\xff\xd8\xff")];
        let photos = form(&parts).await.unwrap();
        let kinds: Vec<_> = photos.photos.iter().map(|it| (it.content_type, it.surface)).collect();
        assert_eq!(kinds, [("image/png", Surface::Label), ("image/jpeg", Surface::Screen)]);
        assert_eq!(photos.photos[0].bytes, PNG);
        assert_eq!(photos.details.site.as_deref(), Some("S"));
    }

    #[tokio::test]
    async fn forms_that_lie_are_refused_with_their_code() {
        let big = [PNG, &[0; 64]].concat();
        let long = format!(r#"{{"site":"{}"}}"#, "x".repeat(120));
        let cases: [(Parts<'_>, &str); 10] = [
            (&[], "photo_missing"),
            (&[("details", b"{}")], "photo_missing"),
            (&[("photo", b"")], "photo_empty"),
            (&[("photo", b"GIF89a.......")], "format_unsupported"),
            (&[("photo", b"<svg onload=alert(1)>")], "format_unsupported"),
            (&[("photo", b"a letter, not a photo")], "not_a_photo"),
            (&[("photo", &big)], "photo_too_large"),
            (&[("photo", PNG), ("photo", PNG), ("photo", PNG)], "too_many_photos"),
            (&[("photo", PNG), ("file", PNG)], "part_unknown"),
            (&[("photo", PNG), ("details", long.as_bytes())], "details_invalid"),
        ];
        for (parts, code) in cases {
            assert_eq!(form(parts).await.unwrap_err(), code, "{parts:?}");
        }
        let twice = [("details", b"{}".as_slice()), ("details", b"{}"), ("photo", PNG)];
        assert_eq!(form(&twice).await.unwrap_err(), "part_unknown");
    }

    /// A body that goes on for ever, as it comes off a fast network, and how many bytes of it were taken.
    async fn endless(start: &str) -> (String, usize) {
        let taken = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = taken.clone();
        let rest = futures_util::stream::repeat_with(move || {
            counted.fetch_add(1 << 12, std::sync::atomic::Ordering::Relaxed);
            Bytes::from_static(&[b'x'; 1 << 12])
        });
        let start = futures_util::stream::iter([Bytes::copy_from_slice(start.as_bytes())]);
        let body = futures_util::StreamExt::chain(start, rest);
        let body = Body::from_stream(futures_util::StreamExt::map(body, Ok::<_, axum::Error>));
        let request = Request::builder()
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .body(body)
            .unwrap();
        let limits = UploadLimits { photo_bytes_max: 1 << 26, ..LIMITS };
        let refused = take(request, &limits, &UploadBudget::new(1 << 30, 0), "ann").await;
        let code = format!("{:?}", refused.unwrap_err());
        (code, taken.load(std::sync::atomic::Ordering::Relaxed))
    }

    #[tokio::test]
    async fn a_parts_header_that_does_not_end_is_refused_soon() {
        let starts = [
            "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"",
            "--b\r\n",
            "what stands before the first part ",
            "--b\r\nContent-Disposition: form-data; name=\"details\"\r\n\r\n{}\r\n--b\r\nA: ",
        ];
        for start in starts {
            let (refused, taken) = endless(start).await;
            assert!(taken <= 64 * 1024, "{start}: {taken} bytes");
            assert!(refused.contains("BodyMalformed"), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_compressed_body_is_refused() {
        let request = Request::builder()
            .header(header::CONTENT_TYPE, "image/png")
            .header(header::CONTENT_ENCODING, "gzip")
            .body(Body::from(PNG))
            .unwrap();
        let refused = take(request, &LIMITS, &UploadBudget::new(1 << 20, 0), "ann").await;
        assert!(refused.unwrap_err().is(Code::ContentTypeUnsupported));
    }

    #[tokio::test]
    async fn every_truncation_of_a_form_is_refused() {
        let whole =
            b"--b\r\nContent-Disposition: form-data; name=\"photo\"\r\n\r\n\xff\xd8\xff\r\n--b--";
        for end in 0..whole.len() {
            let refused = taken("multipart/form-data; boundary=b", whole[..end].to_vec()).await;
            let code = refused.unwrap_err();
            assert!(["body_malformed", "photo_missing"].contains(&code.as_str()), "{end}: {code}");
        }
        assert!(taken("multipart/form-data; boundary=b", whole.to_vec()).await.is_ok());
    }

    #[tokio::test]
    async fn a_raw_image_is_taken_and_nothing_else() {
        assert_eq!(taken("image/jpeg", PNG.to_vec()).await.unwrap().photos[0].bytes, PNG);
        let cases = [
            ("image/png", vec![], "photo_empty"),
            ("image/png", vec![0; 65], "photo_too_large"),
            ("image/png", b"hello".to_vec(), "not_a_photo"),
            ("text/plain", PNG.to_vec(), "content_type_unsupported"),
            ("", PNG.to_vec(), "content_type_unsupported"),
            ("multipart/form-data", PNG.to_vec(), "body_malformed"),
        ];
        for (content_type, body, code) in cases {
            assert_eq!(taken(content_type, body).await.unwrap_err(), code, "{content_type}");
        }
    }

    #[test]
    fn a_declared_length_is_refused_beyond_the_limit() {
        let declared = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_LENGTH, value.parse().unwrap());
            refuse_declared_oversize(&headers, LIMITS.body_bytes_max()).is_ok()
        };
        let most = LIMITS.body_bytes_max();
        assert!(declared("10") && declared(&most.to_string()));
        assert!(!declared(&(most + 1).to_string()));
        assert!(!declared("99999999999999999999999"));
    }
}
