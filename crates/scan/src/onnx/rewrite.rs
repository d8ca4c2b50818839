//! Puts another head or tail on an ONNX model: so that ocrs takes a recogniser of PP-OCR, and so
//! that the end of a network can run by itself.

use crate::onnx::encode;
use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, Dimension, ModelProto, NodeProto, TensorShapeProto,
    TypeProto, TypeProtoTensor, ValueInfoProto,
};
use std::collections::HashSet;

/// The ONNX file of a recogniser with a head and a tail for ocrs; its lines are `height` pixels
/// high. `None` if the model has not one input and one output.
///
/// ocrs hands its recogniser `[N, 1, H, W]` from -0.5 to 0.5 and expects log-probabilities as
/// `[step, line, class]`. The networks here take `[N, 3, H, W]` from -1 to 1 and give probabilities
/// as `[line, step, class]`. Four standard operators make up the difference.
pub(crate) fn for_ocrs(mut model: ModelProto, height: i64) -> Option<Vec<u8>> {
    let graph = model.graph.as_mut()?;
    let ([input], [output]) = (graph.input.as_slice(), graph.output.as_slice()) else {
        return None;
    };
    let (input, output) = (input.name.clone()?, output.name.clone()?);
    let axis = AttributeProto {
        name: Some("axis".to_owned()),
        i: Some(1),
        r#type: Some(AttributeType::INT),
        ..AttributeProto::default()
    };
    let order = AttributeProto {
        name: Some("perm".to_owned()),
        ints: vec![1, 0, 2],
        r#type: Some(AttributeType::INTS),
        ..AttributeProto::default()
    };
    let head = [
        node("Add", &["ocrs_grey", "ocrs_grey"], "ocrs_twice", None),
        node("Concat", &["ocrs_twice"; 3], &input, Some(axis)),
    ];
    graph.node.splice(0..0, head);
    graph.node.push(node("Log", &[&output], "ocrs_log", None));
    graph.node.push(node("Transpose", &["ocrs_log"], "ocrs_steps", Some(order)));
    graph.input = vec![value("ocrs_grey", &[None, Some(1), Some(height), None])];
    graph.output = vec![value("ocrs_steps", &[None, None, None])];
    Some(encode::model(&model))
}

/// The ONNX file of a network from its first node of an operator on. Its input is what goes into
/// that node, of these sides. `None` if there is no such node.
pub(crate) fn from_operator(
    mut model: ModelProto,
    operator: &str,
    sides: &[Option<i64>],
) -> Option<Vec<u8>> {
    let graph = model.graph.as_mut()?;
    // Nodes stand in the order in which they run: those before the cut go, and the weights that
    // only they took.
    let first = graph.node.iter().position(|node| node.op_type.as_deref() == Some(operator))?;
    graph.node.drain(..first);
    let input = graph.node[0].input.first()?.clone();
    let taken: HashSet<&String> = graph.node.iter().flat_map(|node| &node.input).collect();
    graph.initializer.retain(|tensor| tensor.name.as_ref().is_some_and(|it| taken.contains(it)));
    graph.input = vec![value(&input, sides)];
    Some(encode::model(&model))
}

fn node(
    operator: &str,
    inputs: &[&str],
    output: &str,
    attribute: Option<AttributeProto>,
) -> NodeProto {
    NodeProto {
        domain: None,
        name: Some(format!("{operator} for ocrs to {output}")),
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        op_type: Some(operator.to_owned()),
        attribute: attribute.into_iter().collect(),
    }
}

/// A tensor of floats; a side of any length is `None`.
fn value(name: &str, sides: &[Option<i64>]) -> ValueInfoProto {
    let side = |(index, &side): (usize, &Option<i64>)| Dimension {
        dim_value: side,
        dim_param: side.is_none().then(|| format!("{name}_{index}")),
    };
    let shape = TensorShapeProto { dim: sides.iter().enumerate().map(side).collect() };
    let tensor = TypeProtoTensor { elem_type: Some(DataType::FLOAT), shape: Some(shape) };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto { tensor_type: Some(tensor), sequence: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::graph::Graph;
    use crate::onnx::parse;
    use rten_onnx::onnx::GraphProto;

    fn model(inputs: &[&str], nodes: Vec<NodeProto>) -> ModelProto {
        let graph = GraphProto {
            node: nodes,
            input: inputs.iter().map(|name| value(name, &[None])).collect(),
            output: vec![value("y", &[None])],
            ..GraphProto::default()
        };
        ModelProto { graph: Some(graph), ..ModelProto::default() }
    }

    fn operators(onnx: &[u8]) -> Vec<String> {
        let graph = parse(onnx).expect("an ONNX file").graph.expect("a graph");
        graph.node.into_iter().filter_map(|node| node.op_type).collect()
    }

    #[test]
    fn bytes_that_are_not_onnx_are_refused() {
        for bytes in [&b"\xff\xff\xff"[..], b"\x3a\x7fshort", b"", b"no model at all"] {
            let model = parse(bytes).unwrap_or_default();
            assert!(Graph::of(&model).is_none(), "{bytes:?}");
            assert!(for_ocrs(model, 48).is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn model_of_two_inputs_gets_no_head() {
        assert!(for_ocrs(model(&["a", "b"], Vec::new()), 48).is_none());
    }

    #[test]
    fn head_and_tail_are_joined_to_the_ends() {
        let whole = model(&["x"], vec![node("Relu", &["x"], "y", None)]);
        let onnx = for_ocrs(whole, 48).expect("one input, one output");
        assert_eq!(operators(&onnx), ["Add", "Concat", "Relu", "Log", "Transpose"]);
        let graph = parse(&onnx).expect("an ONNX file").graph.expect("a graph");
        assert_eq!(graph.node[1].output, graph.node[2].input);
        assert_eq!(graph.node[2].output, graph.node[3].input);
        assert_eq!(graph.input[0].name, Some("ocrs_grey".to_owned()));
        assert_eq!(graph.output[0].name, Some("ocrs_steps".to_owned()));
    }

    #[test]
    fn nodes_before_the_cut_go() {
        let nodes = vec![node("Relu", &["x"], "z", None), node("Log", &["z"], "y", None)];
        let onnx = from_operator(model(&["x"], nodes), "Log", &[Some(1)]).expect("a Log");
        assert_eq!(operators(&onnx), ["Log"]);
        let graph = parse(&onnx).expect("an ONNX file").graph.expect("a graph");
        assert_eq!(graph.input[0].name, Some("z".to_owned()));
        assert!(from_operator(model(&["x"], Vec::new()), "Log", &[]).is_none());
    }
}
