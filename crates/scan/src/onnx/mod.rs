//! ONNX files (onnx.proto3 of the ONNX project), read by `rten-onnx`: looked at as a graph, and
//! rewritten with another head or tail. Nothing here runs a network or knows what a network is for.

mod encode;
pub(crate) mod graph;
pub(crate) mod rewrite;

pub(crate) use rten_onnx::onnx::ModelProto;

/// Reads an ONNX file.
///
/// # Errors
/// Says where the bytes are not an ONNX file.
pub(crate) fn parse(onnx: &[u8]) -> Result<ModelProto, String> {
    ModelProto::parse_buf(onnx).map_err(|error| format!("not an ONNX file: {error}"))
}
