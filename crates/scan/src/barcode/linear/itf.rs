//! Interleaved 2 of 5 (ISO/IEC 16390): two digits in five bars and the five spaces between them,
//! two wide ones each. It has no check digit and any part of a symbol may pass for a whole one, so
//! it is read only when asked for.

use crate::barcode::linear::pattern::{Symbol, TWO_OF_FIVE, guard, same_pitch, widest};
use validate::Symbology;

/// Fewest digits that are believed.
const DIGITS_MIN: usize = 6;
/// White before and behind a symbol, in modules: ten by the standard, less what ink and blur take. A
/// narrower gap is damage, and what stands on one side of it a part of a longer symbol.
const QUIET_ZONE_MIN: f32 = 9.0;

pub(super) fn read(widths: &[f32], before: f32) -> Option<Symbol> {
    let module = widths.get(..4)?.iter().sum::<f32>() / 4.0;
    if !guard(widths, 0, 4, module) || before < QUIET_ZONE_MIN * module {
        return None;
    }
    let mut text = String::new();
    let (mut at, mut pitch) = (4, None);
    while let Some(ten) = widths.get(at..at + 10) {
        let total: f32 = ten.iter().sum();
        let Some(pair) = pair(ten) else { break };
        if pitch.is_some_and(|pitch| !same_pitch(total, pitch)) {
            return None;
        }
        pitch = Some(total);
        text.extend(pair);
        at += 10;
    }
    let stop = widths.get(at..at + 3)?;
    let after = widths.get(at + 3).copied().unwrap_or(f32::INFINITY);
    let ends =
        stop[0] > 1.6 * module && guard(stop, 1, 2, module) && after > QUIET_ZONE_MIN * module;
    (ends && text.len() >= DIGITS_MIN).then_some(Symbol {
        symbology: Symbology::Itf,
        payload: text,
        gs1: false,
        widths: at + 3,
    })
}

/// Two digits: the first in the bars, the second in the spaces.
fn pair(ten: &[f32]) -> Option<[char; 2]> {
    let digit = |first: usize| {
        let five = [0, 2, 4, 6, 8].map(|i| ten[first + i]);
        let wide = widest(five, 2)?;
        let place = TWO_OF_FIVE.iter().position(|&known| known == wide)?;
        Some(char::from(b'0' + (place as u8 + 1) % 10))
    };
    Some([digit(0)?, digit(1)?])
}
