//! Measured widths against the patterns of a symbology.

use validate::Symbology;

/// A symbol found at a place in a list of widths.
pub(super) struct Symbol {
    pub(super) symbology: Symbology,
    pub(super) payload: String,
    pub(super) gs1: bool,
    /// Number of widths that it takes.
    pub(super) widths: usize,
}

/// The pattern nearest to measured widths, and the width of a module in pixels.
///
/// `None` when no pattern is near, or a second one is nearly as near.
pub(super) fn nearest<const N: usize>(widths: &[f32], patterns: &[[u8; N]]) -> Option<usize> {
    let widths: &[f32; N] = widths.get(..N)?.try_into().ok()?;
    let modules: u8 = patterns[0].iter().sum();
    let scale = f32::from(modules) / widths.iter().sum::<f32>();
    let (mut best, mut best_cost, mut second_cost) = (0, f32::INFINITY, f32::INFINITY);
    for (index, pattern) in patterns.iter().enumerate() {
        let cost = distance(widths, pattern, scale);
        if cost < best_cost {
            second_cost = best_cost;
            (best, best_cost) = (index, cost);
        } else if cost < second_cost {
            second_cost = cost;
        }
    }
    (best_cost < COST_MAX && second_cost - best_cost > MARGIN_MIN).then_some(best)
}

/// Highest mean square deviation of a pattern, in modules squared.
const COST_MAX: f32 = 0.22;

/// Lowest distance to the runner-up in the same unit.
const MARGIN_MIN: f32 = 0.06;

/// Mean squared deviation of like-edge distances, with a smaller weight on the widths themselves.
fn distance<const N: usize>(widths: &[f32; N], pattern: &[u8; N], scale: f32) -> f32 {
    let mut sum = 0.0;
    let mut last = widths[0] * scale - f32::from(pattern[0]);
    sum += 0.3 * last * last;
    for i in 1..N {
        let here = widths[i] * scale - f32::from(pattern[i]);
        sum += 0.3 * here * here + (here + last) * (here + last);
        last = here;
    }
    sum / N as f32
}

/// Whether a symbol character's total width follows from the one before it.
pub(super) fn same_pitch(total: f32, pitch: f32) -> bool {
    (total - pitch).abs() < 0.2 * pitch
}

/// Wide elements of the digits 1 to 9 and 0 in the two-out-of-five code, first in the highest bit.
pub(super) const TWO_OF_FIVE: [u8; 10] =
    [0b10001, 0b01001, 0b11000, 0b00101, 0b10100, 0b01100, 0b00011, 0b10010, 0b01010, 0b00110];

/// Lowest ratio of the narrowest wide element to the widest narrow one of the same colour.
const CONTRAST_MIN: f32 = 1.25;

/// The `count` widest of `widths` as bits, first in the highest bit; `None` if they do not stand
/// clear of the others.
pub(super) fn widest<const N: usize>(widths: [f32; N], count: usize) -> Option<u8> {
    let mut sorted = widths;
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (wide, narrow) = (sorted[count - 1], sorted[count]);
    if wide < CONTRAST_MIN * narrow || sorted[0] > 1.8 * wide {
        return None;
    }
    Some(widths.iter().fold(0, |bits, &width| bits << 1 | u8::from(width >= wide)))
}

/// Whether a guard stands at `at`: elements of one module each.
pub(super) fn guard(widths: &[f32], at: usize, elements: usize, module: f32) -> bool {
    widths
        .get(at..at + elements)
        .is_some_and(|all| all.iter().all(|width| (width - module).abs() < 0.6 * module))
}
