//! Printed serials: what stands before, behind, above and below them.

use crate::fill::imei;
use crate::sheet::{OTHERS, Sheet};
use rand::RngExt;

pub(crate) const DATE_TAILS: &[&str] = &[
    "%m/%Y",
    "%m.%Y",
    "%Y-%m",
    "%Y",
    "%y%w",
    "%Y/%m/%D",
    "WK %y%w",
    "(%Y)",
    "%m-%y",
    "/%Y",
    "MFD %Y.%m",
    "%Y%m%D",
];
pub(crate) const RATING_TAILS: &[&str] = &[
    "240V~", "50Hz", "1A", "5V 2A", "5V=2A", "12V", "IP54", "2.4GHz", "60W", "3.7V", "5250mAh",
    "0.5A", "100-240V",
];
pub(crate) const REVISION_TAILS: &[&str] = &[
    "REV 03",
    "REV %2d",
    "V%d.%d",
    "Rev B2",
    "HW: V1.%2d",
    "C1",
    "-1",
    "#1",
    "Ver.A",
    "R%d",
    "*",
    "(B)",
    "=2",
    "_B2",
    "E%2d",
    "/B",
    "REV.%a",
];
pub(crate) const MODEL_TAILS: &[&str] = &[
    "A920PRO",
    "/A920PRO",
    "(A920)",
    "|B2",
    "|A920",
    "3G/4G",
    "_A920",
    "MODEL A920",
    "&A920",
    "K%3d",
    "T%d",
    "/KT-20",
    "(%a%2d)",
];
pub(crate) const QUANTITY_TAILS: &[&str] =
    &["1/2", "x10", "QTY 1", "1 PCS", "1OF2", "01/10", "PCS: 1", "QTY:%2d", "(1)"];
pub(crate) const FIELD_TAILS: &[&str] = &[
    "P/N A920-0AW",
    "PN:%9d",
    "MAC: %2h:%2h:%2h:%2h:%2h:%2h",
    "MAC:%12h",
    "CE 0560",
    "QC PASS 07",
    "PAT. %7d",
    "Tel. 400-123-4567",
    "www.acme.cn",
    "IMEI %15d",
    "TID:%8d",
    "DATE: %Y.%m",
    "LOT %6d",
    "MADE IN CHINA",
];
const HEADS: &[&str] = &[
    "CE ",
    "REV B ",
    "RoHS ",
    "1. ",
    "A920 ",
    "P/N: %4a-%6d ",
    "PN:%9d  ",
    "%m/%Y ",
    "5V 2A ",
    "No. 12 ",
    "MODEL A920  ",
    "IP54 ",
    "Terminal ",
    "(1) ",
    "FCC ",
    "V%d.%d ",
];
const LANGUAGES: &[&str] = &[
    "Nomor Seri: ",
    "No. Seri: ",
    "Gyári szám: ",
    "Sorozatszám: ",
    "Nr. serie: ",
    "N/S: ",
    "N. Série: ",
    "Nº DE SÉRIE: ",
    "Seri No: ",
    "Nr fabr.: ",
    "Numer fabryczny: ",
    "Tillverkningsnr: ",
    "Serial Nbr: ",
    "Sarjanumero: ",
    "Serijski broj: ",
    "Số sê-ri: ",
    "Gerätenummer: ",
    "No. Siri: ",
    "Seriennummer: ",
    "Ser.-Nr.: ",
    "Numéro de série: ",
    "Número de serie: ",
    "Numero di serie: ",
    "Matricola: ",
    "Serienummer: ",
    "Serienr.: ",
    "Výrobní číslo: ",
    "Fabr.-Nr. ",
    "製造番号：",
    "シリアル番号：",
    "일련번호: ",
    "出厂编号：",
    "机身编号：",
    "Mfg. Serial # ",
    "Unit Serial Number: ",
    "SERIAL ID: ",
    "Terminal S/N ",
    "Num. serie: ",
];
/// Captions in scripts that the recogniser does not know, as it reads them.
const GARBLED: &[&str] = &[
    "CepMMHbIM HoMep: ",
    "3aBoAcKoM N ",
    "Eepiakos apl8uos ",
    "HoMep ",
    "ua iaulaiau: ",
    "(lluluI) ",
    "ml m8lu ",
];

/// A plain line: the caption and the serial.
pub(crate) fn inline(sheet: &mut Sheet<'_>) {
    sheet.captioned_serial();
    sheet.serial_code(55);
}

/// The caption in another language.
pub(crate) fn language(sheet: &mut Sheet<'_>) {
    let caption = sheet.one_of(LANGUAGES);
    let serial = sheet.serial();
    if sheet.percent(25) {
        sheet.line(caption.trim_end());
        sheet.line(serial);
    } else {
        sheet.line(format!("{caption}{serial}"));
    }
    sheet.serial_code(40);
}

/// The caption in a script that nobody here reads.
pub(crate) fn unknown_script(sheet: &mut Sheet<'_>) {
    let caption = sheet.one_of(GARBLED);
    let serial = sheet.serial();
    sheet.line(format!("{caption}{serial}"));
    sheet.serial_code(60);
    sheet.not_asked();
}

/// Something behind the serial that is none of it.
pub(crate) fn tail(sheet: &mut Sheet<'_>, tails: &[&'static str]) {
    let tail = sheet.one_of(tails);
    let tail = sheet.fill(tail);
    let closed = tail.starts_with(['/', '|', '(', '_', '&', '#', '*', '=']);
    let gap = match sheet.random.random_range(0..20) {
        0..8 if closed => 0,
        0..12 => 1,
        12..15 => 2,
        15..17 => 3,
        _ => sheet.random.random_range(4..10),
    };
    let text = format!("{}{}{}{tail}", sheet.caption(), sheet.device.serial, " ".repeat(gap));
    sheet.line(text);
    sheet.serial_code(35);
}

/// Something before the caption.
pub(crate) fn head(sheet: &mut Sheet<'_>) {
    let head = sheet.one_of(HEADS);
    let head = sheet.fill(head);
    let text = format!("{head}{}{}", sheet.caption(), sheet.device.serial);
    sheet.line(text);
    sheet.serial_code(40);
}

/// Two serials behind one caption: a person has to say which.
pub(crate) fn two_serials(sheet: &mut Sheet<'_>) {
    let between =
        sheet.one_of(&["/", ",", ", ", " / ", " & ", "&", ";", "，", " ", "、", " + ", "  ", "|"]);
    let other = sheet.device.sibling(sheet.random);
    let text = format!("{}{}{between}{other}", sheet.caption(), sheet.device.serial);
    sheet.line(text);
    sheet.nothing_right();
}

/// The first and the last serial of a box: no single one.
pub(crate) fn first_and_last(sheet: &mut Sheet<'_>) {
    let between =
        sheet.one_of(&[" ~ ", "~", " - ", " to ", "…", " … ", "至", " bis ", " > ", ".."]);
    let last = sheet.device.batch(sheet.random).pop().unwrap_or_default();
    let text = format!("{}{}{between}{last}", sheet.caption(), sheet.device.serial);
    sheet.line(text);
    if sheet.percent(50) {
        sheet.line("QTY: 10");
    }
    sheet.not_asked();
}

/// The serial in groups, as people read it aloud.
pub(crate) fn grouped(sheet: &mut Sheet<'_>) {
    let plain: Vec<char> = sheet.device.serial.chars().filter(|char| *char != '-').collect();
    let size = if plain.len().is_multiple_of(4) { 4 } else { 3 };
    let between = sheet.one_of(&[" ", " ", "-", "  "]);
    let groups: Vec<String> = plain.chunks(size).map(String::from_iter).collect();
    let text = format!("{}{}", sheet.caption(), groups.join(between));
    sheet.line(text);
    if sheet.percent(60) {
        let symbology = sheet.linear_or_matrix();
        sheet.code(symbology, String::from_iter(plain));
    } else {
        // Where nothing else says so, groups may be a serial and something behind it.
        sheet.not_asked();
    }
}

/// The caption above its value.
pub(crate) fn above(sheet: &mut Sheet<'_>) {
    let caption = sheet.caption();
    let serial = sheet.serial();
    sheet.line(caption.trim_end_matches([':', '：', ' ']));
    sheet.line(serial);
    sheet.serial_code(50);
}

/// The serial goes on in the next line.
pub(crate) fn two_lines(sheet: &mut Sheet<'_>) {
    let serial = sheet.serial();
    let (start, rest) = serial.split_at(serial.len().div_ceil(2));
    let caption = sheet.caption();
    sheet.line(format!("{caption}{start}"));
    sheet.row(&[(caption.chars().count() as f32, rest.to_owned())]);
    sheet.serial_code(60);
    sheet.not_asked();
}

/// Captions in a column, values in the next, each perhaps with its barcode.
pub(crate) fn captions_left(sheet: &mut Sheet<'_>) {
    let (rows, serial_at) = captioned(sheet);
    let codes = sheet.percent(50);
    let column = if sheet.percent(50) { 14.0 } else { 20.0 };
    for (at, (caption, value)) in rows.iter().enumerate() {
        sheet.row(&[(0.0, caption.clone()), (column, value.clone())]);
        if codes && (at == serial_at || sheet.percent(60)) {
            sheet.code(validate::Symbology::Code128, value.clone());
        }
    }
}

/// Each caption above its value and, often, its barcode.
pub(crate) fn captions_above(sheet: &mut Sheet<'_>) {
    let (rows, serial_at) = captioned(sheet);
    let codes = sheet.percent(60);
    for (at, (caption, value)) in rows.iter().enumerate() {
        sheet.line(caption.clone());
        sheet.line(value.clone());
        if codes && (at == serial_at || sheet.percent(60)) {
            sheet.code(validate::Symbology::Code128, value.clone());
        }
        sheet.skip(0.3);
    }
}

/// Several captions on their lines, each with its barcode below.
pub(crate) fn captions_inline(sheet: &mut Sheet<'_>) {
    let (rows, _) = captioned(sheet);
    for (caption, value) in rows {
        sheet.line(format!("{caption}: {value}"));
        if sheet.percent(60) {
            sheet.code(validate::Symbology::Code128, value);
        }
    }
}

/// A header row and its values below, far enough apart to be columns or as tight as print allows.
pub(crate) fn table(sheet: &mut Sheet<'_>) {
    let (rows, _) = captioned(sheet);
    let gap = sheet.one_of(&[1.5, 2.0, 4.0, 8.0]);
    let mut column = 0.0;
    let (mut headers, mut values) = (Vec::new(), Vec::new());
    for (caption, value) in rows.into_iter().take(4) {
        let width = caption.chars().count().max(value.chars().count()) as f32 + gap;
        headers.push((column, caption));
        values.push((column, value));
        column += width;
    }
    sheet.row(&headers);
    // A printer's shift moves the values by half a row.
    let shift = sheet.one_of(&[0.0, 0.0, 0.0, -0.3, 0.3]);
    sheet.skip(shift);
    sheet.row(&values);
    sheet.serial_code(30);
}

/// The captions of a label with their values, and where the serial stands among them.
fn captioned(sheet: &mut Sheet<'_>) -> (Vec<(String, String)>, usize) {
    let serial_caption = sheet.one_of(&["S/N", "SN", "SERIAL NO", "Serial No.", "序列号", "S/N"]);
    let count = sheet.random.random_range(1..4);
    let mut rows = Vec::with_capacity(count + 1);
    let first = sheet.random.random_range(0..OTHERS.len());
    for at in 0..count {
        let (caption, pattern) = OTHERS[(first + at) % OTHERS.len()];
        let value = match caption {
            "TID: " => imei(sheet.random),
            _ => sheet.fill(pattern),
        };
        let caption = if caption == "TID: " { "IMEI" } else { caption };
        rows.push((caption.trim_end_matches([':', ' ']).to_owned(), value));
    }
    let serial_at = sheet.random.random_range(0..=rows.len());
    let row = (serial_caption.to_owned(), sheet.serial());
    rows.insert(serial_at, row);
    (rows, serial_at)
}

/// Print and barcode both have the prefix `SN`, which nobody can tell from the serial.
pub(crate) fn prefix(sheet: &mut Sheet<'_>) {
    let prefix = sheet.one_of(&["SN", "SN", "S/N"]);
    let text = format!("{prefix}{}", sheet.device.serial);
    if prefix == "SN" {
        sheet.label.right.push(text.clone());
    }
    sheet.line(text.clone());
    if sheet.percent(75) {
        sheet.code(validate::Symbology::Code128, text);
    }
}

/// No caption at all: the serial's barcode and the same below it.
pub(crate) fn bare_code(sheet: &mut Sheet<'_>) {
    sheet.serial_code(100);
    if sheet.percent(85) {
        let serial = sheet.serial();
        sheet.line(serial);
    }
    sheet.not_asked();
}
