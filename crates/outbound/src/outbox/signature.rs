//! Standard Webhooks signatures: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
//!
//! Secrets never appear in a log line or an error; several may stand side by side while a registry
//! moves from one to the next, and then each signs.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// What every secret starts with.
const PREFIX: &str = "whsec_";
/// Secrets are copied by hand, and some tools leave the padding off.
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// The length in bytes below which a key is weak by the Standard Webhooks specification.
const KEY_BYTES_MIN: usize = 24;
/// How many secrets may sign at once.
const SECRETS_MAX: usize = 4;

/// The secrets that sign, newest first.
#[derive(Clone)]
pub(crate) struct Secrets(Vec<Hmac<Sha256>>);

/// Why a secret cannot be used. Says which one by position, never by content.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// A signed webhook needs at least one.
    #[error("a webhook registry needs a secret: set LABELSCAN_REGISTRY_SECRET to whsec_...")]
    Missing,
    /// More than anybody rotates through.
    #[error("{0} registry secrets are set, at most {SECRETS_MAX} can sign")]
    TooMany(usize),
    /// It does not start as a secret does.
    #[error("registry secret {0} does not start with {PREFIX}")]
    Prefix(usize),
    /// The rest is no base64.
    #[error("registry secret {0} is not base64 after {PREFIX}")]
    Base64(usize),
    /// Nothing to sign with.
    #[error("registry secret {0} is empty")]
    Empty(usize),
}

impl Secrets {
    /// Takes secrets of the form `whsec_BASE64`, separated by spaces or commas, newest first.
    pub(crate) fn parse(secrets: &str) -> Result<Self, SecretError> {
        let words: Vec<_> = secrets
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|word| !word.is_empty())
            .collect();
        match words.len() {
            0 => return Err(SecretError::Missing),
            1..=SECRETS_MAX => {}
            many => return Err(SecretError::TooMany(many)),
        }
        let keys = words.iter().zip(1..).map(|(word, at)| key(word, at));
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// The `webhook-signature` header: one signature a secret, separated by spaces.
    pub(crate) fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let head = format!("{id}.{timestamp_s}.");
        let signatures = self.0.iter().map(|keyed| {
            let mac = keyed.clone().chain_update(head.as_bytes()).chain_update(body).finalize();
            format!("v1,{}", BASE64_STANDARD.encode(mac.into_bytes()))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

fn key(word: &str, at: usize) -> Result<Hmac<Sha256>, SecretError> {
    let encoded = word.strip_prefix(PREFIX).ok_or(SecretError::Prefix(at))?;
    let key = ANY_PADDING.decode(encoded).map_err(|_| SecretError::Base64(at))?;
    if key.is_empty() {
        return Err(SecretError::Empty(at));
    }
    if key.len() < KEY_BYTES_MIN {
        tracing::warn!(at, bytes = key.len(), "registry secret is shorter than 24 bytes");
    }
    Hmac::new_from_slice(&key).map_err(|_| SecretError::Empty(at))
}

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Secrets({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const NEW: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

    /// The vector is the one by which the reference implementations check themselves.
    #[test]
    fn signs_as_the_reference_does() {
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let signature =
            Secrets::parse(OLD).unwrap().sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553, body);
        assert_eq!(signature, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }

    #[test]
    fn each_secret_signs_while_they_rotate() {
        let both = Secrets::parse(&format!("{NEW}, {OLD}")).unwrap().sign("id", 1, b"body");
        let alone = [NEW, OLD].map(|one| Secrets::parse(one).unwrap().sign("id", 1, b"body"));
        assert_eq!(both, alone.join(" "));
    }

    #[test]
    fn bad_secrets_are_refused_without_being_shown() {
        for (secret, error) in [
            ("", SecretError::Missing),
            (" , ", SecretError::Missing),
            ("C2FVsBQIhrscChlQIMV+b5sSYspob7oD", SecretError::Prefix(1)),
            ("whsec_!!!", SecretError::Base64(1)),
            ("whsec_", SecretError::Empty(1)),
        ] {
            assert_eq!(Secrets::parse(secret).unwrap_err(), error);
        }
        assert_eq!(
            Secrets::parse(&format!("{OLD} hunter2")).unwrap_err().to_string(),
            "registry secret 2 does not start with whsec_"
        );
        assert_eq!(Secrets::parse(&[OLD; 5].join(" ")).unwrap_err(), SecretError::TooMany(5));
        assert!(!format!("{:?}", Secrets::parse(OLD).unwrap()).contains("C2F"));
    }
}
