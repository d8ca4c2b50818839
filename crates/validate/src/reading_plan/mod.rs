//! What a reader should read next: which lines are worth a careful reading, and which a second,
//! independent one. It saves work and never decides a serial: a line that is not read is missing
//! evidence, never evidence against a value.

pub(crate) mod read_priority;
pub(crate) mod second_reading;
