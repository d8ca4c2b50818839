//! The layout of the pool of readers that the settings ask for.

use crate::settings::{SandboxMode, Settings};
use readers::PoolSettings;
use std::path::PathBuf;
use std::thread;

/// The layout that the settings ask for; `formats` is the text of the operator's formats file.
pub fn pool_settings(settings: &Settings, formats: Option<String>) -> PoolSettings {
    pool_settings_for(settings, formats, usize::MAX)
}

/// The same with no more readers than there will be requests, so that one photo alone gets one
/// reader with every core.
pub fn pool_settings_for(
    settings: &Settings,
    formats: Option<String>,
    requests: usize,
) -> PoolSettings {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let readers = if settings.readers.count == 0 { cores } else { settings.readers.count };
    let readers = readers.min(requests).max(1);
    let threads = match settings.readers.threads {
        0 => cores,
        threads => threads,
    };
    PoolSettings {
        program: own_program(),
        readers,
        threads,
        models: settings.models_folder(),
        formats,
        limits: scan::Limits {
            photo_bytes_max: settings.uploads.photo_bytes_max.get(),
            pixels_max: settings.readers.photo_pixels_max.get(),
            side_px_max: settings.readers.photo_side_px_max.get(),
            photos_max: settings.uploads.photos_max.get(),
            ..scan::Limits::default()
        },
        read_ms_max: settings.readers.read_ms_max.get(),
        start_ms_max: settings.readers.start_ms_max.get(),
        memory_bytes_max: settings.readers.memory_bytes_max,
        requests_max: settings.readers.requests_max.get(),
        waiting_max: settings.queue.reads_waiting_max.get(),
        must_be_confined: settings.readers.sandbox == SandboxMode::Required,
    }
}

/// This very program, even if its file was replaced by a newer one since.
fn own_program() -> PathBuf {
    if cfg!(target_os = "linux") {
        "/proc/self/exe".into()
    } else {
        std::env::current_exe().unwrap_or_else(|_| "labelscan".into())
    }
}
