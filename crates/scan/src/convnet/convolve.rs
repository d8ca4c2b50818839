//! Convolutions as sums over taps.
//!
//! A tap is one weight's place in the window: input channel, row and column. Once the input is
//! padded, and parted by phase where the stride is not 1, every output position reads a tap at
//! the same distance from itself, so that any window on any picture is one loop over taps with
//! contiguous loads, and a 1x1 window reads its input as it stands. Six output channels by two
//! vectors of positions are summed in registers; there is nothing to pack but the weights, once.

use super::finish::Finish;
use super::maps::{Buffers, Maps};
use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};

/// Output channels summed together: with two vectors of positions each they fill the 16 registers
/// of AVX2; AVX-512 has its peak with them too.
const ROWS: usize = 6;
/// Floats of the widest vectors.
const LANES_MAX: usize = 16;

/// The window of a convolution: size, step and padding, rows first.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) size: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) padding: Padding,
}

/// Zeros around a picture.
#[derive(Clone, Copy)]
pub(super) enum Padding {
    /// So many above and left, below and right.
    Sides([usize; 4]),
    /// As many as leave the size as it is at stride 1, the odd one below and right.
    SameUpper,
}

/// A padded channel parted by phase: rows and columns that the stride reads together lie together.
struct Layout {
    window: Window,
    from: [usize; 2],
    input: [usize; 2],
    output: [usize; 2],
    phase: [usize; 2],
}

impl Window {
    fn layout(self, input: [usize; 2]) -> Layout {
        let (mut from, mut output) = ([0; 2], input);
        for axis in 0..2 {
            let (size, stride) = (self.size[axis], self.stride[axis]);
            let padded = match self.padding {
                Padding::Sides(sides) => {
                    from[axis] = sides[axis];
                    input[axis] + sides[axis] + sides[axis + 2]
                }
                Padding::SameUpper => {
                    from[axis] = (size - 1) / 2;
                    (input[axis].div_ceil(stride) - 1) * stride + size
                }
            };
            output[axis] = padded.saturating_sub(size) / stride + 1;
        }
        let phase = [0, 1].map(|axis| {
            ((output[axis] - 1) * self.stride[axis] + self.size[axis]).div_ceil(self.stride[axis])
        });
        Layout { window: self, from, input, output, phase }
    }

    fn is_point(self) -> bool {
        self.size == [1, 1]
            && self.stride == [1, 1]
            && matches!(self.padding, Padding::Sides([0, 0, 0, 0]))
    }
}

impl Layout {
    fn length(&self) -> usize {
        self.window.stride.iter().chain(&self.phase).product()
    }

    fn phase_at(&self, row: usize, column: usize) -> usize {
        let [down, across] = self.window.stride;
        let phase = row % down * across + column % across;
        (phase * self.phase[0] + row / down) * self.phase[1] + column / across
    }

    /// Distance of each tap from the position it is for, within a channel.
    fn taps(&self) -> impl Iterator<Item = usize> {
        let [height, width] = self.window.size;
        (0..height * width).map(move |tap| self.phase_at(tap / width, tap % width))
    }

    /// Output positions in rows of a phase's width, of which [`Layout::output`] are kept.
    fn positions(&self) -> usize {
        (self.output[0] - 1) * self.phase[1] + self.output[1]
    }

    /// Writes a channel into zeros.
    fn spread(&self, channel: &[f32], into: &mut [f32]) {
        let [down, across] = self.window.stride;
        let rows = (self.phase[0] * down - self.from[0]).min(self.input[0]);
        let columns = (self.phase[1] * across - self.from[1]).min(self.input[1]);
        for (row, line) in channel.chunks_exact(self.input[1]).take(rows).enumerate() {
            for first in 0..across.min(columns) {
                let start = self.phase_at(row + self.from[0], first + self.from[1]);
                let values = line[..columns].iter().skip(first).step_by(across);
                into[start..].iter_mut().zip(values).for_each(|(to, &value)| *to = value);
            }
        }
    }
}

/// A convolution of every input channel with every output channel.
pub(super) struct Convolution {
    pub(super) channels: usize,
    window: Window,
    taps: usize,
    /// By [`ROWS`] channels, by tap, by channel.
    weights: Vec<f32>,
    bias: Vec<f32>,
    pub(super) finish: Finish,
}

impl Convolution {
    /// `weights` are by output channel, input channel, row and column.
    pub(super) fn new(weights: &[f32], channels: usize, window: Window) -> Self {
        let taps = weights.len() / channels.max(1);
        let rows = channels.next_multiple_of(ROWS);
        let mut packed = vec![0.0; rows * taps];
        for (channel, row) in weights.chunks_exact(taps).enumerate() {
            let block = channel / ROWS * ROWS * taps + channel % ROWS;
            packed[block..].iter_mut().step_by(ROWS).zip(row).for_each(|(to, &from)| *to = from);
        }
        Self {
            channels,
            window,
            taps,
            weights: packed,
            bias: vec![0.0; rows],
            finish: Finish::default(),
        }
    }

    /// Multiplies and shifts what an output channel gives.
    pub(super) fn rescale(&mut self, channel: usize, scale: f32, shift: f32) {
        let block = channel / ROWS * ROWS * self.taps + channel % ROWS;
        let row = self.weights[block..].iter_mut().step_by(ROWS).take(self.taps);
        row.for_each(|weight| *weight *= scale);
        self.bias[channel] = self.bias[channel] * scale + shift;
    }

    pub(super) fn run(&self, input: &Maps, buffers: &mut Buffers) -> Maps {
        let layout = self.window.layout([input.height, input.width]);
        let point = self.window.is_point();
        let spread = (!point).then(|| {
            let mut spread = buffers.zeros(input.channels * layout.length());
            for (channel, into) in input.planes().zip(spread.chunks_exact_mut(layout.length())) {
                layout.spread(channel, into);
            }
            spread
        });
        let mut offsets = Vec::with_capacity(self.taps);
        for channel in 0..input.channels {
            offsets.extend(layout.taps().map(|tap| channel * layout.length() + tap));
        }
        let [height, width] = layout.output;
        let mut output = buffers.maps(self.channels, height, width);
        let sum = TapSum {
            input: spread.as_deref().unwrap_or(&input.values),
            offsets: &offsets,
            weights: &self.weights,
            bias: &self.bias,
            finish: self.finish,
            positions: if point { height * width } else { layout.positions() },
            row: if point { height * width } else { layout.phase[1] },
            kept: if point { height * width } else { width },
            plane: height * width,
            output: &mut output.values,
            channels: self.channels,
        };
        sum.dispatch();
        if let Some(spread) = spread {
            buffers.give_back(spread);
        }
        output
    }
}

/// The inner loops of a [`Convolution`].
struct TapSum<'a> {
    input: &'a [f32],
    /// Where each tap lies from a position.
    offsets: &'a [usize],
    weights: &'a [f32],
    bias: &'a [f32],
    finish: Finish,
    /// Positions lie in rows of which the first are kept.
    positions: usize,
    row: usize,
    kept: usize,
    /// Kept positions of a channel.
    plane: usize,
    output: &'a mut [f32],
    channels: usize,
}

impl SimdOp for TapSum<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let ops = isa.f32();
        let lanes = ops.len();
        let mut tile = [0.0; 2 * LANES_MAX];
        for position in (0..self.positions).step_by(2 * lanes) {
            let count = (2 * lanes).min(self.positions - position);
            let blocks = self.weights.chunks_exact(self.offsets.len() * ROWS);
            for (block, weights) in blocks.enumerate() {
                let mut sums = [[ops.zero(); 2]; ROWS];
                let (weights, _) = weights.as_chunks::<ROWS>();
                for (weights, &offset) in weights.iter().zip(self.offsets) {
                    let values: [_; 2] = ops.load_many(&self.input[offset + position..]);
                    for row in 0..ROWS {
                        let weight = ops.splat(weights[row]);
                        sums[row][0] = ops.mul_add(weight, values[0], sums[row][0]);
                        sums[row][1] = ops.mul_add(weight, values[1], sums[row][1]);
                    }
                }
                let first_channel = block * ROWS;
                for (row, sums) in sums.iter().enumerate().take(self.channels - first_channel) {
                    let channel = first_channel + row;
                    let bias = ops.splat(self.bias[channel]);
                    // No closure here: one that is not inlined would lose the instruction set.
                    let first = self.finish.apply(isa, ops.add(sums[0], bias));
                    let second = self.finish.apply(isa, ops.add(sums[1], bias));
                    let plane = &mut self.output[channel * self.plane..][..self.plane];
                    if self.row == self.kept && count == 2 * lanes {
                        let to = &mut plane[position..position + 2 * lanes];
                        ops.store(first, to);
                        ops.store(second, &mut to[lanes..]);
                    } else {
                        ops.store(first, &mut tile);
                        ops.store(second, &mut tile[lanes..]);
                        keep(&tile[..count], position, self.row, self.kept, plane);
                    }
                }
            }
        }
    }
}

/// Copies the values of positions that are kept: the first `kept` of each `row`.
fn keep(values: &[f32], position: usize, row: usize, kept: usize, plane: &mut [f32]) {
    let (mut from, mut line, mut column) = (0, position / row, position % row);
    while from < values.len() {
        let count = (row - column).min(values.len() - from);
        let valid = kept.saturating_sub(column).min(count);
        plane[line * kept + column.min(kept)..][..valid]
            .copy_from_slice(&values[from..from + valid]);
        (from, line, column) = (from + count, line + 1, 0);
    }
}

/// A convolution of each channel with weights of its own.
pub(super) struct Depthwise {
    window: Window,
    weights: Vec<f32>,
    bias: Vec<f32>,
    pub(super) finish: Finish,
}

impl Depthwise {
    /// `weights` are by channel, row and column.
    pub(super) fn new(weights: &[f32], channels: usize, window: Window) -> Self {
        let bias = vec![0.0; channels];
        Self { window, weights: weights.to_vec(), bias, finish: Finish::default() }
    }

    /// Number of channels.
    pub(super) fn channels(&self) -> usize {
        self.bias.len()
    }

    /// Multiplies and shifts what a channel gives.
    pub(super) fn rescale(&mut self, channel: usize, scale: f32, shift: f32) {
        let taps = self.weights.len() / self.bias.len();
        let row = &mut self.weights[channel * taps..(channel + 1) * taps];
        row.iter_mut().for_each(|weight| *weight *= scale);
        self.bias[channel] = self.bias[channel] * scale + shift;
    }

    pub(super) fn run(&self, input: &Maps, buffers: &mut Buffers) -> Maps {
        let layout = self.window.layout([input.height, input.width]);
        let offsets: Vec<usize> = layout.taps().collect();
        let mut spread = buffers.zeros(layout.length());
        let mut sums = buffers.zeros(layout.positions());
        let [height, width] = layout.output;
        let mut output = buffers.maps(input.channels, height, width);
        let weights = self.weights.chunks_exact(offsets.len());
        let planes = input.planes().zip(output.planes_mut());
        for (((channel, plane), weights), &bias) in planes.zip(weights).zip(&self.bias) {
            layout.spread(channel, &mut spread);
            let (finish, offsets) = (self.finish, &offsets);
            let positions = layout.positions();
            let (input, output) = (&spread, &mut sums);
            PlaneSum { input, offsets, weights, bias, finish, positions, output }.dispatch();
            keep(&sums[..positions], 0, layout.phase[1], width, plane);
        }
        buffers.give_back(spread);
        buffers.give_back(sums);
        output
    }
}

/// The inner loops of a [`Depthwise`], one channel.
struct PlaneSum<'a> {
    input: &'a [f32],
    offsets: &'a [usize],
    weights: &'a [f32],
    bias: f32,
    finish: Finish,
    positions: usize,
    output: &'a mut [f32],
}

impl SimdOp for PlaneSum<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        const VECTORS: usize = 4;
        let ops = isa.f32();
        let step = VECTORS * ops.len();
        for position in (0..self.positions).step_by(step) {
            let mut sums = [ops.splat(self.bias); VECTORS];
            for (&weight, &offset) in self.weights.iter().zip(self.offsets) {
                let weight = ops.splat(weight);
                let values: [_; VECTORS] = ops.load_many(&self.input[offset + position..]);
                for at in 0..VECTORS {
                    sums[at] = ops.mul_add(weight, values[at], sums[at]);
                }
            }
            let to = &mut self.output[position..position + step];
            for at in 0..VECTORS {
                let ended = self.finish.apply(isa, sums[at]);
                ops.store(ended, &mut to[at * ops.len()..]);
            }
        }
    }
}
