//! Any stored bytes: a header and what follows it, or why they are no sealed value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use store::SealHeader;

fuzz_target!(|stored: &[u8]| match SealHeader::parse(stored) {
    Ok((header, rest)) => {
        assert!(stored.ends_with(rest));
        assert!(stored[..stored.len() - rest.len()].ends_with(&header.nonce));
    }
    Err(refused) => assert!(!refused.to_string().is_empty()),
});
