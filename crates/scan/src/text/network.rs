//! A neural network on rten.

use rten::{Model, ModelOptions, RunOptions, ThreadPool, Value, ValueOrView};
use std::sync::Arc;

/// A loaded network. Running it does no I/O.
pub(crate) struct Network(Model);

impl Network {
    /// Loads an ONNX file's bytes.
    pub(crate) fn load(onnx: Vec<u8>) -> Result<Self, rten::LoadError> {
        Ok(Self(ModelOptions::with_all_ops().prepack_weights(true).load(onnx)?))
    }

    /// A value of the model's metadata.
    pub(crate) fn metadata(&self, key: &str) -> Option<&str> {
        self.0.metadata().get(key)
    }

    /// Runs the network on its one input, on the threads of a read.
    pub(crate) fn run(
        &self,
        input: ValueOrView,
        threads: &Arc<ThreadPool>,
    ) -> Result<Value, RunFailure> {
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(threads)));
        self.0.run_one(input, Some(options)).map_err(RunFailure::new)
    }
}

/// A network that did not run. Its input is always of the shape it was made for, so this means a
/// model file of another kind, which the hash check at load excludes.
#[derive(Debug, thiserror::Error)]
#[error("the text reader failed: {0}")]
pub(crate) struct RunFailure(String);

impl RunFailure {
    /// The runtime's error, or an output of another shape than the networks here have.
    pub(crate) fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}
