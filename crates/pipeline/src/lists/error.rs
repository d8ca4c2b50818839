//! Why a file is not read as a list.

use thiserror::Error;

/// Why a file is no list at all.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum ListError {
    /// A workbook in the format of former years.
    #[error("this is a workbook of an old kind: save it as XLSX, or as CSV in UTF-8")]
    OldWorkbook,
    /// A ZIP file that is no workbook, or not a whole one.
    #[error("this is no whole workbook: save it as XLSX again, or as CSV in UTF-8")]
    DamagedWorkbook,
    /// A workbook of more cells or bytes than are read.
    #[error("this workbook is too large: save the sheet with the serials as CSV in UTF-8")]
    LargeWorkbook,
    /// A file of another kind.
    #[error("this is {0}, not a list: save it as XLSX, or as CSV in UTF-8")]
    Kind(&'static str),
    /// Nobody said which column holds the serials, and it cannot be told.
    #[error("{0}")]
    Column(ColumnQuestion),
    /// More serials than the settings allow.
    #[error("more than {0} serials")]
    TooMany(usize),
}

/// Why no column was taken for the serials.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ColumnQuestion {
    /// The column whose name says so holds something else.
    #[error("column {0} does not look like serials: {1}")]
    NotSerials(String, String),
    /// More than one may hold them.
    #[error("several columns may hold the serials: {0}")]
    Several(String),
    /// None looks like it.
    #[error("no column is named like serials or looks like them: {0}")]
    None(String),
    /// The one that was asked for is not there.
    #[error("there is no column \"{0}\": {1}")]
    Unknown(String, String),
    /// The name that was asked for is that of several.
    #[error("several columns are named \"{0}\", say the number: {1}")]
    Ambiguous(String, String),
}
