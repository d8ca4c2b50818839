//! The serials that are to be printed: typed, from a file, from standard input, or of a batch.
//!
//! One that cannot be a serial, or that stands there twice, stops everything before a label is
//! printed: two devices with one label are worse than none.

use super::arguments::PrintArgs;
use anyhow::{Context as _, bail, ensure};
use pipeline::formats;
use pipeline::issue::BATCH;
use pipeline::lists::{self, ListOptions};
use pipeline::settings::Settings;
use pipeline::storage::with_store;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use store::Store;
use validate::{canonical, looks_like_serial};

/// Labels of one run.
pub(super) const LABELS_MAX: usize = 100_000;
/// Rows of the estate that are fetched at once.
const ROWS_AT_ONCE: u32 = 1_000;

/// The serials in canonical form, in the order in which they are to be printed.
///
/// # Errors
/// If there are none or too many, or if one is doubled or no serial.
pub(super) fn serials(args: &PrintArgs, settings: &Settings) -> anyhow::Result<Vec<String>> {
    let serials = match (&args.file, &args.batch) {
        (Some(file), _) => of_file(file, settings)?,
        (None, Some(batch)) => {
            let found = with_store(settings, async |store| of_batch(&store, batch).await)?;
            ensure!(
                !found.is_empty(),
                "no expected serial is of the batch \"{batch}\": see `labelscan estate list`"
            );
            found
        }
        (None, None) => typed(&args.serials)?,
    };
    ensure!(!serials.is_empty(), "there is no serial to print");
    let labels = serials.len().saturating_mul(args.copies as usize);
    ensure!(
        labels <= LABELS_MAX,
        "{labels} labels are more than {LABELS_MAX}: print them in several runs"
    );
    Ok(serials)
}

fn typed(serials: &[String]) -> anyhow::Result<Vec<String>> {
    let mut seen = HashMap::new();
    let mut found = Vec::with_capacity(serials.len());
    for (at, printed) in serials.iter().enumerate() {
        let serial = canonical(printed).with_context(|| format!("\"{printed}\" is no serial"))?;
        ensure!(
            looks_like_serial(&serial),
            "\"{printed}\" is no serial: it needs 6 to 32 letters and digits, a digit among them"
        );
        if let Some(earlier) = seen.insert(serial.clone(), at + 1) {
            bail!("serial {} is serial {earlier} again: use --copies for several", at + 1);
        }
        found.push(serial);
    }
    Ok(found)
}

fn of_file(file: &Path, settings: &Settings) -> anyhow::Result<Vec<String>> {
    let name = file.display().to_string();
    let bytes_max = settings.judging.estate_bytes_max.get();
    let bytes = if file == Path::new("-") {
        bounded(io::stdin().lock(), bytes_max)
    } else {
        File::open(file).map_err(anyhow::Error::from).and_then(|file| bounded(file, bytes_max))
    };
    let bytes = bytes.with_context(|| name.clone())?;
    let (formats, _) = formats::load(settings)?;
    let list = lists::read_list(&bytes, &formats, &ListOptions::new(LABELS_MAX))
        .with_context(|| name.clone())?;
    if let Some(line) = list.refused.first.first() {
        let others = match list.refused.count {
            1 => String::new(),
            count => format!(" ({} such lines)", count),
        };
        bail!("{name}, line {}: {}{others}; nothing was printed", line.line, line.why);
    }
    Ok(list.expected.into_iter().map(|one| one.serial).collect())
}

fn bounded(from: impl Read, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() <= bytes_max, "more than {bytes_max} bytes (estate_bytes_max)");
    Ok(bytes)
}

/// The expected serials that were recorded under this name, in the order of the list.
async fn of_batch(store: &Store, batch: &str) -> anyhow::Result<Vec<String>> {
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = store.estate("", after.as_deref(), ROWS_AT_ONCE).await?;
        let ours = page.items.into_iter().map(|awaited| awaited.expected);
        let ours = ours.filter(|one| one.said.get(BATCH).is_some_and(|name| name == batch));
        found.extend(ours.map(|one| one.serial));
        ensure!(found.len() <= LABELS_MAX, "the batch has more than {LABELS_MAX} serials");
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}
