//! Any settings file: settings within their ranges or a message that says what is wrong.
#![no_main]

use fuzz::spliced_text;
use pipeline::settings::{Flags, Settings, keys};
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;

/// In memory, because a file is how settings come.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| format!("/dev/shm/labelscan-fuzz-{}.toml", std::process::id()).into());
/// What may stand behind a key.
const VALUES: &[&str] = &[
    "0\n",
    "1\n",
    "60001\n",
    "-1\n",
    "9223372036854775807\n",
    "1e400\n",
    "true\n",
    "false\n",
    "\"\"\n",
    "\"x\"\n",
    "[]\n",
    "[\"a\", \"a\"]\n",
    "\"off\"\n",
    "\"on\"\n",
    "\"files\"\n",
    "\"self_signed\"\n",
    "\"required\"\n",
    "\"json\"\n",
    "\"0.0.0.0:1\"\n",
    "\"[::1]:8080\"\n",
    "\"openid\"\n",
    "\"https://x.example\"\n",
    "1979-05-27\n",
    "[[inbox]]\nfolder = \"/srv\"\n",
    "duplicates = \"refuse\"\n",
    "[settings]\n",
    "\"\"\"\n",
    "\\u0000",
    "é",
];
/// The values, and every `key = ` there is.
static PIECES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let keys = keys().map(|key| &*format!("{key} = ").leak());
    VALUES.iter().copied().chain(keys).collect()
});

fuzz_target!(|input: &[u8]| {
    assert!(PIECES.len() <= 128, "some pieces have no byte");
    std::fs::write(&*FILE, spliced_text(input, &PIECES)).expect("/dev/shm can be written");
    let flags = Flags { file: Some(FILE.clone()), ..Flags::default() };
    match Settings::load(&flags) {
        Ok(settings) => {
            assert!(settings.queue.lease_ms > settings.readers.read_ms_max.get());
            assert!(settings.oidc.issuer.is_none() || settings.oidc.client_id.is_some());
        }
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
});
