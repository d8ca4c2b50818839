//! What holds for any evidence, drawn at random: `judge` is total, invents nothing, does not care
//! for order, and is never persuaded by a contradiction.

use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use validate::*;

/// Serials that makers print, and numbers that look like them.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-9]{7,10}",
        2 => "[0-9A-Z]{8,16}",
        1 => "0821032[0-9]{3}",
        1 => "7798751[0-9]",
        1 => "00015821360501[0-9]",
        1 => "C030UQ5055008[0-9]",
        1 => "[0-9A-Z]{2}[0-9]{6}",
    ]
}

fn keyword() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("S/N: "),
        2 => Just("SN:"),
        1 => Just("Serial No. "),
        2 => Just("P/N: "),
        1 => Just("IMEI: "),
        1 => Just("MAC "),
        1 => Just("序列号："),
        1 => Just("PAX "),
        3 => Just(""),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (keyword(), number()).prop_map(|(keyword, number)| format!("{keyword}{number}")),
        1 => (keyword(), number(), keyword(), number())
            .prop_map(|(a, b, c, d)| format!("{a}{b} {c}{d}")),
        1 => prop::collection::vec(any::<char>(), 0..30).prop_map(String::from_iter),
    ]
}

fn payload() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => number(),
        1 => number().prop_map(|number| format!("S{number}")),
        1 => number().prop_map(|number| format!("SN:{number}")),
        1 => number().prop_map(|number| format!("[)>\u{1e}06\u{1d}1PX1\u{1d}S{number}\u{1e}\u{4}")),
        1 => number().prop_map(|number| format!("https://x.example/?sn={number}")),
        1 => (number(), number()).prop_map(|(a, b)| format!("{a},{b}")),
        1 => prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter),
    ]
}

fn quad() -> impl Strategy<Value = Quad> {
    let at =
        (0..3i32, 0..12i32).prop_map(|(column, row)| (column as f32 * 300.0, row as f32 * 30.0));
    let regular = at.prop_map(|(x, y)| {
        [(x, y), (x + 200.0, y), (x + 200.0, y + 20.0), (x, y + 20.0)].map(|(x, y)| Point { x, y })
    });
    let wild = prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(0.0f32), Just(-1e30f32)];
    prop_oneof![
        20 => regular,
        1 => (wild.clone(), wild).prop_map(|(x, y)| [Point { x, y }; 4]),
    ]
}

fn line() -> impl Strategy<Value = TextLine> {
    (text(), quad(), any::<[bool; 3]>(), prop_oneof![Just(0.999f32), Just(0.5), Just(f32::NAN)])
        .prop_map(|(text, quad, bounds, p)| TextLine {
            quad,
            chars: text
                .chars()
                .enumerate()
                .map(|(step, best)| CharReading {
                    best,
                    p,
                    runner_up: None,
                    runner_up_p: 0.0,
                    step: step as u16,
                })
                .collect(),
            lattice: Lattice::default(),
            bounds: LineBounds {
                touches_frame: bounds[0] && bounds[1],
                ink_before: bounds[1] && bounds[2],
                ink_after: bounds[2] && bounds[0],
            },
        })
}

fn barcode() -> impl Strategy<Value = Barcode> {
    let symbology = prop_oneof![
        Just(Symbology::Code128),
        Just(Symbology::Code39),
        Just(Symbology::QrCode),
        Just(Symbology::DataMatrix),
        Just(Symbology::Ean13),
    ];
    (symbology, payload(), any::<bool>(), quad(), 0..4u16).prop_map(
        |(symbology, payload, gs1, quad, votes)| Barcode {
            symbology,
            payload,
            gs1,
            part: None,
            quad,
            votes,
        },
    )
}

fn photo() -> impl Strategy<Value = PhotoEvidence> {
    let lines = || prop::collection::vec(line(), 0..6);
    (prop::collection::vec(barcode(), 0..4), lines(), lines(), any::<bool>(), any::<bool>())
        .prop_map(|(barcodes, lines, mut second_lines, screen, again)| {
            // Agreement of two readings does not happen by chance.
            if again {
                second_lines.extend(lines.iter().cloned());
            }
            PhotoEvidence {
                width_px: 1000,
                height_px: 1000,
                surface: if screen { Surface::Screen } else { Surface::Label },
                barcodes,
                lines,
                second_lines,
                faults: Vec::new(),
            }
        })
}

fn evidence() -> impl Strategy<Value = Evidence> {
    prop::collection::vec(photo(), 0..3).prop_map(|photos| Evidence { photos })
}

/// Evidence of one photo at least.
fn seen() -> impl Strategy<Value = Evidence> {
    prop::collection::vec(photo(), 1..3).prop_map(|photos| Evidence { photos })
}

fn estate() -> impl Strategy<Value = Estate> {
    prop_oneof![
        3 => Just(Estate::unknown()),
        1 => prop::collection::vec(number(), 0..5)
            .prop_map(|serials| Estate::new(EstateMode::Helpful, serials)),
        1 => prop::collection::vec(number(), 0..5)
            .prop_map(|serials| Estate::new(EstateMode::Required, serials)),
    ]
}

static FORMATS: LazyLock<Formats> = LazyLock::new(|| {
    let taught = "[[format]]\nname=\"taught\"\nshapes=[\"ddddddd\"]";
    Formats::builtin().with_operator_file(taught).expect("valid")
});

/// Without a taught format, of which any number that stands alone may be the serial.
static BUILTIN: LazyLock<Formats> = LazyLock::new(Formats::builtin);

fn accepted(judgement: &Judgement) -> Option<&Serial> {
    match &judgement.verdict {
        Verdict::Accepted { serial } => Some(serial),
        _ => None,
    }
}

/// A serial as its print was read, before its look-alikes were settled.
fn as_read(serial: &Serial) -> String {
    let mut read: Vec<char> = serial.value.chars().collect();
    for correction in &serial.corrections {
        read[correction.at] = correction.read;
    }
    read.into_iter().collect()
}

/// Letters and digits of everything that was seen, in one string a source.
fn everything_seen(evidence: &Evidence) -> Vec<String> {
    let mut seen = Vec::new();
    for photo in &evidence.photos {
        seen.extend(photo.barcodes.iter().map(|barcode| fold(&barcode.payload)));
        for lines in [&photo.lines, &photo.second_lines] {
            let texts: Vec<String> = lines.iter().map(TextLine::text).collect();
            seen.extend(texts.iter().map(|text| letters_and_digits(text)));
        }
    }
    seen
}

fn letters_and_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

/// A line of a label that was read surely, in a row of its own.
fn printed(row: i32, text: &str) -> TextLine {
    let (width, y) = (text.chars().count() as f32 * 10.0, row as f32 * 30.0);
    let corners = [(0.0, y), (width, y), (width, y + 20.0), (0.0, y + 20.0)];
    TextLine {
        quad: corners.map(|(x, y)| Point { x, y }),
        chars: text
            .chars()
            .enumerate()
            .map(|(step, best)| CharReading {
                best,
                p: 0.999,
                runner_up: None,
                runner_up_p: 0.0,
                step: 3 * step as u16,
            })
            .collect(),
        lattice: Lattice::default(),
        bounds: LineBounds::default(),
    }
}

/// A photo of lines, each read twice, the second time without its spaces if so wished.
fn read_twice(lines: Vec<TextLine>, spaces: bool) -> PhotoEvidence {
    let again = |line: &TextLine| TextLine {
        chars: line
            .chars
            .iter()
            .filter(|char| spaces || char.best != ' ')
            .map(|char| CharReading { step: 0, ..*char })
            .collect(),
        ..line.clone()
    };
    PhotoEvidence {
        width_px: 2000,
        height_px: 2000,
        second_lines: lines.iter().map(again).collect(),
        lines,
        ..PhotoEvidence::default()
    }
}

/// A named serial in a Code 128, at some height of the photo.
fn named_code(serial: &str, y: f32) -> Barcode {
    let corners = [(0.0, y), (300.0, y), (300.0, y + 60.0), (0.0, y + 60.0)];
    Barcode {
        symbology: Symbology::Code128,
        payload: format!("SN:{serial}"),
        gs1: false,
        part: None,
        quad: corners.map(|(x, y)| Point { x, y }),
        votes: 4,
    }
}

/// A serial as some maker may print it, short or long, with letters or without.
fn serial() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[0-9]{6,14}",
        1 => "[0-9A-Z]{2,10}[0-9]{4,10}",
        1 => "[0-9]{4,10}[0-9A-Z]{2,8}",
        1 => "[A-Z]{1,3}[0-9]{6,10}",
        1 => "[0-9A-Z]{2}[0-9]{6}",
        1 => "[0-9A-Z]{3,9}[0-9][0-9A-Z]{3,9}",
    ]
}

/// Two different serials: of two makers, or almost the same.
fn two_serials() -> impl Strategy<Value = (String, String)> {
    let neighbours =
        (serial(), any::<prop::sample::Index>(), 1..10u8).prop_map(|(one, at, step)| {
            let at = at.index(one.len());
            let mut other = one.clone().into_bytes();
            other[at] = b'0' + (other[at].wrapping_add(step) % 10);
            let other = String::from_utf8(other).expect("letters and digits");
            (one, other)
        });
    let longer = (serial(), "[0-9A-Z]{1,3}", any::<bool>()).prop_map(|(one, more, behind)| {
        let other = if behind { format!("{one}{more}") } else { format!("{more}{one}") };
        (one, other)
    });
    prop_oneof![2 => (serial(), serial()), 1 => neighbours, 1 => longer]
        .prop_filter("one serial twice", |(one, other)| !may_be_one(one, other))
}

/// Whether two serials are the same, or the same to a format that takes a letter for the digit of its
/// look: `S000000` is `5000000` where seven digits are taught.
fn may_be_one(one: &str, other: &str) -> bool {
    let same = |(one, other): (char, char)| {
        let classes_differ = one.is_ascii_digit() != other.is_ascii_digit();
        one == other || classes_differ && look_alike(one, other)
    };
    one.len() == other.len() && one.chars().zip(other.chars()).all(same)
}

/// What stands after a serial caption although it is nobody's serial.
fn no_serial() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => (0..10u8, 6..15usize).prop_map(|(digit, length)| digit.to_string().repeat(length)),
        1 => (0..10usize, 6..11usize).prop_map(|(from, length)| "01234567890123456789"[from..from + length].to_owned()),
        1 => (1990..2050u32, 1..13u32, 1..29u32).prop_map(|(year, month, day)| format!("{year}{month:02}{day:02}")),
        1 => (1990..2050u32, 1..13u32, 1..29u32).prop_map(|(year, month, day)| format!("{day}/{month}/{year}")),
        1 => "(SAMPLE|DEMO|TEST)[0-9]{4,6}",
        1 => "(RS|USB|SATA)-?[0-9]{4}",
    ]
}

/// A serial, or what stands in its place, in a line with other print before, behind, above and below.
fn captioned(number: impl Strategy<Value = String>) -> impl Strategy<Value = (String, Evidence)> {
    let beside =
        (prop::option::of((around(), separator())), prop::option::of((separator(), around())));
    let lines = (prop::option::of(around()), prop::option::of(around()));
    (number, beside, lines, any::<bool>(), any::<bool>()).prop_map(
        |(serial, (before, behind), (above, below), spaces, coded)| {
            let start = before.map(|(text, mark)| format!("{text}{mark}")).unwrap_or_default();
            let end = behind.map(|(mark, text)| format!("{mark}{text}")).unwrap_or_default();
            let mut lines = vec![printed(10, &format!("{start}S/N: {serial}{end}"))];
            lines.extend(above.map(|text| printed(9, &text)));
            lines.extend(below.map(|text| printed(11, &text)));
            let mut photo = read_twice(lines, spaces);
            if coded {
                photo.barcodes.push(named_code(&serial, 500.0));
            }
            (serial, Evidence { photos: vec![photo] })
        },
    )
}

/// What others print around a serial.
fn around() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => number(),
        2 => "[0-9]{1,6}",
        1 => "[0-9]{1,2}/20[0-9]{2}",
        1 => "[0-9A-Z]{1,4}",
        1 => "[A-Z][a-z]{3,8}",
        1 => (keyword(), number()).prop_map(|(keyword, number)| format!("{keyword}{number}")),
        1 => prop_oneof![
            Just("240V~"), Just("1A"), Just("REV B2"), Just("IP54"), Just("(A920)"), Just("V1.2"),
            Just("AND UP"), Just("Made in X"), Just("IMEI"), Just("Model"), Just("P/N"),
        ].prop_map(str::to_owned),
    ]
}

fn separator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        " ", "  ", "    ", "/", ", ", "; ", " & ", "|", " - ", " ~ ", "(", " #", "_", "\u{ff0c}",
        "\u{ff1b}",
    ])
}

proptest! {
    // Set PROPTEST_CASES for a long run.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn judge_is_total_and_its_answer_survives_the_wire(evidence in evidence(), estate in estate()) {
        let judgement = judge(&FORMATS, &evidence, &estate);
        let wire = serde_json::to_string(&judgement);
        prop_assert!(wire.is_ok());
        match &judgement.verdict {
            Verdict::Accepted { serial } => {
                prop_assert!(serial.confidence > 0.99 && !serial.checks.is_empty());
                prop_assert_eq!(canonical(&serial.value), Ok(serial.value.clone()));
            }
            Verdict::Review { candidates, reasons, .. } => {
                prop_assert!(!candidates.is_empty() && candidates.len() <= 4);
                prop_assert!(!reasons.is_empty());
                let values: BTreeSet<_> = candidates.iter().map(|one| &one.value).collect();
                prop_assert_eq!(values.len(), candidates.len());
            }
            Verdict::Unreadable { reasons } => prop_assert!(!reasons.is_empty()),
        }
    }

    #[test]
    fn what_is_accepted_was_seen(evidence in evidence(), estate in estate()) {
        let judgement = judge(&FORMATS, &evidence, &estate);
        if let Some(serial) = accepted(&judgement) {
            let raw = match serial.source {
                Source::Text => as_read(serial),
                _ => serial.value.clone(),
            };
            let seen = everything_seen(&evidence);
            prop_assert!(
                seen.iter().any(|seen| seen.contains(&raw)),
                "{raw} is not in {seen:?}"
            );
            prop_assert!(serial.corrections.len() <= 2);
        }
    }

    #[test]
    fn a_judge_needs_of_a_list_only_what_looks_like_a_value_in_view(
        evidence in evidence(),
        serials in prop::collection::vec(number(), 0..40),
        required in any::<bool>(),
    ) {
        let mode = if required { EstateMode::Required } else { EstateMode::Helpful };
        // Serials that are in view, misread or not, beside those that are not.
        let in_view = values_in_view(&evidence);
        let misread = in_view.iter().map(|value| value.replacen('0', "O", 1));
        let serials: Vec<String> = serials.into_iter().chain(misread).collect();
        let looks: BTreeSet<String> = in_view.iter().map(|value| look(value)).collect();
        let few = serials.iter().filter(|serial| looks.contains(&look(serial))).cloned();
        let of_few = judge(&FORMATS, &evidence, &Estate::new(mode, few));
        let of_all = judge(&FORMATS, &evidence, &Estate::new(mode, serials.iter().cloned()));
        let json = |judgement| serde_json::to_string(judgement).unwrap_or_default();
        prop_assert_eq!(json(&of_few), json(&of_all));
    }

    #[test]
    fn order_does_not_matter(evidence in evidence(), estate in estate()) {
        let judgement = judge(&FORMATS, &evidence, &estate);
        let mut turned = evidence;
        for photo in &mut turned.photos {
            photo.barcodes.reverse();
            photo.lines.reverse();
            photo.second_lines.reverse();
        }
        let again = judge(&FORMATS, &turned, &estate);
        prop_assert_eq!(
            accepted(&judgement).map(|serial| (&serial.value, &serial.checks)),
            accepted(&again).map(|serial| (&serial.value, &serial.checks))
        );
        if let (Verdict::Review { candidates: one, reasons: why, .. }, Verdict::Review { candidates: other, reasons, .. }) =
            (&judgement.verdict, &again.verdict)
        {
            let values = |candidates: &[Candidate]| -> Vec<String> {
                candidates.iter().map(|candidate| candidate.value.clone()).collect()
            };
            prop_assert_eq!(values(one), values(other));
            prop_assert_eq!(why, reasons);
        }
    }

    #[test]
    fn a_contradiction_persuades_nobody(
        evidence in seen(),
        other in number(),
        estate in estate(),
    ) {
        let before = judge(&FORMATS, &evidence, &estate);
        // Another device's serial, named by its own barcode and by print far from everything else.
        let mut with = evidence;
        let far = [(5e4, 5e4), (5.1e4, 5e4), (5.1e4, 5.01e4), (5e4, 5.01e4)]
            .map(|(x, y)| Point { x, y });
        with.photos[0].lines.push(TextLine {
            quad: far,
            chars: format!("S/N: {other}").chars().enumerate().map(|(step, best)| CharReading {
                best, p: 0.999, runner_up: None, runner_up_p: 0.0, step: step as u16,
            }).collect(),
            lattice: Lattice::default(),
            bounds: LineBounds { ink_after: false, ..LineBounds::default() },
        });
        let after = judge(&FORMATS, &with, &estate);
        if let Some(serial) = accepted(&after) {
            // The new line may itself complete what was missing, for its own value only, of which
            // a barcode or the list may settle the look-alikes.
            let was_accepted = accepted(&before).is_some_and(|it| it.value == serial.value);
            prop_assert!(as_read(serial) == other || was_accepted, "{:?}", serial);
        }
    }

    #[test]
    fn text_around_a_captioned_serial_changes_whether_and_never_what(
        (serial, seen) in captioned(serial()),
    ) {
        let judgement = judge(&BUILTIN, &seen, &Estate::unknown());
        if let Some(accepted) = accepted(&judgement) {
            prop_assert_eq!(&accepted.value, &serial, "{:?}", seen.photos[0].lines.iter().map(TextLine::text).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_caption_of_no_serial_makes_none_of_the_text_around_it(
        (_, seen) in captioned(no_serial()),
    ) {
        let judgement = judge(&BUILTIN, &seen, &Estate::unknown());
        prop_assert_eq!(accepted(&judgement), None, "{:?}", seen.photos[0].lines.iter().map(TextLine::text).collect::<Vec<_>>());
    }

    #[test]
    fn two_labels_in_one_photo_never_make_one_serial(
        (one, other) in two_serials(),
        spaces in any::<bool>(),
        coded in any::<[bool; 2]>(),
        rows in 2..40i32,
    ) {
        let lines = vec![
            printed(0, &format!("S/N: {one}")),
            printed(rows, &format!("S/N: {other}")),
        ];
        let mut photo = read_twice(lines, spaces);
        for (serial, y) in [(&one, 1300.0), (&other, 1500.0)].into_iter().zip(coded).filter(|it| it.1).map(|it| it.0) {
            photo.barcodes.push(named_code(serial, y));
        }
        let judgement = judge(&FORMATS, &Evidence { photos: vec![photo] }, &Estate::unknown());
        prop_assert_eq!(accepted(&judgement), None);
    }

    #[test]
    fn another_device_settles_no_question(
        (serial, other) in two_serials(),
        coded in any::<bool>(),
    ) {
        // Read once: a question.
        let mut photo = read_twice(vec![printed(0, &format!("S/N: {serial}"))], true);
        photo.second_lines.clear();
        let alone = Evidence { photos: vec![photo.clone()] };
        let before = judge(&FORMATS, &alone, &Estate::unknown());
        prop_assert_eq!(accepted(&before), None);
        let rival = read_twice(vec![printed(30, &format!("S/N: {other}"))], true);
        photo.lines.extend(rival.lines);
        photo.second_lines.extend(rival.second_lines);
        if coded {
            photo.barcodes.push(named_code(&other, 1300.0));
        }
        let judgement = judge(&FORMATS, &Evidence { photos: vec![photo] }, &Estate::unknown());
        prop_assert_eq!(accepted(&judgement), None);
    }

    #[test]
    fn parsers_take_anything(
        bytes in prop::collection::vec(any::<char>(), 0..300),
        gs1 in any::<bool>(),
    ) {
        let text: String = bytes.into_iter().collect();
        let fields = parse_payload(&text, Symbology::QrCode, gs1);
        prop_assert!(fields.len() <= 64);
        if let Ok(value) = canonical(&text) {
            prop_assert_eq!(canonical(&value), Ok(value.clone()));
            prop_assert_eq!(&fold(&value), &value);
        }
        let _ = FORMATS.clone().with_operator_file(&text);
        let _ = explain(&FORMATS, &text);
    }
}
