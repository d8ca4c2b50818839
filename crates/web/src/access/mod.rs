//! Who calls: keys, sessions, and the ways to sign in. It must never tell a stranger whether a name,
//! a key or a link exists.

pub(crate) mod caller;
pub mod company;
pub(crate) mod cookie;
pub(crate) mod oidc;
pub(crate) mod open_sessions;
pub(crate) mod session;
pub mod sign_ins;
