//! A payload without structure: a value, perhaps with an identifier or a keyword in front.

use crate::payload::field::{self, Field, FieldRole, kind_by_form, push};
use crate::payload::iso15434;
use crate::print::keyword;
use crate::serial::fold::fold;

/// Letters and digits that a value has behind an identifier of one or two letters.
const IDENTIFIED_CHARS_MIN: usize = 4;

/// The value, or the ways in which it may be read.
pub(super) fn value(payload: &str) -> Vec<Field> {
    let value = field::trim(payload);
    // A barcode spells its keywords right: `5RN0` begins a value.
    let chars: Vec<char> = match value.starts_with(|first: char| first.is_ascii_digit()) {
        true => Vec::new(),
        false => value.chars().collect(),
    };
    let mut fields = Vec::new();
    let spelled = |end: usize| !chars[..end].iter().any(char::is_ascii_digit);
    let keyword = keyword::leading(&chars).filter(|keyword| spelled(keyword.end));
    if let Some(keyword) = keyword {
        let rest: String = chars[keyword.end..].iter().collect();
        let role = match keyword.strength {
            keyword::Strength::Sure if !fold(&rest).is_empty() => {
                push(&mut fields, keyword.kind, FieldRole::Named, &rest);
                return fields;
            }
            _ => FieldRole::PerhapsNamed,
        };
        push(&mut fields, keyword.kind, role, &rest);
    } else if let Some((kind, rest)) = iso15434::bare(value)
        && rest.len() >= IDENTIFIED_CHARS_MIN
        && rest.bytes().any(|byte| byte.is_ascii_digit())
    {
        push(&mut fields, kind, FieldRole::PerhapsNamed, rest);
    }
    push(&mut fields, kind_by_form(value), FieldRole::Whole, value);
    fields
}
