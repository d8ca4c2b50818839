//! What an event is made of: what is known only under the locks of the terminals that it tells of.

use std::fmt;
use std::sync::Arc;
use validate::terminal::{Operation, Standing};

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A terminal was registered, or an operation was carried out on it.
    Registered,
    /// A terminal was seen again and nothing changed.
    Seen,
    /// A terminal stands in place of one that was a mistake.
    Corrected,
    /// A terminal was a mistake.
    Withdrawn,
}

/// What an event tells beside the evidence.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// What it is about.
    pub kind: EventKind,
    /// What was done.
    pub operation: Operation,
    /// All that stands from now on.
    pub standing: &'a Standing,
    /// The device key of the terminal whose place was taken by this very operation.
    pub replaces: Option<&'a str>,
    /// The device key of the terminal that was a mistake for this one.
    pub corrects: Option<&'a str>,
    /// The number of the event among its device's own, from 1, without gaps.
    pub sequence: i64,
    /// The events that this one depends on: the last of each terminal that it tells of.
    pub follows: &'a [String],
}

/// Writes an event's final bytes. It is asked once, under the lock of the terminal's row.
#[derive(Clone)]
pub struct EventWriter(Arc<Write>);

type Write = dyn Fn(&Told<'_>) -> Result<Vec<u8>, String> + Send + Sync;

impl EventWriter {
    /// From a function that says why if there can be no bytes.
    pub fn new(
        write: impl Fn(&Told<'_>) -> Result<Vec<u8>, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(write))
    }

    /// The bytes.
    pub(crate) fn bytes(&self, told: &Told<'_>) -> Result<Vec<u8>, String> {
        (self.0)(told)
    }
}

impl fmt::Debug for EventWriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EventWriter")
    }
}
