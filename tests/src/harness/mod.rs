//! The real program, a real registry on loopback, a real browser, real HTTP between them.
//!
//! Every wait has a deadline and says what it waited for. Only processes that the harness itself
//! started are ever signalled.

mod browser;
mod caller;
mod flaky_proxy;
mod installation;
pub mod invariants;
mod program;
mod registry;

pub use browser::{Browser, BrowserSettings, Camera, Request};
pub use caller::{Answer, Caller};
pub use flaky_proxy::{FlakyProxy, Signal};
pub use installation::{Installation, Server};
pub use program::{Ended, labelscan, labelscan_with, models, program, root};
pub use registry::{Event, FakeRegistry, Reply};

use std::future::Future;
use std::time::Duration;

/// Asks again until `probe` has an answer.
///
/// # Panics
/// If there is none within `deadline`: `what` says what was waited for.
pub async fn eventually<T, F, Fut>(what: &str, deadline: Duration, mut probe: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let asking = async {
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    };
    match tokio::time::timeout(deadline, asking).await {
        Ok(found) => found,
        Err(_) => panic!("waited {deadline:?} in vain: {what}"),
    }
}
