//! A view of an ONNX model as nodes and constants, as far as the convolutional networks here are
//! made of them.

use rten_onnx::onnx::{AttributeProto, DataType, ModelProto, NodeProto, TensorProto};
use std::collections::HashMap;

/// The nodes in an order in which they can run; identities are resolved.
pub(crate) struct Graph<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    pub(crate) constants: HashMap<&'a str, Constant>,
    pub(crate) input: &'a str,
    pub(crate) output: &'a str,
}

/// One operator with its one output.
pub(crate) struct Node<'a> {
    pub(crate) operator: &'a str,
    pub(crate) inputs: Vec<&'a str>,
    pub(crate) output: &'a str,
    attributes: &'a [AttributeProto],
}

/// A tensor of weights, row by row.
#[derive(Clone)]
pub(crate) struct Constant {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

impl<'a> Graph<'a> {
    /// `None` if the model has no graph with an input and an output.
    pub(crate) fn of(model: &'a ModelProto) -> Option<Self> {
        let graph = model.graph.as_ref()?;
        let name = |value: Option<&'a rten_onnx::onnx::ValueInfoProto>| value?.name.as_deref();
        let mut view = Self {
            nodes: graph.node.iter().map(Node::of).collect(),
            constants: graph.initializer.iter().filter_map(constant).collect(),
            input: name(graph.input.last())?,
            output: name(graph.output.last())?,
        };
        view.resolve_identities();
        Some(view)
    }

    fn resolve_identities(&mut self) {
        let mut source: HashMap<&str, &str> = HashMap::new();
        for node in &mut self.nodes {
            for input in &mut node.inputs {
                *input = source.get(input).copied().unwrap_or(input);
            }
            if node.operator == "Identity" {
                source.insert(node.output, node.inputs[0]);
            }
        }
        self.nodes.retain(|node| node.operator != "Identity");
        self.output = source.get(self.output).copied().unwrap_or(self.output);
    }
}

impl<'a> Node<'a> {
    fn of(node: &'a NodeProto) -> Self {
        Self {
            operator: node.op_type.as_deref().unwrap_or_default(),
            inputs: node.input.iter().map(String::as_str).collect(),
            output: node.output.first().map(String::as_str).unwrap_or_default(),
            attributes: &node.attribute,
        }
    }

    fn attribute(&self, name: &str) -> Option<&'a AttributeProto> {
        self.attributes.iter().find(|attribute| attribute.name.as_deref() == Some(name))
    }

    /// A number or a list of numbers, or `absent` N times if the node has no such attribute.
    pub(crate) fn numbers<const N: usize>(&self, name: &str, absent: usize) -> Option<[usize; N]> {
        let Some(found) = self.attribute(name) else { return Some([absent; N]) };
        let numbers = found.ints.iter().copied().chain(found.i);
        let numbers: Vec<usize> = numbers.map(usize::try_from).collect::<Result<_, _>>().ok()?;
        numbers.try_into().ok()
    }

    /// One float.
    pub(crate) fn float(&self, name: &str) -> Option<f32> {
        self.attribute(name)?.f
    }

    /// Whether an attribute holds this text.
    pub(crate) fn says(&self, name: &str, text: &str) -> bool {
        self.attribute(name).is_some_and(|found| found.s.as_deref() == Some(text))
    }
}

/// A constant of floats with its name; those of other kinds are not needed and left out.
fn constant(tensor: &TensorProto) -> Option<(&str, Constant)> {
    let shape = tensor.dims.iter().map(|&length| usize::try_from(length).ok());
    let shape = shape.collect::<Option<Vec<_>>>()?;
    let raw = tensor.raw_data.as_ref()?.borrow();
    let values: Vec<f32> =
        raw.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let whole = shape.iter().product::<usize>() == values.len();
    let float = tensor.data_type == Some(DataType::FLOAT);
    (float && whole).then_some((tensor.name.as_deref()?, Constant { shape, values }))
}
