//! Keys and values one after the other, and plain lists.

use crate::identifier::IdentifierKind::{self, Other, Serial};
use crate::payload::field::{
    Extent, FIELDS_MAX, Field, FieldRole, push, push_unnamed, question_serials,
};
use crate::payload::iso15434;
use crate::print::keyword;

/// What separates the members of a list whatever they are.
const SEPARATORS: [char; 9] = [',', ';', '|', '\t', '\r', '\n', '\u{ff0c}', '\u{ff1b}', '\u{ff5c}'];
/// What ends a key.
const ENDS_KEY: [char; 3] = [':', '=', '\u{ff1a}'];
/// Characters of the longest key.
const KEY_CHARS_MAX: usize = 24;
/// Words of the longest key.
const KEY_WORDS_MAX: usize = 4;

/// Several values by `,` `;` `|`, tabs or lines, each perhaps with its key, or under a caption of
/// its own line such as `(S)SN`; or pairs by a separator of their own.
pub(super) fn pairs(payload: &str) -> Option<Vec<Field>> {
    let payload = payload.trim();
    let payload = payload.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or(payload);
    let pieces: Vec<&str> =
        payload.split(SEPARATORS).map(str::trim).filter(|piece| !piece.is_empty()).collect();
    let mut fields = Vec::new();
    let mut reader = List { caption: None, several: false };
    let mut before = None;
    for piece in pieces.iter().take(FIELDS_MAX * 2) {
        let first = fields.len();
        let named = reader.piece(&mut fields, piece);
        // A second value without a key may be the key's as well.
        if let (false, Some(before)) = (named, before)
            && first < fields.len()
        {
            open_serials(&mut fields[before..first]);
        }
        before = named.then_some(first).or(before.filter(|_| fields.len() == first));
    }
    if reader.several {
        question_serials(&mut fields);
    }
    let is_known = fields.iter().any(|field| field.role == FieldRole::Named);
    (pieces.len() > 1 || is_known).then_some(fields)
}

fn open_serials(fields: &mut [Field]) {
    for field in fields.iter_mut().filter(|field| field.kind == Serial) {
        field.extent = Extent::Open;
    }
}

struct List {
    caption: Option<Caption>,
    /// A quantity of more than one was among the pairs.
    several: bool,
}

impl List {
    /// Takes one member; whether it has a key that names it.
    fn piece(&mut self, fields: &mut Vec<Field>, piece: &str) -> bool {
        if let Some(next) = caption_of(piece) {
            self.caption = Some(next);
            return false;
        }
        let caption = self.caption.take();
        let found = own_pairs(piece).unwrap_or_else(|| keyed(piece));
        if found.is_empty() {
            match caption {
                Some(Caption::Identifier) => iso15434::push_identified(fields, piece),
                Some(Caption::Kind(kind)) => push(fields, kind, FieldRole::Named, piece),
                Some(Caption::Mixed) | None => push_unnamed(fields, FieldRole::Listed, piece),
            }
            return matches!(caption, Some(Caption::Kind(_)));
        }
        let is_known = found.iter().any(|pair| pair.kind.is_some());
        for pair in found {
            self.several |= pair.is_quantity_of_several();
            match pair.kind {
                Some(kind) => push(fields, kind, FieldRole::Named, pair.value),
                None if pair.key.is_empty() => push(fields, Other, FieldRole::Unknown, pair.value),
                None => push_unnamed(fields, FieldRole::Listed, pair.value),
            }
        }
        is_known
    }
}

/// A value with its key; without one it is what stands before the first key.
struct Pair<'p> {
    key: &'p str,
    kind: Option<IdentifierKind>,
    value: &'p str,
}

impl Pair<'_> {
    fn is_quantity_of_several(&self) -> bool {
        let key = self.key.trim().to_uppercase();
        let number = self.value.trim().trim_start_matches('0');
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        matches!(key.as_str(), "QTY" | "QUANTITY" | "Q" | "PCS") && is_number && number != "1"
    }
}

/// The pairs of a member that separates them by one other character, each of them a pair:
/// `sn=…&pn=…`, `SN:… MODEL:…`, `SN:…/MAC:…`.
fn own_pairs(piece: &str) -> Option<Vec<Pair<'_>>> {
    let separates = |char: &char| !char.is_alphanumeric() && !ENDS_KEY.contains(char);
    let separators = piece.chars().filter(separates).filter(|&char| char != '-' && char != '.');
    let mut tried = Vec::new();
    for separator in separators {
        if tried.contains(&separator) || tried.len() > 4 {
            continue;
        }
        tried.push(separator);
        let members = piece.split(separator).filter(|member| !member.is_empty());
        let found: Option<Vec<Pair>> = members.map(pair).collect();
        if let Some(found) =
            found.filter(|it| it.len() > 1 && it.iter().any(|it| it.kind.is_some()))
        {
            return Some(found);
        }
    }
    None
}

/// A text that is a key and a value and nothing else.
fn pair(text: &str) -> Option<Pair<'_>> {
    let (key, value) = text.split_once(ENDS_KEY)?;
    let is_key = (1..=KEY_CHARS_MAX).contains(&key.len())
        && key.starts_with(char::is_alphabetic)
        && !value.trim().is_empty();
    is_key.then(|| Pair { key, kind: keyword::keyword_kind(key), value })
}

/// The values behind the known keys of a member, each up to the next known key. What stands before
/// the first is a pair without a key; a key that is not known takes the whole member.
fn keyed(piece: &str) -> Vec<Pair<'_>> {
    let mut found: Vec<Pair> = Vec::new();
    let mut from = 0;
    let mut next_key = 0;
    for (at, end) in piece.match_indices(ENDS_KEY) {
        let Some((start, kind)) = key_before(piece, next_key, at) else { continue };
        let value = &piece[from..start];
        match found.last_mut() {
            Some(last) => last.value = value.trim_end_matches(ends_value),
            None if !value.trim().is_empty() => found.push(Pair { key: "", kind: None, value }),
            None => {}
        }
        from = at + end.len();
        next_key = from;
        found.push(Pair { key: &piece[start..at], kind: Some(kind), value: &piece[from..] });
    }
    if found.is_empty() {
        found.extend(pair(piece).filter(|it| !it.value.contains(ENDS_KEY)));
    }
    found
}

/// Whether a character only separates a value from the key behind it.
fn ends_value(char: char) -> bool {
    !char.is_alphanumeric() && !matches!(char, '-' | '\u{2010}'..='\u{2014}')
}

/// The longest known key that ends at a position.
fn key_before(piece: &str, from: usize, at: usize) -> Option<(usize, IdentifierKind)> {
    let before = &piece[from..at];
    let boundary = |char: char| !char.is_alphanumeric();
    let starts = before.rmatch_indices(boundary).map(|(index, mark)| from + index + mark.len());
    let starts: Vec<usize> = starts.chain([from]).take(KEY_WORDS_MAX).collect();
    starts.into_iter().rev().find_map(|start| {
        let key = piece.get(start..at)?.trim();
        let is_word = key.starts_with(char::is_alphabetic);
        Some((start, keyword::keyword_kind(key).filter(|_| is_word)?))
    })
}

enum Caption {
    /// `(S)SN`: the next value carries the data identifier in parentheses.
    Identifier,
    /// `SN`: the next value is that.
    Kind(IdentifierKind),
    /// `SN.MO`, `(1S)MTM.SN`: the next value is several things in one.
    Mixed,
}

/// A member that is no value but names the next one.
fn caption_of(piece: &str) -> Option<Caption> {
    let (identifier, words) = match piece.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((identifier, words)) => (Some(identifier), words),
        None => (None, piece),
    };
    let mut kinds = words.split('.').filter(|word| !word.is_empty());
    let first = kinds.next()?;
    if words.len() > KEY_CHARS_MAX || words.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let known = keyword::keyword_kind(words).filter(|_| identifier.is_none());
    match (identifier, kinds.next(), keyword::keyword_kind(first)) {
        (Some("S"), None, Some(Serial)) => Some(Caption::Identifier),
        (Some(_), _, _) => Some(Caption::Mixed),
        (None, Some(_), Some(_)) if known.is_none() => Some(Caption::Mixed),
        (None, _, _) => known.map(Caption::Kind),
    }
}
