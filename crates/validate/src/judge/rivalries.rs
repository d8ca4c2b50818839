//! What another value in view says against the one that would be accepted: the second part of the
//! table of contradictions.

use crate::formats::format::Standing;
use crate::identifier::IdentifierKind;
use crate::judge::context::JudgeContext;
use crate::judge::contradictions::Contradiction;
use crate::judge::grounds::Fact;
use crate::judge::sighting::Sighting;
use crate::judge::value_facts::{LOOK_ALIKES_MAX, ValueFacts};
use crate::print::keyword::Strength;
use crate::serial::look_alike::{edits, look_alike_distance};

/// What another value in view says against the one that would be accepted.
pub(super) struct Rivalry {
    /// For a person who asks why.
    pub(super) name: &'static str,
    pub(super) contradiction: Contradiction,
    holds: fn(&Pair) -> bool,
}

/// A value that would be accepted and another one in view.
pub(super) struct Pair<'p> {
    context: &'p JudgeContext<'p>,
    only: &'p ValueFacts<'p>,
    rival: &'p ValueFacts<'p>,
    /// Nothing makes the rival another kind of number.
    is_free: bool,
    /// The rival fits the format of the value, and that proves something.
    same_form: bool,
    /// The two differ by at most two characters.
    almost: bool,
}

const fn rivalry(
    name: &'static str,
    contradiction: Contradiction,
    holds: fn(&Pair) -> bool,
) -> Rivalry {
    Rivalry { name, contradiction, holds }
}

use Contradiction::{BarcodeTextDiffer, ExtentsDiffer, LabelScreenMismatch, TwoSerials};

/// What the first of these rows that holds makes a question of the value.
#[rustfmt::skip]
pub(super) const RIVALRIES: &[Rivalry] = &[
    rivalry("label and screen name different serials", LabelScreenMismatch, |it| it.rival_claims() && !it.is_settled_by_barcode() && it.on_other_surfaces()),
    rivalry("barcode and captioned print end differently", ExtentsDiffer, |it| it.rival_claims() && !it.is_settled_by_barcode() && it.channels_differ() && it.is_part_of_other()),
    rivalry("barcode and captioned print differ", BarcodeTextDiffer, |it| it.rival_claims() && !it.is_settled_by_barcode() && it.channels_differ()),
    rivalry("another value is named a serial", TwoSerials, |it| it.rival_claims() && !it.is_settled_by_barcode()),
    rivalry("a caption names print that says something else", TwoSerials, |it| it.rival_says_else()),
    rivalry("print of the same shape, and the barcode's value is not printed", TwoSerials, |it| it.only_encoded() && it.is_in_print() && it.is_free && it.same_shape() && !it.is_settled_by_barcode()),
    rivalry("a caption names two numbers", TwoSerials, |it| it.has(Fact::CaptionSecond) && it.is_free),
    rivalry("a caption names another number before it", TwoSerials, |it| it.only.facts.has(Fact::CaptionSecond) && it.has(Fact::CaptionInline) && it.is_free),
    rivalry("a barcode holds more than print without a caption", ExtentsDiffer, |it| it.is_print_alone() && !it.is_captioned() && it.has(Fact::Barcode) && it.is_free && it.rival.value.contains(it.only.value)),
    rivalry("label and screen show different serials", LabelScreenMismatch, |it| (it.rival_is_captioned() || it.same_form) && it.is_free && it.is_apart()),
    rivalry("another barcode has the same form", TwoSerials, |it| it.same_form && it.has(Fact::Barcode) && it.is_free),
    rivalry("another print has the same maker's form", TwoSerials, |it| it.is_of_maker() && it.same_form && it.is_in_print() && it.is_free && !it.is_named()),
    rivalry("another print has a maker's form, and this has none", TwoSerials, |it| it.rival.facts.has(Fact::MakerForm) && it.is_in_print() && !it.only.has_form() && it.is_free),
    rivalry("another barcode has the taught form, whatever names it", TwoSerials, |it| it.is_taught() && it.same_form && it.has(Fact::Barcode) && !it.only.facts.has(Fact::CaptionInline)),
    rivalry("another print has the taught form", TwoSerials, |it| it.is_taught() && it.same_form && it.has(Fact::TaughtForm) && it.is_free && it.is_in_print()),
    rivalry("a caption names another value than the one of the taught form", TwoSerials, |it| it.is_taught() && it.is_print_alone() && !it.is_captioned() && it.rival_is_captioned() && it.is_free),
    rivalry("one of two captions in a line names another value than the one of the taught form", TwoSerials, |it| it.is_taught() && !it.is_captioned() && it.rival_is_perhaps_captioned()),
    rivalry("another value almost has the taught form", TwoSerials, |it| it.is_taught() && it.is_print_alone() && it.is_free && it.context.almost_is(it.only, it.rival)),
    rivalry("a barcode almost says the same", BarcodeTextDiffer, |it| it.is_print_alone() && it.has(Fact::Barcode) && it.is_free && it.almost),
    rivalry("the print goes on in the next line in a known form", ExtentsDiffer, |it| it.is_print_alone() && it.goes_on_in_a_form()),
];

/// The first row that another value in view completes against one.
pub(super) fn between(
    context: &JudgeContext,
    only: &ValueFacts,
    rival: &ValueFacts,
) -> Option<&'static Rivalry> {
    let almost = edits(only.value, rival.value, 2).is_some();
    let from_barcode = only.facts.has(Fact::Barcode);
    // The print has the form that the barcode's value lacks and almost is: one of the two was
    // misread.
    let differs = only.value != rival.value && only.value.len() == rival.value.len();
    if from_barcode && !only.has_form() && rival.has_form() && differs && almost {
        return RIVALRIES.iter().find(|row| row.contradiction == BarcodeTextDiffer);
    }
    let pair = Pair {
        context,
        only,
        rival,
        is_free: rival.contradictions.iter().all(|it| it == Contradiction::NotInEstate),
        same_form: only
            .format
            .is_some_and(|it| it.standing != Standing::Permissive && it.fits(rival.value)),
        almost,
    };
    if only.value == rival.value || same_thing(context, only, rival) && !pair.goes_on_in_a_form() {
        return None;
    }
    RIVALRIES.iter().find(|row| (row.holds)(&pair))
}

impl Pair<'_> {
    fn has(&self, fact: Fact) -> bool {
        self.rival.facts.has(fact)
    }

    fn rival_claims(&self) -> bool {
        self.rival.claims() && self.context.is_legible(self.rival) && self.is_free
    }

    /// A barcode settles look-alikes, unless it is the print that has the maker's form, or the
    /// value has its own print after a caption: then the other is another device's.
    fn is_settled_by_barcode(&self) -> bool {
        let near = look_alike_distance(self.only.value, self.rival.value)
            .is_some_and(|places| places <= LOOK_ALIKES_MAX);
        self.only.facts.has(Fact::Barcode)
            && near
            && !self.only.facts.has(Fact::CaptionInline)
            && !self.has(Fact::Barcode)
            && (self.only.has_form() || !self.rival.has_form())
    }

    fn channels_differ(&self) -> bool {
        self.only.facts.has(Fact::Barcode) != self.has(Fact::Barcode)
    }

    fn is_part_of_other(&self) -> bool {
        self.only.value.contains(self.rival.value) || self.rival.value.contains(self.only.value)
    }

    fn on_other_surfaces(&self) -> bool {
        self.context.surfaces(self.only) != self.context.surfaces(self.rival)
    }

    /// Label and screen are photographed together to be compared.
    fn is_apart(&self) -> bool {
        self.context.surfaces(self.only).is_disjoint(&self.context.surfaces(self.rival))
    }

    /// A screen has its captions in lines of their own, or far from their values.
    fn rival_is_captioned(&self) -> bool {
        is_captioned(self.rival)
    }

    fn rival_is_perhaps_captioned(&self) -> bool {
        let weak = Some((IdentifierKind::Serial, Strength::Weak));
        let perhaps = |it: &Sighting| it.is_inline() && it.named == weak || it.is_disputed();
        self.rival.sightings.iter().any(|it| perhaps(it))
    }

    fn is_captioned(&self) -> bool {
        is_captioned(self.only)
    }

    fn is_taught(&self) -> bool {
        self.only.facts.has(Fact::TaughtForm)
    }

    /// Print after a caption that is no part of the value and not almost the same, or stands there in
    /// one piece. What speaks against it, a range or a form of no serial, makes this value no surer:
    /// the label names another one.
    fn rival_says_else(&self) -> bool {
        let evidence = self.context.evidence;
        let own_ink =
            |it: &Sighting| self.only.sightings.iter().any(|own| own.same_place(it, evidence));
        self.rival.facts.has_any(&[Fact::CaptionInline, Fact::CaptionDisputed])
            && self.rival.sightings.iter().any(|it| it.is_number_like())
            && self.context.is_legible(self.rival)
            && (!self.almost && !self.is_part_of_other() || self.rival.claims_in_one_piece())
            && !self.is_settled_by_barcode()
            && !self.rival.sightings.iter().any(|it| own_ink(it))
    }

    fn only_encoded(&self) -> bool {
        self.only.facts.has(Fact::Barcode) && !self.only.facts.has(Fact::Printed)
    }

    /// Letters and digits stand in the same places.
    fn same_shape(&self) -> bool {
        let class = |byte: u8| byte.is_ascii_digit();
        self.only.value.len() == self.rival.value.len()
            && self.only.value.bytes().map(class).eq(self.rival.value.bytes().map(class))
    }

    fn is_of_maker(&self) -> bool {
        self.only.facts.has(Fact::MakerForm)
    }

    /// A caption in its line or the barcode itself names the value.
    fn is_named(&self) -> bool {
        self.only.facts.has_any(&[Fact::CaptionInline, Fact::BarcodeNames])
    }

    fn is_print_alone(&self) -> bool {
        !self.only.facts.has(Fact::Barcode)
    }

    fn is_in_print(&self) -> bool {
        self.context.stands_in_print(self.rival)
    }

    /// A value of several lines begins with this one and has a known form.
    fn goes_on_in_a_form(&self) -> bool {
        let known =
            |format: &crate::formats::format::Format| format.standing != Standing::Permissive;
        self.rival.value.len() > self.only.value.len()
            && self.rival.value.starts_with(self.only.value)
            && self.rival.sightings.iter().all(|it| it.is_wrapped())
            && self.context.formats.matching(self.rival.value).any(known)
    }
}

fn is_captioned(value: &ValueFacts) -> bool {
    value.facts.has_any(&[Fact::CaptionInline, Fact::CaptionAssigned, Fact::CaptionNear])
}

/// Whether two values are two readings of one thing: the same barcode with and without its
/// identifier, or print that was cut, glued, joined or read differently.
fn same_thing(context: &JudgeContext, one: &ValueFacts, other: &ValueFacts) -> bool {
    // What a barcode names otherwise is not the serial that the same barcode may hold as a whole.
    let own_barcode = |sighting: &Sighting| match sighting.named {
        Some((kind, _)) if kind != IdentifierKind::Serial => None,
        _ => sighting.barcode(),
    };
    let has = |value: &ValueFacts, barcode| {
        value.sightings.iter().any(|sighting| own_barcode(sighting) == Some(barcode))
    };
    let mut barcodes = one.sightings.iter().filter_map(|sighting| own_barcode(sighting));
    // Of the ways to read one symbol, what print shows is meant.
    let in_print = |it: &&Sighting| it.is_one_word();
    let open = !other.facts.has(Fact::BarcodeClosed) && !other.sightings.iter().any(in_print);
    if barcodes.any(|barcode| has(other, barcode))
        && (!other.facts.has(Fact::BarcodeNames) || open && one.facts.has(Fact::Printed))
    {
        return true;
    }
    let has_place =
        |it: &Sighting| one.sightings.iter().any(|own| own.same_place(it, context.evidence));
    let same_ink = other.sightings.iter().all(|it| has_place(it));
    // A cut value is a part of the whole one; a longer one in a barcode, or printed in one piece and
    // named a serial, says that this one is cut. Print after a caption that is a part of what a
    // barcode holds says that the barcode holds more than the serial.
    let cut = one.value.contains(other.value) && (same_ink || !other.claims_in_one_piece());
    let glued = other.value.contains(one.value)
        && !other.claims_in_one_piece()
        && !other.facts.has(Fact::Barcode);
    cut || glued || same_ink && edits(one.value, other.value, 2).is_some()
}
