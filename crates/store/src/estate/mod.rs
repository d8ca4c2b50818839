//! The serials that are expected, and those given out: imports, look-ups for a judge, differences to
//! what was seen. It must never hand out the whole list at once, nor give one serial out twice.

pub(crate) mod differences;
pub(crate) mod expected;
pub(crate) mod issue;
pub(crate) mod place;
