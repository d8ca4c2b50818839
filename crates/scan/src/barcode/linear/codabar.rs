//! Codabar (AIM BC3): four bars and three spaces a character, wide or narrow, no check character.
//! Read only when asked for.

use crate::barcode::linear::pattern::{Symbol, same_pitch};
use validate::Symbology;

const CHARACTERS: &[u8; 20] = b"0123456789-$:/.+ABCD";

/// Wide elements of each character, first bar in the highest bit.
const WIDE: [u8; 20] = [
    0b0000011, 0b0000110, 0b0001001, 0b1100000, 0b0010010, 0b1000010, 0b0100001, 0b0100100,
    0b0110000, 0b1001000, 0b0001100, 0b0011000, 0b1000101, 0b1010001, 0b1010100, 0b0010101,
    0b0011010, 0b0101001, 0b0001011, 0b0001110,
];

/// Fewest characters between start and stop that are believed.
const TEXT_MIN: usize = 4;

pub(super) fn read(widths: &[f32], before: f32) -> Option<Symbol> {
    let frame = |c: u8| (b'A'..=b'D').contains(&c);
    let module = widths.get(..7)?.iter().sum::<f32>() / 10.0;
    if before < 5.0 * module || !frame(character(&widths[..7])?) {
        return None;
    }
    let mut text = String::new();
    let mut at = 8;
    loop {
        let seven = widths.get(at..at + 7)?;
        // A character has nine to eleven modules by its number of wide elements.
        if !same_pitch(seven.iter().sum::<f32>() / 10.0, module) || widths[at - 1] > 4.0 * module {
            return None;
        }
        match character(seven)? {
            c if frame(c) => break,
            c => text.push(char::from(c)),
        }
        at += 8;
    }
    let after = widths.get(at + 7).copied().unwrap_or(f32::INFINITY);
    (text.len() >= TEXT_MIN && after > 5.0 * module).then_some(Symbol {
        symbology: Symbology::Codabar,
        payload: text,
        gs1: false,
        widths: at + 7,
    })
}

/// The character of seven widths, if wide and narrow ones stand apart.
fn character(seven: &[f32]) -> Option<u8> {
    let (low, high) = seven.iter().fold((f32::INFINITY, 0.0f32), |(a, b), &w| (a.min(w), b.max(w)));
    if high < 1.6 * low {
        return None;
    }
    let middle = (low + high) / 2.0;
    let wide = seven.iter().fold(0, |bits, &width| (bits << 1) | u8::from(width > middle));
    Some(CHARACTERS[WIDE.iter().position(|&known| known == wide)?])
}
