//! A file opened as a list: what kind it is, and its rows as often as they are wanted.

use crate::lists::encoding::decode;
use crate::lists::error::ListError;
use crate::lists::row::Row;
use crate::lists::separated::{Records, delimited};
use crate::lists::workbook;
use std::borrow::Cow;

/// A file's rows, to be gone through more than once.
pub(super) enum Table<'a> {
    /// CSV, in what encoding and with what delimiter.
    Separated { text: Cow<'a, str>, encoding: &'static str },
    /// A sheet of a workbook, and the names of others that hold something.
    Sheet { name: String, rows: Vec<Row<'static>>, others: Vec<String> },
}

impl<'a> Table<'a> {
    /// The table that a file holds.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, ListError> {
        if bytes.starts_with(b"PK\x03\x04") {
            let workbook::Sheet { name, rows, others } = workbook::read(bytes)?;
            return Ok(Self::Sheet { name, rows, others });
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
