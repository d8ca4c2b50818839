//! `labelscan formats`: lists, checks, explains and teaches serial formats.

use crate::cli::{FormatsArgs, FormatsCommand, LearnArgs};
use anyhow::{Context as _, ensure};
use pipeline::formats::{load, read, with_file};
use pipeline::settings::Settings;
use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};
use store::{LockedFile, create_file};
use validate::{
    FORMATS_BYTES_MAX, Format, Formats, IdentifierKind, Proposal, Standing, canonical, explain,
    learn,
};

/// `labelscan formats` and what stands below it.
pub(crate) fn run(args: &FormatsArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    match &args.command {
        None => list(&mut out, args.json, &load(settings)?.0)?,
        Some(FormatsCommand::Check { file }) => check(&mut out, file.as_deref(), settings)?,
        Some(FormatsCommand::Explain { values }) => {
            let (formats, _) = load(settings)?;
            for value in values {
                explain_one(&mut out, &formats, value)?;
            }
        }
        Some(FormatsCommand::Learn(args)) => teach(&mut out, args, settings)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(out: &mut impl Write, json: bool, formats: &Formats) -> io::Result<()> {
    for format in formats.iter() {
        if json {
            writeln!(out, "{}", object(format))?;
        } else {
            let sample = format.samples.first().map_or("", String::as_str);
            writeln!(
                out,
                "{:<18} {:<10} {:<11} {:<20} {}",
                format.name,
                format.vendor,
                standing(format),
                sample,
                format.note
            )?;
        }
    }
    Ok(())
}

fn standing(format: &Format) -> &'static str {
    match format.standing {
        Standing::Taught => "taught",
        Standing::Vendor => "vendor",
        Standing::Permissive => "permissive",
    }
}

fn object(format: &Format) -> serde_json::Value {
    serde_json::json!({
        "name": format.name,
        "vendor": format.vendor,
        "standing": standing(format),
        "pattern": format.pattern(),
        "samples": format.samples,
        "note": format.note,
    })
}

/// Which formats a file adds, and whose samples another format would take as well.
fn check(out: &mut impl Write, file: Option<&Path>, settings: &Settings) -> anyhow::Result<()> {
    let builtin = Formats::builtin();
    let Some(path) = file.or(settings.judging.formats.as_deref()) else {
        let count = builtin.iter().count();
        writeln!(out, "{count} built-in formats; no file of your own is named (--formats FILE)")?;
        return Ok(());
    };
    let formats = with_file(path, &read(path)?)?;
    let own = formats.iter().filter(|format| {
        builtin.iter().all(|known| {
            known.name != format.name
                || (known.pattern(), &known.samples) != (format.pattern(), &format.samples)
        })
    });
    let own: Vec<&Format> = own.collect();
    writeln!(out, "{}: {} formats, no error", path.display(), own.len())?;
    for format in own {
        let replaces = builtin.iter().any(|known| known.name == format.name);
        writeln!(
            out,
            "{:<18} {:<10} {:<11} {} samples{}",
            format.name,
            format.vendor,
            standing(format),
            format.samples.len(),
            if replaces { ", replaces the built-in one" } else { "" }
        )?;
        for other in also_fit(&formats, format) {
            writeln!(out, "  its samples also fit \"{other}\"")?;
        }
    }
    Ok(())
}

/// Other formats, permissive ones aside, that a format's samples fit.
fn also_fit<'a>(formats: &'a Formats, format: &Format) -> Vec<&'a str> {
    let values: Vec<String> =
        format.samples.iter().filter_map(|sample| canonical(sample).ok()).collect();
    let others = formats.iter().filter(|other| {
        other.name != format.name
            && other.kind == IdentifierKind::Serial
            && other.standing != Standing::Permissive
            && values.iter().any(|value| other.fits(value))
    });
    others.map(|other| other.name.as_str()).collect()
}

fn explain_one(out: &mut impl Write, formats: &Formats, value: &str) -> io::Result<()> {
    let explained = explain(formats, value);
    writeln!(out, "{value}: {} characters, {}", explained.canonical.len(), explained.canonical)?;
    for (name, doubts) in &explained.fits {
        let doubts: Vec<String> = doubts.iter().map(|doubt| format!("; but {doubt}")).collect();
        writeln!(out, "  fits       {name}{}", doubts.concat())?;
    }
    for form in &explained.may_be {
        writeln!(out, "  may be     {form}")?;
    }
    for (name, why) in &explained.misses {
        writeln!(out, "  fits not   {name}: {why}")?;
    }
    Ok(())
}

fn teach(out: &mut impl Write, args: &LearnArgs, settings: &Settings) -> anyhow::Result<()> {
    let (known, _) = load(settings)?;
    let mut samples = args.samples.clone();
    if let Some(file) = &args.file {
        let text = read(file)?;
        let lines = text.lines().map(str::trim);
        let serials = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        samples.extend(serials.map(str::to_owned));
    }
    let proposal = learn(&known, &args.name, &args.vendor, &samples)?;
    write!(out, "{}", block(&proposal))?;
    let Some(path) = &args.out else { return Ok(()) };
    append(path, &args.name, &proposal)?;
    eprintln!("labelscan: written to {}; use it with --formats", path.display());
    Ok(())
}

/// The proposal as it stands in a formats file: what a person should know of it are comments.
fn block(proposal: &Proposal) -> String {
    let mut block = proposal.toml.clone();
    block.push_str(&format!("# would take    {}\n", proposal.would_accept.join(", ")));
    for (value, why) in &proposal.would_refuse {
        block.push_str(&format!("# would refuse  {value}: {why}\n"));
    }
    for warning in &proposal.warnings {
        block.push_str(&format!("# beware        {warning}\n"));
    }
    block
}

/// Adds the block to a formats file, whole or not at all, and also if others add theirs meanwhile: the
/// new file is checked, then put in the old one's place.
fn append(path: &Path, name: &str, proposal: &Proposal) -> anyhow::Result<()> {
    let place = || format!("cannot write {}", path.display());
    let block = block(proposal);
    with_file(path, &block)?;
    if create_file(path, &block, 0o644).with_context(place)? {
        return Ok(());
    }
    let file = LockedFile::open(path).with_context(place)?;
    let mut text = file.text(FORMATS_BYTES_MAX as u64).with_context(place)?;
    if !text.is_empty() {
        let known = with_file(path, &text)?;
        let own = Formats::builtin();
        let taken = known.iter().any(|format| format.name == name)
            && own.iter().all(|format| format.name != name);
        ensure!(
            !taken,
            "{} has a format \"{name}\" already; choose another --name",
            path.display()
        );
        text.push('\n');
    }
    text.push_str(&block);
    with_file(path, &text)?;
    file.replace(&text).with_context(place)
}
