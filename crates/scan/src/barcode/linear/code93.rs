//! Code 93 (AIM BC5): three bars and three spaces in nine modules, two check characters.

use crate::barcode::linear::pattern::{Symbol, nearest, same_pitch};
use validate::Symbology;

const FRAME: usize = 47;
const PLAIN: &[u8; 43] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";

pub(super) fn read(widths: &[f32], before: f32) -> Option<Symbol> {
    let frame = &PATTERNS[FRAME..];
    nearest(widths, frame)?;
    let mut pitch: f32 = widths[..6].iter().sum();
    if before < 0.3 * pitch || nearest(widths, &PATTERNS)? != FRAME {
        return None;
    }
    let mut values = Vec::new();
    let mut at = 6;
    loop {
        let six = widths.get(at..at + 6)?;
        let total: f32 = six.iter().sum();
        if !same_pitch(total, pitch) {
            return None;
        }
        pitch = 0.5 * (pitch + total);
        at += 6;
        match nearest(six, &PATTERNS)? {
            FRAME => break,
            value => values.push(value),
        }
    }
    // The frame ends in one more bar, a module wide.
    let last = *widths.get(at)?;
    let after = widths.get(at + 1).copied().unwrap_or(f32::INFINITY);
    if last > 0.25 * pitch || after < 0.3 * pitch {
        return None;
    }
    let payload = decode(&values)?;
    Some(Symbol { symbology: Symbology::Code93, payload, gs1: false, widths: at + 1 })
}

/// Text of symbol characters, the two check characters last.
fn decode(values: &[usize]) -> Option<String> {
    let (data, checks) = values.split_at_checked(values.len().checked_sub(2)?)?;
    if data.is_empty()
        || weighted(data, 20) != checks[0]
        || weighted(&values[..values.len() - 1], 15) != checks[1]
    {
        return None;
    }
    let mut text = String::new();
    let mut shift = None;
    for &value in data {
        match (shift.take(), value) {
            (None, 0..=42) => text.push(char::from(PLAIN[value])),
            (None, shifted) => shift = Some(shifted),
            (Some(shifted), 10..=35) => text.push(shifted_letter(shifted, value as u8 - 10)?),
            _ => return None,
        }
    }
    shift.is_none().then_some(text)
}

fn weighted(values: &[usize], cycle: usize) -> usize {
    values.iter().rev().enumerate().map(|(i, value)| (i % cycle + 1) * value).sum::<usize>() % 47
}

/// Full ASCII: a shift character and a letter (0 for A) stand for one other character.
fn shifted_letter(shift: usize, letter: u8) -> Option<char> {
    let code = match (shift, letter) {
        (43, _) => letter + 1,
        (44, 0..=4) => letter + 27,
        (44, 5..=9) => letter - 5 + b';',
        (44, 10..=14) => letter - 10 + b'[',
        (44, 15..=19) => letter - 15 + b'{',
        (44, 20) => 0,
        (44, 21) => b'@',
        (44, 22) => b'`',
        (44, 23..=25) => 127,
        (45, 0..=14) => letter + b'!',
        (45, 25) => b':',
        (46, _) => letter + b'a',
        _ => return None,
    };
    Some(char::from(code))
}

#[rustfmt::skip]
const PATTERNS: [[u8; 6]; 48] = [
    [1,3,1,1,1,2], [1,1,1,2,1,3], [1,1,1,3,1,2], [1,1,1,4,1,1], [1,2,1,1,1,3], [1,2,1,2,1,2],
    [1,2,1,3,1,1], [1,1,1,1,1,4], [1,3,1,2,1,1], [1,4,1,1,1,1], [2,1,1,1,1,3], [2,1,1,2,1,2],
    [2,1,1,3,1,1], [2,2,1,1,1,2], [2,2,1,2,1,1], [2,3,1,1,1,1], [1,1,2,1,1,3], [1,1,2,2,1,2],
    [1,1,2,3,1,1], [1,2,2,1,1,2], [1,3,2,1,1,1], [1,1,1,1,2,3], [1,1,1,2,2,2], [1,1,1,3,2,1],
    [1,2,1,1,2,2], [1,3,1,1,2,1], [2,1,2,1,1,2], [2,1,2,2,1,1], [2,1,1,1,2,2], [2,1,1,2,2,1],
    [2,2,1,1,2,1], [2,2,2,1,1,1], [1,1,2,1,2,2], [1,1,2,2,2,1], [1,2,2,1,2,1], [1,2,3,1,1,1],
    [1,2,1,1,3,1], [3,1,1,1,1,2], [3,1,1,2,1,1], [3,2,1,1,1,1], [1,1,2,1,3,1], [1,1,3,1,2,1],
    [2,1,1,1,3,1], [1,2,1,2,2,1], [3,1,2,1,1,1], [3,1,1,1,2,1], [1,2,2,2,1,1], [1,1,1,1,4,1],
];
