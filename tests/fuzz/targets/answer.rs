//! Any answer of a registry: an outcome whose words are short and clean and whose wait ends.
#![no_main]

use forward::{Outcome, fuzzing::answered};
use fuzz::{spliced, spliced_text};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
const BODIES: &[&[u8]] = &[
    b"{\"result\":",
    b"\"accepted\"",
    b"\"pending\"",
    b"\"rejected\"",
    b",\"code\":",
    b",\"registry_ref\":",
    b",\"message\":",
    b",\"detail\":",
    b",\"error\":",
    b"\"",
    b"}",
    b"[",
    b"]",
    b"{\"",
    b"\":",
    b"null",
    b"-1.5e308",
    b"18446744073709551616",
    b"\\u0000",
    b"\\n",
    b"\\ud83d",
    b"\xe2\x80\xae",
    b"\xff",
    &[b'a'; 600],
];
const WAITS: &[&str] = &[
    "120",
    "18446744073709551616",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Fri, 15 Jan 2027 08:00:01 GMT",
    "Friday, 31-Dec-99 23:59:59 GMT",
    "Fri Dec 31 23:59:59 9999",
    " GMT",
    "é",
];

fn assert_told(text: &str, chars_max: usize) {
    assert!(text.chars().count() <= chars_max && !text.chars().any(char::is_control));
}

fuzz_target!(|input: (u16, Option<&[u8]>, &[u8])| {
    let (status, retry_after, body) = input;
    let retry_after = retry_after.map(|header| spliced_text(header, WAITS));
    let now = Timestamp::from_second(1_800_000_000).expect("a time");
    match answered(100 + status % 900, retry_after, spliced(body, BODIES), now) {
        Some(Outcome::Delivered(answer)) => {
            let words = [answer.code, answer.registry_ref];
            words.iter().flatten().for_each(|word| assert_told(word, 100));
        }
        Some(Outcome::Refused { code, why }) => {
            assert_told(&code, 100);
            assert_told(&why, 500);
        }
        Some(Outcome::Retry { after, .. } | Outcome::Throttled { after, .. }) => {
            assert!(after.is_none_or(|wait| wait <= DAY));
        }
        Some(Outcome::Gone) | None => {}
    }
});
