//! Where the store lives, and its limits.

/// Where the store lives. The scheme of an address picks the engine; unknown ones are refused.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite://PATH` (three slashes before an absolute path) or `postgres://…`. A missing
    /// SQLite file is created together with its folder.
    pub database: String,
    /// `file:///FOLDER`, which is created, or `s3://BUCKET/PREFIX`, whose bucket must exist.
    pub photos: String,
    /// How to reach `s3://…`, by the names that the AWS tools use, such as `aws_endpoint`,
    /// `aws_region`, `aws_access_key_id`. These go before the environment (`AWS_ENDPOINT` …).
    pub photos_options: Vec<(String, String)>,
    /// Whether photos and serials are sealed.
    pub encryption: Encryption,
    /// What the store takes and how much it uses.
    pub limits: Limits,
}

/// Whether photos and serials are sealed at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// They lie there for everybody to read who has the disk or a backup.
    Off,
    /// They are sealed.
    On {
        /// The key file, which is made together with a new database. It should lie elsewhere than
        /// the data.
        keys: std::path::PathBuf,
    },
}

impl Settings {
    /// Everything in one folder, the keys too, for trials: `labelscan.db`, `photos/`, `seal.keys`.
    pub fn in_folder(folder: &std::path::Path) -> Self {
        Self {
            database: format!("sqlite://{}", folder.join("labelscan.db").display()),
            photos: format!("file://{}", folder.join("photos").display()),
            photos_options: Vec::new(),
            encryption: Encryption::On { keys: folder.join("seal.keys") },
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
    /// How long a statement may take, in milliseconds.
    pub statement_ms_max: u64,
    /// How long a photo may take to be written or read, in milliseconds.
    pub object_ms_max: u64,
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
    /// Terminals that one search opens.
    pub search_rows_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 8,
            connection_wait_ms_max: 10_000,
            statement_ms_max: 10_000,
            object_ms_max: 30_000,
            photos_max: 16,
            photo_bytes_max: 32 * 1024 * 1024,
            details_bytes_max: 64 * 1024,
            idempotency_key_bytes_max: 255,
            event_bytes_max: 64 * 1024,
            answer_bytes_max: 4 * 1024,
            rows_max: 1_000,
            search_rows_max: 200_000,
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
