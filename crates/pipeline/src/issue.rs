//! New serials for devices that an operator numbers: drawn by `validate`, made unique and remembered
//! as expected by `store`.

use crate::answer::new_id;
use crate::clock::Clock;
use anyhow::Context as _;
use rand::TryRng as _;
use rand::rngs::SysRng;
use std::collections::BTreeMap;
use std::io;
use store::{Expected, ISSUED_AT_ONCE_MAX, Import, Store, StoreError};
use thiserror::Error;
use validate::{CheckCharacter, Format, Formats, GenerateError};

/// The format of serials when none is named: sixteen letters and digits.
pub const DEFAULT_FORMAT: &str = "generic-16";
/// The name under which a serial's batch stands in the list of expected serials.
pub const BATCH: &str = "batch";
/// Serials that are wanted.
pub struct Order {
    /// What they look like.
    pub format: Format,
    /// How many.
    pub count: usize,
    /// What they are remembered by in the list of expected serials.
    pub batch: Option<String>,
    /// Who orders them, for the audit trail.
    pub by: String,
}

/// Why there are none, or fewer than were wanted.
#[derive(Debug, Error)]
pub enum IssueError {
    /// The format has no room, or its serials cannot be drawn.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// They cannot be remembered.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine has no randomness to give.
    #[error("no random numbers from the system: {0}")]
    Random(String),
}

/// The format of this name, with a check character if that is wanted.
///
/// # Errors
/// Names the formats that there are.
pub fn format_named(formats: &Formats, name: &str, check: bool) -> anyhow::Result<Format> {
    let found = formats.iter().find(|format| format.name == name).cloned();
    let format = found.with_context(|| {
        let names: Vec<&str> = formats.iter().map(|format| format.name.as_str()).collect();
        format!("there is no format \"{name}\"; there are {}", names.join(", "))
    })?;
    Ok(if check { format.with_check(CheckCharacter::Mod37Of36) } else { format })
}

/// Draws and remembers serials until there are as many as were ordered. `issued` hears of each part
/// as it becomes durable.
///
/// # Errors
/// What was issued before stays issued.
pub async fn issue(
    store: &Store,
    order: &Order,
    clock: &Clock,
    mut issued: impl FnMut(Vec<String>) -> io::Result<()>,
) -> Result<io::Result<()>, IssueError> {
    let import =
        Import { id: new_id(clock.now()).to_string(), replace: false, by: order.by.clone() };
    let said: BTreeMap<String, String> =
        order.batch.iter().map(|batch| (BATCH.to_owned(), batch.clone())).collect();
    let mut left = order.count;
    while left > 0 {
        let drawn = draw(&order.format, left.min(ISSUED_AT_ONCE_MAX))?;
        let wanted: Vec<Expected> = drawn
            .iter()
            .map(|serial| Expected { serial: serial.clone(), said: said.clone() })
            .collect();
        let ours = store.issue_serials(&wanted, &import, clock.now()).await?;
        left -= ours.len();
        if let Err(error) = issued(ours.into_iter().collect()) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

fn draw(format: &Format, count: usize) -> Result<Vec<String>, IssueError> {
    let mut failed = None;
    let mut random = |bytes: &mut [u8]| {
        if let Err(error) = SysRng.try_fill_bytes(bytes) {
            failed = Some(error.to_string());
        }
    };
    let drawn = validate::generate(format, count, |_| false, &mut random);
    match failed {
        Some(why) => Err(IssueError::Random(why)),
        None => Ok(drawn?),
    }
}
