//! EAN-13, EAN-8, UPC-A and UPC-E (ISO/IEC 15420): product numbers, read so that they can be
//! told from serials. Digits have two bars and two spaces in seven modules, the last is a check.

use crate::barcode::linear::pattern::{Symbol, nearest, same_pitch};
use crate::barcode::symbologies::Symbologies;
use std::ops::Range;
use validate::Symbology;

/// Space, bar, space, bar of the digits in set A (odd parity); set B is the mirror image.
const DIGITS: [[u8; 4]; 20] = {
    let a = [
        [3, 2, 1, 1],
        [2, 2, 2, 1],
        [2, 1, 2, 2],
        [1, 4, 1, 1],
        [1, 1, 3, 2],
        [1, 2, 3, 1],
        [1, 1, 1, 4],
        [1, 3, 1, 2],
        [1, 2, 1, 3],
        [3, 1, 1, 2],
    ];
    let mut both = [[0; 4]; 20];
    let mut i = 0;
    while i < 10 {
        both[i] = a[i];
        both[i + 10] = [a[i][3], a[i][2], a[i][1], a[i][0]];
        i += 1;
    }
    both
};

/// Which of the six left digits are in set B, first digit in the highest bit, by leading digit.
const LEADING: [u8; 10] = [
    0b000000, 0b001011, 0b001101, 0b001110, 0b010011, 0b011001, 0b011100, 0b010101, 0b010110,
    0b011010,
];

/// The same for UPC-E in number system 0, by check digit.
const UPC_E_CHECK: [u8; 10] = [
    0b111000, 0b110100, 0b110010, 0b110001, 0b101100, 0b100110, 0b100011, 0b101010, 0b101001,
    0b100101,
];

pub(super) fn read(widths: &[f32], before: f32, wanted: Symbologies) -> Option<Symbol> {
    let [bar, space, last] = *widths.first_chunk()?;
    // Twice a bar and twice the space between: what ink adds to the one, the other lacks.
    let module = (bar + 2.0 * space + last) / 4.0;
    if (bar - last).abs() > 0.6 * module || before < 4.0 * module {
        return None;
    }
    let family = [Symbology::Ean13, Symbology::UpcA, Symbology::Ean8, Symbology::UpcE];
    if !family.into_iter().any(|one| wanted.has(one)) {
        return None;
    }
    let symbol =
        ean13(widths, module).or_else(|| ean8(widths, module)).or_else(|| upc_e(widths, module))?;
    let after = widths.get(symbol.widths).copied().unwrap_or(f32::INFINITY);
    (after >= 4.0 * module && wanted.has(symbol.symbology)).then_some(symbol)
}

/// How much wider than a module the bars of a guard are, and its spaces narrower. Digits 1 and 7,
/// and 2 and 8, differ in nothing but the width of bars, so that it has to be known. Even widths are
/// bars; `None` where no guard stands.
fn ink_spread(widths: &[f32], guard: Range<usize>, module: f32) -> Option<f32> {
    let elements = widths.get(guard.clone())?;
    let regular = |pair: &[f32]| (pair[0] + pair[1] - 2.0 * module).abs() < 0.7 * module;
    let count = guard.len() as f32;
    let excess = |(width, at): (&f32, usize)| {
        let excess = width - module;
        if at.is_multiple_of(2) { excess } else { -excess }
    };
    let sum: f32 = elements.iter().zip(guard).map(excess).sum();
    elements.windows(2).all(regular).then_some(sum / count)
}

/// Digits from `at` on with their sets as bits, first in the highest bit. `spread` is that of the
/// guards before and after them.
fn digits(
    widths: &[f32],
    at: usize,
    count: usize,
    module: f32,
    spread: (f32, f32),
) -> Option<(Vec<u8>, u8)> {
    let mut pitch = 7.0 * module;
    let (mut out, mut sets) = (Vec::with_capacity(count), 0);
    for (index, four) in widths.get(at..at + 4 * count)?.as_chunks::<4>().0.iter().enumerate() {
        let total: f32 = four.iter().sum();
        if !same_pitch(total, pitch) {
            return None;
        }
        pitch = 0.5 * (pitch + total);
        let part = (index as f32 + 0.5) / count as f32;
        let spread = spread.0 + part * (spread.1 - spread.0);
        let inked = |i: usize| if (at + i).is_multiple_of(2) { -spread } else { spread };
        let value = nearest(&[0, 1, 2, 3].map(|i| four[i] + inked(i)), &DIGITS)? as u8;
        out.push(value % 10);
        sets = (sets << 1) | (value / 10);
    }
    Some((out, sets))
}

fn ean13(widths: &[f32], module: f32) -> Option<Symbol> {
    let before = ink_spread(widths, 0..3, module)?;
    let middle = ink_spread(widths, 27..32, module)?;
    let after = ink_spread(widths, 56..59, module)?;
    let (left, sets) = digits(widths, 3, 6, module, (before, middle))?;
    // The right half begins with a bar: its widths run bar, space, bar, space, and set C has the
    // widths of set A.
    let (right, right_sets) = digits(widths, 32, 6, module, (middle, after))?;
    let first = LEADING.iter().position(|&leading| leading == sets)? as u8;
    let mut all = vec![first];
    all.extend(left);
    all.extend(right);
    if right_sets != 0 || !checked(&all) {
        return None;
    }
    let (symbology, skip) = if first == 0 { (Symbology::UpcA, 1) } else { (Symbology::Ean13, 0) };
    Some(symbol(symbology, &all[skip..], 59))
}

fn ean8(widths: &[f32], module: f32) -> Option<Symbol> {
    let before = ink_spread(widths, 0..3, module)?;
    let middle = ink_spread(widths, 19..24, module)?;
    let after = ink_spread(widths, 40..43, module)?;
    let (mut all, sets) = digits(widths, 3, 4, module, (before, middle))?;
    let (right, right_sets) = digits(widths, 24, 4, module, (middle, after))?;
    all.extend(right);
    let valid = sets == 0 && right_sets == 0 && checked(&all);
    valid.then(|| symbol(Symbology::Ean8, &all, 43))
}

fn upc_e(widths: &[f32], module: f32) -> Option<Symbol> {
    let before = ink_spread(widths, 0..3, module)?;
    let after = ink_spread(widths, 27..33, module)?;
    let (six, sets) = digits(widths, 3, 6, module, (before, after))?;
    let (system, check) = match UPC_E_CHECK.iter().position(|&known| known == sets) {
        Some(check) => (0, check as u8),
        None => (1, UPC_E_CHECK.iter().position(|&known| known == !sets & 0b111111)? as u8),
    };
    let d = &six;
    let long = match d[5] {
        last @ 0..=2 => [d[0], d[1], last, 0, 0, 0, 0, d[2], d[3], d[4]],
        3 => [d[0], d[1], d[2], 0, 0, 0, 0, 0, d[3], d[4]],
        4 => [d[0], d[1], d[2], d[3], 0, 0, 0, 0, 0, d[4]],
        last => [d[0], d[1], d[2], d[3], d[4], 0, 0, 0, 0, last],
    };
    let mut all = vec![system];
    all.extend(long);
    all.push(check);
    let mut short = vec![system];
    short.extend(&six);
    short.push(check);
    checked(&all).then(|| symbol(Symbology::UpcE, &short, 33))
}

/// Whether the last digit is the check digit of the others: weights 3 and 1 from the right.
fn checked(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate();
    sum.map(|(i, &digit)| u32::from(digit) * if i % 2 == 1 { 3 } else { 1 }).sum::<u32>() % 10 == 0
}

fn symbol(symbology: Symbology, digits: &[u8], widths: usize) -> Symbol {
    let payload = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
    Symbol { symbology, payload, gs1: false, widths }
}
