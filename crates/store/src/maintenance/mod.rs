//! What an owner keeps about a terminal beside its registrations: warranty, records of work, their
//! photos. It must never change what is registered, nor lose what a record said before.

pub(crate) mod photos;
pub(crate) mod service_history;
