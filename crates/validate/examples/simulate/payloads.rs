//! Barcodes that hold more than a serial.

use crate::fill::{code_39_check, imei, product_number};
use crate::sheet::Sheet;
use rand::RngExt;
use validate::Symbology;

const GS: char = '\u{1d}';

/// The serial in print beside its payload: after a caption, bare, or not at all. Where nothing
/// confirms a payload that has to be understood, nobody blames a question.
fn beside(sheet: &mut Sheet<'_>, plain: bool) {
    match sheet.random.random_range(0..10) {
        0..6 => sheet.captioned_serial(),
        6..8 => {
            let serial = sheet.serial();
            sheet.line(serial);
            if !plain {
                sheet.not_asked();
            }
        }
        _ if plain => {}
        _ => sheet.not_asked(),
    }
}

pub(crate) fn json(sheet: &mut Sheet<'_>) {
    let serial = sheet.serial();
    let model = sheet.device.model;
    let key = sheet.one_of(&["sn", "SN", "serial", "serialNumber", "serial_number", "序列号"]);
    let digits = serial.bytes().all(|byte| byte.is_ascii_digit()) && !serial.starts_with('0');
    let payload = match sheet.random.random_range(0..10) {
        0..2 => format!("{{\"{key}\":\"{serial}\"}}"),
        2..4 => format!("{{\"model\":\"{model}\",\"{key}\":\"{serial}\",\"hw\":\"1.02\"}}"),
        4 => format!("{{'{key}':'{serial}','model':'{model}'}}"),
        5 => format!(
            "{{\"{key}\": \"{serial}\", \"battery\": {{\"sn\": \"BT{}\"}}}}",
            sheet.fill("%8d")
        ),
        6 => format!("{{\"device\":{{\"{key}\":\"{serial}\",\"pn\":\"{}\"}}}}", sheet.fill("%9d")),
        7 => format!("{{SN:{serial},DT:{model},SC:{},NC:11}}", sheet.fill("%8x")),
        _ if digits => format!("{{\"model\":\"{model}\",\"{key}\":{serial}}}"),
        8 => {
            let other = sheet.device.sibling(sheet.random);
            sheet.nothing_right();
            sheet.code(
                Symbology::QrCode,
                format!("[{{\"sn\":\"{serial}\"}},{{\"sn\":\"{other}\"}}]"),
            );
            return;
        }
        _ => {
            sheet.nothing_right();
            let number = sheet.one_of(&["1.70E+09", "3.0006E+19", "17000000000.0", "1E19"]);
            sheet.code(Symbology::QrCode, format!("{{\"sn\":{number},\"model\":\"{model}\"}}"));
            return;
        }
    };
    let symbology = sheet.matrix();
    sheet.code(symbology, payload);
    beside(sheet, true);
}

/// Keys and values with one of the many separators that are in use.
pub(crate) fn pairs(sheet: &mut Sheet<'_>) {
    let between = sheet.one_of(&[
        ";", ",", "|", "&", "/", " ", "\n", "\t", "#", "_", "，", "；", "\u{1d}", "\0", "$", "  ",
        "; ", "\r\n", "*",
    ]);
    let equals = sheet.one_of(&[":", ":", "=", "：", ": "]);
    let key = sheet.one_of(&["SN", "S/N", "sn", "Serial", "SerialNo", "Serial Number", "序列号"]);
    let others: &[(&str, &str)] = &[
        ("PN", "%4a-%6d"),
        ("MODEL", "%a%3dPRO"),
        ("MAC", "%12h"),
        ("HW", "V%d.%2d"),
        ("DATE", "%Y%m%D"),
        ("QTY", "%d"),
        ("REV", "%a%d"),
        ("TYPE", "POS"),
        ("DT", "%2a-%3a-%a%2d"),
    ];
    let first = sheet.random.random_range(0..others.len());
    let mut fields: Vec<String> = Vec::with_capacity(4);
    for at in 0..sheet.random.random_range(1..4) {
        let (name, pattern) = others[(first + at) % others.len()];
        fields.push(format!("{name}{equals}{}", sheet.fill(pattern)));
    }
    let at = sheet.random.random_range(0..=fields.len());
    fields.insert(at, format!("{key}{equals}{}", sheet.device.serial));
    // An end without a key: whose is it?
    if sheet.percent(15) {
        let end = sheet.one_of(&["Rev B2", "%2d", "V%d.%d", "OK", "%Y"]);
        fields.push(sheet.fill(end));
    }
    let symbology = sheet.matrix();
    sheet.code(symbology, fields.join(between));
    beside(sheet, matches!(between, ";" | "," | "|" | "\n" | "&" | "; "));
}

/// A row of names and a row of values.
pub(crate) fn header_row(sheet: &mut Sheet<'_>) {
    let between = sheet.one_of(&[",", ";", "\t", "|"]);
    let part = sheet.fill("%4a-%6d");
    let mac = sheet.fill("%12h");
    let (serial, model) = (sheet.serial(), sheet.device.model.to_owned());
    let serial_name = sheet.one_of(&["SN", "S/N", "Serial Number", "序列号"]);
    let mut columns = vec![(serial_name, serial)];
    columns.push((sheet.one_of(&["P/N", "Part Number", "PN"]), part));
    if sheet.percent(60) {
        columns.push(("MAC", mac));
    }
    if sheet.percent(60) {
        columns.insert(0, ("Model", model));
    }
    let turn = sheet.random.random_range(0..columns.len());
    columns.rotate_left(turn);
    let row = |cell: &dyn Fn(&(&str, String)) -> String| {
        columns.iter().map(cell).collect::<Vec<_>>().join(between)
    };
    let payload =
        format!("{}\n{}", row(&|column| column.0.to_owned()), row(&|column| column.1.clone()));
    sheet.code(Symbology::QrCode, payload);
    beside(sheet, true);
}

/// Values without names.
pub(crate) fn list(sheet: &mut Sheet<'_>) {
    let between = sheet.one_of(&[",", ";", "|", ":", " ", "/", "\n"]);
    let mut fields = vec![sheet.serial(), sheet.device.model.to_owned()];
    if sheet.percent(50) {
        fields.push(imei(sheet.random));
    }
    if sheet.percent(50) {
        let other = sheet.one_of(&["%12h", "L2%6a", "%Y%m%D", "%4a-%6d"]);
        fields.push(sheet.fill(other));
    }
    let turn = sheet.random.random_range(0..fields.len());
    fields.rotate_left(turn);
    sheet.code(Symbology::QrCode, fields.join(between));
    beside(sheet, false);
}

/// GS1 as it should be: FNC1 in front, a separator behind what has no fixed length.
pub(crate) fn gs1(sheet: &mut Sheet<'_>) {
    let gtin = product_number(sheet.random, "0690%9d");
    let date = sheet.fill("11%y%m%D");
    let serial = sheet.serial();
    let payload = match sheet.random.random_range(0..4) {
        0 => format!("01{gtin}21{serial}"),
        1 => format!("01{gtin}{date}21{serial}"),
        2 => format!("01{gtin}21{serial}{GS}10{}", sheet.fill("%6x")),
        _ => format!("21{serial}{GS}{date}"),
    };
    let symbology = sheet.one_of(&[Symbology::Code128, Symbology::DataMatrix, Symbology::QrCode]);
    sheet.gs1_code(symbology, payload);
    beside(sheet, true);
}

/// GS1 as it should not be: nothing declares it, or the separator is missing.
pub(crate) fn gs1_broken(sheet: &mut Sheet<'_>) {
    let gtin = product_number(sheet.random, "0690%9d");
    let date = sheet.fill("%y%m%D");
    let serial = sheet.serial();
    let declared = sheet.percent(40);
    let payload = match sheet.random.random_range(0..4) {
        0 => format!("01{gtin}21{serial}11{date}"),
        1 => format!("21{serial}11{date}"),
        2 => format!("21{serial}10{}", sheet.fill("%6x")),
        _ => format!("(21){serial}(11){date}"),
    };
    let symbology = sheet.one_of(&[Symbology::Code128, Symbology::DataMatrix]);
    match declared && !payload.starts_with('(') {
        true => sheet.gs1_code(symbology, payload),
        false => sheet.code(symbology, payload),
    }
    beside(sheet, false);
    sheet.not_asked();
}

/// ISO/IEC 15434 with the defects that are seen.
pub(crate) fn envelope(sheet: &mut Sheet<'_>) {
    let part = sheet.fill("%4a%6d");
    let serial = sheet.serial();
    let fields = match sheet.random.random_range(0..4) {
        0 => format!("1P{part}{GS}S{serial}"),
        1 => format!("P{part}{GS}1T{}{GS}S{serial}", sheet.fill("%6d")),
        2 => format!("S{serial}{GS}18V{}", sheet.fill("%9d")),
        _ => format!("1P{part}{GS}Q1{GS}S{serial}{GS}10D{}", sheet.fill("%y%w")),
    };
    let payload = match sheet.random.random_range(0..5) {
        0 => format!("[)>\u{1e}06{GS}{fields}"),
        1 => format!("[)>06{GS}{fields}\u{1e}\u{4}"),
        _ => format!("[)>\u{1e}06{GS}{fields}\u{1e}\u{4}"),
    };
    let symbology =
        sheet.one_of(&[Symbology::DataMatrix, Symbology::DataMatrix, Symbology::QrCode]);
    sheet.code(symbology, payload);
    beside(sheet, true);
}

/// Health industry bar code: a product, and in half of them its serial.
pub(crate) fn hibc(sheet: &mut Sheet<'_>) {
    let product = sheet.fill("+%a%3d%5d%d");
    let serial = sheet.serial();
    let body = match sheet.percent(50) {
        true => format!("{product}/$+{serial}"),
        false => product,
    };
    let check = code_39_check(&body).unwrap_or('0');
    let symbology = sheet.one_of(&[Symbology::Code128, Symbology::DataMatrix]);
    sheet.code(symbology, format!("{body}{check}"));
    if sheet.percent(60) {
        sheet.captioned_serial();
    } else if body.contains("/$+") {
        sheet.not_asked();
    } else {
        sheet.nothing_right();
    }
}

/// An address with the serial in its query or path.
pub(crate) fn query(sheet: &mut Sheet<'_>) {
    let serial = sheet.serial();
    let model = sheet.device.model.replace([' ', '/'], "");
    let payload = match sheet.random.random_range(0..7) {
        0 => format!("https://q.example.com/?sn={serial}&m={model}"),
        1 => format!("HTTPS://EX.COM/T?SN={serial}&PN={}", sheet.fill("%9d")),
        2 => format!("http://a.example.cn/d?m={model}&amp;sn={serial}"),
        3 => format!("sn={serial}&pn={}", sheet.fill("%4a-%6d")),
        4 => format!("www.example.com/reg?serial={serial}#top"),
        5 => format!(
            "https://id.example.com/01/{}/21/{serial}",
            product_number(sheet.random, "0690%9d")
        ),
        _ => format!("https://example.com/?model={model}&serialNumber={serial}"),
    };
    sheet.code(Symbology::QrCode, payload);
    beside(sheet, true);
}

/// A data identifier in front of the serial.
pub(crate) fn data_identifier(sheet: &mut Sheet<'_>) {
    let (identifier, plain) = sheet.one_of(&[
        ("S", true),
        ("1S", false),
        ("SN", true),
        ("SN: ", true),
        ("S/N:", true),
        ("18S", false),
    ]);
    let payload = format!("{identifier}{}", sheet.device.serial);
    if identifier == "SN" {
        sheet.label.right.push(payload.clone());
    }
    sheet.code(Symbology::Code128, payload);
    sheet.captioned_serial();
    if !plain {
        sheet.not_asked();
    }
}

/// Code 39 whose last character is its check: it is no part of the serial.
pub(crate) fn code_39(sheet: &mut Sheet<'_>) {
    let serial = sheet.serial();
    let check = code_39_check(&serial).unwrap_or('0');
    sheet.code(Symbology::Code39, format!("{serial}{check}"));
    if sheet.percent(70) {
        sheet.captioned_serial();
    } else {
        sheet.line(serial);
        sheet.not_asked();
    }
}
