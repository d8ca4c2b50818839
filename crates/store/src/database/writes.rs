//! The three writes that come by the hundred, and how one transaction carries out many of them.

use crate::database::claim::Claim;
use crate::database::error::StoreError;
use crate::database::tx::{Tx, WriteContext};
use crate::outbox::settlement::{Outcome, settle_rows};
use crate::scans::finding::{Finding, finish_rows};
use crate::scans::upload::{Prepared, insert_rows};
use jiff::Timestamp;
use std::sync::Arc;

/// A write, with everything that it needs.
pub(crate) enum Write {
    /// Answers true if the upload is new, false if its key is taken.
    Receive(Arc<Prepared>),
    /// Answers true if a delivery was queued.
    Finish(Claim, Box<Finding>),
    /// Answers true.
    Settle(Claim, Outcome),
    /// Nothing that matters, to see whether anything can be written. Answers true.
    Probe,
}

/// Carries writes out in one transaction: the answers, in order. Uploads and settlements need
/// nothing that is written beside them, so they come first and share statements.
pub(crate) async fn apply(
    tx: &mut Tx<'_>,
    writes: &[(&Write, Timestamp)],
) -> Result<Vec<bool>, StoreError> {
    let uploads = writes.iter().filter_map(|(write, now)| match write {
        Write::Receive(prepared) => Some((prepared.as_ref(), *now)),
        Write::Finish(..) | Write::Settle(..) | Write::Probe => None,
    });
    let settlements = writes.iter().filter_map(|(write, now)| match write {
        Write::Settle(claim, outcome) => Some((claim, outcome, *now)),
        Write::Receive(..) | Write::Finish(..) | Write::Probe => None,
    });
    let new = insert_rows(tx, &uploads.collect::<Vec<_>>()).await?;
    settle_rows(tx, &settlements.collect::<Vec<_>>()).await?;
    let mut answers = Vec::with_capacity(writes.len());
    for (write, now) in writes {
        answers.push(match write {
            Write::Receive(prepared) => new.contains(&prepared.upload.id),
            Write::Finish(claim, finding) => {
                tx.act(WriteContext::new("reader", *now));
                finish_rows(tx, claim, finding).await?
            }
            Write::Settle(..) => true,
            Write::Probe => {
                sqlx::query("UPDATE probe SET n = n + 1").execute(&mut *tx.connection).await?;
                true
            }
        });
    }
    Ok(answers)
}
