use super::*;
use proptest::prelude::*;

/// The fields of a QR code, one a line: kind, role and value; `…` behind a value that may not end
/// there.
fn read(payload: &str) -> Vec<String> {
    read_as(payload, Symbology::QrCode, false)
}

fn read_as(payload: &str, symbology: Symbology, gs1: bool) -> Vec<String> {
    let line = |field: &Field| {
        let open = if field.extent == Extent::Open { "…" } else { "" };
        format!("{:?} {:?} {}{open}", field.kind, field.role, field.value)
    };
    parse_payload(payload, symbology, gs1).iter().map(line).collect()
}

#[track_caller]
fn check(payload: &str, expected: &[&str]) {
    assert_eq!(read(payload), expected, "{payload:?}");
}

#[track_caller]
fn check_gs1(payload: &str, expected: &[&str]) {
    assert_eq!(read_as(payload, Symbology::Code128, true), expected, "{payload:?}");
}

/// What may be taken for a device's serial by the payload alone.
fn serials(payload: &str) -> Vec<String> {
    let mut fields = parse_payload(payload, Symbology::QrCode, false);
    fields.retain(|field| {
        (field.kind, field.role, field.extent)
            == (IdentifierKind::Serial, FieldRole::Named, Extent::Closed)
    });
    fields.into_iter().map(|field| field.value).collect()
}

#[test]
fn one_value_is_whole_and_may_have_an_identifier() {
    check("77987515", &["Other Whole 77987515"]);
    check("\u{feff}77987515\r\n", &["Other Whole 77987515"]);
    check("]C077987515", &["Other Whole 77987515"]);
    check("SN133501010924", &["Serial PerhapsNamed 133501010924", "Other Whole SN133501010924"]);
    check("SPF0UFLRH", &["Serial PerhapsNamed PF0UFLRH", "Other Whole SPF0UFLRH"]);
    check(
        "1S80WK00F9USPF0UFLRH",
        &["Other PerhapsNamed 80WK00F9USPF0UFLRH", "Other Whole 1S80WK00F9USPF0UFLRH"],
    );
    check("1P12345", &["PartNumber PerhapsNamed 12345", "Other Whole 1P12345"]);
    check("23S383A2127CF16", &["Mac PerhapsNamed 383A2127CF16", "Other Whole 23S383A2127CF16"]);
}

#[test]
fn a_key_names_one_value_and_its_end_closes_it() {
    for payload in [
        "SN: 7B890026",
        "S/N:7B890026",
        "SN=7B890026",
        "]Q1SN:7B890026",
        "Nomor Seri: 7B890026",
        "Sarjanumero: 7B890026",
        "Serijski broj: 7B890026",
        "Số sê-ri: 7B890026",
        "Gerätenummer: 7B890026",
        "No. Siri: 7B890026",
        "Nr fabr.: 7B890026",
        "序列号：7B890026",
    ] {
        check(payload, &["Serial Named 7B890026"]);
    }
}

#[test]
fn pairs_are_separated_by_what_separates_all_of_them() {
    for separator in
        [" ", "/", "&", "#", "_", "\u{ff0c}", "\u{ff1b}", "\u{1d}", "\0", ", ", "; ", "|"]
    {
        check(
            &format!("SN:7B890026{separator}MODEL:S800"),
            &["Serial Named 7B890026", "Model Named S800"],
        );
    }
    check("SN: 7B890026 Model: S800", &["Serial Named 7B890026", "Model Named S800"]);
    check("sn=7B890026&pn=S8-0B0", &["Serial Named 7B890026", "PartNumber Named S8-0B0"]);
    check(
        "{SN:7B890026,DT:TB-C3,NC:11}",
        &["Serial Named 7B890026", "Other Listed TB-C3", "Other Listed 11"],
    );
    check(
        "model:S800;sn:7B890026;imei:357654062100956",
        &["Model Named S800", "Serial Named 7B890026", "Imei Named 357654062100956"],
    );
}

#[test]
fn what_the_grammar_does_not_know_leaves_the_value_open() {
    for tail in [
        " Rev B2",
        "/S800",
        "&B2",
        "#2",
        "_02",
        " 12/2024",
        "\0B2",
        "\u{1d}B2",
        "(box)",
        "，2",
        "~7B890029",
    ] {
        let payload = format!("SN:7B890026{tail}");
        assert!(serials(&payload).is_empty(), "{payload:?} {:?}", read(&payload));
        assert_eq!(read(&payload)[0], "Serial Named 7B890026…", "{payload:?}");
        let payload = format!("7B890026{tail}");
        let fields = parse_payload(&payload, Symbology::QrCode, false);
        let unknown = |field: &Field| {
            field.role == FieldRole::Unknown
                || field.extent == Extent::Open
                || field.role == FieldRole::Listed
        };
        assert!(fields.iter().all(unknown), "{payload:?} {:?}", read(&payload));
    }
    check(
        "0044 30.2019 023800 Mux rev4",
        &[
            "Other Unknown 0044…",
            "Other Unknown 30…",
            "Other Unknown 2019…",
            "Other Unknown 023800…",
            "Other Unknown Mux…",
            "Other Unknown rev4…",
        ],
    );
    check(
        "4K002C6P:DH-C35P:L2AB",
        &["Other Unknown 4K002C6P…", "Other Unknown DH-C35P…", "Other Unknown L2AB…"],
    );
    check("324 689 776", &["Other Whole 324689776…"]);
    check("SN:7B890026,7B890027", &["Serial Named 7B890026…", "Other Listed 7B890027"]);
    check("SN:6\u{410}000001", &["Serial Unknown 6…", "Other Unknown 000001…"]);
}

#[test]
fn lists_and_captions_of_their_own_line_are_told_apart() {
    check(
        "502867,AC50OXP,SG150700048,357654062100956",
        &[
            "Other Listed 502867",
            "Other Listed AC50OXP",
            "Other Listed SG150700048",
            "Imei Listed 357654062100956",
        ],
    );
    check(
        "(S)SN\rSPF0UFLRH\rSN.MO\rPF0UFLRHPF9XB7625009",
        &["Serial Named PF0UFLRH", "Other Listed PF0UFLRHPF9XB7625009"],
    );
    check("SN\n7B890026", &["Serial Named 7B890026"]);
    check("SN:7B890026;QTY:20", &["Serial Unknown 7B890026", "Other Unknown 20"]);
    check("SN:7B890026;QTY:1", &["Serial Named 7B890026", "Other Named 1"]);
}

#[test]
fn the_columns_of_a_table_never_shift() {
    check("P/N,S/N\nD150-0B0,7B890026", &["PartNumber Named D150-0B0", "Serial Named 7B890026"]);
    check("P/N,S/N,D150-0B0,7B890026", &["PartNumber Named D150-0B0", "Serial Named 7B890026"]);
    check(
        "Model;Serial Number;MAC\n;7B890026;00:11:22:AA:BB:CC",
        &["Serial Named 7B890026", "Mac Named 00:11:22:AA:BB:CC"],
    );
    check("Foo\tSN\r\nx1\t7B890026\r\n", &["Other Listed x1", "Serial Named 7B890026"]);
    for uneven in ["P/N,S/N\nD150-0B0,X,7B890026", "P/N,S/N\n7B890026", "P/N,S/N,7B890026"] {
        assert!(serials(uneven).is_empty(), "{uneven:?} {:?}", read(uneven));
    }
}

#[test]
fn objects_keep_numbers_as_they_are_written() {
    check(
        r#"{"model":"S800","sn":30006200100000012345}"#,
        &["Model Named S800", "Serial Named 30006200100000012345"],
    );
    check(r#"{"sn":1.70E+09}"#, &["Other Unknown 1…", "Other Unknown 70E…", "Other Unknown 09…"]);
    check(r#"{"sn":1E19}"#, &["Other Unknown 1E19"]);
    check("{'sn': '7B890026', 'n': 7}", &["Serial Named 7B890026", "Other Listed 7"]);
    check(
        r#"{"sn":"7B890026","battery":{"sn":"BT12345678"},"dev":{"sn":"7B890027"}}"#,
        &["Serial Named 7B890026", "Other Unknown BT12345678", "Serial Named 7B890027"],
    );
    assert_eq!(serials(r#"[{"sn":"7B890026"},{"sn":"7B890027"}]"#), ["7B890026", "7B890027"]);
    check(r#"{"sn":"7B\u0038\/90"}"#, &["Serial Named 7B8…", "Other Unknown 90…"]);
}

#[test]
fn addresses_name_what_their_query_names() {
    let expected = &["Serial Named 7B890026", "Other InAddress d", "Other InAddress 99"];
    check("https://example.com/d?sn=7B890026&x=99", expected);
    check("HTTPS://EXAMPLE.COM/d?SN=7B890026&amp;x=99", expected);
    check("example.com/d?sn=7B890026&x=99", expected);
    check("https://example.com/7B890026", &["Other InAddress 7B890026"]);
    assert!(serials("https://example.com/?sn=7B890026%20B2").is_empty());
    check(
        "https://example.com/01/04035999001512/21/77987515?x=1",
        &["Ean Named 04035999001512", "Serial Named 77987515"],
    );
}

#[test]
fn gs1_elements_end_where_their_identifier_says() {
    let expected = &[
        "Ean Named 04035999001512",
        "Other Named 89209876",
        "Date Named 171231",
        "Serial Named 3300004532",
    ];
    check("(01)04035999001512(10)89209876(15)171231(21)3300004532", expected);
    let encoded = "01040359990015121089209876\u{1d}15171231213300004532";
    check_gs1(encoded, expected);
    check(&format!("]d2{encoded}"), expected);
    check("(21)12345AB(11)090101", &["Serial Named 12345AB", "Date Named 090101"]);
    check("0104035999001512217B89C026", &["Ean Named 04035999001512", "Serial Named 7B89C026"]);
    check_gs1("80044012345ASSET0077", &["Other Named 4012345ASSET0077"]);
    check_gs1("800304012345678901ABC123", &["Other Named 04012345678901ABC123"]);
    check_gs1("00340123450000000000", &["Other Named 340123450000000000"]);
}

#[test]
fn gs1_elements_that_are_glued_are_a_question() {
    for glued in ["2112345AB11090101", "21SERIAL7710LOT5", "2112345AB0104035999001512"] {
        let fields = parse_payload(glued, Symbology::Code128, true);
        assert!(
            fields
                .iter()
                .all(|field| field.extent == Extent::Open || field.role == FieldRole::Unknown),
            "{glued} {fields:?}"
        );
    }
    let marked = "010403599900151221Ab4Bn93LMv9";
    assert!(serials(marked).is_empty(), "{:?}", read(marked));
    // A piece of food by weight is no device, whatever its carton's number is called.
    let carton =
        parse_payload("01906641589574681121102531020003402152731515", Symbology::Code128, true);
    assert!(
        carton
            .iter()
            .all(|field| field.role != FieldRole::Named || field.kind != IdentifierKind::Serial)
    );
}

#[test]
fn envelopes_are_read_with_the_defects_of_the_field() {
    let expected = &["PartNumber Named D150-0B0", "Serial Named 77987515"];
    for payload in [
        "[)>\u{1e}06\u{1d}1PD150-0B0\u{1d}S77987515\u{1e}\u{4}",
        "[)>06\u{1d}1PD150-0B0\u{1d}S77987515\u{1e}\u{4}",
        "[)>\u{1e}06\u{1d}1PD150-0B0\u{1d}S77987515",
        "[)>\x0006\u{1d}1PD150-0B0\u{1d}S77987515\0\u{4}",
        "[)>\u{1d}06\u{1d}1PD150-0B0\u{1d}S77987515\u{1d}\u{4}",
        ">[)>\u{1e}06\u{1d}1PD150-0B0\u{1d}S77987515\u{1e}\u{4}",
    ] {
        check(payload, expected);
    }
    check("[)>\u{1e}06\u{1d}18S1A2B3SN77\u{1e}\u{4}", &["Serial Named SN77"]);
    check(
        "[)>\u{1e}05\u{1d}0104035999001512\u{1d}217404313\u{1e}\u{4}",
        &["Ean Named 04035999001512", "Serial Named 7404313"],
    );
    check(
        "[)>\u{1e}06\u{1d}S77987515\u{1d}Q20\u{1e}\u{4}",
        &["Serial Unknown 77987515", "Other Unknown 20"],
    );
    check(
        "[)>\u{1e}06\u{1d}S77987515\u{1d}Q1\u{1e}\u{4}",
        &["Serial Named 77987515", "Other Named 1"],
    );
    check(
        "[)>\u{1e}06\u{1d}S77987515/B2\u{1e}\u{4}",
        &["Serial Named 77987515…", "Other Unknown B2…"],
    );
}

#[test]
fn hibc_messages_end_in_their_check_character() {
    let with_check = |body: &str| {
        const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";
        let sum: usize = body.chars().filter_map(|char| ALPHABET.find(char)).sum();
        format!("{body}{}", ALPHABET.chars().nth(sum % 43).unwrap_or('0'))
    };
    check("+A123BJC5D6E71G", &["PartNumber Named BJC5D6E7"]);
    check(
        &with_check("+A123BJC5D6E71/$+7B890026"),
        &["PartNumber Named BJC5D6E7", "Serial Named 7B890026"],
    );
    check(
        &with_check("+A123BJC5D6E71/$$+72001317B890026"),
        &["PartNumber Named BJC5D6E7", "Serial Named 2001317B890026"],
    );
    check(
        &with_check("+A123BJC5D6E71/$$3240117LOT9/S7B890026/16D20240117"),
        &[
            "PartNumber Named BJC5D6E7",
            "Other Named 3240117LOT9…",
            "Serial Named 7B890026",
            "Date Named 20240117",
        ],
    );
    assert!(serials("+A123BJC5D6E71/S7B890026X").is_empty(), "the check character is wrong");
}

#[test]
fn code_39_may_end_in_a_check_character() {
    // 1+2+…+9 = 45, 45 - 43 = 2.
    assert_eq!(
        read_as("1234567892", Symbology::Code39, false),
        ["Other Whole 1234567892…", "Other Whole 123456789…"]
    );
    assert_eq!(read_as("1234567891", Symbology::Code39, false), ["Other Whole 1234567891"]);
    assert_eq!(read_as("1234567892", Symbology::Code128, false), ["Other Whole 1234567892"]);
}

#[test]
fn product_numbers_are_known_by_their_symbology() {
    assert_eq!(read_as("212857310045", Symbology::UpcA, false), ["Ean Named 212857310045"]);
}

#[test]
fn hostile_payloads_are_cut() {
    assert!(read(&"€".repeat(100_000)).is_empty());
    assert_eq!(read(&"1,".repeat(100_000)).len(), FIELDS_MAX);
    assert!(serials(&format!("SN:{}", "7".repeat(100_000))).is_empty(), "its end was cut off");
    for open in ["[", "{\"a\":", "{'sn':{", "{", "sn:", "(21)", "\\u"] {
        read(&open.repeat(4000));
        assert!(serials(&format!("{{\"sn\":{}", open.repeat(1000))).is_empty());
    }
    assert!(read_as("", Symbology::QrCode, true).is_empty());
}

fn number() -> impl Strategy<Value = String> {
    "[0-9A-Z]{3,8}[0-9]{4,8}"
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("SN:".to_owned()),
        Just("{\"sn\":".to_owned()),
        Just("(21)".to_owned()),
        Just("[)>".to_owned()),
        Just("\u{1e}06\u{1d}S".to_owned()),
        Just("+A123".to_owned()),
        Just("https://a.b/?sn=".to_owned()),
        Just("P/N,S/N\n".to_owned()),
        Just("\\u00".to_owned()),
        number(),
        "[ -~]{1,3}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_payload_gives_an_answer(payload in hostile(), gs1 in any::<bool>(), code_39 in any::<bool>()) {
        let symbology = if code_39 { Symbology::Code39 } else { Symbology::QrCode };
        let fields = parse_payload(&payload, symbology, gs1);
        prop_assert!(fields.len() <= FIELDS_MAX);
        for field in fields.iter().filter(|it| it.extent == Extent::Closed && it.role != FieldRole::InAddress) {
            let escaped = payload.contains(['%', '\\']);
            prop_assert!(escaped || payload.contains(&field.value), "{:?} of {:?}", field, payload);
        }
    }

    #[test]
    fn a_tail_behind_an_unknown_separator_never_joins_a_closed_value(
        number in number(),
        tail in "[0-9A-Z]{1,8}",
        separator in "[ /&#_~+!?%\u{0}\u{1d}，；、。|,;]",
        form in prop_oneof![Just("SN:"), Just("S/N "), Just("序列号："), Just(""), Just("S"), Just("[)>\u{1e}06\u{1d}S"), Just("https://a.b/d?sn=")],
        gs1 in any::<bool>(),
    ) {
        let fields = parse_payload(&format!("{form}{number}{separator}{tail}"), Symbology::QrCode, gs1);
        let joined = format!("{number}{tail}");
        for field in &fields {
            let value: String = field.value.chars().filter_map(fold_char).collect();
            prop_assert!(field.extent == Extent::Open || !value.contains(&joined), "{:?}", field);
        }
    }
}
