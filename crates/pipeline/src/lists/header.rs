//! What the words over a column say of it.

use validate::{IdentifierKind, is_serial_keyword, keyword_kind};

/// Words of a column's name that are looked at together.
const WINDOW_WORDS: usize = 3;

/// What a column's name says, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Says {
    /// It holds something that is no serial.
    SomethingElse,
    /// Nothing that is known.
    Nothing,
    /// The serials of a part, or of another device.
    SerialOfPart,
    /// Serials, among other words.
    Serial,
    /// Serials and nothing else.
    SerialAlone,
}

impl Says {
    /// Whether it says that the devices' serials stand below.
    pub(super) fn is_serial(self) -> bool {
        self >= Self::Serial
    }
}

/// Parts of words that say serial in writing without spaces.
const SERIAL_PARTS: [&str; 8] =
    ["序列号", "序列號", "产品序号", "機身編號", "机身号", "シリアル", "일련번호", "시리얼"];
/// Words for parts of a device, or for another one.
const PART_WORDS: [&str; 28] = [
    "battery", "batterie", "bateria", "akku", "accu", "sim", "printer", "base", "dock", "cradle",
    "charger", "psu", "adapter", "adaptor", "power", "sam", "keyboard", "modem", "router", "box",
    "carton", "pallet", "seal", "old", "previous", "replaced", "电池", "旧",
];
/// Words over columns that hold no serials.
const OTHER_WORDS: [&str; 54] = [
    "model",
    "modell",
    "modele",
    "modelo",
    "modèle",
    "type",
    "typ",
    "name",
    "nom",
    "nome",
    "site",
    "location",
    "merchant",
    "shop",
    "store",
    "date",
    "asset",
    "tag",
    "imei",
    "meid",
    "mac",
    "tid",
    "mid",
    "iccid",
    "phone",
    "email",
    "mail",
    "address",
    "adresse",
    "city",
    "status",
    "state",
    "qty",
    "quantity",
    "price",
    "cost",
    "category",
    "vendor",
    "maker",
    "manufacturer",
    "brand",
    "product",
    "part",
    "article",
    "sku",
    "version",
    "firmware",
    "order",
    "invoice",
    "note",
    "comment",
    "user",
    "型号",
    "地址",
];

/// What a cell says as a column's name.
pub(super) fn says(cell: &str) -> Says {
    let words = words(cell);
    if words.is_empty() {
        return Says::Nothing;
    }
    let all = words.join(" ");
    if is_serial_keyword(cell) || is_serial_keyword(&all) {
        return Says::SerialAlone;
    }
    let windows = (1..=WINDOW_WORDS).flat_map(|wide| words.windows(wide));
    let is_serial = windows.map(|window| window.join(" ")).any(|words| is_serial_keyword(&words))
        || SERIAL_PARTS.iter().any(|part| all.contains(part));
    let has = |known: &[&str]| {
        known.iter().any(|known| match known.is_ascii() {
            true => words.iter().any(|word| word == known),
            false => all.contains(known),
        })
    };
    let is_other = keyword_kind(cell).is_some_and(|kind| kind != IdentifierKind::Serial);
    match is_serial {
        true if has(&PART_WORDS) => Says::SerialOfPart,
        true => Says::Serial,
        false if is_other || has(&OTHER_WORDS) => Says::SomethingElse,
        false => Says::Nothing,
    }
}

/// Whether a cell of this text, however its cells are separated, says that serials stand below.
pub(super) fn names_serials(text: &str) -> bool {
    const CELLS_LOOKED_AT: usize = 400;
    let cells = text.split(['\t', ';', ',', '|', '\r', '\n', '"']);
    cells.take(CELLS_LOOKED_AT).any(|cell| says(cell).is_serial())
}

/// The words of a column's name in lower case: `deviceSerial_number` has three.
fn words(cell: &str) -> Vec<String> {
    let (mut words, mut word, mut before) = (Vec::new(), String::new(), ' ');
    for char in cell.chars() {
        let begins = before.is_lowercase() && char.is_uppercase();
        if (begins || !char.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if char.is_alphanumeric() {
            word.extend(char.to_lowercase());
        }
        before = char;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_columns_name_says_what_stands_below() {
        use Says::*;
        for (cell, expected) in [
            ("S/N", SerialAlone),
            ("SN", SerialAlone),
            ("serial_number", SerialAlone),
            ("serialNumber", SerialAlone),
            ("Numéro de série", SerialAlone),
            ("Nº de série", SerialAlone),
            ("Серийный номер", SerialAlone),
            ("终端序列号", SerialAlone),
            ("device_serial_number", Serial),
            ("Terminal serial no (maker)", Serial),
            ("POS终端序列号(必填)", Serial),
            ("シリアル番号", SerialAlone),
            ("Nr seryjny", SerialAlone),
            ("Battery Serial Number", SerialOfPart),
            ("Model", SomethingElse),
            ("model_code", SomethingElse),
            ("IMEI", SomethingElse),
            ("Asset Tag", SomethingElse),
            ("型号", SomethingElse),
            ("Site", SomethingElse),
            ("device", Nothing),
            ("", Nothing),
            ("Estate list 2026", Nothing),
            ("0821032398", Nothing),
        ] {
            assert_eq!(says(cell), expected, "{cell}");
        }
    }
}
