//! Rows of cells, whatever kind of file they stood in.

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
