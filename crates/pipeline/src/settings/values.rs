//! What a setting may be: words, folders, and secrets that never show.

use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;

/// A folder that photos are taken from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboxSettings {
    /// The folder.
    pub folder: PathBuf,
    /// What becomes of a photo that was there before.
    #[serde(default)]
    pub duplicates: Duplicates,
}

/// What becomes of a photo whose content was taken before under another name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// It goes where the first went, and names it.
    #[default]
    Link,
    /// It goes to failed/.
    Refuse,
}

/// What a photo does about which no operation was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultOperation {
    /// It registers its terminal, and changes nothing else.
    Register,
    /// It binds it, as every photo did before there was a register.
    Bind,
}

/// Whether something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// What becomes of a serial that a technician types and nobody read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypedSerials {
    /// Somebody else looks at it first.
    Review,
    /// It is taken, if it was typed twice.
    Allow,
}

/// How connections are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// Not at all.
    Off,
    /// With a certificate of our own making.
    SelfSigned,
    /// With the operator's certificate.
    Files,
}

/// Whether photos and serials are sealed at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncryptionMode {
    /// They are.
    On,
    /// They lie in clear.
    Off,
}

/// What to do where the kernel cannot confine readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SandboxMode {
    /// Read with limits and a deadline only, and say so.
    Preferred,
    /// Read nothing.
    Required,
}

/// How log lines are written to stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A value that must not be shown: a signing secret, a database URL with its password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}
