//! What suffices to accept: a ground for each of the three questions.
//!
//! This is the table that a domain expert reads. A serial is accepted if each question about it is
//! answered by a complete row of [`GROUNDS`], if the rows do not all rest on one reading, and if no
//! row of [`super::contradictions::CONTRADICTIONS`] stands against it. Everything else goes to a
//! person, who is asked the question that is open.
//!
//! A row is added only with a reason why its facts cannot be wrong together.

use crate::judge::check::Check;
use crate::judge::verdict::Question;

/// A fact about one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fact {
    /// A barcode holds it: a 2-D symbol, or a 1-D symbol that was read twice.
    Barcode,
    /// The payload says exactly where it ends.
    BarcodeClosed,
    /// The payload names it a serial: an identifier, a key.
    BarcodeNames,
    /// The symbol has a check of its own, so that a misread character does not pass.
    BarcodeChecked,
    /// A serial caption was assigned to the barcode and may name no other number.
    BarcodeCaptioned,
    /// A serial caption stands at the barcode, and may name another number.
    BarcodeCaptionNear,
    /// No other barcode is in view that the caption may name.
    LoneBarcode,
    /// A barcode whose structure is not known holds it as one of its pieces.
    BarcodePiece,
    /// Two barcodes of different kinds or places hold it.
    TwoBarcodes,
    /// It is printed, anywhere.
    Printed,
    /// It is printed at the start of a line, with no word or tag before it.
    PrintedAlone,
    /// A serial caption stands before it in its line.
    CaptionInline,
    /// A serial caption of another line was assigned to it and may name no other number.
    CaptionAssigned,
    /// A serial caption stands near it, and may name another number.
    CaptionNear,
    /// A serial caption names another number before it.
    CaptionSecond,
    /// A serial caption stands before it in its line, which says that it may be of another device.
    CaptionDisputed,
    /// After a serial caption stands what differs from it by look-alikes only.
    CaptionLookAlike,
    /// Both its ends are clear, in each reading that saw it.
    EndsClear,
    /// Each of its ends is clear enough for a value of known length in one reading at least.
    EndsClearForLength,
    /// Two independent readings of the same print agree on it.
    ReadTwice,
    /// The reading was sure of every character, and the shape of serials leaves none of them open.
    Sure,
    /// Two photos show it.
    SeveralPhotos,
    /// It fits a maker's format, and the form is like no other or the maker's name stands there.
    MakerForm,
    /// It fits a format that the operator taught, and is written as its samples are.
    TaughtForm,
    /// It ends in the check character of its format.
    CheckCharacter,
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

    pub(crate) fn has_any(self, facts: &[Fact]) -> bool {
        facts.iter().any(|&fact| self.has(fact))
    }

    fn has_all(self, facts: &[Fact]) -> bool {
        facts.iter().all(|&fact| self.has(fact))
    }
}

/// Who says so. Two witnesses do not err in the same way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Witness {
    /// The decoded symbol.
    Symbol,
    /// The check that the symbol or the serial carries in itself.
    Arithmetic,
    /// The first reading of print.
    Print,
    /// The second, independent reading, or another photo.
    SecondLook,
    /// What the operator or the maker said beforehand.
    Knowledge,
}

/// One way to answer a question: all of its facts together.
pub(crate) struct Ground {
    /// What it answers.
    pub(crate) question: Question,
    /// For a person who asks why.
    pub(crate) name: &'static str,
    /// Every one of them must hold.
    pub(crate) needs: &'static [Fact],
    /// Whose word it is.
    pub(crate) rests_on: &'static [Witness],
}

use Fact::*;
use Question::{WhereDoesItEnd, WhichCharacter, WhichNumber};
use Witness::{Arithmetic, Knowledge, Print, SecondLook, Symbol};

const fn ground(
    question: Question,
    name: &'static str,
    needs: &'static [Fact],
    rests_on: &'static [Witness],
) -> Ground {
    Ground { question, name, needs, rests_on }
}

/// What answers each question; the first complete row is the answer's.
#[rustfmt::skip]
pub(crate) const GROUNDS: &[Ground] = &[
    // Which of the numbers in view is the serial?
    ground(WhichNumber, "the barcode names it a serial", &[BarcodeNames], &[Symbol]),
    ground(WhichNumber, "a serial caption stands before it", &[CaptionInline], &[Print]),
    ground(WhichNumber, "a serial caption is assigned to it alone", &[CaptionAssigned], &[Print]),
    ground(WhichNumber, "a serial caption is assigned to its barcode alone, and print says the same", &[BarcodeCaptioned, Printed], &[Print, Symbol]),
    ground(WhichNumber, "the only barcode holds it, and a serial caption stands near its print", &[Barcode, CaptionNear, LoneBarcode], &[Print, Symbol]),
    ground(WhichNumber, "the only barcode holds it, and a serial caption stands at the barcode", &[BarcodeCaptionNear, Printed, LoneBarcode], &[Print, Symbol]),
    ground(WhichNumber, "a serial caption stands near it, and it has the maker's form", &[CaptionNear, MakerForm], &[Print, Knowledge]),
    ground(WhichNumber, "barcode and print, without a caption of their own, in the maker's form", &[Barcode, PrintedAlone, MakerForm], &[Symbol, Knowledge]),
    ground(WhichNumber, "two barcodes in the maker's form", &[TwoBarcodes, MakerForm], &[Symbol, Knowledge]),
    ground(WhichNumber, "printed in the operator's form", &[Printed, TaughtForm], &[Print, Knowledge]),
    ground(WhichNumber, "the barcode settles the look-alikes after a serial caption", &[Barcode, CaptionLookAlike], &[Print, Symbol]),
    ground(WhichNumber, "it is expected", &[Expected], &[Knowledge]),
    // Where does it begin and end?
    ground(WhereDoesItEnd, "the barcode says where it ends", &[BarcodeClosed], &[Symbol]),
    ground(WhereDoesItEnd, "both ends are clear in print", &[EndsClear], &[Print]),
    ground(WhereDoesItEnd, "its ends are clear enough for the maker's length", &[EndsClearForLength, MakerForm], &[Print, Knowledge]),
    ground(WhereDoesItEnd, "its ends are clear enough for the operator's length", &[EndsClearForLength, TaughtForm], &[Print, Knowledge]),
    ground(WhereDoesItEnd, "it is expected just so", &[Expected], &[Knowledge]),
    // Which characters are they?
    ground(WhichCharacter, "the symbol has a check", &[BarcodeChecked], &[Arithmetic]),
    ground(WhichCharacter, "barcode and print agree", &[Barcode, Printed], &[Symbol, Print]),
    ground(WhichCharacter, "after a serial caption stands a piece of the barcode, clearly ended", &[BarcodePiece, CaptionInline, EndsClear], &[Symbol, Print]),
    ground(WhichCharacter, "two barcodes agree", &[TwoBarcodes], &[Symbol, SecondLook]),
    ground(WhichCharacter, "two readings agree, and its shape leaves no look-alike", &[ReadTwice, Sure], &[Print, SecondLook]),
    ground(WhichCharacter, "several photos show the maker's form", &[SeveralPhotos, MakerForm, Sure], &[Print, SecondLook]),
    ground(WhichCharacter, "several photos show the operator's form", &[SeveralPhotos, TaughtForm, Sure], &[Print, SecondLook]),
    ground(WhichCharacter, "the barcode holds just what is expected", &[Barcode, Expected], &[Symbol, Knowledge]),
    ground(WhichCharacter, "read surely after a caption, and expected", &[CaptionInline, Sure, Expected], &[Print, Knowledge]),
    ground(WhichCharacter, "read surely, and its check character is right", &[CaptionInline, Sure, CheckCharacter], &[Print, Arithmetic]),
];

/// The grounds that answer the questions about one value.
#[derive(Clone, Copy, Default)]
pub(crate) struct Answers([Option<&'static Ground>; 3]);

impl Answers {
    /// The first complete ground of each question.
    pub(crate) fn of(facts: Facts) -> Self {
        Self(Question::ALL.map(|question| {
            GROUNDS.iter().find(|row| row.question == question && facts.has_all(row.needs))
        }))
    }

    /// The ground of each question that is answered.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'static Ground> {
        self.0.into_iter().flatten()
    }

    /// The first question without an answer.
    pub(crate) fn open(self) -> Option<Question> {
        let questions = Question::ALL.into_iter().zip(self.0);
        questions.into_iter().find(|(_, ground)| ground.is_none()).map(|(question, _)| question)
    }
}

/// Whether the facts answer all three questions with grounds that do not all rest on one witness.
pub(crate) fn suffice(facts: Facts) -> bool {
    let mut rests_on: Vec<Witness> = GROUNDS
        .iter()
        .filter(|row| facts.has_all(row.needs))
        .flat_map(|row| row.rests_on)
        .copied()
        .collect();
    rests_on.sort();
    rests_on.dedup();
    Answers::of(facts).open().is_none() && rests_on.len() > 1
}

/// How sure an accepted value is, 0 to 1, from what its characters rest on.
pub(crate) fn confidence(facts: Facts) -> f32 {
    match () {
        () if facts.has(BarcodeNames) && facts.has(CaptionInline) => 0.9999,
        () if facts.has(Barcode) && facts.has(Printed) => 0.9998,
        () if facts.has(Barcode) => 0.999,
        () => 0.998,
    }
}

/// The rule of acceptance for people: each ground with its question and the checks that it needs.
pub fn acceptance_grounds() -> impl Iterator<Item = (Question, &'static str, Vec<Check>)> {
    GROUNDS.iter().map(|row| {
        let mut facts = Facts::default();
        row.needs.iter().for_each(|&fact| facts.insert(fact));
        (row.question, row.name, checks(facts))
    })
}

/// The grounds as the answer's checks show them.
pub(crate) fn checks(facts: Facts) -> Vec<Check> {
    const CAPTIONS: [Fact; 6] = [
        CaptionInline,
        CaptionAssigned,
        CaptionNear,
        CaptionLookAlike,
        BarcodeCaptioned,
        BarcodeCaptionNear,
    ];
    let shown = [
        (facts.has_any(&[MakerForm, TaughtForm]), Check::Format),
        (facts.has(Barcode) && facts.has(Printed), Check::BarcodeEqualsText),
        (facts.has(BarcodeNames), Check::BarcodeIdentifier),
        (facts.has_any(&CAPTIONS), Check::Keyword),
        (facts.has(TwoBarcodes), Check::TwoBarcodes),
        (facts.has(ReadTwice), Check::TwoReadings),
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
    fn every_ground_answers_with_all_its_facts_and_not_without_one() {
        let answers = |of: &[Fact], ground: &Ground| {
            let named = |row: &Ground| row.name == ground.name;
            GROUNDS.iter().any(|row| named(row) && facts(of).has_all(row.needs))
        };
        for row in GROUNDS {
            assert!(answers(row.needs, row), "{}", row.name);
            assert!(Answers::of(facts(row.needs)).iter().any(|it| it.question == row.question));
            for left_out in row.needs {
                let rest: Vec<Fact> =
                    row.needs.iter().copied().filter(|fact| fact != left_out).collect();
                assert!(!answers(&rest, row), "{} without {left_out:?}", row.name);
            }
        }
    }

    #[test]
    fn three_answers_accept_and_two_do_not() {
        let all = [CaptionInline, EndsClear, ReadTwice, Sure];
        assert!(suffice(facts(&all)));
        for left_out in all {
            let rest: Vec<Fact> = all.into_iter().filter(|&fact| fact != left_out).collect();
            assert!(!suffice(facts(&rest)), "without {left_out:?}");
        }
        assert_eq!(Answers::of(facts(&[EndsClear, ReadTwice, Sure])).open(), Some(WhichNumber));
        assert_eq!(
            Answers::of(facts(&[CaptionInline, ReadTwice, Sure])).open(),
            Some(WhereDoesItEnd)
        );
        assert_eq!(
            Answers::of(facts(&[CaptionInline, EndsClear, Sure])).open(),
            Some(WhichCharacter)
        );
    }

    #[test]
    fn one_witness_alone_is_not_believed() {
        for row in GROUNDS.iter().filter(|row| row.question == WhichCharacter) {
            let mut witnesses = row.rests_on.to_vec();
            witnesses.extend([Symbol, Print]);
            witnesses.sort();
            witnesses.dedup();
            assert!(witnesses.len() > 1, "{}", row.name);
        }
        // A symbol without a check says which, where and what: that is its word alone.
        assert!(!suffice(facts(&[Barcode, BarcodeClosed, BarcodeNames])));
        assert!(suffice(facts(&[Barcode, BarcodeClosed, BarcodeNames, BarcodeChecked])));
        assert!(suffice(facts(&[Barcode, BarcodeClosed, BarcodeNames, Printed])));
    }

    #[test]
    fn print_is_never_believed_without_a_second_look() {
        assert!(!suffice(facts(&[Printed, CaptionInline, EndsClear, MakerForm, Sure])));
        assert!(!suffice(facts(&[Printed, ReadTwice, EndsClear, MakerForm, Sure])));
        assert!(!suffice(facts(&[Printed, CaptionNear, EndsClear, ReadTwice, Sure])));
        assert!(!suffice(facts(&[Barcode, BarcodeClosed, BarcodeChecked, Printed, CaptionNear])));
        // A part inside the device carries a code of seven digits as well.
        assert!(!suffice(facts(&[Barcode, BarcodeClosed, BarcodeChecked, TaughtForm])));
        assert!(!suffice(facts(&[Barcode, BarcodeClosed, BarcodeChecked, TwoBarcodes])));
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = GROUNDS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), GROUNDS.len());
    }
}
