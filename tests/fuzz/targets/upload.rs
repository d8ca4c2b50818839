//! Any body of an upload, in chunks of any size: taken within the limits or refused with a code, and
//! never with a server's error.
#![no_main]

use labelscan::fuzzing::uploaded;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));
const KINDS: [&str; 4] =
    ["multipart/form-data; boundary=b", "image/jpeg", "multipart/form-data", "text/plain"];

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (kind, chunk_bytes, body) = input;
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    match RUNTIME.block_on(uploaded(kind, body, usize::from(chunk_bytes) + 1)) {
        Ok((photos, bytes)) => {
            assert!((1..=3).contains(&photos));
            assert!(bytes <= photos * 4096 && bytes <= body.len());
        }
        Err(Some(refusal)) => assert!(refusal.status().is_client_error()),
        Err(None) => {}
    }
});
