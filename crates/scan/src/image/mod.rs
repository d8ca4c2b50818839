//! Pixels and places: from a photo's bytes to an upright grey picture, parts cut out of the picture,
//! and what is wrong with the photo itself. Nothing here reads a character or a barcode.

pub(crate) mod crop;
pub(crate) mod decode;
pub(crate) mod faults;
pub(crate) mod oriented_box;
pub(crate) mod plane;
pub(crate) mod quad;
pub(crate) mod resize;
pub(crate) mod whole;
