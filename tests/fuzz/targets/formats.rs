//! Any formats file, and any samples to learn from: taken or refused with a message; what is taken
//! can be asked about any value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use validate::{Formats, explain, learn};

static BUILTIN: LazyLock<Formats> = LazyLock::new(Formats::builtin);

fuzz_target!(|file: &str| {
    match BUILTIN.clone().with_operator_file(file) {
        Ok(formats) => {
            let _ = explain(&formats, "0821O32398");
            for format in formats.iter() {
                assert!(!format.pattern().is_empty());
                assert!(
                    format.samples.iter().all(|sample| format.fits(&validate::canonical(sample)))
                );
            }
        }
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
    let samples: Vec<String> = file.lines().take(8).map(str::to_owned).collect();
    if let Ok(proposal) = learn(&BUILTIN, "own", "own", &samples) {
        let taught = BUILTIN.clone().with_operator_file(&proposal.toml).expect("ready to use");
        assert!(samples.iter().all(|sample| proposal.format.fits(&validate::canonical(sample))));
        assert!(taught.iter().any(|format| format.name == "own"));
    }
});
