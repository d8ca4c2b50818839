//! Convolutional networks on safe, vectorised loops of our own.
//!
//! The networks here are small and fixed, and rten, which runs everything else, spends most of a
//! read in their convolutions: it copies the windows of each into a matrix first. These loops do
//! not, and take a third to two thirds of its time. One picture at a time, on the threads of the
//! caller's pool. Nothing here knows text; the sums are always taken in the same order, so that a
//! picture gives the same values on any number of threads.

mod convolve;
mod epilogue;
pub(crate) mod maps;
mod operation;
mod plan;

use crate::convnet::maps::{Buffers, Maps};
use crate::convnet::operation::{Operation, Stage};
use crate::convnet::plan::Plan;
use crate::onnx::ModelProto;
use crate::onnx::graph::Graph;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A network of convolutions and what is between them.
pub(crate) struct ConvNet {
    stages: Vec<Stage>,
    /// Where the result is: 0 is the input, then the stages' outputs.
    output: usize,
    /// For each value the stage that is the last to take it.
    last_uses: Vec<usize>,
    /// Those of earlier runs, one for each that ran at the same time.
    buffers: Mutex<Vec<Buffers>>,
}

impl ConvNet {
    /// A whole ONNX model.
    ///
    /// # Errors
    /// Names the first node that is not understood.
    pub(crate) fn whole(model: &ModelProto) -> Result<Self, String> {
        let graph = Graph::of(model).ok_or("no graph with an input and an output")?;
        Self::of_nodes(&graph, graph.nodes.len(), graph.output)
    }

    /// The part of an ONNX model before the first node of this operator; what goes into that node
    /// is the result.
    ///
    /// # Errors
    /// Names the first node that is not understood, or the operator if it is not there.
    pub(crate) fn before(model: &ModelProto, operator: &str) -> Result<Self, String> {
        let graph = Graph::of(model).ok_or("no graph with an input and an output")?;
        let end = graph.nodes.iter().position(|node| node.operator == operator);
        let end = end.ok_or_else(|| format!("no {operator}"))?;
        Self::of_nodes(&graph, end, graph.nodes[end].inputs[0])
    }

    fn of_nodes(graph: &Graph, end: usize, last: &str) -> Result<Self, String> {
        let (stages, output) = Plan::stages(graph, end, last)?;
        let mut last_uses = vec![0; stages.len() + 1];
        for (index, stage) in stages.iter().enumerate() {
            stage.inputs.iter().for_each(|&input| last_uses[input] = index);
        }
        last_uses[output] = stages.len();
        Ok(Self { stages, output, last_uses, buffers: Mutex::default() })
    }

    /// Runs the network on one picture: `[C, H, W]` in, `[C, H, W]` of the last node out.
    pub(crate) fn run(&self, input: Maps) -> Maps {
        let mut buffers = self.idle_buffers().pop().unwrap_or_default();
        let mut values: Vec<Option<Maps>> = vec![Some(input)];
        for (index, stage) in self.stages.iter().enumerate() {
            let result = self.step(index, stage, &mut values, &mut buffers);
            values.push(Some(result));
            for &used in &stage.inputs {
                if self.last_uses[used] == index
                    && let Some(maps) = values[used].take()
                {
                    buffers.give_back(maps.values);
                }
            }
        }
        buffers.trim();
        self.idle_buffers().push(buffers);
        values.swap_remove(self.output).expect("the result is used to the end")
    }

    /// Their content never counts, so that nothing is lost with a run that panicked.
    fn idle_buffers(&self) -> MutexGuard<'_, Vec<Buffers>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(
        &self,
        index: usize,
        stage: &Stage,
        values: &mut [Option<Maps>],
        buffers: &mut Buffers,
    ) -> Maps {
        match &stage.operation {
            Operation::Add => self.changed(index, stage, values, buffers, Maps::add),
            Operation::ScaleChannels => {
                self.changed(index, stage, values, buffers, Maps::scale_channels)
            }
            other => {
                let inputs: Vec<&Maps> =
                    stage.inputs.iter().filter_map(|&input| values[input].as_ref()).collect();
                match other {
                    Operation::Convolution(convolution) => convolution.run(inputs[0], buffers),
                    Operation::Transposed(squares) => {
                        let apart = squares.run(inputs[0], buffers);
                        let together = apart.depth_to_space(buffers);
                        buffers.give_back(apart.values);
                        together
                    }
                    Operation::Depthwise(depthwise) => depthwise.run(inputs[0], buffers),
                    Operation::MaxPool2x2 => inputs[0].max_pool_2x2(buffers),
                    Operation::Concatenate => Maps::concatenate(&inputs, buffers),
                    Operation::UpsampleNearest(times) => {
                        inputs[0].upsample_nearest(*times, buffers)
                    }
                    _ => inputs[0].mean(),
                }
            }
        }
    }

    /// The first operand, changed by the second: in place if nobody needs it any more.
    fn changed(
        &self,
        index: usize,
        stage: &Stage,
        values: &mut [Option<Maps>],
        buffers: &mut Buffers,
        change: fn(&mut Maps, &Maps),
    ) -> Maps {
        let first = stage.inputs[0];
        let mut maps = if self.last_uses[first] == index && first != stage.inputs[1] {
            values[first].take().expect("values live until their last use")
        } else {
            values[first].as_ref().expect("values live until their last use").copy(buffers)
        };
        let second = values[stage.inputs[1]].as_ref();
        change(&mut maps, second.expect("values live until their last use"));
        maps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rten::ModelOptions;
    use rten_tensor::NdTensor;
    use rten_tensor::prelude::*;
    use std::path::Path;

    fn onnx(name: &str) -> Vec<u8> {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        std::fs::read(models.join(name)).expect("run models/fetch first")
    }

    /// Values that look like a picture: smooth, with edges.
    fn picture(height: usize, width: usize) -> Vec<f32> {
        let value = |at: usize| {
            let (x, y) = (at % width, at / width % height);
            ((x * 7 + y * 13) % 32) as f32 / 16.0 - 1.0
        };
        (0..3 * height * width).map(value).collect()
    }

    #[test]
    fn detectors_give_the_output_of_rten() {
        for name in [crate::models::DETECT_V5, crate::models::DETECT_V6] {
            let onnx = onnx(name);
            let ours = ConvNet::whole(&crate::onnx::parse(&onnx).expect("an ONNX file"))
                .expect("understood");
            let theirs = ModelOptions::with_all_ops().load(onnx).expect("an ONNX file");
            for (height, width) in [(32, 32), (96, 160), (64, 224)] {
                let input = picture(height, width);
                let tensor = NdTensor::from_data([1, 3, height, width], input.clone());
                let output = theirs.run_one(tensor.view().into(), None).expect("runs");
                let expected: NdTensor<f32, 4> = output.try_into().expect("four axes");
                let maps = ours.run(Maps::new(3, height, width, input));
                assert_eq!([1, maps.channels, maps.height, maps.width], expected.shape());
                let values = maps.into_values();
                let furthest = values.iter().zip(expected.iter()).map(|(a, b)| (a - b).abs());
                let furthest = furthest.fold(0.0, f32::max);
                assert!(furthest < 1e-3, "{name} at {height}x{width}: {furthest}");
            }
        }
    }
}
