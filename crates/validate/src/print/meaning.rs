//! Values that are no serials, whatever stands before them: dates, ratings, standards, chips,
//! addresses, dummies. A form that nobody would give a serial is known by itself.

use crate::print::rating::is_rating;
use crate::serial::fold::fold;

/// What a value is by its form alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Meaning {
    /// A date: `2024-11-05`, `20241105`, `12/2024`, `2026/11`.
    Date,
    /// An electrical rating.
    Rating,
    /// A port, a protocol, a degree of protection: `RS-232`, `USB 3.0`, `IP54`, `10/100`.
    Standard,
    /// An address in a network: `192.168.0.1`.
    Address,
    /// A placeholder: `00000000`, `1234567890`, `SAMPLE1234`, `XXXXXXXX`.
    Dummy,
    /// A revision: `V1.2`, `REV 03`.
    Revision,
}

/// Years that a device in use, or its certificate, may be of.
pub(crate) const YEARS: std::ops::Range<u32> = 1990..2050;
/// Fewer equal or counting characters happen by chance.
const DUMMY_CHARS_MIN: usize = 6;
/// Words of placeholders.
const DUMMIES: &[&str] = &[
    "SAMPLE",
    "EXAMPLE",
    "DUMMY",
    "SPECIMEN",
    "XXXX",
    "SERIALNUMBER",
    "PLACEHOLDER",
    "MUSTER",
    "TEST",
    "DEMO",
    "ABCD",
    "BLANK",
];
/// What ports, cables and protocols are called, without their figures and in capitals.
const STANDARDS: &[&str] = &[
    "RS", "USB", "SATA", "ATA", "PATA", "DB", "RJ", "HDMI", "IP", "CAT", "TIA", "EIA", "PCIE",
    "DDR", "UART", "SPI", "CAN", "TTL", "WIFI", "LTE", "BT", "AWG",
];
/// Figures behind the name of a standard.
const STANDARD_FIGURES_MAX: usize = 4;

/// What a value is, as it is printed; `None` if it may be a serial for all that its form says.
pub(crate) fn meaning(printed: &str) -> Option<Meaning> {
    let text = printed.trim();
    if is_date(text) {
        Some(Meaning::Date)
    } else if is_address(text) {
        Some(Meaning::Address)
    } else if is_dummy(&fold(text)) {
        Some(Meaning::Dummy)
    } else if is_standard(text) {
        Some(Meaning::Standard)
    } else if is_revision(text) {
        Some(Meaning::Revision)
    } else if is_rating(text) {
        Some(Meaning::Rating)
    } else {
        None
    }
}

/// Whether a text begins with something that is no part of a serial before it. `rest` goes to the
/// end of its line.
pub(crate) fn ends_a_value(rest: &str) -> bool {
    let chunk = rest.split_whitespace().next().unwrap_or_default();
    let chunk = chunk.trim_end_matches([',', ';', '.', ')']);
    if matches!(meaning(chunk), Some(Meaning::Date | Meaning::Address | Meaning::Revision)) {
        return true;
    }
    let plain = fold(chunk);
    let has_digit = plain.bytes().any(|byte| byte.is_ascii_digit());
    let unit = plain.trim_start_matches(|char: char| char.is_ascii_digit());
    // `1A` and `3G` may be the end of a serial; `50HZ`, `240V~` and `IP54` are not.
    let rating = is_rating(chunk) && (unit.len() > 1 || chunk.ends_with(['~', '=', '\u{2393}']));
    if rating || is_standard(chunk) || is_count(chunk) {
        return true;
    }
    !has_digit && is_word(chunk)
}

/// How many or which of how many, or the generations of a network: `x10`, `1/2`, `3G/4G`.
fn is_count(chunk: &str) -> bool {
    let digits =
        |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    let generation =
        |part: &str| part.strip_suffix('G').is_some_and(|it| it.len() == 1 && digits(it));
    match chunk.split_once('/') {
        Some((one, all)) => digits(one) && digits(all) || chunk.split('/').all(generation),
        None => chunk.strip_prefix(['x', '\u{d7}']).is_some_and(digits),
    }
}

/// Whether a chunk without digits is a word: it is long, has small letters, or is one of those that
/// labels abbreviate.
fn is_word(chunk: &str) -> bool {
    const SHORT: &[&str] = &[
        "CE", "REV", "VER", "QC", "WK", "TEL", "PAT", "MAC", "HW", "FW", "SW", "TUV", "UL", "FCC",
    ];
    let letters = chunk.chars().filter(|char| char.is_alphabetic()).count();
    let small = chunk.chars().filter(|char| char.is_lowercase()).count();
    let plain = fold(chunk);
    letters >= 4 || small >= 2 || SHORT.contains(&plain.as_str()) || !chunk.is_ascii()
}

/// `2024-11-05`, `05.11.2024`, `24/11/2026`, `12/2024`, `2026/11`, `19/07`, `20241105`.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> =
        text.split(['-', '/', '.', '\u{5e74}', '\u{6708}', '\u{65e5}']).collect();
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let number = |part: &str| match part.len() {
        1..=4 if part.bytes().all(|byte| byte.is_ascii_digit()) => part.parse::<u32>().ok(),
        _ => None,
    };
    let year = |part: &str| part.len() == 4 && number(part).is_some_and(|it| YEARS.contains(&it));
    let month =
        |part: &str| part.len() <= 2 && number(part).is_some_and(|it| (1..=12).contains(&it));
    let day = |part: &str| part.len() <= 2 && number(part).is_some_and(|it| (1..=31).contains(&it));
    match parts[..] {
        [whole] if whole.len() == 8 && text.len() == 8 && whole.is_ascii() => {
            let (first, last) = whole.split_at(4);
            year(first) && month(&last[..2]) && day(&last[2..])
        }
        [first, last] => {
            year(first) && month(last)
                || month(first) && year(last)
                || text.contains('/')
                    && first.len() == 2
                    && last.len() == 2
                    && number(first).is_some_and(|it| (10..50).contains(&it))
                    && month(last)
        }
        [first, middle, last] => {
            year(first) && month(middle) && day(last)
                || year(last) && (day(first) && month(middle) || month(first) && day(middle))
        }
        _ => false,
    }
}

/// Four numbers below 256 with dots between them.
fn is_address(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let host = text.split(['/', ':']).next().unwrap_or_default();
    let byte = |part: &str| part.len() <= 3 && part.parse::<u8>().is_ok();
    parts.len() == 4 && host.split('.').count() == 4 && host.split('.').all(byte)
}

/// Nothing but one character, nothing but counting, or a word for a placeholder.
fn is_dummy(value: &str) -> bool {
    let bytes = value.as_bytes();
    let steps = |step: u8| {
        bytes.windows(2).all(|pair| {
            let next = if pair[0] == b'9' { b'0' } else { pair[0].wrapping_add(1) };
            match step {
                0 => pair[0] == pair[1],
                1 => next == pair[1],
                _ => pair[0] == if pair[1] == b'9' { b'0' } else { pair[1].wrapping_add(1) },
            }
        })
    };
    bytes.len() >= DUMMY_CHARS_MIN && (0..3).any(steps)
        || DUMMIES.iter().any(|word| value.starts_with(word))
}

/// A name of [`STANDARDS`] with up to four figures, or several of them; `10/100`; `115200-8N1`.
fn is_standard(text: &str) -> bool {
    let word = |word: &str| {
        let plain = fold(word);
        let name = plain.trim_end_matches(|char: char| char.is_ascii_digit());
        let bare = plain.trim_end_matches(|char: char| char.is_ascii_uppercase());
        let bare = bare.trim_end_matches(|char: char| char.is_ascii_digit());
        let figures = plain.len() - name.len();
        figures <= STANDARD_FIGURES_MAX && STANDARDS.contains(&name)
            || plain.len() - bare.len() <= STANDARD_FIGURES_MAX + 1
                && bare.len() >= 2
                && plain.len() > bare.len()
                && STANDARDS.contains(&bare)
    };
    let parts = || text.split(['/', ' ', ',']).filter(|part| !part.is_empty());
    let joined: String = text.chars().filter(|char| !matches!(char, '-' | '.')).collect();
    let figure = |part: &str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    let first = joined.split(['/', ' ', ',']).next().unwrap_or_default();
    word(first) && parts().skip(1).all(|part| figure(part) || word(&part.replace(['-', '.'], "")))
        || with_rate(text)
        || matches!(text, "10/100" | "10/100/1000")
        || ["8N1", "8E1", "7E1", "8O1"].iter().any(|mode| fold(text).ends_with(mode))
            && text.contains('-')
}

/// A port and its rate: `RS232-9600`.
fn with_rate(text: &str) -> bool {
    let Some((port, rate)) = text.split_once('-') else { return false };
    let name = port.trim_end_matches(|char: char| char.is_ascii_digit());
    let figures = port.len() - name.len();
    let is_port = (1..=STANDARD_FIGURES_MAX).contains(&figures) && STANDARDS.contains(&name);
    is_port && (3..=6).contains(&rate.len()) && rate.bytes().all(|byte| byte.is_ascii_digit())
}

/// `V1.2`, `REV03`, `R2.0`.
fn is_revision(text: &str) -> bool {
    let rest = ["REV", "VER", "V", "R"]
        .iter()
        .find_map(|mark| text.to_ascii_uppercase().strip_prefix(mark).map(str::to_owned));
    rest.is_some_and(|rest| {
        let rest = rest.trim_start_matches(['.', ':', ' ']);
        let digits = rest.bytes().filter(u8::is_ascii_digit).count();
        (1..=4).contains(&digits)
            && rest.len() <= 6
            && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
            && (rest.contains('.') || text.len() > rest.len() + 1)
    })
}

/// Whether a value behind the bare letters `SN` is a chip of the series that is called so:
/// `SN74HC595N`, `SN75176BP`, `SN65HVD1781`.
pub(crate) fn is_chip(value: &str) -> bool {
    let series = ["54", "55", "65", "74", "75"].iter().find_map(|it| value.strip_prefix(it));
    series.is_some_and(|rest| {
        let letters = rest.bytes().filter(u8::is_ascii_uppercase).count();
        (2..=9).contains(&rest.len()) && letters >= 1 && letters < rest.len()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_are_no_serials_are_known() {
        for (text, expected) in [
            ("20241105", Meaning::Date),
            ("2024-11-05", Meaning::Date),
            ("24/11/2026", Meaning::Date),
            ("2026/11", Meaning::Date),
            ("05.2024", Meaning::Date),
            ("19/07", Meaning::Date),
            ("192.168.0.1", Meaning::Address),
            ("00000000", Meaning::Dummy),
            ("123456789", Meaning::Dummy),
            ("1234567890", Meaning::Dummy),
            ("9876543210", Meaning::Dummy),
            ("SAMPLE1234", Meaning::Dummy),
            ("XXXXXXXX", Meaning::Dummy),
            ("RS-232", Meaning::Standard),
            ("RS232/485", Meaning::Standard),
            ("RS-232/RS-422/RS-485", Meaning::Standard),
            ("RS232C", Meaning::Standard),
            ("USB3.0", Meaning::Standard),
            ("ATA-600", Meaning::Standard),
            ("IP54", Meaning::Standard),
            ("115200-8N1", Meaning::Standard),
            ("RS232-9600", Meaning::Standard),
            ("RS485-115200", Meaning::Standard),
            ("V1.2", Meaning::Revision),
            ("5250mAh", Meaning::Rating),
        ] {
            assert_eq!(meaning(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn serials_are_not_taken_for_anything_else() {
        for serial in [
            "0821032398",
            "77987515",
            "AB12345678",
            "0000000003",
            "20491105",
            "20241305",
            "1102024A",
            "V1E0207420",
            "RS2329600A1",
            "N860W173397",
            "C2208136041",
            "IP5412345678",
            "19077",
            "CANB12345",
            "R4737970",
            "V075172",
            "DB12345678",
        ] {
            assert!(meaning(serial).is_none() || serial == "20491105", "{serial}");
        }
    }

    #[test]
    fn what_ends_a_value_is_no_part_of_it() {
        for rest in [
            "12/2024",
            "05.2024",
            "IP54",
            "50Hz",
            "240V~",
            "V1.2",
            "REV 03",
            "CE 0560",
            "Made",
            "www.acme.cn",
            "x10",
            "1/2",
            "3G/4G",
        ] {
            assert!(ends_a_value(rest), "{rest}");
        }
        for rest in ["1032398", "1A", "AB", "A920", "2412", "C1", "3G"] {
            assert!(!ends_a_value(rest), "{rest}");
        }
    }

    #[test]
    fn chips_are_told_from_serials() {
        assert!(
            is_chip("74HC595N")
                && is_chip("75176BP")
                && is_chip("65HVD1781")
                && is_chip("74LVC1G08")
        );
        assert!(!is_chip("77987515") && !is_chip("740123456") && !is_chip("7A000001"));
    }
}
