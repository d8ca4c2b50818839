//! The service of one case: a fresh store, a clock that is turned by hand, readers that read what a
//! photo's words say, and the router.

use crate::case::{Body, By};
use crate::database::Rows;
use crate::given::Given;
use crate::photos;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, header};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use outbound::{ForwardSettings, Forwarder, Registry, RegistrySettings};
use pipeline::Handles;
use pipeline::access::Token;
use pipeline::clock::Clock;
use pipeline::metrics::Metrics;
use pipeline::reading::reading_source::{CannedReadings, ReadingSource};
use pipeline::reading::scan_worker::ScanWorker;
use pipeline::settings::{Flags, Settings};
use pipeline::storage::store_settings;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use store::{NewKey, Store};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tower::ServiceExt as _;
use validate::Formats;
use web::access::company::Oidc;
use web::app::App;
use web::routes::routes;

/// Where people reach the service.
const BASE_URL: &str = "https://labelscan.example";
/// The key of somebody to whom none was given.
const STRANGER_KEY: &str = "lsk_somebody-made-this-up";
/// Every case begins then.
const START_MS: i64 = 1_772_352_000_000;

/// Everybody who has or had a key, with role.
const KEYS: [(By, &str); 7] = [
    (By::Expired, "technician"),
    (By::Revoked, "technician"),
    (By::Technician, "technician"),
    (By::AnotherTechnician, "technician"),
    (By::Operator, "operator"),
    (By::AnotherOperator, "operator"),
    (By::Admin, "admin"),
];

/// A store that holds nothing but keys. A case gets a copy, which is made faster than tables.
struct Template {
    folder: TempDir,
    keys: BTreeMap<By, Token>,
}

static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
/// Its regular expressions are compiled once.
static FORMATS: LazyLock<Formats> = LazyLock::new(Formats::builtin);

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) by: By,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

impl Call {
    /// `METHOD /path` with a body.
    pub(crate) fn new(by: By, call: &str, body: Body) -> Self {
        let (method, path) = call.split_once(' ').expect("METHOD /path");
        let method = method.parse().expect("a method");
        Self { by, method, path: path.to_owned(), headers: Vec::new(), body }
    }
}

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as JSON, null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A problem's code, empty if the answer is none.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header's text, empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The service of one case.
pub(crate) struct Service {
    router: Router,
    store: Store,
    clock: Clock,
    folder: TempDir,
    /// What the given steps brought about, by its name in paths and bodies.
    names: BTreeMap<&'static str, String>,
}

impl Service {
    /// A service where all this happened.
    pub(crate) async fn where_all(given: &[Given]) -> Self {
        let template = TEMPLATE.get_or_init(template).await;
        let folder = folder();
        let copied = folder.path().join("labelscan.db");
        std::fs::copy(template.folder.path().join("labelscan.db"), copied).expect("a copy");
        let lines: Vec<_> = given.iter().map(Given::setting).collect();
        let settings = settings(folder.path(), template.folder.path(), &lines.join("\n"));
        let stored = store_settings(&settings).expect("settings of the store");
        let store = Store::open(&stored).await.expect("the store opens");
        let clock = Clock::manual(start());
        let (router, store) = (router(given, settings, &store, &clock), store);
        let mut service = Self { router, store, clock, folder, names: BTreeMap::new() };
        for step in given {
            step.happen(&mut service).await;
        }
        service
    }

    /// Makes a call that is to succeed, and remembers what it brought about.
    pub(crate) async fn given(&mut self, call: Call) {
        let answer = self.call(&call).await;
        assert!(answer.status < 300, "given {call:?}: {} {:?}", answer.status, answer.body);
        let body = answer.json();
        if call.path == "/v1/scans" || call.path.starts_with("/v1/uploads") {
            self.name("scan", body["id"].as_str());
            self.name("delivery", body["registration"]["delivery_id"].as_str());
        }
        let location = answer.header("location");
        if let Some((_, made)) = location.rsplit_once('/').filter(|(of, _)| *of != "/v1/scans") {
            let before = self.names.insert("made", made.to_owned());
            self.names.extend(before.map(|before| ("made_before", before)));
        }
        let photos = body["maintenance"][0]["photos"].as_array();
        self.name(
            "photo",
            photos.and_then(|photos| photos.last()).and_then(|it| it["id"].as_str()),
        );
        let link = body["link"].as_str().and_then(|link| link.rsplit('=').next());
        self.name("token", link);
    }

    fn name(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.names.insert(name, value.to_owned());
        }
    }

    /// Makes a call. A second goes by.
    pub(crate) async fn call(&self, call: &Call) -> Answer {
        let mut request = Request::builder().method(&call.method).uri(self.filled(&call.path));
        let key = match call.by {
            By::Nobody => None,
            By::Stranger => Some(STRANGER_KEY),
            by => Some(TEMPLATE.get().expect("it is there").keys[&by].reveal()),
        };
        if let Some(key) = key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let (media_type, body) = match &call.body {
            Body::Empty => (None, axum::body::Body::empty()),
            Body::Bytes(kind, bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => (Some(*kind), self.filled(text).into()),
                Err(_) => (Some(*kind), bytes.clone().into()),
            },
            Body::Endless => (Some("image/jpeg"), endless()),
        };
        if let Some(media_type) = media_type {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        let mut request = request.body(body).expect("a request");
        let peer: SocketAddr = ([192, 0, 2, 7], 40_000).into();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        self.advance(SignedDuration::from_secs(1));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        Answer { status, headers, body }
    }

    /// A text with what names in braces stand for.
    fn filled(&self, text: &str) -> String {
        let fill = |text: String, (name, value): (&&str, &String)| {
            text.replace(&format!("{{{name}}}"), value)
        };
        self.names.iter().fold(text.to_owned(), fill)
    }

    /// Every row there is.
    pub(crate) async fn rows(&self) -> Rows {
        Rows::of(&self.file(), start()).await
    }

    /// Changes the database behind the service's back.
    pub(crate) async fn damage(&self, sql: &'static str) {
        use sqlx::Connection as _;
        let file = format!("sqlite://{}", self.file().display());
        let mut connection = sqlx::SqliteConnection::connect(&file).await.expect("the database");
        let changed = sqlx::query(sql).execute(&mut connection).await.expect("a statement");
        assert_ne!(changed.rows_affected(), 0, "{sql}");
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("labelscan.db")
    }
}

fn start() -> Timestamp {
    Timestamp::from_millisecond(START_MS).expect("a time")
}

/// A folder in memory where there is one: what is tested here is no disk.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder")
}

/// The default settings with these lines over them.
fn settings(data: &Path, keys: &Path, lines: &str) -> Settings {
    let file = data.join("labelscan.toml");
    let places = format!("data = {data:?}\nseal_keys = {:?}\n", keys.join("seal.keys"));
    std::fs::write(&file, places + lines).expect("a file");
    Settings::load(&Flags { file: Some(file), ..Flags::default() }).expect("settings")
}

async fn template() -> Template {
    let folder = folder();
    let stored = store_settings(&settings(folder.path(), folder.path(), "")).expect("settings");
    let store = Store::open(&stored).await.expect("a store");
    let mut keys = BTreeMap::new();
    for (by, role) in KEYS {
        let key = Token::new_key().expect("random bytes");
        let name = by.name().expect("a name").to_owned();
        let new = NewKey {
            id: name.clone(),
            name,
            role: role.to_owned(),
            hash: key.hash(),
            expires_at: (by == By::Expired).then(|| start() - SignedDuration::from_mins(1)),
        };
        let id = new.id.clone();
        let made_at = start() - SignedDuration::from_hours(24);
        store.create_key(new, made_at).await.expect("a key");
        if by == By::Revoked {
            store.revoke_key(&id, made_at).await.expect("it was there");
        }
        keys.insert(by, key);
    }
    store.close().await;
    Template { folder, keys }
}

fn router(given: &[Given], settings: Settings, store: &Store, clock: &Clock) -> Router {
    let is_given = |wanted: fn(&Given) -> bool| given.iter().any(wanted);
    let readers = usize::from(!is_given(|step| matches!(step, Given::NoReaderUp)));
    let source = ReadingSource::Canned(CannedReadings { readers, read: photos::read });
    let metrics = Arc::new(Metrics::default());
    let (formats, clocks) = (FORMATS.clone(), clock.clone());
    let work = ScanWorker::new(store.clone(), source, clocks, formats, &settings, metrics.clone());
    let forwarding = is_given(|step| matches!(step, Given::Registry)).then(|| {
        let registry = Registry::open(&RegistrySettings {
            url: "http://127.0.0.1:9/hook".to_owned(),
            secret: "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0".to_owned(),
            allow_private: true,
            ..RegistrySettings::default()
        });
        let registry = registry.expect("a registry");
        Forwarder::new(store.clone(), registry, ForwardSettings::default()).handle()
    });
    let oidc = Oidc::open(&settings, BASE_URL).expect("an identity provider");
    let (store, work, clock) = (store.clone(), Arc::new(work), clock.clone());
    let handles = Handles { store, work, metrics, clock, forwarding };
    routes(App::new(handles, oidc, settings, BASE_URL.to_owned()))
}

/// A JPEG that begins and never ends.
fn endless() -> axum::body::Body {
    let begin = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"\xff\xd8\xff"))]);
    axum::body::Body::from_stream(begin.chain(stream::pending()))
}
