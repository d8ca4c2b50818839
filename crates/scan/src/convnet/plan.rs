//! From an ONNX graph to stages: what follows a convolution value by value (bias, normalisation,
//! factors, activation) becomes part of it, so that the maps are written once.

use crate::convnet::convolve::{Convolution, Depthwise, Padding, Window};
use crate::convnet::epilogue::{Activation, Epilogue};
use crate::convnet::operation::{Operation, Stage};
use crate::onnx::graph::{Constant, Graph, Node};
use std::collections::{HashMap, HashSet};

/// Builds the stages for the nodes of a graph up to `end`.
pub(super) struct Plan<'g, 'a> {
    graph: &'g Graph<'a>,
    /// The nodes that take a value.
    users: HashMap<&'a str, Vec<usize>>,
    /// Where a value is: 0 is the input, then the stages' outputs.
    slots: HashMap<&'a str, usize>,
    /// Nodes that became part of another.
    merged: HashSet<usize>,
    stages: Vec<Stage>,
}

/// A node that is not understood, with its operator.
type Unknown = String;

impl<'g, 'a> Plan<'g, 'a> {
    /// The stages and the slot of the value named `last`.
    pub(super) fn stages(
        graph: &'g Graph<'a>,
        end: usize,
        last: &str,
    ) -> Result<(Vec<Stage>, usize), Unknown> {
        let mut users: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, node) in graph.nodes.iter().enumerate() {
            for &input in &node.inputs {
                users.entry(input).or_default().push(index);
            }
        }
        let slots = HashMap::from([(graph.input, 0)]);
        let mut plan = Self { graph, users, slots, merged: HashSet::new(), stages: Vec::new() };
        for (index, node) in graph.nodes[..end].iter().enumerate() {
            if !plan.merged.contains(&index) {
                plan.node(node).ok_or_else(|| format!("{} to {}", node.operator, node.output))?;
            }
        }
        let slot = plan.slots.get(last).copied().ok_or("no way to its output")?;
        Ok((plan.stages, slot))
    }

    fn node(&mut self, node: &'g Node<'a>) -> Option<()> {
        match node.operator {
            "Conv" => self.convolution(node),
            "ConvTranspose" => self.transposed(node),
            "BatchNormalization" => self.normalisation(node),
            "Add" => match self.constant_of(node) {
                Some((value, shift)) => self.affine(node, value, &[1.0], &shift.values),
                None => self.stage(node, Operation::Add),
            },
            "Mul" => match self.constant_of(node) {
                Some((value, scale)) => self.affine(node, value, &scale.values, &[0.0]),
                None => self.stage(node, Operation::ScaleChannels),
            },
            "Relu" => self.activation(node, Activation::Relu),
            "Sigmoid" => self.activation(node, Activation::Sigmoid),
            "HardSigmoid" => self.hard_sigmoid(node),
            "Div" => self.gelu(node),
            "GlobalAveragePool" | "ReduceMean" => {
                self.stage_of(node, &node.inputs[..1], Operation::Mean)
            }
            "MaxPool" => {
                let known = node.numbers("kernel_shape", 1)? == [2, 2]
                    && node.numbers("strides", 1)? == [1, 1]
                    && node.says("auto_pad", "SAME_UPPER");
                known.then_some(())?;
                self.stage(node, Operation::MaxPool2x2)
            }
            "Concat" => self.stage(node, Operation::Concatenate),
            "Resize" => {
                let scales = &self.graph.constants.get(node.inputs[2])?.values;
                let (times, nearest) = (*scales.last()?, node.says("mode", "nearest"));
                (nearest && scales == &[1.0, 1.0, times, times]).then_some(())?;
                self.stage_of(node, &node.inputs[..1], Operation::UpsampleNearest(times as usize))
            }
            _ => None,
        }
    }

    fn stage(&mut self, node: &'g Node<'a>, operation: Operation) -> Option<()> {
        self.stage_of(node, &node.inputs, operation)
    }

    fn stage_of(
        &mut self,
        node: &'g Node<'a>,
        inputs: &[&str],
        operation: Operation,
    ) -> Option<()> {
        let inputs = inputs.iter().map(|input| self.slots.get(input).copied());
        let inputs = inputs.collect::<Option<Vec<_>>>()?;
        self.stages.push(Stage { operation, inputs });
        self.slots.insert(node.output, self.stages.len());
        Some(())
    }

    fn convolution(&mut self, node: &'g Node<'a>) -> Option<()> {
        let weights = self.graph.constants.get(node.inputs[1])?;
        let &[channels, inputs, height, width] = weights.shape.as_slice() else { return None };
        let padding = if node.says("auto_pad", "SAME_UPPER") {
            Padding::SameUpper
        } else {
            Padding::Sides(node.numbers("pads", 0)?)
        };
        let size = [height, width];
        let window = Window { size, stride: node.numbers("strides", 1)?, padding };
        let [groups] = node.numbers("group", 1)?;
        let operation = match groups {
            1 => Operation::Convolution(Convolution::new(&weights.values, channels, window)),
            _ if groups == channels && inputs == 1 => {
                Operation::Depthwise(Depthwise::new(&weights.values, channels, window))
            }
            _ => return None,
        };
        (node.numbers("dilations", 1)? == [1, 1]).then_some(())?;
        self.stage_of(node, &node.inputs[..1], operation)?;
        let Some(bias) = node.inputs.get(2) else { return Some(()) };
        let bias = self.graph.constants.get(bias)?;
        self.rescale(self.stages.len(), &[1.0], &bias.values)
    }

    /// With a 2x2 window that moves by 2, the squares do not overlap: four channels for each, put
    /// side by side afterwards.
    fn transposed(&mut self, node: &'g Node<'a>) -> Option<()> {
        let weights = self.graph.constants.get(node.inputs[1])?;
        let &[inputs, channels, 2, 2] = weights.shape.as_slice() else { return None };
        let known = node.numbers("strides", 1)? == [2, 2] && node.numbers("pads", 0)? == [0; 4];
        (known && node.numbers("group", 1)? == [1] && node.inputs.len() == 2).then_some(())?;
        let by_input = |row: usize| (0..inputs).map(move |input| input * channels * 4 + row);
        let rows: Vec<f32> =
            (0..channels * 4).flat_map(by_input).map(|at| weights.values[at]).collect();
        let point = Window { size: [1, 1], stride: [1, 1], padding: Padding::Sides([0; 4]) };
        let squares = Convolution::new(&rows, channels * 4, point);
        self.stage_of(node, &node.inputs[..1], Operation::Transposed(squares))
    }

    fn normalisation(&mut self, node: &'g Node<'a>) -> Option<()> {
        let constant = |at: usize| self.graph.constants.get(*node.inputs.get(at)?);
        let (gamma, beta) = (&constant(1)?.values, &constant(2)?.values);
        let (mean, variance) = (&constant(3)?.values, &constant(4)?.values);
        let epsilon = node.float("epsilon").unwrap_or(1e-5);
        let scale: Vec<f32> =
            gamma.iter().zip(variance).map(|(gamma, var)| gamma / (var + epsilon).sqrt()).collect();
        let shift: Vec<f32> = (0..scale.len()).map(|at| beta[at] - mean[at] * scale[at]).collect();
        self.affine(node, node.inputs[0], &scale, &shift)
    }

    /// The variable and the constant operand of a node that has one of each.
    fn constant_of(&self, node: &Node<'a>) -> Option<(&'a str, &'g Constant)> {
        let &[a, b] = node.inputs.as_slice() else { return None };
        match (self.graph.constants.get(a), self.graph.constants.get(b)) {
            (None, Some(constant)) => Some((a, constant)),
            (Some(constant), None) => Some((b, constant)),
            _ => None,
        }
    }

    /// A factor and a shift, of all channels or of each, become part of what made the value.
    fn affine(&mut self, node: &Node<'a>, of: &'a str, scale: &[f32], shift: &[f32]) -> Option<()> {
        let slot = self.sole(of)?;
        self.rescale(slot, scale, shift)?;
        self.slots.insert(node.output, slot);
        Some(())
    }

    fn rescale(&mut self, slot: usize, scale: &[f32], shift: &[f32]) -> Option<()> {
        let operation = &mut self.stages.get_mut(slot.checked_sub(1)?)?.operation;
        let epilogue = operation.epilogue()?;
        if epilogue.activation != Activation::None {
            let (&[scale], &[shift]) = (scale, shift) else { return None };
            epilogue.scale *= scale;
            epilogue.shift = epilogue.shift * scale + shift;
            return Some(());
        }
        let channels = operation.channels();
        // A transposed convolution has four channels for each that it shows.
        let copies = if matches!(operation, Operation::Transposed(_)) { 4 } else { 1 };
        let at = |values: &[f32], channel: usize| match values {
            [one] => Some(*one),
            each => each.get(channel / copies).copied(),
        };
        for channel in 0..channels {
            operation.rescale(channel, at(scale, channel)?, at(shift, channel)?);
        }
        Some(())
    }

    /// The slot of a value that only one node takes.
    fn sole(&self, value: &str) -> Option<usize> {
        (self.users.get(value)?.len() == 1).then(|| self.slots.get(value).copied()).flatten()
    }

    fn activation(&mut self, node: &Node<'a>, activation: Activation) -> Option<()> {
        let slot = self.sole(node.inputs[0])?;
        self.activate(slot, node.output, activation)
    }

    fn activate(&mut self, slot: usize, output: &'a str, activation: Activation) -> Option<()> {
        let epilogue = self.stages.get_mut(slot.checked_sub(1)?)?.operation.epilogue()?;
        (epilogue.activation == Activation::None).then_some(())?;
        *epilogue = Epilogue { activation, ..Epilogue::default() };
        self.slots.insert(output, slot);
        Some(())
    }

    /// The only user of a value, if it is of this operator.
    fn next(&self, value: &str, operator: &str) -> Option<usize> {
        let &[user] = self.users.get(value)?.as_slice() else { return None };
        (self.graph.nodes[user].operator == operator).then_some(user)
    }

    fn hard_sigmoid(&mut self, node: &Node<'a>) -> Option<()> {
        let (slope, offset) = (node.float("alpha")?, node.float("beta")?);
        let value = node.inputs[0];
        let product = self.next(node.output, "Mul").filter(|&product| {
            self.graph.nodes[product].inputs.contains(&value) && self.users[value].len() == 2
        });
        let Some(product) = product else {
            return self.activation(node, Activation::HardSigmoid { slope, offset });
        };
        let slot = *self.slots.get(value)?;
        self.merged.insert(product);
        let output = self.graph.nodes[product].output;
        self.activate(slot, output, Activation::HardSwish { slope, offset })
    }

    /// x / sqrt 2, erf, plus 1, times x, times a half.
    fn gelu(&mut self, node: &Node<'a>) -> Option<()> {
        let value = node.inputs[0];
        let nodes = &self.graph.nodes;
        let erf = self.next(node.output, "Erf")?;
        let plus = self.next(nodes[erf].output, "Add")?;
        let times = self.next(nodes[plus].output, "Mul")?;
        let half = self.next(nodes[times].output, "Mul")?;
        let near = |node: &Node<'a>, number: f32| {
            self.constant_of(node).is_some_and(|(_, found)| {
                found.values.len() == 1 && (found.values[0] - number).abs() < 1e-5
            })
        };
        let known = near(node, std::f32::consts::SQRT_2)
            && near(&nodes[plus], 1.0)
            && near(&nodes[half], 0.5)
            && nodes[times].inputs.contains(&value)
            && self.users[value].len() == 2;
        known.then_some(())?;
        self.merged.extend([erf, plus, times, half]);
        let slot = *self.slots.get(value)?;
        self.activate(slot, nodes[half].output, Activation::Gelu)
    }
}
