//! What every connection and request passes before and after its handler. It must never hold a
//! request longer than its deadline or answer without the headers that keep a browser from harm.

pub(crate) mod connections;
pub(crate) mod denials;
pub(crate) mod denied;
pub(crate) mod guard;
pub(crate) mod linger;
pub(crate) mod rate;
