//! Any stored bytes: a header and what follows it, or why they are no sealed value.
#![no_main]

use fuzz::spliced;
use libfuzzer_sys::fuzz_target;
use store::SealHeader;

const PIECES: &[&[u8]] = &[b"\0LS", b"\0LS\x01", b"\0LS\x02", b"\0\0\0\x07", &[9; 24], &[0xff; 16]];

fuzz_target!(|input: &[u8]| {
    let stored = spliced(input, PIECES);
    match SealHeader::parse(&stored) {
        Ok((header, rest)) => {
            assert!(stored.ends_with(rest));
            assert!(stored[..stored.len() - rest.len()].ends_with(&header.nonce));
        }
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
});
