//! Whether an ID token is to be believed (OpenID Connect Core 1.0, 3.1.3.7).
//!
//! The algorithm comes from the provider's key and never from the token, which could name one that
//! anybody can sign with. The time is passed in, so the library's own look at the clock is off.

use crate::identity::ring_keys;
use jiff::Timestamp;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How far the provider's clock may be off, in seconds.
const LEEWAY_S: f64 = 60.0;

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// It is none, or its header asks for what is not done here.
    #[error("it is not a signed token of the usual form")]
    Malformed,
    /// None of the provider's keys is the one it names.
    #[error("it is signed with a key that is not the provider's")]
    UnknownKey,
    /// Signature, algorithm, issuer or audience are wrong, or a claim is missing.
    #[error("{0}")]
    Invalid(String),
    /// It is for somebody else, too.
    #[error("it was made for another client")]
    AuthorizedParty,
    /// It belongs to another attempt.
    #[error("its nonce is not the one of this attempt")]
    Nonce,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come: a clock is wrong.
    #[error("it is from the future: look at the clocks of both machines")]
    Future,
}

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

/// What the provider says of a person.
#[derive(Clone, Debug)]
pub struct Claims {
    subject: String,
    all: Map<String, Value>,
}

/// The claims that every token needs, in their types; times are seconds and may have fractions.
#[derive(Deserialize)]
struct Registered {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
}

/// One client or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(#[allow(dead_code, reason = "its type is what matters")] String),
    Several(Vec<String>),
}

impl Claims {
    /// The provider's own name for the person, which never changes.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// A claim, by its name, or by names from the outside in, separated by dots.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name).or_else(|| {
            let mut parts = name.split('.');
            let first = self.all.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        })
    }

    /// The texts of a claim that is one or a list of them; none of any other.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        match self.get(name) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// The keys that could have signed a token that is taken, each with its algorithm.
pub(super) fn usable(keys: &JwkSet) -> impl Iterator<Item = (&Jwk, Algorithm)> {
    keys.keys.iter().filter_map(|key| {
        let (algorithm, named) = match &key.algorithm {
            AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            _ => return None,
        };
        // A key that says what it is for is for nothing else.
        let common = &key.common;
        let fits = common.key_algorithm.is_none_or(|it| it == named)
            && common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature);
        fits.then_some((key, algorithm))
    })
}

/// Verifies a token; what it says may be believed afterwards.
pub(super) fn verify(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<Claims, IdTokenError> {
    ring_keys::install();
    let header = decode_header(token).map_err(|_| IdTokenError::Malformed)?;
    if header.crit.is_some() {
        return Err(IdTokenError::Malformed);
    }
    let (key, algorithm) = signer(keys, header.kid.as_deref()).ok_or(IdTokenError::UnknownKey)?;
    let invalid = |error: jsonwebtoken::errors::Error| IdTokenError::Invalid(error.to_string());
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(key).map_err(invalid)?;
    let all = decode::<Map<String, Value>>(token, &key, &validation).map_err(invalid)?.claims;
    let registered = Registered::deserialize(Value::Object(all.clone()));
    let registered = registered.map_err(|_| IdTokenError::Malformed)?;
    registered.check(expected, now)?;
    Ok(Claims { subject: registered.sub, all })
}

/// The key that a token names. One that names none may be signed with the provider's only one.
fn signer<'a>(keys: &'a JwkSet, id: Option<&str>) -> Option<(&'a Jwk, Algorithm)> {
    let mut fitting =
        usable(keys).filter(|(key, _)| id.is_none() || key.common.key_id.as_deref() == id);
    let first = fitting.next()?;
    (id.is_some() || fitting.next().is_none()).then_some(first)
}

impl Registered {
    /// What the library does not look at, or not with our clock.
    fn check(&self, expected: &Expected<'_>, now: Timestamp) -> Result<(), IdTokenError> {
        let now = now.as_millisecond() as f64 / 1e3;
        if self.iss != expected.issuer {
            return Err(IdTokenError::Invalid("InvalidIssuer".into()));
        }
        let several = matches!(&self.aud, Audience::Several(clients) if clients.len() != 1);
        let authorized = match self.azp.as_deref() {
            Some(party) => party == expected.client_id,
            None => !several,
        };
        if !authorized {
            return Err(IdTokenError::AuthorizedParty);
        }
        if self.nonce.as_deref() != Some(expected.nonce) {
            return Err(IdTokenError::Nonce);
        }
        if self.exp + LEEWAY_S <= now {
            return Err(IdTokenError::Expired);
        }
        if self.iat.max(self.nbf.unwrap_or(self.iat)) > now + LEEWAY_S {
            return Err(IdTokenError::Future);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
