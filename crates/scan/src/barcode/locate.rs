//! Where one-dimensional codes are: blocks whose gradients all point the same way.
//!
//! The structure tensor of a block (sums of products of the two derivatives) gives the energy, the
//! direction and the coherence of its gradients (J. Bigün and G. H. Granlund, "Optimal orientation
//! detection of linear symmetry", ICCV 1987). Bars give high energy and a coherence near 1, print
//! gives energy in all directions. Connected blocks of like direction form an oriented box.

use image::GrayImage;
use std::f32::consts::{FRAC_PI_2, PI};
use validate::{Point, Quad};

/// Side of a block in pixels of the level that is searched.
const BLOCK_PX: usize = 8;
/// Lowest coherence of a block of bars, 0 to 1.
const COHERENCE_MIN: f32 = 0.6;
/// Lowest mean squared derivative of a block (difference of the two neighbours, grey levels).
const ENERGY_MIN: f32 = 250.0;
/// Widest turn between a block and the mean of its box, in radians.
const TURN_MAX: f32 = 0.3;
/// Fewest blocks of a box.
const BLOCKS_MIN: usize = 4;
/// Most boxes handed on for one level.
const BOXES_MAX: usize = 32;

/// An oriented box that may hold a one-dimensional code, in pixels of the photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BarBox {
    /// Its centre.
    pub(super) centre: Point,
    /// Direction across the bars, radians from the x axis.
    pub(super) angle: f32,
    /// Half its extent across the bars.
    pub(super) half_u: f32,
    /// Half its extent along the bars.
    pub(super) half_v: f32,
    /// How much it looks like a code; only good for ordering.
    pub(super) score: f32,
}

impl BarBox {
    /// The point at `u` across and `v` along the bars from the centre.
    pub(super) fn at(&self, u: f32, v: f32) -> Point {
        let (sin, cos) = self.angle.sin_cos();
        Point { x: self.centre.x + u * cos - v * sin, y: self.centre.y + u * sin + v * cos }
    }

    /// Its corners.
    pub(super) fn quad(&self) -> Quad {
        let (u, v) = (self.half_u, self.half_v);
        [self.at(-u, -v), self.at(u, -v), self.at(u, v), self.at(-u, v)]
    }
}

/// Sums of derivative products over a block.
#[derive(Clone, Copy, Default)]
struct Tensor {
    xx: f32,
    yy: f32,
    xy: f32,
}

impl Tensor {
    fn energy(self) -> f32 {
        self.xx + self.yy
    }

    fn coherence(self) -> f32 {
        (self.xx - self.yy).hypot(2.0 * self.xy) / (self.energy() + 1.0)
    }

    /// Direction of the gradients, radians in (-pi/2, pi/2].
    fn angle(self) -> f32 {
        0.5 * (2.0 * self.xy).atan2(self.xx - self.yy)
    }
}

/// The boxes of one level, best first. `scale` is the photo's pixels per pixel of `level`.
pub(super) fn bar_boxes(level: &GrayImage, scale: f32) -> Vec<BarBox> {
    let (width, height) = (level.width() as usize, level.height() as usize);
    let (columns, rows) = ((width.max(2) - 2) / BLOCK_PX, (height.max(2) - 2) / BLOCK_PX);
    if columns < 3 || rows < 2 {
        return Vec::new();
    }
    let grid = Grid { columns, rows, tensors: smooth(&tensors(level, columns, rows), columns) };
    let mut boxes = grid.boxes(scale);
    boxes.sort_by(|a, b| b.score.total_cmp(&a.score));
    boxes.truncate(BOXES_MAX);
    boxes
}

fn tensors(level: &GrayImage, columns: usize, rows: usize) -> Vec<Tensor> {
    let width = level.width() as usize;
    let pixels = level.as_raw();
    let mut out = vec![Tensor::default(); columns * rows];
    for (row, line) in out.chunks_exact_mut(columns).enumerate() {
        let mut sums = vec![[0i32; 3]; columns];
        for y in row * BLOCK_PX + 1..(row + 1) * BLOCK_PX + 1 {
            let above = &pixels[(y - 1) * width..][..width];
            let here = &pixels[y * width..][..width];
            let below = &pixels[(y + 1) * width..][..width];
            for (column, sum) in sums.iter_mut().enumerate() {
                let x = column * BLOCK_PX;
                let wide: &[u8; BLOCK_PX + 2] = here[x..x + BLOCK_PX + 2].try_into().unwrap();
                let up: &[u8; BLOCK_PX] = above[x + 1..x + 1 + BLOCK_PX].try_into().unwrap();
                let down: &[u8; BLOCK_PX] = below[x + 1..x + 1 + BLOCK_PX].try_into().unwrap();
                add_row(wide, up, down, sum);
            }
        }
        for (tensor, sum) in line.iter_mut().zip(&sums) {
            *tensor = Tensor { xx: sum[0] as f32, yy: sum[1] as f32, xy: sum[2] as f32 };
        }
    }
    out
}

fn add_row(
    here: &[u8; BLOCK_PX + 2],
    above: &[u8; BLOCK_PX],
    below: &[u8; BLOCK_PX],
    sum: &mut [i32; 3],
) {
    for i in 0..BLOCK_PX {
        let dx = i32::from(here[i + 2]) - i32::from(here[i]);
        let dy = i32::from(below[i]) - i32::from(above[i]);
        sum[0] += dx * dx;
        sum[1] += dy * dy;
        sum[2] += dx * dy;
    }
}

/// Sums over 3x3 blocks, so that a block in a quiet part of a code keeps its direction.
fn smooth(tensors: &[Tensor], columns: usize) -> Vec<Tensor> {
    let rows = tensors.len() / columns;
    let mut out = vec![Tensor::default(); tensors.len()];
    for row in 0..rows {
        for column in 0..columns {
            let mut sum = Tensor::default();
            for near in row.saturating_sub(1)..(row + 2).min(rows) {
                for tensor in
                    &tensors[near * columns..][column.saturating_sub(1)..(column + 2).min(columns)]
                {
                    sum.xx += tensor.xx;
                    sum.yy += tensor.yy;
                    sum.xy += tensor.xy;
                }
            }
            out[row * columns + column] = sum;
        }
    }
    out
}

struct Grid {
    columns: usize,
    rows: usize,
    tensors: Vec<Tensor>,
}

impl Grid {
    fn boxes(&self, scale: f32) -> Vec<BarBox> {
        let floor = ENERGY_MIN * (9 * BLOCK_PX * BLOCK_PX) as f32;
        let mut open: Vec<bool> = self
            .tensors
            .iter()
            .map(|tensor| tensor.energy() > floor && tensor.coherence() > COHERENCE_MIN)
            .collect();
        let mut boxes = Vec::new();
        for seed in 0..open.len() {
            if open[seed] {
                let (blocks, angle) = self.grow(seed, &mut open);
                boxes.extend(self.fit(&blocks, angle, scale));
            }
        }
        boxes
    }

    /// The connected blocks of like direction around a seed, and their mean direction.
    fn grow(&self, seed: usize, open: &mut [bool]) -> (Vec<usize>, f32) {
        let (mut cos2, mut sin2) = (0.0f32, 0.0f32);
        let mut blocks = Vec::new();
        let mut next = vec![seed];
        open[seed] = false;
        while let Some(block) = next.pop() {
            let angle = self.tensors[block].angle();
            cos2 += (2.0 * angle).cos();
            sin2 += (2.0 * angle).sin();
            blocks.push(block);
            let mean = 0.5 * sin2.atan2(cos2);
            let (row, column) = (block / self.columns, block % self.columns);
            for near_row in row.saturating_sub(1)..(row + 2).min(self.rows) {
                for near_column in column.saturating_sub(2)..(column + 3).min(self.columns) {
                    let near = near_row * self.columns + near_column;
                    if open[near] && turn(self.tensors[near].angle(), mean) < TURN_MAX {
                        open[near] = false;
                        next.push(near);
                    }
                }
            }
        }
        (blocks, 0.5 * sin2.atan2(cos2))
    }

    /// The box around blocks; `None` if it is too small for a code.
    fn fit(&self, blocks: &[usize], angle: f32, scale: f32) -> Option<BarBox> {
        if blocks.len() < BLOCKS_MIN {
            return None;
        }
        let (sin, cos) = angle.sin_cos();
        let block = BLOCK_PX as f32;
        let (mut across, mut along): (Vec<f32>, Vec<f32>) = blocks
            .iter()
            .map(|&index| {
                let x = ((index % self.columns) as f32 + 0.5) * block + 1.0;
                let y = ((index / self.columns) as f32 + 0.5) * block + 1.0;
                (x * cos + y * sin, y * cos - x * sin)
            })
            .unzip();
        across.sort_by(f32::total_cmp);
        along.sort_by(f32::total_cmp);
        let (u0, u1) = (across[0], across[across.len() - 1]);
        let near = |part: f32| along[((along.len() - 1) as f32 * part) as usize];
        let (v0, v1) = (near(0.06), near(0.94));
        let half_u = (u1 - u0) / 2.0 + block;
        let half_v = (v1 - v0) / 2.0 + block * 0.3;
        if half_u < 14.0 {
            return None;
        }
        let (u, v) = ((u0 + u1) / 2.0, (v0 + v1) / 2.0);
        Some(BarBox {
            centre: Point { x: (u * cos - v * sin) * scale, y: (u * sin + v * cos) * scale },
            angle,
            half_u: half_u * scale,
            half_v: half_v * scale,
            score: blocks.len() as f32 * (half_u / half_v).clamp(0.5, 3.0),
        })
    }
}

/// The angle between two undirected lines, 0 to pi/2.
fn turn(a: f32, b: f32) -> f32 {
    let d = (a - b).abs() % PI;
    if d > FRAC_PI_2 { PI - d } else { d }
}
