//! What the program does and how long it takes, as traces for an OpenTelemetry collector (OTLP over
//! HTTP, protobuf).
//!
//! Spans are collected in memory and sent by a thread of their own; what a collector does not take is
//! dropped, so that watching never holds up the work.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use std::time::Duration;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

/// Deadline of one call.
const CALL_MAX: Duration = Duration::from_secs(10);
/// Spans that wait for the collector.
const SPANS_MAX: usize = 4096;
/// How long the last spans are waited for when the program ends.
const END_MAX: Duration = Duration::from_secs(5);
/// Under what name the collector knows the program.
const SERVICE: &str = "labelscan";

/// The way to the collector; it ends when this is dropped.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Opens the way to the collector at `endpoint`, such as `http://127.0.0.1:4318`. Must not be
    /// called from within an async runtime.
    ///
    /// # Errors
    /// If the address is none. Whether somebody listens there shows later, in the log.
    pub fn open(endpoint: &str) -> Result<Self, ExporterBuildError> {
        // An error means that somebody in this process was first, with the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(CALL_MAX)
            .build()?;
        let bounds = BatchConfigBuilder::default().with_max_queue_size(SPANS_MAX).build();
        let spans = BatchSpanProcessor::builder(exporter).with_batch_config(bounds).build();
        let resource = Resource::builder().with_service_name(SERVICE).build();
        let provider = SdkTracerProvider::builder();
        Ok(Self(provider.with_span_processor(spans).with_resource(resource).build()))
    }

    /// What hands on the spans of a subscriber.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer().with_tracer(self.0.tracer(SERVICE))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(END_MAX) {
            tracing::warn!(%error, "the last traces did not reach the collector");
        }
    }
}
