//! Every call of the API against the router itself: no process, no model, no socket.
//!
//! A call's cases stand in a table, one file a resource, and read as documentation: what is given,
//! who calls, what is answered. [`table::assert_table`] plays each case on a service of its own and
//! holds the answers, and the rows that changed, against a snapshot. [`whole`] reads the description
//! of the API and fails if a call, a documented answer, a code or a role has no case.
//!
//! - [`service`]: the service of one case: a fresh store, a clock that is turned by hand, readers
//!   that read what a photo's words say ([`photos`])
//! - [`case`], [`given`]: a row of a table
//! - [`database`]: the rows, and which of them changed
//! - [`description`]: what the API says about itself

mod case;
mod database;
mod deliveries;
mod description;
mod estate;
mod given;
mod health;
mod maintenance;
mod operations;
mod people;
mod photos;
mod registering;
mod registry;
mod reviews;
mod scans;
mod service;
mod table;
mod terminals;
mod uploads;
mod whole;
