//! Any body of an upload, in chunks of any size: taken within the limits or refused with a code, and
//! never with a server's error.
#![no_main]

use fuzz::spliced;
use web::fuzzing::uploaded;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));
const KINDS: [&str; 4] =
    ["multipart/form-data; boundary=b", "image/jpeg", "multipart/form-data", "text/plain"];
const PIECES: &[&[u8]] = &[
    b"--b\r\n",
    b"\r\n--b\r\n",
    b"\r\n--b--\r\n",
    b"--",
    b"\r\n",
    b"\r\n\r\n",
    b"Content-Disposition: form-data; name=\"photo\"\r\n\r\n",
    b"Content-Disposition: form-data; name=\"screen\"; filename=\"../x\"\r\n\r\n",
    b"Content-Disposition: form-data; name=\"details\"\r\n\r\n",
    b"Content-Disposition: form-data",
    b"; name=\"",
    b"; filename*=UTF-8''",
    b"Content-Type: ",
    b"Content-Length: 99999999999\r\n",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\0\0\0\0WEBP",
    b"\0\0\0\x18ftypheic",
    b"GIF89a",
    b"<svg ",
    b"\xc3\x28",
    b"\xf0\x9f\x93\xb7",
    &[0xff; 1000],
    &[b'a'; 9000],
    b"--b\r\nContent-Disposition: form-data; name=\"photo\"\r\n\r\n\xff\xd8\xff\r\n",
    b"--b\r\nContent-Disposition: form-data; name=\"details\"\r\n\r\n{",
    b"}\r\n--b--",
    b"\"site\":\"S\"",
    b"\"operation\":\"swap\"",
    b"\"captured_at\":\"2026-03-01T12:00:00Z\"",
    b"\"captured_at\":\"-009999-01-01T00:00:00+25:00\"",
    b"\"location\":{\"lat\":-90,\"lon\":1e9}",
    b"\"location\":{\"lat\":31.2,\"lon\":121.4}",
    b"\"note\":\"\\u0007\"",
    b"\"file\":\"../../x\"",
    b"\"tid\":null",
    b"\"",
    b"{",
    b"}",
    b",",
];

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (kind, chunk_bytes, body) = input;
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    let body = spliced(body, PIECES);
    match RUNTIME.block_on(uploaded(kind, &body, usize::from(chunk_bytes) + 1)) {
        Ok((photos, bytes)) => {
            assert!((1..=3).contains(&photos));
            assert!(bytes <= photos * 4096 && bytes <= body.len());
        }
        Err(Some(refusal)) => assert!(refusal.status().is_client_error()),
        Err(None) => {}
    }
});
