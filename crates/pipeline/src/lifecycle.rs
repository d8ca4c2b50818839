//! From the stored photo to the registry: what every command that records has in common. The store,
//! the readers, the queue of scans, the deliveries and the upkeep, opened and ended together.

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::reading::reader_settings::pool_settings;
use crate::reading::reading_source::ReadingSource;
use crate::reading::scan_worker::ScanWorker;
use crate::settings::Settings;
use crate::storage::open_store;
use crate::{formats, housekeeping};
use outbound::{ForwardSettings, Forwarder, Handle, Registry, RegistrySettings};
use readers::Pool;
use std::sync::Arc;
use store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What whoever takes photos in needs of a pipeline; a clone is another hold on the same.
#[derive(Clone)]
pub struct Handles {
    /// Everything durable.
    pub store: Store,
    /// The queue of scans.
    pub work: Arc<ScanWorker>,
    /// What is counted for monitoring.
    pub metrics: Arc<Metrics>,
    /// What time it is to everything here.
    pub clock: Clock,
    /// How the deliveries do, if there is a registry.
    pub forwarding: Option<Handle>,
}

/// Everything behind the door through which photos come.
pub struct Pipeline {
    /// What the door holds of it.
    pub handles: Handles,
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

impl Pipeline {
    /// Opens what is needed and starts working on what waits, until `stop`.
    ///
    /// # Errors
    /// If something cannot be opened; the message says what and what to do.
    pub async fn start(
        settings: &Settings,
        clock: Clock,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let (formats, operator_formats) = formats::load(settings)?;
        let registry =
            settings.registry.url.as_ref().map(|_| open_registry(settings)).transpose()?;
        let store = open_store(settings).await?;
        let layout = pool_settings(settings, operator_formats);
        let pool = tokio::task::spawn_blocking(|| Pool::start(layout)).await??;
        let metrics = Arc::new(Metrics::default());
        let source = ReadingSource::Pool(pool);
        let work = Arc::new(ScanWorker::new(
            store.clone(),
            source,
            clock.clone(),
            formats,
            settings,
            metrics.clone(),
        ));
        let forwarder = registry.map(|registry| {
            let limits = ForwardSettings {
                in_flight_max: settings.registry.in_flight_max.get(),
                poll_ms: settings.registry.poll_ms.get(),
                settle_ms_max: settings.registry.settle_ms_max.get(),
            };
            Forwarder::new(store.clone(), registry, limits)
        });
        let forwarding = forwarder.as_ref().map(Forwarder::handle);
        let mut running = vec![
            tokio::spawn(work.clone().run(stop.clone())),
            tokio::spawn(housekeeping::run(
                store.clone(),
                settings.clone(),
                clock.clone(),
                stop.clone(),
            )),
            tokio::spawn(housekeeping::watch_clock(clock.clone(), stop.clone())),
        ];
        if let Some(forwarder) = forwarder {
            let clock = clock.clone();
            running.push(tokio::spawn(forwarder.run(move || clock.now(), stop.clone())));
        }
        let handles = Handles { store, work, metrics, clock, forwarding };
        Ok(Self { handles, stop, running })
    }

    /// Stops taking up work, lets what is under way finish, and closes the store.
    ///
    /// # Errors
    /// If a part of it panicked.
    pub async fn end(self) -> anyhow::Result<()> {
        self.stop.cancel();
        for task in self.running {
            task.await?;
        }
        self.handles.store.close().await;
        Ok(())
    }
}

/// The registry of the settings; nothing is sent yet.
///
/// # Errors
/// If there is none or it cannot be used; the message says what to change.
pub fn open_registry(settings: &Settings) -> anyhow::Result<Registry> {
    let secret = settings.registry.secret.as_ref().map(|secret| secret.expose().to_owned());
    Ok(Registry::open(&RegistrySettings {
        url: settings.registry.url.clone().unwrap_or_default(),
        secret: secret.unwrap_or_default(),
        allow_private: settings.registry.allow_private,
        deliver_ms_max: settings.registry.deliver_ms_max.get(),
        answer_bytes_max: settings.registry.answer_bytes_max.get(),
        batch_events_max: settings.registry.batch_events_max.get(),
    })?)
}
