//! A registry on loopback: takes signed webhooks, verifies them with another implementation than
//! the product's, and remembers every one.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::oneshot;

const SECRET: &str = "whsec_bGFiZWxzY2FuIHRlc3RzIHNpZ24gd2l0aCB0aGlz";

/// One call as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The `webhook-id`.
    pub id: String,
    /// The exact bytes.
    pub bytes: Vec<u8>,
    /// Whether the signature is right for these bytes.
    pub verified: bool,
    /// What was answered.
    pub answered: u16,
}

impl Event {
    /// The bytes as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}

/// What the registry answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// 200 with the result `accepted`.
    Accept,
    /// This status and body.
    Status(u16, String),
}

#[derive(Debug)]
struct Book {
    events: Vec<Event>,
    reply: Reply,
}

/// The registry: an address that stays, a listener that comes and goes, a book of events.
#[derive(Debug)]
pub struct FakeRegistry {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
    up: Mutex<Option<oneshot::Sender<()>>>,
}

impl FakeRegistry {
    /// One that does not listen yet.
    ///
    /// # Panics
    /// If there is no free port.
    pub fn down() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let book = Book { events: Vec::new(), reply: Reply::Accept };
        Self {
            address: free.expect("a free port"),
            book: Arc::new(Mutex::new(book)),
            up: Mutex::new(None),
        }
    }

    /// One that listens.
    pub async fn up() -> Self {
        let registry = Self::down();
        registry.open().await;
        registry
    }

    /// Where events go.
    pub fn url(&self) -> String {
        format!("http://{}/terminals", self.address)
    }

    /// What events are signed with.
    pub const SECRET: &str = SECRET;

    /// What they are signed with.
    pub fn secret(&self) -> &'static str {
        SECRET
    }

    /// Starts to listen.
    ///
    /// # Panics
    /// If the port was taken meanwhile.
    pub async fn open(&self) {
        let listener = tokio::net::TcpListener::bind(self.address).await.expect("the port");
        let router = Router::new().route("/terminals", post(take)).with_state(self.book.clone());
        let (sender, closed) = oneshot::channel();
        let serving = axum::serve(listener, router).into_future();
        tokio::spawn(async move {
            tokio::select! {
                _ = serving => {}
                _ = closed => {}
            }
        });
        *self.up.lock().expect("no test panics while it holds this") = Some(sender);
    }

    /// Stops to listen.
    pub fn close(&self) {
        self.up.lock().expect("no test panics while it holds this").take();
    }

    /// What to answer from now on.
    pub fn reply(&self, reply: Reply) {
        self.lock().reply = reply;
    }

    /// Every call so far.
    pub fn events(&self) -> Vec<Event> {
        self.lock().events.clone()
    }

    /// The calls that were answered with success.
    pub fn accepted(&self) -> Vec<Event> {
        let mut events = self.events();
        events.retain(|event| event.answered == 200);
        events
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("no test panics while it holds this")
    }
}

async fn take(
    State(book): State<Arc<Mutex<Book>>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> (StatusCode, String) {
    let reply = book.lock().expect("no test panics while it holds this").reply.clone();
    let (status, body) = match reply {
        Reply::Accept => (200, r#"{"result":"accepted"}"#.to_owned()),
        Reply::Status(status, body) => (status, body),
    };
    let webhook = standardwebhooks::Webhook::new(SECRET).expect("a secret");
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    book.lock().expect("no test panics while it holds this").events.push(Event {
        id: id.to_owned(),
        verified: webhook.verify(&bytes, &headers).is_ok(),
        bytes: bytes.to_vec(),
        answered: status,
    });
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body)
}
