//! Where a picture has edges and which way they run, in blocks.
//!
//! The structure tensor of a block (sums of products of the two derivatives) gives the energy, the
//! direction and the coherence of its gradients (J. Bigün and G. H. Granlund, "Optimal orientation
//! detection of linear symmetry", ICCV 1987). Bars give high energy and a coherence near 1, print
//! and two-dimensional symbols give energy in all directions.

use image::GrayImage;

/// Side of a block in pixels.
pub(super) const BLOCK_PX: usize = 8;

/// Sums of derivative products over a block and the eight around it.
#[derive(Clone, Copy, Default)]
pub(super) struct Tensor {
    xx: f32,
    yy: f32,
    xy: f32,
}

impl Tensor {
    /// Mean squared derivative, in squares of the difference between a pixel's two neighbours.
    pub(super) fn energy(self) -> f32 {
        (self.xx + self.yy) / (9 * BLOCK_PX * BLOCK_PX) as f32
    }

    /// 1 when all gradients are parallel, 0 when they have no common direction.
    pub(super) fn coherence(self) -> f32 {
        (self.xx - self.yy).hypot(2.0 * self.xy) / (self.xx + self.yy + 1.0)
    }

    /// Direction of the gradients, radians in (-pi/2, pi/2].
    pub(super) fn angle(self) -> f32 {
        0.5 * (2.0 * self.xy).atan2(self.xx - self.yy)
    }

    fn add(&mut self, other: &Self) {
        self.xx += other.xx;
        self.yy += other.yy;
        self.xy += other.xy;
    }
}

/// The blocks of a picture, row by row.
pub(super) struct Grid {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) tensors: Vec<Tensor>,
}

impl Grid {
    /// The blocks of a picture; none if it is smaller than a few of them.
    pub(super) fn of(picture: &GrayImage) -> Self {
        let blocks = |side: u32| (side as usize).saturating_sub(2) / BLOCK_PX;
        let (columns, rows) = (blocks(picture.width()), blocks(picture.height()));
        if columns < 2 || rows < 2 {
            return Self { columns: 0, rows: 0, tensors: Vec::new() };
        }
        let plain = tensors(picture, columns, rows);
        Self { columns, rows, tensors: smooth(&plain, columns, rows) }
    }

    /// Centre of a block in pixels.
    pub(super) fn centre(&self, block: usize) -> (f32, f32) {
        let at = |index: usize| (index * BLOCK_PX + BLOCK_PX / 2 + 1) as f32;
        (at(block % self.columns), at(block / self.columns))
    }
}

fn tensors(picture: &GrayImage, columns: usize, rows: usize) -> Vec<Tensor> {
    let width = picture.width() as usize;
    let pixels = picture.as_raw();
    let mut out = Vec::with_capacity(columns * rows);
    let mut sums = vec![[0i32; 3]; columns];
    for row in 0..rows {
        sums.fill([0; 3]);
        for y in row * BLOCK_PX + 1..=(row + 1) * BLOCK_PX {
            let above = &pixels[(y - 1) * width + 1..][..columns * BLOCK_PX];
            let here = &pixels[y * width..][..columns * BLOCK_PX + 2];
            let below = &pixels[(y + 1) * width + 1..][..columns * BLOCK_PX];
            let blocks = above.as_chunks::<BLOCK_PX>().0.iter().zip(below.as_chunks().0);
            for ((column, sum), (above, below)) in sums.iter_mut().enumerate().zip(blocks) {
                let here = here[column * BLOCK_PX..].first_chunk().expect("two pixels more");
                add_row(here, above, below, sum);
            }
        }
        out.extend(sums.iter().map(|sum| Tensor {
            xx: sum[0] as f32,
            yy: sum[1] as f32,
            xy: sum[2] as f32,
        }));
    }
    out
}

fn add_row(
    here: &[u8; BLOCK_PX + 2],
    above: &[u8; BLOCK_PX],
    below: &[u8; BLOCK_PX],
    sum: &mut [i32; 3],
) {
    let (mut xx, mut yy, mut xy) = (0, 0, 0);
    for i in 0..BLOCK_PX {
        let dx = i16::from(here[i + 2]) - i16::from(here[i]);
        let dy = i16::from(below[i]) - i16::from(above[i]);
        xx += i32::from(dx) * i32::from(dx);
        yy += i32::from(dy) * i32::from(dy);
        xy += i32::from(dx) * i32::from(dy);
    }
    sum[0] += xx;
    sum[1] += yy;
    sum[2] += xy;
}

/// Sums over 3x3 blocks, so that a block in a quiet part of a code keeps its direction.
fn smooth(tensors: &[Tensor], columns: usize, rows: usize) -> Vec<Tensor> {
    let mut across = Vec::with_capacity(tensors.len());
    for line in tensors.chunks_exact(columns) {
        for column in 0..columns {
            let mut sum = line[column];
            if column > 0 {
                sum.add(&line[column - 1]);
            }
            if column + 1 < columns {
                sum.add(&line[column + 1]);
            }
            across.push(sum);
        }
    }
    let mut out = across.clone();
    for row in 0..rows {
        for column in 0..columns {
            let sum = &mut out[row * columns + column];
            if row > 0 {
                sum.add(&across[(row - 1) * columns + column]);
            }
            if row + 1 < rows {
                sum.add(&across[(row + 1) * columns + column]);
            }
        }
    }
    out
}
