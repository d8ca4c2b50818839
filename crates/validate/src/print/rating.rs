//! Electrical ratings, which are printed on every nameplate and are nobody's serial: `5-60 A, 50Hz`,
//! `3x230/400 V`, `5250mAh`.

/// Units after the number they belong to, in capitals.
const UNITS: &[&str] = &[
    "V", "A", "W", "HZ", "VA", "MA", "KW", "AH", "WH", "MAH", "KWH", "KVA", "VAC", "VDC", "KG",
    "MHZ", "GHZ",
];
/// Digits of a number before a unit, and before a unit of one letter: a serial may end with one.
const DIGITS_MAX: usize = 5;
const DIGITS_OF_LETTER_MAX: usize = 3;
/// Line voltage as a multiple of phase voltage: the square root of 3, and nominal values are round.
const LINE_VOLTAGE: std::ops::Range<f32> = 1.68..1.78;

/// Whether a text says nothing but a rating, or names the two voltages of three phases.
pub(crate) fn is_rating(text: &str) -> bool {
    let words =
        || text.split(|char: char| !char.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    let kinds = words().map(kind);
    let rating = kinds.clone().all(|kind| kind != Kind::Other)
        && kinds.clone().any(|kind| kind == Kind::Unit);
    rating || names_two_voltages(text)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A few digits, with how many phases they are of.
    Number,
    /// A unit, with or without its number.
    Unit,
    Other,
}

fn kind(word: &str) -> Kind {
    let of_phases = word.split_once(['X', 'x']).filter(|(phases, _)| phases.len() == 1);
    let word = of_phases.map_or(word, |(_, rest)| rest);
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let unit = &word[digits..];
    let digits_max = if unit.len() < 2 { DIGITS_OF_LETTER_MAX } else { DIGITS_MAX };
    match (digits <= digits_max, unit) {
        (true, "") => Kind::Number,
        (true, unit) if UNITS.iter().any(|it| it.eq_ignore_ascii_case(unit)) => Kind::Unit,
        _ => Kind::Other,
    }
}

/// `230/400`, whatever stands around it.
fn names_two_voltages(text: &str) -> bool {
    text.match_indices('/').any(|(slash, _)| {
        let digits = |char: &char| char.is_ascii_digit();
        let before: String = text[..slash].chars().rev().take_while(digits).collect();
        let after: String = text[slash + 1..].chars().take_while(digits).collect();
        let phase: String = before.chars().rev().collect();
        let volts =
            |digits: &str| (digits.len() == 3).then(|| digits.parse::<f32>().ok()).flatten();
        let (Some(phase), Some(line)) = (volts(&phase), volts(&after)) else { return false };
        LINE_VOLTAGE.contains(&(line / phase))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_are_told_from_serials() {
        for rating in [
            "230V, 5-60",
            "5-60 A, 50Hz",
            "3x230V",
            "V 3 × 230/400",
            "T31A23x230/400V30-60A",
            "120/208",
            "277/480",
            "240/415V",
            "5250mAh",
            "3.7V 19.4Wh",
        ] {
            assert!(is_rating(rating), "{rating}");
        }
        for serial in [
            "6323384",
            "082 1032398",
            "1234A",
            "123/456",
            "2022/11",
            "SC50-10A-1234",
            "324-689-776",
            "1850132V",
            "3 230 400",
            "000/000",
        ] {
            assert!(!is_rating(serial), "{serial}");
        }
    }
}
