//! Reads one cut-out line: characters with their probabilities and the pruned lattice.

use crate::convnet::ConvNet;
use crate::convnet::maps::Maps;
use crate::image::crop::crop;
use crate::image::oriented_box::OrientedBox;
use crate::onnx::{self, rewrite};
use crate::text::bounds::bounds;
use crate::text::ctc::{self, Alphabet};
use crate::text::network::{Network, RunFailure};
use image::GrayImage;
use rayon::prelude::*;
use rten::ThreadPool;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use std::sync::Arc;
use validate::{LineBounds, TextLine};

/// Where PP-OCRv6 turns from pictures to sequences: convolutions before, attention after.
const TURN: &str = "AveragePool";
/// Rows of what goes on there.
const TURN_ROWS: i64 = 3;
/// Its channels in the small and in the tiny network.
const SMALL_CHANNELS: i64 = 384;
const TINY_CHANNELS: i64 = 160;
/// Narrower lines are skimmed in less time; below this more of them must be read again.
const TINY_STRETCH: f32 = 0.8;

/// A text recogniser with its alphabet. Its convolutions, most of its work, run here, the rest on
/// rten.
pub(crate) struct Recogniser {
    trunk: ConvNet,
    head: Network,
    alphabet: Alphabet,
    /// How many times as wide as they are it sees its lines.
    stretch: f32,
}

impl Recogniser {
    /// PP-OCRv6 small, whose alphabet stands in its metadata.
    pub(crate) fn pp_ocr_v6_small(onnx: &[u8]) -> Result<Self, String> {
        let (trunk, head) = parts(onnx, SMALL_CHANNELS)?;
        let entries = head.metadata("character").ok_or("no alphabet in its metadata")?;
        let alphabet = alphabet(entries);
        Ok(Self { trunk, head, alphabet, stretch: 1.0 })
    }

    /// PP-OCRv6 tiny: a sixth of the work, for a hasty reading.
    pub(crate) fn pp_ocr_v6_tiny(onnx: &[u8], entries: &str) -> Result<Self, String> {
        let (trunk, head) = parts(onnx, TINY_CHANNELS)?;
        Ok(Self { trunk, head, alphabet: alphabet(entries), stretch: TINY_STRETCH })
    }

    /// Reads lines side by side: two lines on two threads gain more than one network on two.
    /// `found` are all boxes of the photo.
    pub(crate) fn read_all(
        &self,
        photo: &GrayImage,
        lines: &[OrientedBox],
        found: &[OrientedBox],
        threads: &Arc<ThreadPool>,
    ) -> Result<Vec<TextLine>, RunFailure> {
        let read = |line| self.read(photo, line, bounds(photo, line, found), threads);
        lines.par_iter().map(read).collect()
    }

    /// Reads the line in the direction of its box.
    fn read(
        &self,
        photo: &GrayImage,
        line: &OrientedBox,
        bounds: LineBounds,
        threads: &Arc<ThreadPool>,
    ) -> Result<TextLine, RunFailure> {
        let output = self.probabilities(&crop(photo, line, self.stretch), threads)?;
        if output.size(2) != self.alphabet.classes() {
            return Err(RunFailure::new("alphabet and network differ"));
        }
        let (chars, lattice) = ctc::decode(output.slice(0), &self.alphabet);
        Ok(TextLine { quad: line.quad(), chars, lattice, bounds })
    }

    /// Probabilities `[1, step, class]` of a line [`crop`]ped to the network's height, 8 px a step.
    fn probabilities(
        &self,
        line: &GrayImage,
        threads: &Arc<ThreadPool>,
    ) -> Result<NdTensor<f32, 3>, RunFailure> {
        let maps = self.trunk.run(input(line));
        let sides = [1, maps.channels, maps.height, maps.width];
        let maps = NdTensor::from_data(sides, maps.into_values());
        self.head.run(maps.view().into(), threads)?.try_into().map_err(RunFailure::new)
    }
}

/// The convolutions and the rest of a recogniser.
fn parts(onnx: &[u8], channels: i64) -> Result<(ConvNet, Network), String> {
    let model = onnx::parse(onnx)?;
    let trunk = ConvNet::before(&model, TURN)?;
    let sides = [Some(1), Some(channels), Some(TURN_ROWS), None];
    let head = rewrite::from_operator(model, TURN, &sides).ok_or("not a recogniser")?;
    Ok((trunk, Network::load(head).map_err(|error| error.to_string())?))
}

/// An alphabet of PP-OCRv6: one entry a line, the space after the last.
fn alphabet(entries: &str) -> Alphabet {
    Alphabet::from_lines(entries.lines().chain([" "]))
}

/// The luminance in each of three channels, from -1 to 1: `[3, H, W]`.
fn input(line: &GrayImage) -> Maps {
    let (width, height) = (line.width() as usize, line.height() as usize);
    let channel = line.as_raw().iter().map(|&grey| f32::from(grey) / 127.5 - 1.0);
    let values: Vec<f32> = channel.clone().chain(channel.clone()).chain(channel).collect();
    Maps::new(3, height, width, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;
    use image::Luma;
    use std::path::Path;

    #[test]
    fn trunk_and_head_give_the_output_of_the_whole_network() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        let weights = models::Weights::read(&folder).expect("run models/fetch");
        let keys = String::from_utf8_lossy(&weights.keys_skim);
        let tiny = Recogniser::pp_ocr_v6_tiny(&weights.skim_v6, &keys).expect("understood");
        let small = Recogniser::pp_ocr_v6_small(&weights.recognise_v6).expect("understood");
        let threads = Arc::new(ThreadPool::with_num_threads(1));
        let networks = [(tiny, weights.skim_v6), (small, weights.recognise_v6)];
        let networks = networks.map(|(parts, onnx)| (parts, Network::load(onnx).expect("ONNX")));
        for ((parts, whole), width) in
            networks.iter().flat_map(|network| [48, 131, 320].map(|width| (network, width)))
        {
            let strokes = |x: u32, y: u32| x % 13 < 4 && (12..36).contains(&y);
            let line =
                GrayImage::from_fn(width, 48, |x, y| Luma([if strokes(x, y) { 30 } else { 220 }]));
            let values = input(&line).into_values();
            let picture = NdTensor::from_data([1, 3, 48, width as usize], values);
            let expected = whole.run(picture.view().into(), &threads).expect("runs");
            let expected: NdTensor<f32, 3> = expected.try_into().expect("three axes");
            let found = parts.probabilities(&line, &threads).expect("runs");
            assert_eq!(found.shape(), expected.shape());
            let furthest = found.iter().zip(expected.iter()).map(|(a, b)| (a - b).abs());
            let furthest = furthest.fold(0.0, f32::max);
            assert!(furthest < 1e-3, "{width} px wide: {furthest}");
        }
    }
}
