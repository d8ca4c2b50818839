//! The settings by what they are about. A key is spelled as `labelscan.default.toml` spells it, which
//! also says what each means and in which unit; here a field has the rest of its key as its name.

use crate::settings::values::{
    DefaultOperation, EncryptionMode, InboxSettings, LogFormat, SandboxMode, Secret, Switch,
    TlsMode, TypedSerials,
};
use serde::Deserialize;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use validate::EstateMode;

/// Where rows and photos lie, and for how long.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct StorageSettings {
    pub data: PathBuf,
    pub database: Option<Secret>,
    pub photos: Option<String>,
    pub encryption: EncryptionMode,
    pub seal_keys: Option<PathBuf>,
    pub photo_days_max: u32,
    pub upkeep_every_ms: NonZeroU64,
}

/// What serials are read and judged by.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct JudgingSettings {
    pub models: Option<PathBuf>,
    pub formats: Option<PathBuf>,
    pub estate: EstateMode,
    pub estate_bytes_max: NonZeroUsize,
    pub estate_serials_max: NonZeroUsize,
}

/// The registry and how it is told.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct RegistrySettings {
    #[serde(rename = "registry")]
    pub url: Option<String>,
    #[serde(rename = "registry_secret")]
    pub secret: Option<Secret>,
    #[serde(rename = "registry_allow_private")]
    pub allow_private: bool,
    #[serde(rename = "registry_deliver_ms_max")]
    pub deliver_ms_max: NonZeroU64,
    #[serde(rename = "registry_answer_bytes_max")]
    pub answer_bytes_max: NonZeroUsize,
    #[serde(rename = "registry_batch_events_max")]
    pub batch_events_max: NonZeroUsize,
    #[serde(rename = "registry_in_flight_max")]
    pub in_flight_max: NonZeroUsize,
    #[serde(rename = "registry_poll_ms")]
    pub poll_ms: NonZeroU64,
    #[serde(rename = "registry_settle_ms_max")]
    pub settle_ms_max: NonZeroU64,
}

/// What a photo and a person's word do to a terminal.
#[derive(Clone, Copy, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct RegisteringSettings {
    pub default_operation: DefaultOperation,
    pub sighting_event: Switch,
    pub typed_serials: TypedSerials,
    pub undo_ms: u64,
}

/// Where the service listens and how long requests may take.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct HttpSettings {
    pub listen: SocketAddr,
    pub metrics_listen: Option<SocketAddr>,
    pub public_url: Option<String>,
    pub answer_ms_max: NonZeroU64,
    pub connections_max: NonZeroUsize,
    pub requests_per_second_max: NonZeroU32,
    pub tls: TlsMode,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub plain_http: bool,
    pub header_ms_max: NonZeroU64,
    pub body_ms_max: NonZeroU64,
    pub request_ms_max: NonZeroU64,
}

/// How much may come in.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct UploadSettings {
    pub photo_bytes_max: NonZeroUsize,
    pub photos_max: NonZeroUsize,
    pub details_bytes_max: NonZeroUsize,
    #[serde(rename = "uploads_bytes_max")]
    pub bytes_max: NonZeroUsize,
    pub resumable_bytes_max: NonZeroUsize,
    pub resumable_uploads_max: NonZeroUsize,
    pub resumable_idle_ms_max: NonZeroU64,
}

/// How long people stay signed in.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct SessionSettings {
    #[serde(rename = "session_hours")]
    pub hours: NonZeroU32,
    pub sign_in_minutes: NonZeroU32,
}

/// The company's identity provider.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct OidcSettings {
    #[serde(rename = "oidc_issuer")]
    pub issuer: Option<String>,
    #[serde(rename = "oidc_client_id")]
    pub client_id: Option<String>,
    #[serde(rename = "oidc_client_secret")]
    pub client_secret: Option<Secret>,
    #[serde(rename = "oidc_scopes")]
    pub scopes: String,
    #[serde(rename = "oidc_name_claim")]
    pub name_claim: String,
    #[serde(rename = "oidc_role_claim")]
    pub role_claim: String,
    #[serde(rename = "oidc_technician")]
    pub technician: Vec<String>,
    #[serde(rename = "oidc_operator")]
    pub operator: Vec<String>,
    #[serde(rename = "oidc_admin")]
    pub admin: Vec<String>,
    #[serde(rename = "oidc_allow_private")]
    pub allow_private: bool,
    #[serde(rename = "oidc_session_hours")]
    pub session_hours: NonZeroU32,
    #[serde(rename = "oidc_attempt_minutes")]
    pub attempt_minutes: NonZeroU32,
    #[serde(rename = "oidc_attempts_max")]
    pub attempts_max: NonZeroU32,
    #[serde(rename = "oidc_answer_ms_max")]
    pub answer_ms_max: NonZeroU64,
    #[serde(rename = "oidc_answer_bytes_max")]
    pub answer_bytes_max: NonZeroUsize,
}

/// Folders that photos are taken from.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct InboxesSettings {
    #[serde(rename = "inbox")]
    pub folders: Vec<InboxSettings>,
    #[serde(rename = "inbox_poll_ms")]
    pub poll_ms: NonZeroU64,
    #[serde(rename = "inbox_settle_ms")]
    pub settle_ms: NonZeroU64,
}

/// How scans wait, and who looks at them.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct QueueSettings {
    pub lease_ms: u64,
    pub attempts_max: NonZeroU32,
    pub review_lease_ms: NonZeroU64,
    pub review_aside_ms: NonZeroU64,
    pub reads_waiting_max: NonZeroUsize,
}

/// The processes that read photos, and how far they may go.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct ReaderSettings {
    #[serde(rename = "readers")]
    pub count: usize,
    pub sandbox: SandboxMode,
    #[serde(rename = "reader_threads")]
    pub threads: usize,
    pub read_ms_max: NonZeroU64,
    #[serde(rename = "reader_start_ms_max")]
    pub start_ms_max: NonZeroU64,
    #[serde(rename = "reader_memory_bytes_max")]
    pub memory_bytes_max: u64,
    #[serde(rename = "reader_requests_max")]
    pub requests_max: NonZeroU32,
    pub photo_pixels_max: NonZeroU64,
    pub photo_side_px_max: NonZeroU32,
}

/// What is logged and traced.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the default file documents each key, once")]
pub struct LogSettings {
    #[serde(rename = "log_format")]
    pub format: LogFormat,
    #[serde(rename = "log")]
    pub filter: String,
    pub otel_endpoint: Option<String>,
}
