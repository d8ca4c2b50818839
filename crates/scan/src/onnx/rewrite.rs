//! Puts another head or tail on an ONNX file: so that ocrs takes a recogniser of PP-OCR, and so
//! that the end of a network can run by itself.
//!
//! ocrs hands its recogniser one channel from -0.5 to 0.5 and expects log-probabilities as
//! `[step, line, class]`; the networks here take three channels from -1 to 1 and give
//! probabilities as `[line, step, class]`. Four standard operators make up the difference. An ONNX
//! file is a protocol-buffers message (onnx.proto3 of the ONNX project); only the fields named
//! here are looked at, all others are copied as they are.

use crate::onnx::wire::{fields, put, put_number};
use std::collections::HashSet;

/// `ModelProto.graph`.
const MODEL_GRAPH: u64 = 7;
/// `GraphProto.node`, `.initializer`, `.input`, `.output`.
const GRAPH_NODE: u64 = 1;
const GRAPH_INITIALIZER: u64 = 5;
const GRAPH_INPUT: u64 = 11;
const GRAPH_OUTPUT: u64 = 12;
/// `AttributeProto.AttributeType`.
const TYPE_INT: u64 = 2;
const TYPE_INTS: u64 = 7;
/// `TensorProto.FLOAT`.
const FLOAT: u64 = 1;

/// The recogniser with a head and a tail for ocrs; its lines are `height` pixels high. `None` if
/// the bytes are not an ONNX file with one input and one output.
pub(crate) fn for_ocrs(onnx: &[u8], height: u64) -> Option<Vec<u8>> {
    with_graph(onnx, |graph| grafted(graph, height))
}

/// The network from its first node of an operator on. Its input is what goes into that node, of
/// these sides.
pub(crate) fn from_operator(onnx: &[u8], operator: &str, sides: &[Option<u64>]) -> Option<Vec<u8>> {
    with_graph(onnx, |graph| cut(graph, operator, sides))
}

fn with_graph(onnx: &[u8], change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut model = Vec::with_capacity(onnx.len() + 1024);
    for field in fields(onnx) {
        let field = field?;
        match field.bytes {
            Some(graph) if field.number == MODEL_GRAPH => {
                put(&mut model, MODEL_GRAPH, &change(graph)?);
            }
            _ => model.extend_from_slice(field.whole),
        }
    }
    Some(model)
}

/// Nodes stand in the order in which they run: those before the cut go, and the weights that only
/// they took.
fn cut(graph: &[u8], operator: &str, sides: &[Option<u64>]) -> Option<Vec<u8>> {
    let all = fields(graph).collect::<Option<Vec<_>>>()?;
    let is_first = |node: &[u8]| texts(node, 4).any(|text| text == operator.as_bytes());
    let mut nodes = all
        .iter()
        .filter(|field| field.number == GRAPH_NODE)
        .filter_map(|field| field.bytes)
        .skip_while(|node| !is_first(node))
        .peekable();
    let input = std::str::from_utf8(texts(nodes.peek()?, 1).next()?).ok()?;
    let mut made = Vec::new();
    let mut taken = HashSet::new();
    for node in nodes {
        put(&mut made, GRAPH_NODE, node);
        taken.extend(texts(node, 1));
    }
    put(&mut made, GRAPH_INPUT, &value(input, sides));
    for field in all {
        match (field.number, field.bytes) {
            (GRAPH_NODE | GRAPH_INPUT, _) => {}
            (GRAPH_INITIALIZER, Some(tensor)) if !texts(tensor, 8).any(|it| taken.contains(it)) => {
            }
            _ => made.extend_from_slice(field.whole),
        }
    }
    Some(made)
}

/// The contents of all fields of a number that hold a text or a message.
fn texts(message: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    fields(message).flatten().filter(move |field| field.number == number).filter_map(|it| it.bytes)
}

fn grafted(graph: &[u8], height: u64) -> Option<Vec<u8>> {
    let (mut input, mut output) = (None, None);
    let mut kept = Vec::with_capacity(graph.len() + 1024);
    for field in fields(graph) {
        let field = field?;
        match (field.number, field.bytes) {
            (GRAPH_INPUT, Some(value)) if input.is_none() => input = Some(name_of(value)?),
            (GRAPH_OUTPUT, Some(value)) if output.is_none() => output = Some(name_of(value)?),
            (GRAPH_INPUT | GRAPH_OUTPUT, _) => return None,
            _ => kept.extend_from_slice(field.whole),
        }
    }
    let (input, output) = (input?, output?);
    let axis = attribute("axis", TYPE_INT, |message| put_number(message, 3, 1));
    let order = attribute("perm", TYPE_INTS, |message| {
        for axis in [1, 0, 2] {
            put_number(message, 8, axis);
        }
    });
    let mut made = Vec::new();
    // Twice the input, from -1 to 1, in each of three channels.
    put(&mut made, GRAPH_NODE, &node("Add", &["ocrs_grey", "ocrs_grey"], "ocrs_twice", None));
    let channels = ["ocrs_twice"; 3];
    put(&mut made, GRAPH_NODE, &node("Concat", &channels, &input, Some(&axis)));
    made.extend_from_slice(&kept);
    put(&mut made, GRAPH_NODE, &node("Log", &[&output], "ocrs_log", None));
    put(&mut made, GRAPH_NODE, &node("Transpose", &["ocrs_log"], "ocrs_steps", Some(&order)));
    put(&mut made, GRAPH_INPUT, &value("ocrs_grey", &[None, Some(1), Some(height), None]));
    put(&mut made, GRAPH_OUTPUT, &value("ocrs_steps", &[None, None, None]));
    Some(made)
}

/// `NodeProto`.
fn node(operator: &str, inputs: &[&str], output: &str, attribute: Option<&[u8]>) -> Vec<u8> {
    let mut message = Vec::new();
    for input in inputs {
        put(&mut message, 1, input.as_bytes());
    }
    put(&mut message, 2, output.as_bytes());
    put(&mut message, 3, format!("{operator} for ocrs to {output}").as_bytes());
    put(&mut message, 4, operator.as_bytes());
    if let Some(attribute) = attribute {
        put(&mut message, 5, attribute);
    }
    message
}

/// `AttributeProto`.
fn attribute(name: &str, kind: u64, content: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut message = Vec::new();
    put(&mut message, 1, name.as_bytes());
    content(&mut message);
    put_number(&mut message, 20, kind);
    message
}

/// `ValueInfoProto` of a tensor; a side of any length is `None`.
fn value(name: &str, sides: &[Option<u64>]) -> Vec<u8> {
    let mut shape = Vec::new();
    for (index, side) in sides.iter().enumerate() {
        let mut dimension = Vec::new();
        match side {
            Some(length) => put_number(&mut dimension, 1, *length),
            None => put(&mut dimension, 2, format!("{name}_{index}").as_bytes()),
        }
        put(&mut shape, 1, &dimension);
    }
    let mut tensor = Vec::new();
    put_number(&mut tensor, 1, FLOAT);
    put(&mut tensor, 2, &shape);
    let mut kind = Vec::new();
    put(&mut kind, 1, &tensor);
    let mut message = Vec::new();
    put(&mut message, 1, name.as_bytes());
    put(&mut message, 2, &kind);
    message
}

/// `ValueInfoProto.name`.
fn name_of(value: &[u8]) -> Option<String> {
    let field = fields(value).flatten().find(|field| field.number == 1)?;
    String::from_utf8(field.bytes?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::wire::Field;

    #[test]
    fn what_is_not_onnx_is_refused() {
        assert!(for_ocrs(b"\xff\xff\xff", 48).is_none());
        let mut cut = Vec::new();
        put(&mut cut, MODEL_GRAPH, b"\x0a\x7fshort");
        assert!(for_ocrs(&cut, 48).is_none());
        let mut two_inputs = Vec::new();
        put(&mut two_inputs, GRAPH_INPUT, &value("a", &[None]));
        put(&mut two_inputs, GRAPH_INPUT, &value("b", &[None]));
        assert!(grafted(&two_inputs, 48).is_none());
    }

    #[test]
    fn other_fields_are_copied_and_the_ends_are_joined() {
        let mut graph = Vec::new();
        put(&mut graph, GRAPH_INPUT, &value("x", &[None]));
        put(&mut graph, 2, b"a name");
        put(&mut graph, GRAPH_OUTPUT, &value("y", &[None]));
        let made = grafted(&graph, 48).expect("one input, one output");
        let all: Vec<Field> = fields(&made).map(|field| field.expect("whole")).collect();
        let numbers: Vec<u64> = all.iter().map(|field| field.number).collect();
        assert_eq!(numbers, [1, 1, 2, 1, 1, 11, 12]);
        assert_eq!(all[2].bytes, Some(&b"a name"[..]));
        assert_eq!(name_of(all[5].bytes.expect("a message")).as_deref(), Some("ocrs_grey"));
    }
}
