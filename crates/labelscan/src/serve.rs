//! The service: opens what it needs, starts the readers, the queue, the deliveries and the
//! listener, says where it is, and on SIGTERM or SIGINT lets accepted work finish before it ends.

use crate::http::{self, App, connections::Capped};
use crate::inbox::{Folder, Inbox};
use crate::keys::{Role, Token};
use crate::oidc::Oidc;
use crate::pipeline::Pipeline;
use crate::settings::{Settings, TlsMode};
use crate::tls::Pair;
use anyhow::Context;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use std::io::{IsTerminal, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Whom the sign-in link of the program's start signs in.
const FIRST_PERSON: &str = "owner";
/// Requests under way on one HTTP/2 connection.
const HTTP2_STREAMS_MAX: u32 = 32;
/// Connections of monitoring at a time.
const METRICS_CONNECTIONS_MAX: usize = 16;
/// How long monitoring may take to send its request.
const METRICS_TIME: Duration = Duration::from_secs(10);
/// Connections that wait to be accepted. The standard library's 128 overflow when hundreds of phones
/// come back at once, and the kernel may then forget a connection whose client believes in it.
const BACKLOG: u32 = 1024;
/// How often uploads that nobody continues are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// Runs the service until a signal stops it.
///
/// # Errors
/// If something it needs cannot be opened; the message says what and what to do.
pub fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    // An error means that somebody in this process was first, with the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(settings)).map(|()| ExitCode::SUCCESS)
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let listener = bound(settings.listen)?;
    let metrics_listener = settings.metrics_listen.map(bound).transpose()?;
    let stop = CancellationToken::new();
    let inboxes = settings.inbox.iter().map(Folder::open).collect::<anyhow::Result<Vec<_>>>()?;
    let base_url = base_url(&settings, listener.local_addr()?);
    let oidc = Oidc::open(&settings, &base_url)?;
    let pipeline = Pipeline::start(&settings, stop.clone()).await?;
    let app = App::new(
        pipeline.store.clone(),
        pipeline.work.clone(),
        pipeline.forwarding.clone(),
        oidc,
        settings.clone(),
        base_url.clone(),
        pipeline.metrics.clone(),
    );
    let taking: Vec<_> = inboxes
        .into_iter()
        .map(|folder| Inbox::new(folder, &pipeline, &settings))
        .map(|inbox| tokio::spawn(watch_folder(inbox, stop.clone())))
        .collect();
    announce(&app, &settings, &base_url).await?;
    tokio::spawn(sweep(app.clone(), stop.clone()));
    let handle = Handle::new();
    tokio::spawn(stop_on_signal(handle.clone(), stop.clone(), settings.request_ms_max));
    let tls = encryption(&settings, &stop).await?;
    if let Some(listener) = metrics_listener {
        tokio::spawn(listen_for_metrics(listener, handle.clone(), app.clone()));
    }
    listen(listener, handle, &settings, tls, app).await?;

    stop.cancel();
    for task in taking {
        task.await?;
    }
    pipeline.end().await
}

/// Takes photos from a folder of the settings until `stop`.
async fn watch_folder(inbox: Inbox, stop: CancellationToken) {
    inbox.watch(&stop, |_, _| {}).await;
}

fn bound(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listening = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // The port of a service that just ended can be had at once.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    };
    listening().with_context(|| format!("cannot listen on {address}"))
}

/// Serves `/metrics` until the handle shuts down.
async fn listen_for_metrics(listener: TcpListener, handle: Handle<SocketAddr>, app: App) {
    let served = async {
        let time = METRICS_TIME;
        let mut server =
            axum_server::from_tcp(listener)?.first_request_timeout(time).handle(handle);
        server.http_builder().http1().header_read_timeout(time);
        let routes = http::metrics_routes(app).into_make_service();
        server.acceptor(Capped::new(METRICS_CONNECTIONS_MAX)).serve(routes).await
    };
    if let Err(error) = served.await {
        tracing::error!(%error, "metrics are not served any more");
    }
}

/// Drops uploads that nobody continues.
async fn sweep(app: App, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(SWEEP_EVERY)).await.is_some() {
        app.held().sweep();
    }
}

/// How connections are encrypted, if they are.
async fn encryption(
    settings: &Settings,
    stop: &CancellationToken,
) -> anyhow::Result<Option<RustlsConfig>> {
    let pair = match (settings.tls, &settings.tls_certificate, &settings.tls_key) {
        (TlsMode::Off, ..) => return Ok(None),
        (TlsMode::Files, Some(certificate), Some(key)) => {
            Pair { certificate: certificate.clone(), key: key.clone() }
        }
        _ => Pair::self_signed(&settings.data.join("tls"), settings.listen.ip())?,
    };
    let config = pair.load().await?;
    tokio::spawn(pair.keep_fresh(config.clone(), stop.clone()));
    Ok(Some(config))
}

async fn listen(
    listener: TcpListener,
    handle: Handle<SocketAddr>,
    settings: &Settings,
    tls: Option<RustlsConfig>,
    app: App,
) -> anyhow::Result<()> {
    let header_time = Duration::from_millis(settings.header_ms_max);
    let mut server =
        axum_server::from_tcp(listener)?.first_request_timeout(header_time).handle(handle);
    server.http_builder().http1().header_read_timeout(header_time);
    server
        .http_builder()
        .http2()
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .keep_alive_interval(Some(header_time));
    let routes = http::routes(app).into_make_service_with_connect_info::<SocketAddr>();
    let capped = Capped::new(settings.connections_max);
    match tls {
        Some(config) => {
            let encrypted = RustlsAcceptor::new(config).handshake_timeout(header_time);
            server.acceptor(encrypted.acceptor(capped)).serve(routes).await?;
        }
        None => server.acceptor(capped).serve(routes).await?,
    }
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

/// Where people reach the service, without a slash at the end.
pub(crate) fn base_url(settings: &Settings, address: SocketAddr) -> String {
    match &settings.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None if settings.tls == TlsMode::Off => format!("http://{address}"),
        None => format!("https://{address}"),
    }
}

/// Says on stdout where the service is and how to get in. The link is no log line: it goes to
/// whoever started the program and nowhere else.
async fn announce(app: &App, settings: &Settings, base: &str) -> anyhow::Result<()> {
    let token = Token::new_secret()?;
    app.create_sign_in("operator", FIRST_PERSON, Role::Admin, token.hash()).await?;
    let link = app.sign_in_link(&token);
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
