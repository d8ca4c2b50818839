//! The bytes of photos, in a folder or an S3 store: sealed, named, checked by SHA-256. A photo must
//! never be overwritten by another, and is durable before its row.

pub(crate) mod folder;
pub(crate) mod objects;
pub(crate) mod photo_name;
pub(crate) mod read;
