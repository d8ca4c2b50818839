//! The database and what every transaction needs: the engine, errors, rows, claims, the audit trail, and
//! the commit group by which writes share transactions. Nothing here may await anything but the
//! database while a transaction is open, read a clock, or put a serial into an error.

pub(crate) mod audit;
pub(crate) mod audit_trail;
pub(crate) mod audit_witness;
pub(crate) mod claim;
pub(crate) mod commit_group;
pub(crate) mod connection;
pub(crate) mod crash;
pub(crate) mod engine;
pub(crate) mod error;
pub(crate) mod hash;
pub(crate) mod page;
pub(crate) mod row;
pub(crate) mod tx;
pub(crate) mod writes;
