//! One attempt to sign in. Everything about it follows from one secret that only the browser keeps,
//! so there is nothing to store but that it was begun, and nobody can end it in another browser.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;

/// An attempt to sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    state: String,
    nonce: String,
    code_verifier: String,
}

impl Attempt {
    /// The attempt of the browser that holds `secret`, which must be random and is used for one
    /// attempt only. What is derived here does not tell it, nor one of the others.
    pub fn of(secret: &str) -> Self {
        let derived = |what: &str| {
            let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
            let mac = mac.expect("any length is a key").chain_update(what);
            BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        };
        Self {
            state: derived("state"),
            nonce: derived("nonce"),
            code_verifier: derived("code verifier"),
        }
    }

    /// What travels through the provider and back, in the browser's address bar.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// What the provider puts into its token.
    pub(crate) fn nonce(&self) -> &str {
        &self.nonce
    }

    /// What proves that whoever redeems the code began the attempt (RFC 7636).
    pub(crate) fn code_verifier(&self) -> &str {
        &self.code_verifier
    }

    /// What the provider is told beforehand of the verifier.
    pub(crate) fn code_challenge(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.code_verifier.as_bytes()))
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Attempt")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_follows_from_the_secret_and_nothing_from_each_other() {
        let attempt = Attempt::of("one");
        assert_eq!(attempt, Attempt::of("one"));
        let other = Attempt::of("other");
        let values = [&attempt, &other].map(|it| {
            [it.state.clone(), it.nonce.clone(), it.code_verifier.clone(), it.code_challenge()]
        });
        let different: std::collections::BTreeSet<_> = values.iter().flatten().collect();
        assert_eq!(different.len(), 8);
        // RFC 7636 wants a verifier of 43 to 128 characters of this alphabet.
        let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(values.iter().flatten().all(|it| it.len() == 43 && it.bytes().all(alphabet)));
    }
}
