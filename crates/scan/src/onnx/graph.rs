//! An ONNX file as a list of nodes and constants (onnx.proto3 of the ONNX project). Only what the
//! convolutional networks here are made of is looked at.

use crate::onnx::wire::{Field, fields, numbers};
use std::collections::HashMap;

/// `ModelProto.graph`.
const MODEL_GRAPH: u64 = 7;
/// `GraphProto.node`, `.initializer`, `.input`, `.output`.
const GRAPH_NODE: u64 = 1;
const GRAPH_INITIALIZER: u64 = 5;
const GRAPH_INPUT: u64 = 11;
const GRAPH_OUTPUT: u64 = 12;
/// `TensorProto.DataType.FLOAT`.
const FLOAT: u64 = 1;

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
    attributes: HashMap<&'a str, Attribute<'a>>,
}

#[derive(Default)]
struct Attribute<'a> {
    float: f32,
    text: &'a [u8],
    numbers: Vec<i64>,
}

/// A tensor of weights.
#[derive(Clone)]
pub(crate) struct Constant {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

impl<'a> Graph<'a> {
    /// Takes an ONNX file apart; `None` if it is none.
    pub(crate) fn parse(onnx: &'a [u8]) -> Option<Self> {
        let model = fields(onnx).collect::<Option<Vec<_>>>()?;
        let graph = model.iter().find(|field| field.number == MODEL_GRAPH)?.bytes?;
        let (mut nodes, mut constants) = (Vec::new(), HashMap::new());
        let (mut input, mut output) = (None, None);
        for field in fields(graph) {
            let field = field?;
            let Some(bytes) = field.bytes else { continue };
            match field.number {
                GRAPH_NODE => nodes.push(Node::parse(bytes)?),
                GRAPH_INITIALIZER => constants.extend(constant(bytes)?),
                GRAPH_INPUT => input = Some(name_of(bytes)?),
                GRAPH_OUTPUT => output = Some(name_of(bytes)?),
                _ => {}
            }
        }
        let mut graph = Self { nodes, constants, input: input?, output: output? };
        graph.resolve_identities();
        Some(graph)
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
    fn parse(message: &'a [u8]) -> Option<Self> {
        let mut node =
            Self { operator: "", inputs: Vec::new(), output: "", attributes: HashMap::new() };
        for field in fields(message) {
            let field = field?;
            match (field.number, field.bytes) {
                (1, Some(name)) => node.inputs.push(std::str::from_utf8(name).ok()?),
                (2, Some(name)) => node.output = std::str::from_utf8(name).ok()?,
                (4, Some(name)) => node.operator = std::str::from_utf8(name).ok()?,
                (5, Some(attribute)) => node.attributes.extend([Attribute::parse(attribute)?]),
                _ => {}
            }
        }
        Some(node)
    }

    /// A list of numbers, or so many times what stands for it when it is absent.
    pub(crate) fn numbers<const N: usize>(&self, name: &str, absent: i64) -> Option<[usize; N]> {
        let Some(found) = self.attributes.get(name) else { return Some([absent as usize; N]) };
        let all: Vec<usize> = found
            .numbers
            .iter()
            .map(|&number| usize::try_from(number))
            .collect::<Result<_, _>>()
            .ok()?;
        all.try_into().ok()
    }

    /// One float.
    pub(crate) fn float(&self, name: &str) -> Option<f32> {
        self.attributes.get(name).map(|found| found.float)
    }

    /// Whether an attribute holds this text.
    pub(crate) fn says(&self, name: &str, text: &str) -> bool {
        self.attributes.get(name).is_some_and(|found| found.text == text.as_bytes())
    }
}

impl<'a> Attribute<'a> {
    fn parse(message: &'a [u8]) -> Option<(&'a str, Self)> {
        let (mut name, mut attribute) = ("", Self::default());
        for field in fields(message) {
            let field = field?;
            match field.number {
                1 => name = std::str::from_utf8(field.bytes?).ok()?,
                2 => attribute.float = f32::from_bits(field.value? as u32),
                4 => attribute.text = field.bytes?,
                3 | 8 => attribute.numbers.extend(numbers(&field)?),
                _ => {}
            }
        }
        Some((name, attribute))
    }
}

/// A constant of floats with its name; those of other kinds are not needed and left out.
fn constant(message: &[u8]) -> Option<Option<(&str, Constant)>> {
    let (mut name, mut shape, mut kind, mut raw) = ("", Vec::new(), 0, &[][..]);
    for field in fields(message) {
        let field = field?;
        match field.number {
            1 => shape.extend(dimensions(&field)?),
            2 => kind = field.value?,
            8 => name = std::str::from_utf8(field.bytes?).ok()?,
            9 => raw = field.bytes?,
            _ => {}
        }
    }
    let values: Vec<f32> =
        raw.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let whole = shape.iter().product::<usize>() == values.len();
    Some((kind == FLOAT && whole).then_some((name, Constant { shape, values })))
}

fn dimensions(field: &Field) -> Option<Vec<usize>> {
    numbers(field)?.into_iter().map(|length| usize::try_from(length).ok()).collect()
}

/// `ValueInfoProto.name`.
fn name_of(value: &[u8]) -> Option<&str> {
    let field = fields(value).flatten().find(|field| field.number == 1)?;
    std::str::from_utf8(field.bytes?).ok()
}
