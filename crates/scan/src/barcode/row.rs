//! From the grey values along a row to the edges of its bars, at fractions of a sample.

/// Lowest contrast between black and white, grey levels.
const CONTRAST_MIN: i32 = 24;
/// Samples of a block for which the local extremes are kept.
const BLOCK: usize = 16;

/// Edges where the row crosses the middle between its local extremes; even entries begin a bar.
///
/// `reach` is the number of samples to either side that the extremes are taken from: it must span
/// the widest element.
pub(super) fn crossings(row: &[u8], reach: usize, out: &mut Vec<f32>) {
    out.clear();
    let blocks: Vec<(u8, u8)> = row
        .chunks(BLOCK)
        .map(|block| block.iter().fold((255, 0), |(lo, hi), &p| (p.min(lo), p.max(hi))))
        .collect();
    let reach = reach.div_ceil(BLOCK);
    // Twice the threshold at the middle of each block; `None` where there is no contrast.
    let thresholds: Vec<Option<i32>> = (0..blocks.len())
        .map(|block| {
            let near = &blocks[block.saturating_sub(reach)..(block + reach + 1).min(blocks.len())];
            let (lo, hi) = near.iter().fold((255, 0), |(a, b), &(c, d)| (c.min(a), d.max(b)));
            let (lo, hi) = (i32::from(lo), i32::from(hi));
            (hi - lo >= CONTRAST_MIN).then_some(lo + hi)
        })
        .collect();
    let mut black = false;
    let mut before = 0;
    for (i, &p) in row.iter().enumerate() {
        // Twice the grey value above the threshold, white positive.
        let here = match between(&thresholds, i) {
            Some(threshold) => 2 * i32::from(p) - threshold,
            None => 1,
        };
        if (here < 0) != black && i > 0 {
            let part = before as f32 / (before - here) as f32;
            out.push(i as f32 - 1.0 + if part.is_finite() { part } else { 0.5 });
            black = !black;
        } else if i == 0 && here < 0 {
            out.push(0.0);
            black = true;
        }
        before = here;
    }
    if black {
        out.push(row.len() as f32);
    }
}

/// The threshold at a sample, linear between the middles of blocks.
fn between(thresholds: &[Option<i32>], sample: usize) -> Option<i32> {
    let shifted = sample + BLOCK / 2;
    let (right, part) = (shifted / BLOCK, (shifted % BLOCK) as i32);
    let left = thresholds[right.saturating_sub(1).min(thresholds.len() - 1)];
    let right = thresholds[right.min(thresholds.len() - 1)];
    match (left, right) {
        (Some(a), Some(b)) => Some((a * (BLOCK as i32 - part) + b * part) / BLOCK as i32),
        (one, other) => one.or(other),
    }
}

/// Edges at the steepest places of the row; even entries begin a bar.
///
/// Finds narrow bars that blur keeps from crossing any threshold. `keep` is the lowest slope that
/// counts, as a part of the steepest slope nearby in 1/256.
pub(super) fn steepest(row: &[u8], keep: i32, out: &mut Vec<f32>) {
    out.clear();
    if row.len() < 8 {
        return;
    }
    let slopes: Vec<i32> = (0..row.len())
        .map(|i| {
            let (a, b) = (row[i.saturating_sub(1)], row[(i + 1).min(row.len() - 1)]);
            i32::from(b) - i32::from(a)
        })
        .collect();
    let peaks: Vec<i32> = slopes
        .chunks(BLOCK)
        .map(|block| block.iter().map(|slope| slope.abs()).max().unwrap_or(0))
        .collect();
    let floor = |i: usize| {
        let block = i / BLOCK;
        let near = &peaks[block.saturating_sub(2)..(block + 3).min(peaks.len())];
        (near.iter().copied().max().unwrap_or(0) * keep / 256).max(CONTRAST_MIN / 4)
    };
    let mut last = 0;
    for i in 1..slopes.len() - 1 {
        let (a, b, c) = (slopes[i - 1], slopes[i], slopes[i + 1]);
        let peak = if b > 0 { b >= a && b > c } else { b <= a && b < c };
        if !peak || b.abs() < floor(i) {
            continue;
        }
        let bend = (a - 2 * b + c) as f32;
        let at = i as f32 + if bend == 0.0 { 0.0 } else { 0.5 * (a - c) as f32 / bend };
        // A dark edge falls. Of several edges of the same direction the steepest stays.
        if b.signum() == i32::signum(last) {
            if b.abs() > last.abs() {
                last = b;
                if let Some(edge) = out.last_mut() {
                    *edge = at;
                }
            }
        } else if b < 0 || !out.is_empty() {
            last = b;
            out.push(at);
        }
    }
}
