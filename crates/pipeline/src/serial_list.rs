//! Lists of expected serials as people have them: CSV from a spreadsheet, or a serial a line.
//!
//! A line that cannot be taken is named with the reason and stops no other. A serial is text here
//! too: one that a spreadsheet made a number of is refused, never guessed at.

use csv::ByteRecord;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use store::Expected;
use thiserror::Error;
use utoipa::ToSchema;
use validate::{Formats, canonical, is_serial_keyword, looks_like_serial};

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

/// A list that was read.
#[derive(Debug, Default)]
pub struct ReadList {
    /// What is expected, each serial once.
    pub expected: Vec<Expected>,
    /// Lines with something in them, the header not counted.
    pub read: usize,
    /// The serials of lines that were refused because an earlier one has the same.
    pub doubled: Vec<String>,
    /// Lines that hold no serial, or an earlier one's.
    pub refused: Named<RefusedLine>,
    /// Serials that no known format fits. They are taken all the same.
    pub unknown_format: Named<UnknownLine>,
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

/// Why a file is no list at all.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum ListError {
    /// A workbook in a spreadsheet program's own format.
    #[error("this is a workbook, not a CSV file: save it as CSV in UTF-8")]
    Workbook,
    /// More serials than the settings allow.
    #[error("more than {0} serials")]
    TooMany(usize),
}

/// Reads a list of at most `serials_max` serials.
pub fn read_list(
    bytes: &[u8],
    formats: &Formats,
    serials_max: usize,
) -> Result<ReadList, ListError> {
    // ZIP, which the newer workbooks are, and OLE, which the older ones are.
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(ListError::Workbook);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut file = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(bytes))
        .from_reader(bytes);
    let (mut list, mut lines) = (ReadList::default(), HashMap::new());
    let mut columns = None;
    let mut record = ByteRecord::new();
    // Reading from memory cannot fail, and lines of any length are allowed.
    while file.read_byte_record(&mut record).unwrap_or(false) {
        let line = record.position().map_or(0, csv::Position::line);
        let cells: Vec<Option<&str>> =
            record.iter().map(|cell| std::str::from_utf8(cell).ok().map(str::trim)).collect();
        if cells.iter().all(|cell| *cell == Some("")) {
            continue;
        }
        let columns = match &columns {
            Some(columns) => columns,
            None => {
                let (found, is_header) = Columns::of(&cells);
                let found = columns.insert(found);
                if is_header {
                    continue;
                }
                found
            }
        };
        list.read += 1;
        match columns.expected(&cells) {
            Err(why) => list.refused.push(RefusedLine { line, why: why.into_owned() }),
            Ok(expected) => {
                if let Some(earlier) = lines.get(&expected.serial) {
                    let why = format!("the serial of line {earlier} again");
                    list.refused.push(RefusedLine { line, why });
                    list.doubled.push(expected.serial);
                    continue;
                }
                if list.expected.len() == serials_max {
                    return Err(ListError::TooMany(serials_max));
                }
                if formats.matching(&expected.serial).next().is_none() {
                    let serial = expected.serial.clone();
                    list.unknown_format.push(UnknownLine { line, serial });
                }
                lines.insert(expected.serial.clone(), line);
                list.expected.push(expected);
            }
        }
    }
    Ok(list)
}

/// Reads a list from a file, for the command line.
///
/// # Errors
/// If it cannot be read, is no list, or holds no serial; the message names the file.
pub fn read_file(path: &Path, formats: &Formats, serials_max: usize) -> anyhow::Result<ReadList> {
    use anyhow::Context as _;
    let place = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(place)?;
    let list = read_list(&bytes, formats, serials_max).with_context(place)?;
    anyhow::ensure!(
        !list.expected.is_empty() || list.read == 0,
        "{}: no line holds a serial; the first one: {}",
        place(),
        list.refused.first.first().map_or("", |line| &line.why)
    );
    Ok(list)
}

/// What separates the cells: whatever the first line has most of.
fn delimiter(bytes: &[u8]) -> u8 {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| first.iter().filter(|byte| **byte == wanted).count();
    // Of equals the last, so a file without any is read by commas.
    [b'\t', b';', b','].into_iter().max_by_key(|byte| count(*byte)).unwrap_or(b',')
}

/// Which column is what.
struct Columns {
    serial: usize,
    /// The others that are kept, with their names.
    said: Vec<(usize, String)>,
}

impl Columns {
    /// The columns by the first line, and whether that is a header: it is one if a cell says so, or
    /// if its first cell cannot be a serial.
    fn of(first: &[Option<&str>]) -> (Self, bool) {
        let cells = || first.iter().map(|cell| cell.unwrap_or_default());
        let named = cells().position(|cell| is_serial_keyword(&cell.replace('_', " ")));
        let first_is_word =
            !cells().next().is_some_and(|cell| cell.contains(|c: char| c.is_numeric()));
        if named.is_none() && !first_is_word {
            return (Self { serial: 0, said: Vec::new() }, false);
        }
        let serial = named.unwrap_or(0);
        let others = cells().enumerate().filter(|(at, _)| *at != serial);
        let named = others.filter_map(|(at, cell)| Some((at, column_name(cell)?)));
        (Self { serial, said: named.take(COLUMNS_MAX).collect() }, true)
    }

    fn expected(&self, cells: &[Option<&str>]) -> Result<Expected, Cow<'static, str>> {
        let cell = cells.get(self.serial).copied().unwrap_or(Some(""));
        let cell = cell.ok_or("not in UTF-8: save the list as CSV in UTF-8")?;
        if cell.is_empty() {
            return Err("no serial in this line".into());
        }
        if is_scientific(cell) {
            return Err("a spreadsheet made a rounded number of this serial: \
                        give the column the type text and enter the serials again"
                .into());
        }
        let serial = canonical(cell).map_err(|why| format!("not a serial: {why}"))?;
        if !looks_like_serial(&serial) {
            let why = "not a serial: it needs 6 to 32 letters and digits, a digit among them";
            return Err(why.into());
        }
        let text = |at: usize| {
            let text = cells.get(at).copied().flatten().filter(|text| !text.is_empty())?;
            let simple = |char: &char| !char.is_control();
            Some(text.chars().filter(simple).take(CELL_CHARS_MAX).collect::<String>())
        };
        let said = self.said.iter().filter_map(|(at, name)| Some((name.clone(), text(*at)?)));
        Ok(Expected { serial, said: said.collect::<BTreeMap<_, _>>() })
    }
}

/// A column's name as an answer may show it; none for a nameless or a very long one.
fn column_name(cell: &str) -> Option<String> {
    let words = cell.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.map(str::to_lowercase).collect::<Vec<_>>().join("_");
    let fits = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX;
    (fits && !NAMES_TAKEN.contains(&name.as_str())).then_some(name)
}

/// `8.21032E+09`: what spreadsheet programs make of a long number.
fn is_scientific(cell: &str) -> bool {
    cell.split_once(['E', 'e']).is_some_and(|(mantissa, exponent)| {
        mantissa.contains(['.', ','])
            && exponent.starts_with('+')
            && mantissa.parse::<f64>().is_ok()
            || exponent.starts_with('+') && mantissa.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> ReadList {
        read_list(text.as_bytes(), &Formats::builtin(), 10).unwrap()
    }

    fn serials(list: &ReadList) -> Vec<&str> {
        list.expected.iter().map(|expected| expected.serial.as_str()).collect()
    }

    #[test]
    fn the_column_of_serials_is_found_in_any_language_and_order() {
        for text in [
            "serial\n0821032398\n6A000001\n",
            "0821032398\r\n6A000001\r\n",
            "\u{feff}Model;S/N\nA920;0821032398\nA80;6A000001",
            "site\tserial_number\nPier 3\t082 1032398\n\t6A-000001",
            "型号,终端序列号\nA920,0821032398\n,6a000001\n",
            "SN,model\n\"0821032398\",\"A920, black\"\n=\"6A000001\",\n",
            "\n\ndevice\n'0821032398\n6A000001",
        ] {
            let list = list(text);
            assert_eq!(serials(&list), ["0821032398", "6A000001"], "{text:?}");
            assert_eq!((list.read, list.refused.count), (2, 0), "{text:?} {:?}", list.refused);
        }
    }

    #[test]
    fn what_else_is_said_is_kept_if_it_is_simple() {
        let list = list("S/N,Model,Site Name,added_at,\n0821032398,A920,Pier\t3,x,y\n6A000001,,,,");
        let said: Vec<_> = list.expected[0].said.iter().collect();
        assert_eq!(
            said,
            [
                (&"model".to_owned(), &"A920".to_owned()),
                (&"site_name".to_owned(), &"Pier3".to_owned())
            ]
        );
        assert!(list.expected[1].said.is_empty());
    }

    #[test]
    fn a_line_that_holds_no_serial_is_named_and_stops_no_other() {
        let mut text =
            "serial,model\n,A920\n8.21032E+09,\nABCDEFGH,\n1234,\n0821032398,\n".to_owned();
        text += "0821-032-398,\n999999999999999999999999999999999,\nXXXXXX7,\n";
        let mut bytes = text.into_bytes();
        bytes.extend(b"\xb2\xe2\xca\xd4123456,\n");
        let list = read_list(&bytes, &Formats::builtin(), 10).unwrap();
        assert_eq!(serials(&list), ["0821032398", "XXXXXX7"]);
        let lines: Vec<u64> = list.refused.first.iter().map(|line| line.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 7, 8, 10]);
        assert_eq!(list.refused.first[4].why, "the serial of line 6 again");
        assert_eq!(list.unknown_format.first, [UnknownLine { line: 9, serial: "XXXXXX7".into() }]);
        assert_eq!(list.read, 9);
    }

    #[test]
    fn a_workbook_and_too_many_serials_are_refused_as_such() {
        let read = |bytes: &[u8]| read_list(bytes, &Formats::builtin(), 2).unwrap_err();
        assert_eq!(read(b"PK\x03\x04rest"), ListError::Workbook);
        assert_eq!(read(b"6A000001\n6A000002\n6A000003\n"), ListError::TooMany(2));
        assert!(is_scientific("8E+9") && !is_scientific("8E9") && !is_scientific("08E210323"));
    }
}
