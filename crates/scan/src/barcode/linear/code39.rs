//! Code 39 (ISO/IEC 16388): nine elements a character, three of them wide; `*` frames the text.
//!
//! There is no check character by default, so a character counts only when its wide elements stand
//! clear of its narrow ones and its width follows from the character before it. Without that, a
//! glare spot turns several characters into one wrong one.

use crate::barcode::linear::pattern::{Symbol, TWO_OF_FIVE, same_pitch, widest};
use validate::Symbology;

/// The characters whose two wide bars stand in this order, by the place of the wide space.
const BY_WIDE_SPACE: [&[u8; 10]; 4] = [b"UVWXYZ-. *", b"1234567890", b"ABCDEFGHIJ", b"KLMNOPQRST"];

pub(super) fn read(widths: &[f32], before: f32) -> Option<Symbol> {
    if character(widths.get(..9)?)? != b'*' {
        return None;
    }
    let mut pitch: f32 = widths[..9].iter().sum();
    if before < 0.3 * pitch {
        return None;
    }
    let mut text = String::new();
    let mut at = 10;
    loop {
        let nine = widths.get(at..at + 9)?;
        let total: f32 = nine.iter().sum();
        let gap = widths[at - 1];
        if !same_pitch(total, pitch) || gap > 0.4 * pitch {
            return None;
        }
        pitch = 0.5 * (pitch + total);
        match character(nine)? {
            b'*' => break,
            c => text.push(char::from(c)),
        }
        at += 10;
    }
    let after = widths.get(at + 9).copied().unwrap_or(f32::INFINITY);
    if text.is_empty() || after < 0.3 * pitch {
        return None;
    }
    Some(Symbol { symbology: Symbology::Code39, payload: text, gs1: false, widths: at + 9 })
}

/// The character of nine widths, bar first.
fn character(nine: &[f32]) -> Option<u8> {
    let bars = [nine[0], nine[2], nine[4], nine[6], nine[8]];
    let spaces = [nine[1], nine[3], nine[5], nine[7]];
    if let (Some(wide_bars), Some(wide_spaces)) = (widest(bars, 2), widest(spaces, 1)) {
        let column = TWO_OF_FIVE.iter().position(|&bars| bars == wide_bars)?;
        return Some(BY_WIDE_SPACE[3 - wide_spaces.trailing_zeros() as usize][column]);
    }
    // Three wide spaces and no wide bar: the four special characters.
    let wide_spaces = widest(spaces, 3)?;
    let widest_bar = bars.iter().copied().fold(0.0, f32::max);
    let widest_space = spaces.iter().copied().fold(0.0, f32::max);
    if widest_bar * 1.4 > widest_space {
        return None;
    }
    match wide_spaces {
        0b1110 => Some(b'$'),
        0b1101 => Some(b'/'),
        0b1011 => Some(b'+'),
        0b0111 => Some(b'%'),
        _ => None,
    }
}
