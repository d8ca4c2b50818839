//! Reads one cut-out line: characters with their probabilities and the pruned lattice.

use super::crop::crop;
use super::ctc::{self, Alphabet};
use super::graft;
use super::line_box::LineBox;
use super::network::{Network, RunFailure};
use crate::convnet::{ConvNet, Maps};
use image::GrayImage;
use rten::ThreadPool;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use std::sync::Arc;
use validate::{LineBounds, TextLine};

/// Where PP-OCRv6 turns from pictures to sequences: convolutions before, attention after.
const TURN: &str = "AveragePool";
/// Channels and rows of what goes on there.
const TURN_CHANNELS: u64 = 384;
const TURN_ROWS: u64 = 3;

/// A text recogniser with its alphabet. Its convolutions, nine tenths of its work, run here, the
/// rest on rten.
pub(crate) struct Recogniser {
    trunk: ConvNet,
    head: Network,
    alphabet: Alphabet,
}

impl Recogniser {
    /// A network whose alphabet stands in its metadata, as in PP-OCRv6: one entry a line, the
    /// space after the last.
    pub(crate) fn with_own_alphabet(onnx: &[u8]) -> Result<Self, String> {
        let trunk = ConvNet::before(onnx, TURN)?;
        let sides = [Some(1), Some(TURN_CHANNELS), Some(TURN_ROWS), None];
        let head = graft::from_operator(onnx, TURN, &sides).ok_or("not an ONNX recogniser")?;
        let head = Network::load(head).map_err(|error| error.to_string())?;
        let entries = head.metadata("character").ok_or("no alphabet in its metadata")?;
        let alphabet = Alphabet::from_lines(entries.lines().chain([" "]));
        Ok(Self { trunk, head, alphabet })
    }

    /// Reads the line in the direction of its box.
    pub(crate) fn read(
        &self,
        photo: &GrayImage,
        line: &LineBox,
        bounds: LineBounds,
        threads: &Arc<ThreadPool>,
    ) -> Result<TextLine, RunFailure> {
        let output = self.probabilities(&crop(photo, line), threads)?;
        if output.size(2) != self.alphabet.classes() {
            return Err(RunFailure::new("alphabet and network differ"));
        }
        let (chars, lattice) = ctc::decode(output.slice(0), &self.alphabet);
        Ok(TextLine { quad: line.quad(), chars, lattice, bounds })
    }

    /// `[1, step, class]`, of a line [`crop`]ped to the network's height.
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

/// The luminance in each of three channels, from -1 to 1.
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
    fn the_two_parts_give_what_the_whole_network_gives() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        let onnx = std::fs::read(folder.join(models::RECOGNISE_V6)).expect("run models/fetch");
        let parts = Recogniser::with_own_alphabet(&onnx).expect("understood");
        let whole = Network::load(onnx).expect("an ONNX file");
        let threads = Arc::new(ThreadPool::with_num_threads(1));
        for width in [48, 131, 320] {
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
