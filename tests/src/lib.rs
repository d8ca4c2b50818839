//! What the end-to-end tests are made with: photographs of labels and a harness around the program.

pub mod harness;
pub mod render;
