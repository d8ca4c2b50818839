//! Lets a client that is refused early finish sending, so that it hears why.
//!
//! A server that closes a connection with bytes still unread resets it, and the reset can overtake
//! the answer (RFC 9112, 9.6). So what a handler leaves of a body is read and thrown away, within
//! limits, while the answer is on its way.

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long a client may go on sending what nobody wants.
const LINGER_MAX: Duration = Duration::from_secs(5);
/// And how much.
const LINGER_BYTES_MAX: usize = 32 << 20;

/// Reads to its end whatever the handlers leave of a request's body.
pub(crate) async fn linger(request: Request, next: Next) -> Response {
    let request = request.map(|body| match body.is_end_stream() {
        true => body,
        false => Body::from_stream(Lingering { rest: Some(body.into_data_stream()) }),
    });
    next.run(request).await
}

/// A body that is read to its end when it is dropped before.
struct Lingering {
    /// None once there is no more.
    rest: Option<BodyDataStream>,
}

impl Stream for Lingering {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let next = rest.poll_next_unpin(context);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            self.rest = None;
        }
        next
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if let (Some(rest), Ok(runtime)) = (self.rest.take(), Handle::try_current()) {
            runtime.spawn(timeout(LINGER_MAX, read_away(rest)));
        }
    }
}

async fn read_away(mut rest: BodyDataStream) {
    let mut bytes = 0;
    while let Some(Ok(chunk)) = rest.next().await {
        bytes += chunk.len();
        if bytes > LINGER_BYTES_MAX {
            return;
        }
    }
}
