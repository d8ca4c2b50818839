//! Any answer of a registry: an outcome whose words are short and clean and whose wait ends.
#![no_main]

use forward::{Outcome, fuzzing::answered};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn assert_told(text: &str, chars_max: usize) {
    assert!(text.chars().count() <= chars_max && !text.chars().any(char::is_control));
}

fuzz_target!(|input: (u16, Option<String>, Vec<u8>)| {
    let (status, retry_after, body) = input;
    let now = Timestamp::from_second(1_800_000_000).expect("a time");
    match answered(100 + status % 900, retry_after, body, now) {
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
