//! Hears from the system that something was put into a folder, so that a photo need not wait for the
//! next look at it.
//!
//! Only disks of this machine tell, by inotify(7), which knows no sub-folders: each folder is named
//! when it is walked through. Network shares, other systems, and folders beyond the system's limit
//! of watches are looked at from time to time only, so nothing depends on what is heard here.

use std::path::Path;

#[cfg(target_os = "linux")]
pub(super) use linux::Changes;
#[cfg(not(target_os = "linux"))]
pub(super) use unheard::Changes;

#[cfg(target_os = "linux")]
mod linux {
    use super::Path;
    use futures_util::StreamExt as _;
    use inotify::{EventStream, Inotify, WatchMask, Watches};
    use std::io;
    use tokio::sync::Mutex;

    /// Bytes for what is heard at a time; several events with names as long as they can be.
    const BUFFER_BYTES: usize = 4096;

    /// What is heard of the folders that were named.
    pub(in crate::inbox) struct Changes(Option<Heard>);

    struct Heard {
        watches: Watches,
        events: Mutex<EventStream<[u8; BUFFER_BYTES]>>,
    }

    impl Changes {
        /// Hears of nothing yet.
        pub(in crate::inbox) fn new() -> Self {
            let open = || -> io::Result<Heard> {
                let inotify = Inotify::init()?;
                let watches = inotify.watches();
                let events = Mutex::new(inotify.into_event_stream([0; BUFFER_BYTES])?);
                Ok(Heard { watches, events })
            };
            let opened = open();
            if let Err(error) = &opened {
                tracing::warn!(%error, "without inotify an inbox is looked at every inbox_poll_ms");
            }
            Self(opened.ok())
        }

        /// From now on hears of `folder` too; that it was named before does no harm.
        pub(in crate::inbox) fn listen_at(&self, folder: &Path) {
            let Some(Heard { watches, .. }) = &self.0 else { return };
            let arrivals = WatchMask::CREATE
                | WatchMask::CLOSE_WRITE
                | WatchMask::MOVED_TO
                | WatchMask::ONLYDIR;
            if let Err(error) = watches.clone().add(folder, arrivals) {
                tracing::debug!(%error, "a folder of an inbox is only looked at from time to time");
            }
        }

        /// Ends when something came into one of the folders since the last call. What it was does
        /// not matter, as the whole folder is walked through.
        pub(in crate::inbox) async fn next(&self) {
            let Some(Heard { events, .. }) = &self.0 else { return std::future::pending().await };
            if !matches!(events.lock().await.next().await, Some(Ok(_))) {
                std::future::pending().await
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod unheard {
    use super::Path;

    /// Hears of nothing.
    pub(in crate::inbox) struct Changes;

    impl Changes {
        pub(in crate::inbox) fn new() -> Self {
            Self
        }

        pub(in crate::inbox) fn listen_at(&self, _folder: &Path) {}

        pub(in crate::inbox) async fn next(&self) {
            std::future::pending().await
        }
    }
}
