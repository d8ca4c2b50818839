//! Any barcode content: the parser gives an answer, within its limits and made of what was there.
#![no_main]

use fuzz::{PAYLOADS, spliced_text};
use libfuzzer_sys::fuzz_target;
use validate::{PAYLOAD_BYTES_MAX, Symbology, parse_payload};

const SYMBOLOGIES: [Symbology; 4] =
    [Symbology::QrCode, Symbology::Code128, Symbology::Code39, Symbology::Ean13];

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, payload) = input;
    let symbology = SYMBOLOGIES[usize::from(choice) % SYMBOLOGIES.len()];
    let payload = spliced_text(payload, PAYLOADS);
    let fields = parse_payload(&payload, symbology, choice & 0x80 != 0);
    assert!(fields.len() <= 64);
    assert!(fields.iter().all(|field| field.value.len() <= 2 * PAYLOAD_BYTES_MAX));
});
