//! Lists of expected serials as people have them: CSV from a spreadsheet, a workbook, or a serial a
//! line.
//!
//! A line that cannot be taken is named with the reason and stops no other. A serial is text here
//! too: one that a spreadsheet made a number, a date or a formula of is refused, never guessed at.
//!
//! - `encoding`, `separated`, `workbook`, `row`, `table`: a file's bytes to rows of cells
//! - `header`, `layout`: which line names the columns, and which column holds the serials
//! - `cell`, `doubt`: what a cell holds, and what a spreadsheet may have done to it
//! - `row_filter`: which rows are meant
//! - `error`: why a file is not read

mod cell;
mod doubt;
mod encoding;
mod error;
mod header;
mod layout;
mod row;
mod row_filter;
mod separated;
mod table;
#[cfg(test)]
mod tests;
mod workbook;

pub use doubt::Doubt;
pub use error::{ColumnQuestion, ListError};
pub use layout::{Column, Layout};
pub use row_filter::RowFilter;

use cell::serial_of;
use doubt::doubt;
use layout::Found;
use row::{Cell, CellKind, Row};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use store::Expected;
use table::Table;
use utoipa::ToSchema;
use validate::Formats;

/// Lines that are named one by one; the others are counted.
pub const LINES_NAMED_MAX: usize = 100;
/// Columns that are kept beside the serial.
const COLUMNS_MAX: usize = 8;
/// Characters of a column's name.
const NAME_CHARS_MAX: usize = 32;
/// Characters of what such a column holds.
const CELL_CHARS_MAX: usize = 200;
/// Names that an answer has for itself.
const NAMES_TAKEN: [&str; 2] = ["serial", "added_at"];

/// How a list is to be read.
#[derive(Clone, Debug)]
pub struct ListOptions {
    /// More serials are refused.
    pub serials_max: usize,
    /// The name or the number of the column of serials; found if none is given.
    pub column: Option<String>,
    /// Only rows that all of these take.
    pub filters: Vec<RowFilter>,
    /// Whether serials get back the zeros that a spreadsheet may have dropped.
    pub restore_zeros: bool,
}

impl ListOptions {
    /// The column is found, every row is read, nothing is restored.
    pub fn new(serials_max: usize) -> Self {
        Self { serials_max, column: None, filters: Vec::new(), restore_zeros: false }
    }
}

/// A list that was read.
#[derive(Debug, Default)]
pub struct ReadList {
    /// How it was read.
    pub layout: Layout,
    /// What is expected, each serial once.
    pub expected: Vec<Expected>,
    /// Lines with something in them, the header not counted.
    pub read: usize,
    /// Lines that were left out because a filter does not take them.
    pub left_out: usize,
    /// The serials of lines that were refused because an earlier one has the same.
    pub doubled: Vec<String>,
    /// Lines that hold no serial, or an earlier one's.
    pub refused: Named<RefusedLine>,
    /// Serials that no known format fits. They are taken all the same.
    pub unknown_format: Named<UnknownLine>,
    /// Serials that a spreadsheet may have shortened. They are taken, with their zeros if that was
    /// asked for.
    pub doubtful: Named<DoubtfulLine>,
}

/// Lines of one kind: how many, and the first of them.
#[derive(Debug)]
pub struct Named<T> {
    /// How many there are.
    pub count: usize,
    /// The first of them, [`LINES_NAMED_MAX`] at most.
    pub first: Vec<T>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<T> Named<T> {
    fn push(&mut self, line: T) {
        self.count += 1;
        if self.first.len() < LINES_NAMED_MAX {
            self.first.push(line);
        }
    }
}

/// A line that holds no serial.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusedLine {
    /// Its number in the file, from 1.
    pub line: u64,
    /// Why.
    #[schema(example = "no serial in this line")]
    pub why: String,
}

/// A serial that no known format fits.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnknownLine {
    /// Its number in the file, from 1.
    pub line: u64,
    /// The serial in canonical form.
    pub serial: String,
}

/// A serial that a spreadsheet may have shortened.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DoubtfulLine {
    /// Its number in the file, from 1.
    pub line: u64,
    /// The serial as it stands there, in canonical form.
    #[schema(example = "821032398")]
    pub serial: String,
    /// What may have become of it.
    pub doubt: Doubt,
    /// The serial with the zeros that may have been dropped.
    #[schema(example = "0821032398")]
    pub restored: Option<String>,
}

/// Says how a list would be read, and reads nothing of it.
///
/// # Errors
/// If the file is no list, or a filter names no column.
pub fn look_at_list(
    bytes: &[u8],
    formats: &Formats,
    options: &ListOptions,
) -> Result<Layout, ListError> {
    Ok(find_layout(&Table::open(bytes)?, formats, options)?.layout)
}

/// Reads a list.
///
/// # Errors
/// If the file is no list, its column of serials cannot be told, or it holds too many.
pub fn read_list(
    bytes: &[u8],
    formats: &Formats,
    options: &ListOptions,
) -> Result<ReadList, ListError> {
    let table = Table::open(bytes)?;
    let found = find_layout(&table, formats, options)?;
    let Some(serial_column) = found.column else {
        let question = found.question.unwrap_or(ColumnQuestion::None(String::new()));
        return Err(ListError::Column(question));
    };
    let mut reading = Reading {
        list: ReadList { layout: found.layout.clone(), ..ReadList::default() },
        lines: HashMap::new(),
        said: said_columns(&found.names, serial_column),
        serial_column,
        found: &found,
        formats,
        options,
    };
    for row in table.rows().1 {
        match row.line >= found.first_line {
            true => reading.take(&row)?,
            false => reading.pass_by(&row),
        }
    }
    Ok(reading.list)
}

/// Reads a list from a file, for the command line.
///
/// # Errors
/// If it cannot be read, is no list, or holds no serial; the message names the file.
pub fn read_file(
    path: &Path,
    formats: &Formats,
    options: &ListOptions,
) -> anyhow::Result<ReadList> {
    use anyhow::Context as _;
    let place = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(place)?;
    let list = read_list(&bytes, formats, options).with_context(place)?;
    anyhow::ensure!(
        !list.expected.is_empty() || list.read == 0,
        "{}: no line holds a serial; the first one: {}",
        place(),
        list.refused.first.first().map_or("", |line| &line.why)
    );
    Ok(list)
}

fn find_layout(
    table: &Table<'_>,
    formats: &Formats,
    options: &ListOptions,
) -> Result<Found, ListError> {
    let (delimiter, rows) = table.rows();
    let wanted = options.column.as_deref();
    let mut found =
        layout::find(rows, formats, wanted, &options.filters).map_err(ListError::Column)?;
    found.layout.delimiter = delimiter;
    match table {
        Table::Separated { encoding, .. } => found.layout.encoding = Some((*encoding).to_owned()),
        Table::Sheet { name, others, .. } => {
            found.layout.sheet = Some(name.clone());
            found.layout.other_sheets.clone_from(others);
        }
    }
    Ok(found)
}

/// A list that is being read.
struct Reading<'a> {
    list: ReadList,
    /// The line of each serial.
    lines: HashMap<String, u64>,
    serial_column: usize,
    /// The other columns that are kept, with their names.
    said: Vec<(usize, String)>,
    found: &'a Found,
    formats: &'a Formats,
    options: &'a ListOptions,
}

impl Reading<'_> {
    fn take(&mut self, row: &Row<'_>) -> Result<(), ListError> {
        let filters = &self.found.filters;
        if !row.is_cut && !filters.iter().all(|(at, filter)| filter.takes(row.at(*at))) {
            self.list.left_out += 1;
            return Ok(());
        }
        self.list.read += 1;
        match self.serial(row) {
            Err(why) => self.list.refused.push(RefusedLine { line: row.line, why }),
            Ok(serial) => {
                if let Some(earlier) = self.lines.get(&serial) {
                    let why = format!("the serial of line {earlier} again");
                    self.list.refused.push(RefusedLine { line: row.line, why });
                    self.list.doubled.push(serial);
                    return Ok(());
                }
                if self.list.expected.len() == self.options.serials_max {
                    return Err(ListError::TooMany(self.options.serials_max));
                }
                if self.formats.matching(&serial).next().is_none() {
                    let unknown = UnknownLine { line: row.line, serial: serial.clone() };
                    self.list.unknown_format.push(unknown);
                }
                self.lines.insert(serial.clone(), row.line);
                self.list.expected.push(Expected { serial, said: self.said_by(row) });
            }
        }
        Ok(())
    }

    /// A row above the list. That a serial stands there is told.
    fn pass_by(&mut self, row: &Row<'_>) {
        const ABOVE: &str = "a serial above the columns' names: it belongs to no column";
        let is_header = self.list.layout.header_line == Some(row.line);
        if !is_header && row.cells.iter().any(|cell| serial_of(cell, self.formats).is_ok()) {
            self.list.read += 1;
            self.list.refused.push(RefusedLine { line: row.line, why: ABOVE.to_owned() });
        }
    }

    /// The serial of a row, in the form in which it is taken.
    fn serial(&mut self, row: &Row<'_>) -> Result<String, String> {
        const OPEN_QUOTE: &str = "a quote in this line is not closed where its cell ends";
        if row.is_cut {
            return Err(OPEN_QUOTE.to_owned());
        }
        let swallowed = self.swallowed_lines(row);
        if swallowed > 0 {
            return Err(format!(
                "{OPEN_QUOTE}: serials of {swallowed} lines behind it are lost too"
            ));
        }
        let empty = Cell::text("".into());
        let cell = row.cells.get(self.serial_column).unwrap_or(&empty);
        let serial = serial_of(cell, self.formats).map_err(cell::Refusal::why)?;
        // A number of a workbook never has a zero in front, whatever texts stand beside it.
        let keeps_zeros = self.found.keeps_zeros && cell.kind == CellKind::Text;
        let doubt = doubt(cell.trimmed(), &serial, self.formats, keeps_zeros);
        let Some((doubt, restored)) = doubt else { return Ok(serial) };
        let taken = restored.as_ref().filter(|_| self.options.restore_zeros).cloned();
        let line = DoubtfulLine { line: row.line, serial: serial.clone(), doubt, restored };
        self.list.doubtful.push(line);
        Ok(taken.unwrap_or(serial))
    }

    /// The lines of the list that a quoted cell holds, because its quote was closed by that of another.
    fn swallowed_lines(&self, row: &Row<'_>) -> usize {
        let delimiter = self.found.layout.delimiter.unwrap_or(',');
        let holds_serial = |line: &str| {
            let cell = line.split(delimiter).nth(self.serial_column).unwrap_or_default();
            serial_of(&Cell::text(cell.trim_matches('"').into()), self.formats).is_ok()
        };
        let lines = |cell: &Cell<'_>| {
            cell.text.split(['\n', '\r']).skip(1).filter(|line| holds_serial(line)).count()
        };
        row.cells.iter().map(lines).sum()
    }

    /// What a row says beside its serial.
    fn said_by(&self, row: &Row<'_>) -> BTreeMap<String, String> {
        let text = |at: usize| {
            let simple = row.at(at).chars().filter(|char| !char.is_control());
            Some(simple.take(CELL_CHARS_MAX).collect::<String>()).filter(|text| !text.is_empty())
        };
        self.said.iter().filter_map(|(at, name)| Some((name.clone(), text(*at)?))).collect()
    }
}

/// The columns that are kept beside that of the serials, with their names.
fn said_columns(names: &[String], serial_column: usize) -> Vec<(usize, String)> {
    let others = names.iter().enumerate().filter(|(at, _)| *at != serial_column);
    let named = others.filter_map(|(at, name)| Some((at, column_name(name)?)));
    named.take(COLUMNS_MAX).collect()
}

/// A column's name as an answer may show it; none for a nameless or a very long one.
fn column_name(cell: &str) -> Option<String> {
    let words = cell.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.map(str::to_lowercase).collect::<Vec<_>>().join("_");
    let fits = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX;
    (fits && !NAMES_TAKEN.contains(&name.as_str())).then_some(name)
}
