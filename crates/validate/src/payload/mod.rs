//! What a barcode's payload says: one number, or several with their meaning.
//!
//! A payload is read by a grammar: one file a structure, each of which knows its separators. What
//! no structure explains ends in a field that is [`FieldRole::Unknown`] or [`Extent::Open`], never
//! in a value made of all of it.
//!
//! Everything is data and comes from strangers: nothing is fetched, nothing is executed, the length
//! and the number of fields are capped, and every input gives an answer.

mod address;
mod aim;
mod append;
mod code39;
pub(crate) mod field;
mod gs1;
mod hibc;
mod iso15434;
mod object;
mod pairs;
mod plain;
mod table;

use crate::evidence::Symbology;
use crate::identifier::IdentifierKind;
use crate::payload::field::{Extent, FIELDS_MAX, Field, FieldRole};
use crate::serial::fold::fold_char;

pub(crate) use append::fields_of;

/// Longer payloads are cut: no serial stands behind 4 KiB of other data.
pub const PAYLOAD_BYTES_MAX: usize = 4096;

/// The fields of a payload. `gs1` says that the symbol declares GS1 data.
pub fn parse_payload(payload: &str, symbology: Symbology, gs1: bool) -> Vec<Field> {
    let is_cut = payload.len() > PAYLOAD_BYTES_MAX;
    let aim = aim::strip(field::trim_start(cut(payload)));
    let payload = aim.payload;
    let mut fields = match symbology {
        Symbology::Ean13 | Symbology::Ean8 | Symbology::UpcA | Symbology::UpcE => {
            let mut fields = Vec::new();
            field::push(&mut fields, IdentifierKind::Ean, FieldRole::Named, payload);
            fields
        }
        _ => structured(payload, gs1 || aim.gs1).unwrap_or_else(|| plain::value(payload)),
    };
    fields.retain(|field| field.value.chars().any(|char| fold_char(char).is_some()));
    if symbology == Symbology::Code39 {
        code39::with_and_without_check(payload, &mut fields);
    }
    if is_cut {
        fields.iter_mut().for_each(|field| field.extent = Extent::Open);
    }
    fields.truncate(FIELDS_MAX);
    fields
}

fn structured(payload: &str, gs1: bool) -> Option<Vec<Field>> {
    // Most payloads are one number, and every structure but GS1's has its marks.
    let is_plain = payload.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !gs1 && is_plain && !payload.starts_with("01") {
        return None;
    }
    iso15434::envelope(payload)
        .or_else(|| address::digital_link(payload))
        .or_else(|| gs1::element_string(payload, gs1))
        .or_else(|| hibc::message(payload))
        .or_else(|| address::address(payload))
        .or_else(|| object::object(payload))
        .or_else(|| table::table(payload))
        .or_else(|| pairs::pairs(payload))
}

/// The payload up to the limit, cut at a character.
fn cut(payload: &str) -> &str {
    let mut end = payload.len().min(PAYLOAD_BYTES_MAX);
    while !payload.is_char_boundary(end) {
        end -= 1;
    }
    &payload[..end]
}

#[cfg(test)]
mod tests;
