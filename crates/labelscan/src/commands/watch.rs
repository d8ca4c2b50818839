//! `labelscan watch`: a folder as an inbox of its own process.

use crate::cli::WatchArgs;
use crate::commands::signals::stop_on_signal;
use crate::inbox::{Folder, Inbox, Place};
use pipeline::Pipeline;
use pipeline::clock::Clock;
use pipeline::settings::{InboxSettings, Settings};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

/// Some photos could not be taken.
const SOME_LEFT: u8 = 1;

/// Takes photos from the folder until a signal, or until it is empty.
///
/// # Errors
/// If something it needs cannot be opened; the message says what and what to do.
pub(crate) fn run(args: WatchArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    // An error means that somebody in this process was first, with the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(watch(args, settings))
}

async fn watch(args: WatchArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let folder = Folder::open(&InboxSettings { folder: args.folder, duplicates: args.duplicates })?;
    let stop = CancellationToken::new();
    // Work goes on until the last photo of the folder is filed.
    let pipeline = Pipeline::start(&settings, Clock::System, CancellationToken::new()).await?;
    let inbox = Inbox::new(folder, &pipeline, &settings);
    tokio::spawn(stop_on_signal(stop.clone())?);
    let left = if args.once {
        inbox.empty(&stop, told).await
    } else {
        inbox.watch(&stop, told).await;
        0
    };
    pipeline.end().await?;
    if left > 0 {
        eprintln!("labelscan: {left} photos stay where they are; the log says why");
    }
    Ok(if left == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_LEFT) })
}

/// One line on stdout for each file.
fn told(file: &Path, place: Place) {
    // Nobody may be listening, which must not stop the work.
    let _ = writeln!(std::io::stdout(), "{:<8}{}", place.name(), file.display());
}
