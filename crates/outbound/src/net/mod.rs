//! How a call reaches another host: which addresses may be dialled, the client that dials them, its
//! TLS, and what is read of the answer. It must never dial an address that the operator did not allow,
//! never follow a redirect, and never read more of an answer than the cap.

pub(crate) mod address;
pub(crate) mod dial;
pub(crate) mod response;
pub(crate) mod tls;
