//! Feature maps, the buffers they live in, and the operators that need no weights.

use rayon::prelude::*;

/// Floats behind the last value of a buffer that may be read and never count, so that the inner
/// loops load whole vectors at the end too.
const SLACK: usize = 64;

/// Floats that are kept from one picture to the next, 24 MB: a reader must stay small.
const KEPT_FLOATS_MAX: usize = 6 << 20;

/// Zeros with slack behind them.
pub(super) fn zeros(length: usize) -> Vec<f32> {
    vec![0.0; length + SLACK]
}

/// The feature maps of one picture: `[C, H, W]`, channel by channel, row by row.
pub(crate) struct Maps {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// The values, and slack behind them.
    pub(super) values: Vec<f32>,
}

impl Maps {
    /// Maps from their values.
    pub(crate) fn new(channels: usize, height: usize, width: usize, mut values: Vec<f32>) -> Self {
        values.resize(channels * height * width + SLACK, 0.0);
        Self { channels, height, width, values }
    }

    /// The values without the slack.
    pub(crate) fn into_values(mut self) -> Vec<f32> {
        self.values.truncate(self.channels * self.height * self.width);
        self.values
    }

    fn size(&self) -> usize {
        self.height * self.width
    }

    /// The channels, for as many threads as there are.
    pub(super) fn planes(&self) -> impl IndexedParallelIterator<Item = &[f32]> {
        self.values.par_chunks_exact(self.size()).take(self.channels)
    }

    pub(super) fn planes_mut(&mut self) -> impl IndexedParallelIterator<Item = &mut [f32]> {
        let size = self.size();
        self.values.par_chunks_exact_mut(size).take(self.channels)
    }

    /// The planes cut into parts of so many values: for each part, its slice of every channel.
    pub(super) fn in_parts(&mut self, values: usize) -> Vec<Vec<&mut [f32]>> {
        let mut parts: Vec<Vec<&mut [f32]>> = Vec::new();
        let size = self.size();
        parts.resize_with(size.div_ceil(values), Vec::new);
        for plane in self.values.chunks_exact_mut(size).take(self.channels) {
            parts.iter_mut().zip(plane.chunks_mut(values)).for_each(|(part, own)| part.push(own));
        }
        parts
    }

    pub(super) fn copy(&self, buffers: &mut Buffers) -> Self {
        Self::concatenate(&[self], buffers)
    }

    /// Adds maps of the same shape.
    pub(super) fn add(&mut self, other: &Self) {
        self.planes_mut().zip(other.planes()).for_each(|(sums, values)| {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        });
    }

    /// Multiplies each channel by the one value that `scales` has for it.
    pub(super) fn scale_channels(&mut self, scales: &Self) {
        let factors = &scales.values[..scales.channels];
        self.planes_mut().zip(factors).for_each(|(plane, &factor)| {
            plane.iter_mut().for_each(|value| *value *= factor);
        });
    }

    /// The mean of each channel, a map of one value.
    pub(super) fn mean(&self) -> Self {
        let means = self.planes().map(|plane| {
            // Sixteen sums side by side: quicker, and more exact than one.
            let (chunks, rest) = plane.as_chunks::<16>();
            let mut sums = [0.0f32; 16];
            for chunk in chunks {
                sums.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += value);
            }
            (sums.iter().sum::<f32>() + rest.iter().sum::<f32>()) / plane.len() as f32
        });
        Self::new(self.channels, 1, 1, means.collect())
    }

    /// The largest of each 2x2 values, at every place; beyond the edge is nothing.
    pub(super) fn max_pool_2x2(&self, buffers: &mut Buffers) -> Self {
        let mut output = buffers.maps(self.channels, self.height, self.width);
        let width = self.width;
        self.planes().zip(output.planes_mut()).for_each(|(plane, to)| {
            for (row, to) in to.chunks_exact_mut(width).enumerate() {
                let upper = &plane[row * width..(row + 1) * width];
                let lower = &plane[(row + 1).min(self.height - 1) * width..][..width];
                for column in 0..width {
                    let right = (column + 1).min(width - 1);
                    let (up, down) =
                        (upper[column].max(upper[right]), lower[column].max(lower[right]));
                    to[column] = up.max(down);
                }
            }
        });
        output
    }

    /// The channels of all, one after the other.
    pub(super) fn concatenate(parts: &[&Self], buffers: &mut Buffers) -> Self {
        let channels = parts.iter().map(|part| part.channels).sum();
        let mut output = buffers.maps(channels, parts[0].height, parts[0].width);
        let mut to = output.values.as_mut_slice();
        for part in parts {
            let (own, rest) = to.split_at_mut(part.channels * part.size());
            own.copy_from_slice(&part.values[..own.len()]);
            to = rest;
        }
        output
    }

    /// Each value `times` by `times`.
    pub(super) fn upsample_nearest(&self, times: usize, buffers: &mut Buffers) -> Self {
        let mut output = buffers.maps(self.channels, self.height * times, self.width * times);
        let row = self.width * times;
        self.planes().zip(output.planes_mut()).for_each(|(plane, to)| {
            let lines = plane.chunks_exact(self.width);
            for (line, to) in lines.zip(to.chunks_exact_mut(row * times)) {
                let (first, others) = to.split_at_mut(row);
                for (value, to) in line.iter().zip(first.chunks_exact_mut(times)) {
                    to.fill(*value);
                }
                others.chunks_exact_mut(row).for_each(|other| other.copy_from_slice(first));
            }
        });
        output
    }

    /// Four channels become one of twice the width and height: the values of a 2x2 square.
    pub(super) fn depth_to_space(&self, buffers: &mut Buffers) -> Self {
        let width = self.width;
        let mut output = buffers.maps(self.channels / 4, 2 * self.height, 2 * width);
        let squares = self.values.par_chunks_exact(4 * self.size()).take(self.channels / 4);
        squares.zip(output.planes_mut()).for_each(|(four, to)| {
            for (row, to) in to.chunks_exact_mut(2 * width).enumerate() {
                let from = row % 2 * 2 * self.size() + row / 2 * width;
                let (left, right) = (&four[from..][..width], &four[from + self.size()..][..width]);
                for ((pair, &left), &right) in to.as_chunks_mut().0.iter_mut().zip(left).zip(right)
                {
                    *pair = [left, right];
                }
            }
        });
        output
    }
}

/// Buffers that were used before: fresh memory is slow when it is first touched. There are as many
/// as were in use at a time.
#[derive(Default)]
pub(super) struct Buffers(Vec<Vec<f32>>);

impl Buffers {
    /// Maps of any content.
    pub(super) fn maps(&mut self, channels: usize, height: usize, width: usize) -> Maps {
        Maps { channels, height, width, values: self.take(channels * height * width) }
    }

    /// Zeros.
    pub(super) fn zeros(&mut self, length: usize) -> Vec<f32> {
        let mut values = self.take(length);
        values[..length + SLACK].fill(0.0);
        values
    }

    fn take(&mut self, length: usize) -> Vec<f32> {
        let fits = |buffer: &&Vec<f32>| buffer.capacity() >= length + SLACK;
        let best = self.0.iter().filter(fits).map(Vec::capacity).min();
        let best = best.or_else(|| self.0.iter().map(Vec::capacity).max());
        let at = best.and_then(|best| self.0.iter().position(|other| other.capacity() == best));
        let mut values = at.map(|at| self.0.swap_remove(at)).unwrap_or_default();
        if values.capacity() < length + SLACK {
            values = Vec::new();
        }
        // What is left in it is overwritten; making it shorter would only have it filled again.
        if values.len() < length + SLACK {
            values.resize(length + SLACK, 0.0);
        }
        values
    }

    /// Leaves what may be kept for the next picture: the smaller ones, which every picture needs.
    pub(super) fn trim(&mut self) {
        self.0.sort_unstable_by_key(Vec::capacity);
        let mut kept = 0;
        self.0.retain(|buffer| {
            kept += buffer.capacity();
            kept <= KEPT_FLOATS_MAX
        });
    }

    /// Takes a buffer that is not needed any more.
    pub(super) fn give_back(&mut self, values: Vec<f32>) {
        self.0.push(values);
    }
}
