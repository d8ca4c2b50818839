//! What looks like a serial and is none, and what stands beside one.

use crate::fill::{imei, product_number};
use crate::print::DATE_TAILS;
use crate::sheet::Sheet;
use rand::RngExt;
use validate::Symbology;

/// Phrases in which "serial" or "S/N" announces something else.
const PORTS: &[&str] = &[
    "SERIAL: RS-232",
    "SERIAL: RS-232/RS-485",
    "S/N RS232-9600",
    "SERIAL/RS232 1",
    "SERIAL RS-232C",
    "Serial I/O 24VDC 0.5A",
    "SERIAL USB3.0 2000",
    "SERIAL: RS-232/RS-422/RS-485",
    "Serial RS232C DB9-0001",
    "Serial ATA 3000",
    "SERIAL ATA-600 III",
    "SERIAL PORT 1: 115200",
    "Serial: COM%d 115200 8N1",
    "SERIAL 1 RS485 A/B",
    "Serial console 9600-8-N-1",
    "SERIAL: USB 3.0",
    "Serial TTL 3V3 UART%d",
];
const CHIPS: &[&str] = &[
    "SN 74HC595N",
    "SN-65HVD1781",
    "SN75176BP",
    "SN74LVC1G08",
    "SN74HC%3dN",
    "SN 65HVD%3d",
    "SN100C",
    "Sn: 99.3 Cu 0.7 Ag0.0",
    "Sn63Pb37 0.8mm",
    "SN7400N %y%w",
    "SN65LVDS%3dD",
];
const EMPTY: &[&str] = &[
    "S/N: N/A",
    "S/N: N/A %Y%m%D",
    "S/N: 00000000",
    "S/N: 0000000000",
    "S/N: 123456789",
    "S/N: 1234567890",
    "SN: 12345678",
    "S/N: SAMPLE1234",
    "SN: XXXXXXXX",
    "S/N: XXXXX12345",
    "S/N ........ %Y",
    "S/N: SPECIMEN0001",
    "S/N: TEST%4d",
    "S/N: 0123456789",
    "S/N: 11111111",
    "S/N: 9999999999",
    "S/N: ____ %Y",
    "S/N: NONE %4d",
    "SN: ABCDEF123456",
    "S/N: DEMO%6d",
    "S/N: 88888888",
];
const SENTENCES: &[&str] = &[
    "S/N: see back %8d",
    "FOR SERIAL NO. %7d AND UP",
    "S/N ABOVE %7d",
    "S/N PREFIX %4d",
    "From S/N %7d to %7d",
    "Serial No. range: 1%6d-2%6d",
    "Serial numbers %7d and later",
    "S/N < %7d",
    "S/N >= %7d",
    "SN 1%6d ~ 2%6d",
    "Valid for S/N %7d onwards",
    "Serial number on battery %6d",
    "Service: quote S/N. Tel %10d",
    "serial no. below %6d only",
    "Up to S/N %8d",
    "S/N 1%6d THRU 2%6d",
    "Call %10d with serial number",
];

fn phrase(sheet: &mut Sheet<'_>, phrases: &[&'static str]) {
    let phrase = sheet.one_of(phrases);
    let phrase = sheet.fill(phrase);
    sheet.line(phrase);
    sheet.nothing_right();
}

pub(crate) fn port(sheet: &mut Sheet<'_>) {
    phrase(sheet, PORTS);
}

pub(crate) fn chip(sheet: &mut Sheet<'_>) {
    phrase(sheet, CHIPS);
}

pub(crate) fn not_filled(sheet: &mut Sheet<'_>) {
    phrase(sheet, EMPTY);
}

pub(crate) fn range(sheet: &mut Sheet<'_>) {
    phrase(sheet, SENTENCES);
}

/// A date where the serial should stand.
pub(crate) fn date(sheet: &mut Sheet<'_>) {
    let date = sheet.one_of(DATE_TAILS);
    let date = sheet.one_of(&[date, "%D/%m/%Y", "%Y%m%D", "%Y-%m-%D", "%D.%m.%Y", "%Y/%m"]);
    let text = format!("{}{}", sheet.caption(), sheet.fill(date).trim_start_matches('/'));
    sheet.line(text);
    sheet.nothing_right();
}

/// Numbers with captions of their own, and no serial.
pub(crate) fn other_numbers(sheet: &mut Sheet<'_>) {
    for _ in 0..sheet.random.random_range(1..4) {
        let (caption, pattern) = sheet.one_of(&[
            ("IMEI: ", ""),
            ("MAC: ", "%12h"),
            ("P/N: ", "%4a-%6d"),
            ("TID: ", "%8d"),
            ("MID: ", "%15d"),
            ("Asset No. ", "%6d"),
            ("PROPERTY OF ACME ", "%8d"),
            ("ICCID: ", "89%17d"),
            ("PO: ", "%10d"),
            ("Seal ", "%9d"),
            ("Model No. ", "%a%3d-%2d"),
            ("SSID: ", "TP-LINK_%6h"),
            ("PIN: ", "%8d"),
        ]);
        let value = match pattern {
            "" => imei(sheet.random),
            pattern => sheet.fill(pattern),
        };
        sheet.line(format!("{caption}{value}"));
        if sheet.percent(60) {
            let symbology = sheet.linear_or_matrix();
            sheet.code(symbology, value);
        }
    }
    sheet.nothing_right();
}

/// The barcode below a lone caption holds the network address.
pub(crate) fn mac_under_caption(sheet: &mut Sheet<'_>) {
    // With a letter: nobody can tell twelve digits alone from a serial.
    let mac = sheet.fill("%5hC%6h");
    let serial = sheet.serial();
    match sheet.random.random_range(0..4) {
        0 => {
            sheet.line("S/N");
            sheet.code(Symbology::Code128, mac.clone());
            sheet.line(mac);
            sheet.nothing_right();
        }
        1 => {
            sheet.line("S/N:");
            sheet.code(Symbology::Code128, mac.clone());
            sheet.line(format!("MAC: {mac}"));
            sheet.nothing_right();
        }
        2 => {
            sheet.line("S/N");
            sheet.line(serial);
            sheet.code(Symbology::Code128, mac.clone());
            sheet.line(mac);
        }
        _ => {
            sheet.row(&[(0.0, "S/N".to_owned()), (20.0, serial)]);
            sheet.code(Symbology::Code128, mac.clone());
            sheet.line(format!("MAC {mac}"));
        }
    }
}

/// An owner's or a shipper's number in the barcode (AI 8004, 8003, 00), the serial perhaps in print.
pub(crate) fn asset(sheet: &mut Sheet<'_>) {
    let payload = match sheet.random.random_range(0..3) {
        0 => format!("8004{}", sheet.fill("4%9d%6x")),
        1 => format!("8003{}{}", product_number(sheet.random, "0690%9d"), sheet.fill("%6d")),
        _ => format!("00{}", product_number(sheet.random, "3%16d")),
    };
    let symbology = sheet.one_of(&[Symbology::Code128, Symbology::DataMatrix]);
    sheet.gs1_code(symbology, payload);
    if sheet.percent(50) {
        sheet.captioned_serial();
    } else {
        sheet.nothing_right();
    }
}

/// A box of several devices: a quantity, and a number of its own.
pub(crate) fn carton(sheet: &mut Sheet<'_>) {
    let part = sheet.fill("%4a%6d");
    sheet.line(format!("(P) {part}"));
    sheet.code(Symbology::Code128, format!("P{part}"));
    let count = sheet.one_of(&[5, 10, 20, 24, 100]);
    sheet.line(format!("QTY: {count}"));
    sheet.code(Symbology::Code128, format!("Q{count}"));
    if sheet.percent(50) {
        let number = sheet.fill("%9d");
        let key = sheet.one_of(&["(S) ", "S: ", "Carton No. ", "(3S) "]);
        sheet.line(format!("{key}{number}"));
        sheet.code(Symbology::Code128, format!("S{number}"));
    } else {
        sheet.line("S/N:");
        for _ in 0..sheet.random.random_range(2..6) {
            let serial = sheet.device.sibling(sheet.random);
            sheet.line(serial.clone());
            if sheet.percent(50) {
                sheet.code(Symbology::Code128, serial);
            }
        }
    }
    sheet.nothing_right();
}

/// The battery or the dock has a serial too.
pub(crate) fn battery(sheet: &mut Sheet<'_>) {
    let of = sheet.one_of(&[
        "Battery S/N: ",
        "Battery SN:",
        "DOCK S/N ",
        "电池序列号：",
        "PSU Serial No. ",
    ]);
    let other = sheet.fill("BT%8d");
    sheet.captioned_serial();
    sheet.serial_code(50);
    if sheet.percent(40) {
        sheet.next_label(true);
    }
    sheet.line(format!("{of}{other}"));
    if sheet.percent(50) {
        sheet.code(Symbology::QrCode, format!("SN:{other}"));
    }
    if sheet.percent(50) {
        sheet.not_asked();
    }
}

/// Print and barcode name two serials. A barcode that does not say what it is may be another
/// number: then the print is right, and nobody would blame a question.
pub(crate) fn contradiction(sheet: &mut Sheet<'_>) {
    let other = sheet.device.sibling(sheet.random);
    sheet.captioned_serial();
    if sheet.percent(50) {
        sheet.sure_code(Symbology::QrCode, other);
        sheet.not_asked();
    } else {
        sheet.sure_code(Symbology::QrCode, format!("SN:{other}"));
        sheet.nothing_right();
    }
}

/// Letters of another script in the serial: they look right and are not.
pub(crate) fn other_letters(sheet: &mut Sheet<'_>) {
    let serial = sheet.serial();
    let foreign: String = serial
        .chars()
        .map(|char| match char {
            'A' => 'А',
            'B' => 'В',
            'C' => 'С',
            'E' => 'Е',
            'H' => 'Н',
            'P' => 'Р',
            char => char,
        })
        .collect();
    let foreign = if foreign == serial { format!("{serial}А") } else { foreign };
    if sheet.percent(50) {
        let caption = sheet.caption();
        sheet.line(format!("{caption}{foreign}"));
    }
    let key = sheet.one_of(&["SN:", "", "S/N:"]);
    sheet.code(Symbology::QrCode, format!("{key}{foreign}"));
    sheet.nothing_right();
}

/// Two devices in view: either serial is right, and nobody says which was meant.
pub(crate) fn two_devices(sheet: &mut Sheet<'_>) {
    sheet.captioned_serial();
    sheet.serial_code(60);
    let beside = sheet.percent(60);
    sheet.next_label(beside);
    let other = sheet.device.sibling(sheet.random);
    sheet.label.right.push(other.clone());
    sheet.device.serial = other;
    sheet.line(sheet.device.maker.brand);
    sheet.captioned_serial();
    sheet.serial_code(60);
    sheet.not_asked();
}
