//! Which serial formats are known: the built-in ones and an operator's own file over them.

use crate::{cli::FormatsArgs, settings::Settings};
use anyhow::Context as _;
use std::{
    fs,
    io::{self, Write},
    process::ExitCode,
};
use validate::{Format, Formats};

/// The formats, and the text of the operator's file for the readers.
///
/// # Errors
/// If the operator's file cannot be read or has an error; names both.
pub fn load(settings: &Settings) -> anyhow::Result<(Formats, Option<String>)> {
    let builtin = Formats::builtin();
    let Some(path) = &settings.formats else { return Ok((builtin, None)) };
    let place = || format!("formats file {}", path.display());
    let text = fs::read_to_string(path).with_context(place)?;
    Ok((builtin.with_operator_file(&text).with_context(place)?, Some(text)))
}

/// `labelscan formats`
pub(crate) fn list(args: &FormatsArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let (formats, _) = load(settings)?;
    let mut out = io::stdout().lock();
    for format in formats.iter() {
        if args.json {
            writeln!(out, "{}", object(format))?;
        } else {
            let sample = format.samples.first().map_or("", String::as_str);
            writeln!(
                out,
                "{:<18} {:<10} {:<20} {}",
                format.name, format.vendor, sample, format.note
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn object(format: &Format) -> serde_json::Value {
    serde_json::json!({
        "name": format.name,
        "vendor": format.vendor,
        "pattern": format.pattern(),
        "samples": format.samples,
        "note": format.note,
    })
}
