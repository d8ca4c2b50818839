//! Code 128 and GS1-128 (ISO/IEC 15417): 106 characters of three bars and three spaces in eleven
//! modules, three code sets, a check character modulo 103.

use crate::barcode::linear::pattern::{Symbol, nearest, same_pitch};
use validate::Symbology;

const START_A: u8 = 103;
const START_C: u8 = 105;
const GROUP_SEPARATOR: char = '\u{1d}';

/// The stop character: seven elements in thirteen modules.
const STOP: [[u8; 7]; 1] = [[2, 3, 3, 1, 1, 1, 2]];

pub(super) fn read(widths: &[f32], before: f32) -> Option<Symbol> {
    let start = nearest(widths, &START)? as u8 + START_A;
    let mut pitch: f32 = widths[..6].iter().sum();
    if before < 0.3 * pitch {
        return None;
    }
    let mut values = vec![start];
    let mut at = 6;
    loop {
        let rest = &widths[at..];
        let total: f32 = rest.get(..6)?.iter().sum();
        if let Some(seven) = rest.get(..7)
            && same_pitch(seven.iter().sum::<f32>() * 11.0 / 13.0, pitch)
            && nearest(seven, &STOP).is_some()
        {
            break;
        }
        if !same_pitch(total, pitch) {
            return None;
        }
        values.push(nearest(rest, &PATTERNS)? as u8);
        pitch = 0.5 * (pitch + total);
        at += 6;
    }
    let after = widths.get(at + 7).copied().unwrap_or(f32::INFINITY);
    if after < 0.3 * pitch {
        return None;
    }
    let (payload, gs1) = decode(&values)?;
    Some(Symbol { symbology: Symbology::Code128, payload, gs1, widths: at + 7 })
}

#[derive(Clone, Copy, PartialEq)]
enum Set {
    A,
    B,
    C,
}

/// Text of symbol characters from start to check character; FNC1 inside data becomes GS.
fn decode(values: &[u8]) -> Option<(String, bool)> {
    let (&check, data) = values.split_last()?;
    let sum = data.iter().enumerate().map(|(i, &v)| i.max(1) * usize::from(v)).sum::<usize>();
    if data.len() < 2 || sum % 103 != usize::from(check) {
        return None;
    }
    let mut set = [Set::A, Set::B, Set::C][usize::from(data[0] - START_A)];
    let (mut text, mut gs1, mut shift) = (String::new(), false, false);
    let (mut high_once, mut high) = (false, false);
    for (index, &value) in data.iter().enumerate().skip(1) {
        let shifted = std::mem::take(&mut shift);
        let here = match set {
            Set::A if shifted => Set::B,
            Set::B if shifted => Set::A,
            other => other,
        };
        match (here, value) {
            (_, 102) if index == 1 => gs1 = true,
            (_, 102) => text.push(GROUP_SEPARATOR),
            (Set::C, 0..=99) => text.push_str(&format!("{value:02}")),
            (Set::A, 0..=95) | (Set::B, 0..=95) => {
                let code = if here == Set::A && value >= 64 { value - 64 } else { value + 32 };
                let upper = if high != std::mem::take(&mut high_once) { 128 } else { 0 };
                text.push(char::from(code + upper));
            }
            (Set::A | Set::B, 98) => shift = true,
            (Set::A | Set::B, 99) => set = Set::C,
            (Set::A, 100) | (Set::C, 100) => set = Set::B,
            (Set::B, 101) | (Set::C, 101) => set = Set::A,
            (Set::A, 101) | (Set::B, 100) if high_once => {
                high = !high;
                high_once = false;
            }
            (Set::A, 101) | (Set::B, 100) => high_once = true,
            (Set::A | Set::B, 96 | 97) => {}
            _ => return None,
        }
    }
    (!text.is_empty()).then_some((text, gs1))
}

const START: [[u8; 6]; (START_C - START_A + 1) as usize] =
    [[2, 1, 1, 4, 1, 2], [2, 1, 1, 2, 1, 4], [2, 1, 1, 2, 3, 2]];

#[rustfmt::skip]
const PATTERNS: [[u8; 6]; 103] = patterns([
    212222, 222122, 222221, 121223, 121322, 131222, 122213, 122312, 132212, 221213,
    221312, 231212, 112232, 122132, 122231, 113222, 123122, 123221, 223211, 221132,
    221231, 213212, 223112, 312131, 311222, 321122, 321221, 312212, 322112, 322211,
    212123, 212321, 232121, 111323, 131123, 131321, 112313, 132113, 132311, 211313,
    231113, 231311, 112133, 112331, 132131, 113123, 113321, 133121, 313121, 211331,
    231131, 213113, 213311, 213131, 311123, 311321, 331121, 312113, 312311, 332111,
    314111, 221411, 431111, 111224, 111422, 121124, 121421, 141122, 141221, 112214,
    112412, 122114, 122411, 142112, 142211, 241211, 221114, 413111, 241112, 134111,
    111242, 121142, 121241, 114212, 124112, 124211, 411212, 421112, 421211, 212141,
    214121, 412121, 111143, 111341, 131141, 114113, 114311, 411113, 411311, 113141,
    114131, 311141, 411131,
]);

/// Widths written as decimal digits, bar first.
const fn patterns<const M: usize>(digits: [u32; M]) -> [[u8; 6]; M] {
    let mut out = [[0; 6]; M];
    let mut i = 0;
    while i < M {
        let (mut rest, mut place) = (digits[i], 6);
        while place > 0 {
            place -= 1;
            out[i][place] = (rest % 10) as u8;
            rest /= 10;
        }
        i += 1;
    }
    out
}
