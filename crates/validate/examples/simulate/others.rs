//! Labels as others print them: a grammar that knows nothing of the judge.

use crate::fill::one_of;
use crate::sheet::{Label, Sheet};
use crate::{payloads, print, traps};
use rand::{RngExt, rngs::StdRng};
use std::sync::LazyLock;

struct Kind {
    name: &'static str,
    /// How often it is drawn among the others.
    weight: usize,
    draw: fn(&mut Sheet<'_>),
}

const fn kind(name: &'static str, weight: usize, draw: fn(&mut Sheet<'_>)) -> Kind {
    Kind { name, weight, draw }
}

/// Ordinary labels are most of what is photographed; the rest is what went wrong somewhere.
static KINDS: &[Kind] = &[
    kind("inline", 120, print::inline),
    kind("caption above", 40, print::above),
    kind("captions left", 50, print::captions_left),
    kind("captions above", 40, print::captions_above),
    kind("captions inline", 50, print::captions_inline),
    kind("table", 40, print::table),
    kind("other language", 40, print::language),
    kind("unknown script", 10, print::unknown_script),
    kind("head", 25, print::head),
    kind("tail: date", 20, |sheet| print::tail(sheet, print::DATE_TAILS)),
    kind("tail: rating", 15, |sheet| print::tail(sheet, print::RATING_TAILS)),
    kind("tail: revision", 15, |sheet| print::tail(sheet, print::REVISION_TAILS)),
    kind("tail: model", 15, |sheet| print::tail(sheet, print::MODEL_TAILS)),
    kind("tail: quantity", 10, |sheet| print::tail(sheet, print::QUANTITY_TAILS)),
    kind("tail: field", 20, |sheet| print::tail(sheet, print::FIELD_TAILS)),
    kind("two serials", 15, print::two_serials),
    kind("first and last", 10, print::first_and_last),
    kind("in groups", 15, print::grouped),
    kind("two lines", 10, print::two_lines),
    kind("prefix", 20, print::prefix),
    kind("bare barcode", 30, print::bare_code),
    kind("payload: json", 20, payloads::json),
    kind("payload: pairs", 30, payloads::pairs),
    kind("payload: header row", 10, payloads::header_row),
    kind("payload: list", 15, payloads::list),
    kind("payload: gs1", 20, payloads::gs1),
    kind("payload: gs1 broken", 10, payloads::gs1_broken),
    kind("payload: 15434", 15, payloads::envelope),
    kind("payload: hibc", 8, payloads::hibc),
    kind("payload: query", 20, payloads::query),
    kind("payload: identifier", 20, payloads::data_identifier),
    kind("code 39 check", 10, payloads::code_39),
    kind("trap: port", 10, traps::port),
    kind("trap: chip", 8, traps::chip),
    kind("trap: not filled", 10, traps::not_filled),
    kind("trap: range", 10, traps::range),
    kind("trap: date", 10, traps::date),
    kind("trap: other numbers", 30, traps::other_numbers),
    kind("trap: MAC barcode", 12, traps::mac_under_caption),
    kind("trap: asset", 12, traps::asset),
    kind("trap: carton", 12, traps::carton),
    kind("trap: contradiction", 10, traps::contradiction),
    kind("trap: other letters", 8, traps::other_letters),
    kind("battery", 10, traps::battery),
    kind("two devices", 20, traps::two_devices),
];

/// Each kind as often as its weight says.
static DRAWN: LazyLock<Vec<&'static Kind>> =
    LazyLock::new(|| KINDS.iter().flat_map(|kind| vec![kind; kind.weight]).collect());

/// Draws a label of some kind.
pub(crate) fn draw(random: &mut StdRng) -> Label {
    let kind = *one_of(random, &DRAWN);
    let mut sheet = Sheet::new(kind.name, random);
    // On some labels the serial stands first.
    if sheet.random.random_range(0..10) > 1 {
        sheet.head();
    }
    (kind.draw)(&mut sheet);
    sheet.foot();
    sheet.finish()
}
