//! What the end-to-end tests are made with: photographs of labels and a harness around the program.

pub mod bombs;
pub mod harness;
pub mod inbox;
pub mod jetstream;
pub mod lies;
pub mod nodes;
pub mod printed;
pub mod render;
pub mod soak;
