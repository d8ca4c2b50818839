//! One neural network on rten, with the threads it may use.

use rten::{Model, ModelOptions, RunOptions, ThreadPool, Value, ValueOrView};
use std::sync::Arc;

/// A loaded network. Running it does no I/O.
pub(crate) struct Network {
    model: Model,
    threads: Option<Arc<ThreadPool>>,
}

impl Network {
    /// Loads an ONNX file's bytes; without threads of its own it runs on rten's.
    pub(crate) fn load(
        onnx: Vec<u8>,
        threads: Option<Arc<ThreadPool>>,
    ) -> Result<Self, rten::LoadError> {
        Ok(Self { model: ModelOptions::with_all_ops().load(onnx)?, threads })
    }

    /// A value of the model's metadata.
    pub(crate) fn metadata(&self, key: &str) -> Option<&str> {
        self.model.metadata().get(key)
    }

    /// Runs the network on its one input.
    pub(crate) fn run(&self, input: ValueOrView) -> Result<Value, RunFailure> {
        let options = RunOptions::default().with_thread_pool(self.threads.clone());
        self.model.run_one(input, Some(options)).map_err(RunFailure::new)
    }

    /// Does something on the threads that the network runs on.
    pub(crate) fn on_its_threads<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.threads.as_deref().unwrap_or_else(|| rten::thread_pool()).run(work)
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
