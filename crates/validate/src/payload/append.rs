//! Messages that are spread over several symbols (Structured Append).

use crate::evidence::{Barcode, SymbolPart};
use crate::payload::field::{Field, question_serials};
use crate::payload::parse_payload;

/// The fields of each barcode of a photo. A message in several symbols is read as one if all of
/// them are in view, at its first symbol; of one that is not whole nothing is known.
pub(crate) fn fields_of(barcodes: &[Barcode]) -> Vec<Vec<Field>> {
    let fields = |barcode: &Barcode| {
        let parse = |payload: &str| parse_payload(payload, barcode.symbology, barcode.gs1);
        let Some(part) = barcode.part else { return parse(&barcode.payload) };
        match (message(barcodes, barcode, part), part.index) {
            (Some(message), 0) => parse(&message),
            (Some(_), _) => Vec::new(),
            (None, _) => {
                let mut fields = parse(&barcode.payload);
                question_serials(&mut fields);
                fields
            }
        }
    };
    barcodes.iter().map(fields).collect()
}

/// The whole message that a symbol is a part of, if each of its parts is in view once.
fn message(barcodes: &[Barcode], of: &Barcode, part: SymbolPart) -> Option<String> {
    let mut message = String::new();
    for index in 0..part.count {
        let wanted = Some(SymbolPart { index, ..part });
        let mut found =
            barcodes.iter().filter(|it| it.part == wanted && it.symbology == of.symbology);
        message.push_str(&found.next()?.payload);
        if found.next().is_some() {
            return None;
        }
    }
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Symbology;
    use crate::payload::field::FieldRole;
    use crate::testing;

    fn parts(payloads: &[(u8, &str)]) -> Vec<Barcode> {
        let part = |&(index, payload): &(u8, &str)| Barcode {
            part: Some(SymbolPart { index, count: 2, message: 7 }),
            ..testing::barcode(Symbology::QrCode, payload)
        };
        payloads.iter().map(part).collect()
    }

    #[test]
    fn a_message_in_two_symbols_is_read_as_one() {
        for order in
            [[(0, "SN:7B89"), (1, "0026;MODEL:S800")], [(1, "0026;MODEL:S800"), (0, "SN:7B89")]]
        {
            let fields = fields_of(&parts(&order)).concat();
            let values: Vec<&str> = fields.iter().map(|field| field.value.as_str()).collect();
            assert_eq!(values, ["7B890026", "S800"]);
            assert_eq!(fields[0].role, FieldRole::Named);
        }
    }

    #[test]
    fn one_symbol_of_two_is_not_known() {
        for alone in
            [&[(0, "SN:7B890026")][..], &[(1, "SN:7B890026")], &[(0, "SN:7B890026"), (0, "SN:1")]]
        {
            let fields = fields_of(&parts(alone)).concat();
            assert!(fields.iter().all(|field| field.role == FieldRole::Unknown), "{fields:?}");
        }
    }
}
