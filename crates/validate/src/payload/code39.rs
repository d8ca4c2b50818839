//! The check character that Code 39 may end in (ISO/IEC 16388 annex A: modulo 43). Nothing in the
//! symbol says whether it has one, so a value whose last character fits may end before it.

use crate::payload::field::{Extent, Field};

const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";

/// Whether the last character is the check character of those before it.
pub(super) fn ends_in_check(text: &str) -> bool {
    let mut before = text.chars();
    let last = before.next_back().and_then(|last| ALPHABET.find(last));
    let sum = before.as_str().chars().map(|char| ALPHABET.find(char)).sum::<Option<usize>>();
    !before.as_str().is_empty() && last.is_some() && last == sum.map(|sum| sum % ALPHABET.len())
}

/// If the payload may end in a check character, the field at its end is there with and without it,
/// and neither is known to end there.
pub(super) fn with_and_without_check(payload: &str, fields: &mut Vec<Field>) {
    let payload = payload.trim_matches('*');
    if !ends_in_check(payload) {
        return;
    }
    let mut without = Vec::new();
    for field in fields.iter_mut().filter(|field| payload.ends_with(&field.value)) {
        field.extent = Extent::Open;
        let mut value = field.value.clone();
        value.pop();
        without.push(Field { value, ..field.clone() });
    }
    without.retain(|field| !field.value.is_empty());
    fields.append(&mut without);
}
