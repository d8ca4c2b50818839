//! What handlers are given: the store, the queue, the settings, and what all requests share. It holds
//! state and answers no questions of its own.

use crate::access::company::Oidc;
use crate::middleware::denials::Denials;
use crate::middleware::rate::Rate;
use crate::problem::{Code, Problem};
use crate::upload::body::UploadLimits;
use crate::upload::intake::UploadBudget;
use crate::upload::partial_uploads::{PartialUploadLimits, PartialUploads};
use jiff::Timestamp;
use pipeline::Handles;
use pipeline::clock::Clock;
use pipeline::metrics::Metrics;
use pipeline::reading::scan_worker::ScanWorker;
use pipeline::registration::Registrar;
use pipeline::settings::{Settings, TlsMode};
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::sync::{Mutex, MutexGuard};

/// The service as handlers see it; a clone is another hold on the same.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    handles: Handles,
    /// The company's identity provider, if there is one.
    oidc: Option<Oidc>,
    settings: Settings,
    /// Where people reach the service, without a slash at the end.
    base_url: String,
    limits: UploadLimits,
    memory: UploadBudget,
    held: PartialUploads,
    rate: Rate,
    denials: Denials,
    /// Held by an import: two at once would hold two lists in memory.
    importing: Mutex<()>,
}

impl App {
    /// The service over a pipeline.
    pub fn new(handles: Handles, oidc: Option<Oidc>, settings: Settings, base_url: String) -> Self {
        let limits = UploadLimits {
            photo_bytes_max: settings.uploads.photo_bytes_max.get(),
            photos_max: settings.uploads.photos_max.get(),
            details_bytes_max: settings.uploads.details_bytes_max.get(),
        };
        Self(Arc::new(Inner {
            memory: upload_budget(&settings, &limits),
            held: PartialUploads::new(PartialUploadLimits {
                bytes_max: settings.uploads.resumable_bytes_max.get(),
                owner_uploads_max: settings.uploads.resumable_uploads_max.get(),
                idle_max: Duration::from_millis(settings.uploads.resumable_idle_ms_max.get()),
            }),
            rate: Rate::new(settings.http.requests_per_second_max),
            denials: Denials::default(),
            importing: Mutex::new(()),
            handles,
            oidc,
            settings,
            base_url,
            limits,
        }))
    }

    /// The settings of the program.
    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.handles.clock.now()
    }

    /// The clock, for what takes longer than a moment.
    pub(crate) fn clock(&self) -> &Clock {
        &self.0.handles.clock
    }

    /// The queue of scans.
    pub(crate) fn work(&self) -> &Arc<ScanWorker> {
        &self.0.handles.work
    }

    /// Makes what a decision or an operation owes the registry.
    pub(crate) fn registrar(&self) -> &Registrar {
        self.0.handles.work.registrar()
    }

    /// Where people reach the service, without a slash at the end.
    pub(crate) fn base_url(&self) -> &str {
        &self.0.base_url
    }

    /// The rows and photos.
    pub(crate) fn store(&self) -> &Store {
        &self.0.handles.store
    }

    /// What one upload may hold.
    pub(crate) fn limits(&self) -> &UploadLimits {
        &self.0.limits
    }

    /// How long a body may take.
    pub(crate) fn body_deadline(&self) -> Duration {
        Duration::from_millis(self.0.settings.http.body_ms_max.get())
    }

    /// How long a whole request may take.
    pub(crate) fn request_deadline(&self) -> Duration {
        Duration::from_millis(self.0.settings.http.request_ms_max.get())
    }

    /// Whether browsers reach the service over HTTPS.
    pub(crate) fn is_encrypted(&self) -> bool {
        let public = self.0.settings.http.public_url.as_deref();
        self.0.settings.http.tls != TlsMode::Off
            || public.is_some_and(|it| it.starts_with("https://"))
    }

    /// Whether browsers may be told to come over HTTPS alone: a certificate of our own making is one
    /// that they warn about, and after that word nobody could pass the warning.
    pub(crate) fn is_only_encrypted(&self) -> bool {
        let public = self.0.settings.http.public_url.as_deref();
        self.0.settings.http.tls == TlsMode::Files
            || public.is_some_and(|it| it.starts_with("https://"))
    }

    /// Whether registrations have somewhere to go.
    pub(crate) fn has_registry(&self) -> bool {
        self.0.handles.forwarding.is_some()
    }

    /// The deliveries to the registry, if there is one.
    pub(crate) fn forwarding(&self) -> Option<&outbound::Handle> {
        self.0.handles.forwarding.as_ref()
    }

    /// The company's identity provider, if people sign in there.
    pub(crate) fn oidc(&self) -> Option<&Oidc> {
        self.0.oidc.as_ref()
    }

    /// What is counted.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.handles.metrics
    }

    /// How often callers may come.
    pub(crate) fn rate(&self) -> &Rate {
        &self.0.rate
    }

    /// What callers were denied lately.
    pub(crate) fn denials(&self) -> &Denials {
        &self.0.denials
    }

    /// The memory that uploads being received may fill.
    pub(crate) fn memory(&self) -> &UploadBudget {
        &self.0.memory
    }

    /// The right to import a list, which one caller has at a time.
    pub(crate) fn importing(&self) -> Result<MutexGuard<'_, ()>, Problem> {
        let busy = |_| Problem::new(Code::Overloaded, "another list is being imported");
        self.0.importing.try_lock().map_err(busy)
    }

    /// Drops uploads in parts that nobody continues.
    pub fn sweep_uploads(&self) {
        self.0.held.sweep();
    }

    /// The uploads that arrive in parts.
    pub(crate) fn held(&self) -> &PartialUploads {
        &self.0.held
    }
}

/// The memory of bodies that are being received. A caller's share is a photo, and the largest upload
/// there may be must fit beside it, else it could never be received.
fn upload_budget(settings: &Settings, limits: &UploadLimits) -> UploadBudget {
    let share_bytes = limits.photo_bytes_max;
    let largest_bytes = limits.body_bytes_max().saturating_sub(share_bytes);
    let bytes_max = settings.uploads.bytes_max.get().max(2 * largest_bytes);
    UploadBudget::new(bytes_max, share_bytes)
}
