//! The canonical form of a serial: what is compared, stored and sent.
//!
//! Labels print serials with dashes, spaces and stars that mean nothing. Canonical form keeps the
//! letters and digits, in upper case. It never guesses: a look-alike stays what it is.

use crate::print::keyword::is_serial_keyword;
use crate::serial::fold::fold;

/// The canonical form of a printed serial: letters and digits in upper case. Separators are
/// dropped, full-width characters become ordinary ones, and a keyword such as `S/N:` in front is
/// stripped when a colon, `#` or `=` ends it.
///
/// ```
/// assert_eq!(validate::canonical("s/n: 324-689-776"), "324689776");
/// ```
pub fn canonical(printed: &str) -> String {
    fold(strip_keyword(printed))
}

/// A printed keyword in front of the value, when a mark that no serial contains ends it.
fn strip_keyword(printed: &str) -> &str {
    match printed.split_once([':', '\u{ff1a}', '#', '=']) {
        Some((before, after)) if is_serial_keyword(before) && !fold(after).is_empty() => after,
        _ => printed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_keywords_go_and_nothing_else() {
        for (printed, expected) in [
            ("082 1032398", "0821032398"),
            ("324-689-776", "324689776"),
            ("*6CAC000010*", "6CAC000010"),
            ("U1DT3NA00-CN", "U1DT3NA00CN"),
            ("qw2f45k8t61xzwa9", "QW2F45K8T61XZWA9"),
            ("S/N: 082 1032398", "0821032398"),
            ("SN：0821032398", "0821032398"),
            ("序列号：0821032398", "0821032398"),
            ("０８２１０３２３９８", "0821032398"),
            ("SN133501010924", "SN133501010924"),
            ("38:3A:21:27:CF:16", "383A2127CF16"),
            ("", ""),
        ] {
            assert_eq!(canonical(printed), expected, "{printed}");
        }
    }
}
