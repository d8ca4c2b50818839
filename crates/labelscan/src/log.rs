//! Log lines on stderr, because stdout is for what a command was asked for, and traces for a
//! collector.

use crate::log_lines::LogLines;
use pipeline::settings::{LogFormat, Settings};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Must be kept until the program ends: the last traces are sent when it is dropped.
#[must_use]
pub(crate) struct Log {
    lines: LogLines,
    _traces: Option<outbound::Traces>,
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines.flush();
    }
}

impl Log {
    /// Starts logging as the settings say.
    ///
    /// # Errors
    /// If the filter or the collector's address is none.
    pub(crate) fn start(settings: &Settings) -> anyhow::Result<Self> {
        let log_lines = LogLines::to_stderr();
        let lines = tracing_subscriber::fmt::layer().with_writer(log_lines.clone());
        let lines = match settings.log.format {
            LogFormat::Text => lines.boxed(),
            LogFormat::Json => lines.json().boxed(),
        };
        let lines = lines.with_filter(EnvFilter::try_new(&settings.log.filter)?);
        let log = tracing_subscriber::registry().with(lines);
        let traces = settings.log.otel_endpoint.as_deref().map(outbound::Traces::open).transpose();
        let traces = traces.map_err(|error| anyhow::anyhow!("otel_endpoint: {error}"))?;
        let spans = traces.as_ref().map(|it| it.layer().with_filter(LevelFilter::INFO));
        log.with(spans).init();
        std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panicked")));
        Ok(Self { lines: log_lines, _traces: traces })
    }
}
