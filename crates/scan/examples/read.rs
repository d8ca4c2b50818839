//! Prints what is seen in photos, one JSON object a line: `{"photo", "judgement",
//! "evidence", "took"}`.
//!
//! ```text
//! cargo run --release -p scan --example read -- PHOTO...
//! ```
#![allow(clippy::disallowed_methods, reason = "an example has no clock to be handed")]
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use scan::{Engine, Limits, Photo, Threads};
use std::error::Error;
use std::path::Path;
use std::time::Instant;
use validate::{Estate, Formats, Surface, judge};

fn main() -> Result<(), Box<dyn Error>> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let engine = Engine::load(&models, Formats::builtin())?;
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        let start = Instant::now();
        let photo = Photo { bytes: &bytes, surface: Surface::Label };
        match engine.read(&[photo], &Limits::default(), Threads::All, &|| start.elapsed()) {
            Ok(reading) => println!(
                "{}",
                serde_json::json!({
                    "photo": path,
                    "judgement": judge(&Formats::builtin(), &reading.evidence, &Estate::unknown()),
                    "evidence": reading.evidence,
                    "took": reading.took,
                })
            ),
            Err(unreadable) => {
                println!("{}", serde_json::json!({"photo": path, "unreadable": unreadable}));
            }
        }
    }
    Ok(())
}
