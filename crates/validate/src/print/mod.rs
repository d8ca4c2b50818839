//! Printed lines to fields: which words are keywords, which values they name, and where a value
//! begins and ends. It reports what is printed and never decides which value is the serial.

pub(crate) mod boundary;
pub(crate) mod keyword;
pub(crate) mod label;
pub(crate) mod place;
mod rating;
