//! At most so many connections at a time, and none that does nothing. A connection on which, for a
//! while, no request is worked on and hardly a byte is taken is closed: an idle one, whatever its
//! keep-alive frames say, and one whose client does not read its answer. Where all slots are taken,
//! the connection that was idle longest makes room; if all are at work, one more is told so in a few
//! bytes and closed, before a buffer is allocated for it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use axum_server::accept::Accept;
use futures_util::task::AtomicWaker;
use pipeline::clock::Stopwatch;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep, timeout};
use tower::Service;

/// What a connection over the limit hears.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\n\
    Content-Length: 0\r\n\r\n";
/// How long a connection may do nothing.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// Bytes that a client has to take in that time of an answer that is ready; keep-alive frames are less.
const TAKEN_BYTES_MIN: u64 = 16 * 1024;
/// How long a new connection waits for the slot of one that was closed for it.
const SLOT_WAIT_MAX: Duration = Duration::from_secs(1);

/// Accepts a connection only while there is room.
#[derive(Clone, Debug)]
pub(crate) struct Capped {
    room: Arc<Semaphore>,
    open: Arc<Mutex<Vec<Weak<Activity>>>>,
    idle_max: Duration,
}

impl Capped {
    /// Room for `connections_max` connections.
    pub(crate) fn new(connections_max: usize) -> Self {
        Self {
            room: Arc::new(Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS))),
            open: Arc::default(),
            idle_max: IDLE_MAX,
        }
    }

    /// A slot, if need be that of the connection that was idle longest.
    async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(slot) = self.room.clone().try_acquire_owned() {
            return Some(slot);
        }
        self.idlest()?.close();
        timeout(SLOT_WAIT_MAX, self.room.clone().acquire_owned()).await.ok()?.ok()
    }

    fn idlest(&self) -> Option<Arc<Activity>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|activity| activity.strong_count() > 0);
        let idle = open.iter().filter_map(Weak::upgrade).filter(|it| it.is_idle());
        idle.max_by_key(|activity| activity.idle_for())
    }

    fn opened(&self) -> Arc<Activity> {
        let activity = Arc::new(Activity::default());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() == open.capacity() {
            open.retain(|activity| activity.strong_count() > 0);
        }
        open.push(Arc::downgrade(&activity));
        activity
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for Capped {
    type Stream = Counted;
    type Service = Connected<S>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Counted, Connected<S>)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let Some(room) = this.slot().await else {
                // The socket's buffer takes these bytes or nobody gets them: no waiting.
                let _ = stream.try_write(FULL);
                return Err(io::Error::other("too many connections"));
            };
            stream.set_nodelay(true)?;
            let activity = this.opened();
            let look = Box::pin(sleep(this.idle_max));
            let connected = Connected { service, activity: activity.clone() };
            let idle_max = this.idle_max;
            Ok((Counted { stream, activity, look, idle_max, seen: (0, 0), _room: room }, connected))
        })
    }
}

/// What happens on a connection.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// Requests that a handler works on, and all that there were.
    working: AtomicUsize,
    requests: AtomicU64,
    /// Bytes that the client took.
    taken_bytes: AtomicU64,
    since: Mutex<Option<Stopwatch>>,
    is_closing: AtomicBool,
    waker: AtomicWaker,
}

impl Activity {
    fn is_idle(&self) -> bool {
        self.working.load(Ordering::Relaxed) == 0 && !self.is_closing.load(Ordering::Relaxed)
    }

    /// Time since the last request ended, at most an hour of it for one that never had any.
    fn idle_for(&self) -> Duration {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.as_ref().map_or(Duration::from_secs(3600), Stopwatch::elapsed)
    }

    fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        self.waker.wake();
    }
}

/// A request that is worked on, until this is dropped.
struct Working(Arc<Activity>);

impl Drop for Working {
    fn drop(&mut self) {
        let mut since = self.0.since.lock().unwrap_or_else(PoisonError::into_inner);
        *since = Some(Stopwatch::start());
        drop(since);
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets the connection know that a handler works on a request.
pub(crate) async fn note_work(request: Request, next: Next) -> Response {
    let activity = request.extensions().get::<Arc<Activity>>().cloned();
    let _working = activity.map(|activity| {
        activity.requests.fetch_add(1, Ordering::Relaxed);
        activity.working.fetch_add(1, Ordering::Relaxed);
        Working(activity)
    });
    next.run(request).await
}

/// A service whose requests know on which connection they came.
#[derive(Clone, Debug)]
pub(crate) struct Connected<S> {
    service: S,
    activity: Arc<Activity>,
}

impl<S: Service<axum::http::Request<B>>, B> Service<axum::http::Request<B>> for Connected<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, mut request: axum::http::Request<B>) -> S::Future {
        request.extensions_mut().insert(self.activity.clone());
        self.service.call(request)
    }
}

/// A connection that gives its room back when it is closed.
#[derive(Debug)]
pub(crate) struct Counted {
    stream: TcpStream,
    activity: Arc<Activity>,
    /// When it is looked at whether anything happened.
    look: Pin<Box<Sleep>>,
    idle_max: Duration,
    /// Requests and taken bytes at the last look.
    seen: (u64, u64),
    _room: OwnedSemaphorePermit,
}

impl Counted {
    /// An error once the connection is to be closed.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        self.activity.waker.register(context.waker());
        if self.activity.is_closing.load(Ordering::Relaxed) {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        while self.look.as_mut().poll(context).is_ready() {
            let requests = self.activity.requests.load(Ordering::Relaxed);
            let taken_bytes = self.activity.taken_bytes.load(Ordering::Relaxed);
            let (requests_before, taken_before) = self.seen;
            let has_work = self.activity.working.load(Ordering::Relaxed) > 0;
            let has_taken = taken_bytes - taken_before >= TAKEN_BYTES_MIN;
            if !has_work && !has_taken && requests == requests_before {
                return Err(ErrorKind::TimedOut.into());
            }
            self.seen = (requests, taken_bytes);
            self.look.set(sleep(self.idle_max));
        }
        Ok(())
    }

    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.activity.taken_bytes.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
        written
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_idle(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_idle(context)?;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_idle(context)?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const ANSWER_BYTES: usize = 16 << 20;

    /// A server with so many slots, whose connections may be idle for a second.
    async fn server(connections_max: usize) -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new()
            .route("/", get(async || "hello"))
            .route("/large", get(async || vec![b'x'; ANSWER_BYTES]))
            .route("/slow", get(async || sleep(Duration::from_secs(3)).await))
            .layer(from_fn(note_work));
        let capped = Capped { idle_max: Duration::from_secs(1), ..Capped::new(connections_max) };
        let server = axum_server::from_tcp(listener).unwrap().acceptor(capped);
        tokio::spawn(server.serve(routes.into_make_service()));
        address
    }

    /// The connection after a request of HTTP/1.1.
    async fn asked(address: SocketAddr, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn is_answered(address: SocketAddr) -> bool {
        let mut stream = asked(address, "/").await;
        let mut start = [0; 15];
        let read = timeout(Duration::from_secs(3), stream.read_exact(&mut start)).await;
        matches!(read, Ok(Ok(_))) && start.starts_with(b"HTTP/1.1 200 OK")
    }

    /// Bytes that come until the other side closes, if it does within so many seconds.
    async fn closed_after(mut stream: TcpStream, seconds: u64) -> Option<usize> {
        let mut all = Vec::new();
        let reading = timeout(Duration::from_secs(seconds), stream.read_to_end(&mut all)).await;
        reading.ok().map(|_| all.len())
    }

    #[tokio::test]
    async fn idle_connections_make_room_for_whoever_comes() {
        let address = server(4).await;
        // An HTTP/2 client that says hello and no more.
        let mut idle = Vec::new();
        for _ in 0..4 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let settings = b"\0\0\0\x04\0\0\0\0\0";
            stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
            stream.write_all(settings).await.unwrap();
            idle.push(stream);
        }
        sleep(Duration::from_millis(100)).await;
        for _ in 0..20 {
            assert!(is_answered(address).await);
        }
    }

    #[tokio::test]
    async fn a_connection_that_does_nothing_is_closed_whatever_its_pings_say() {
        let address = server(4).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let (reading, mut writing) = stream.into_split();
        let pinging = tokio::spawn(async move {
            let ping = [&b"\0\0\x08\x06\0\0\0\0\0"[..], &[7; 8]].concat();
            while writing.write_all(&ping).await.is_ok() {
                sleep(Duration::from_millis(100)).await;
            }
        });
        let closed = closed_after_read(reading).await;
        pinging.abort();
        assert!(closed, "it is still open after four seconds");
    }

    async fn closed_after_read(mut reading: tokio::net::tcp::OwnedReadHalf) -> bool {
        let mut all = Vec::new();
        timeout(Duration::from_secs(4), reading.read_to_end(&mut all)).await.is_ok()
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let address = server(4).await;
        let stream = asked(address, "/large").await;
        sleep(Duration::from_secs(4)).await;
        let read = closed_after(stream, 3).await.expect("it is closed");
        assert!(read < ANSWER_BYTES, "{read}");
    }

    #[tokio::test]
    async fn a_slow_handler_and_a_reading_client_are_not_idle() {
        let address = server(1).await;
        let slow = asked(address, "/slow").await;
        sleep(Duration::from_millis(100)).await;
        assert!(!is_answered(address).await, "the only slot is at work");
        let read = closed_after(slow, 6).await.expect("it is idle afterwards");
        assert!(read > 0, "it was answered");
    }
}
