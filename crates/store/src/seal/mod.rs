//! Photos and serials at rest: what is sealed, with which key, and how keys are rotated. It must never
//! put a serial or a key into an error, nor take a value that is not sealed for one that is.

pub(crate) mod cipher;
pub(crate) mod columns;
pub(crate) mod context;
pub(crate) mod header;
pub(crate) mod keys;
pub(crate) mod rotate;
pub(crate) mod sealing;
