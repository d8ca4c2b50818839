//! Photos off the wire: a form, one image, or parts of a broken connection. Every byte is counted as
//! it arrives, against what the service has for all uploads together.

pub(crate) mod body;

pub(crate) mod form;
pub(crate) mod intake;
pub(crate) mod partial_uploads;
pub(crate) mod receive;
pub(crate) mod resumable;
