//! Any settings file: settings within their ranges or a message that says what is wrong.
#![no_main]

use labelscan::settings::{Flags, Settings};
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;

/// In memory, because a file is how settings come.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| format!("/dev/shm/labelscan-fuzz-{}.toml", std::process::id()).into());

fuzz_target!(|file: &str| {
    std::fs::write(&*FILE, file).expect("/dev/shm can be written");
    let flags = Flags { file: Some(FILE.clone()), ..Flags::default() };
    match Settings::load(&flags) {
        Ok(settings) => assert!(settings.photo_bytes_max > 0 && settings.lease_ms > 0),
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
});
