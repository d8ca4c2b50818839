//! `labelscan estate`: the serials that are expected, from the command line. It works beside a
//! running service, which looks at the list for each photo.

use crate::cli::{EstateCommand, ImportArgs};
use anyhow::{Context as _, ensure};
use pipeline::answer::new_id;
use pipeline::clock::Clock;
use pipeline::formats;
use pipeline::lists::{self, Doubt, Layout, ListError, ListOptions, ReadList};
use pipeline::settings::Settings;
use pipeline::storage::with_store;
use std::io::{self, Write};
use std::process::ExitCode;
use store::{Import, Store, WriteContext};
use validate::{EstateMode, canonical, fold};

/// Who it is in the audit trail.
const BY: &str = "command line";
/// Some lines were not taken.
const SOME_REFUSED: u8 = 1;
/// Serials that are listed at once.
const PAGE_ROWS: u32 = 1_000;

/// Runs `labelscan estate`.
///
/// # Errors
/// If the database cannot be opened or a file is no list.
pub(crate) fn run(command: &EstateCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    with_store(settings, async |store| match command {
        EstateCommand::Import(args) => import(&store, args, settings).await,
        EstateCommand::List { part } => {
            list(&store, &fold(part.as_deref().unwrap_or_default())).await
        }
        EstateCommand::Remove { serials } => {
            let serials = serials.iter().map(|written| {
                canonical(written).with_context(|| format!("\"{written}\" is no serial"))
            });
            let serials = serials.collect::<anyhow::Result<Vec<String>>>()?;
            let removed = store
                .remove_from_estate(&serials, WriteContext::new(BY, Clock::System.now()))
                .await?;
            ensure!(removed > 0, "none of these is on the list: see `labelscan estate list`");
            writeln!(io::stdout(), "{removed} removed, {} expected", store.estate_count().await?)?;
            Ok(ExitCode::SUCCESS)
        }
    })
}

async fn import(store: &Store, args: &ImportArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let (formats, _) = formats::load(settings)?;
    let options = ListOptions {
        column: args.column.clone(),
        filters: args.filters.clone(),
        restore_zeros: args.restore_zeros,
        ..ListOptions::new(settings.judging.estate_serials_max.get())
    };
    let list = lists::read_file(&args.file, &formats, &options).map_err(|error| {
        match error.downcast_ref() {
            Some(ListError::Column(_)) => error.context(
                "nothing was imported: say which column holds the serials, with --column and its \
                 name or number",
            ),
            _ => error,
        }
    })?;
    if args.dry_run {
        tell_layout(&list.layout)?;
    }
    let now = Clock::System.now();
    let done = if args.dry_run {
        store.preview_estate(&list.expected, args.replace).await?
    } else {
        let id = new_id(now).to_string();
        let import = Import { id, replace: args.replace, by: BY.into() };
        store.import_estate(&list.expected, &import, now).await?
    };
    tell_lines(&list, args.restore_zeros)?;
    let mut out = io::stdout().lock();
    let would = if args.dry_run { "would be " } else { "" };
    write!(out, "{} lines read: {} {would}added, {} known", list.read, done.added, done.known)?;
    if args.replace {
        write!(out, ", {} {would}removed", done.removed)?;
    }
    if list.unknown_format.count > 0 {
        write!(out, ", {} of no known format", list.unknown_format.count)?;
    }
    if list.doubtful.count > 0 {
        write!(out, ", {} doubtful", list.doubtful.count)?;
    }
    if list.left_out > 0 {
        write!(out, ", {} left out", list.left_out)?;
    }
    writeln!(out, ", {} refused", list.refused.count)?;
    if settings.judging.estate == EstateMode::Off {
        writeln!(out, "The setting `estate` is \"off\": nobody looks at the list.")?;
    }
    Ok(if list.refused.count > 0 { ExitCode::from(SOME_REFUSED) } else { ExitCode::SUCCESS })
}

/// How the file is read, with the first values of the column of serials, on stderr.
fn tell_layout(layout: &Layout) -> io::Result<()> {
    let mut out = io::stderr().lock();
    let kind = match (&layout.sheet, &layout.encoding) {
        (Some(sheet), _) => format!("sheet \"{sheet}\""),
        (None, encoding) => encoding.clone().unwrap_or_default(),
    };
    let header = layout.header_line.map(|line| format!(", header in line {line}"));
    writeln!(out, "{kind}{}", header.unwrap_or_default())?;
    let taken = layout.columns.iter().find(|column| Some(column.number) == layout.column);
    if let Some(column) = taken {
        writeln!(out, "column {} \"{}\":", column.number, column.name)?;
        for value in &column.examples {
            writeln!(out, "  {value}")?;
        }
    }
    Ok(())
}

/// The lines that somebody should look at, on stderr.
fn tell_lines(list: &ReadList, restored: bool) -> io::Result<()> {
    let mut out = io::stderr().lock();
    if !list.layout.other_sheets.is_empty() {
        let names = list.layout.other_sheets.join("\", \"");
        writeln!(out, "not read: other sheets \"{names}\": save each as a list of its own")?;
    }
    for line in &list.refused.first {
        writeln!(out, "line {}: refused: {}", line.line, line.why)?;
    }
    for line in &list.unknown_format.first {
        writeln!(out, "line {}: {} fits no known format", line.line, line.serial)?;
    }
    for line in &list.doubtful.first {
        let (at, serial) = (line.line, &line.serial);
        let digits = serial.len();
        match (line.doubt, &line.restored) {
            (Doubt::ZeroLost, Some(whole)) if restored => {
                writeln!(out, "line {at}: {serial} is taken as {whole}")?;
            }
            (Doubt::ZeroLost, Some(whole)) => writeln!(
                out,
                "line {at}: {serial}: {digits} digits: did a spreadsheet drop a zero? \
                 --restore-zeros takes {whole}"
            )?,
            _ => writeln!(out, "line {at}: {serial}: a spreadsheet keeps 15 digits: is it whole?")?,
        }
    }
    Ok(())
}

async fn list(store: &Store, part: &str) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let mut after: Option<String> = None;
    loop {
        let page = store.estate(part, after.as_deref(), PAGE_ROWS).await?;
        for awaited in &page.items {
            let said = awaited.expected.said.iter();
            let said: Vec<String> = said.map(|(name, text)| format!("{name}={text}")).collect();
            let added = format!("{:.0}", awaited.added_at);
            writeln!(out, "{:32}  {added:20}  {}", awaited.expected.serial, said.join(" "))?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
    }
}
