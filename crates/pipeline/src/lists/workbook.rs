//! The first sheet of a workbook that holds anything, a cell at a time. What a workbook claims its
//! size to be is not believed: a file of a few kilobytes can unpack to gigabytes, and one cell in the
//! last corner of a sheet makes a table of seventeen milliards.

use crate::lists::error::ListError;
use crate::lists::row::{Cell, CellKind, Row};
use calamine::{DataRef, Reader as _, SheetVisible, Xlsx};
use std::borrow::Cow;
use std::io::{self, Cursor, Read as _};

/// Bytes that all parts of a workbook unpack to.
const UNPACKED_BYTES_MAX: u64 = 256 << 20;
/// Cells that are kept.
const CELLS_MAX: usize = 8_000_000;
/// Columns that are looked at.
const COLUMNS_MAX: u32 = 256;
/// Above it a workbook keeps the first fifteen digits of a number only.
const EXACT_MAX: f64 = 1e15;

/// The first sheet that holds anything.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) rows: Vec<Row<'static>>,
    /// The names of the others that do.
    pub(super) others: Vec<String>,
}

/// The sheet that is read.
pub(super) fn read(bytes: &[u8]) -> Result<Sheet, ListError> {
    unpacked_bytes(bytes)?;
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|_| ListError::DamagedWorkbook)?;
    let visible = workbook.sheets_metadata().iter();
    let visible = visible.filter(|sheet| sheet.visible == SheetVisible::Visible);
    let names: Vec<String> = visible.map(|sheet| sheet.name.clone()).collect();
    let mut sheet = Sheet::default();
    for name in names {
        let rows = rows_of(&mut workbook, &name);
        let is_filled = |rows: &Vec<Row<'_>>| rows.iter().any(|row| !row.is_empty());
        match sheet.rows.is_empty() {
            true => {
                let filled = Some(rows?).filter(is_filled);
                (sheet.name, sheet.rows) = filled.map(|rows| (name, rows)).unwrap_or_default();
            }
            // What cannot be read holds something.
            false if rows.as_ref().map_or(true, is_filled) => sheet.others.push(name),
            false => {}
        }
    }
    Ok(sheet)
}

/// Refuses what unpacks to too much, by unpacking it into nothing.
fn unpacked_bytes(bytes: &[u8]) -> Result<(), ListError> {
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| ListError::DamagedWorkbook)?;
    let mut left = UNPACKED_BYTES_MAX;
    for part in 0..archive.len() {
        let part = archive.by_index(part).map_err(|_| ListError::DamagedWorkbook)?;
        let unpacked = io::copy(&mut part.take(left + 1), &mut io::sink());
        let unpacked = unpacked.map_err(|_| ListError::DamagedWorkbook)?;
        left = left.checked_sub(unpacked).ok_or(ListError::LargeWorkbook)?;
    }
    Ok(())
}

fn rows_of(workbook: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Vec<Row<'static>>, ListError> {
    // A sheet of another kind, such as a chart, has no cells.
    let Ok(mut cells) = workbook.worksheet_cells_reader(name) else { return Ok(Vec::new()) };
    let (mut rows, mut kept) = (Vec::<Row<'static>>::new(), 0);
    while let Some(cell) = cells.next_cell().map_err(|_| ListError::DamagedWorkbook)? {
        let (line, column) = cell.get_position();
        if column >= COLUMNS_MAX {
            continue;
        }
        let Some(value) = cell_of(cell.get_value()) else { continue };
        let line = u64::from(line) + 1;
        if rows.last().is_none_or(|row| row.line != line) {
            rows.push(Row { line, cells: Vec::new(), is_cut: false });
        }
        let Some(row) = rows.last_mut() else { continue };
        let empty = || Cell::text(Cow::Borrowed(""));
        kept += (column as usize + 1).saturating_sub(row.cells.len());
        if kept > CELLS_MAX {
            return Err(ListError::LargeWorkbook);
        }
        if row.cells.len() <= column as usize {
            row.cells.resize_with(column as usize + 1, empty);
        }
        row.cells[column as usize] = value;
    }
    Ok(rows)
}

/// The cell with what a person sees in it, as far as a workbook says.
fn cell_of(value: &DataRef<'_>) -> Option<Cell<'static>> {
    let (text, kind) = match value {
        DataRef::Empty => return None,
        DataRef::String(text) => (text.clone(), CellKind::Text),
        DataRef::SharedString(text) => ((*text).to_owned(), CellKind::Text),
        DataRef::Int(number) => number_of(*number as f64),
        DataRef::Float(number) => number_of(*number),
        DataRef::Bool(is_true) => (is_true.to_string(), CellKind::Fault),
        DataRef::DateTime(date) => (date.as_f64().to_string(), CellKind::Date),
        DataRef::DateTimeIso(date) | DataRef::DurationIso(date) => (date.clone(), CellKind::Date),
        DataRef::Error(error) => (error.to_string(), CellKind::Fault),
    };
    Some(Cell { text: Cow::Owned(text), kind })
}

fn number_of(number: f64) -> (String, CellKind) {
    let kind = if number.abs() < EXACT_MAX { CellKind::Number } else { CellKind::RoundedNumber };
    (number.to_string(), kind)
}
