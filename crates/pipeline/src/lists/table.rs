//! A list as rows of cells, whatever kind of file it was.

use crate::lists::ListError;
use crate::lists::encoding::decode;
use crate::lists::separated::{Records, delimited};
use crate::lists::workbook;
use std::borrow::Cow;

/// What a cell holds besides its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellKind {
    /// What was written, as it was written.
    Text,
    /// A number of a workbook, which has no leading zeros.
    Number,
    /// A number of more digits than a workbook keeps.
    RoundedNumber,
    /// A date or a time of a workbook.
    Date,
    /// An error that stands in the place of a value, such as `#N/A`.
    Fault,
}

/// A cell.
#[derive(Clone, Debug)]
pub(super) struct Cell<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) kind: CellKind,
}

impl<'a> Cell<'a> {
    pub(super) fn text(text: Cow<'a, str>) -> Self {
        Self { text, kind: CellKind::Text }
    }

    /// The text without what surrounds it.
    pub(super) fn trimmed(&self) -> &str {
        self.text.trim()
    }
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    /// The line in the file, or the row of the sheet, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<Cell<'a>>,
    /// A quote in this line is not closed: what its cells are, nobody knows.
    pub(super) is_cut: bool,
}

impl Row<'_> {
    /// The text of a column, empty where the row is too short.
    pub(super) fn at(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", Cell::trimmed)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.trimmed().is_empty())
    }
}

/// A file's rows, to be gone through more than once.
pub(super) enum Table<'a> {
    /// CSV, in what encoding and with what delimiter.
    Separated { text: Cow<'a, str>, encoding: &'static str },
    /// A sheet of a workbook.
    Sheet { name: String, rows: Vec<Row<'static>> },
}

impl<'a> Table<'a> {
    /// The table that a file holds.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, ListError> {
        if bytes.starts_with(b"PK\x03\x04") {
            let (name, rows) = workbook::read(bytes)?;
            return Ok(Self::Sheet { name, rows });
        }
        if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
            return Err(ListError::OldWorkbook);
        }
        if bytes.starts_with(b"%PDF") {
            return Err(ListError::Kind("a PDF"));
        }
        let (text, encoding) = decode(bytes);
        match text.trim_start().as_bytes() {
            [b'<', ..] => Err(ListError::Kind("a page or XML")),
            [b'{', ..] => Err(ListError::Kind("JSON")),
            [b'[', rest @ ..] if matches!(rest.trim_ascii_start(), [b'{' | b'[' | b'"', ..]) => {
                Err(ListError::Kind("JSON"))
            }
            _ => Ok(Self::Separated { text, encoding: encoding.name() }),
        }
    }

    /// What separates the cells, and the rows that are not empty.
    pub(super) fn rows(&self) -> (Option<char>, Rows<'_>) {
        match self {
            Self::Separated { text, .. } => {
                let (delimiter, records) = delimited(text);
                (Some(delimiter), Rows::Separated(records))
            }
            Self::Sheet { rows, .. } => (None, Rows::Sheet(rows.iter())),
        }
    }
}

/// The rows of a [`Table`] that are not empty.
#[derive(Clone)]
pub(super) enum Rows<'a> {
    Separated(Records<'a>),
    Sheet(std::slice::Iter<'a, Row<'static>>),
}

impl<'a> Iterator for Rows<'a> {
    type Item = Cow<'a, Row<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match self {
                Self::Separated(records) => Cow::Owned(records.next()?),
                Self::Sheet(rows) => Cow::Borrowed(rows.next()?),
            };
            if !row.is_empty() {
                return Some(row);
            }
        }
    }
}
