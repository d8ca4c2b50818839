//! `/metrics`, on a listener of its own: what was counted, and how the queues, the readers and the
//! registry are at this moment. It holds no secret and no serial, and asks nobody who they are.

use crate::api::health;
use crate::app::App;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use outbound::EndpointState;
use pipeline::metrics::{CLOCK_JUMPS, LOG_LINES_DROPPED, Metrics};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;
use std::sync::atomic::{AtomicU64, Ordering};
use store::Queues;

/// The media type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The routes of the metrics' listener.
pub(crate) fn metrics_routes(app: App) -> Router {
    // A supervisor asks here whatever the other listener is busy with.
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .with_state(app)
}

async fn metrics(State(app): State<App>) -> Response {
    let mut now = Metrics::looked_up();
    let queues = app.store().queues().await;
    let up = u64::from(queues.is_ok());
    now.register("storage_up", "1 if the database answers", ConstGauge::new(up));
    match queues {
        Ok(queues) => add_queues(&mut now, &queues, app.now()),
        Err(error) => tracing::error!(%error, "the queues cannot be measured"),
    }
    let jumps = ConstCounter::new(CLOCK_JUMPS.load(Ordering::Relaxed));
    now.register("clock_jumps", "How often the clock jumped by seconds or more", jumps);
    let help = "Log lines that nobody read in time";
    let dropped = LOG_LINES_DROPPED.load(Ordering::Relaxed);
    now.register("log_lines_dropped", help, ConstCounter::new(dropped));
    add_readers(&mut now, &app);
    if let Some(forwarding) = app.forwarding() {
        add_registry(&mut now, forwarding);
    }
    let mut text = String::new();
    let written = encode_registry(&mut text, app.metrics().registry())
        .and_then(|()| encode_registry(&mut text, &now))
        .and_then(|()| encode_eof(&mut text));
    match written {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => crate::problem::Problem::internal(&error).into_response(),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Queue {
    queue: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

fn add_queues(to: &mut Registry, queues: &Queues, now: Timestamp) {
    let waiting = Family::<Queue, Gauge>::default();
    let oldest_seconds = Family::<Queue, Gauge<f64, AtomicU64>>::default();
    let each =
        [("scans", queues.scans), ("reviews", queues.reviews), ("deliveries", queues.deliveries)];
    for (queue, of) in each {
        let label = Queue { queue };
        waiting.get_or_create(&label).set(i64::try_from(of.count).unwrap_or(i64::MAX));
        let age = of.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64());
        oldest_seconds.get_or_create(&label).set(age.max(0.0));
    }
    to.register("waiting", "What waits in a queue, for all nodes together", waiting);
    let help = "Seconds since the oldest that waits in a queue came";
    to.register("waiting_oldest_seconds", help, oldest_seconds);
}

fn add_readers(to: &mut Registry, app: &App) {
    let counts = app.work().readers_counts();
    let up = app.work().readers_up() as u64;
    to.register("readers_up", "Reader processes that are up", ConstGauge::new(up));
    for (name, help, count) in [
        ("reader_timeouts", "Readers killed at their deadline", counts.timeouts),
        ("reader_crashes", "Readers that died of a photo", counts.crashes),
        ("reader_restarts", "Readers replaced, for whatever reason", counts.replaced),
    ] {
        to.register(name, help, ConstCounter::new(count));
    }
    let help = "Largest resident size of any reader so far";
    to.register("reader_resident_peak_bytes", help, ConstGauge::new(counts.resident_bytes_peak));
}

fn add_registry(to: &mut Registry, forwarding: &outbound::Handle) {
    let attempts = Family::<Outcome, Counter>::default();
    for (outcome, count) in forwarding.settlements() {
        attempts.get_or_create(&Outcome { outcome }).inc_by(count);
    }
    to.register("deliveries", "Delivery attempts that ended, by their outcome", attempts);
    let health = forwarding.health();
    let open = u64::from(health.state == EndpointState::Ready);
    to.register("registry_open", "1 if deliveries go out", ConstGauge::new(open));
    let help = "Calls that failed since the last one that the registry answered";
    let failures = u64::from(health.failures_in_row);
    to.register("registry_failures_in_row", help, ConstGauge::new(failures));
    let in_flight = health.in_flight as u64;
    to.register("deliveries_in_flight", "Deliveries on their way", ConstGauge::new(in_flight));
}
