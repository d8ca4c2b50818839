//! Printed labels: a label is laid out once, in dots ([`label`]); the outputs only draw it ([`pdf`],
//! [`raster`], [`zpl`]), so they cannot disagree. What is printed is meant to be read back: modules
//! and quiet zones follow the standards, and what falls short is said ([`legibility`]).
//!
//! Where to find what:
//! - [`label`], [`symbol`], [`font`]: one label: barcode, text and where they stand
//! - [`page`], [`sheets`]: labels on a page, and the sheets that are sold
//! - [`pdf`], [`raster`], [`zpl`]: what draws a page
//! - [`legibility`]: why a label may not be read

pub mod font;
pub mod label;
pub mod legibility;
pub mod page;
pub mod pdf;
pub mod raster;
pub mod sheets;
pub mod symbol;
#[cfg(test)]
mod tests;
pub mod zpl;
