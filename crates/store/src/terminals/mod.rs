//! Terminals: one row a device, what was done with it, and the numbers on labels that are no serials.
//! It must never carry out an operation that may not follow what stands, nor owe the registry
//! something that was not carried out.

pub(crate) mod event;
pub(crate) mod find;
pub(crate) mod locked;
pub(crate) mod nothing_new;
pub(crate) mod operations;
pub(crate) mod registration;
pub(crate) mod same_devices;
pub(crate) mod shared_identifiers;
pub(crate) mod steps;
pub(crate) mod terminal;
