//! Who may come in: keys, sign-in links, attempts at a company's identity provider, sessions. It must
//! never hold a secret, only the hash of one.

pub(crate) mod granted;
pub(crate) mod keys;
pub(crate) mod sessions;
