//! How a list is laid out: where its header is and which column holds the serials. A column is
//! chosen by what its name says and by how its values look, and where that leaves a doubt nothing is
//! chosen: the wrong column is a whole list of wrong serials.

use crate::lists::cell::{Refusal, fits_a_maker, serial_of};
use crate::lists::doubt::is_number;
use crate::lists::error::ColumnQuestion;
use crate::lists::header::{Says, says};
use crate::lists::row::{Cell, Row};
use crate::lists::row_filter::RowFilter;
use crate::lists::table::Rows;
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;
use validate::Formats;

/// Rows that are looked at to choose the column.
const SAMPLE_ROWS: usize = 1_000;
/// Rows among which the header is looked for.
const HEADER_ROWS: usize = 20;
/// Values that are shown of a column.
const EXAMPLES: usize = 5;
/// Characters of a value or a name that is shown.
const SHOWN_CHARS_MAX: usize = 64;
/// Digits by which a value is told from a name with a number, such as `SerialNo1`.
const VALUE_DIGITS_MIN: usize = 4;
/// Columns that are shown.
const COLUMNS_MAX: usize = 64;

/// How a list was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Layout {
    /// The encoding of a text; null for a workbook.
    #[schema(example = "UTF-8")]
    pub encoding: Option<String>,
    /// What separates its cells; null for a workbook.
    #[schema(example = ";")]
    pub delimiter: Option<char>,
    /// The sheet of a workbook; null for a text.
    pub sheet: Option<String>,
    /// Other sheets of the workbook that hold something, and are not read.
    pub other_sheets: Vec<String>,
    /// The line with the columns' names; null if there is none.
    pub header_line: Option<u64>,
    /// Lines above it, which belong to no column.
    pub title_lines: usize,
    /// The columns, the first 64.
    pub columns: Vec<Column>,
    /// The number of the column that is taken for the serials; null if that is to be said.
    pub column: Option<usize>,
    /// Why it is to be said.
    pub question: Option<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Column {
    /// Its number, from 1.
    #[schema(example = 2)]
    pub number: usize,
    /// Its name, empty if it has none.
    #[schema(example = "Serial number")]
    pub name: String,
    /// The first five values.
    pub examples: Vec<String>,
}

/// A layout, and what the rows need of it.
pub(super) struct Found {
    pub(super) layout: Layout,
    pub(super) question: Option<ColumnQuestion>,
    /// The index of the column of serials.
    pub(super) column: Option<usize>,
    /// The names of the columns, empty where there is no header.
    pub(super) names: Vec<String>,
    /// The line that the list begins with, below its header.
    pub(super) first_line: u64,
    /// The filters with the columns that they look at.
    pub(super) filters: Vec<(usize, RowFilter)>,
    /// A number of the column begins with a zero.
    pub(super) keeps_zeros: bool,
}

/// What the cells of a column are.
#[derive(Clone, Debug, Default)]
struct Looks {
    filled: usize,
    serials: usize,
    of_known_format: usize,
    damaged: usize,
    keeps_zeros: bool,
    examples: Vec<String>,
}

impl Looks {
    /// Whether serials, whole or damaged, are most of what stands there.
    fn are_serials(&self) -> bool {
        2 * (self.serials + self.damaged) >= self.filled
    }

    /// Whether nothing but the values is needed to say so.
    fn are_known_serials(&self) -> bool {
        let most = |part: usize, of: usize| part > 0 && 5 * part >= 4 * of;
        most(self.serials, self.filled) && 2 * self.of_known_format >= self.serials
    }
}

/// Finds header and column in a list.
pub(super) fn find(
    rows: Rows<'_>,
    formats: &Formats,
    wanted: Option<&str>,
    filters: &[RowFilter],
) -> Result<Found, ColumnQuestion> {
    let beginning: Vec<_> = rows.clone().filter(|row| !row.is_cut).take(HEADER_ROWS).collect();
    let (header, title_lines) = header(&beginning, formats);
    let names: Vec<String> =
        header.map_or_else(Vec::new, |row| row.cells.iter().map(shown).collect());
    let first_line = match header {
        Some(row) => row.line + 1,
        None => beginning.get(title_lines).map_or(0, |row| row.line),
    };
    let filters = filters
        .iter()
        .map(|filter| Ok((named(&names, names.len(), &filter.column)?, filter.clone())))
        .collect::<Result<Vec<_>, ColumnQuestion>>()?;
    let sample = rows
        .filter(|row| row.line >= first_line && !row.is_cut)
        .filter(|row| filters.iter().all(|(at, filter)| filter.takes(row.at(*at))));
    let looks = looks(sample.take(SAMPLE_ROWS), names.len(), formats);
    let chosen = choose(&names, &looks, wanted);
    let columns = looks.iter().take(COLUMNS_MAX).enumerate().map(|(at, looks)| Column {
        number: at + 1,
        name: names.get(at).cloned().unwrap_or_default(),
        examples: looks.examples.clone(),
    });
    let (column, question) = match chosen {
        Ok(column) => (Some(column), None),
        Err(question) => (None, Some(question)),
    };
    Ok(Found {
        layout: Layout {
            header_line: header.map(|row| row.line),
            title_lines,
            columns: columns.collect(),
            column: column.map(|at| at + 1),
            question: question.as_ref().map(ColumnQuestion::to_string),
            ..Layout::default()
        },
        question,
        keeps_zeros: column.is_some_and(|at| looks.get(at).is_some_and(|it| it.keeps_zeros)),
        column,
        first_line,
        names,
        filters,
    })
}

/// The row with the columns' names, and how many rows stand above the list.
fn header<'r>(rows: &'r [Cow<'_, Row<'_>>], formats: &Formats) -> (Option<&'r Row<'r>>, usize) {
    let filled = |row: &Row<'_>| row.cells.iter().filter(|cell| !cell.trimmed().is_empty()).count();
    let is_wide = |row: &Row<'_>| filled(row) > 1 || rows.iter().all(|row| filled(row) <= 1);
    // A serial with its caption, as a scanner writes it, is no column's name.
    let is_value = |cell: &Cell<'_>| {
        serial_of(cell, formats).is_ok_and(|serial| {
            serial.bytes().filter(u8::is_ascii_digit).count() >= VALUE_DIGITS_MIN
        })
    };
    // Nor is a remark below serials, such as "no serial".
    let stands_below = |at: usize, column: usize| {
        rows[..at].iter().any(|above| above.cells.get(column).is_some_and(is_value))
    };
    let mut found: Option<(Says, usize)> = None;
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| is_wide(row)) {
        let cells = row.cells.iter().enumerate();
        let names = cells.filter(|(column, cell)| !is_value(cell) && !stands_below(at, *column));
        let says = names.map(|(_, cell)| says(&cell.text)).max().filter(|says| says.is_serial());
        if says.is_some_and(|says| found.is_none_or(|(before, _)| says > before)) {
            found = says.map(|says| (says, at));
        }
    }
    if let Some((_, at)) = found {
        return (Some(&rows[at]), at);
    }
    let holds_serial = |row: &Row<'_>| {
        let mut cells = row.cells.iter().map(|cell| serial_of(cell, formats));
        cells.any(|cell| matches!(cell, Ok(_) | Err(Refusal::Damaged(_))))
    };
    let widths = || rows.iter().map(|row| filled(row));
    let usual = widths().max_by_key(|width| widths().filter(|other| other == width).count());
    let is_title = |row: &&Cow<'_, Row<'_>>| Some(filled(row)) != usual && !holds_serial(row);
    let titles = rows.iter().take_while(is_title).count();
    let Some(first) = rows.get(titles) else { return (None, 0) };
    let letters = first.cells.iter().any(|cell| cell.text.contains(char::is_alphabetic));
    match letters && !holds_serial(first) {
        true => (Some(first), titles),
        false => (None, titles),
    }
}

fn looks<'a>(
    rows: impl Iterator<Item = Cow<'a, Row<'a>>>,
    columns: usize,
    formats: &Formats,
) -> Vec<Looks> {
    let mut looks = vec![Looks::default(); columns];
    for row in rows {
        if row.cells.len() > looks.len() {
            looks.resize(row.cells.len(), Looks::default());
        }
        for (cell, looks) in row.cells.iter().zip(&mut looks) {
            let read = serial_of(cell, formats);
            if read == Err(Refusal::Empty) {
                continue;
            }
            looks.filled += 1;
            if looks.examples.len() < EXAMPLES {
                looks.examples.push(shown(cell));
            }
            match read {
                Ok(serial) => {
                    looks.serials += 1;
                    looks.of_known_format += usize::from(fits_a_maker(&serial, formats));
                    looks.keeps_zeros |= serial.starts_with('0') && is_number(cell.trimmed());
                }
                Err(Refusal::Damaged(_)) => looks.damaged += 1,
                Err(_) => {}
            }
        }
    }
    looks
}

/// The index of the column of serials.
fn choose(
    names: &[String],
    looks: &[Looks],
    wanted: Option<&str>,
) -> Result<usize, ColumnQuestion> {
    if let Some(wanted) = wanted {
        return named(names, looks.len(), wanted);
    }
    let says_of = |at: usize| names.get(at).map_or(Says::Nothing, |name| says(name));
    let mut refused = None;
    for rank in [Says::SerialAlone, Says::Serial] {
        let said: Vec<usize> = (0..looks.len()).filter(|at| says_of(*at) == rank).collect();
        let fit: Vec<usize> = said.iter().copied().filter(|at| looks[*at].are_serials()).collect();
        match fit[..] {
            [only] => return Ok(only),
            [] => refused = refused.or(said.first().copied()),
            _ => return Err(ColumnQuestion::Several(listed(names, &fit))),
        }
    }
    if let Some(at) = refused {
        let examples = looks[at].examples.join(", ");
        return Err(ColumnQuestion::NotSerials(listed(names, &[at]), examples));
    }
    let all: Vec<usize> = (0..looks.len()).filter(|at| looks[*at].filled > 0).collect();
    if let [only] = all[..] {
        return match looks[only].are_serials() {
            true => Ok(only),
            false => Err(ColumnQuestion::NotSerials(
                listed(names, &all),
                looks[only].examples.join(", "),
            )),
        };
    }
    let is_free = |at: &usize| says_of(*at) == Says::Nothing;
    let known = all.iter().copied().filter(is_free).filter(|at| looks[*at].are_known_serials());
    match known.collect::<Vec<_>>()[..] {
        [only] => Ok(only),
        [] => Err(ColumnQuestion::None(listed(names, &all))),
        ref several => Err(ColumnQuestion::Several(listed(names, several))),
    }
}

/// The index of a column that is asked for by its name, in any case, or by its number.
fn named(names: &[String], columns: usize, wanted: &str) -> Result<usize, ColumnQuestion> {
    let wanted = wanted.trim();
    let is_it = |name: &String| name.to_lowercase() == wanted.to_lowercase();
    let found: Vec<usize> = (0..names.len()).filter(|at| is_it(&names[*at])).collect();
    let number = wanted.parse::<usize>().ok().filter(|number| (1..=columns).contains(number));
    match (&found[..], number) {
        ([only], _) => Ok(*only),
        ([], Some(number)) => Ok(number - 1),
        ([], None) => {
            let all: Vec<usize> = (0..columns).collect();
            Err(ColumnQuestion::Unknown(wanted.to_owned(), listed(names, &all)))
        }
        (several, _) => Err(ColumnQuestion::Ambiguous(wanted.to_owned(), listed(names, several))),
    }
}

/// Columns as a message names them.
fn listed(names: &[String], columns: &[usize]) -> String {
    let name = |at: &usize| match names.get(*at).filter(|name| !name.is_empty()) {
        Some(name) => format!("{} \"{name}\"", at + 1),
        None => (at + 1).to_string(),
    };
    columns.iter().take(COLUMNS_MAX).map(name).collect::<Vec<_>>().join(", ")
}

fn shown(cell: &Cell<'_>) -> String {
    cell.trimmed().chars().filter(|char| !char.is_control()).take(SHOWN_CHARS_MAX).collect()
}
