//! Sign-in at a company's identity provider by OpenID Connect: one attempt, the provider's metadata
//! and keys, and the ID token that proves who came back. It must never hand out a claim of a token
//! that it did not verify, and never open a session: that is the caller's.

pub(crate) mod attempt;
pub(crate) mod id_token;
pub(crate) mod metadata;
pub(crate) mod provider;
pub(crate) mod ring_keys;
