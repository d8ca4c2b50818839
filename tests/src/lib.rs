//! What the end-to-end tests are made with: a harness around the program, and long plays with it.

pub mod decompression_bombs;
pub mod harness;
pub mod hostile_clients;
pub mod inbox;
pub mod jetstream;
pub mod nodes;
pub mod printed;
pub mod soak;
