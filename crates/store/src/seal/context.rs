//! What a sealed value is bound to, and what a value of an index stands for.

use crate::database::hash::sha256_parts;
use std::fmt;

/// Where a value stands. It opens nowhere else.
#[derive(Clone, Copy)]
pub(crate) struct SealContext<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    /// The row's primary key.
    pub(crate) row: &'a str,
}

impl<'a> SealContext<'a> {
    pub(crate) fn new(table: &'static str, column: &'static str, row: &'a str) -> Self {
        Self { table, column, row }
    }

    /// A photo's bytes by the photo's name, which no other has.
    pub(crate) fn photo(name: &'a str) -> Self {
        Self::new("photos", "bytes", name)
    }

    /// What is authenticated with the value: the header and the cell, each part with its length.
    pub(super) fn associated(&self, header: &[u8]) -> [u8; 32] {
        let Self { table, column, row } = self;
        sha256_parts(&[header, table.as_bytes(), column.as_bytes(), row.as_bytes()])
    }
}

impl fmt::Display for SealContext<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{} of {}", self.table, self.column, self.row)
    }
}

/// What a blind value stands for. The same text gives different values for different uses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum IndexDomain {
    /// `vendor:serial`.
    Device,
    /// A serial in canonical form.
    Serial,
    /// The look of a serial: the same for all that look-alikes alone tell apart.
    Look,
    /// A number that is no serial.
    Number,
    /// A client's name for an upload, which may well be the serial.
    IdempotencyKey,
}

impl IndexDomain {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Serial => "serial",
            Self::Look => "look",
            Self::Number => "number",
            Self::IdempotencyKey => "idempotency key",
        }
    }
}
