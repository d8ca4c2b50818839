//! An identity provider inside this process: OpenID Connect's authorization code flow with PKCE. It is
//! honest and strict until a test tells it to lie.

mod keys;

pub use keys::Signed;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use keys::Keys;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Bytes of an answer that nobody wants.
const FLOOD_BYTES: usize = 4 << 20;

/// How the provider behaves.
#[derive(Clone, Debug)]
pub struct Conduct {
    /// Claims that are other than they should be; `null` leaves one out.
    pub claims: Value,
    /// The same for the header of tokens.
    pub header: Value,
    /// How tokens are signed.
    pub signed: Signed,
    /// The same for the discovery document.
    pub discovery: Value,
    /// Whether tokens, metadata and keys come with megabytes around them.
    pub flood: bool,
    /// How long it thinks before it answers anything.
    pub pause: Duration,
}

impl Default for Conduct {
    /// An honest provider.
    fn default() -> Self {
        Self {
            claims: json!({}),
            header: json!({}),
            signed: Signed::Rs256,
            discovery: json!({}),
            flood: false,
            pause: Duration::ZERO,
        }
    }
}

/// What was promised to a client with a code.
#[derive(Debug)]
struct Grant {
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

#[derive(Debug)]
struct Book {
    conduct: Conduct,
    keys: Keys,
    clock: fn() -> i64,
    person: Value,
    grants: HashMap<String, Grant>,
    codes: u32,
    keys_asked: u32,
}

/// The provider: an address that stays, a listener that comes and goes.
#[derive(Debug)]
pub struct IdentityServer {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
    up: Mutex<Option<oneshot::Sender<()>>>,
}

type Shared = (SocketAddr, Arc<Mutex<Book>>);

impl IdentityServer {
    /// The id of the one client that it knows.
    pub const CLIENT_ID: &str = "label scan";
    /// That client's secret, with what an encoding could get wrong.
    pub const CLIENT_SECRET: &str = "s3cr:t+of/the%client";

    /// One that listens, with new keys and nobody known. `clock` gives the seconds since 1970.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn up(clock: fn() -> i64) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let book = Book {
            conduct: Conduct::default(),
            keys: Keys::new(1),
            clock,
            person: json!({}),
            grants: HashMap::new(),
            codes: 0,
            keys_asked: 0,
        };
        let server = Self {
            address: free.expect("a free port"),
            book: Arc::new(Mutex::new(book)),
            up: Mutex::new(None),
        };
        server.open().await;
        server
    }

    /// Its name for itself. To browsers it is another site than 127.0.0.1.
    pub fn issuer(&self) -> String {
        issuer(self.address)
    }

    /// Who signs in from now on: the claims that are about the person.
    pub fn person(&self, claims: Value) {
        self.lock().person = claims;
    }

    /// How to behave from now on.
    pub fn conduct(&self, conduct: Conduct) {
        self.lock().conduct = conduct;
    }

    /// Signs with new keys from now on and forgets the old ones.
    pub fn rotate(&self) {
        let mut book = self.lock();
        book.keys = Keys::new(book.keys.generation() + 1);
    }

    /// How often somebody asked for its keys.
    pub fn keys_asked(&self) -> u32 {
        self.lock().keys_asked
    }

    /// Starts to listen.
    ///
    /// # Panics
    /// If the port was taken meanwhile.
    pub async fn open(&self) {
        let listener = tokio::net::TcpListener::bind(self.address).await.expect("the port");
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .with_state((self.address, Arc::clone(&self.book)));
        let (sender, closed) = oneshot::channel();
        let serving = axum::serve(listener, router).into_future();
        tokio::spawn(async move {
            tokio::select! {
                _ = serving => {}
                _ = closed => {}
            }
        });
        *self.up.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    }

    /// Stops to listen.
    pub fn close(&self) {
        self.up.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    // A test that failed elsewhere must still be able to end.
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

fn issuer(address: SocketAddr) -> String {
    format!("http://localhost:{}", address.port())
}

/// The object with other fields; `null` leaves one out.
fn changed(mut object: Value, changes: &Value) -> Value {
    let (Some(fields), Some(changes)) = (object.as_object_mut(), changes.as_object()) else {
        return object;
    };
    fields.extend(changes.clone());
    fields.retain(|_, value| !value.is_null());
    object
}

/// Answers as the provider does now.
async fn answer(book: &Mutex<Book>, mut body: Value) -> Response {
    let conduct = lock(book).conduct.clone();
    tokio::time::sleep(conduct.pause).await;
    if conduct.flood {
        body["flood"] = "x".repeat(FLOOD_BYTES).into();
    }
    Json(body).into_response()
}

async fn discovery(State((address, book)): State<Shared>) -> Response {
    let issuer = issuer(address);
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize?tenant=7"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "code_challenge_methods_supported": ["S256"],
    });
    let document = changed(document, &lock(&book).conduct.discovery);
    answer(&book, document).await
}

async fn keys(State((_, book)): State<Shared>) -> Response {
    let published = {
        let mut book = lock(&book);
        book.keys_asked += 1;
        book.keys.published()
    };
    answer(&book, published).await
}

/// Signs the person in without asking and sends the browser back.
async fn authorize(
    State((_, book)): State<Shared>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let wanted = [
        ("tenant", "7"),
        ("response_type", "code"),
        ("client_id", IdentityServer::CLIENT_ID),
        ("code_challenge_method", "S256"),
    ];
    let field = |name: &str| asked.get(name).cloned().unwrap_or_default();
    if let Some((name, _)) = wanted.iter().find(|(name, value)| field(name) != *value) {
        return (StatusCode::BAD_REQUEST, format!("{name} is wrong")).into_response();
    }
    if !field("scope").split(' ').any(|scope| scope == "openid") {
        return (StatusCode::BAD_REQUEST, "no OpenID Connect").into_response();
    }
    let grant = Grant {
        nonce: field("nonce"),
        challenge: field("code_challenge"),
        redirect_uri: field("redirect_uri"),
    };
    let back = grant.redirect_uri.clone();
    let code = {
        let mut book = lock(&book);
        book.codes += 1;
        let code = format!("code-{}", book.codes);
        book.grants.insert(code.clone(), grant);
        code
    };
    Redirect::to(&format!("{back}?code={code}&state={}&session_state=x", field("state")))
        .into_response()
}

/// Redeems a code, once, for the client that began and proves itself.
async fn token(
    State((address, book)): State<Shared>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let refuse = |status, error: &str| (status, Json(json!({ "error": error }))).into_response();
    let encoded = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b' ' => "+".to_owned(),
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect()
    };
    let (id, secret) = (IdentityServer::CLIENT_ID, IdentityServer::CLIENT_SECRET);
    let proof = BASE64_STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if shown != Some(&format!("Basic {proof}")) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let grant = lock(&book).grants.remove(&field("code"));
    let verifier = Sha256::digest(field("code_verifier").as_bytes());
    let Some(grant) = grant.filter(|grant| {
        field("grant_type") == "authorization_code"
            && grant.redirect_uri == field("redirect_uri")
            && grant.challenge == BASE64_URL_SAFE_NO_PAD.encode(verifier)
    }) else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let id_token = {
        let book = lock(&book);
        let now = (book.clock)();
        let claims = json!({
            "iss": issuer(address), "aud": id, "sub": "u-7", "nonce": grant.nonce,
            "iat": now, "exp": now + 300,
        });
        let claims = changed(changed(claims, &book.person), &book.conduct.claims);
        book.keys.token(book.conduct.signed, &book.conduct.header, &claims)
    };
    let body = json!({ "access_token": "of-no-use", "token_type": "Bearer", "id_token": id_token });
    answer(&book, body).await
}
