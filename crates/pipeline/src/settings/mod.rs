//! Settings: flags over the environment over `labelscan.toml` over `labelscan.default.toml`.
//!
//! One flat table, taken apart by [`sections`]. A key is spelled the same everywhere: in the file, as `LABELSCAN_KEY` in the
//! environment, as the field here; the default file documents each. Secrets never show in a log,
//! not even in a debug print.

pub mod sections;
mod values;

pub use values::{
    DefaultOperation, Duplicates, EncryptionMode, InboxSettings, LogFormat, SandboxMode, Secret,
    Switch, TlsMode, TypedSerials,
};

use crate::access::Role;
use figment::{
    Figment, Provider,
    error::Kind,
    providers::{Env, Format, Serialized, Toml},
};
use sections::{
    HttpSettings, InboxesSettings, JudgingSettings, LogSettings, OidcSettings, QueueSettings,
    ReaderSettings, RegisteringSettings, RegistrySettings, SessionSettings, StorageSettings,
    UploadSettings,
};
use serde::{Serialize, de::DeserializeOwned};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Every setting with its default and what it means; the program starts from this text.
pub const DEFAULTS: &str = include_str!("../labelscan.default.toml");

/// The file that is read when no other is named.
pub const FILE: &str = "labelscan.toml";

/// How an environment variable of ours begins.
pub const ENV_PREFIX: &str = "LABELSCAN_";

/// Everything that can be set; `labelscan.default.toml` says what each means and in which unit.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where rows and photos lie, and for how long.
    pub storage: StorageSettings,
    /// What serials are read and judged by.
    pub judging: JudgingSettings,
    /// The registry and how it is told.
    pub registry: RegistrySettings,
    /// What a photo and a person's word do to a terminal.
    pub registering: RegisteringSettings,
    /// Where the service listens and how long requests may take.
    pub http: HttpSettings,
    /// How much may come in.
    pub uploads: UploadSettings,
    /// How long people stay signed in.
    pub sessions: SessionSettings,
    /// The company's identity provider.
    pub oidc: OidcSettings,
    /// Folders that photos are taken from.
    pub inbox: InboxesSettings,
    /// How scans wait, and who looks at them.
    pub queue: QueueSettings,
    /// The processes that read photos, and how far they may go.
    pub readers: ReaderSettings,
    /// What is logged and traced.
    pub log: LogSettings,
}

/// What the command line may set; an absent flag says nothing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Flags {
    /// `--settings`: the file to read instead of `labelscan.toml`. It must exist.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// `--data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// `--models`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<PathBuf>,
    /// `--formats`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formats: Option<PathBuf>,
    /// `--listen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// `--readers`, `--jobs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readers: Option<usize>,
    /// `--threads`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader_threads: Option<usize>,
}

/// Why the settings cannot be used; each message says what to change.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The file named with `--settings` is not there.
    #[error("no settings file at {0}")]
    NoFile(PathBuf),
    /// A key that does not exist, with the nearest that does.
    #[error("{place}: there is no setting `{key}`{hint}")]
    UnknownKey {
        /// Where it stands.
        place: String,
        /// The key.
        key: String,
        /// `; did you mean …?` or where to look.
        hint: String,
    },
    /// A value of the wrong type or form.
    #[error("{place}: {message}")]
    Value {
        /// Where it stands.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// A value that is outside its range or contradicts another.
    #[error("settings: {0}")]
    Range(String),
}

impl Settings {
    /// Reads the defaults, the settings file, the environment and the flags, in this order.
    pub fn load(flags: &Flags) -> Result<Self, Box<SettingsError>> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        match &flags.file {
            Some(file) if !file.is_file() => {
                return Err(Box::new(SettingsError::NoFile(file.clone())));
            }
            Some(file) => figment = figment.merge(Toml::file_exact(file)),
            None if Path::new(FILE).is_file() => figment = figment.merge(Toml::file_exact(FILE)),
            None => {}
        }
        // Only names that are settings: an orchestrator sets names such as LABELSCAN_SERVICE_HOST
        // for a service of our name.
        let env = Env::prefixed(ENV_PREFIX).filter(|key| keys().any(|known| key == known));
        let figment = figment.merge(env).merge(Serialized::defaults(flags));
        let settings = Self::of_sections(&figment)?;
        settings.in_range()?;
        Ok(settings)
    }

    /// Each section takes its own keys out of the one flat table.
    fn of_sections(figment: &Figment) -> Result<Self, Box<SettingsError>> {
        refuse_unknown_keys(figment)?;
        Ok(Self {
            storage: section(figment)?,
            judging: section(figment)?,
            registry: section(figment)?,
            registering: section(figment)?,
            http: section(figment)?,
            uploads: section(figment)?,
            sessions: section(figment)?,
            oidc: section(figment)?,
            inbox: section(figment)?,
            queue: section(figment)?,
            readers: section(figment)?,
            log: section(figment)?,
        })
    }

    /// The database URL, `labelscan.db` in the data folder unless set.
    pub fn database_url(&self) -> Secret {
        self.storage.database.clone().unwrap_or_else(|| {
            format!("sqlite://{}", self.storage.data.join("labelscan.db").display()).into()
        })
    }

    /// The photos' URL, `photos` in the data folder unless set.
    pub fn photos_url(&self) -> String {
        self.storage.photos.clone().unwrap_or_else(|| {
            let folder = std::path::absolute(self.storage.data.join("photos"));
            let folder = folder.unwrap_or_else(|_| self.storage.data.join("photos"));
            format!("file://{}", folder.display())
        })
    }

    /// The file of the seal keys: as set, else `labelscan/seal.keys` where this user's settings are,
    /// which is not in the data folder.
    ///
    /// # Errors
    /// If it is not set and there is no such place.
    pub fn seal_keys_file(&self) -> Result<PathBuf, Box<SettingsError>> {
        if let Some(file) = &self.storage.seal_keys {
            return Ok(file.clone());
        }
        let variable =
            |name| std::env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
        let place = variable("XDG_CONFIG_HOME")
            .or_else(|| variable("HOME").map(|home| home.join(".config")))
            .ok_or_else(|| {
                let why = "there is no home folder for the seal keys: say with `seal_keys` \
                           (LABELSCAN_SEAL_KEYS) where their file is to lie, outside of `data`";
                Box::new(SettingsError::Range(why.into()))
            })?;
        Ok(place.join("labelscan").join("seal.keys"))
    }

    /// The models' folder: as set, else `models` in the current folder, else the nearest `models`
    /// beside the program or above it, so that a build tree works from any folder.
    pub fn models_folder(&self) -> PathBuf {
        let here = PathBuf::from("models");
        if let Some(folder) = &self.judging.models {
            return folder.clone();
        }
        if here.join("SHA256SUMS").is_file() {
            return here;
        }
        let program = std::env::current_exe().unwrap_or_default();
        let above = program.ancestors().skip(1).take(4).map(|folder| folder.join("models"));
        above.into_iter().find(|folder| folder.join("SHA256SUMS").is_file()).unwrap_or(here)
    }

    fn in_range(&self) -> Result<(), Box<SettingsError>> {
        let refuse = |message: String| Err(Box::new(SettingsError::Range(message)));
        if self.queue.lease_ms <= self.readers.read_ms_max.get() {
            return refuse(format!(
                "`lease_ms` ({}) must be more than `read_ms_max` ({}), else a scan is claimed twice",
                self.queue.lease_ms, self.readers.read_ms_max
            ));
        }
        if self.readers.count > READERS_MAX {
            return refuse(format!("`readers` must be at most {READERS_MAX}"));
        }
        if self.readers.memory_bytes_max < READER_MEMORY_BYTES_MIN {
            return refuse(format!(
                "`reader_memory_bytes_max` must be at least {READER_MEMORY_BYTES_MIN}, \
                 the models need it"
            ));
        }
        if self.http.tls == TlsMode::Files
            && (self.http.tls_certificate.is_none() || self.http.tls_key.is_none())
        {
            return refuse("`tls = \"files\"` needs `tls_certificate` and `tls_key`".into());
        }
        if self.http.tls == TlsMode::Off
            && !self.http.listen.ip().is_loopback()
            && !self.http.plain_http
        {
            return refuse(format!(
                "`listen` ({}) can be reached from other machines, which would see keys and photos \
                 in clear: set `tls = \"self_signed\"` or `tls = \"files\"`, or `plain_http = true` \
                 behind a proxy that encrypts",
                self.http.listen
            ));
        }
        self.oidc_in_range().or_else(refuse)
    }

    /// Whether people of a company can sign in with these settings, if they are to.
    fn oidc_in_range(&self) -> Result<(), String> {
        if self.oidc.issuer.is_none() {
            return Ok(());
        }
        if self.oidc.client_id.is_none() {
            return Err("`oidc_issuer` needs `oidc_client_id`".into());
        }
        if !self.oidc.scopes.split(' ').any(|scope| scope == "openid") {
            return Err("`oidc_scopes` must have `openid` among them".into());
        }
        let mut values: Vec<&String> = self.oidc_roles().into_iter().flat_map(|it| it.1).collect();
        values.sort();
        if values.is_empty() {
            return Err("`oidc_issuer` lets nobody in: say with `oidc_technician`, \
                        `oidc_operator` or `oidc_admin` who is what"
                .into());
        }
        match values.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => Err(format!("{:?} is given two roles by `oidc_…`", twice[0])),
            None => Ok(()),
        }
    }

    /// Which values of the role claim stand for which role.
    pub fn oidc_roles(&self) -> [(Role, &Vec<String>); 3] {
        [
            (Role::Technician, &self.oidc.technician),
            (Role::Operator, &self.oidc.operator),
            (Role::Admin, &self.oidc.admin),
        ]
    }
}

/// More reader processes than this are a slip of the finger.
const READERS_MAX: usize = 256;
/// Below this address space a reader cannot load its models.
const READER_MEMORY_BYTES_MIN: u64 = 512 << 20;

/// The settings of one section.
fn section<T: DeserializeOwned>(figment: &Figment) -> Result<T, Box<SettingsError>> {
    figment.extract().map_err(|error| Box::new(error.into()))
}

/// No section would miss a key that none of them has.
fn refuse_unknown_keys(figment: &Figment) -> Result<(), Box<SettingsError>> {
    let data = figment.data().map_err(SettingsError::from)?;
    let unknown =
        data.values().flatten().find(|(key, _)| !keys().any(|known| known == key.as_str()));
    let Some((key, value)) = unknown else { return Ok(()) };
    let mut error = figment::Error::from(Kind::UnknownField(key.clone(), &[]));
    error.metadata = figment.get_metadata(value.tag()).cloned();
    Err(Box::new(error.into()))
}

/// Every key there is, from the default file, the commented ones included.
pub fn keys() -> impl Iterator<Item = &'static str> {
    DEFAULTS.lines().filter_map(|line| {
        let (key, _) = line.strip_prefix("# ").unwrap_or(line).split_once(" = ")?;
        key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then_some(key)
    })
}

impl From<figment::Error> for SettingsError {
    fn from(error: figment::Error) -> Self {
        let error = error.into_iter().next().expect("figment hands over at least one error");
        let source = error.metadata.as_ref().map(|metadata| match &metadata.source {
            Some(figment::Source::File(path)) => path.display().to_string(),
            _ => metadata.name.to_string(),
        });
        let place = source.unwrap_or_else(|| "settings".into());
        if let Kind::UnknownField(key, _) = &error.kind {
            return Self::UnknownKey { place, key: key.clone(), hint: nearest_key(key) };
        }
        let key = error.path.join(".");
        let message = if matches!(&error.kind, Kind::InvalidValue(_, form) if form.contains("nonzero"))
        {
            format!("`{key}` must be more than 0")
        } else if key.is_empty() {
            error.kind.to_string()
        } else {
            format!("`{key}`: {}", error.kind)
        };
        Self::Value { place, message }
    }
}

fn nearest_key(key: &str) -> String {
    let near = keys().map(|known| (strsim::jaro_winkler(known, key), known));
    match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((similarity, known)) if similarity > 0.8 => format!("; did you mean `{known}`?"),
        _ => "; `labelscan check --defaults` prints every setting there is".into(),
    }
}

#[cfg(test)]
mod tests;
