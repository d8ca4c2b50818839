//! What the end-to-end tests are made with: a harness around the program, and long plays with it.

pub mod bombs;
pub mod harness;
pub mod inbox;
pub mod jetstream;
pub mod lies;
pub mod nodes;
pub mod printed;
pub mod soak;
