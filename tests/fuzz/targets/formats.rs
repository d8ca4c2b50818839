//! Any formats file, and any samples to learn from: taken or refused with a message; what is taken
//! can be asked about any value.
#![no_main]

use fuzz::spliced_text;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use validate::{Formats, explain, learn};

static BUILTIN: LazyLock<Formats> = LazyLock::new(Formats::builtin);
const PIECES: &[&str] = &[
    "[[format]]\nname = \"own\"\n",
    "[[format]]\nname = \"pax-8\"\n",
    "vendor = \"own\"\n",
    "kind = \"tusn\"\n",
    "standing = \"permissive\"\n",
    "distinctive = true\n",
    "brands = [\"",
    "shapes = [\"",
    "pattern = '^",
    "$'\n",
    "printed = \"ddd-ddd\"\n",
    "barcodes = [\"itf\"]\n",
    "digits_min = ",
    "check = \"mod_37_36\"\n",
    "plausibility = [{ at = ",
    ", digits = ",
    ", least = 8, most = 40, says = \"year\" }]\n",
    "samples = [\"",
    "note = \"",
    "\"]\n",
    "\", \"",
    "dddd",
    "aaaa",
    "xnhA",
    "1234",
    "0821032398",
    "6A00O001",
    "C030UQ50550081",
    "(0[1-9]|1[01])",
    "\\d{4}",
    "[0-9A-Z]{8,42}",
    "{60}",
    "9223372036854775807",
    "\\u0000",
    "ß",
    "Ａ",
];

fuzz_target!(|input: &[u8]| {
    let file = &spliced_text(input, PIECES);
    match BUILTIN.clone().with_operator_file(file) {
        Ok(formats) => {
            let _ = explain(&formats, "0821O32398");
            for format in formats.iter() {
                assert!(!format.pattern().is_empty());
                let _ = format.implausible("C030UQ50550081");
                assert!(
                    format.samples.iter().all(|sample| format.fits(&validate::fold(sample)))
                );
            }
        }
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
    let samples: Vec<String> = file.lines().take(8).map(str::to_owned).collect();
    if let Ok(proposal) = learn(&BUILTIN, "own", "own", &samples) {
        let taught = BUILTIN.clone().with_operator_file(&proposal.toml).expect("ready to use");
        let left_out = |value: &str| {
            let says = format!("{value} was left out: ");
            proposal.warnings.iter().any(|warning| warning.starts_with(&says))
        };
        let mut values = samples.iter().map(|sample| validate::fold(sample));
        assert!(values.all(|value| proposal.format.fits(&value) || left_out(&value)));
        assert!(taught.iter().any(|format| format.name == "own"));
    }
});
