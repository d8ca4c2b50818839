//! The parts of a form, one after the other. What comes off the wire is handed to the parser chunk by
//! chunk, each within the memory that was granted for it, and where a part's header is expected no
//! more than a header can be long: the parser by itself would collect whatever does not end.

use crate::problem::{Code, Problem};
use crate::upload::intake::Intake;
use axum::body::{Body, BodyDataStream};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use tokio::sync::Mutex;

/// Bytes of a part's header, and of what stands before it.
const PART_HEADER_BYTES_MAX: usize = 8 * 1024;
/// No header is expected now.
const WITHIN_A_PART: usize = usize::MAX;

/// The memory of a body, held by its stream and by what was made of it.
pub(crate) type SharedIntake = Arc<Mutex<Intake>>;
/// Why the stream ended early, in our words; the parser has words of its own.
type Refused = Arc<SyncMutex<Option<Problem>>>;

/// A form that is being received.
pub(crate) struct Form {
    parts: Multipart,
    /// Bytes that were handed over since a header is expected.
    header_bytes: Arc<AtomicUsize>,
    pub(crate) refused: Refused,
    pub(crate) memory: SharedIntake,
}

impl Form {
    /// Begins to read the form of a request.
    pub(crate) async fn open(request: Request, intake: Intake) -> Result<Self, Problem> {
        let memory = Arc::new(Mutex::new(intake));
        let header_bytes = Arc::new(AtomicUsize::new(WITHIN_A_PART));
        let refused = Refused::default();
        let (head, body) = request.into_parts();
        let wire = Wire {
            body: body.into_data_stream(),
            memory: memory.clone(),
            header_bytes: header_bytes.clone(),
            refused: refused.clone(),
        };
        let request = Request::from_parts(head, Body::from_stream(wire.chunks()));
        let parts = Multipart::from_request(request, &())
            .await
            .map_err(|error| Problem::new(Code::BodyMalformed, error.body_text()))?;
        Ok(Self { parts, header_bytes, refused, memory })
    }

    /// The next part and its name, if there is one more.
    pub(crate) async fn next_part(&mut self) -> Result<Option<(String, Field<'_>)>, Problem> {
        self.header_bytes.store(0, Ordering::Relaxed);
        let part = self.parts.next_field().await;
        self.header_bytes.store(WITHIN_A_PART, Ordering::Relaxed);
        let part = part.map_err(|error| why(&error, &self.refused))?;
        Ok(part.map(|part| (part.name().unwrap_or_default().to_owned(), part)))
    }
}

/// Collects a part, giving up with the code as soon as it exceeds `most` bytes.
pub(crate) async fn form_part(
    mut part: Field<'_>,
    most: (usize, Code),
    refused: &Refused,
) -> Result<Bytes, Problem> {
    let (bytes_max, over) = most;
    let mut bytes = BytesMut::new();
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|error| why(&error, refused))?;
        if bytes.len() + chunk.len() > bytes_max {
            return Err(Problem::new(over, format!("at most {bytes_max} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// What the parser is given to read from.
struct Wire {
    body: BodyDataStream,
    memory: SharedIntake,
    header_bytes: Arc<AtomicUsize>,
    refused: Refused,
}

impl Wire {
    fn chunks(self) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send {
        stream::unfold(self, |mut wire| async move {
            // The parser takes whatever is ready before it looks: one chunk at a time is ready.
            tokio::task::yield_now().await;
            match wire.next().await {
                Ok(chunk) => chunk.map(|chunk| (Ok(chunk), wire)),
                Err(problem) => {
                    let mut refused = wire.refused.lock().unwrap_or_else(PoisonError::into_inner);
                    *refused = Some(problem);
                    drop(refused);
                    Some((Err(axum::Error::new("refused")), wire))
                }
            }
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let handed = self.header_bytes.load(Ordering::Relaxed);
        // Whoever asks for more after so many bytes has found no end of the header in them.
        if handed != WITHIN_A_PART && handed >= PART_HEADER_BYTES_MAX {
            let detail = format!("a part's header has at most {PART_HEADER_BYTES_MAX} bytes");
            return Err(Problem::new(Code::BodyMalformed, detail));
        }
        let mut memory = self.memory.lock().await;
        let Some(chunk) = memory.next(&mut self.body).await? else { return Ok(None) };
        let chunk = chunk.map_err(|error| Problem::new(Code::BodyMalformed, error.to_string()))?;
        memory.admit(chunk.len()).await?;
        if handed != WITHIN_A_PART {
            self.header_bytes.fetch_add(chunk.len(), Ordering::Relaxed);
        }
        Ok(Some(chunk))
    }
}

fn why(error: &MultipartError, refused: &Refused) -> Problem {
    let ours = refused.lock().unwrap_or_else(PoisonError::into_inner).take();
    ours.unwrap_or_else(|| match error.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge.into(),
        _ => Problem::new(Code::BodyMalformed, error.body_text()),
    })
}
