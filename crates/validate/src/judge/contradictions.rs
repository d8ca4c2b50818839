//! What forbids to accept a value, whatever speaks for it.
//!
//! This is the second table that a domain expert reads. Here stands what a value carries itself;
//! `rivalries` holds another value in view against the one that would be accepted.

use crate::formats::format::{Format, Standing, UNKNOWN};
use crate::identifier::IdentifierKind;
use crate::judge::context::JudgeContext;
use crate::judge::grounds::{Fact, Facts};
use crate::judge::reason::ReasonCode;
use crate::judge::sighting::{Carrier, Sighting};
use crate::judge::verdict::Question;
use crate::payload::field::{Extent, FieldRole};
use crate::print::captions::Caption;
use crate::print::meaning::meaning;

/// A contradiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Contradiction {
    /// A caption or an identifier names it as another kind of number, or an EAN/UPC symbol holds it.
    NamedOther,
    /// Its form is that of a date, a rating, a standard, a dummy.
    NoSerial,
    /// Twelve hexadecimal digits with letters among them, and no payload that says what they are.
    PerhapsMac,
    /// It has the form of a format with a check character, and fails it.
    CheckFailed,
    /// It is known as a part number.
    PartNumber,
    /// It is a part of an address and nothing names it a serial.
    InAddress,
    /// The payload that holds it does not say where it ends.
    PayloadOpen,
    /// It is encoded in letters of both cases, which its canonical form does not tell apart.
    CaseMatters,
    /// The label says how many devices it is of, and they are several.
    Carton,
    /// A serial that is not expected, where only expected ones may be.
    NotInEstate,
    /// A terminal is known by it, and of a maker whose formats it does not fit.
    OtherMaker,
    /// Another serial is in view.
    TwoSerials,
    /// A barcode and the print differ.
    BarcodeTextDiffer,
    /// A barcode and the print begin alike and do not end alike.
    ExtentsDiffer,
    /// Label and screen show different serials.
    LabelScreenMismatch,
}

impl Contradiction {
    const ALL: [Self; 15] = [
        Self::NamedOther,
        Self::NoSerial,
        Self::PerhapsMac,
        Self::CheckFailed,
        Self::PartNumber,
        Self::InAddress,
        Self::PayloadOpen,
        Self::CaseMatters,
        Self::Carton,
        Self::NotInEstate,
        Self::OtherMaker,
        Self::TwoSerials,
        Self::BarcodeTextDiffer,
        Self::ExtentsDiffer,
        Self::LabelScreenMismatch,
    ];

    /// What the technician is told.
    pub(crate) fn reason(self) -> ReasonCode {
        match self {
            Self::NamedOther | Self::InAddress | Self::NoSerial => ReasonCode::OnlyOtherNumbers,
            Self::CheckFailed => ReasonCode::CheckCharacterWrong,
            Self::PartNumber => ReasonCode::PartNumber,
            Self::TwoSerials | Self::Carton => ReasonCode::TwoSerials,
            Self::PayloadOpen | Self::PerhapsMac | Self::CaseMatters => {
                ReasonCode::BarcodeUnconfirmed
            }
            Self::BarcodeTextDiffer | Self::ExtentsDiffer => ReasonCode::BarcodeTextDiffer,
            Self::LabelScreenMismatch => ReasonCode::LabelScreenMismatch,
            Self::NotInEstate => ReasonCode::NotInEstate,
            Self::OtherMaker => ReasonCode::OtherMaker,
        }
    }

    /// Which of the three questions it leaves open.
    pub(crate) fn question(self) -> Question {
        match self {
            Self::CheckFailed | Self::BarcodeTextDiffer | Self::CaseMatters => {
                Question::WhichCharacter
            }
            Self::PayloadOpen | Self::ExtentsDiffer => Question::WhereDoesItEnd,
            _ => Question::WhichNumber,
        }
    }
}

/// The contradictions against one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contradictions(u16);

impl Contradictions {
    pub(crate) fn insert(&mut self, contradiction: Contradiction) {
        self.0 |= 1 << contradiction as u16;
    }

    pub(crate) fn has(self, contradiction: Contradiction) -> bool {
        self.0 & (1 << contradiction as u16) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of their declaration.
    pub(crate) fn iter(self) -> impl Iterator<Item = Contradiction> {
        Contradiction::ALL.into_iter().filter(move |&it| self.has(it))
    }
}

impl FromIterator<Contradiction> for Contradictions {
    fn from_iter<I: IntoIterator<Item = Contradiction>>(contradictions: I) -> Self {
        let mut all = Self::default();
        contradictions.into_iter().for_each(|it| all.insert(it));
        all
    }
}

/// The contradictions that a value carries itself. `products` are the product numbers in view.
pub(super) fn of_value(
    context: &JudgeContext,
    value: &str,
    sightings: &[&Sighting],
    facts: Facts,
    products: &[&str],
) -> Contradictions {
    use Contradiction::*;
    let mut found = Contradictions::default();
    let mut insert_if = |it: Contradiction, holds: bool| {
        if holds {
            found.insert(it);
        }
    };
    let others = named_otherwise(sightings);
    let named = facts.has_any(&[Fact::BarcodeNames, Fact::CaptionInline]);
    let is_product = products.contains(&value.trim_start_matches('0'));
    let is_tusn = !named && context.formats.is_tusn(value);
    let other = others.iter().any(|&kind| kind != IdentifierKind::PartNumber);
    insert_if(NamedOther, other || is_product || is_tusn);
    insert_if(
        PartNumber,
        others.contains(&IdentifierKind::PartNumber) || context.estate.is_part_number(value),
    );
    insert_if(
        NoSerial,
        sightings.iter().any(|it| meaning(it.printed).is_some()) || meaning(value).is_some(),
    );
    insert_if(
        PerhapsMac,
        is_perhaps_mac(value) && !facts.has(Fact::BarcodeNames) && !facts.has(Fact::CaptionInline),
    );
    // A format with a check says nothing about another maker's serials of the same length.
    let known = |format: &Format| format.standing != Standing::Permissive;
    let fits_known = context.formats.matching(value).any(known);
    insert_if(CheckFailed, context.formats.any_check_fails(value) && !fits_known);
    let role = |role: FieldRole| {
        sightings
            .iter()
            .any(|it| matches!(it.carrier, Carrier::Barcode { role: own, .. } if own == role))
    };
    insert_if(InAddress, !named && role(FieldRole::InAddress));
    let open = |it: &Sighting| {
        matches!(
            it.carrier,
            Carrier::Barcode { extent: Extent::Open, .. }
                | Carrier::Barcode { role: FieldRole::Unknown, .. }
        )
    };
    insert_if(
        PayloadOpen,
        sightings.iter().any(|it| open(it))
            && !facts.has(Fact::Barcode)
            && !facts.has(Fact::Printed),
    );
    insert_if(
        CaseMatters,
        sightings.iter().any(|it| it.is_barcode() && has_both_cases(it.printed)),
    );
    insert_if(Carton, context.is_carton);
    let required = context.estate.is_required();
    insert_if(NotInEstate, required && !context.estate.expects(value));
    insert_if(OtherMaker, is_known_of_another_maker(context, value));
    found
}

/// Whether the terminal known by a value is of another maker than the one that the label or the table
/// of formats names. A form that both makers have is the known one's, unless the other's name alone is
/// in view.
fn is_known_of_another_maker(context: &JudgeContext, value: &str) -> bool {
    let Some(known) = context.estate.maker(value).filter(|known| *known != UNKNOWN) else {
        return false;
    };
    let is_other = |it: &&Format| it.vendor != known && it.vendor != UNKNOWN;
    let Some(named) = context.format(value).filter(is_other) else { return false };
    let is_printed = context.is_in_view(named);
    let mut fitting = context.formats.matching(value);
    !fitting.any(|it| it.vendor == known && (!is_printed || context.is_in_view(it)))
}

/// The kinds of number, none of them a serial, that captions and identifiers name a value as.
fn named_otherwise(sightings: &[&Sighting]) -> Vec<IdentifierKind> {
    let keyed_here = sightings.iter().any(|it| {
        it.says_serial()
            && (it.is_barcode()
                || it.print().is_some_and(|(_, caption)| caption >= Caption::Assigned))
    });
    let mut kinds = Vec::new();
    for sighting in sightings {
        match sighting.carrier {
            // A caption in another line loses to one in the value's own.
            Carrier::Print { caption, .. } if caption != Caption::Inline => {
                kinds.extend(sighting.says_other().filter(|_| !keyed_here));
            }
            Carrier::Barcode { caption: Some((kind, caption)), .. }
                if kind != IdentifierKind::Serial
                    && caption >= Caption::Assigned
                    && !keyed_here =>
            {
                kinds.push(kind);
            }
            _ => kinds.extend(sighting.says_other()),
        }
    }
    kinds
}

fn has_both_cases(text: &str) -> bool {
    let has = |of: fn(&u8) -> bool| text.bytes().any(|byte| of(&byte));
    has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
}

/// Whether a value has the form of a hardware address that is not of digits alone.
fn is_perhaps_mac(value: &str) -> bool {
    value.len() == 12
        && value.bytes().all(|byte| byte.is_ascii_hexdigit())
        && value.bytes().any(|byte| byte.is_ascii_uppercase())
}
