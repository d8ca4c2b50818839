//! Draws numbers and phrases from patterns.

use rand::{RngExt, rngs::StdRng};

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &[u8] = b"0123456789";
const HEXADECIMAL: &[u8] = b"0123456789ABCDEF";
const EITHER: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Without O and I.
const UNMISTAKEN: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// One of a list.
pub(crate) fn one_of<'a, T>(random: &mut StdRng, from: &'a [T]) -> &'a T {
    &from[random.random_range(0..from.len())]
}

/// True so many times in a hundred.
pub(crate) fn percent(random: &mut StdRng, percent: u32) -> bool {
    random.random_range(0..100) < percent
}

/// A pattern with its fields drawn. A field is `%`, an optional count, and a class: `d` digit,
/// `a` letter, `x` either, `n` either but neither O nor I, `h` hexadecimal digit; or a part of a
/// date: `y` and `Y` year in two and four digits, `m` month, `w` week, `j` day of the year, `D` day
/// of the month.
pub(crate) fn fill(random: &mut StdRng, pattern: &str) -> String {
    let mut drawn = String::with_capacity(pattern.len() + 24);
    let mut rest = pattern.chars();
    while let Some(char) = rest.next() {
        if char != '%' {
            drawn.push(char);
            continue;
        }
        let mut count = 0;
        let class = loop {
            match rest.next() {
                Some(digit) if digit.is_ascii_digit() => {
                    count = 10 * count + digit.to_digit(10).unwrap_or(0);
                }
                other => break other,
            }
        };
        match class {
            Some('d') => characters(random, DIGITS, count, &mut drawn),
            Some('a') => characters(random, LETTERS, count, &mut drawn),
            Some('x') => characters(random, EITHER, count, &mut drawn),
            Some('n') => characters(random, UNMISTAKEN, count, &mut drawn),
            Some('h') => characters(random, HEXADECIMAL, count, &mut drawn),
            Some('y') => drawn += &format!("{:02}", random.random_range(10..27)),
            Some('Y') => drawn += &format!("20{:02}", random.random_range(10..27)),
            Some('m') => drawn += &format!("{:02}", random.random_range(1..13)),
            Some('w') => drawn += &format!("{:02}", random.random_range(1..54)),
            Some('j') => drawn += &format!("{:03}", random.random_range(1..366)),
            Some('D') => drawn += &format!("{:02}", random.random_range(1..29)),
            other => panic!("{pattern}: no class {other:?}"),
        }
    }
    drawn
}

fn characters(random: &mut StdRng, from: &[u8], count: u32, drawn: &mut String) {
    for _ in 0..count.max(1) {
        drawn.push(char::from(*one_of(random, from)));
    }
}

/// Fifteen digits that pass Luhn (ISO/IEC 7812-1, annex B).
pub(crate) fn imei(random: &mut StdRng) -> String {
    let mut digits = fill(random, "35%12d");
    let doubled = |(at, digit): (usize, u8)| {
        let digit = u32::from(digit - b'0');
        if at % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(doubled).sum();
    digits.push(ascii_digit((10 - sum % 10) % 10));
    digits
}

/// Thirteen digits with the check digit of EAN-13, or fourteen with that of a GTIN-14.
pub(crate) fn product_number(random: &mut StdRng, pattern: &str) -> String {
    let mut digits = fill(random, pattern);
    let weighed =
        |(at, digit): (usize, u8)| u32::from(digit - b'0') * if at % 2 == 0 { 3 } else { 1 };
    let sum: u32 = digits.bytes().rev().enumerate().map(weighed).sum();
    digits.push(ascii_digit((10 - sum % 10) % 10));
    digits
}

/// The check character of Code 39 (modulo 43); `None` for a character that Code 39 has not.
pub(crate) fn code_39_check(text: &str) -> Option<char> {
    const ORDER: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";
    let place = |byte: u8| ORDER.iter().position(|other| *other == byte);
    let sum = text.bytes().map(place).sum::<Option<usize>>()?;
    ORDER.get(sum % ORDER.len()).map(|byte| char::from(*byte))
}

fn ascii_digit(digit: u32) -> char {
    char::from_digit(digit, 10).unwrap_or('0')
}
