//! The sockets: where the service listens, over TLS or not, and where browsers find it.

use crate::api::metrics::metrics_routes;
use crate::app::App;
use crate::middleware::connections::Capped;
use crate::routes::routes;
use crate::tls::Pair;
use anyhow::Context;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use pipeline::settings::{Settings, TlsMode};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio_util::sync::CancellationToken;

/// Requests under way on one HTTP/2 connection.
const HTTP2_STREAMS_MAX: u32 = 32;
/// Bytes of a request's headers, of what one connection of HTTP/1 reads ahead, and of what one request
/// of HTTP/2 holds that its client did not take yet.
const HEADER_BYTES_MAX: u32 = 16 * 1024;
const HTTP1_BUFFER_BYTES: usize = 64 * 1024;
const SEND_BYTES_MAX: usize = 64 * 1024;
/// Connections of monitoring at a time.
const METRICS_CONNECTIONS_MAX: usize = 16;
/// How long monitoring may take to send its request.
const METRICS_TIME: Duration = Duration::from_secs(10);
/// Connections that wait to be accepted. The standard library's 128 overflow when hundreds of phones
/// come back at once, and the kernel may then forget a connection whose client believes in it.
const BACKLOG: u32 = 1024;
/// A socket that listens; nothing is accepted yet.
///
/// # Errors
/// If the address cannot be had; the message names it.
pub fn bound(address: SocketAddr) -> anyhow::Result<TcpListener> {
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

/// Serves the calls and pages, and `/metrics` on a listener of its own, until `stop`; then lets the
/// requests under way finish.
///
/// # Errors
/// If the certificate cannot be used or the listener fails.
pub async fn serve(
    listener: TcpListener,
    metrics_listener: Option<TcpListener>,
    settings: &Settings,
    app: App,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let handle = Handle::new();
    let tls = encryption(settings, &stop).await?;
    tokio::spawn(end_on_stop(handle.clone(), stop, settings.http.request_ms_max.get()));
    if let Some(listener) = metrics_listener {
        tokio::spawn(listen_for_metrics(listener, handle.clone(), app.clone()));
    }
    listen(listener, handle, settings, tls, app).await
}

/// Takes no requests from `stop` on and lets those under way finish.
async fn end_on_stop(handle: Handle<SocketAddr>, stop: CancellationToken, grace_ms: u64) {
    stop.cancelled().await;
    handle.graceful_shutdown(Some(Duration::from_millis(grace_ms)));
}

/// Serves `/metrics` until the handle shuts down.
async fn listen_for_metrics(listener: TcpListener, handle: Handle<SocketAddr>, app: App) {
    let served = async {
        let time = METRICS_TIME;
        let mut server =
            axum_server::from_tcp(listener)?.first_request_timeout(time).handle(handle);
        server.http_builder().http1().header_read_timeout(time);
        let routes = metrics_routes(app).into_make_service();
        server.acceptor(Capped::new(METRICS_CONNECTIONS_MAX)).serve(routes).await
    };
    if let Err(error) = served.await {
        tracing::error!(%error, "metrics are not served any more");
    }
}

/// How connections are encrypted, if they are.
async fn encryption(
    settings: &Settings,
    stop: &CancellationToken,
) -> anyhow::Result<Option<RustlsConfig>> {
    let pair = match (settings.http.tls, &settings.http.tls_certificate, &settings.http.tls_key) {
        (TlsMode::Off, ..) => return Ok(None),
        (TlsMode::Files, Some(certificate), Some(key)) => {
            Pair { certificate: certificate.clone(), key: key.clone() }
        }
        _ => Pair::self_signed(&settings.storage.data.join("tls"), settings.http.listen.ip())?,
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
    let header_time = Duration::from_millis(settings.http.header_ms_max.get());
    let mut server =
        axum_server::from_tcp(listener)?.first_request_timeout(header_time).handle(handle);
    server.http_builder().http1().header_read_timeout(header_time).max_buf_size(HTTP1_BUFFER_BYTES);
    server
        .http_builder()
        .http2()
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX)
        .max_send_buf_size(SEND_BYTES_MAX)
        .keep_alive_interval(Some(header_time))
        .keep_alive_timeout(header_time);
    let routes = routes(app).into_make_service_with_connect_info::<SocketAddr>();
    let capped = Capped::new(settings.http.connections_max.get());
    match tls {
        Some(config) => {
            let encrypted = RustlsAcceptor::new(config).handshake_timeout(header_time);
            server.acceptor(encrypted.acceptor(capped)).serve(routes).await?;
        }
        None => server.acceptor(capped).serve(routes).await?,
    }
    Ok(())
}

/// Where people reach the service, without a slash at the end.
pub fn base_url(settings: &Settings, address: SocketAddr) -> String {
    match &settings.http.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None if settings.http.tls == TlsMode::Off => format!("http://{address}"),
        None => format!("https://{address}"),
    }
}
