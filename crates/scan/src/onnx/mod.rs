//! ONNX files (onnx.proto3 of the ONNX project): taken apart into nodes and constants, and rewritten
//! with another head or tail. Nothing here runs a network or knows what a network is for.

pub(crate) mod graph;
pub(crate) mod rewrite;
pub(crate) mod wire;
