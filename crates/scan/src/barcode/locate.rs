//! Where codes are: connected blocks of bars, and compact patches with edges in all directions.

use crate::barcode::structure_tensor::{BLOCK_PX, Grid};
use crate::image::oriented_box::OrientedBox;
use std::f32::consts::{FRAC_PI_2, PI};
use validate::Point;

/// Lowest coherence of a block of bars, 0 to 1.
const BAR_COHERENCE_MIN: f32 = 0.6;
/// Lowest energy of a block of bars.
const BAR_ENERGY_MIN: f32 = 150.0;
/// Widest turn between a block and the mean of its box, in radians.
const TURN_MAX: f32 = 0.3;
/// Fewest blocks of a box of bars.
const BAR_BLOCKS_MIN: usize = 4;
/// Most boxes of bars of one level.
const BAR_BOXES_MAX: usize = 32;
/// Highest coherence of a block of a two-dimensional symbol.
const PATCH_COHERENCE_MAX: f32 = 0.8;
/// Energies above which blocks form a patch: print around a symbol joins it at the lower one.
const PATCH_ENERGIES_MIN: [f32; 3] = [400.0, 1500.0, 4000.0];
/// Largest ratio of a patch's sides.
const PATCH_ASPECT_MAX: f32 = 3.5;
/// Smallest part of a patch's bounding box that its blocks fill.
const PATCH_FILL_MIN: f32 = 0.5;
/// Side of a patch in blocks; what is larger shows at a coarser level.
const PATCH_BLOCKS: std::ops::RangeInclusive<usize> = 2..=36;
/// Most patches of one level.
const PATCHES_MAX: usize = 12;

/// A place that may hold a code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scored {
    /// In pixels of the photo; `along` runs across the bars, or to the right.
    pub(super) place: OrientedBox,
    /// How much the place looks like a code; only good for ordering.
    pub(super) score: f32,
}

/// The boxes of bars of one level, best first; each is read along its width, across the bars.
/// `scale` is the photo's pixels per pixel of the level.
pub(super) fn bar_boxes(grid: &Grid, scale: f32) -> Vec<OrientedBox> {
    let mut open: Vec<bool> = grid
        .tensors
        .iter()
        .map(|tensor| tensor.energy() > BAR_ENERGY_MIN && tensor.coherence() > BAR_COHERENCE_MIN)
        .collect();
    let mut boxes = Vec::new();
    for seed in 0..open.len() {
        if open[seed] {
            let (blocks, angle) = grow_bars(grid, seed, &mut open);
            boxes.extend(fit(grid, &blocks, angle, scale));
        }
    }
    best(boxes, BAR_BOXES_MAX).into_iter().map(|found| found.place).collect()
}

/// The places of the highest scores, best first.
fn best(mut found: Vec<Scored>, count_max: usize) -> Vec<Scored> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(count_max);
    found
}

/// The connected blocks of like direction around a seed, and their mean direction.
fn grow_bars(grid: &Grid, seed: usize, open: &mut [bool]) -> (Vec<usize>, f32) {
    let (mut cos2, mut sin2) = (0.0f32, 0.0f32);
    let mut blocks = Vec::new();
    let mut next = vec![seed];
    open[seed] = false;
    while let Some(block) = next.pop() {
        let angle = grid.tensors[block].angle();
        cos2 += (2.0 * angle).cos();
        sin2 += (2.0 * angle).sin();
        blocks.push(block);
        let mean = 0.5 * sin2.atan2(cos2);
        let (row, column) = (block / grid.columns, block % grid.columns);
        for near_row in row.saturating_sub(1)..(row + 2).min(grid.rows) {
            for near_column in column.saturating_sub(2)..(column + 3).min(grid.columns) {
                let near = near_row * grid.columns + near_column;
                if open[near] && turn(grid.tensors[near].angle(), mean) < TURN_MAX {
                    open[near] = false;
                    next.push(near);
                }
            }
        }
    }
    (blocks, 0.5 * sin2.atan2(cos2))
}

/// The box around blocks; `None` if it is too small for a code.
fn fit(grid: &Grid, blocks: &[usize], angle: f32, scale: f32) -> Option<Scored> {
    if blocks.len() < BAR_BLOCKS_MIN {
        return None;
    }
    let (sin, cos) = angle.sin_cos();
    let turned = |&block: &usize| {
        let (x, y) = grid.centre(block);
        (x * cos + y * sin, y * cos - x * sin)
    };
    let (mut across, mut along): (Vec<f32>, Vec<f32>) = blocks.iter().map(turned).unzip();
    across.sort_by(f32::total_cmp);
    along.sort_by(f32::total_cmp);
    let (u0, u1) = (across[0], across[across.len() - 1]);
    // A few stray blocks at the ends of the bars would stretch the box into the print around it.
    let near = |part: f32| along[((along.len() - 1) as f32 * part) as usize];
    let (v0, v1) = (near(0.06), near(0.94));
    let half_u = (u1 - u0) / 2.0 + BLOCK_PX as f32;
    let half_v = (v1 - v0) / 2.0 + BLOCK_PX as f32 * 0.3;
    if half_u < 14.0 {
        return None;
    }
    let (u, v) = ((u0 + u1) / 2.0, (v0 + v1) / 2.0);
    Some(Scored {
        place: OrientedBox {
            centre: Point { x: (u * cos - v * sin) * scale, y: (u * sin + v * cos) * scale },
            along: Point { x: cos, y: sin },
            width: 2.0 * half_u * scale,
            height: 2.0 * half_v * scale,
            grown: 0.0,
        },
        score: blocks.len() as f32 * (half_u / half_v).clamp(0.5, 3.0),
    })
}

/// The angle between two undirected lines, 0 to pi/2.
fn turn(a: f32, b: f32) -> f32 {
    let d = (a - b).abs() % PI;
    if d > FRAC_PI_2 { PI - d } else { d }
}

/// Whether two upright boxes would show the same symbol.
pub(super) fn same_patch(one: &OrientedBox, other: &OrientedBox) -> bool {
    let near = |a: f32, b: f32, side: f32| (a - b).abs() < 0.35 * side / 2.0;
    let alike = |a: f32, b: f32| a < 1.5 * b && b < 1.5 * a;
    near(one.centre.x, other.centre.x, one.width)
        && near(one.centre.y, other.centre.y, one.height)
        && alike(one.width, other.width)
        && alike(one.height, other.height)
}

/// The upright boxes of one level that may hold a two-dimensional symbol, best first. `scale` is
/// the photo's pixels per pixel of the level.
pub(super) fn patches(grid: &Grid, scale: f32) -> Vec<Scored> {
    let mut out: Vec<Scored> = Vec::new();
    for floor in PATCH_ENERGIES_MIN {
        let mut open: Vec<bool> = grid
            .tensors
            .iter()
            .map(|tensor| tensor.energy() > floor && tensor.coherence() < PATCH_COHERENCE_MAX)
            .collect();
        for seed in 0..open.len() {
            if open[seed]
                && let Some(patch) = grow_patch(grid, seed, &mut open, scale)
                && !out.iter().any(|known| same_patch(&known.place, &patch.place))
            {
                out.push(patch);
            }
        }
    }
    best(out, PATCHES_MAX)
}

/// The connected blocks around a seed, if together they are compact and of the right size.
fn grow_patch(grid: &Grid, seed: usize, open: &mut [bool], scale: f32) -> Option<Scored> {
    let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
    let (mut count, mut energy) = (0, 0.0);
    let mut next = vec![seed];
    open[seed] = false;
    while let Some(block) = next.pop() {
        let (row, column) = (block / grid.columns, block % grid.columns);
        (left, right) = (left.min(column), right.max(column));
        (top, bottom) = (top.min(row), bottom.max(row));
        count += 1;
        energy += grid.tensors[block].energy();
        let mut visit = |near: usize, exists: bool| {
            if exists && open[near] {
                open[near] = false;
                next.push(near);
            }
        };
        visit(block.wrapping_sub(1), column > 0);
        visit(block + 1, column + 1 < grid.columns);
        visit(block.wrapping_sub(grid.columns), row > 0);
        visit(block + grid.columns, row + 1 < grid.rows);
    }
    let (wide, high) = (right + 1 - left, bottom + 1 - top);
    let (width, height) = (wide as f32, high as f32);
    let fill = count as f32 / (width * height);
    let aspect = width.max(height) / width.min(height);
    if !PATCH_BLOCKS.contains(&wide)
        || !PATCH_BLOCKS.contains(&high)
        || fill < PATCH_FILL_MIN
        || aspect > PATCH_ASPECT_MAX
    {
        return None;
    }
    let block = BLOCK_PX as f32 * scale;
    Some(Scored {
        place: OrientedBox {
            centre: Point {
                x: (left as f32 + width / 2.0) * block,
                y: (top as f32 + height / 2.0) * block,
            },
            along: Point { x: 1.0, y: 0.0 },
            width: width * block,
            height: height * block,
            grown: 0.0,
        },
        score: (energy / count as f32).sqrt() * fill * width.min(height).sqrt() / aspect,
    })
}
