//! SIGTERM and SIGINT: what was accepted finishes before the program ends.

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A task that cancels `stop` on the first SIGTERM or SIGINT.
///
/// # Errors
/// If signals cannot be heard; nothing but kill -9 would end the program then.
pub(crate) fn stop_on_signal(
    stop: CancellationToken,
) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be heard")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be heard")?;
    // A closed terminal or a reload ends nothing: renewed files are taken up by themselves.
    let mut hang_up = signal(SignalKind::hangup()).context("signals cannot be heard")?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                Some(()) = hang_up.recv() => tracing::info!("SIGHUP is ignored"),
            }
        }
        tracing::info!("stopping: accepted work finishes first");
        stop.cancel();
    })
}
