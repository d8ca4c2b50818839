//! Any evidence, put together from pieces of real labels and from noise: there is a judgement, it
//! does not depend on the order of the evidence, and it accepts only what was seen.
#![no_main]

use arbitrary::Unstructured;
use fuzz::{evidence, seen_in};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use validate::{Estate, EstateMode, Formats, Verdict, judge, wants_second_reading};

static FORMATS: LazyLock<Formats> = LazyLock::new(|| {
    let taught = "[[format]]\nname=\"taught\"\nshapes=[\"ddddddd\"]\nsamples=[\"6527155\"]";
    Formats::builtin().with_operator_file(taught).expect("a valid file")
});
static ESTATES: LazyLock<[Estate; 3]> = LazyLock::new(|| {
    let listed = || ["77987515", "6A000001", "0821032398"].map(str::to_owned);
    [
        Estate::unknown(),
        Estate::new(EstateMode::Helpful, listed()),
        Estate::new(EstateMode::Required, listed()),
    ]
});

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Unstructured::new(bytes);
    let Ok(which) = choices.int_in_range(0..=2usize) else { return };
    let Ok(mut evidence) = evidence(&mut choices) else { return };
    let estate = &ESTATES[which];
    let judgement = judge(&FORMATS, &evidence, estate);
    serde_json::to_string(&judgement).expect("it goes over the wire");
    for wanted in wants_second_reading(&FORMATS, &evidence) {
        assert!(wanted.line < evidence.photos[wanted.photo].lines.len());
    }
    let accepted = match judgement.verdict {
        Verdict::Accepted { serial } => {
            assert!(seen_in(&evidence, &serial), "{}", serial.value);
            Some(serial.value)
        }
        Verdict::Review { candidates, reasons } => {
            assert!((1..=12).contains(&candidates.len()) && !reasons.is_empty());
            None
        }
        Verdict::Unreadable { reasons } => {
            assert!(!reasons.is_empty());
            None
        }
    };
    for photo in &mut evidence.photos {
        photo.barcodes.reverse();
        photo.lines.reverse();
        photo.second_lines.reverse();
    }
    let again = match judge(&FORMATS, &evidence, estate).verdict {
        Verdict::Accepted { serial } => Some(serial.value),
        _ => None,
    };
    assert_eq!(accepted, again, "the order of the evidence matters");
});
