//! The store against real databases and real photos' places.
#![allow(
    clippy::disallowed_methods,
    reason = "the age of objects on the disk is the machine's, so tests compare it with its clock"
)]

mod access;
mod place;
mod queue;
mod receive;
mod registration;
mod upkeep;
