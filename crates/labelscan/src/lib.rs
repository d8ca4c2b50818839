//! The program around the crates: command line, settings, reader processes, HTTP and pages.
//!
//! It wires things together and talks to people; it never decides what a serial is (`validate`
//! does) and never touches a database or a registry itself (`store` and `forward` do).

pub mod cli;
pub mod clock;
pub mod readers;
pub mod scan_object;
pub mod settings;
