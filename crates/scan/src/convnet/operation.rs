//! The steps of a network.

use crate::convnet::convolve::{Convolution, Depthwise};
use crate::convnet::epilogue::Epilogue;

/// A step with the places of the values it takes.
pub(super) struct Stage {
    pub(super) operation: Operation,
    pub(super) inputs: Vec<usize>,
}

pub(super) enum Operation {
    Convolution(Convolution),
    /// Four channels for each, put side by side.
    Transposed(Convolution),
    Depthwise(Depthwise),
    Add,
    /// Maps times one value a channel.
    ScaleChannels,
    Mean,
    MaxPool2x2,
    Concatenate,
    UpsampleNearest(usize),
}

impl Operation {
    pub(super) fn epilogue(&mut self) -> Option<&mut Epilogue> {
        match self {
            Self::Convolution(convolution) | Self::Transposed(convolution) => {
                Some(&mut convolution.epilogue)
            }
            Self::Depthwise(depthwise) => Some(&mut depthwise.epilogue),
            _ => None,
        }
    }

    /// Output channels that [`Operation::rescale`] takes.
    pub(super) fn channels(&self) -> usize {
        match self {
            Self::Convolution(convolution) | Self::Transposed(convolution) => convolution.channels,
            Self::Depthwise(depthwise) => depthwise.channels(),
            _ => 0,
        }
    }

    pub(super) fn rescale(&mut self, channel: usize, scale: f32, shift: f32) {
        match self {
            Self::Convolution(convolution) | Self::Transposed(convolution) => {
                convolution.rescale(channel, scale, shift);
            }
            Self::Depthwise(depthwise) => depthwise.rescale(channel, scale, shift),
            _ => {}
        }
    }
}
