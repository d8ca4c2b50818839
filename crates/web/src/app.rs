//! What handlers may do: the store, the queue and the readers behind one set of questions, with
//! ownership and roles already applied. No handler reaches around it.

use crate::access::caller::Caller;
use crate::access::company::{Oidc, Person};
use crate::api::deliveries::{DeliveryObject, DeliveryStatus};
use crate::api::terminal_search::Wanted;
use crate::api::terminals::TerminalObject;
use crate::middleware::denied::Denials;
use crate::middleware::rate::Rate;
use crate::problem::{Code, Problem};
use crate::upload::body::{Photos, UploadLimits};
use crate::upload::intake::UploadBudget;
use crate::upload::partial_uploads::{PartialUploadLimits, PartialUploads};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use pipeline::access::{Role, Token};
use pipeline::answer::{Earlier, Scan, Status, new_id};
use pipeline::clock::Clock;
use pipeline::metrics::Metrics;
use pipeline::scan_worker::ScanWorker;
use pipeline::settings::{Settings, TlsMode};
use pipeline::stored::scan_object;
use readers::{PhotoBytes, ReadFailure, ReadRequest};
use std::sync::Arc;
use std::time::Duration;
use store::{
    DeliveryFilter, FoundTerminal, NewSignIn, Presented, Received, ScanFilter, ScanId, Session,
    Store, StoreError, Upload, UploadedPhoto,
};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

/// The service as handlers see it; a clone is another hold on the same.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    store: Store,
    work: Arc<ScanWorker>,
    forwarding: Option<outbound::Handle>,
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
    metrics: Arc<Metrics>,
    clock: Clock,
    /// PartialUploads by an import: two at once would hold two lists in memory.
    importing: Mutex<()>,
}

impl App {
    /// The service over its store and its queue.
    pub fn new(
        store: Store,
        work: Arc<ScanWorker>,
        forwarding: Option<outbound::Handle>,
        oidc: Option<Oidc>,
        settings: Settings,
        base_url: String,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Self {
        let limits = UploadLimits {
            photo_bytes_max: settings.photo_bytes_max,
            photos_max: settings.photos_max,
            details_bytes_max: settings.details_bytes_max,
        };
        Self(Arc::new(Inner {
            // The largest upload there may be must fit, else it could never be received.
            memory: UploadBudget::new(settings.uploads_bytes_max.max(limits.body_bytes_max())),
            held: PartialUploads::new(PartialUploadLimits {
                bytes_max: settings.resumable_bytes_max,
                owner_uploads_max: settings.resumable_uploads_max,
                idle_max: Duration::from_millis(settings.resumable_idle_ms_max),
            }),
            rate: Rate::new(settings.requests_per_second_max),
            denials: Denials::default(),
            metrics,
            clock,
            importing: Mutex::new(()),
            store,
            work,
            forwarding,
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
        self.0.clock.now()
    }

    /// The clock, for what takes longer than a moment.
    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The queue of scans.
    pub(crate) fn work(&self) -> &Arc<ScanWorker> {
        &self.0.work
    }

    /// The rows and photos.
    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// What one upload may hold.
    pub(crate) fn limits(&self) -> &UploadLimits {
        &self.0.limits
    }

    /// How long a body may take.
    pub(crate) fn body_deadline(&self) -> Duration {
        Duration::from_millis(self.0.settings.body_ms_max)
    }

    /// How long a whole request may take.
    pub(crate) fn request_deadline(&self) -> Duration {
        Duration::from_millis(self.0.settings.request_ms_max)
    }

    /// Whether browsers reach the service over HTTPS.
    pub(crate) fn is_encrypted(&self) -> bool {
        let public = self.0.settings.public_url.as_deref();
        self.0.settings.tls != TlsMode::Off || public.is_some_and(|it| it.starts_with("https://"))
    }

    /// Whether registrations have somewhere to go.
    pub(crate) fn has_registry(&self) -> bool {
        self.0.forwarding.is_some()
    }

    /// The deliveries to the registry, if there is one.
    pub(crate) fn forwarding(&self) -> Option<&outbound::Handle> {
        self.0.forwarding.as_ref()
    }

    /// The company's identity provider, if people sign in there.
    pub(crate) fn oidc(&self) -> Option<&Oidc> {
        self.0.oidc.as_ref()
    }

    /// What is counted.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
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

    /// Whether the database and the photos' place answer.
    pub(crate) async fn storage_answers(&self) -> bool {
        match self.0.store.ping().await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "the store does not answer");
                false
            }
        }
    }

    /// What a presented key opens.
    pub(crate) async fn presented(&self, hash: &[u8; 32]) -> Result<Presented, Problem> {
        Ok(self.0.store.key_by_hash(hash, self.now()).await?)
    }

    /// The person of a session.
    pub(crate) async fn session_holder(&self, hash: &[u8; 32]) -> Result<Caller, Problem> {
        let session = self.0.store.session_by_hash(hash, self.now()).await?;
        let session = session.ok_or(Code::NotSignedIn)?;
        Caller::new(session.name, &session.role)
    }

    /// Makes a sign-in link that `by` hands out usable, once and for a while; answers when it ends.
    pub async fn create_sign_in(
        &self,
        by: &str,
        name: &str,
        role: Role,
        hash: [u8; 32],
    ) -> Result<Timestamp, StoreError> {
        let now = self.now();
        let minutes = i64::from(self.0.settings.sign_in_minutes);
        let expires_at = now.saturating_add(SignedDuration::from_mins(minutes));
        let expires_at = expires_at.unwrap_or(Timestamp::MAX);
        let (by, name, role) = (by.to_owned(), name.to_owned(), role.as_str().to_owned());
        let link = NewSignIn { by, hash, role, name, expires_at };
        self.0.store.create_sign_in(link, now).await?;
        Ok(expires_at)
    }

    /// The address to open to sign in.
    pub fn sign_in_link(&self, token: &Token) -> String {
        format!("{}/sign-in?token={}", self.0.base_url, token.reveal())
    }

    /// Turns a link into a session; answers whom it signed in, none if the link is not good (any
    /// more).
    pub(crate) async fn redeem(
        &self,
        link: &[u8; 32],
        session: &[u8; 32],
    ) -> Result<Option<Caller>, Problem> {
        let now = self.now();
        let hours = i64::from(self.0.settings.session_hours);
        let expires_at = now.saturating_add(SignedDuration::from_hours(hours));
        let expires_at = expires_at.unwrap_or(Timestamp::MAX);
        let session = self.0.store.redeem_sign_in(link, session, expires_at, now).await?;
        session.map(|session| Caller::new(session.name, &session.role)).transpose()
    }

    /// Notes that somebody goes to sign in at the company; false if too many are there.
    pub(crate) async fn begin_attempt(&self, attempt: &[u8; 32]) -> Result<bool, Problem> {
        let now = self.now();
        let (settings, store) = (&self.0.settings, &self.0.store);
        let longest = SignedDuration::from_mins(settings.oidc_attempt_minutes.into());
        let expires_at = now.saturating_add(longest).unwrap_or(Timestamp::MAX);
        Ok(store.begin_attempt(attempt, expires_at, settings.oidc_attempts_max, now).await?)
    }

    /// Ends an attempt; false if it was not begun, is over, or was ended before.
    pub(crate) async fn end_attempt(&self, attempt: &[u8; 32]) -> Result<bool, Problem> {
        Ok(self.0.store.end_attempt(attempt, self.now()).await?)
    }

    /// Opens a session for a person of the company.
    pub(crate) async fn open_session(
        &self,
        person: &Person,
        session: &[u8; 32],
    ) -> Result<(), Problem> {
        let now = self.now();
        let longest = SignedDuration::from_hours(self.0.settings.oidc_session_hours.into());
        let expires_at = now.saturating_add(longest).unwrap_or(Timestamp::MAX);
        let (role, name) = (person.role.as_str().to_owned(), person.name.clone());
        let new = Session { role, name, expires_at };
        Ok(self.0.store.open_session(session, &new, person, now).await?)
    }

    /// Stores an upload; answers the id of its scan, which is an earlier one if it is repeated.
    pub(crate) async fn receive(
        &self,
        caller: &Caller,
        idempotency_key: String,
        upload: Photos,
    ) -> Result<ScanId, Problem> {
        let now = self.now();
        let details = serde_json::to_value(&upload.details);
        let photos = upload.photos.into_iter().map(|photo| UploadedPhoto {
            bytes: photo.bytes,
            content_type: photo.content_type.to_owned(),
            surface: photo.surface,
        });
        let upload = Upload {
            id: new_id(now).into(),
            idempotency_key,
            owner: caller.name.clone(),
            photos: photos.collect(),
            details: details.map_err(|error| Problem::internal(&error))?,
        };
        match self.0.store.receive(upload, now).await? {
            Received::New(id) | Received::Repeat(id) => Ok(id),
            Received::Conflict => Err(Code::IdempotencyKeyReused.into()),
        }
    }

    /// The scan, after waiting for its verdict as long as a client is made to wait.
    pub(crate) async fn answer(
        &self,
        caller: &Caller,
        id: ScanId,
        wait: bool,
    ) -> Result<Scan, Problem> {
        if wait {
            let longest = Duration::from_millis(self.0.settings.answer_ms_max);
            self.0.work.wait_for(&caller.name, id, longest).await;
        } else {
            self.0.work.queued();
        }
        let stored = self.0.store.scan(id).await?.ok_or(Code::NotFound)?;
        self.with_earlier(scan_object(stored)).await
    }

    /// Reads and judges photos; nothing is recorded.
    pub(crate) async fn read(&self, caller: &Caller, upload: Photos) -> Result<Scan, Problem> {
        let photos = upload
            .photos
            .into_iter()
            .map(|photo| PhotoBytes { bytes: photo.bytes, surface: photo.surface });
        let request = ReadRequest { photos: photos.collect() };
        let now = self.now();
        let reading = self.0.work.read_for(&caller.name, request).await.map_err(unread)?;
        let judgement = self.0.work.judge(&reading).await?;
        let scan = Scan::judged(new_id(now), now, judgement, (&reading.took).into());
        self.with_earlier(scan).await
    }

    /// Says who showed the same terminal before, if anybody did.
    async fn with_earlier(&self, mut scan: Scan) -> Result<Scan, Problem> {
        let Some(serial) = &scan.serial else { return Ok(scan) };
        let terminals = self.0.store.terminal(&serial.value).await?;
        let same = terminals.into_iter().find(|terminal| terminal.vendor == serial.vendor);
        let first =
            same.map(|terminal| terminal.first_scan).filter(|id| Uuid::from(*id) != scan.id);
        if let Some(first) = first {
            let first = self.0.store.scan(first).await?;
            scan.earlier = first.map(|first| Earlier { by: first.owner, at: first.created_at });
        }
        Ok(scan)
    }

    /// One scan that the caller may see.
    pub(crate) async fn scan(&self, caller: &Caller, id: Uuid) -> Result<Scan, Problem> {
        self.with_earlier(scan_object(self.stored_scan(caller, id).await?)).await
    }

    /// A stored scan that the caller may see.
    pub(crate) async fn stored_scan(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<store::Scan, Problem> {
        let stored = self.0.store.scan(id.into()).await?;
        let seen = stored.filter(|scan| caller.may_see(&scan.owner));
        seen.ok_or_else(|| Code::NotFound.into())
    }

    /// Scans that the caller may see, newest first.
    pub(crate) async fn scans(
        &self,
        caller: &Caller,
        status: Option<Status>,
        after: Option<Uuid>,
        most: u32,
    ) -> Result<Vec<Scan>, Problem> {
        let filter = ScanFilter {
            status: status.map(Into::into),
            owner: caller.owner_filter(),
            after: after.map(Into::into),
            most,
        };
        let scans = self.0.store.scans(&filter).await?;
        Ok(scans.into_iter().map(scan_object).collect())
    }

    /// The bytes of one photo of a scan.
    pub(crate) async fn photo(&self, id: ScanId, n: usize) -> Result<Bytes, Problem> {
        let photos = self.0.store.photos(id).await?;
        let photo = photos.into_iter().nth(n).ok_or(Code::NotFound)?;
        Ok(photo.bytes)
    }

    /// A page of terminals.
    pub(crate) async fn terminals(
        &self,
        wanted: &Wanted,
        after: Option<String>,
        most: u32,
    ) -> Result<Vec<TerminalObject>, Problem> {
        let fits = |found: &FoundTerminal| wanted.fits(found);
        let found = self.0.store.find_terminals(after, most, fits).await?;
        Ok(found.into_iter().map(|found| TerminalObject::from(found.terminal)).collect())
    }

    /// The terminals with a serial.
    pub(crate) async fn terminal(&self, serial: &str) -> Result<Vec<TerminalObject>, Problem> {
        let terminals = self.0.store.terminal(&validate::canonical(serial)).await?;
        Ok(terminals.into_iter().map(TerminalObject::from).collect())
    }

    /// A page of deliveries.
    pub(crate) async fn deliveries(
        &self,
        status: Option<DeliveryStatus>,
        after: Option<String>,
        most: u32,
    ) -> Result<Vec<DeliveryObject>, Problem> {
        let filter = DeliveryFilter { status: status.map(Into::into), after, most };
        let deliveries = self.0.store.deliveries(&filter).await?;
        Ok(deliveries.into_iter().map(DeliveryObject::from).collect())
    }
}

/// What a client hears of a store that could not do what was asked.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(_) => Code::NotFound.into(),
            StoreError::AlreadyDecided => {
                Self::new(Code::Conflict, "Somebody has decided already: send a correction.")
            }
            StoreError::Forbidden(forbidden) => forbidden.into(),
            StoreError::Full(_) => {
                tracing::error!(%error, "the store is full");
                Code::StorageFull.into()
            }
            StoreError::Unavailable { retry_after, .. } => {
                tracing::error!(%error, "the store is not available");
                Self::from(Code::Overloaded).retry_after_s(retry_after.as_secs() as u32)
            }
            StoreError::KeyMissing { .. } => {
                tracing::error!(%error, "the store cannot open what it holds");
                Code::Overloaded.into()
            }
            other => Self::internal(&other),
        }
    }
}

/// What a client hears of photos that were not read.
fn unread(failure: ReadFailure) -> Problem {
    match failure {
        ReadFailure::Unreadable(unreadable) => {
            Problem::new(unreadable.code.into(), unreadable.to_string())
        }
        ReadFailure::Timeout { .. } => Code::ReaderTimeout.into(),
        ReadFailure::Crashed { .. } => Code::ReaderFailed.into(),
        ReadFailure::Busy | ReadFailure::Closed => Code::Overloaded.into(),
    }
}
