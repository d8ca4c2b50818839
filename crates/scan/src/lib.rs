//! Photo bytes to evidence: decoding, barcodes, printed text.
//!
//! CPU only. After [`Engine::load`] nothing here opens a file, reads a clock, awaits or decides
//! what a serial is: evidence goes to `validate`, which judges.
//!
//! - `engine`: one read from its first photo to its evidence. Begin here.
//! - `photo`: what goes into a read and what comes out; `models`: the checked weights.
//! - `image/`: decoding, cut-outs, resampling, faults of a photo.
//! - [`barcode`]: where barcodes are and what they say.
//! - `text/`: where printed lines are and what they say, in two independent readings.
//! - `onnx/`: model files, taken apart and rewritten.
//! - `convnet/`: convolutional networks on vectorised loops.

pub mod barcode;
mod convnet;
mod engine;
mod image;
mod models;
mod onnx;
mod photo;
mod text;

pub use crate::image::decode::{HEAD_BYTES, is_photo, media_type, unsupported_detail};
pub use crate::image::whole::is_whole;
pub use engine::Engine;
pub use models::{LoadError, Weights};
pub use photo::{Limits, Photo, Reading, Threads, Took, Unreadable, UnreadableCode};
