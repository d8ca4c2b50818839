//! Photo bytes to evidence: decoding, barcodes, printed text.
//!
//! CPU only. After [`Engine::load`] nothing here opens a file, reads a clock, awaits or decides
//! what a serial is: evidence goes to `validate`, which judges.

pub mod barcode;
mod convnet;
mod decode;
mod engine;
mod faults;
mod models;
mod photo;
mod text;

pub use decode::{is_photo, media_type};
pub use engine::Engine;
pub use models::{LoadError, Weights};
pub use photo::{Limits, Photo, Reading, Threads, Took, Unreadable, UnreadableCode};
