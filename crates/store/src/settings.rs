//! Where the store lives, and its limits.

/// Where the store lives. The scheme of an address picks the engine; unknown ones are refused.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite://PATH` (three slashes before an absolute path) or `postgres://…`. A missing
    /// SQLite file is created together with its folder.
    pub database: String,
    /// `file:///FOLDER`; the folder is created.
    pub photos: String,
    /// What the store takes and how much it uses.
    pub limits: Limits,
}

impl Settings {
    /// The default: `labelscan.db` and `photos/` in one folder.
    pub fn in_folder(folder: &std::path::Path) -> Self {
        Self {
            database: format!("sqlite://{}", folder.join("labelscan.db").display()),
            photos: format!("file://{}", folder.join("photos").display()),
            limits: Limits::default(),
        }
    }
}

/// What the store takes and how much it uses.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections to the database that read. On PostgreSQL these also write.
    pub connections_max: u32,
    /// How long a call may wait for a connection, in milliseconds.
    pub connection_wait_ms_max: u64,
    /// Photos of one scan.
    pub photos_max: usize,
    /// Bytes of one photo.
    pub photo_bytes_max: usize,
    /// Bytes of a scan's details as JSON.
    pub details_bytes_max: usize,
    /// Bytes of an idempotency key.
    pub idempotency_key_bytes_max: usize,
    /// Bytes of a registration event.
    pub event_bytes_max: usize,
    /// Bytes that are kept of a registry's answer or of a reason.
    pub answer_bytes_max: usize,
    /// Rows that one listing or one claim may return.
    pub rows_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 8,
            connection_wait_ms_max: 10_000,
            photos_max: 16,
            photo_bytes_max: 32 * 1024 * 1024,
            details_bytes_max: 64 * 1024,
            idempotency_key_bytes_max: 255,
            event_bytes_max: 64 * 1024,
            answer_bytes_max: 4 * 1024,
            rows_max: 1_000,
        }
    }
}

impl Limits {
    /// How many rows to return when `most` were asked for.
    pub(crate) fn rows(&self, most: u32) -> i64 {
        let most = if most == 0 { self.rows_max } else { most.min(self.rows_max) };
        i64::from(most)
    }

    /// What is kept of a text that somebody else wrote.
    pub(crate) fn cut(&self, text: &str) -> String {
        text[..text.floor_char_boundary(self.answer_bytes_max)].to_owned()
    }
}
