//! What the fuzz targets call of what is private here; built for them alone.

use crate::upload::body::{UploadLimits, take};
use crate::upload::intake::UploadBudget;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

/// Takes an upload that arrives in chunks of `chunk_bytes` (at least 1), under small limits: the
/// number and the bytes of its photos, or the refusal that the client gets.
///
/// # Errors
/// If it is refused, or no request can have such a content type.
pub async fn uploaded(
    content_type: &str,
    body: &[u8],
    chunk_bytes: usize,
) -> Result<(usize, usize), Option<Response>> {
    let limits = UploadLimits { photo_bytes_max: 4096, photos_max: 3, details_bytes_max: 1024 };
    let chunks: Vec<_> = body.chunks(chunk_bytes).map(Bytes::copy_from_slice).collect();
    let chunks = futures_util::stream::iter(chunks.into_iter().map(Ok::<_, axum::Error>));
    let request = Request::builder().header(CONTENT_TYPE, content_type);
    let request = request.body(Body::from_stream(chunks)).map_err(|_| None)?;
    let taken = take(request, &limits, &UploadBudget::new(1 << 20, 0), "fuzzer").await;
    let photos = taken.map_err(|problem| Some(problem.into_response()))?.photos;
    Ok((photos.len(), photos.iter().map(|photo| photo.bytes.len()).sum()))
}
