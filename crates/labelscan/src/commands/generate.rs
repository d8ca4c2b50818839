//! `labelscan generate`: prints new serials for devices that an operator numbers.

use crate::cli::GenerateArgs;
use indicatif::{ProgressBar, ProgressDrawTarget};
use pipeline::clock::Clock;
use pipeline::formats;
use pipeline::issue::{Order, format_named, issue};
use pipeline::settings::Settings;
use pipeline::storage::with_store;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use store::ISSUED_AT_ONCE_MAX;

/// Who it is in the audit trail.
const BY: &str = "command line";

/// Prints new serials, one a line.
///
/// # Errors
/// If there is no such format or the database cannot be opened.
pub(crate) fn run(args: &GenerateArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let (formats, _) = formats::load(settings)?;
    let order = Order {
        format: format_named(&formats, &args.format, args.check)?,
        count: args.count as usize,
        batch: args.batch.clone(),
        by: BY.into(),
    };
    if args.check {
        let row = order.format.operator_row(&format!("{}-check", args.format), "unknown")?;
        eprintln!(
            "labelscan: so that the check character is verified, add to your formats file:\n{row}"
        );
    }
    with_store(settings, async |store| {
        let bar = ProgressBar::new(order.count as u64);
        if order.count <= ISSUED_AT_ONCE_MAX || io::stdout().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let printed = issue(&store, &order, &Clock::System, |serials| {
            bar.inc(serials.len() as u64);
            let mut out = io::BufWriter::new(io::stdout().lock());
            for serial in serials {
                writeln!(out, "{serial}")?;
            }
            out.flush()
        });
        printed.await??;
        bar.finish_and_clear();
        Ok(ExitCode::SUCCESS)
    })
}
