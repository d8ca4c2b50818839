//! Convolutions as sums over taps.
//!
//! A tap is one weight's place in the window: input channel, row and column. Once the input is
//! padded, and parted by phase where the stride is not 1, every output position reads a tap at
//! the same distance from itself, so that any window on any picture is one loop over taps with
//! contiguous loads, and a 1x1 window reads its input as it stands. Six output channels by two
//! vectors of positions are summed in registers. The rows of the output are shared out among the
//! threads of the caller's pool.

use crate::convnet::epilogue::Epilogue;
use crate::convnet::maps::{Buffers, Maps, zeros};
use rayon::prelude::*;
use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};

/// Output channels summed together: with two vectors of positions each they fill the 16 registers
/// of AVX2; AVX-512 has its peak with them too.
const ROWS: usize = 6;
/// Taps that are summed before the next are looked at: their inputs and the weights of [`ROWS`]
/// channels stay in a first-level cache of 32 kB.
const DEPTH: usize = 192;
/// Inputs that are gathered at a time, 48 kB of a second-level cache: those of several tiles, so that
/// the channels of the output, which lie far apart, are written in long pieces.
const INPUTS: usize = 12 * 1024;
/// Positions below which a second thread costs more than it brings.
const PART_POSITIONS_MIN: usize = 128;

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
    pub(super) epilogue: Epilogue,
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
            epilogue: Epilogue::default(),
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
            let channels = spread.par_chunks_exact_mut(layout.length());
            channels.zip(input.planes()).for_each(|(into, channel)| layout.spread(channel, into));
            spread
        });
        let mut offsets = Vec::with_capacity(self.taps);
        for channel in 0..input.channels {
            offsets.extend(layout.taps().map(|tap| channel * layout.length() + tap));
        }
        let [height, width] = layout.output;
        let row = if point { width } else { layout.phase[1] };
        let mut output = buffers.maps(self.channels, height, width);
        let values = spread.as_deref().unwrap_or(&input.values);
        let rows = rows_of_a_part(height, width);
        output.in_parts(rows * width).into_par_iter().enumerate().for_each(|(part, output)| {
            let positions = (output[0].len() / width - 1) * row + width;
            let input = &values[part * rows * row..];
            TapSum { of: self, input, offsets: &offsets, positions, row, kept: width, output }
                .dispatch();
        });
        if let Some(spread) = spread {
            buffers.give_back(spread);
        }
        output
    }
}

/// Rows of maps that one thread works on: as equal parts as there are threads, unless that little
/// is not worth a thread's while.
fn rows_of_a_part(height: usize, width: usize) -> usize {
    height
        .div_ceil(rayon::current_num_threads())
        .max(PART_POSITIONS_MIN.div_ceil(width))
        .min(height)
}

/// The inner loops of a [`Convolution`], for some rows of the output.
struct TapSum<'a> {
    of: &'a Convolution,
    input: &'a [f32],
    /// Where each tap lies from a position.
    offsets: &'a [usize],
    /// Positions lie in rows of which the first are kept.
    positions: usize,
    row: usize,
    kept: usize,
    /// Of each channel.
    output: Vec<&'a mut [f32]>,
}

impl SimdOp for TapSum<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(mut self, isa: I) {
        let tile = 2 * isa.f32().len();
        let depth = self.offsets.len().min(DEPTH);
        let strip = (INPUTS / (depth * tile)).max(1) * tile;
        let mut inputs = vec![0.0; depth * strip];
        let mut sums = vec![0.0; self.of.bias.len() * strip];
        for position in (0..self.positions).step_by(strip) {
            let count = strip.min(self.positions - position);
            for (bias, sums) in self.of.bias.iter().zip(sums.chunks_exact_mut(strip)) {
                sums.fill(*bias);
            }
            for (step, offsets) in self.offsets.chunks(DEPTH).enumerate() {
                let inputs = &mut inputs[..offsets.len() * count.next_multiple_of(tile)];
                gather(isa, &self.input[position..], offsets, inputs);
                let weights = self.of.weights.chunks_exact(self.offsets.len() * ROWS);
                for (weights, sums) in weights.zip(sums.chunks_exact_mut(ROWS * strip)) {
                    let weights = &weights[step * DEPTH * ROWS..][..offsets.len() * ROWS];
                    let tiles = inputs.chunks_exact(offsets.len() * tile);
                    tiles.enumerate().for_each(|(at, inputs)| {
                        add_products(isa, weights, inputs, &mut sums[at * tile..], strip);
                    });
                }
            }
            for (sums, plane) in sums.chunks_exact_mut(strip).zip(&mut self.output) {
                self.of.epilogue.apply_to(isa, sums);
                keep(&sums[..count], position, self.row, self.kept, plane);
            }
        }
    }
}

/// Puts the inputs of the taps side by side, by tile of two vectors: what the sums read then lies
/// in one piece, whatever the distance of the channels.
#[inline(always)]
fn gather<I: Isa>(isa: I, input: &[f32], offsets: &[usize], into: &mut [f32]) {
    let ops = isa.f32();
    let (lanes, tile) = (ops.len(), 2 * ops.len());
    for (tap, &offset) in offsets.iter().enumerate() {
        let tiles = into.chunks_exact_mut(offsets.len() * tile);
        for (into, from) in tiles.zip(input[offset..].chunks_exact(tile)) {
            let into = &mut into[tap * tile..][..tile];
            let [first, second] = ops.load_many(from);
            ops.store(first, &mut into[..lanes]);
            ops.store(second, &mut into[lanes..]);
        }
    }
}

/// Adds inputs times weights to a tile of the sums of [`ROWS`] channels, which lie `strip` apart.
#[inline(always)]
fn add_products<I: Isa>(isa: I, weights: &[f32], inputs: &[f32], sums: &mut [f32], strip: usize) {
    let ops = isa.f32();
    let (lanes, tile) = (ops.len(), 2 * ops.len());
    // No closures here: one that is not inlined would lose the instruction set.
    let mut rows = [[ops.zero(); 2]; ROWS];
    for row in 0..ROWS {
        rows[row] = ops.load_many(&sums[row * strip..][..tile]);
    }
    let (weights, _) = weights.as_chunks::<ROWS>();
    for (weights, values) in weights.iter().zip(inputs.chunks_exact(tile)) {
        let values: [_; 2] = ops.load_many(values);
        for row in 0..ROWS {
            let weight = ops.splat(weights[row]);
            rows[row][0] = ops.mul_add(weight, values[0], rows[row][0]);
            rows[row][1] = ops.mul_add(weight, values[1], rows[row][1]);
        }
    }
    for row in 0..ROWS {
        let sums = &mut sums[row * strip..][..tile];
        ops.store(rows[row][0], &mut sums[..lanes]);
        ops.store(rows[row][1], &mut sums[lanes..]);
    }
}

/// Copies the values of positions that are kept: the first `kept` of each `row`.
fn keep(values: &[f32], position: usize, row: usize, kept: usize, plane: &mut [f32]) {
    if row == kept {
        return plane[position..position + values.len()].copy_from_slice(values);
    }
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
    pub(super) epilogue: Epilogue,
}

impl Depthwise {
    /// `weights` are by channel, row and column.
    pub(super) fn new(weights: &[f32], channels: usize, window: Window) -> Self {
        let bias = vec![0.0; channels];
        Self { window, weights: weights.to_vec(), bias, epilogue: Epilogue::default() }
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
        let [height, width] = layout.output;
        let mut output = buffers.maps(input.channels, height, width);
        let weights = self.weights.par_chunks_exact(offsets.len());
        let planes = input.planes().zip(output.planes_mut());
        let scratch = || (zeros(layout.length()), zeros(layout.positions()));
        planes.zip(weights).zip(&self.bias).for_each_init(
            scratch,
            |(spread, sums), (((channel, plane), weights), &bias)| {
                layout.spread(channel, spread);
                let (epilogue, offsets, positions) = (self.epilogue, &offsets, layout.positions());
                PlaneSum {
                    input: spread,
                    offsets,
                    weights,
                    bias,
                    epilogue,
                    positions,
                    output: sums,
                }
                .dispatch();
                keep(&sums[..positions], 0, layout.phase[1], width, plane);
            },
        );
        output
    }
}

/// The inner loops of a [`Depthwise`], one channel.
struct PlaneSum<'a> {
    input: &'a [f32],
    offsets: &'a [usize],
    weights: &'a [f32],
    bias: f32,
    epilogue: Epilogue,
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
                let ended = self.epilogue.apply(isa, sums[at]);
                ops.store(ended, &mut to[at * ops.len()..]);
            }
        }
    }
}
