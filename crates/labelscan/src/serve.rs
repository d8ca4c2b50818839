//! The service: opens what it needs, starts the readers, the queue, the deliveries and the
//! listener, says where it is, and on SIGTERM or SIGINT lets accepted work finish before it ends.

use crate::http::{self, App, connections::Capped};
use crate::keys::{Role, Token};
use crate::readers::{Pool, PoolSettings};
use crate::settings::Settings;
use crate::work::Work;
use crate::{clock, formats};
use anyhow::Context;
use axum_server::Handle;
use forward::{ForwardSettings, Forwarder, Registry, RegistrySettings};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Whom the sign-in link of the program's start signs in.
const FIRST_PERSON: &str = "owner";

/// Runs the service until a signal stops it.
///
/// # Errors
/// If something it needs cannot be opened; the message says what and what to do.
pub fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(settings)).map(|()| ExitCode::SUCCESS)
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let (formats, operator_formats) = formats::load(&settings)?;
    let registry = settings.registry.as_ref().map(|_| open_registry(&settings)).transpose()?;
    let listener = std::net::TcpListener::bind(settings.listen)
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    let store = Store::open(&store_settings(&settings)).await?;
    let pool_settings = PoolSettings::new(&settings, operator_formats);
    let pool = tokio::task::spawn_blocking(|| Pool::start(pool_settings)).await??;
    let work = Arc::new(Work::new(store.clone(), pool, formats, &settings));
    let app = App::new(store.clone(), work.clone(), settings.clone());

    let stop = CancellationToken::new();
    let reading = tokio::spawn(work.run(stop.clone()));
    let forwarding = registry.map(|registry| {
        let forwarder = Forwarder::new(store.clone(), registry, ForwardSettings::default());
        tokio::spawn(forwarder.run(clock::now, stop.clone()))
    });
    announce(&app, &settings, listener.local_addr()?).await?;
    let handle = Handle::new();
    tokio::spawn(stop_on_signal(handle.clone(), stop.clone(), settings.request_ms_max));
    listen(listener, handle, &settings, app).await?;

    stop.cancel();
    reading.await?;
    if let Some(forwarding) = forwarding {
        forwarding.await?;
    }
    store.close().await;
    Ok(())
}

/// Where the store lives, and how much of its limits HTTP may use.
pub(crate) fn store_settings(settings: &Settings) -> store::Settings {
    store::Settings {
        database: settings.database_url().expose().to_owned(),
        photos: settings.photos_url(),
        limits: store::Limits {
            photos_max: settings.photos_max,
            photo_bytes_max: settings.photo_bytes_max,
            details_bytes_max: settings.details_bytes_max,
            ..store::Limits::default()
        },
    }
}

/// The registry of the settings; nothing is sent yet.
///
/// # Errors
/// If there is none or it cannot be used; the message says what to change.
pub(crate) fn open_registry(settings: &Settings) -> anyhow::Result<Registry> {
    let secret = settings.registry_secret.as_ref().map(|secret| secret.expose().to_owned());
    Ok(Registry::open(&RegistrySettings {
        url: settings.registry.clone().unwrap_or_default(),
        secret: secret.unwrap_or_default(),
        allow_private: settings.registry_allow_private,
        deliver_ms_max: settings.registry_deliver_ms_max,
        answer_bytes_max: settings.registry_answer_bytes_max,
        batch_events_max: settings.registry_batch_events_max,
    })?)
}

async fn listen(
    listener: std::net::TcpListener,
    handle: Handle<SocketAddr>,
    settings: &Settings,
    app: App,
) -> anyhow::Result<()> {
    let header_time = Duration::from_millis(settings.header_ms_max);
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(Capped::new(settings.connections_max))
        .first_request_timeout(header_time)
        .handle(handle);
    server.http_builder().http1().header_read_timeout(header_time);
    server
        .http_builder()
        .http2()
        .max_concurrent_streams(32)
        .keep_alive_interval(Some(Duration::from_secs(20)));
    let routes = http::routes(app);
    server.serve(routes.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// The first signal stops taking requests and lets those in work finish.
async fn stop_on_signal(handle: Handle<SocketAddr>, stop: CancellationToken, grace_ms: u64) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return tracing::error!("signals cannot be heard; only kill -9 stops the service");
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: accepted work finishes first");
    stop.cancel();
    handle.graceful_shutdown(Some(Duration::from_millis(grace_ms)));
}

/// Says on stdout where the service is and how to get in. The link is no log line: it goes to
/// whoever started the program and nowhere else.
async fn announce(app: &App, settings: &Settings, address: SocketAddr) -> anyhow::Result<()> {
    let base = match &settings.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{address}"),
    };
    let token = Token::new_secret()?;
    app.create_sign_in(FIRST_PERSON, Role::Admin, token.hash()).await?;
    let link = format!("{base}/sign-in?token={}", token.reveal());
    let mut out = std::io::stdout().lock();
    writeln!(out, "labelscan listens on {base}")?;
    if settings.registry.is_none() {
        writeln!(out, "No registry is set: registrations wait in the queue.")?;
    }
    writeln!(out, "Sign in, once, within {} minutes: {link}", settings.sign_in_minutes)?;
    if out.is_terminal() {
        let code = QrCode::new(link.as_bytes())?;
        // Dark on light also on dark terminals: cameras want it that way round.
        let picture = code
            .render::<Dense1x2>()
            .dark_color(Dense1x2::Light)
            .light_color(Dense1x2::Dark)
            .build();
        writeln!(out, "{picture}")?;
    }
    out.flush()?;
    Ok(())
}
