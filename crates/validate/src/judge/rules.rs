//! The rule of acceptance: which facts about one value suffice to register it, and which forbid it.
//!
//! This is the table that a domain expert reads. A value is accepted if one row of [`ACCEPTING`]
//! is complete and no [`Veto`] stands against it; everything else goes to a person. A row is added
//! only with a reason why its facts cannot all be wrong in the same way at once.

use crate::judge::check::Check;
use crate::judge::reason::ReasonCode;

/// A fact about one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fact {
    /// A barcode carries it: a 2-D symbol, or a 1-D symbol that was read twice.
    Barcode,
    /// A barcode carries it under the name of a serial: an identifier, a key, a keyword.
    BarcodeNamed,
    /// A barcode carries it, and a serial keyword without another value stands at the barcode.
    BarcodeCaptioned,
    /// A barcode carries it, the first thing after a serial keyword in the keyword's row.
    BarcodeAfterKeyword,
    /// Two barcodes of different kinds or places carry it.
    TwoBarcodes,
    /// It is printed, anywhere.
    Printed,
    /// It is printed after a serial keyword, in the keyword's own line.
    Keyword,
    /// It is printed in a line beside or below a serial keyword that has no value of its own. The
    /// keyword may belong to another number: a model often stands nearer than the serial.
    KeywordNear,
    /// No other barcode is in view that could be the keyword's.
    LoneBarcode,
    /// Printed beside a serial keyword stands what differs from it by look-alikes only.
    KeywordLookAlike,
    /// Two independent readings of the same spot agree on it, and at each end at least one of them
    /// saw nothing that may belong to it.
    TwoReadings,
    /// They agree, and neither saw anything cut off or glued on.
    TwoWholeReadings,
    /// The first reading was sure of every character, and none of them may as well be a letter or a
    /// digit that looks the same.
    Sure,
    /// Two photos show it.
    SeveralPhotos,
    /// It fits a maker's format that is unlike any other number, or the maker's name stands there.
    VendorFormat,
    /// It fits a format that the operator taught, and is written as its samples are.
    TaughtFormat,
    /// It is on the list of expected serials.
    Expected,
}

/// The facts that hold for one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts(u32);

impl Facts {
    pub(crate) fn insert(&mut self, fact: Fact) {
        self.0 |= 1 << fact as u32;
    }

    pub(crate) fn insert_if(&mut self, fact: Fact, holds: bool) {
        if holds {
            self.insert(fact);
        }
    }

    pub(crate) fn has(self, fact: Fact) -> bool {
        self.0 & (1 << fact as u32) != 0
    }

    fn has_all(self, facts: &[Fact]) -> bool {
        facts.iter().all(|&fact| self.has(fact))
    }
}

/// One way to be accepted: all of its facts together.
pub(crate) struct Row {
    /// For tests and for a person who asks why.
    pub(crate) name: &'static str,
    /// Every one of them must hold.
    pub(crate) needs: &'static [Fact],
    /// How sure the value is then, 0 to 1.
    pub(crate) confidence: f32,
}

use Fact::*;

/// What suffices. The first complete row is the answer's.
pub(crate) const ACCEPTING: &[Row] = &[
    // The barcode says so itself and print beside a keyword says the same.
    Row {
        name: "barcode with identifier and keyed print",
        needs: &[BarcodeNamed, Keyword],
        confidence: 0.9999,
    },
    // Two channels that fail in different ways, one of them under the serial's name.
    Row { name: "barcode equals keyed print", needs: &[Barcode, Keyword], confidence: 0.9998 },
    Row {
        name: "the only barcode equals print near a keyword",
        needs: &[Barcode, KeywordNear, LoneBarcode],
        confidence: 0.9995,
    },
    Row {
        name: "the only barcode, at a keyword, equals print",
        needs: &[BarcodeCaptioned, Printed, LoneBarcode],
        confidence: 0.9995,
    },
    // Keyword, barcode and the print below it, as labels with a row for each number have them.
    Row {
        name: "the barcode after a keyword equals print",
        needs: &[BarcodeAfterKeyword, Printed],
        confidence: 0.9995,
    },
    // An identifier is the maker's own statement.
    Row { name: "barcode with identifier", needs: &[Barcode, BarcodeNamed], confidence: 0.999 },
    Row {
        name: "barcode equals print in a maker's format",
        needs: &[Barcode, Printed, VendorFormat],
        confidence: 0.999,
    },
    Row {
        name: "barcode equals print in a taught format",
        needs: &[Barcode, Printed, TaughtFormat],
        confidence: 0.9995,
    },
    // The print names it; a reader's look-alikes are settled by the barcode, which has a check.
    Row {
        name: "barcode settles keyed print",
        needs: &[Barcode, KeywordLookAlike],
        confidence: 0.999,
    },
    Row {
        name: "two barcodes in a known format",
        needs: &[TwoBarcodes, VendorFormat],
        confidence: 0.999,
    },
    Row { name: "barcode that is expected", needs: &[Barcode, Expected], confidence: 0.9998 },
    Row {
        name: "print that is expected",
        needs: &[Printed, TwoReadings, Sure, Expected],
        confidence: 0.9995,
    },
    Row {
        name: "keyed print that is expected",
        needs: &[Keyword, Sure, Expected],
        confidence: 0.9995,
    },
    // A second photo is a second look with the same eyes: it takes a format beside it.
    Row {
        name: "keyed print in a maker's format on several photos",
        needs: &[Keyword, SeveralPhotos, VendorFormat, Sure],
        confidence: 0.998,
    },
    Row {
        name: "keyed print in a taught format on several photos",
        needs: &[Keyword, SeveralPhotos, TaughtFormat, Sure],
        confidence: 0.998,
    },
    // 151 agreements of two such readings on real labels, none wrong.
    Row {
        name: "keyed print read twice",
        needs: &[Keyword, TwoWholeReadings, Sure],
        confidence: 0.998,
    },
    Row {
        name: "print near a keyword in a maker's format read twice",
        needs: &[KeywordNear, TwoReadings, VendorFormat, Sure],
        confidence: 0.998,
    },
    Row {
        name: "print in a taught format read twice",
        needs: &[Printed, TwoReadings, TaughtFormat, Sure],
        confidence: 0.997,
    },
];

/// The rule of acceptance for people: the name of each row and the checks that it needs.
pub fn acceptance_rules() -> impl Iterator<Item = (&'static str, Vec<Check>)> {
    ACCEPTING.iter().map(|row| {
        let mut facts = Facts::default();
        row.needs.iter().for_each(|&fact| facts.insert(fact));
        (row.name, checks(facts))
    })
}

/// The first row that the facts complete.
pub(crate) fn accepting(facts: Facts) -> Option<&'static Row> {
    ACCEPTING.iter().find(|row| facts.has_all(row.needs))
}

/// What forbids to accept a value, whatever speaks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Veto {
    /// It is named as another kind of number, or an EAN/UPC symbol carries it.
    NamedOther,
    /// It has the form of a format with a check character, and fails it.
    CheckFailed,
    /// It is known as a part number.
    PartNumber,
    /// It is a part of an address and nothing names it a serial.
    InAddress,
    /// Two serials are in view.
    TwoSerials,
    /// A barcode and the print differ.
    BarcodeTextDiffer,
    /// Label and screen show different serials.
    LabelScreenMismatch,
    /// A serial that is not expected, where only expected ones may be.
    NotInEstate,
}

impl Veto {
    const ALL: [Self; 8] = [
        Self::NamedOther,
        Self::CheckFailed,
        Self::PartNumber,
        Self::InAddress,
        Self::TwoSerials,
        Self::BarcodeTextDiffer,
        Self::LabelScreenMismatch,
        Self::NotInEstate,
    ];

    /// What the technician is told.
    pub(crate) fn reason(self) -> ReasonCode {
        match self {
            Self::NamedOther | Self::InAddress => ReasonCode::OnlyOtherNumbers,
            Self::CheckFailed => ReasonCode::CheckCharacterWrong,
            Self::PartNumber => ReasonCode::PartNumber,
            Self::TwoSerials => ReasonCode::TwoSerials,
            Self::BarcodeTextDiffer => ReasonCode::BarcodeTextDiffer,
            Self::LabelScreenMismatch => ReasonCode::LabelScreenMismatch,
            Self::NotInEstate => ReasonCode::NotInEstate,
        }
    }
}

/// The vetoes that stand against one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vetoes(u8);

impl Vetoes {
    pub(crate) fn insert(&mut self, veto: Veto) {
        self.0 |= 1 << veto as u8;
    }

    pub(crate) fn remove(&mut self, veto: Veto) {
        self.0 &= !(1 << veto as u8);
    }

    pub(crate) fn has(self, veto: Veto) -> bool {
        self.0 & (1 << veto as u8) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of their declaration.
    pub(crate) fn iter(self) -> impl Iterator<Item = Veto> {
        Veto::ALL.into_iter().filter(move |&veto| self.has(veto))
    }
}

impl FromIterator<Veto> for Vetoes {
    fn from_iter<I: IntoIterator<Item = Veto>>(vetoes: I) -> Self {
        let mut all = Self::default();
        vetoes.into_iter().for_each(|veto| all.insert(veto));
        all
    }
}

/// The grounds as the answer shows them.
pub(crate) fn checks(facts: Facts) -> Vec<Check> {
    let shown = [
        (facts.has(VendorFormat) || facts.has(TaughtFormat), Check::Format),
        (facts.has(Barcode) && facts.has(Printed), Check::BarcodeEqualsText),
        (facts.has(BarcodeNamed), Check::BarcodeIdentifier),
        (
            facts.has(Keyword)
                || facts.has(KeywordNear)
                || facts.has(KeywordLookAlike)
                || facts.has(BarcodeCaptioned)
                || facts.has(BarcodeAfterKeyword),
            Check::Keyword,
        ),
        (facts.has(TwoBarcodes), Check::TwoBarcodes),
        (facts.has(TwoReadings), Check::TwoReadings),
        (facts.has(SeveralPhotos), Check::SeveralPhotos),
        (facts.has(Expected), Check::Estate),
    ];
    shown.into_iter().filter_map(|(holds, check)| holds.then_some(check)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(of: &[Fact]) -> Facts {
        let mut facts = Facts::default();
        of.iter().for_each(|&fact| facts.insert(fact));
        facts
    }

    #[test]
    fn every_row_accepts_with_all_its_facts_and_not_without_one() {
        for row in ACCEPTING {
            assert!(accepting(facts(row.needs)).is_some(), "{}", row.name);
            for left_out in row.needs {
                let rest: Vec<Fact> =
                    row.needs.iter().copied().filter(|fact| fact != left_out).collect();
                let other = accepting(facts(&rest)).map(|row| row.name);
                assert!(other != Some(row.name), "{} without {left_out:?}", row.name);
            }
        }
    }

    #[test]
    fn no_fact_accepts_alone_and_print_never_without_a_second_look() {
        use Fact::*;
        let all = [
            Barcode,
            BarcodeNamed,
            BarcodeCaptioned,
            BarcodeAfterKeyword,
            TwoBarcodes,
            Printed,
            Keyword,
            KeywordNear,
            LoneBarcode,
            KeywordLookAlike,
            TwoReadings,
            TwoWholeReadings,
            Sure,
            SeveralPhotos,
            VendorFormat,
            TaughtFormat,
            Expected,
        ];
        for fact in all {
            assert!(accepting(facts(&[fact])).is_none(), "{fact:?}");
        }
        assert!(accepting(facts(&[Printed, Keyword, VendorFormat])).is_none());
        assert!(accepting(facts(&[Printed, Keyword, TaughtFormat])).is_none());
        assert!(accepting(facts(&[Printed, TwoReadings, VendorFormat])).is_none());
        assert!(accepting(facts(&[Printed, KeywordNear, TwoReadings])).is_none());
        // A length that nothing fixes may be a character short in both readings.
        assert!(accepting(facts(&[Printed, Keyword, TwoReadings])).is_none());
        assert!(accepting(facts(&[Barcode, Printed, KeywordNear])).is_none());
        assert!(accepting(facts(&[Barcode, Printed])).is_none());
        // A part inside the device carries a code of seven digits as well.
        assert!(accepting(facts(&[Barcode, TaughtFormat])).is_none());
        assert!(accepting(facts(&[TwoBarcodes, Barcode])).is_none());
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = acceptance_rules().map(|rule| rule.0).collect();
        assert_eq!(names.len(), ACCEPTING.len());
    }
}
