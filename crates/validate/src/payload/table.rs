//! Tables: a row of keys, then rows of values by the same separator. Columns never shift: an empty
//! cell is a cell, and a row of another length is not read.

use crate::identifier::IdentifierKind::Other;
use crate::payload::field::{Field, FieldRole, push, push_unnamed};
use crate::print::keyword;

const SEPARATORS: [char; 7] = [',', ';', '|', '\t', '\u{ff0c}', '\u{ff1b}', '\u{ff5c}'];

/// The cells below a row of keys, in lines of their own or behind it in the same line.
pub(super) fn table(payload: &str) -> Option<Vec<Field>> {
    let mut rows = payload.split(['\r', '\n']).filter(|row| !row.trim().is_empty());
    let head = rows.next()?;
    let separator = SEPARATORS.into_iter().find(|&separator| head.contains(separator))?;
    let cells: Vec<&str> = head.split(separator).map(str::trim).collect();
    let columns = cells.iter().take_while(|cell| is_key(cell)).count();
    if columns < 2 || !cells[..columns].iter().any(|key| keyword::keyword_kind(key).is_some()) {
        return None;
    }
    let (keys, behind) = cells.split_at(columns);
    let rows: Vec<Vec<&str>> = match behind {
        [] => rows.map(|row| row.split(separator).collect()).collect(),
        _ => {
            behind.chunks(columns).map(<[&str]>::to_vec).chain(rows.map(|row| vec![row])).collect()
        }
    };
    let is_even = rows.iter().all(|row| row.len() == columns);
    let mut fields = Vec::new();
    for row in rows {
        for (index, cell) in row.into_iter().enumerate() {
            match keys.get(index).and_then(|key| keyword::keyword_kind(key)) {
                _ if !is_even => push(&mut fields, Other, FieldRole::Unknown, cell),
                Some(kind) => push(&mut fields, kind, FieldRole::Named, unquoted(cell)),
                None => push_unnamed(&mut fields, FieldRole::Listed, unquoted(cell)),
            }
        }
    }
    Some(fields)
}

/// Whether a cell may be a key: words, no number.
fn is_key(cell: &str) -> bool {
    let is_word = cell.chars().any(char::is_alphabetic) && !cell.contains([':', '=']);
    keyword::keyword_kind(cell).is_some()
        || is_word && !cell.bytes().any(|byte| byte.is_ascii_digit())
}

fn unquoted(cell: &str) -> &str {
    cell.trim().trim_matches('"')
}
