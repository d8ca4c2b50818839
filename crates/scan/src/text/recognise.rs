//! Reads one cut-out line: characters with their probabilities and the pruned lattice.

use super::crop::crop;
use super::ctc::{self, Alphabet};
use super::line_box::LineBox;
use super::network::{Network, RunFailure};
use image::GrayImage;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use validate::{LineBounds, TextLine};

/// A text recogniser with its alphabet.
pub(crate) struct Recogniser {
    network: Network,
    alphabet: Alphabet,
}

impl Recogniser {
    /// A network whose alphabet stands in its metadata, as in PP-OCRv6: one entry a line, the
    /// space after the last.
    pub(crate) fn with_own_alphabet(network: Network) -> Result<Self, String> {
        let entries = network.metadata("character").ok_or("no alphabet in its metadata")?;
        let alphabet = Alphabet::from_lines(entries.lines().chain([" "]));
        Ok(Self { network, alphabet })
    }

    /// The network, for the threads it runs on.
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// Reads the line in the direction of its box.
    pub(crate) fn read(
        &self,
        photo: &GrayImage,
        line: &LineBox,
        bounds: LineBounds,
    ) -> Result<TextLine, RunFailure> {
        let input = input(&crop(photo, line));
        let output = self.network.run(input.view().into())?;
        let output: NdTensor<f32, 3> = output.try_into().map_err(RunFailure::new)?;
        if output.size(2) != self.alphabet.classes() {
            return Err(RunFailure::new("alphabet and network differ"));
        }
        let (chars, lattice) = ctc::decode(output.slice(0), &self.alphabet);
        Ok(TextLine { quad: line.quad(), chars, lattice, bounds })
    }
}

/// `[1, 3, 48, width]`, the luminance in each channel, from -1 to 1.
fn input(line: &GrayImage) -> NdTensor<f32, 4> {
    let (width, height) = (line.width() as usize, line.height() as usize);
    let channel = line.as_raw().iter().map(|&grey| f32::from(grey) / 127.5 - 1.0);
    let values: Vec<f32> = channel.clone().chain(channel.clone()).chain(channel).collect();
    NdTensor::from_data([1, 3, height, width], values)
}
