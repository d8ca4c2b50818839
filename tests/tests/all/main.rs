//! All end-to-end tests in one binary: they link once and share the harness.
#![forbid(unsafe_code)]

mod rendering;
mod structure;
