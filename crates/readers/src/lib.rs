//! Readers: processes of our own program that look at photos, so that a photo can hang, crash or
//! exhaust one of them and nothing else.
//!
//! A thread cannot be killed and barcode decoders do hang on crafted pictures; a process can be
//! killed. A photo goes in over a pipe, evidence comes out; a reader has memory and CPU limits and,
//! once its models are loaded, neither network nor files. Nothing here judges, and no reader
//! outlives the pool that started it.
//!
//! Where to find what:
//! - [`Pool`]: hands requests to readers that are free
//! - `supervisor`, `process`: one reader, watched, killed at its deadline and replaced
//! - [`worker`]: inside a reader; `sandbox` is what it gives up
//! - `protocol`, `frame`: what goes over the pipe

mod frame;
mod pool;
mod process;
mod protocol;
mod request;
mod sandbox;
mod settings;
mod supervisor;
pub mod worker;

pub use pool::{Pool, PoolError};
pub use request::{PhotoBytes, ReadFailure, ReadRequest};
pub use sandbox::{Confinement, confine};
pub use settings::{Counts, PoolSettings};
