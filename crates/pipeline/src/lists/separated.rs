//! CSV as it is met: separated by whatever the country's spreadsheet program uses, with any line
//! ends, and with quotes that somebody forgot to close. A reader that follows the quotes alone takes
//! every line after such a quote for part of one cell; here that line is refused and the next one is
//! read.

use crate::lists::header::names_serials;
use crate::lists::row::{Cell, Row};
use std::borrow::Cow;

/// What may separate cells. Of equals the first is taken.
const DELIMITERS: [char; 4] = ['\t', ';', '|', ','];
/// Lines that are looked at to find the delimiter.
const LOOKED_AT_LINES: usize = 100;
/// Lines of one quoted cell: more is a quote that was not closed.
const CELL_LINES_MAX: u64 = 50;

/// What separates the cells, and the text without the `sep=;` that spreadsheet programs begin with.
/// The delimiter is what the text says, else what makes a header understood, else what cuts most
/// lines into equally many cells.
pub(super) fn delimited(text: &str) -> (char, Records<'_>) {
    let first = text.split(['\r', '\n']).next().unwrap_or_default();
    let said = first.trim().trim_matches('"').strip_prefix("sep=");
    if let Some(said) = said.and_then(|said| said.chars().next()) {
        let mut records = Records::new(text, said);
        records.pass_line();
        return (said, records);
    }
    let mut delimiter = (',', (false, 0, 0));
    for candidate in DELIMITERS {
        let widths: Vec<usize> = Records::new(text, candidate)
            .take(LOOKED_AT_LINES)
            .map(|row| row.cells.len())
            .filter(|width| *width > 1)
            .collect();
        let alike = |width: usize| widths.iter().filter(|other| **other == width).count();
        let commonest = widths.iter().map(|width| (alike(*width), *width)).max();
        let Some((alike, width)) = commonest else { continue };
        let mut rows = Records::new(text, candidate).take(LOOKED_AT_LINES);
        let understood = rows.any(|row| row.cells.iter().any(|cell| names_serials(&cell.text)));
        if (understood, alike, width) > delimiter.1 {
            delimiter = (candidate, (understood, alike, width));
        }
    }
    (delimiter.0, Records::new(text, delimiter.0))
}

/// The records of a text, one after the other; empty lines are passed over.
#[derive(Clone)]
pub(super) struct Records<'a> {
    rest: &'a str,
    /// The line that `rest` begins with, from 1.
    line: u64,
    delimiter: char,
}

impl<'a> Records<'a> {
    fn new(text: &'a str, delimiter: char) -> Self {
        Self { rest: text, line: 1, delimiter }
    }

    /// Goes on after the next line end.
    fn pass_line(&mut self) {
        let end = self.rest.find(['\r', '\n']).unwrap_or(self.rest.len());
        self.rest = after_line_end(&self.rest[end..]);
        self.line += 1;
    }

    /// The cells of the record that begins here, and what comes after it.
    fn record(&self) -> Result<(Vec<Cell<'a>>, &'a str), OpenQuote> {
        let (mut cells, mut rest) = (Vec::new(), self.rest);
        loop {
            let (text, after) = self.cell(rest)?;
            cells.push(Cell::text(text));
            match after.strip_prefix(self.delimiter) {
                Some(next) => rest = next,
                None => return Ok((cells, after_line_end(after))),
            }
        }
    }

    /// The cell at the beginning of a text, and the text from its end on.
    fn cell(&self, text: &'a str) -> Result<(Cow<'a, str>, &'a str), OpenQuote> {
        let Some(quoted) = text.strip_prefix('"') else {
            let end = text.find([self.delimiter, '\r', '\n']).unwrap_or(text.len());
            return Ok((Cow::Borrowed(&text[..end]), &text[end..]));
        };
        let (mut at, mut lines) = (0, 0);
        let end = loop {
            let mark = quoted[at..].find(['"', '\n']).ok_or(OpenQuote)? + at;
            at = mark + 1;
            if quoted.as_bytes()[mark] == b'\n' {
                lines += 1;
                if lines > CELL_LINES_MAX {
                    return Err(OpenQuote);
                }
            } else if quoted[at..].starts_with('"') {
                at += 1;
            } else {
                break mark;
            }
        };
        let after = quoted[end + 1..].trim_start_matches(' ');
        if !after.is_empty() && !after.starts_with([self.delimiter, '\r', '\n']) {
            return Err(OpenQuote);
        }
        let inside = &quoted[..end];
        let text = if inside.contains('"') {
            Cow::Owned(inside.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(inside)
        };
        Ok((text, after))
    }
}

/// A quote that is not closed, or not where a cell ends.
struct OpenQuote;

impl<'a> Iterator for Records<'a> {
    type Item = Row<'a>;

    fn next(&mut self) -> Option<Row<'a>> {
        while self.rest.starts_with(['\r', '\n']) {
            self.pass_line();
        }
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        match self.record() {
            Ok((cells, rest)) => {
                let passed = &self.rest[..self.rest.len() - rest.len()];
                self.line += line_ends(passed);
                self.rest = rest;
                Some(Row { line, cells, is_cut: false })
            }
            Err(OpenQuote) => {
                let end = self.rest.find(['\r', '\n']).unwrap_or(self.rest.len());
                let text = &self.rest[..end];
                self.pass_line();
                Some(Row { line, cells: vec![Cell::text(Cow::Borrowed(text))], is_cut: true })
            }
        }
    }
}

/// The text without the line end that it begins with.
fn after_line_end(text: &str) -> &str {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix(['\r', '\n'])).unwrap_or(text)
}

/// Line ends in a text: `\r\n` is one.
fn line_ends(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let is_end = |at: &usize| {
        bytes[*at] == b'\n' || bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n')
    };
    (0..bytes.len()).filter(is_end).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u64, Vec<String>, bool)> {
        let cells = |row: &Row<'_>| row.cells.iter().map(|cell| cell.text.to_string()).collect();
        delimited(text).1.map(|row| (row.line, cells(&row), row.is_cut)).collect()
    }

    #[test]
    fn the_delimiter_is_what_cuts_the_lines_alike() {
        for (text, expected) in [
            ("a;b\n1,7;2,5\n", ';'),
            ("a\tb, c\n1\t2\n", '\t'),
            ("SN|Model\n0821032398|A920\n", '|'),
            ("serial,address\n0821032398,\"Rue 1; 75001 Paris; FR; EU\"\n", ','),
            ("Title, of, a list;\nModel;Serial\nA920;0821032398\n", ';'),
            ("sep=|\na,b|c\n", '|'),
            ("\"sep=;\"\r\na,b;c\r\n", ';'),
            ("0821032398\n0821032399\n", ','),
        ] {
            assert_eq!(delimited(text).0, expected, "{text:?}");
        }
    }

    #[test]
    fn quotes_hold_delimiters_line_ends_and_quotes() {
        let text = "serial,note\r\n0821032398,\"two\nlines\"\r\n\r\n6A000001,\"with \"\"q\"\"\" \n";
        let expected = [
            (1, vec!["serial".to_owned(), "note".to_owned()], false),
            (2, vec!["0821032398".to_owned(), "two\nlines".to_owned()], false),
            (5, vec!["6A000001".to_owned(), "with \"q\"".to_owned()], false),
        ];
        assert_eq!(rows(text), expected);
        assert_eq!(rows("a,15\" screen,b\n")[0].1, ["a", "15\" screen", "b"]);
    }

    #[test]
    fn an_open_quote_costs_its_own_line_only() {
        for text in [
            "sn,note\n1,\"open\n2,b\n3,c\n",
            "sn,note\n1,\"open\n2,\"b\"\n3,c\n",
            "sn,note\r1,\"open\r2,b\r3,c",
        ] {
            let rows = rows(text);
            let told: Vec<(u64, bool)> = rows.iter().map(|row| (row.0, row.2)).collect();
            assert_eq!(told, [(1, false), (2, true), (3, false), (4, false)], "{text:?}");
        }
        let many = format!("sn,note\n1,\"{}\n", "0821032398,x\n".repeat(60));
        assert_eq!(rows(&many).len(), 61, "a cell of many lines is no cell");
    }

    #[test]
    fn every_text_is_read_to_its_end() {
        for text in
            ["\"", "\"\"", "\"\"\"", ",\"", "\r", "\n\n", "\"\n\"\"\n", "a\"b\n", "\u{feff}"]
        {
            assert!(rows(text).len() <= 3, "{text:?}");
        }
    }
}
