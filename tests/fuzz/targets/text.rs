//! Any printed lines, one above the other and seen by both readings: the label's parser and the
//! judge give an answer, and what is accepted stands there.
#![no_main]

use fuzz::{WORDS, line, seen_in, spliced_text};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use validate::{
    Estate, Evidence, Formats, PhotoEvidence, Verdict, canonical, explain, judge,
    wants_second_reading,
};

static FORMATS: LazyLock<Formats> = LazyLock::new(Formats::builtin);

fuzz_target!(|input: &[u8]| {
    let label = &spliced_text(input, WORDS);
    let lines: Vec<_> = label
        .lines()
        .take(40)
        .enumerate()
        .map(|(row, text)| line(text, 0.0, row as f32 * 30.0))
        .collect();
    if let Ok(value) = canonical(label) {
        assert_eq!(canonical(&value), Ok(value));
    }
    let _ = explain(&FORMATS, label);
    let photo =
        PhotoEvidence { lines: lines.clone(), second_lines: lines, ..PhotoEvidence::default() };
    let evidence = Evidence { photos: vec![photo] };
    let wanted = wants_second_reading(&FORMATS, &evidence);
    assert!(wanted.iter().all(|line| line.line < evidence.photos[0].lines.len()));
    if let Verdict::Accepted { serial } = judge(&FORMATS, &evidence, &Estate::unknown()).verdict {
        assert!(seen_in(&evidence, &serial));
    }
});
