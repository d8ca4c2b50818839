//! New serials for an operator who numbers devices of its own.
//!
//! A new serial is drawn, never counted: whoever holds one must not be able to guess its neighbours.
//! It keeps to characters that no reader and no person takes for one another, and may end in a check
//! character. Randomness is handed in; nothing here remembers what was drawn before.

use crate::evidence::Symbology;
use crate::formats::format::Format;
use crate::formats::shape::Class;
use crate::payload;
use crate::payload::field::FieldRole;
use crate::serial::fold::digits;
use crate::serial::look_alike::look_alikes;
use std::collections::BTreeSet;

/// Of each group of characters that look alike at most one: digits where there is a choice, because
/// print without digits is not taken for a serial, and neither `0` nor `1`.
const UNLIKE: &str = "2345679ACEFHJKMNPRTUVWXY";
/// Serials drawn in vain for one that is wanted. A check character and the digits that are wanted
/// cost about two draws, a calendar week in the pattern about four.
const DRAWS_MAX: usize = 10_000;
/// Digits that a serial has if its format allows: fewer look like a word.
const DIGITS_MIN: usize = 4;

/// Why no serials were made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// Only shapes say what stands where.
    #[error("format \"{0}\" has no shapes: serials are made from shapes, not from a pattern")]
    NoShapes(String),
    /// The format leaves too little room, or too much of it is taken.
    #[error("format \"{0}\" leaves no room for another serial that can be told from the others")]
    NoRoom(String),
}

/// Draws `count` new serials of a format, canonical and all different, none of which `is_taken`.
/// `random` fills its argument with random bytes: they must come from a cryptographic generator.
/// The serials keep to characters that do not look alike, to the format's plausibility, and end in
/// its check character if it has one ([`Format::with_check`]).
///
/// # Errors
/// A format without shapes, or one in which no more serials are found.
pub fn generate(
    format: &Format,
    count: usize,
    is_taken: impl Fn(&str) -> bool,
    random: &mut impl FnMut(&mut [u8]),
) -> Result<Vec<String>, GenerateError> {
    if format.shapes.is_empty() {
        return Err(GenerateError::NoShapes(format.name.clone()));
    }
    let mut drawn = BTreeSet::new();
    let mut serials = Vec::new();
    while serials.len() < count {
        let is_new = |serial: &String| !drawn.contains(serial) && !is_taken(serial);
        let found = (0..DRAWS_MAX).find_map(|_| draw(format, random).filter(is_new));
        let Some(serial) = found else { return Err(GenerateError::NoRoom(format.name.clone())) };
        drawn.insert(serial.clone());
        serials.push(serial);
    }
    Ok(serials)
}

/// One draw; `None` if what was drawn is no serial of the format.
fn draw(format: &Format, random: &mut impl FnMut(&mut [u8])) -> Option<String> {
    let shape = &format.shapes[below(format.shapes.len(), random)];
    let alphabets: Vec<Vec<char>> = shape.classes().iter().map(|&class| alphabet(class)).collect();
    let mut serial = String::with_capacity(alphabets.len());
    for alphabet in &alphabets {
        serial.push(*alphabet.get(below(alphabet.len(), random))?);
    }
    if let Some(check) = format.check {
        serial.pop();
        let last = check.of(&serial)?;
        alphabets.last()?.contains(&last).then(|| serial.push(last))?;
    }
    let admits_digits = |class: &&Class| ('0'..='9').any(|digit| class.admits(digit));
    let wanted = shape.classes().iter().filter(admits_digits).count().min(DIGITS_MIN);
    let stands = digits(&serial) >= wanted && format.fits(&serial) && says_nothing_else(&serial);
    (stands && format.implausible(&serial).is_empty()).then_some(serial)
}

/// Whether a barcode of the serial may be read as the serial: one that begins with another number's
/// name (`CNPJ4X6NMWP354WC`) is that number.
fn says_nothing_else(serial: &str) -> bool {
    let fields = payload::parse_payload(serial, Symbology::Code128, false);
    fields.iter().any(|field| field.value == serial && field.role == FieldRole::Whole)
}

/// The characters of a class that nothing else of the class is taken for.
fn alphabet(class: Class) -> Vec<char> {
    if let Class::Exactly(only) = class {
        return vec![only];
    }
    let alone = |char: char| !look_alikes(char).any(|other| class.admits(other));
    let all = ('0'..='9').chain('A'..='Z').filter(|&char| class.admits(char));
    all.filter(|&char| UNLIKE.contains(char) || alone(char)).collect()
}

/// A number below `end`, each equally likely; 0 if `end` is 0.
fn below(end: usize, random: &mut impl FnMut(&mut [u8])) -> usize {
    let end = end.max(1) as u32;
    // The last incomplete run of numbers would favour the small ones.
    let fair = u32::MAX - u32::MAX % end;
    loop {
        let mut bytes = [0; 4];
        random(&mut bytes);
        let number = u32::from_le_bytes(bytes);
        if number < fair {
            return (number % end) as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CheckCharacter;
    use crate::estate::Estate;
    use crate::formats::Formats;
    use crate::judge::judge;
    use crate::judge::verdict::Verdict;
    use crate::serial::look_alike::look_alike;
    use crate::testing;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    fn drawn(format: &Format, count: usize) -> Result<Vec<String>, GenerateError> {
        let mut seeded = StdRng::seed_from_u64(1);
        generate(format, count, |_| false, &mut |bytes: &mut [u8]| seeded.fill_bytes(bytes))
    }

    fn format(name: &str) -> Format {
        Formats::builtin().iter().find(|format| format.name == name).expect("it ships").clone()
    }

    #[test]
    fn new_serials_are_of_their_format_different_and_unlike() {
        let formats = Formats::builtin();
        for format in formats.iter().filter(|format| !format.shapes.is_empty()) {
            let serials = drawn(format, 200).expect("room");
            let different: BTreeSet<&String> = serials.iter().collect();
            assert_eq!(different.len(), 200, "{}", format.name);
            for serial in &serials {
                assert!(format.fits(serial) && format.implausible(serial).is_empty(), "{serial}");
            }
        }
        for class in "daxnh".chars().filter_map(|letter| {
            Some(crate::formats::shape::Shape::parse(&letter.to_string())?.classes()[0])
        }) {
            let alphabet = alphabet(class);
            assert!(alphabet.len() >= 8, "{class}: {alphabet:?}");
            for one in &alphabet {
                assert!(alphabet.iter().all(|other| !look_alike(*one, *other)), "{class}: {one}");
            }
        }
    }

    #[test]
    fn every_character_of_the_alphabet_is_as_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for char in
            drawn(&format("generic-16"), 2000).expect("room").iter().flat_map(|it| it.chars())
        {
            *counts.entry(char).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), UNLIKE.len());
        let letters = counts.iter().filter(|(char, _)| char.is_ascii_uppercase());
        let (least, most) = letters
            .fold((u32::MAX, 0), |(least, most), (_, &count)| (least.min(count), most.max(count)));
        assert!(most < least * 5 / 4, "{least} to {most}: {counts:?}");
    }

    #[test]
    fn a_check_character_finds_every_single_wrong_character() {
        // The samples of the ISAN and GRid standards.
        assert!(CheckCharacter::Mod37Of36.is_right("00000000D07A0090Q"));
        assert!(CheckCharacter::Mod37Of36.is_right("A12425GABC1234002M"));
        assert!(!CheckCharacter::Mod37Of36.is_right(""));
        let checked = format("generic-16").with_check(CheckCharacter::Mod37Of36);
        for serial in drawn(&checked, 50).expect("room") {
            assert!(checked.fits(&serial));
            for at in 0..serial.len() {
                for other in
                    ('0'..='9').chain('A'..='Z').filter(|&it| !serial[at..].starts_with(it))
                {
                    let mut wrong = serial.clone();
                    wrong.replace_range(at..=at, &other.to_string());
                    assert!(!checked.fits(&wrong), "{serial} {wrong}");
                }
            }
        }
    }

    #[test]
    fn what_is_taken_is_not_drawn_and_an_end_is_said() {
        let two = "[[format]]\nname=\"two\"\nshapes=[\"A2345h\"]\npattern='^A2345[2-5]$'";
        let formats = Formats::builtin().with_operator_file(two).expect("valid");
        let two = formats.iter().find(|format| format.name == "two").expect("there");
        let mut seeded = StdRng::seed_from_u64(1);
        let mut random = |bytes: &mut [u8]| seeded.fill_bytes(bytes);
        let serials = generate(two, 3, |serial| serial == "A23452", &mut random).expect("room");
        assert_eq!(
            BTreeSet::from_iter(serials),
            ["A23453", "A23454", "A23455"].map(str::to_owned).into()
        );
        let full = generate(two, 4, |serial| serial == "A23452", &mut random);
        assert_eq!(full, Err(GenerateError::NoRoom("two".to_owned())));
        let named = "[[format]]\nname=\"named\"\nshapes=[\"CNPJdddddddddd\"]";
        let formats = Formats::builtin().with_operator_file(named).expect("valid");
        let named = formats.iter().find(|format| format.name == "named").expect("there");
        assert_eq!(drawn(named, 1), Err(GenerateError::NoRoom("named".to_owned())));
        let tusn = drawn(&format("unionpay-tusn"), 1);
        assert_eq!(tusn, Err(GenerateError::NoShapes("unionpay-tusn".to_owned())));
    }

    #[test]
    fn a_row_for_the_operator_s_file_makes_the_judge_check() {
        let checked = format("generic-16").with_check(CheckCharacter::Mod37Of36);
        let serial = drawn(&checked, 1).expect("room").remove(0);
        let row = checked.operator_row("own-16", "acme").expect("a row");
        let formats = Formats::builtin().with_operator_file(&row).expect("valid");
        let judged = |value: &str| {
            let seen = testing::evidence(
                &[(crate::evidence::Symbology::Code39, value)],
                &[&format!("S/N: {value}")],
            );
            judge(&formats, &seen, &Estate::unknown()).verdict
        };
        let Verdict::Accepted { serial: taken } = judged(&serial) else { panic!("{serial}") };
        assert_eq!((taken.format.as_str(), taken.vendor.as_str()), ("own-16", "acme"));
        let wrong =
            serial.replacen(&serial[..1], if serial.starts_with('A') { "C" } else { "A" }, 1);
        let Verdict::Review { reasons, .. } = judged(&wrong) else { panic!("{wrong}") };
        assert!(reasons.contains(&crate::judge::reason::Reason(
            crate::judge::reason::ReasonCode::CheckCharacterWrong
        )));
    }
}
