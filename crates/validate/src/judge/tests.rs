use super::*;
use crate::testing::{barcode, evidence, line, photo, quad};
use crate::*;
use Symbology::*;

#[track_caller]
fn decide(evidence: &Evidence) -> Verdict {
    judge(&Formats::builtin(), evidence, &Estate::unknown()).verdict
}

#[track_caller]
fn accepts(barcodes: &[(Symbology, &str)], lines: &[&str], expected: &str) -> Serial {
    match decide(&evidence(barcodes, lines)) {
        Verdict::Accepted { serial } => {
            assert_eq!(serial.value, expected);
            serial
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn reviews(barcodes: &[(Symbology, &str)], lines: &[&str], first: &str, because: ReasonCode) {
    match decide(&evidence(barcodes, lines)) {
        Verdict::Review { candidates, reasons, .. } => {
            assert_eq!(candidates[0].value, first, "{candidates:?}");
            assert!(reasons.contains(&Reason(because)), "{reasons:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_barcode_and_the_keyed_print_agree() {
    let serial =
        accepts(&[(Code39, "77987515")], &["P/N:D150-0B0-024-02E0 S/N:77987515"], "77987515");
    assert_eq!(serial.source, Source::Both);
    assert_eq!(serial.checks, [Check::BarcodeEqualsText, Check::Keyword]);
    let serial =
        accepts(&[(Code128, "0821032398")], &["PAX A920", "S/N: 082 1032398"], "0821032398");
    assert_eq!((serial.vendor.as_str(), serial.printed.as_str()), ("pax", "082 1032398"));
    accepts(
        &[(DataMatrix, "029KNU6RM1016758")],
        &["SN:029K", "NU6RM1", "016758"],
        "029KNU6RM1016758",
    );
}

#[test]
fn letters_of_a_barcode_are_no_misread_keyword() {
    let seen = evidence(&[(Code128, "5RN050PQHSD")], &["S/N 5RN050PQH-SD"]);
    let Verdict::Accepted { serial } = decide(&seen) else { return };
    assert_eq!(serial.value, "5RN050PQHSD");
}

#[test]
fn an_identifier_is_not_stripped_from_the_only_value_that_has_a_form() {
    let seen = evidence(&[(Code128, "SS6OHG5COVH2MGW2")], &["SN:S6OHG5COVH2MGW2"]);
    assert!(!is_accepted(&decide(&seen)));
}

#[test]
fn a_barcode_names_its_serial() {
    accepts(&[(Code128, "SN: 7B890026")], &[], "7B890026");
    accepts(&[(DataMatrix, "(01)04035999001512(10)89209876(21)3300004532")], &[], "3300004532");
    accepts(&[(QrCode, "[)>\u{1e}06\u{1d}1PD150\u{1d}S77987515\u{1e}\u{4}")], &[], "77987515");
}

#[test]
fn what_is_guessed_of_blurred_print_does_not_contradict_a_barcode() {
    let mut seen = evidence(&[(DataMatrix, "SN: 6URFE927YUU3564N")], &["S/N: 66664N"]);
    assert!(matches!(decide(&seen), Verdict::Review { .. }), "the two differ");
    seen.photos[0].lines[0].chars.iter_mut().for_each(|char| char.p = 0.6);
    let Verdict::Accepted { serial } = decide(&seen) else { panic!("{:?}", decide(&seen)) };
    assert_eq!(serial.value, "6URFE927YUU3564N");
}

#[test]
fn an_identifier_is_stripped_only_if_something_says_so() {
    accepts(&[(Code128, "SPF0UFLRH")], &["Serial Number PF0UFLRH"], "PF0UFLRH");
    accepts(&[(Code128, "SN133501010924")], &["SN 133501010924"], "133501010924");
    accepts(&[(Code128, "STRM26138003393")], &["STRM26138003393"], "STRM26138003393");
    // The print lost its first letter.
    let lost = evidence(&[(Code128, "STRM26138003393")], &["SN: TRM26138003393"]);
    assert!(!is_accepted(&decide(&lost)));
    let codes = [
        (QrCode, "(S)SN\rSPF0UFLRH\rSN.MO\rPF0UFLRHPF9XB7625009\r(1S)MTM.SN\r1S80WK00F9USPF0UFLRH"),
        (Code128, "SPF0UFLRH"),
        (Code128, "PF0UFLRHPF9XB7625009"),
        (Code128, "1S80WK00F9USPF0UFLRH"),
        (Ean13, "0191376651924"),
    ];
    accepts(&codes, &["(S)Serial Number: PF0UFLRH"], "PF0UFLRH");
    reviews(&[(Code128, "SPF0UFLRH")], &[], "SPF0UFLRH", ReasonCode::BarcodeUnconfirmed);
}

#[test]
fn a_maker_s_format_needs_the_maker_or_a_form_like_no_other() {
    accepts(&[(Code128, "C030UQ50550081")], &["C030UQ50550081"], "C030UQ50550081");
    accepts(&[(Code128, "0821032398")], &["PAX A920", "0821032398"], "0821032398");
    reviews(
        &[(Code128, "0821032398")],
        &["0821032398"],
        "0821032398",
        ReasonCode::BarcodeUnconfirmed,
    );
    reviews(
        &[(DataMatrix, "D26515304479")],
        &["D26515304479"],
        "D26515304479",
        ReasonCode::BarcodeUnconfirmed,
    );
}

#[test]
fn other_numbers_are_never_the_serial() {
    for (barcodes, lines) in [
        (vec![(Ean13, "7898955172612")], vec!["7 898955 172612"]),
        (vec![(UpcA, "212857310045")], vec!["S/N: 212857310045"]),
        (vec![(Code128, "357654062100956")], vec!["IMEI: 357654062100956"]),
        (vec![(Code128, "D1500B002402E0")], vec!["P/N: D150-0B0-024-02E0"]),
        (vec![(DataMatrix, "383A2127CF16")], vec!["MAC 38:3A:21:27:CF:16"]),
        (
            vec![(QrCode, "http://bus.example/status/3894673/9fc4b7"), (QrCode, "3894673")],
            vec!["3894673"],
        ),
        (vec![(Code128, "12345678")], vec!["终端号 12345678"]),
    ] {
        let verdict = decide(&evidence(&barcodes, &lines));
        assert!(!matches!(verdict, Verdict::Accepted { .. }), "{verdict:?}");
    }
}

#[test]
fn print_alone_needs_two_readings() {
    let mut seen = evidence(&[], &["S/N: 010026532524"]);
    assert!(matches!(decide(&seen), Verdict::Review { .. }));
    seen.photos[0].second_lines = vec![line(0, "S/N:010026532524")];
    let Verdict::Accepted { serial } = decide(&seen) else { panic!("accepted") };
    assert_eq!(serial.checks, [Check::Keyword, Check::TwoReadings]);
    let mut cut = seen.clone();
    cut.photos[0].second_lines[0].quad = cut.photos[0].lines[0].quad;
    cut.photos[0].second_lines[0].bounds.ink_after = true;
    assert!(matches!(decide(&cut), Verdict::Review { .. }));
    // What the narrower box cuts off, the wider one holds and reads.
    let wider = &mut cut.photos[0].lines[0].quad;
    (wider[1].x, wider[2].x) = (wider[1].x + 20.0, wider[2].x + 20.0);
    assert!(matches!(decide(&cut), Verdict::Accepted { .. }));
    let mut elsewhere = seen;
    elsewhere.photos[0].second_lines = vec![line(5, "S/N:010026532524")];
    assert!(matches!(decide(&elsewhere), Verdict::Review { .. }));
}

#[test]
fn two_serials_in_view_are_a_question() {
    reviews(
        &[(Code128, "77987515"), (Code128, "77362976")],
        &["S/N: 77987515", "", "", "S/N: 77362976"],
        "77362976",
        ReasonCode::TwoSerials,
    );
    let named = [(Code128, "SN: 77987515"), (Code128, "SN: 77362976")];
    reviews(&named, &[], "77362976", ReasonCode::TwoSerials);
    reviews(
        &[(Code128, "SN:77987515")],
        &["S/N: 77362976"],
        "77987515",
        ReasonCode::BarcodeTextDiffer,
    );
    accepts(&[(Code128, "77987515")], &["S/N: 77987S1S"], "77987515");
}

#[test]
fn print_that_ends_before_the_barcode_does_is_a_question_unless_it_was_cut() {
    let named = [(Code128, "SN:77987515")];
    reviews(&named, &["S/N: 779875"], "77987515", ReasonCode::BarcodeTextDiffer);
    let mut cut = evidence(&named, &["S/N: 779875"]);
    cut.photos[0].lines[0].bounds.ink_after = true;
    assert!(is_accepted(&decide(&cut)));
}

#[test]
fn a_one_dimensional_barcode_needs_two_votes() {
    let mut seen = evidence(&[(Code128, "SN: 7B890026")], &[]);
    seen.photos[0].barcodes[0].votes = 1;
    assert!(matches!(decide(&seen), Verdict::Review { .. }));
}

#[test]
fn label_and_screen_are_compared() {
    let label = photo(&[(Code128, "0821032398")], &["PAX", "S/N: 0821032398"]);
    let mut screen = photo(&[], &["SN: 0821032398"]);
    screen.surface = Surface::Screen;
    let seen = Evidence { photos: vec![label.clone(), screen.clone()] };
    let Verdict::Accepted { serial } = decide(&seen) else { panic!("accepted") };
    assert!(serial.checks.contains(&Check::SeveralPhotos));
    for shown in [&["SN: 0821999999"][..], &["Serial number", "0821999999"]] {
        screen.lines = shown.iter().enumerate().map(|(row, text)| line(row, text)).collect();
        let seen = Evidence { photos: vec![label.clone(), screen.clone()] };
        let Verdict::Review { reasons, .. } = decide(&seen) else { panic!("review: {shown:?}") };
        assert!(reasons.contains(&Reason(ReasonCode::LabelScreenMismatch)), "{reasons:?}");
    }
}

#[test]
fn the_estate_helps_or_is_required() {
    let formats = Formats::builtin();
    let seen = evidence(&[(Code128, "77987515")], &[]);
    let known = Estate::new(EstateMode::Helpful, ["77987515".to_owned()]);
    assert!(matches!(judge(&formats, &seen, &known).verdict, Verdict::Accepted { .. }));
    let seen = evidence(&[(Code128, "SN:77987515")], &["S/N: 77987515"]);
    let other = Estate::new(EstateMode::Required, ["1234567".to_owned()]);
    let Verdict::Review { reasons, .. } = judge(&formats, &seen, &other).verdict else {
        panic!("review")
    };
    assert!(reasons.contains(&Reason(ReasonCode::NotInEstate)));
    let parts = Estate::unknown().with_part_numbers(["77987515".to_owned()]);
    let Verdict::Review { reasons, .. } = judge(&formats, &seen, &parts).verdict else {
        panic!("review")
    };
    assert!(reasons.contains(&Reason(ReasonCode::PartNumber)));
}

#[test]
fn nothing_in_view_says_why() {
    let Verdict::Unreadable { reasons } = decide(&Evidence::default()) else {
        panic!("unreadable")
    };
    assert_eq!(reasons, [Reason(ReasonCode::NoLabel)]);
    let mut blurred = evidence(&[], &["Made in X"]);
    blurred.photos[0].faults = vec![Fault::Blurred];
    let Verdict::Unreadable { reasons } = decide(&blurred) else { panic!("unreadable") };
    assert!(reasons.contains(&Reason(ReasonCode::PhotoBlurred)));
}

#[test]
fn a_barcode_under_its_caption() {
    let mut seen = evidence(&[], &["S/N", "", "", "", "C2208136041"]);
    let mut below = barcode(Code128, "C2208136041");
    below.quad = quad(0.0, 25.0, 200.0, 80.0);
    seen.photos[0].barcodes = vec![below];
    assert!(matches!(decide(&seen), Verdict::Accepted { .. }));
}

#[test]
fn of_a_row_for_each_number_the_barcode_after_the_keyword_is_the_serial() {
    let row = |y: f32, keyword: &str, value: &str| {
        let mut code = barcode(Code128, value);
        code.quad = quad(100.0, y - 10.0, 300.0, 40.0);
        let lines = [(0.0, y, keyword), (100.0, y + 32.0, value)];
        (code, lines.map(|(x, y, text)| crate::testing::line_at(x, y, text)))
    };
    let seen = |keyword: &str| {
        let rows = [row(0.0, "ID", "133619"), row(80.0, keyword, "C2208136041")];
        let mut seen = evidence(&[], &[]);
        for (code, lines) in rows {
            seen.photos[0].barcodes.push(code);
            seen.photos[0].lines.extend(lines);
        }
        seen
    };
    let Verdict::Accepted { serial } = decide(&seen("S/N")) else { panic!("accepted") };
    assert_eq!(serial.value, "C2208136041");
    assert!(matches!(decide(&seen("ID")), Verdict::Review { .. }));
    // What the print below a barcode does not say was perhaps misread.
    let mut other = seen("S/N");
    other.photos[0].lines.pop();
    assert!(matches!(decide(&other), Verdict::Review { .. }));
}

#[test]
fn a_line_that_a_detector_parted_is_one_line() {
    let at = |x: f32, y: f32| {
        let lines = vec![
            crate::testing::line_at(0.0, 0.0, "Serial No."),
            crate::testing::line_at(x, y, "3151519A"),
        ];
        let mut seen = evidence(&[], &[]);
        seen.photos[0].lines = lines.clone();
        seen.photos[0].second_lines = lines;
        decide(&seen)
    };
    assert!(matches!(at(120.0, 2.0), Verdict::Accepted { .. }));
    assert!(matches!(at(0.0, 22.0), Verdict::Accepted { .. }), "below it, the only one");
    assert!(matches!(at(280.0, 2.0), Verdict::Review { .. }), "far from it");
}

#[test]
fn identifiers_are_typed() {
    let lines =
        ["P/N:D150-0B0 S/N:77987515", "IMEI: 357654062100956", "TUSN: 00005702280117638929"];
    let judgement = judge(
        &Formats::builtin(),
        &evidence(&[(Ean13, "7898955172612")], &lines),
        &Estate::unknown(),
    );
    let kinds: Vec<_> =
        judgement.identifiers.iter().map(|found| (found.kind, found.value.as_str())).collect();
    assert_eq!(
        kinds,
        [
            (IdentifierKind::PartNumber, "D150-0B0"),
            (IdentifierKind::Imei, "357654062100956"),
            (IdentifierKind::Tusn, "00005702280117638929"),
            (IdentifierKind::Ean, "7898955172612"),
        ]
    );
}

#[test]
fn a_model_beside_a_lone_keyword_is_not_the_serial() {
    // The caption stands far from its number; the model happens to be nearer. Both readings see
    // the same, so only the rule can tell.
    let lines = vec![
        crate::testing::line_at(0.0, 0.0, "Serial No."),
        crate::testing::line_at(160.0, 6.0, "DTK-2200/K"),
        crate::testing::line_at(140.0, 80.0, "6CAC000010"),
    ];
    let mut seen = evidence(&[], &[]);
    seen.photos[0].lines = lines.clone();
    seen.photos[0].second_lines = lines;
    assert!(matches!(decide(&seen), Verdict::Review { .. }));
    seen.photos[0].barcodes = vec![barcode(Code128, "DTK2200K"), barcode(Code39, "6CAC000010")];
    seen.photos[0].barcodes[1].quad = quad(900.0, 900.0, 100.0, 50.0);
    assert!(matches!(decide(&seen), Verdict::Review { .. }));
}

/// What a taught format of seven digits in one piece makes of print that was read twice.
#[track_caller]
fn taught(first: &[&str], second: &[&str], change: impl Fn(&mut PhotoEvidence)) -> Verdict {
    let meter = "[[format]]\nname=\"meter\"\nshapes=[\"ddddddd\"]\nsamples=[\"6527155\"]";
    let formats = Formats::builtin().with_operator_file(meter).expect("valid");
    let mut seen = evidence(&[], first);
    seen.photos[0].second_lines =
        second.iter().enumerate().map(|(row, text)| line(row, text)).collect();
    change(&mut seen.photos[0]);
    judge(&formats, &seen, &Estate::unknown()).verdict
}

fn is_accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accepted { .. })
}

#[test]
fn of_a_known_length_each_end_must_be_seen_free_once() {
    let ends = |first: (bool, bool), second: (bool, bool)| {
        is_accepted(&taught(&["4471902"], &["4471902"], |photo| {
            (photo.lines[0].bounds.ink_before, photo.lines[0].bounds.ink_after) = first;
            let again = &mut photo.second_lines[0].bounds;
            (again.ink_before, again.ink_after) = second;
        }))
    };
    assert!(ends((false, false), (false, false)));
    assert!(ends((false, false), (true, true)));
    assert!(ends((false, true), (true, false)));
    assert!(!ends((false, true), (false, true)));
    assert!(!ends((true, true), (true, true)));
}

#[test]
fn a_taught_form_is_written_as_its_samples_are() {
    for (first, accepted) in [
        ("4471902", true),
        ("4471902 2016", true),
        ("4471902 1860", false),
        ("1860 4471902", false),
        ("4,471,902;", false),
        ("447 1902", false),
        ("CM/L-4471902", false),
    ] {
        assert_eq!(is_accepted(&taught(&[first], &[first], |_| ())), accepted, "{first}");
    }
}

#[test]
fn a_character_short_of_the_maker_s_form_is_a_question() {
    let short = |brand: &str, value: &str| {
        let keyed = format!("S/N: {value}");
        is_accepted(&taught(&[brand, &keyed], &[brand, &keyed], |_| ()))
    };
    assert!(short("PAX", "0821032398") && !short("PAX", "082103239"));
    assert!(!short("", "00015821360501"), "almost a Castles serial");
    assert!(!short("", "447190") && short("", "4471902"), "almost a taught one");
    assert!(short("", "447190224"), "far from any");
}

#[test]
fn an_unsure_character_of_print_alone_is_a_question() {
    let unsure = |at: usize, p: f32| {
        is_accepted(&taught(&["S/N: 447190224"], &["S/N: 447190224"], |photo| {
            photo.lines[0].chars[at].p = p;
        }))
    };
    assert!(unsure(9, 0.991) && !unsure(9, 0.98), "9 looks like no digit");
    assert!(unsure(8, 0.996) && !unsure(8, 0.99), "1 looks like 4 and 7");
    let looks = taught(&["S/N: 4K1AB2F7"], &["S/N: 4K1AB2F7"], |_| ());
    assert!(!is_accepted(&looks), "1 may be an I");
}

#[test]
fn a_value_that_may_go_on_below_is_a_question() {
    let wrapped =
        |below: &str| is_accepted(&taught(&["S/N 075628413", below], &["S/N 075628413"], |_| ()));
    assert!(!wrapped("A0V-PL"), "the serial is 075628413A0VPL");
    assert!(wrapped("Made in X") && wrapped("P/N: A0V-PL"));
    assert!(is_accepted(&taught(&["S/N 4471902", "2093"], &["S/N 4471902"], |_| ())));
}

#[test]
fn a_gap_with_room_for_a_character_is_a_question() {
    let gap = |wide: u16| {
        is_accepted(&taught(&["S/N: 447190224"], &["S/N: 447190224"], |photo| {
            for (at, char) in photo.lines[0].chars.iter_mut().enumerate() {
                char.step = 2 * at as u16 + if at > 8 { wide } else { 0 };
            }
        }))
    };
    assert!(gap(0) && gap(1) && !gap(2));
}

#[test]
fn two_numbers_of_a_taught_form_are_a_question() {
    let verdict = taught(&["4471902", "2093817"], &["4471902"], |_| ());
    let Verdict::Review { reasons, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!(reasons, [Reason(ReasonCode::TwoSerials)]);
    assert!(is_accepted(&taught(&["4471902", "CM/L-8708690"], &["4471902"], |_| ())));
}

#[test]
fn a_keyword_that_names_another_value_than_the_taught_one_is_a_question() {
    let reviews = |first: &[&str]| {
        let verdict = taught(first, &["", "", "", "4471902"], |_| ());
        assert!(!is_accepted(&verdict), "{verdict:?}");
    };
    reviews(&["Serial No.", "S37096", "", "4471902"]);
    reviews(&["P/N:D150-09418017 S/K:5051374", "", "", "4471902"]);
    assert!(is_accepted(&taught(&["", "", "", "4471902"], &["", "", "", "4471902"], |_| ())));
}

#[test]
fn a_number_of_almost_the_taught_form_may_be_the_serial() {
    let beside = |other: &str| is_accepted(&taught(&["4471902", other], &["4471902"], |_| ()));
    assert!(!beside("S/N 209381") && !beside("Serial No. 20938174"), "said to be the serial");
    assert!(beside("209381") && beside("S/N 2093") && beside("CM/L-20938174"));
}

#[test]
fn a_barcode_that_a_form_corrects_is_a_question() {
    // The second character of 2 was read as Z by the barcode, which has no check, and by the print.
    reviews(
        &[(Code39, "C023UR29Z83676")],
        &["CLOVER", "S/N:C023UR29Z83676"],
        "C023UR29Z83676",
        ReasonCode::BarcodeTextDiffer,
    );
}

#[test]
fn a_value_of_several_lines_is_for_comparing_with_a_barcode() {
    let wrapped = ["SN:", "0284476", "6813502"];
    assert!(is_accepted(&decide(&evidence(&[(DataMatrix, "02844766813502")], &wrapped))));
    let mut again = evidence(&[], &wrapped);
    again.photos[0].second_lines = again.photos[0].lines.clone();
    assert!(!is_accepted(&decide(&again)));
}

#[test]
fn a_keyword_beside_two_barcodes_of_which_one_is_named_otherwise() {
    let lines = ["S/N", "77987515", "IMEI: 357654062100956"];
    accepts(&[(Code128, "77987515"), (Code128, "357654062100956")], &lines, "77987515");
    let unnamed = evidence(&[(Code128, "77987515"), (Code128, "A1357654")], &lines);
    assert!(!is_accepted(&decide(&unnamed)));
}

#[test]
fn print_that_a_barcode_goes_on_with_is_cut() {
    let mut cut = evidence(&[(Code128, "5652725345")], &["S/N 565272534"]);
    cut.photos[0].second_lines = vec![line(0, "S/N 565272534")];
    let Verdict::Review { reasons, .. } = decide(&cut) else { panic!("review") };
    assert!(reasons.contains(&Reason(ReasonCode::BarcodeTextDiffer)), "{reasons:?}");
}

#[test]
fn a_value_with_several_corrections_is_a_question() {
    // 0 stands where Clover has a letter: O, D, Q and E look like it.
    let lines = ["CLOVER", "SN: C024U075934814"];
    assert!(!is_accepted(&taught(&lines, &lines, |_| ())));
}

#[test]
fn an_identifier_of_one_letter_is_not_stripped_for_a_form_that_anything_has() {
    assert!(!is_accepted(&decide(&evidence(&[(Code39, "S6179967397")], &["Serial Number"]))));
    accepts(&[(Code128, "S6179967397")], &["PAX"], "6179967397");
    // Code 39 has no check: nothing vouches for its characters.
    assert!(!is_accepted(&decide(&evidence(&[(Code39, "S6179967397")], &["PAX"]))));
}

#[test]
fn a_misread_keyword_makes_no_other_number_the_serial() {
    assert!(!is_accepted(&taught(&["4471902", "SA:2093817"], &["4471902"], |_| ())));
    let lines = ["S/N: 77862976", "Serial No.", "C030UQ50550081"];
    let mut seen = evidence(&[(Code128, "77362976")], &lines);
    assert!(!is_accepted(&decide(&seen)), "a form like no other stands below a keyword");
    seen.photos[0].lines.truncate(1);
    assert!(is_accepted(&decide(&seen)));
}

#[test]
fn of_two_serial_keywords_in_a_line_one_is_misread() {
    let twice = |print: &str| {
        let mut seen = evidence(&[], &[print]);
        seen.photos[0].second_lines = vec![line(0, print)];
        is_accepted(&decide(&seen))
    };
    assert!(!twice("S/N:D150-87571364 S/N:DCBSNUZCK-GH"));
    assert!(twice("P/N:D150-87571364 S/N:77987515"));
}

#[test]
fn a_character_that_both_readings_got_wrong_is_a_question() {
    let read = |first: &str, second: &str| is_accepted(&taught(&[first], &[second], |_| ()));
    assert!(read("44719O2", "4471902"), "one of them saw the digit");
    assert!(!read("44719O2", "44719O2"));
}

#[test]
fn a_named_barcode_that_is_almost_the_print_in_the_maker_s_form_is_a_question() {
    let named = "[)>\u{1e}06\u{1d}1PD150\u{1d}S672426861D00\u{1e}\u{4}";
    let lines = ["INGENICO", "672426861900"];
    reviews(&[(Code128, named)], &lines, "672426861D00", ReasonCode::BarcodeTextDiffer);
    let right = named.replace("1D00", "1900");
    accepts(&[(Code128, &right)], &lines, "672426861900");
}

#[test]
fn print_that_a_barcode_perhaps_names_otherwise_may_be_cut() {
    let verdict = taught(&["3867062"], &["3867062"], |photo| {
        photo.barcodes = vec![barcode(Code128, "P3867062")];
    });
    assert!(!is_accepted(&verdict));
}

#[test]
fn a_person_is_not_shown_what_is_only_in_the_way() {
    let two_labels = [
        "PAX P/N: M496-D9G-M36C3",
        "Input: 5V 2A Battery: 3.7V 5250mAh",
        "S/N: 0826454853",
        "SN: 0824331656",
    ];
    let Verdict::Review { candidates, .. } = decide(&evidence(&[], &two_labels)) else {
        panic!("two serials are in view");
    };
    let shown: Vec<_> = candidates.iter().map(|candidate| candidate.value.as_str()).collect();
    assert_eq!(shown, ["0824331656", "0826454853"]);
    // Where nothing says which it is, all that may be one is shown.
    let Verdict::Review { candidates, .. } = decide(&evidence(&[], &["M496-D9G-M36C3"])) else {
        panic!("nothing names it");
    };
    assert_eq!(candidates[0].value, "M496D9GM36C3");
}
