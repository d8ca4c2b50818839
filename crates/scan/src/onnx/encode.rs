//! Writes an ONNX model as a protocol-buffers message: the counterpart of `rten-onnx`, which only
//! reads. It writes what the models here consist of: no subgraphs, sequences or data in other
//! files, and weights as raw bytes.

use rten_onnx::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};

/// The bytes of an ONNX file.
pub(super) fn model(model: &ModelProto) -> Vec<u8> {
    let mut out = Vec::new();
    put_number(&mut out, 1, model.ir_version);
    put_text(&mut out, 2, model.producer_name.as_deref());
    put_text(&mut out, 3, model.producer_version.as_deref());
    put_all(&mut out, 7, &model.graph, graph);
    put_all(&mut out, 8, &model.opset_import, |out, set| {
        put_text(out, 1, set.domain.as_deref());
        put_number(out, 2, set.version);
    });
    put_all(&mut out, 14, &model.metadata_props, |out, entry| {
        put_text(out, 1, entry.key.as_deref());
        put_text(out, 2, entry.value.as_deref());
    });
    out
}

fn graph(out: &mut Vec<u8>, graph: &GraphProto) {
    put_all(out, 1, &graph.node, node);
    put_all(out, 5, &graph.initializer, tensor);
    put_all(out, 11, &graph.input, value);
    put_all(out, 12, &graph.output, value);
    put_all(out, 13, &graph.value_info, value);
}

fn node(out: &mut Vec<u8>, node: &NodeProto) {
    node.input.iter().for_each(|name| put_text(out, 1, Some(name)));
    node.output.iter().for_each(|name| put_text(out, 2, Some(name)));
    put_text(out, 3, node.name.as_deref());
    put_text(out, 4, node.op_type.as_deref());
    put_all(out, 5, &node.attribute, attribute);
    put_text(out, 7, node.domain.as_deref());
}

fn attribute(out: &mut Vec<u8>, attribute: &AttributeProto) {
    put_text(out, 1, attribute.name.as_deref());
    put_float(out, 2, attribute.f);
    put_number(out, 3, attribute.i);
    put_text(out, 4, attribute.s.as_deref());
    put_all(out, 5, &attribute.t, tensor);
    attribute.floats.iter().for_each(|&float| put_float(out, 7, Some(float)));
    attribute.ints.iter().for_each(|&number| put_number(out, 8, Some(number)));
    attribute.strings.iter().for_each(|text| put_text(out, 9, Some(text)));
    put_number(out, 20, attribute.r#type.map(|kind| kind.0.into()));
}

fn tensor(out: &mut Vec<u8>, tensor: &TensorProto) {
    tensor.dims.iter().for_each(|&length| put_number(out, 1, Some(length)));
    put_number(out, 2, tensor.data_type.map(|kind| kind.0.into()));
    tensor.int64_data.iter().for_each(|&number| put_number(out, 7, Some(number)));
    put_text(out, 8, tensor.name.as_deref());
    if let Some(raw) = &tensor.raw_data {
        put(out, 9, &raw.borrow());
    }
}

fn value(out: &mut Vec<u8>, value: &ValueInfoProto) {
    put_text(out, 1, value.name.as_deref());
    put_all(out, 2, &value.r#type, |out, kind| {
        put_all(out, 1, &kind.tensor_type, |out, tensor| {
            put_number(out, 1, tensor.elem_type.map(|kind| kind.0.into()));
            put_all(out, 2, &tensor.shape, |out, shape| {
                put_all(out, 1, &shape.dim, |out, side| {
                    put_number(out, 1, side.dim_value);
                    put_text(out, 2, side.dim_param.as_deref());
                });
            });
        });
    });
}

/// Appends a field for each message.
fn put_all<'a, T: 'a>(
    out: &mut Vec<u8>,
    field: u64,
    messages: impl IntoIterator<Item = &'a T>,
    write: impl Fn(&mut Vec<u8>, &T),
) {
    for message in messages {
        let mut content = Vec::new();
        write(&mut content, message);
        put(out, field, &content);
    }
}

fn put_text(out: &mut Vec<u8>, field: u64, text: Option<&str>) {
    if let Some(text) = text {
        put(out, field, text.as_bytes());
    }
}

/// A length-delimited field.
fn put(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    put_varint(out, field << 3 | 2);
    put_varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn put_number(out: &mut Vec<u8>, field: u64, number: Option<i64>) {
    if let Some(number) = number {
        put_varint(out, field << 3);
        put_varint(out, number as u64);
    }
}

fn put_float(out: &mut Vec<u8>, field: u64, float: Option<f32>) {
    if let Some(float) = float {
        put_varint(out, field << 3 | 5);
        out.extend_from_slice(&float.to_le_bytes());
    }
}

/// Seven bits a byte, the lowest first.
fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use crate::onnx::{encode, parse};
    use std::path::Path;

    #[test]
    fn written_models_are_read_back_unchanged() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        for name in [crate::models::SKIM_V6, crate::models::RECOGNISE_V5] {
            let bytes = std::fs::read(models.join(name)).expect("run models/fetch first");
            let model = parse(&bytes).expect("an ONNX file");
            let again = parse(&encode::model(&model)).expect("an ONNX file");
            assert_eq!(format!("{:?}", again.graph), format!("{:?}", model.graph), "{name}");
            assert_eq!(again.ir_version, model.ir_version);
            let weights = |model: crate::onnx::ModelProto| -> Vec<_> {
                let graph = model.graph.expect("a graph");
                graph.initializer.into_iter().map(|it| (it.raw_data, it.int64_data)).collect()
            };
            assert_eq!(weights(again), weights(model), "{name}");
        }
    }
}
