//! `labelscan print`: labels for devices, on sheets, as pictures, or for label printers.

pub(crate) mod arguments;
mod output;
mod serials;

use anyhow::{Context as _, ensure};
use arguments::{Content, DEFAULT_SHEET, DEFAULT_SIZE_MM, Kind, PrintArgs};
use indicatif::{ProgressBar, ProgressStyle};
use labels::label::{Design, Label, Resolution};
use labels::legibility::Doubt;
use labels::page::Stock;
use labels::sheets::{SHEETS, Sheet, sheet_named};
use output::Output;
use pipeline::settings::Settings;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// Dots an inch where nothing is said: of label printers, and of any office printer.
const ZPL_DPI: u32 = 203;
const PAPER_DPI: u32 = 300;
/// From so many labels on a bar shows how far it is.
const BAR_LABELS_MIN: usize = 200;
/// Kinds of doubt that are told one by one.
const DOUBTS_TOLD_MAX: usize = 8;

/// Runs `labelscan print`.
///
/// # Errors
/// If a serial, a size or the place is not right; nothing is written then.
pub(crate) fn run(args: &PrintArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let Some(out) = args.out.as_deref().filter(|_| !args.sheets) else {
        return list_sheets();
    };
    let kind = kind(args, out)?;
    let stock = stock(args, kind)?;
    let design = design(args, kind, stock);
    let serials = serials::serials(args, settings)?;
    // A label printer repeats a label by itself.
    let (drawn, repeated) = if kind == Kind::Zpl { (1, args.copies) } else { (args.copies, 1) };
    let labels = serials.len() * drawn as usize;
    let capacity = stock.capacity() as usize;
    let first = args.start - 1;
    let pages = (labels + first as usize).div_ceil(capacity);
    let mut output = Output::new(out, kind, design.resolution, repeated, pages, args.overwrite)?;
    let bar = progress(labels);
    let mut doubts = Doubts::default();
    let mut waiting = Vec::with_capacity(capacity);
    let mut place = first;
    for (at, serial) in serials.iter().enumerate() {
        let (label, doubted) =
            design.compose(serial).with_context(|| format!("serial {}", at + 1))?;
        doubts.add(&doubted);
        for copy in 1..=drawn {
            waiting.push(label.clone());
            let last = at + 1 == serials.len() && copy == drawn;
            if last || waiting.len() + place as usize == capacity {
                bar.inc(waiting.len() as u64);
                let full: Vec<Label> = std::mem::take(&mut waiting);
                output.page(&stock.page(design.resolution, place, full))?;
                place = 0;
            }
        }
    }
    output.finish()?;
    bar.finish_and_clear();
    doubts.tell();
    tell(out, stock, kind, labels * repeated as usize, pages);
    Ok(ExitCode::SUCCESS)
}

fn kind(args: &PrintArgs, out: &Path) -> anyhow::Result<Kind> {
    args.kind.or_else(|| Kind::of(out)).with_context(|| {
        format!("what is {} to be? End its name in .pdf, .png or .zpl, or say --as", out.display())
    })
}

fn stock(args: &PrintArgs, kind: Kind) -> anyhow::Result<Stock> {
    let named = match (&args.sheet, kind, args.size) {
        (Some(name), Kind::Zpl, _) => {
            anyhow::bail!("a label printer prints single labels, not sheet {name}: give --size")
        }
        (Some(name), ..) => Some(name.as_str()),
        (None, Kind::Pdf, None) => Some(DEFAULT_SHEET),
        (None, ..) => None,
    };
    let stock = match named {
        Some(name) => Stock::Sheet(sheet_named(name).with_context(|| {
            format!("no sheet \"{name}\" is known: see `labelscan print --sheets`, or give --size")
        })?),
        None => Stock::Single(args.size.unwrap_or(DEFAULT_SIZE_MM)),
    };
    ensure!(
        args.start <= stock.capacity(),
        "--start {}: a page has {} labels",
        args.start,
        stock.capacity()
    );
    Ok(stock)
}

fn design(args: &PrintArgs, kind: Kind, stock: Stock) -> Design {
    let usual = if kind == Kind::Zpl { ZPL_DPI } else { PAPER_DPI };
    Design {
        code: args.code,
        keyword: args.keyword.clone(),
        title: args.title.clone(),
        named: args.content == Content::Named,
        module_mm: args.module,
        size_mm: stock.label_mm(),
        resolution: Resolution(args.dpi.unwrap_or(usual)),
    }
}

fn progress(labels: usize) -> ProgressBar {
    if labels < BAR_LABELS_MIN {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} labels, {eta} left");
    let bar = ProgressBar::new(labels as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The doubts of a run, each told once with the number of labels that it is about.
#[derive(Default)]
struct Doubts(Vec<(Doubt, usize)>);

impl Doubts {
    fn add(&mut self, found: &[Doubt]) {
        for doubt in found {
            match self.0.iter_mut().find(|(known, _)| known == doubt) {
                Some((_, count)) => *count += 1,
                None => self.0.push((*doubt, 1)),
            }
        }
    }

    fn tell(&self) {
        for (doubt, count) in self.0.iter().take(DOUBTS_TOLD_MAX) {
            eprintln!("labelscan: warning, {count} label(s) may not be read: {doubt}");
        }
        if self.0.len() > DOUBTS_TOLD_MAX {
            eprintln!("labelscan: and {} warnings more", self.0.len() - DOUBTS_TOLD_MAX);
        }
    }
}

/// What was written, on stderr: stdout may be the labels.
fn tell(out: &Path, stock: Stock, kind: Kind, labels: usize, pages: usize) {
    let (width, height) = stock.label_mm();
    let on = match stock {
        Stock::Sheet(sheet) => format!("{pages} page(s) of {}", sheet.names[0]),
        Stock::Single(_) => format!("{width} x {height} mm each"),
    };
    let advice = if kind == Kind::Pdf { "; print at 100 % (\"actual size\")" } else { "" };
    eprintln!("labelscan: {}: {labels} label(s), {on}{advice}", out.display());
}

fn list_sheets() -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    writeln!(out, "{:<26} {:<7} {:>12}   a page", "sheet", "paper", "label, mm")?;
    for sheet in &SHEETS {
        let Sheet { names, columns, rows, label_mm: (width, height), .. } = sheet;
        writeln!(
            out,
            "{:<26} {:<7} {width:>5.1} x{height:>5.1}   {:>3} ({columns} x {rows})",
            names.join(", "),
            sheet.page_name(),
            sheet.capacity(),
        )?;
    }
    Ok(ExitCode::SUCCESS)
}
