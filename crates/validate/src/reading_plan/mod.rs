//! What a reader should look at next, and which lines are worth a careful or a second, independent
//! reading. A plan saves work and never decides a serial: a line that is not read is missing
//! evidence, never evidence against a value.

pub(crate) mod next_look;
pub(crate) mod read_priority;
pub(crate) mod second_reading;
