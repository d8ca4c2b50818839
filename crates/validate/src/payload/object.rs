//! Objects: JSON, and what is written like it with single quotes or with none, `{SN:…,DT:…}`.
//!
//! Numbers are kept as they are written: a serial is no quantity, and floating point would round it.

use crate::identifier::IdentifierKind::Other;
use crate::payload::field::{FIELDS_MAX, Field, FieldRole, push, push_unnamed};
use crate::print::keyword;

/// Objects within objects; deeper ones are no label's.
const DEPTH_MAX: usize = 16;
/// Parts of a device that have serials of their own.
const PARTS: &[&str] =
    &["BATTER", "CHARGER", "ADAPTER", "ADAPTOR", "PRINTER", "SIM", "BASE", "DOCK"];

/// Every text and number of an object or an array, named by its key.
pub(super) fn object(payload: &str) -> Option<Vec<Field>> {
    let payload = payload.trim();
    if !payload.starts_with(['{', '[']) {
        return None;
    }
    let mut reader = Reader { rest: payload, fields: Vec::new() };
    reader.value(&Path { key: "", of_part: false }, 0)?;
    reader.rest.trim().is_empty().then_some(reader.fields)
}

/// Under which key a value stands.
struct Path<'k> {
    key: &'k str,
    /// Within an object that describes a part of the device.
    of_part: bool,
}

struct Reader<'p> {
    rest: &'p str,
    fields: Vec<Field>,
}

impl<'p> Reader<'p> {
    fn value(&mut self, path: &Path, depth: usize) -> Option<()> {
        match self.peek()? {
            _ if depth > DEPTH_MAX || self.fields.len() > FIELDS_MAX => None,
            '{' => self.members('}', path, depth),
            '[' => self.members(']', path, depth),
            quote @ ('"' | '\'') => {
                let text = self.quoted(quote)?;
                self.keep(path, &text);
                Some(())
            }
            _ => {
                let token = self.token();
                match is_text(token) {
                    true => self.keep(path, token),
                    // `1E19` and `1.5` are quantities.
                    false => push(&mut self.fields, Other, FieldRole::Unknown, token),
                }
                Some(())
            }
        }
    }

    /// The members up to a closing bracket; those of an object have keys.
    fn members(&mut self, end: char, path: &Path, depth: usize) -> Option<()> {
        self.rest = &self.rest[1..];
        loop {
            if self.peek()? == end {
                self.rest = &self.rest[1..];
                return Some(());
            }
            if end == '}' {
                let key = match self.peek()? {
                    quote @ ('"' | '\'') => self.quoted(quote)?,
                    _ => self.until(&[':', '{', '}', ',']).trim().to_owned(),
                };
                self.expect(':')?;
                let within = names_part(path.key) || path.of_part;
                self.value(&Path { key: &key, of_part: within }, depth + 1)?;
            } else {
                self.value(path, depth + 1)?;
            }
            if self.peek()? != end {
                self.expect(',')?;
            }
        }
    }

    fn keep(&mut self, path: &Path, text: &str) {
        match keyword::keyword_kind(path.key) {
            Some(_) if path.of_part => push(&mut self.fields, Other, FieldRole::Unknown, text),
            Some(kind) => push(&mut self.fields, kind, FieldRole::Named, text),
            None => push_unnamed(&mut self.fields, FieldRole::Listed, text),
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn expect(&mut self, char: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(char)?;
        Some(())
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        self.rest = &self.rest[1..];
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                _ if char == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => match chars.next()?.1 {
                    'u' => {
                        let digits: String = chars.by_ref().take(4).map(|(_, char)| char).collect();
                        let code = u32::from_str_radix(&digits, 16).ok()?;
                        text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    'n' | 'r' | 't' | 'b' | 'f' => text.push(' '),
                    other => text.push(other),
                },
                _ => text.push(char),
            }
        }
        None
    }

    fn token(&mut self) -> &'p str {
        self.until(&[',', '}', ']']).trim()
    }

    fn until(&mut self, ends: &[char]) -> &'p str {
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        text
    }
}

/// Whether a token without quotes is no number in floating point.
fn is_text(token: &str) -> bool {
    let is_number =
        token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    !is_number || token.bytes().all(|byte| byte.is_ascii_digit())
}

fn names_part(key: &str) -> bool {
    let key = key.to_uppercase();
    PARTS.iter().any(|part| key.starts_with(part))
}
