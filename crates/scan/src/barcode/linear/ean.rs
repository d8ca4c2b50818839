//! EAN-13, EAN-8, UPC-A and UPC-E (ISO/IEC 15420): product numbers, read so that they can be
//! told from serials. Digits have two bars and two spaces in seven modules, the last is a check.

use crate::barcode::linear::pattern::{Symbol, guard, nearest, same_pitch};
use crate::barcode::symbologies::Symbologies;
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
    let module = widths.get(..3)?.iter().sum::<f32>() / 3.0;
    if !guard(widths, 0, 3, module) || before < 4.0 * module {
        return None;
    }
    let pitch = module * 7.0;
    let family = [Symbology::Ean13, Symbology::UpcA, Symbology::Ean8, Symbology::UpcE];
    if !family.into_iter().any(|one| wanted.has(one)) {
        return None;
    }
    let symbol =
        ean13(widths, pitch).or_else(|| ean8(widths, pitch)).or_else(|| upc_e(widths, pitch))?;
    let after = widths.get(symbol.widths).copied().unwrap_or(f32::INFINITY);
    (after >= 4.0 * module && wanted.has(symbol.symbology)).then_some(symbol)
}

/// Digits from `at` on with their sets as bits, first in the highest bit.
fn digits(widths: &[f32], at: usize, count: usize, pitch: f32) -> Option<(Vec<u8>, u8)> {
    let mut pitch = pitch;
    let (mut out, mut sets) = (Vec::with_capacity(count), 0);
    for four in widths.get(at..at + 4 * count)?.chunks_exact(4) {
        let total: f32 = four.iter().sum();
        if !same_pitch(total, pitch) {
            return None;
        }
        pitch = 0.5 * (pitch + total);
        let value = nearest(four, &DIGITS)? as u8;
        out.push(value % 10);
        sets = (sets << 1) | (value / 10);
    }
    Some((out, sets))
}

fn ean13(widths: &[f32], pitch: f32) -> Option<Symbol> {
    let (left, sets) = digits(widths, 3, 6, pitch)?;
    // The right half begins with a bar: its widths run bar, space, bar, space, and set C has the
    // widths of set A.
    let (right, right_sets) = digits(widths, 3 + 24 + 5, 6, pitch)?;
    let first = LEADING.iter().position(|&leading| leading == sets)? as u8;
    let mut all = vec![first];
    all.extend(left);
    all.extend(right);
    let module = pitch / 7.0;
    let framed = guard(widths, 27, 5, module) && guard(widths, 56, 3, module);
    if right_sets != 0 || !framed || !checked(&all) {
        return None;
    }
    let (symbology, skip) = if first == 0 { (Symbology::UpcA, 1) } else { (Symbology::Ean13, 0) };
    Some(symbol(symbology, &all[skip..], 59))
}

fn ean8(widths: &[f32], pitch: f32) -> Option<Symbol> {
    let (mut all, sets) = digits(widths, 3, 4, pitch)?;
    let (right, right_sets) = digits(widths, 3 + 16 + 5, 4, pitch)?;
    all.extend(right);
    let module = pitch / 7.0;
    let framed = guard(widths, 19, 5, module) && guard(widths, 40, 3, module);
    let valid = sets == 0 && right_sets == 0 && framed && checked(&all);
    valid.then(|| symbol(Symbology::Ean8, &all, 43))
}

fn upc_e(widths: &[f32], pitch: f32) -> Option<Symbol> {
    let (six, sets) = digits(widths, 3, 6, pitch)?;
    if !guard(widths, 27, 6, pitch / 7.0) {
        return None;
    }
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
